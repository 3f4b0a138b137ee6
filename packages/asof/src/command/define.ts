import type { Command } from "commander";
import { moveDates, weeksToMove } from "../project/example-dates.ts";

/** What help and the reference page show of a command beside its options. */
export interface CommandNotes {
  /** Command lines that work in a project of `asof init`, with the dates of its data as they were recorded, in 2017. */
  readonly examples: readonly string[];
  /** Exit codes with a meaning of their own here; the others are the same everywhere. */
  readonly exits?: Readonly<Record<number, string>>;
  /** Runs where the group is called without the name of one of its commands. */
  readonly isDefault?: boolean;
}

const notes = new WeakMap<Command, CommandNotes>();

/** Adds a command with its examples. Global options are the root's and work before and behind the name. */
export function addCommand(parent: Command, name: string, description: string, about: CommandNotes): Command {
  const command = parent
    .command(name, { isDefault: about.isDefault === true })
    .description(description)
    .addHelpText("after", () => printNotes(about));
  notes.set(command, about);
  return command;
}

/** The notes given when the command was added; a command without any has no examples. */
export function notesOf(command: Command): CommandNotes {
  return notes.get(command) ?? { examples: [] };
}

/** `asof feature-views list`: what a user types to get there. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Repeats of an option collected in order. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** The examples as help shows them: their dates moved as `asof init` moves the data. */
export function shownExamples({ examples }: CommandNotes, nowMs: number): readonly string[] {
  const weeks = weeksToMove(nowMs);
  return examples.map((example) => moveDates(example, weeks));
}

function printNotes(about: CommandNotes): string {
  const { exits = {} } = about;
  const lines = Object.entries(exits).map(([code, meaning]) => `  ${code}  ${meaning}`);
  const exitText = lines.length === 0 ? "" : `\n\nExit codes beside 0, 1 and 2:\n${lines.join("\n")}`;
  return `\nExamples:\n${shownExamples(about, Date.now())
    .map((example) => `  $ ${example}`)
    .join("\n")}${exitText}`;
}
