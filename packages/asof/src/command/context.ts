import type { AsofError } from "@asof/core";
import { type Paint, paint } from "./paint.ts";

/** What a command works with: where it prints, how, and when it should stop. */
export interface CommandContext {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** `--json` was given: standard output carries one JSON value, errors are JSON objects on standard error. */
  readonly json: boolean;
  /** Standard error is a terminal: progress may move. */
  readonly isTerminal: boolean;
  readonly paint: Paint;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  /** Aborted by the first Ctrl-C (or SIGTERM). A second one ends the process at once. */
  readonly signal: AbortSignal;
  /** Set by commands that end without an error but not with 0. */
  exitCode: number;
  print(text: string): void;
  printJson(value: unknown): void;
  printError(error: AsofError): void;
  dispose(): void;
}

/** The context of this process. */
export function createContext(argv: readonly string[]): CommandContext {
  const json = argv.includes("--json");
  const interruption = new AbortController();
  const onSignal = (): void => {
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const colored = (stream: { readonly isTTY?: boolean }): boolean =>
    stream.isTTY === true && process.env["NO_COLOR"] === undefined && process.env["TERM"] !== "dumb";
  const context: CommandContext = {
    stdout: process.stdout,
    stderr: process.stderr,
    json,
    isTerminal: process.stderr.isTTY === true,
    paint: paint(colored(process.stdout) && !json),
    environment: process.env,
    workingFolder: process.cwd(),
    signal: interruption.signal,
    exitCode: 0,
    print: (text) => {
      process.stdout.write(`${text}\n`);
    },
    printJson: (value) => {
      process.stdout.write(`${JSON.stringify(value, jsonValue, 2)}\n`);
    },
    printError: (error) => {
      if (json) process.stderr.write(`${JSON.stringify({ error: error.toJSON() })}\n`);
      else process.stderr.write(`${paint(colored(process.stderr)).red("error")} ${error.message}\n`);
    },
    dispose: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
  return context;
}

/** Int64 as text, bytes as base64, what JSON has no number for as text. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}
