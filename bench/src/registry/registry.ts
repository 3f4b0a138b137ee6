import { join } from "node:path";
import type { Bench, BenchContext } from "../bench.ts";
import { type MeasuredCase, measuredCase } from "../case-line.ts";
import { type Contestant, describeRuns, median, outcomeFor, runContest } from "../contest.ts";
import { runNodeWorker } from "../run-worker.ts";
import type { ApplyArguments } from "./apply.worker.ts";
import { writeSources } from "./definitions.ts";

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
    const sources = smoke ? 5 : 100;
    const places = join(context.folder, "sources");
    await writeSources(sources, places);
    const few = "few";
    const many = "many";
    const applied = `apply of ${views} views × 10 features, SQLite`;
    const looked = `${applied}, with a look at ${sources} Parquet sources`;
    const sides = [
      applyOf(context, applied, { views, sources: views, folder: null }),
      applyOf(context, looked, { views, sources, folder: places }),
      requestsOf(context, few, 10),
      requestsOf(context, many, views),
    ];
    const outcomes = await runContest(sides, smoke ? 1 : 5, context.say);
    const checksum = (name: string): string => String(outcomeFor(outcomes, name).runs[0]?.reply.checksum ?? "");
    const applyCase = (name: string): MeasuredCase => {
      const outcome = outcomeFor(outcomes, name);
      const again = median(outcome.runs.map((run) => Number(run.reply.repeatSeconds)));
      return measuredCase({
        bench: registry.name,
        case: name,
        unit: "s",
        ours: outcome.seconds,
        peer: { name: "the limit", value: applyLimit, checksum: null },
        checksum: checksum(name),
        observed: `Validation, plan and commit: ${describeRuns(outcome)}. Again, with nothing to do: ${again.toFixed(2)} s.`,
        ...(smoke ? {} : { bar: 1 }),
      });
    };
    return [
      applyCase(applied),
      applyCase(looked),
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

function applyOf(context: BenchContext, name: string, what: Omit<ApplyArguments, "repository">): Contestant {
  return {
    name,
    run: () => runNodeWorker(new URL("./apply.worker.ts", import.meta.url), { ...what, repository: `${freshPath(context)}.repository` }),
  };
}

function requestsOf(context: BenchContext, name: string, views: number): Contestant {
  const requests = context.smoke ? 200 : 50_000;
  return { name, run: () => runNodeWorker(new URL("./resolve.worker.ts", import.meta.url), { path: freshPath(context), views, requests }) };
}
