import type { Json } from "../store/registry.ts";
import { chooseTargets, incrementalKind, type MaterializeOutcome, type MaterializeRequest, materialize } from "./materialize.ts";
import type { Runtime } from "./runtime.ts";

/** A materialization whose end is the moment at which it starts. */
export type MaterializeToNowRequest = Omit<MaterializeRequest, "mode" | "startUs" | "endUs">;

/** Jobs looked through for one that did not end: older ones than these have long been overtaken. */
const searchedMax = 100;

/**
 * Copies what is new up to now. Partitions of a job are cut for its own end, so a run that ended early is first brought to the end
 * that it had, from where it was, and then on to now.
 */
export async function materializeToNow(runtime: Runtime, request: MaterializeToNowRequest): Promise<MaterializeOutcome> {
  const nowUs = runtime.clock.nowUs();
  const earlierEndUs = await unfinishedEnd(runtime, await chooseTargets(runtime, request.views));
  const incremental = { ...request, mode: "incremental", startUs: null } as const;
  const isBehind = earlierEndUs !== null && earlierEndUs < nowUs;
  const earlier = isBehind ? await materialize(runtime, { ...incremental, endUs: earlierEndUs }) : null;
  const outcome = await materialize(runtime, { ...incremental, endUs: nowUs });
  return earlier === null ? outcome : sumOf(earlier, outcome);
}

/** The end of the newest incremental job over the same views, if it did not succeed and nobody works on it. */
async function unfinishedEnd(runtime: Runtime, views: readonly string[]): Promise<number | null> {
  const jobs = await runtime.registry.listJobs(runtime.project, searchedMax);
  const last = jobs.find((job) => job.kind === incrementalKind && isSame(field(job.parameters, "views"), views));
  if (last === undefined || last.status === "succeeded") return null;
  if (last.status === "running" && runtime.isOwnerAlive(last.owner)) return null;
  const endUs = field(last.parameters, "endUs");
  return typeof endUs === "number" ? endUs : null;
}

function field(parameters: Json, name: string): Json {
  return parameters !== null && typeof parameters === "object" && !Array.isArray(parameters)
    ? ((parameters as { readonly [name: string]: Json })[name] ?? null)
    : null;
}

function isSame(stored: Json, views: readonly string[]): boolean {
  return JSON.stringify(stored) === JSON.stringify(views);
}

/** What both runs did together, under the job of the second. */
function sumOf(first: MaterializeOutcome, second: MaterializeOutcome): MaterializeOutcome {
  const earlier = new Map(first.views.map((view) => [view.view, view]));
  return {
    ...second,
    resumed: first.resumed || second.resumed,
    views: second.views.map((view) => ({
      ...view,
      rows: view.rows + (earlier.get(view.view)?.rows ?? 0),
      written: view.written + (earlier.get(view.view)?.written ?? 0),
    })),
  };
}
