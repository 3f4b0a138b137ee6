import { resolve } from "node:path";
import { run } from "node:test";
import { type Outcome, type RunnerEvent, TestReport } from "./report.ts";

export interface RunOptions {
  readonly concurrency: number;
  /** Regular expressions; a test runs if one matches its name. Null = all. */
  readonly names: readonly string[] | null;
  readonly write: (text: string) => void;
}

/** Runs test files, each in a process of its own, with packages resolved to their sources. */
export async function runTestFiles(root: string, files: readonly string[], { concurrency, names, write }: RunOptions): Promise<Outcome> {
  const events: AsyncIterable<RunnerEvent> = run({
    files: files.map((file) => resolve(root, file)),
    concurrency,
    execArgv: ["--conditions=source"],
    ...(names === null ? {} : { testNamePatterns: names.map((name) => new RegExp(name)) }),
  });
  const report = new TestReport(root, write);
  for await (const event of events) report.add(event);
  return report.finish();
}
