import { resolve } from "node:path";
import { run } from "node:test";
import { descendantsOf, killProcesses, listProcesses } from "./processes.ts";
import { type Outcome, type RunnerEvent, TestReport } from "./report.ts";

export interface RunOptions {
  readonly concurrency: number;
  /** Regular expressions; a test runs if one matches its name. Null = all. */
  readonly names: readonly string[] | null;
  /**
   * A file that runs longer is stopped, with all processes it started, and fails; the others go on. Default 15 minutes, about eight times
   * what the longest takes on two processors: a slow machine is no fault.
   */
  readonly timeoutMs?: number;
  /** Ends the whole run; its reason is a sentence for the report. */
  readonly signal?: AbortSignal;
  readonly write: (text: string) => void;
}

/** Runs test files, each in a process of its own, with packages resolved to their sources. Leaves no process behind. */
export async function runTestFiles(
  root: string,
  files: readonly string[],
  { concurrency, names, timeoutMs = 900_000, signal, write }: RunOptions,
): Promise<Outcome> {
  const paths = files.map((file) => resolve(root, file));
  const report = new TestReport(root, write);
  const ending = new AbortController();
  const end = (): void => {
    report.interrupt(String(signal?.reason));
    stopFiles(paths);
    ending.abort();
  };
  signal?.addEventListener("abort", end);
  const timers = new Map<string, NodeJS.Timeout>();
  const stop = (file: string): void => {
    report.stop(file, timeoutMs);
    stopFiles([file]);
  };
  const events: AsyncIterable<RunnerEvent> = run({
    files: paths,
    concurrency,
    signal: ending.signal,
    execArgv: ["--conditions=source"],
    ...(names === null ? {} : { testNamePatterns: names.map((name) => new RegExp(name)) }),
  });
  try {
    for await (const event of events) {
      report.add(event);
      const { name, file, entryFile } = event.data;
      if (file === undefined || name !== file || entryFile !== undefined) continue;
      if (event.type === "test:dequeue")
        timers.set(
          file,
          setTimeout(() => stop(file), timeoutMs),
        );
      if (event.type === "test:complete") clearTimeout(timers.get(file));
    }
  } finally {
    for (const timer of timers.values()) clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
  return report.finish();
}

/** Ends the processes of test files and everything they started. */
function stopFiles(files: readonly string[]): void {
  const all = listProcesses();
  const own = all.filter((one) => one.parent === process.pid && files.some((file) => one.command.includes(file)));
  // Found before the first is ended: what a dead process started has no parent any more by which to find it.
  killProcesses(own.flatMap((one) => [one, ...descendantsOf(one.pid, all)]));
}
