import { floorTo } from "../value/time.ts";
import { type Interval, subtractIntervals } from "./interval.ts";

/**
 * From which reading of the batch table a span of blocks was built. Jobs may run at once and finish in any order: the one that read
 * farther, and of two that read as far the one that read later, wins in each block, whichever writes last.
 */
export interface BatchOrigin extends Interval {
  /** Rows up to this event time are in, inclusive; null = up to the end of each block. */
  readonly batchEndUs: number | null;
  /** When the rows were read; 0 = not told. */
  readonly pulledAtUs: number;
}

/** After this long no job that read earlier is expected to write any more; spans that differ only by it are joined. */
const staleAfterUs = 7 * 86_400_000_000;

/** The part of a range of whole blocks that content read up to `batchEndUs` at `pulledAtUs` may replace. */
export function acceptedRange(
  origins: readonly BatchOrigin[],
  range: Interval,
  blockUs: number,
  batchEndUs: number,
  pulledAtUs: number,
): Interval[] {
  const refused = origins.flatMap((origin): Interval[] => {
    const fromUs = Math.max(origin.fromUs, range.fromUs);
    const toUs = Math.min(origin.toUs, range.toUs);
    if (fromUs >= toUs) return [];
    const storedEndUs = origin.batchEndUs ?? origin.toUs - 1;
    const isStale = pulledAtUs < origin.pulledAtUs;
    // Blocks before this one are whole in both readings.
    const wholeUs = Math.min(toUs, floorTo(Math.min(storedEndUs, batchEndUs) + 1, blockUs));
    const whole = isStale && fromUs < wholeUs ? [{ fromUs, toUs: wholeUs }] : [];
    const lastUs = Math.max(fromUs, wholeUs);
    if (lastUs >= toUs) return whole;
    const endUs = Math.min(batchEndUs, toUs - 1);
    const isNearer = endUs < Math.min(storedEndUs, toUs - 1);
    const isFarther = endUs > Math.min(storedEndUs, toUs - 1);
    return isNearer || (isStale && !isFarther) ? [...whole, { fromUs: lastUs, toUs }] : whole;
  });
  return subtractIntervals([range], refused);
}

/** The origins after the intervals were built from rows read up to `batchEndUs` at `pulledAtUs`. */
export function recordOrigin(
  origins: readonly BatchOrigin[],
  intervals: readonly Interval[],
  blockUs: number,
  batchEndUs: number,
  pulledAtUs: number,
): BatchOrigin[] {
  const kept = origins.flatMap((origin) => subtractIntervals([origin], intervals).map((rest) => ({ ...origin, ...rest })));
  const wholeUs = floorTo(batchEndUs + 1, blockUs);
  const added = intervals.flatMap(({ fromUs, toUs }): BatchOrigin[] => [
    { fromUs, toUs: Math.min(toUs, wholeUs), batchEndUs: null, pulledAtUs },
    { fromUs: Math.max(fromUs, wholeUs), toUs, batchEndUs, pulledAtUs },
  ]);
  const all = [...kept, ...added].filter(({ fromUs, toUs }) => fromUs < toUs).sort((a, b) => (a.fromUs < b.fromUs ? -1 : 1));
  const newestUs = all.reduce((newest, origin) => Math.max(newest, origin.pulledAtUs), 0);
  const aged = all.map((origin) => (origin.pulledAtUs < newestUs - staleAfterUs ? { ...origin, pulledAtUs: 0 } : origin));
  return joinNeighbours(aged);
}

function joinNeighbours(origins: readonly BatchOrigin[]): BatchOrigin[] {
  const joined: BatchOrigin[] = [];
  for (const origin of origins) {
    const before = joined.at(-1);
    const continues = before?.toUs === origin.fromUs && before.pulledAtUs === origin.pulledAtUs;
    if (before !== undefined && continues && before.batchEndUs === null && origin.batchEndUs === null) {
      joined[joined.length - 1] = { ...before, toUs: origin.toUs };
    } else joined.push(origin);
  }
  return joined;
}
