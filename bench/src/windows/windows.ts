import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { type MeasuredCase, measuredCase } from "../case-line.ts";
import { type Contestant, describeRuns, outcomeFor, runContest } from "../contest.ts";
import { checksumOfParquet } from "../duckdb.ts";
import { runNodeWorker } from "../run-worker.ts";
import { aggregates } from "./aggregates.ts";
import { type WindowsData, type WindowsSize, writeWindowsData } from "./data.ts";
import type { HandForm } from "./hand-query.ts";

const sizes = {
  warm: { events: 1000, spineRows: 100, keys: 10, hotPercent: 0 },
  uniform: { events: 2_000_000, spineRows: 200_000, keys: 20_000, hotPercent: 0 },
  skewed: { events: 2_000_000, spineRows: 200_000, keys: 20_000, hotPercent: 10 },
  smokeUniform: { events: 4000, spineRows: 400, keys: 40, hotPercent: 0 },
  smokeSkewed: { events: 4000, spineRows: 400, keys: 40, hotPercent: 10 },
} as const satisfies Record<string, WindowsSize>;

const ours = "asof";
const oursSkewed = "asof, skewed";
const frames = "hand-written frames per row";
const joined = "hand-written join and group";
const framesSkewed = "hand-written frames per row, skewed";

/** Twelve aggregates over windows at each spine row's time, the result written to Parquet. */
export const windows: Bench = {
  name: "windows",
  async run(context) {
    const { smoke, folder } = context;
    const warm = await writeWindowsData(join(folder, "warm"), sizes.warm);
    const uniform = await writeWindowsData(join(folder, "uniform"), smoke ? sizes.smokeUniform : sizes.uniform);
    const skewed = await writeWindowsData(join(folder, "skewed"), smoke ? sizes.smokeSkewed : sizes.skewed);
    const sides: readonly Contestant[] = [
      oursOn(context, warm, uniform, ours),
      handOn(context, warm, uniform, "frames", frames),
      handOn(context, warm, uniform, "join", joined),
      oursOn(context, warm, skewed, oursSkewed),
      handOn(context, warm, skewed, "frames", framesSkewed),
    ];
    context.say(describeSize(uniform));
    const outcomes = await runContest(sides, smoke ? 1 : 3, context.say);
    const checksums = new Map<string, string>();
    for (const name of outcomes.keys()) checksums.set(name, await checksumOf(context, name));

    const compare = (title: string, mine: string, peerName: string, bar: number | null): MeasuredCase =>
      measuredCase({
        bench: windows.name,
        case: title,
        unit: "s",
        ours: outcomeFor(outcomes, mine).seconds,
        peer: { name: peerName, value: outcomeFor(outcomes, peerName).seconds, checksum: checksums.get(peerName) ?? null },
        checksum: checksums.get(mine) ?? "",
        observed: `ours ${describeRuns(outcomeFor(outcomes, mine))}; peer ${describeRuns(outcomeFor(outcomes, peerName))}.`,
        ...(bar === null || smoke ? {} : { bar }),
      });
    const size = describeSize(uniform);
    const [plain, hot] = [outcomeFor(outcomes, ours), outcomeFor(outcomes, oursSkewed)];
    return [
      compare(size, ours, frames, 1 / 1.5),
      compare(size, ours, joined, 1 / 1.5),
      compare(`${size}, one key has a tenth of both`, oursSkewed, framesSkewed, null),
      measuredCase({
        bench: windows.name,
        case: `${size}, one key has a tenth of both`,
        unit: "s",
        ours: hot.seconds,
        peer: { name: "2 × the time with even keys", value: 2 * plain.seconds, checksum: null },
        checksum: checksums.get(oursSkewed) ?? "",
        observed: `${(hot.seconds / plain.seconds).toFixed(2)} times as long as with even keys.`,
        ...(smoke ? {} : { bar: 1 }),
      }),
    ];
  },
};

function oursOn({ folder }: BenchContext, warm: WindowsData, data: WindowsData, name: string): Contestant {
  const argument = { warm, data, repository: join(folder, "repository"), out: outFile(folder, name) };
  return { name, run: () => runNodeWorker(new URL("./ours.worker.ts", import.meta.url), argument) };
}

function handOn({ folder }: BenchContext, warm: WindowsData, data: WindowsData, form: HandForm, name: string): Contestant {
  const argument = { warm, data, form, out: outFile(folder, name) };
  return { name, run: () => runNodeWorker(new URL("./hand.worker.ts", import.meta.url), argument) };
}

/** Standard deviations depend on the order of addition in their last digits: three after the point are compared. */
function checksumOf({ folder }: BenchContext, name: string): Promise<string> {
  return checksumOfParquet(
    outFile(folder, name),
    ["row_id", "customer_id"],
    aggregates.map((a) => a.name),
    3,
  );
}

function outFile(folder: string, name: string): string {
  return join(folder, `${name.replaceAll(/[^A-Za-z]+/g, "-")}.parquet`);
}

function describeSize({ events, spineRows, keys }: WindowsSize): string {
  return `${aggregates.length} aggregates, ${events.toLocaleString("en")} events of ${keys.toLocaleString("en")} keys, ${spineRows.toLocaleString("en")} spine rows`;
}
