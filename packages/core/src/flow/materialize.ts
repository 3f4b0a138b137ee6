import { didYouMean } from "../definition/read.ts";
import { AsofError } from "../error/error.ts";
import { versionOf } from "../registry/view-state.ts";
import { parseVersion, printVersion } from "../registry/view-version.ts";
import type { RunOptions, SourceDescription } from "../store/offline.ts";
import type { OnlineReader, OnlineView } from "../store/online.ts";
import type { Json } from "../store/registry.ts";
import { formatInstant } from "../value/time.ts";
import { clearVanishedRows } from "./clear-vanished-rows.ts";
import { underErasures } from "./erase-stored.ts";
import type { Erasures } from "./erasures.ts";
import { type OpenJob, openJob, type ViewProgress } from "./jobs.ts";
import { materializePlain } from "./materialize-plain.ts";
import type { MaterializeSlice, SliceOutcome } from "./materialize-slice.ts";
import { chooseSpan, type Span, slicesOf } from "./materialize-span.ts";
import { finishMaterialize, loadTarget, type MaterializeTarget, moveFreeHandover, withoutRows } from "./materialize-target.ts";
import { clearVanishedKeys, materializeWindows } from "./materialize-windows.ts";
import { type RegistryView, refuseVersionText, viewRegistry } from "./registry-view.ts";
import { keptVersion } from "./resolve-versions.ts";
import type { Runtime } from "./runtime.ts";
import { describeMaterialized } from "./statistics.ts";

/** The kind of an incremental run's jobs. */
export const incrementalKind = "materialize-incremental";

export interface MaterializeRequest extends RunOptions {
  /** `interval`: every row with start ≤ event time ≤ end. `incremental`: what is new since the last run, up to end. */
  readonly mode: "interval" | "incremental";
  /** Views, or versions of them as `view@v1`; null = all stored views of the project. */
  readonly views: readonly string[] | null;
  /** Interval only; null = from the beginning of history. UTC µs. */
  readonly startUs: number | null;
  readonly endUs: number;
  /** Whether to describe the values of each view when it is done; default as the settings say. */
  readonly statistics?: boolean | undefined;
  /** Called when a view begins, after each batch and when it ends. */
  readonly onView?: ((progress: MaterializeProgress) => void) | undefined;
}

export interface MaterializeProgress {
  readonly view: string;
  readonly status: ViewProgress["status"];
  /** Source rows read so far by this run. */
  readonly rows: number;
  /** Partitions done, of how many. */
  readonly done: number;
  readonly of: number;
}

export interface MaterializeOutcome {
  readonly jobId: string;
  /** Whether it went on from where an earlier run ended. */
  readonly resumed: boolean;
  readonly views: readonly MaterializedView[];
}

export interface MaterializedView extends ViewProgress {
  readonly view: string;
  /** Why its values could not be described; null where they were, or nobody asked. The rows are in the store all the same. */
  readonly statisticsError: string | null;
}

/**
 * Copies history into the online store. Views fail one by one; the outcome says which. Safe when run twice at once: rows and
 * states are written conditionally, and a farther run wins. An abort leaves a job that the same call resumes.
 */
export async function materialize(runtime: Runtime, request: MaterializeRequest): Promise<MaterializeOutcome> {
  const { startUs, endUs } = request;
  if (startUs !== null && startUs > endUs) {
    throw new AsofError(
      "ASOF_TIME_INVALID",
      `The interval's start, ${formatInstant(startUs)}, is after its end, ${formatInstant(endUs)}.`,
      {
        path: "start",
        value: startUs,
        fix: "Give the earlier time first.",
      },
    );
  }
  const names = await chooseTargets(runtime, request.views);
  const job = await openJob(runtime, request.mode === "interval" ? "materialize" : incrementalKind, parametersOf(request, names));
  const undescribed = new Map<string, string>();
  for (const name of names) {
    try {
      const statisticsError = await materializeView(runtime, job, name, request);
      if (statisticsError !== null) undescribed.set(name, statisticsError);
    } catch (error) {
      if (request.signal?.aborted === true) {
        await job.finish("interrupted", null);
        throw interrupted(name, error);
      }
      if (!(error instanceof AsofError)) {
        await job.finish("failed", String(error));
        throw error;
      }
      await job.update(name, { ...job.progress(name), status: "failed", error: error.message });
      report(request, name, job.progress(name), 0);
    }
  }
  const views = names.map((view) => ({ view, ...job.progress(view), statisticsError: undescribed.get(view) ?? null }));
  const failed = views.filter((v) => v.status === "failed");
  await job.finish(failed.length === 0 ? "succeeded" : "failed", failed.length === 0 ? null : failed.map((v) => v.error).join("; "));
  return { jobId: job.id, resumed: job.resumed, views };
}

function parametersOf(request: MaterializeRequest, views: readonly string[]): Json {
  return { endUs: request.endUs, mode: request.mode, startUs: request.startUs, views: [...views] };
}

function interrupted(view: string, cause: unknown): AsofError {
  return new AsofError("ASOF_INTERRUPTED", `Materialization was ended while "${view}" was under way; finished partitions are kept.`, {
    path: view,
    fix: "Run the same command again to go on.",
    cause,
  });
}

/**
 * What a run is about: of the views that are wanted, which must be registered, else of all, sorted. A view stands for its active version;
 * where the registered definition is another version that was not activated, for both, so that what is served stays fresh. A version
 * that is to replace the active one stands alone. `view@v1` is that version.
 */
export async function chooseTargets(runtime: Runtime, wanted: readonly string[] | null): Promise<readonly string[]> {
  const registry = viewRegistry(runtime.project, await runtime.registry.snapshot(runtime.project));
  const names = [...registry.views.keys()].sort();
  if (names.length === 0) {
    throw new AsofError("ASOF_NOT_APPLIED", `Project "${runtime.project}" has no feature view that could be materialized.`, {
      fix: "Define one and run `asof apply`.",
    });
  }
  return [...new Set((wanted ?? names).flatMap((text) => targetsOf(registry, text, names)))];
}

function targetsOf(registry: RegistryView, text: string, names: readonly string[]): readonly string[] {
  const { view, version } = parseVersion(text);
  const state = registry.states.get(view);
  if (state === undefined || !names.includes(view)) {
    refuseVersionText(registry, text);
    throw new AsofError(
      "ASOF_FEATURE_UNKNOWN",
      `Project "${registry.project}" has no stored feature view "${view}". It has: ${names.join(", ")}.`,
      {
        path: view,
        value: view,
        fix: `${didYouMean(view, names)}Fix the name, or run \`asof apply\`. Request views are computed at request time and never materialized.`,
      },
    );
  }
  const active = versionOf(state.activeGeneration);
  if (version !== null) return [keptVersion(registry, view, version).version === active ? view : printVersion(view, version)];
  if (state.activeGeneration === state.registeredGeneration) return [view];
  const registered = printVersion(view, versionOf(state.registeredGeneration));
  return state.replaceWhenReady ? [registered] : [view, registered];
}

/** How often a view is done anew because the world changed under it: each time is the work of another process. */
const retriesMax = 5;

/**
 * A schema that another process added meanwhile is met once: the view is then done anew with the definition of now. One that is met again
 * is of a registry that was lost, or had moved on before a backup was put back. So it is with a file of
 * the log that was there a moment ago: an erasure put another one in its place.
 */
async function materializeView(runtime: Runtime, job: OpenJob, name: string, request: MaterializeRequest): Promise<string | null> {
  let schemas = 2;
  for (let retries = retriesMax; ; retries--) {
    try {
      return await materializeOnce(runtime, job, name, request);
    } catch (error) {
      if (!(error instanceof AsofError) || retries === 0) throw error;
      if (error.code === "ASOF_SOURCE_MISSING") continue;
      if (error.code !== "ASOF_SCHEMA_UNKNOWN" || schemas === 0) throw error;
      schemas--;
      if (schemas === 0 && !(await removeLeftovers(runtime, job, name))) throw error;
    }
  }
}

/**
 * Empties a version into which, as the registry knows, nothing was ever written: what is stored under its number is of another registry,
 * which gave the number to another definition. False, and nothing done, where the version has data.
 */
async function removeLeftovers(runtime: Runtime, job: OpenJob, name: string): Promise<boolean> {
  const { online, coverage } = await loadTarget(runtime, name);
  if (coverage.size > 0) return false;
  await runtime.online.truncate(online);
  // What this run has written is gone as well.
  await job.update(name, { ...job.progress(name), status: "pending" });
  return true;
}

/** Returns why the values could not be described, if they could not. */
async function materializeOnce(runtime: Runtime, job: OpenJob, name: string, request: MaterializeRequest): Promise<string | null> {
  const registered = await loadTarget(runtime, name);
  const isEmpty = !(await hasKeys(runtime.online, registered.online));
  const target = isEmpty ? withoutRows(registered) : registered;
  const { model, online } = target;
  const log = model.source.type === "push" ? { project: runtime.project, source: model.source } : null;
  const extent = await runtime.offline.describeSource(model.source, log, { signal: request.signal });
  const endUs = Math.min(request.endUs, runtime.clock.nowUs() + runtime.settings.maxFutureSkewUs);
  const span = chooseSpan(runtime.settings, target, { ...request, endUs }, extent);
  const handoverUs = await moveFreeHandover(runtime, target, endUs);
  const slice = slicesOf(runtime.project, target, span, handoverUs);

  const earlier = isEmpty ? { ...job.progress(name), status: "pending" as const } : job.progress(name);
  let progress = resumeView(runtime, earlier, signatureOf(extent, target, span, slice), extent.rowCount);
  if (progress.status === "done") return null;
  const mayHoldOthers = request.mode === "interval" && model.form === "windowed" && !isEmpty;
  await job.update(name, { ...progress, status: "running", error: null });
  report(request, name, { ...progress, status: "running" }, 0);

  while (progress.done < progress.of) {
    request.signal?.throwIfAborted();
    const partition = { index: progress.done, count: progress.of };
    const run = (erasures: Erasures | null): Promise<SliceOutcome> =>
      runSlice(runtime, name, target, { ...slice, partition, pulledAtUs: runtime.clock.nowUs(), erasures }, request, progress);
    progress = { ...progress, readSinceUs: progress.readSinceUs ?? runtime.clock.nowUs() };
    progress = advance(progress, await underErasures(runtime, { model, online, isRetired: false }, run));
    await job.update(name, progress);
    report(request, name, progress, 0);
  }
  if (mayHoldOthers && model.form === "windowed") {
    const whole = { ...slice, partition: { index: 0, count: 1 }, pulledAtUs: runtime.clock.nowUs(), erasures: null };
    await clearVanishedKeys(runtime, model, online, whole, { signal: request.signal });
  }
  if (model.source.eventTime === null && progress.readSinceUs !== null)
    await clearVanishedRows(runtime.online, online, progress.readSinceUs);
  await finishMaterialize(runtime, target, span, progress);
  await job.update(name, { ...progress, status: "done" });
  report(request, name, { ...progress, status: "done" }, 0);
  if (!(request.statistics ?? runtime.settings.statistics)) return null;
  return describeDone(runtime, target, { name, jobId: job.id, fromUs: span.fromUs, toUs: span.toUs }, handoverUs, request);
}

/** The view is done: a fault in describing it is told and fails nothing. */
async function describeDone(...work: Parameters<typeof describeMaterialized>): Promise<string | null> {
  try {
    await describeMaterialized(...work);
    return null;
  } catch (error) {
    if (!(error instanceof AsofError) || error.code === "ASOF_INTERRUPTED") throw error;
    return error.message;
  }
}

/** Everything that partitions of one run must have in common. */
function signatureOf(extent: SourceDescription, target: MaterializeTarget, span: Span, slice: Pick<MaterializeSlice, "histories">): string {
  const { generation, schema } = target.online;
  const sides = slice.histories.map(({ layer, fromUs, toUs }) => [layer, fromUs, toUs]);
  const source = [extent.rowCount, extent.minEventTimeUs, extent.maxEventTimeUs];
  return JSON.stringify([source, generation, schema.fingerprint, span.createdFromUs, sides]);
}

/** Where an earlier run of the same job ended, or the beginning. */
function resumeView(runtime: Runtime, earlier: ViewProgress, sourceSignature: string, rowCount: number): ViewProgress {
  if (earlier.sourceSignature === sourceSignature && earlier.status !== "pending") return earlier;
  const of = Math.max(1, Math.ceil(rowCount / runtime.settings.partitionRowsMax));
  return { status: "running", done: 0, of, rows: 0, written: 0, sourceSignature, maxCreatedUs: null, readSinceUs: null, error: null };
}

async function hasKeys(online: OnlineReader, view: OnlineView): Promise<boolean> {
  for await (const page of online.listKeys(view)) if (page.length > 0) return true;
  return false;
}

function runSlice(
  runtime: Runtime,
  name: string,
  { model, online }: MaterializeTarget,
  slice: MaterializeSlice,
  request: MaterializeRequest,
  progress: ViewProgress,
): Promise<SliceOutcome> {
  let rows = 0;
  const options = {
    signal: request.signal,
    onRows: (count: number) => {
      // An abort between two batches ends the slice; its partition is done again by the next run.
      request.signal?.throwIfAborted();
      rows += count;
      report(request, name, progress, rows);
    },
  };
  return model.form === "plain"
    ? materializePlain(runtime, model, online, slice, options)
    : materializeWindows(runtime, model, online, slice, options);
}

function advance(progress: ViewProgress, outcome: SliceOutcome): ViewProgress {
  return {
    ...progress,
    done: progress.done + 1,
    rows: progress.rows + outcome.rows,
    written: progress.written + outcome.written,
    maxCreatedUs: greatest(progress.maxCreatedUs, outcome.maxCreatedUs),
  };
}

function greatest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}

function report(request: MaterializeRequest, view: string, progress: ViewProgress, more: number): void {
  request.onView?.({ view, status: progress.status, rows: progress.rows + more, done: progress.done, of: progress.of });
  request.onProgress?.(progress.of === 0 ? null : progress.done / progress.of, view);
}
