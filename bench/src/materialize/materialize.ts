import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { type MeasuredCase, measuredCase } from "../case-line.ts";
import { type Contestant, describeRuns, outcomeFor, runContest } from "../contest.ts";
import { runNodeWorker, runPythonWorker } from "../run-worker.ts";
import { endOf, featuresPerRow, keysRead, type MaterializeData, startOf, writeMaterializeData } from "./data.ts";

/** Memory that ten million rows may take, in MiB. */
const memoryLimitMiB = 1024;

/** Rows of ten features from Parquet into the embedded online store of either side. The bar against Feast is for Redis, not for these. */
export const materialize: Bench = {
  name: "materialize",
  async run(context) {
    const { smoke, folder } = context;
    const data = await writeMaterializeData(join(folder, "data"), smoke ? 2000 : 250_000, smoke ? 500 : 100_000);
    const sides: Contestant[] = [ours(context, data, "asof")];
    if (!smoke) sides.push(await feast(context, data));
    const outcomes = await runContest(sides, smoke ? 1 : 3, context.say);
    const mine = outcomeFor(outcomes, "asof");
    const rate = (seconds: number): number => data.rows / seconds;
    const peer = smoke ? null : outcomeFor(outcomes, "Feast, SQLite");
    const size = `${data.rows.toLocaleString("en")} rows × ${featuresPerRow} features, ${data.keys.toLocaleString("en")} keys, LMDB`;
    const small = measuredCase({
      bench: materialize.name,
      case: size,
      unit: "rows/s",
      ours: rate(mine.seconds),
      checksum: String(mine.runs[0]?.reply.checksum ?? ""),
      observed: `ours ${describeRuns(mine)}, peak ${Math.round(mine.peakMiB)} MiB${peer === null ? "" : `; peer ${describeRuns(peer)}, peak ${Math.round(peer.peakMiB)} MiB`}.`,
      ...(peer === null
        ? {}
        : { peer: { name: "Feast into its SQLite", value: rate(peer.seconds), checksum: String(peer.runs[0]?.reply.checksum) } }),
    });
    return context.full ? [small, await largeCase(context)] : [small];
  },
};

async function largeCase(context: BenchContext): Promise<MeasuredCase> {
  const data = await writeMaterializeData(join(context.folder, "large"), 10_000_000, 1_000_000);
  context.say("10,000,000 rows");
  const run = await ours(context, data, "large").run();
  return measuredCase({
    bench: materialize.name,
    case: "10,000,000 rows × 10 features, 1,000,000 keys, LMDB: peak memory",
    unit: "MiB",
    ours: run.peakMiB,
    peer: { name: "the limit", value: memoryLimitMiB, checksum: null },
    bar: 1,
    checksum: String(run.reply.checksum),
    observed: `${run.seconds.toFixed(0)} s, ${Math.round(data.rows / run.seconds).toLocaleString("en")} rows/s. LMDB's mapped pages count as resident memory.`,
  });
}

let runs = 0;

function ours({ folder }: BenchContext, data: MaterializeData, name: string): Contestant {
  return {
    name,
    run: () => runNodeWorker(new URL("./ours.worker.ts", import.meta.url), { data, repository: join(folder, `repository-${runs++}`) }),
  };
}

async function feast(context: BenchContext, data: MaterializeData): Promise<Contestant> {
  const python = await context.feastPython();
  const script = new URL("../feast/materialize.py", import.meta.url);
  return {
    name: "Feast, SQLite",
    run: () =>
      runPythonWorker(python, script, {
        data,
        repository: join(context.folder, `feast-${runs++}`),
        start: startOf,
        end: endOf,
        featuresPerRow,
        keysRead,
      }),
  };
}
