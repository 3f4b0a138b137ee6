// Not from the whole of core: `asof --help` must start at once.
import { AsofError } from "@asof/core/error";
import { CommanderError } from "commander";
import { type CommandContext, createContext } from "./context.ts";
import { buildProgram } from "./program.ts";

/**
 * Runs the `asof` command and returns its exit code: 0 done, 1 failed, 2 wrong use, 3 refused, 4 parity broken, 130 interrupted.
 * Faults that a user can cause print one line (or one JSON object with `--json`), never a stack.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const context = createContext(argv);
  try {
    await buildProgram(context).parseAsync([...argv], { from: "user" });
    return context.exitCode;
  } catch (error) {
    return report(context, error);
  } finally {
    context.dispose();
  }
}

function report(context: CommandContext, error: unknown): number {
  if (error instanceof CommanderError) return reportUsage(context, error);
  if (error instanceof AsofError) {
    context.printError(error);
    return error.exitCode;
  }
  if (context.signal.aborted) {
    context.printError(new AsofError("ASOF_INTERRUPTED", "Ended by the user.", { cause: error }));
    return 130;
  }
  // A fault of asof itself: the stack is what its authors need.
  context.stderr.write(
    `asof failed unexpectedly. Please report this:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}

/** Commander has printed help or its sentence already, except with `--json`. */
function reportUsage(context: CommandContext, error: CommanderError): number {
  if (error.exitCode === 0) return 0;
  const what = error.message.replace(/^error: /, "");
  context.printError(
    new AsofError("ASOF_USAGE", `${what.charAt(0).toUpperCase()}${what.slice(1)}${/[.?)]$/.test(what) ? "" : "."}`, {
      fix: "See `asof --help`.",
    }),
  );
  return 2;
}
