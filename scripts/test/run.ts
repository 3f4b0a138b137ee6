import { resolve } from "node:path";
import { run } from "node:test";
import { type Outcome, type RunnerEvent, TestReport } from "./report.ts";

export interface RunOptions {
  readonly concurrency: number;
  /** Regular expressions; a test runs if one matches its name. Null = all. */
  readonly names: readonly string[] | null;
  /** A file that runs longer fails and ends the whole run. Default 15 minutes: a hanging test must not hold a machine for ever. */
  readonly timeoutMs?: number;
  readonly write: (text: string) => void;
}

/** Runs test files, each in a process of its own, with packages resolved to their sources. */
export async function runTestFiles(
  root: string,
  files: readonly string[],
  { concurrency, names, timeoutMs = 900_000, write }: RunOptions,
): Promise<Outcome> {
  const ending = new AbortController();
  const events: AsyncIterable<RunnerEvent> = run({
    files: files.map((file) => resolve(root, file)),
    concurrency,
    timeout: timeoutMs,
    signal: ending.signal,
    execArgv: ["--conditions=source"],
    ...(names === null ? {} : { testNamePatterns: names.map((name) => new RegExp(name)) }),
  });
  const report = new TestReport(root, write);
  for await (const event of events) {
    report.add(event);
    // Node marks what ran too long as failed and goes on waiting for its process.
    const { file, details } = event.data;
    const tookMs = details?.duration_ms ?? 0;
    if (event.type === "test:complete" && tookMs >= timeoutMs)
      ending.abort(new Error(`${file} ran longer than ${timeoutMs / 1000} s; the run ends`));
  }
  return report.finish();
}
