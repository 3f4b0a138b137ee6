import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

/** What a command said with `--json`. */
export interface CommandAnswer {
  readonly status: number;
  /** What it printed, or null where that is no JSON. */
  readonly output: unknown;
  /** The fault that it told. */
  readonly error: CommandFault | null;
}

export interface CommandFault {
  readonly code: string;
  readonly message: string;
  readonly path?: string;
  readonly fix?: string;
}

/**
 * Runs `asof` as a process of its own. Definition files are then loaded anew whatever they import, a file that never ends can be ended, and
 * nothing that they leave behind adds up. Null where it was ended by the signal.
 */
export async function runCommand(args: readonly string[], folder: string, signal: AbortSignal): Promise<CommandAnswer | null> {
  const bin = join(dirname(createRequire(import.meta.url).resolve("asof/package.json")), "bin/asof.js");
  const child = spawn(process.execPath, [...process.execArgv, bin, ...args, "--json"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    // Not asked to end but ended: nothing that a plan does can be left half done.
    killSignal: "SIGKILL",
    signal,
  });
  const status = new Promise<number>((resolve, reject) => {
    child.on("error", (error) => (signal.aborted ? resolve(130) : reject(error)));
    child.on("close", (code) => resolve(code ?? 1));
  });
  const [code, output, errors] = await Promise.all([status, text(child.stdout), text(child.stderr)]);
  if (signal.aborted) return null;
  return { status: code, output: parseJson(output), error: faultIn(errors) };
}

function parseJson(printed: string): unknown {
  try {
    return JSON.parse(printed);
  } catch {
    return null;
  }
}

/** The last line that tells a fault; definition files may print as well. */
function faultIn(errors: string): CommandFault | null {
  for (const line of errors.split("\n").toReversed()) {
    const parsed = line.startsWith("{") ? parseJson(line) : null;
    if (isFault(parsed)) return parsed.error;
  }
  return errors.trim() === "" ? null : { code: "ASOF_DEFINITIONS_LOAD", message: errors.trim().split("\n").at(-1) ?? "" };
}

function isFault(value: unknown): value is { readonly error: CommandFault } {
  if (typeof value !== "object" || value === null || !("error" in value)) return false;
  const { error } = value;
  return typeof error === "object" && error !== null && "code" in error && "message" in error;
}
