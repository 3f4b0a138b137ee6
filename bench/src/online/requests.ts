import { createHash } from "node:crypto";
import { join } from "node:path";
import { int, seededRandom } from "@asof/testkit";
import { median } from "../contest.ts";
import type { OnlineData } from "./data.ts";

/** What a worker of the bench gets: how many entity rows a request has, and for how long it asks. */
export interface LookupArguments {
  readonly data: OnlineData;
  readonly rowsPerRequest: number;
  readonly warmSeconds: number;
  readonly seconds: number;
}

export function repositoryOf({ folder }: OnlineData): string {
  return join(folder, "repository");
}

/** Enough that the processor's caches do not hold all that is asked for. */
const requestCount = 2000;

/** The requests, each a list of keys, the same for both sides; one key in a hundred is not stored. */
export function makeRequests({ data, rowsPerRequest }: LookupArguments): readonly (readonly number[])[] {
  const random = seededRandom(`online ${rowsPerRequest}`);
  const key = (): number => int(random, 0, Math.ceil(data.keys * 1.01) - 1);
  return Array.from({ length: requestCount }, () => Array.from({ length: rowsPerRequest }, key));
}

/** Checksum of the rows that answer the first requests, as JSON: names, nesting, order and every bit of the values. */
export function checksumOfRows(answers: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(answers)).digest("hex").slice(0, 16);
}

/** How many requests the checksum is made from. */
export const checkedRequests = 100;

/** What one request took. */
export interface RequestTime {
  /** The median over slices of about a millisecond: what an interruption adds to some slices does not count. */
  readonly seconds: number;
  /** The fastest twentieth of the slices: nearly undisturbed even on a busy machine. */
  readonly undisturbedSeconds: number;
}

const sliceSeconds = 0.001;

/** Calls `ask` with one request after the other, first to warm up, and gives the times of the rest. */
export async function measureRequests(args: LookupArguments, ask: (keys: readonly number[]) => unknown): Promise<RequestTime> {
  const requests = makeRequests(args);
  let next = 0;
  const askSlice = async (count: number): Promise<number> => {
    const started = performance.now();
    for (let i = 0; i < count; i++) {
      const answer = ask(requests[next] ?? []);
      if (answer instanceof Promise) await answer;
      next = (next + 1) % requests.length;
    }
    return (performance.now() - started) / 1000 / count;
  };
  const warmUntil = performance.now() + args.warmSeconds * 1000;
  let perRequest = sliceSeconds;
  while (performance.now() < warmUntil) perRequest = Math.min(perRequest, await askSlice(10));
  const count = Math.max(1, Math.round(sliceSeconds / perRequest));
  const slices: number[] = [];
  const until = performance.now() + args.seconds * 1000;
  while (performance.now() < until || slices.length === 0) slices.push(await askSlice(count));
  slices.sort((a, b) => a - b);
  return { seconds: median(slices), undisturbedSeconds: slices[Math.floor(slices.length / 20)] ?? Number.NaN };
}
