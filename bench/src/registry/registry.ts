import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { measuredCase } from "../case-line.ts";
import { type Contestant, describeRuns, outcomeFor, runContest } from "../contest.ts";
import { runNodeWorker } from "../run-worker.ts";

/** What an apply of a thousand views may take, in s. */
const applyLimit = 2;
/** How much slower a request may get when the registry grows a hundredfold: noise, no more. */
const growthAllowed = 1.25;

/** The registry at work: one large apply, and requests beside many views that they do not use. */
export const registry: Bench = {
  name: "registry",
  async run(context) {
    const { smoke } = context;
    const views = smoke ? 50 : 1000;
    const few = "few";
    const many = "many";
    const applied = `apply ${views}`;
    const sides = [applyOf(context, applied, views), requestsOf(context, few, 10), requestsOf(context, many, views)];
    const outcomes = await runContest(sides, smoke ? 1 : 5, context.say);
    const checksum = (name: string): string => String(outcomeFor(outcomes, name).runs[0]?.reply.checksum ?? "");
    return [
      measuredCase({
        bench: registry.name,
        case: `apply of ${views} views × 10 features, SQLite`,
        unit: "s",
        ours: outcomeFor(outcomes, applied).seconds,
        peer: { name: "the limit", value: applyLimit, checksum: null },
        checksum: checksum(applied),
        observed: `Validation, plan and commit: ${describeRuns(outcomeFor(outcomes, applied))}.`,
        ...(smoke ? {} : { bar: 1 }),
      }),
      measuredCase({
        bench: registry.name,
        case: `one request of 5 views with ${views} registered`,
        unit: "µs",
        ours: outcomeFor(outcomes, many).seconds * 1e6,
        peer: { name: "the same with 10 registered", value: outcomeFor(outcomes, few).seconds * 1e6, checksum: checksum(few) },
        checksum: checksum(many),
        observed: `Processor time. With ${views}: ${describeRuns(outcomeFor(outcomes, many))}; with 10: ${describeRuns(outcomeFor(outcomes, few))}.`,
        ...(smoke ? {} : { bar: 1 / growthAllowed }),
      }),
    ];
  },
};

let files = 0;

/** Each run has a registry of its own. */
function freshPath({ folder }: BenchContext): string {
  return join(folder, `registry-${files++}.db`);
}

function applyOf(context: BenchContext, name: string, views: number): Contestant {
  return { name, run: () => runNodeWorker(new URL("./apply.worker.ts", import.meta.url), { path: freshPath(context), views }) };
}

function requestsOf(context: BenchContext, name: string, views: number): Contestant {
  const requests = context.smoke ? 200 : 50_000;
  return { name, run: () => runNodeWorker(new URL("./resolve.worker.ts", import.meta.url), { path: freshPath(context), views, requests }) };
}
