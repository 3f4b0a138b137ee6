import type { PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import { moveHandover } from "../registry/source-state.ts";
import { updateSourceState, updateViewState } from "../registry/update-state.ts";
import {
  forgetGenerations,
  recordCoverage,
  recordCursor,
  recordMaterialized,
  switchGeneration,
  type ViewState,
  writeGeneration,
} from "../registry/view-state.ts";
import type { OnlineView } from "../store/online.ts";
import type { ViewProgress } from "./jobs.ts";
import type { Span } from "./materialize-span.ts";
import { onlineViewOf, refreshUs, storedView, viewRegistry } from "./registry-view.ts";
import type { Runtime } from "./runtime.ts";
import type { FeatureCoverage } from "./served.ts";

/** Where a view's rows go: the generation being built, else the served one. */
export interface MaterializeTarget {
  readonly model: PlainViewModel | WindowedViewModel;
  readonly online: OnlineView;
  readonly coverage: ReadonlyMap<string, FeatureCoverage>;
  readonly cursorCreatedUs: number | null;
  /** While a generation is being built: what the served one covers, and the new one must. Else empty. */
  readonly servedCoverage: ReadonlyMap<string, FeatureCoverage>;
}

/** Reads the registry and empties generations that were retired. */
export async function loadTarget(runtime: Runtime, name: string): Promise<MaterializeTarget> {
  const registry = viewRegistry(runtime.project, await runtime.registry.snapshot(runtime.project));
  const model = storedView(registry, name);
  const state = registry.states.get(name);
  if (state === undefined) {
    throw new AsofError("ASOF_NOT_APPLIED", `Feature view "${name}" has no state in the registry.`, {
      path: name,
      fix: "Run `asof apply`.",
    });
  }
  await dropRetired(runtime, name, model, state);
  const generation = writeGeneration(state);
  const isBuilding = state.buildingGeneration !== null;
  return {
    model,
    online: onlineViewOf(runtime.project, model, state, generation),
    coverage: state.coverage.get(generation) ?? new Map(),
    cursorCreatedUs: state.cursor.get(generation)?.createdUs ?? null,
    servedCoverage: isBuilding ? (state.coverage.get(state.activeGeneration) ?? new Map()) : new Map(),
  };
}

/**
 * Retired generations are emptied by a later job, not at the switch: other processes serve from a registry version for up to
 * {@link refreshUs}, and a request that has begun may take as long again. The switch is not older than the last finished job.
 */
async function dropRetired(runtime: Runtime, name: string, model: PlainViewModel | WindowedViewModel, state: ViewState): Promise<void> {
  if (state.retiredGenerations.length === 0) return;
  if (state.lastMaterializedAtUs !== null && runtime.clock.nowUs() - state.lastMaterializedAtUs < 2 * refreshUs) return;
  const current = onlineViewOf(runtime.project, model, state, writeGeneration(state));
  for (const generation of state.retiredGenerations) await runtime.online.truncate({ ...current, generation });
  await updateView(runtime, name, (s) => forgetGenerations(s, state.retiredGenerations));
}

/** Records what a finished run covers; a generation that was being built becomes the served one. */
export async function finishMaterialize(
  runtime: Runtime,
  target: MaterializeTarget,
  { covered, readsAll }: Pick<Span, "covered" | "readsAll">,
  { maxCreatedUs }: Pick<ViewProgress, "maxCreatedUs">,
): Promise<void> {
  const { generation } = target.online;
  const nowUs = runtime.clock.nowUs();
  const names = target.model.features.map((f) => f.name);
  await updateView(runtime, target.model.name, (state) => {
    const recorded = recordMaterialized(recordCoverage(state, generation, names, covered), nowUs);
    // A created time in the future must not push the cursor past rows that are still to come.
    const createdUs = maxCreatedUs === null || !readsAll ? null : Math.min(maxCreatedUs, nowUs);
    const cursor = { createdUs, eventUs: covered.toUs };
    return switchGeneration(recordCursor(recorded, generation, cursor, nowUs), generation);
  });
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
