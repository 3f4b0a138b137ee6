import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { type MeasuredCase, measuredCase } from "../case-line.ts";
import { type Contestant, describeRuns, outcomeFor, runContest } from "../contest.ts";
import { checksumOfParquet } from "../duckdb.ts";
import { runNodeWorker, runPythonWorker } from "../run-worker.ts";
import { featuresPerView, type PitData, type PitSize, ttlDays, writePitData } from "./data.ts";
import { pitFeatures } from "./definitions.ts";

const sizes = {
  warm: { views: 5, rowsPerView: 1000, spineRows: 100, keys: 50 },
  tenth: { views: 5, rowsPerView: 200_000, spineRows: 20_000, keys: 10_000 },
  whole: { views: 5, rowsPerView: 2_000_000, spineRows: 200_000, keys: 100_000 },
  smoke: { views: 2, rowsPerView: 3000, spineRows: 300, keys: 150 },
} as const satisfies Record<string, PitSize>;

/** What the engine is given: the design's limit, and one that it cannot keep to without the disk. */
const memoryLimits = ["512MB", "160MB"] as const;

/** Names of the contestants; each writes its result to a file of that name. */
const ours = "asof";
const hand = "hand-written SQL";
const feast = "Feast DuckDB";
const dask = "Feast Dask";

/** Plain views joined to a spine, the result written to Parquet. */
export const pit: Bench = {
  name: "pit",
  async run(context) {
    const warm = await writePitData(join(context.folder, "warm"), sizes.warm);
    const data = await writePitData(join(context.folder, "whole"), context.smoke ? sizes.smoke : sizes.whole);
    const runner: Runner = { context, warm };
    const cases = await runMain(runner, data);
    if (context.smoke) return cases;
    const tenth = await writePitData(join(context.folder, "tenth"), sizes.tenth);
    const scaling = await runScaling(runner, tenth, data);
    const spilling: MeasuredCase[] = [];
    for (const limit of memoryLimits) spilling.push(await runSpilling(runner, data, limit, cases[0]?.line.checksum ?? ""));
    return [...cases, scaling, ...spilling];
  },
};

interface Runner {
  readonly context: BenchContext;
  readonly warm: PitData;
}

async function runMain({ context, warm }: Runner, data: PitData): Promise<readonly MeasuredCase[]> {
  const sides: Contestant[] = [oursOn({ context, warm }, data, ours), handOn({ context, warm }, data)];
  if (!context.smoke) sides.push(await feastOn({ context, warm }, data, "duckdb", feast));
  context.say(describeSize(data));
  const outcomes = new Map(await runContest(sides, context.smoke ? 1 : 3, context.say));
  if (!context.smoke) {
    const slow = await feastOn({ context, warm }, data, "dask", dask);
    for (const [name, outcome] of await runContest([slow], 1, context.say)) outcomes.set(name, outcome);
  }
  const checksums = new Map<string, string>();
  for (const name of outcomes.keys()) checksums.set(name, await checksumOf(context, data, name));
  const compare = (peerName: string, bar: number | undefined, extra: Partial<Parameters<typeof measuredCase>[0]> = {}) =>
    measuredCase({
      bench: pit.name,
      case: `${describeSize(data)}: time`,
      unit: "s",
      ours: outcomeFor(outcomes, ours).seconds,
      peer: { name: peerName, value: outcomeFor(outcomes, peerName).seconds, checksum: checksums.get(peerName) ?? null },
      checksum: checksums.get(ours) ?? "",
      observed: `ours ${describeRuns(outcomeFor(outcomes, ours))}; ${peerName} ${describeRuns(outcomeFor(outcomes, peerName))}.`,
      ...(bar === undefined ? {} : { bar }),
      ...extra,
    });
  if (context.smoke) return [compare(hand, undefined)];
  return [
    compare(feast, 2),
    compare(hand, 1),
    compare(dask, undefined, {
      answersDiffer: true,
      observed: `Dask ${describeRuns(outcomeFor(outcomes, dask))}; it leaves out spine rows for which a view has no value, so that its answer has fewer rows.`,
    }),
    measuredCase({
      bench: pit.name,
      case: `${describeSize(data)}: peak memory of the process`,
      unit: "MiB",
      ours: outcomeFor(outcomes, ours).peakMiB,
      peer: { name: feast, value: outcomeFor(outcomes, feast).peakMiB, checksum: checksums.get(feast) ?? null },
      bar: 1,
      checksum: checksums.get(ours) ?? "",
      observed: `hand-written SQL took ${Math.round(outcomeFor(outcomes, hand).peakMiB)} MiB, Dask ${Math.round(outcomeFor(outcomes, dask).peakMiB)} MiB.`,
    }),
  ];
}

/** Ten times the rows, views and spine alike, may take at most twelve times as long. */
async function runScaling(runner: Runner, small: PitData, large: PitData): Promise<MeasuredCase> {
  const outcomes = await runContest([oursOn(runner, small, "tenth"), oursOn(runner, large, "whole")], 3, runner.context.say);
  const [tenth, whole] = [outcomeFor(outcomes, "tenth"), outcomeFor(outcomes, "whole")];
  return measuredCase({
    bench: pit.name,
    case: `ten times the rows of ${describeSize(small)}`,
    unit: "s",
    ours: whole.seconds,
    peer: { name: "12 × the time of a tenth", value: 12 * tenth.seconds, checksum: null },
    bar: 1,
    checksum: await checksumOf(runner.context, large, "whole"),
    observed: `${tenth.spread}, then ${whole.spread}: ${(whole.seconds / tenth.seconds).toFixed(1)} times as long.`,
  });
}

/** With little memory for the engine the same result comes out, by way of the disk where it must be. */
async function runSpilling(runner: Runner, data: PitData, limit: string, checksum: string): Promise<MeasuredCase> {
  const outcomes = await runContest([oursOn(runner, data, "spilled", limit)], 1, runner.context.say);
  const { peakMiB, seconds, runs } = outcomeFor(outcomes, "spilled");
  const spilledMiB = Math.round(Number(runs[0]?.reply.spilledMiB ?? 0));
  return measuredCase({
    bench: pit.name,
    case: `${describeSize(data)}, memory_limit ${limit}: peak memory of the process`,
    unit: "MiB",
    ours: peakMiB,
    peer: { name: "that the result is that without a limit", value: peakMiB, checksum },
    bar: 1,
    checksum: await checksumOf(runner.context, data, "spilled"),
    observed: `completes in ${seconds.toFixed(1)} s with up to ${spilledMiB} MiB spilled to disk. The process holds more than the engine: Node, its heap and code.`,
  });
}

function oursOn({ context, warm }: Runner, data: PitData, name: string, memoryLimit: string | null = null): Contestant {
  const argument = { warm, data, repository: join(context.folder, "repository"), out: outFile(context, name), memoryLimit };
  return { name, run: () => runNodeWorker(new URL("./ours.worker.ts", import.meta.url), argument) };
}

function handOn({ context, warm }: Runner, data: PitData): Contestant {
  return {
    name: hand,
    run: () => runNodeWorker(new URL("./hand.worker.ts", import.meta.url), { warm, data, out: outFile(context, hand) }),
  };
}

async function feastOn({ context, warm }: Runner, data: PitData, engine: "duckdb" | "dask", name: string): Promise<Contestant> {
  const python = await context.feastPython();
  const repository = join(context.folder, `feast-${engine}`);
  const argument = { warm, data, repository, out: outFile(context, name), engine, featuresPerView, ttlDays };
  return { name, run: () => runPythonWorker(python, new URL("../feast/pit.py", import.meta.url), argument) };
}

function outFile(context: BenchContext, name: string): string {
  return join(context.folder, `${name.replaceAll(/[^A-Za-z]+/g, "-")}.parquet`);
}

function checksumOf(context: BenchContext, data: PitData, name: string): Promise<string> {
  return checksumOfParquet(outFile(context, name), ["row_id", "customer_id"], pitFeatures(data.views), 12);
}

function describeSize({ views, rowsPerView, spineRows }: PitSize): string {
  return `${views} views × ${count(rowsPerView)} rows × ${featuresPerView} features, ${count(spineRows)} spine rows`;
}

function count(rows: number): string {
  return rows >= 1_000_000 ? `${rows / 1e6} M` : rows >= 1000 ? `${rows / 1e3} k` : String(rows);
}
