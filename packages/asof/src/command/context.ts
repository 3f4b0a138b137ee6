import type { AsofError } from "@asof/core";
import { type Paint, paint } from "./paint.ts";

/** A stream that may be a terminal. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** What a command works with: where it prints, how, and when it should stop. */
export interface CommandContext {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** `--json` was given: standard output carries one JSON value, errors are JSON objects on standard error. */
  readonly json: boolean;
  /** Standard error is a terminal: progress may move. */
  readonly isTerminal: boolean;
  readonly paint: Paint;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  /** The time of day, for people. */
  now(): Date;
  /** Aborted by the first Ctrl-C (or SIGTERM), and when the output takes no more. A second Ctrl-C ends the process at once. */
  readonly signal: AbortSignal;
  /** Why standard output takes no more, for example EPIPE (its reader has gone) or ENOSPC; null as long as it does. */
  readonly outputFault: NodeJS.ErrnoException | null;
  /** Set by commands that end without an error but not with 0. */
  exitCode: number;
  print(text: string): void;
  /** Writes to standard output as it is; resolves when there is room for more. */
  write(text: string): Promise<void>;
  printJson(value: unknown): void;
  printError(error: AsofError): void;
  /** Resolves when all that was printed is written or cannot be (see `outputFault`), at once after Ctrl-C. */
  flush(): Promise<void>;
  dispose(): void;
}

/** The parts of a process that a command sees; tests give their own. */
export interface ProcessParts {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The context of this process. */
export function createContext(
  argv: readonly string[],
  { stdout, stderr, environment }: ProcessParts = { stdout: process.stdout, stderr: process.stderr, environment: process.env },
): CommandContext {
  const json = argv.includes("--json");
  const interruption = new AbortController();
  const onSignal = (): void => {
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  };
  let outputFault: NodeJS.ErrnoException | null = null;
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    outputFault ??= error;
    interruption.abort();
  };
  // Progress that cannot be shown stops no work, unless its reader has gone.
  const onProgressError = (error: NodeJS.ErrnoException): void => {
    if (error.code === "EPIPE") interruption.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  stdout.on("error", onOutputError);
  stderr.on("error", onProgressError);
  const isColored = (stream: OutputStream): boolean =>
    stream.isTTY === true && !json && (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb";
  const errorPaint = paint(isColored(stderr));
  return {
    stdout,
    stderr,
    json,
    isTerminal: stderr.isTTY === true,
    paint: paint(isColored(stdout)),
    environment,
    workingFolder: process.cwd(),
    now: () => new Date(),
    signal: interruption.signal,
    get outputFault() {
      return outputFault;
    },
    exitCode: 0,
    print: (text) => {
      stdout.write(`${text}\n`);
    },
    write: (text) => writeAll(stdout, text, interruption.signal),
    printJson: (value) => {
      stdout.write(`${stringifyJson(value, 2)}\n`);
    },
    printError: (error) => {
      if (json) stderr.write(`${JSON.stringify({ error: error.toJSON() })}\n`);
      else stderr.write(`${errorPaint.red("error")} ${error.message}\n`);
    },
    flush: () => flush(stdout, interruption.signal),
    dispose: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}

/** Waits where the reader is slower than the writer, so that what is written does not pile up in memory. */
async function writeAll(stream: OutputStream, text: string, signal: AbortSignal): Promise<void> {
  if (stream.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    stream.once("drain", done);
    signal.addEventListener("abort", done);
  });
  signal.throwIfAborted();
}

/** Writes end in their order, so the end of an empty one is the end of all; errors reach their listeners in the same turn. */
async function flush(stream: OutputStream, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve());
    stream.write("", () => setImmediate(resolve));
  });
}

/** JSON with int64 as text, bytes as base64, and what JSON has no number for as text. */
export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replaceValue, indent);
}

function replaceValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}
