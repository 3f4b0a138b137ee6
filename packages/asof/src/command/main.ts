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
    return await reportOutput(context, await run(context, program, argv));
  } finally {
    context.dispose();
  }
}

async function run(context: CommandContext, program: Command, argv: readonly string[]): Promise<number> {
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: "user" });
    return context.exitCode;
  } catch (error) {
    return await report(context, error, () => helpFor(program, argv));
  }
}

/** The exit code once all is written: `asof … | head` is quiet, a full disk is not. */
async function reportOutput(context: CommandContext, exitCode: number): Promise<number> {
  await context.flush();
  const fault = context.outputFault;
  if (fault === null || fault.code === "EPIPE") return exitCode;
  const { AsofError } = await import("@asof/core");
  const error = new AsofError("ASOF_OUTPUT_FAILED", `Standard output could not be written: ${fault.message}.`, {
    path: "standard output",
    value: fault.code,
    fix: "Make room, or write to another place. What the command did beside printing stays done.",
    cause: fault,
  });
  context.printError(error);
  return error.exitCode;
}

async function report(context: CommandContext, error: unknown, help: () => string): Promise<number> {
  if (error instanceof CommanderError) return reportUsage(context, error, help);
  const { AsofError } = await import("@asof/core");
  const isInterruption = error instanceof AsofError ? error.code === "ASOF_INTERRUPTED" : context.signal.aborted;
  // What ended because nobody takes its output is told, or not, by `reportOutput`.
  if (isInterruption && context.outputFault !== null) return 130;
  if (error instanceof AsofError) {
    context.printError(error);
    return error.exitCode;
  }
  if (isInterruption) {
    const details = { fix: "Run it again.", cause: error };
    context.printError(new AsofError("ASOF_INTERRUPTED", "Ended before it was done; nothing is left half-written.", details));
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
