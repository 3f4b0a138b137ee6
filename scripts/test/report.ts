import { relative, sep } from "node:path";
import { inspect, styleText } from "node:util";

/** The part of the events of Node's runner that the report reads; `EventData` of @types/node lacks half of it. */
export interface RunnerEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly entryFile?: string;
    readonly line?: number;
    readonly message?: string;
    readonly nesting?: number;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly success?: boolean;
    readonly counts?: Counts;
    readonly duration_ms?: number;
    readonly details?: { readonly duration_ms?: number; readonly type?: string; readonly passed?: boolean; readonly error?: unknown };
  };
}

interface Counts {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
  readonly suites: number;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface FileState {
  readonly counts: { tests: number; failed: number; skipped: number };
  /** Tests and suites that have begun and not ended, in that order. */
  readonly running: string[];
  /** Why its process was ended by the run; null if it was not. */
  stopped: string | null;
  /** Whether Node reported the file's own summary: missing where a test ended the process. */
  hasSummary: boolean;
}

/**
 * Prints a test run: a line per file as soon as it is done, then what tests printed, what failed and Node's own summary.
 * Beyond Node's runner it fails a file that ends without having run all it declared: `process.exit(0)` inside a test, or a
 * file without a test, count as passed there.
 */
export class TestReport {
  readonly #write: (text: string) => void;
  readonly #root: string;
  readonly #files = new Map<string, FileState>();
  readonly #failures: string[] = [];
  readonly #skips: string[] = [];
  readonly #summary: string[] = [];
  /** File-level results that Node calls passed, to be judged when their summary had its chance to arrive. */
  readonly #passedFiles: string[] = [];
  #counts: Counts | undefined;
  #interruption: string | null = null;

  constructor(root: string, write: (text: string) => void) {
    this.#root = root;
    this.#write = write;
  }

  add(event: RunnerEvent): void {
    const { type, data } = event;
    if (type === "test:dequeue") this.#begin(event);
    else if (type === "test:complete") this.#complete(event);
    else if (type === "test:pass") this.#pass(event);
    else if (type === "test:fail") this.#fail(event);
    else if (type === "test:diagnostic") this.#diagnostic(event);
    else if (type === "test:stdout" || type === "test:stderr") this.#write(data.message ?? "");
    else if (type === "test:summary" && data.file === undefined) this.#counts = data.counts;
    else if (type === "test:summary" && data.file !== undefined) this.#state(data.file).hasSummary = true;
  }

  /** Notes that a file is stopped because it ran longer than it may. */
  stop(file: string, timeoutMs: number): void {
    const state = this.#state(file);
    const test = state.running.at(-1);
    state.stopped = `ran longer than ${timeoutMs / 1000} s and was stopped${test === undefined ? "" : `, in the test "${test}"`}.`;
  }

  /** Notes that the run is ended before its time: what did not run to its end fails, without a line for each. */
  interrupt(reason: string): void {
    this.#interruption = reason;
  }

  /** Prints the end of the report. The last line reads `N passed, N failed`, with `, N skipped` where there are any. */
  finish(): Outcome {
    const lost = this.#passedFiles.filter((file) => !this.#state(file).hasSummary);
    for (const file of lost) {
      const ran = this.#state(file).counts.tests;
      this.#failures.push(
        `${this.#relative(file)}\n  ended without a summary after ${ran} tests: it declares no test, or a test ended the process.`,
      );
    }
    const counts = this.#counts;
    if (counts === undefined) this.#failures.push("Node's test runner ended without a summary.");
    if (this.#interruption !== null) this.#failures.push(this.#interruption);
    if (this.#skips.length > 0) this.#write(`\nskipped:\n${this.#skips.map((line) => `  ${line}\n`).join("")}`);
    if (this.#failures.length > 0) this.#write(`\n${styleText("red", "failed:")}\n\n${this.#failures.join("\n\n")}\n`);
    this.#write(`\n${this.#summary.map((line) => `ℹ ${line}\n`).join("")}`);
    const failed = (counts?.failed ?? 0) + (counts?.cancelled ?? 0) + lost.length;
    const outcome = {
      passed: (counts?.passed ?? 0) - lost.length,
      // A run that was cut short, or ended without its counts, is no success.
      failed: counts === undefined || this.#interruption !== null ? Math.max(1, failed) : failed,
      skipped: (counts?.skipped ?? 0) + (counts?.todo ?? 0),
    };
    this.#write(`\n${outcome.passed} passed, ${outcome.failed} failed${outcome.skipped === 0 ? "" : `, ${outcome.skipped} skipped`}\n`);
    return outcome;
  }

  #begin({ data }: RunnerEvent): void {
    if (data.entryFile !== undefined) this.#state(data.entryFile).running.push(data.name ?? "");
  }

  #complete({ data }: RunnerEvent): void {
    const state = this.#state(data.entryFile ?? data.file);
    const begun = state.running.lastIndexOf(data.name ?? "");
    if (begun >= 0) state.running.splice(begun, 1);
    const isFile = data.entryFile === undefined && data.name === data.file;
    if (isFile) this.#printFile(data.file ?? "", state, data.details?.passed === true, data.details?.duration_ms ?? 0);
    if (isFile || data.details?.type !== "test") return;
    state.counts.tests += 1;
    if (data.skip !== undefined || data.todo !== undefined) state.counts.skipped += 1;
    else if (data.details.passed !== true) state.counts.failed += 1;
  }

  #printFile(file: string, { counts }: FileState, passed: boolean, durationMs: number): void {
    const mark = passed && counts.tests > 0 ? styleText("green", "✔") : styleText("red", "✖");
    const notes = [
      `${counts.tests} tests`,
      ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
      ...(counts.skipped > 0 ? [`${counts.skipped} skipped`] : []),
    ];
    this.#write(`${mark} ${this.#relative(file)}  ${styleText("dim", `${notes.join(", ")}, ${Math.round(durationMs)} ms`)}\n`);
  }

  #pass({ data }: RunnerEvent): void {
    if (data.skip !== undefined || data.todo !== undefined) this.#skips.push(this.#skipLine(data));
    else if (data.entryFile === undefined && data.file !== undefined && data.name === data.file) this.#passedFiles.push(data.file);
  }

  #fail({ data }: RunnerEvent): void {
    if (data.todo !== undefined) {
      this.#skips.push(this.#skipLine(data));
      return;
    }
    const error = data.details?.error;
    if (data.details?.type === "suite" && failureType(error) === "subtestsFailed") return;
    const isFile = data.entryFile === undefined && data.name === data.file;
    if (isFile && this.#interruption !== null) return;
    const place = `${this.#relative(data.file ?? "")}${data.line === undefined ? "" : `:${data.line}`}`;
    const why = (isFile ? this.#describeEnd(data.file ?? "", error) : null) ?? describe(error);
    this.#failures.push(`${place}  ${isFile ? "(the file itself)" : (data.name ?? "")}\n${why.replace(/^/gm, "  ")}`);
  }

  /** What became of the process of a file, if it was ended by a signal: by this run, or by somebody else. */
  #describeEnd(file: string, error: unknown): string | null {
    const { stopped, running } = this.#state(file);
    if (stopped !== null) return stopped;
    const signal = typeof error === "object" && error !== null && "signal" in error ? error.signal : null;
    if (typeof signal !== "string") return null;
    const test = running.at(-1);
    return `its process was ended by ${signal}${test === undefined ? "" : `, in the test "${test}"`}.`;
  }

  #diagnostic({ data }: RunnerEvent): void {
    if (data.file === undefined) this.#summary.push(data.message ?? "");
    else this.#write(`ℹ ${this.#relative(data.file)}: ${data.message ?? ""}\n`);
  }

  #skipLine(data: RunnerEvent["data"]): string {
    const reason = data.skip ?? data.todo;
    return `${this.#relative(data.file ?? "")}  ${data.name ?? ""}${typeof reason === "string" && reason !== "" ? `: ${reason}` : ""}`;
  }

  #state(file = ""): FileState {
    const state = this.#files.get(file) ?? { counts: { tests: 0, failed: 0, skipped: 0 }, running: [], stopped: null, hasSummary: false };
    this.#files.set(file, state);
    return state;
  }

  #relative(file: string): string {
    return relative(this.#root, file).split(sep).join("/");
  }
}

/** Most lines shown of one failure: the comparison of two long texts would bury the others. */
const failureLinesMax = 80;

/** What a test threw: message and stack, without the fields that assertions repeat them in. */
function describe(error: unknown): string {
  const thrown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  // The words of a tool, which a test throws as they are.
  if (typeof thrown === "string") return thrown;
  const text = describeThrown(thrown);
  const lines = text.split("\n");
  return lines.length <= failureLinesMax
    ? text
    : [...lines.slice(0, failureLinesMax), `… ${lines.length - failureLinesMax} lines more`].join("\n");
}

function describeThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return inspect(thrown, { depth: 6 });
  const own = (thrown.stack ?? thrown.message).split("\n").filter((line) => !/^\s+at .*\bnode:/.test(line));
  return [...own, ...(thrown.cause === undefined ? [] : [`cause: ${describeThrown(thrown.cause)}`])].join("\n");
}

function failureType(error: unknown): unknown {
  return typeof error === "object" && error !== null && "failureType" in error ? error.failureType : undefined;
}
