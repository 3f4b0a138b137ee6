import { compileWindowedView } from "../aggregate/window-program.ts";
import type { PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import type { RunOptions, SourceDescription } from "../store/offline.ts";
import type { OnlineView } from "../store/online.ts";
import type { Json } from "../store/registry.ts";
import { floorTo } from "../value/time.ts";
import { historyOf } from "./history.ts";
import { type OpenJob, openJob, type ViewProgress } from "./jobs.ts";
import { materializePlain } from "./materialize-plain.ts";
import type { MaterializeSlice, SliceOutcome } from "./materialize-slice.ts";
import { finishMaterialize, loadTarget, type MaterializeTarget, setFirstHandover } from "./materialize-target.ts";
import { clearVanishedKeys, materializeWindows } from "./materialize-windows.ts";
import type { Runtime } from "./runtime.ts";
import type { FeatureCoverage } from "./served.ts";

export interface MaterializeRequest extends RunOptions {
  /** `interval`: every row with start ≤ event time ≤ end. `incremental`: what is new since the last run, up to end. */
  readonly mode: "interval" | "incremental";
  /** Null = all stored views of the project. */
  readonly views: readonly string[] | null;
  /** Interval only; null = from the beginning of history. UTC µs. */
  readonly startUs: number | null;
  readonly endUs: number;
  /** Called after each batch. */
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
  readonly views: readonly ({ readonly view: string } & ViewProgress)[];
}

/**
 * Copies history into the online store. Views fail one by one; the outcome says which. Safe when run twice at once: rows and
 * states are written conditionally, and a farther run wins. An abort leaves a job that the same call resumes.
 */
export async function materialize(runtime: Runtime, request: MaterializeRequest): Promise<MaterializeOutcome> {
  const names = await chooseViews(runtime, request.views);
  const job = await openJob(runtime, request.mode === "interval" ? "materialize" : "materialize-incremental", parametersOf(request, names));
  for (const name of names) {
    try {
      await materializeView(runtime, job, name, request);
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
  const views = names.map((view) => ({ view, ...job.progress(view) }));
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

async function chooseViews(runtime: Runtime, wanted: readonly string[] | null): Promise<readonly string[]> {
  const { records } = await runtime.registry.snapshot(runtime.project);
  const names = records.filter((r) => r.kind === "view_state").map((r) => r.name);
  if (names.length === 0) {
    throw new AsofError("ASOF_NOT_APPLIED", `Project "${runtime.project}" has no feature view that could be materialized.`, {
      fix: "Define one and run `asof apply`.",
    });
  }
  if (wanted === null) return [...names].sort();
  for (const name of wanted) {
    if (names.includes(name)) continue;
    throw new AsofError(
      "ASOF_FEATURE_UNKNOWN",
      `Project "${runtime.project}" has no stored feature view "${name}". It has: ${[...names].sort().join(", ")}.`,
      {
        path: name,
        value: name,
        fix: "Fix the name, or run `asof apply`. Request views are computed at request time and never materialized.",
      },
    );
  }
  return wanted;
}

async function materializeView(runtime: Runtime, job: OpenJob, name: string, request: MaterializeRequest): Promise<void> {
  const target = await loadTarget(runtime, name);
  const { source } = target.model;
  const log = source.type === "push" ? { project: runtime.project, source } : null;
  const extent = await runtime.offline.describeSource(source, log);
  const nowUs = runtime.clock.nowUs();
  const endUs = Math.min(request.endUs, nowUs + runtime.settings.maxFutureSkewUs);
  const handoverUs = await setFirstHandover(runtime, target, endUs);
  const span = chooseSpan(runtime, target, request, endUs, extent);
  const slice = sliceOf(runtime, target, span, handoverUs);

  const signature = JSON.stringify([extent.rowCount, extent.minEventTimeUs, extent.maxEventTimeUs, target.online.generation]);
  let progress = job.progress(name);
  if (progress.sourceSignature !== signature || progress.status === "pending") {
    const of = Math.max(1, Math.ceil(extent.rowCount / runtime.settings.partitionRowsMax));
    progress = {
      status: "running",
      done: 0,
      of,
      rows: 0,
      written: 0,
      sourceSignature: signature,
      maxCreatedUs: null,
      maxEventUs: null,
      error: null,
    };
  }
  if (progress.status === "done") return;
  await job.update(name, { ...progress, status: "running", error: null });

  while (progress.done < progress.of) {
    request.signal?.throwIfAborted();
    const partition = { index: progress.done, count: progress.of };
    const outcome = await runSlice(
      runtime,
      target.model,
      target.online,
      { ...slice, partition, pulledAtUs: runtime.clock.nowUs() },
      request,
      progress,
    );
    progress = advance(progress, outcome);
    await job.update(name, progress);
    report(request, name, progress, 0);
  }
  if (request.mode === "interval" && target.model.form === "windowed" && target.coverage.size > 0) {
    const whole = { ...slice, partition: { index: 0, count: 1 }, pulledAtUs: runtime.clock.nowUs() };
    await clearVanishedKeys(runtime, target.model, target.online, whole, { signal: request.signal });
  }
  await finishMaterialize(runtime, target, span.covered, progress);
  await job.update(name, { ...progress, status: "done" });
  report(request, name, { ...progress, status: "done" }, 0);
}

function runSlice(
  runtime: Runtime,
  model: PlainViewModel | WindowedViewModel,
  online: OnlineView,
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
      report(request, model.name, progress, rows);
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
    maxEventUs: greatest(progress.maxEventUs, outcome.maxEventUs),
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

interface Span {
  /** Event times read; null = from the beginning. */
  readonly fromUs: number | null;
  readonly toUs: number;
  readonly createdFromUs: number | null;
  /** What the view covers when this run is done. */
  readonly covered: FeatureCoverage;
}

/** Which event and created times this run reads, and what it may claim to cover afterwards. */
function chooseSpan(
  runtime: Runtime,
  target: MaterializeTarget,
  request: MaterializeRequest,
  endUs: number,
  extent: SourceDescription,
): Span {
  const earlier = commonCoverage(target);
  const hasCreated = target.model.source.createdTime !== null || target.model.source.type === "push";
  if (request.mode === "incremental" && earlier !== null) {
    const backUs = hasCreated ? 0 : runtime.settings.lookbackUs;
    const cursorUs = target.cursorCreatedUs;
    return {
      fromUs: earlier.toUs - backUs,
      toUs: Math.max(endUs, earlier.toUs),
      createdFromUs: hasCreated && cursorUs !== null ? cursorUs - runtime.settings.createdOverlapUs : null,
      covered: { fromUs: earlier.fromUs, toUs: Math.max(endUs, earlier.toUs) },
    };
  }
  let startUs = request.mode === "interval" ? request.startUs : firstStart(target, endUs);
  let toUs = endUs;
  // A new generation is switched to only when it covers what the served one does.
  for (const served of target.servedCoverage.values()) {
    startUs = startUs === null || served.fromUs === null ? null : Math.min(startUs, served.fromUs);
    toUs = Math.max(toUs, served.toUs);
  }
  if (target.model.form === "windowed") toUs = wholeTile(target, toUs, earlier);
  const fromStart = startUs === null || extent.minEventTimeUs === null || startUs <= extent.minEventTimeUs;
  const alignedUs = startUs === null || target.model.form === "plain" ? startUs : floorTo(startUs, blockOf(target));
  return { fromUs: startUs, toUs, createdFromUs: null, covered: { fromUs: fromStart ? null : alignedUs, toUs } };
}

/** A first incremental run of a plain view needs no row that ttl hides at its end already; windows need all of history. */
function firstStart(target: MaterializeTarget, endUs: number): number | null {
  return target.model.form === "plain" && target.model.ttlUs !== null ? endUs - target.model.ttlUs : null;
}

/** An end inside a tile that reaches farther already: the tile is rebuilt as far as it went, so that nothing is taken from it. */
function wholeTile(target: MaterializeTarget, toUs: number, earlier: FeatureCoverage | null): number {
  if (earlier === null || earlier.toUs <= toUs) return toUs;
  const hopUs = blockOf(target);
  return Math.min(earlier.toUs, floorTo(toUs, hopUs) + hopUs - 1);
}

/** The unit in which a windowed view's tiles are replaced. */
function blockOf(target: MaterializeTarget): number {
  return target.model.form === "windowed" ? compileWindowedView(target.model, target.online).blockUs : 1;
}

/** The span that every feature covers; null when one has not been materialized yet. */
function commonCoverage(target: MaterializeTarget): FeatureCoverage | null {
  let common: FeatureCoverage | null = null;
  for (const feature of target.model.features) {
    const own = target.coverage.get(feature.name);
    if (own === undefined) return null;
    common = common === null ? own : overlap(common, own);
  }
  return common;
}

function overlap(a: FeatureCoverage, b: FeatureCoverage): FeatureCoverage {
  return { fromUs: greatest(a.fromUs, b.fromUs), toUs: Math.min(a.toUs, b.toUs) };
}

function sliceOf(
  runtime: Runtime,
  target: MaterializeTarget,
  span: Span,
  handoverUs: number | null,
): Omit<MaterializeSlice, "partition" | "pulledAtUs"> {
  const history = historyOf(runtime.project, target.model.source, handoverUs);
  const histories: MaterializeSlice["histories"][number][] = [];
  if (history.batch !== null) {
    const toUs = history.log === null || handoverUs === null ? span.toUs : Math.min(span.toUs, handoverUs - 1);
    histories.push({ layer: "batch", history: { ...history, log: null }, fromUs: span.fromUs, toUs });
  }
  if (history.log !== null && (history.batch === null || handoverUs !== null)) {
    const fromUs = history.batch === null || handoverUs === null ? span.fromUs : Math.max(span.fromUs ?? handoverUs, handoverUs);
    histories.push({ layer: "live", history: { batch: null, log: history.log, handoverUs: null }, fromUs, toUs: span.toUs });
  }
  return { histories, createdFromUs: span.createdFromUs };
}
