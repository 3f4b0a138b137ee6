import { type Command, CommanderError } from "commander";
import { type CommandContext, createContext } from "./context.ts";
import { pathOf } from "./define.ts";
import { buildProgram } from "./program.ts";

/**
 * Runs the `asof` command and returns its exit code; see `exit-codes.ts`. Faults that a user can cause print one line (or one
 * JSON object with `--json`), never a stack. Core is loaded when a command or an error needs it: help answers without it.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const context = createContext(argv);
  const program = buildProgram(context);
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: "user" });
    return context.exitCode;
  } catch (error) {
    return await report(context, error, () => helpFor(program, argv));
  } finally {
    context.dispose();
  }
}

async function report(context: CommandContext, error: unknown, help: () => string): Promise<number> {
  if (error instanceof CommanderError) return reportUsage(context, error, help);
  const { AsofError } = await import("@asof/core");
  if (error instanceof AsofError) {
    context.printError(error);
    return error.exitCode;
  }
  if (context.signal.aborted) {
    context.printError(new AsofError("ASOF_INTERRUPTED", "Ended before it was done; nothing is left half-written.", { cause: error }));
    return 130;
  }
  // A fault of asof itself: the stack is what its authors need.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  context.stderr.write(`asof failed unexpectedly. Please report this:\n${text}\n`);
  return 70;
}

/** Commander throws for help and version too, after printing them. */
async function reportUsage(context: CommandContext, error: CommanderError, help: () => string): Promise<number> {
  if (error.exitCode === 0) return 0;
  // A group without its subcommand, for example `asof entities`: commander has printed what there is.
  if (error.code === "commander.help") return 2;
  const { AsofError } = await import("@asof/core");
  const what = error.message.replace(/^error: /, "").replace(/\n\((.*)\)$/s, " ($1)");
  const sentence = `${what.charAt(0).toUpperCase()}${what.slice(1)}${/[.?)]$/.test(what) ? "" : "."}`;
  context.printError(new AsofError("ASOF_USAGE", sentence, { fix: `See \`${help()}\`.` }));
  return 2;
}

/** The help of the command that was meant, as far as its name was right. */
function helpFor(program: Command, argv: readonly string[]): string {
  let command = program;
  for (const word of argv) command = command.commands.find((inner) => inner.name() === word) ?? command;
  return `${pathOf(command)} --help`;
}
