import type { PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import { assert } from "../error/error.ts";
import { pinnedVersions } from "../plan/pinned-versions.ts";
import { moveHandover } from "../registry/source-state.ts";
import { updateSourceState, updateViewState } from "../registry/update-state.ts";
import {
  forgetGenerations,
  generationOf,
  recordCoverage,
  recordCursor,
  recordMaterialized,
  replaceActive,
  type ViewState,
} from "../registry/view-state.ts";
import { parseVersion } from "../registry/view-version.ts";
import type { OnlineView } from "../store/online.ts";
import type { ViewProgress } from "./jobs.ts";
import type { Span } from "./materialize-span.ts";
import { refreshUs, viewRegistry } from "./registry-view.ts";
import { servedVersion } from "./resolve-versions.ts";
import type { Runtime } from "./runtime.ts";
import type { FeatureCoverage } from "./served.ts";

/** Where a version's rows go. */
export interface MaterializeTarget {
  readonly model: PlainViewModel | WindowedViewModel;
  readonly online: OnlineView;
  readonly coverage: ReadonlyMap<string, FeatureCoverage>;
  readonly cursorCreatedUs: number | null;
  /** What a first run has to cover: for a version that is not active what the active one does, so that it can take its place. */
  readonly mustCover: readonly FeatureCoverage[];
  /** Whether it takes the active one's place when it is filled. */
  readonly replacesActive: boolean;
}

/** Reads the registry and empties generations that were retired. `name`: a view, for its active version, or `view@v1`. */
export async function loadTarget(runtime: Runtime, name: string): Promise<MaterializeTarget> {
  const registry = viewRegistry(runtime.project, await runtime.registry.snapshot(runtime.project));
  const { view } = parseVersion(name);
  const target = servedVersion(registry, name);
  const active = servedVersion(registry, view);
  const state = registry.states.get(view);
  assert(state !== undefined, `what is served has a state: ${view}`);
  await dropRetired(runtime, view, target.online, state);
  return {
    model: target.model,
    online: target.online,
    coverage: target.coverage,
    cursorCreatedUs: state.cursor.get(target.online.generation)?.createdUs ?? null,
    replacesActive: state.replaceWhenReady && state.registeredGeneration === target.online.generation,
    mustCover: target === active ? [] : [...active.coverage.values()],
  };
}

/**
 * The target when nothing at all is stored of it, whatever the registry says: the online store was deleted, or another one is configured. It is
 * then filled as if for the first time, as far as it is registered to reach, since a run over a part would leave windows that lack the rest.
 */
export function withoutRows(target: MaterializeTarget): MaterializeTarget {
  return { ...target, coverage: new Map(), cursorCreatedUs: null, mustCover: [...target.mustCover, ...target.coverage.values()] };
}

/**
 * Retired generations are emptied by a later job, not at the switch: other processes serve from a registry version for up to
 * {@link refreshUs}, and a request that has begun may take as long again. A switch by a job is not older than the last finished one.
 */
async function dropRetired(runtime: Runtime, name: string, online: OnlineView, state: ViewState): Promise<void> {
  if (state.retiredGenerations.length === 0) return;
  const switchedUs = Math.max(state.lastMaterializedAtUs ?? 0, state.retiredAtUs ?? 0);
  if (switchedUs > 0 && runtime.clock.nowUs() - switchedUs < 2 * refreshUs) return;
  for (const generation of state.retiredGenerations) await runtime.online.truncate({ ...online, generation });
  await updateView(runtime, name, (s) => forgetGenerations(s, state.retiredGenerations));
}

/** Records what a finished run covers; a version that was to replace the active one when it is ready does so. */
export async function finishMaterialize(
  runtime: Runtime,
  target: MaterializeTarget,
  { covered, readsAll }: Pick<Span, "covered" | "readsAll">,
  { maxCreatedUs }: Pick<ViewProgress, "maxCreatedUs">,
): Promise<void> {
  const { generation } = target.online;
  const nowUs = runtime.clock.nowUs();
  const names = target.model.features.map((f) => f.name);
  const pinned = target.replacesActive ? await pinnedGenerations(runtime, target.model.name) : null;
  await updateView(runtime, target.model.name, (state) => {
    const recorded = recordMaterialized(recordCoverage(state, generation, names, covered), nowUs);
    // A created time in the future must not push the cursor past rows that are still to come.
    const createdUs = maxCreatedUs === null || !readsAll ? null : Math.min(maxCreatedUs, nowUs);
    const cursor = { createdUs, eventUs: covered.toUs };
    const finished = recordCursor(recorded, generation, cursor, nowUs);
    const isReady = pinned !== null && finished.replaceWhenReady && finished.registeredGeneration === generation;
    return isReady ? replaceActive(finished, { pinned, nowUs }) : finished;
  });
}

/** Generations of a view that services or request views refer to by their version. */
async function pinnedGenerations(runtime: Runtime, view: string): Promise<ReadonlySet<number>> {
  const { records } = await runtime.registry.snapshot(null);
  return new Set([...(pinnedVersions(records, runtime.project).get(view)?.keys() ?? [])].map(generationOf));
}

/** Records that a view is covered from the beginning of history: a push-only source whose every row is seen as it comes. */
export async function recordLiveCoverage(
  runtime: Runtime,
  view: string,
  generation: number,
  features: readonly string[],
  toUs: number,
): Promise<void> {
  await updateView(runtime, view, (state) => recordCoverage(state, generation, features, { fromUs: null, toUs }));
}

async function updateView(runtime: Runtime, name: string, change: (state: ViewState) => ViewState): Promise<void> {
  await updateViewState(runtime.registry, runtime.project, name, change, runtime.clock);
}

/**
 * The handover of a source with a batch and a push side; null for every other source. Until the first row is pushed nothing depends on
 * where it is, and each materialization moves it just behind its end; from then on it stays.
 */
export async function moveFreeHandover(runtime: Runtime, target: MaterializeTarget, endUs: number): Promise<number | null> {
  const { source } = target.model;
  if (source.type !== "push" || source.batch === null) return null;
  const state = await updateSourceState(
    runtime.registry,
    runtime.project,
    source.name,
    (before) => (before.handoverUs === null || before.firstIngestUs === null ? moveHandover(before, endUs + 1) : before),
    runtime.clock,
  );
  return state.handoverUs;
}
