import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { type MeasuredCase, measuredCase } from "../case-line.ts";
import { type Contestant, outcomeFor, runContest } from "../contest.ts";
import { runNodeWorker } from "../run-worker.ts";
import { featuresPerView, type OnlineData, viewCount } from "./data.ts";
import type { LookupArguments } from "./requests.ts";

const ours = "asof";
const bare = "bare LMDB client";
const rowsPerRequest = [1, 10, 100] as const;

/** Requests answered in process from LMDB, against a client that reads the same bytes by hand. */
export const online: Bench = {
  name: "online",
  async run(context) {
    const { smoke, folder } = context;
    const data: OnlineData = { folder: join(folder, "data"), keys: smoke ? 200 : 100_000 };
    context.say(`writing ${viewCount} views × ${data.keys} keys into LMDB`);
    await runNodeWorker(new URL("./prepare.worker.ts", import.meta.url), data);
    const cases: MeasuredCase[] = [];
    for (const rows of smoke ? [1, 10] : rowsPerRequest) cases.push(await compare(context, data, rows));
    return cases;
  },
};

async function compare({ smoke, say }: BenchContext, data: OnlineData, rows: number): Promise<MeasuredCase> {
  const argument: LookupArguments = { data, rowsPerRequest: rows, warmSeconds: smoke ? 0.05 : 1, seconds: smoke ? 0.05 : 1.5 };
  const sides: readonly Contestant[] = [
    { name: ours, run: () => runNodeWorker(new URL("./ours.worker.ts", import.meta.url), argument) },
    { name: bare, run: () => runNodeWorker(new URL("./bare.worker.ts", import.meta.url), argument) },
  ];
  say(`${rows} × ${viewCount * featuresPerView} features`);
  const outcomes = await runContest(sides, smoke ? 1 : 5, say);
  const [mine, peer] = [outcomeFor(outcomes, ours), outcomeFor(outcomes, bare)];
  const checksumOf = ({ runs }: typeof mine): string => String(runs[0]?.reply.checksum);
  const undisturbed = ({ runs }: typeof mine): number => Math.min(...runs.map((run) => Number(run.reply.undisturbedSeconds))) * 1e6;
  return measuredCase({
    bench: online.name,
    case: `${rows} × ${viewCount * featuresPerView} features, ${viewCount} views, ${data.keys.toLocaleString("en")} keys`,
    unit: "µs",
    ours: mine.seconds * 1e6,
    peer: { name: bare, value: peer.seconds * 1e6, checksum: checksumOf(peer) },
    checksum: checksumOf(mine),
    observed: `ours ${mine.spread}, peer ${peer.spread}; undisturbed ${undisturbed(mine).toFixed(2)} and ${undisturbed(peer).toFixed(2)} µs, a ratio of ${(undisturbed(peer) / undisturbed(mine)).toFixed(2)}.`,
    ...(smoke ? {} : { bar: 0.6 }),
  });
}
