import type { Argument, Command, Option } from "commander";
import { pathOf } from "../define.ts";
import { describedKinds } from "../kinds.ts";

/** What stands for a value on the command line: nothing known, a file, one of some words, or the name of a registered object. */
export type Candidates =
  | { readonly kind: "none" | "files" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "names"; readonly of: NameKind };

/** `reference`: view:feature, `view_or_reference`: either, `node`: whatever lineage knows by a name. */
export const nameKinds = ["view", "reference", "view_or_reference", "source", "entity", "service", "label", "project", "node"] as const;

export type NameKind = (typeof nameKinds)[number];

/** One command as completion knows it. */
export interface CompletedCommand {
  /** `feature-views describe`; empty for the command itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly CompletedFlag[];
  /** What its arguments are, the last standing for all that follow where it repeats. */
  readonly argument: Candidates;
}

export interface CompletedFlag {
  /** `--views` and, where there is one, `-v`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Null for a flag without a value. */
  readonly value: Candidates | null;
}

/** All commands of a program. Flags of the program itself stand at every command, as they work everywhere. */
export function completionModel(program: Command): readonly CompletedCommand[] {
  const global = program.options.map(flagOf(program));
  const help: CompletedFlag = { names: ["--help", "-h"], description: "print help", value: null };
  const visit = (command: Command): readonly CompletedCommand[] => {
    const own = command === program ? [] : command.options.map(flagOf(command));
    const path = pathOf(command).split(" ").slice(1).join(" ");
    const commands = command.commands.map((inner) => ({ name: inner.name(), description: inner.description() }));
    const [argument] = command.registeredArguments;
    const completed = { path, commands, flags: [...own, ...global, help], argument: argumentOf(command, argument) };
    return [completed, ...command.commands.flatMap(visit)];
  };
  return visit(program);
}

function flagOf(command: Command): (option: Option) => CompletedFlag {
  return (option) => {
    const names = [option.long, option.short].filter((name) => name !== undefined && name !== null);
    const takesValue = option.required || option.optional;
    return { names, description: option.description, value: takesValue ? candidatesOf(command, option) : null };
  };
}

function candidatesOf(command: Command, option: Option): Candidates {
  if (option.argChoices !== undefined) return { kind: "words", words: option.argChoices };
  if (option.long === "--service") return { kind: "names", of: "service" };
  const placeholder = /[<[]([^>\]]*)[>\]]/.exec(option.flags)?.[1] ?? "";
  return byPlaceholder(command, placeholder);
}

function argumentOf(command: Command, argument: Argument | undefined): Candidates {
  if (argument === undefined) return { kind: "none" };
  return argument.argChoices === undefined ? byPlaceholder(command, argument.name()) : { kind: "words", words: argument.argChoices };
}

const placeholders: Readonly<Record<string, Candidates>> = {
  view: { kind: "names", of: "view" },
  views: { kind: "names", of: "view" },
  version: { kind: "names", of: "view" },
  from: { kind: "names", of: "view" },
  feature: { kind: "names", of: "reference" },
  reference: { kind: "names", of: "view_or_reference" },
  source: { kind: "names", of: "source" },
  node: { kind: "names", of: "node" },
};

const kindNames: Readonly<Record<string, NameKind>> = {
  entity: "entity",
  source: "source",
  feature_view: "view",
  feature: "reference",
  feature_service: "service",
  label: "label",
  project: "project",
};

/** A `<name>` is one of the group's kind; elsewhere of a view or a feature. */
function byPlaceholder(command: Command, placeholder: string): Candidates {
  const word = placeholder.replace(/\.\.\.$/, "");
  if (/file|dir/.test(word)) return { kind: "files" };
  if (word === "name" && command.registeredArguments.length > 0 && command.name() !== "init") {
    const group = describedKinds.find((kind) => kind.command === command.parent?.name());
    return { kind: "names", of: kindNames[group?.name ?? ""] ?? "view_or_reference" };
  }
  return placeholders[word] ?? { kind: "none" };
}
