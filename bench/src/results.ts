import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MeasuredCase } from "./case-line.ts";
import type { Environment } from "./environment.ts";

/** `results/<bench>.json`: the last recorded run of one bench. */
interface RecordedRun {
  readonly bench: string;
  readonly environment: Environment;
  readonly cases: readonly MeasuredCase[];
}

/** Writes a run to `folder` and renews the table of all runs in its README. */
export function recordRun(folder: string, run: RecordedRun, benches: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${run.bench}.json`), `${JSON.stringify(run, null, 2)}\n`);
  const runs = benches.flatMap((bench) => {
    const file = join(folder, `${bench}.json`);
    return existsSync(file) ? [JSON.parse(readFileSync(file, "utf8")) as RecordedRun] : [];
  });
  writeFileSync(join(folder, "README.md"), renderResults(runs));
}

function renderResults(runs: readonly RecordedRun[]): string {
  const intro = [
    "# Results of the benchmarks",
    "",
    "Written by `npm run bench`; how each case is measured stands in [bench/README.md](../README.md). `ratio` is how many times",
    "better asof is than the peer, so bigger is better; `bar` is the ratio that must be reached. Times are medians; peers ran in the",
    "same run, in turn with asof. Compare ratios between machines, never times.",
    "",
  ];
  return [...intro, ...runs.flatMap(renderRun)].join("\n");
}

function renderRun({ bench, environment: e, cases }: RecordedRun): readonly string[] {
  const rows = cases.map(({ line }) =>
    [
      line.case,
      line.unit,
      line.ours,
      line.peer,
      line.peerName,
      line.ratio,
      line.bar,
      line.holds === null ? "" : line.holds ? "yes" : "**no**",
    ]
      .map((cell) => cell ?? "")
      .join(" | "),
  );
  const observed = cases
    .filter((c) => c.observed !== "")
    .map((c) => `- ${c.line.case}${c.line.peerName === null ? "" : `, ${c.line.peerName}`}: ${c.observed}`);
  const peers = e.feast === null ? "" : ` Peers: ${e.feast}.`;
  return [
    `## ${bench}`,
    "",
    `${e.date}, commit ${e.commit}, ${e.processor}, ${e.cores} cores, ${e.memoryGiB} GiB, Node ${e.node}, ${e.packages}.${peers}`,
    `Load average before the run: ${e.loadBefore}.`,
    "",
    "| case | unit | asof | peer | peer is | ratio | bar | holds |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map((row) => `| ${row} |`),
    "",
    "Observed:",
    "",
    ...observed,
    "",
  ];
}
