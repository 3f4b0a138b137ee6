import { compileWindowedView } from "../aggregate/window-program.ts";
import { AsofError } from "../error/error.ts";
import type { SourceDescription } from "../store/offline.ts";
import { floorTo, formatInstant } from "../value/time.ts";
import { historyOf } from "./history.ts";
import type { MaterializeSlice } from "./materialize-slice.ts";
import type { MaterializeTarget } from "./materialize-target.ts";
import type { FlowSettings } from "./runtime.ts";
import type { FeatureCoverage } from "./served.ts";

/** Which event and created times a run reads, and what it may claim afterwards. */
export interface Span {
  /** Event times read; null = from the beginning. */
  readonly fromUs: number | null;
  readonly toUs: number;
  /** Also rows created since then, whatever their event time; null = the interval only. */
  readonly createdFromUs: number | null;
  /** What the view covers when the run is done. */
  readonly covered: FeatureCoverage;
  /**
   * Whether, when it is done, every row of the covered span has been read that was there when it began. Only then the cursor on created
   * time may follow: a run over a part of the span would carry it past late rows of the other parts.
   */
  readonly readsAll: boolean;
}

/** What is asked of a run. */
export interface SpanRequest {
  readonly mode: "interval" | "incremental";
  readonly startUs: number | null;
  /** Not after the ingest clock. */
  readonly endUs: number;
}

/** Chooses what one run reads of a view's history. */
export function chooseSpan(settings: FlowSettings, target: MaterializeTarget, request: SpanRequest, extent: SourceDescription): Span {
  const earlier = commonCoverage(target);
  return request.mode === "incremental" && earlier !== null
    ? incrementalSpan(settings, target, request.endUs, earlier)
    : intervalSpan(target, request, extent, earlier);
}

function incrementalSpan(settings: FlowSettings, target: MaterializeTarget, endUs: number, earlier: FeatureCoverage): Span {
  const { source } = target.model;
  const cursorUs = target.cursorCreatedUs;
  // Log rows always have a created time, batch rows where the source declares one; others can be late unnoticed.
  const allCreated = source.createdTime !== null || (source.type === "push" && source.batch === null);
  const someCreated = allCreated || source.type === "push";
  const toUs = Math.max(endUs, earlier.toUs);
  return {
    fromUs: earlier.toUs - (allCreated && cursorUs !== null ? 0 : settings.lookbackUs),
    toUs,
    createdFromUs: someCreated && cursorUs !== null ? cursorUs - settings.createdOverlapUs : null,
    covered: { fromUs: earlier.fromUs, toUs },
    readsAll: true,
  };
}

/** A first incremental run reads all of history: what ttl hides at its end may be visible at an earlier t. */
function intervalSpan(target: MaterializeTarget, request: SpanRequest, extent: SourceDescription, earlier: FeatureCoverage | null): Span {
  let startUs = request.mode === "interval" ? request.startUs : null;
  let toUs = request.endUs;
  if (startUs !== null && startUs > toUs) refuseStart(startUs, toUs);
  for (const known of target.mustCover) {
    startUs = startUs === null || known.fromUs === null ? null : Math.min(startUs, known.fromUs);
    toUs = Math.max(toUs, known.toUs);
  }
  if (target.model.form === "windowed") toUs = wholeBlock(target, toUs, earlier);
  const fromStart = startUs === null || extent.minEventTimeUs === null || startUs <= extent.minEventTimeUs;
  const alignedUs = startUs === null || target.model.form === "plain" ? startUs : floorTo(startUs, blockOf(target));
  const covered = { fromUs: fromStart ? null : alignedUs, toUs };
  const readsAll = [...target.coverage.values()].every((known) => reachesOver(covered, known));
  return { fromUs: startUs, toUs, createdFromUs: null, covered, readsAll };
}

function refuseStart(startUs: number, endUs: number): never {
  throw new AsofError(
    "ASOF_TIME_INVALID",
    `The interval starts at ${formatInstant(startUs)}, which is later than the clock, ${formatInstant(endUs)}.`,
    {
      path: "start",
      value: startUs,
      fix: "Give a start that has come already.",
    },
  );
}

/** An end inside a block that reaches farther already: the block is rebuilt as far as it went, so that nothing is taken from it. */
function wholeBlock(target: MaterializeTarget, toUs: number, earlier: FeatureCoverage | null): number {
  if (earlier === null || earlier.toUs <= toUs) return toUs;
  const blockUs = blockOf(target);
  return Math.min(earlier.toUs, floorTo(toUs, blockUs) + blockUs - 1);
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
  const fromUs = a.fromUs === null ? b.fromUs : b.fromUs === null ? a.fromUs : Math.max(a.fromUs, b.fromUs);
  return { fromUs, toUs: Math.min(a.toUs, b.toUs) };
}

function reachesOver(span: FeatureCoverage, known: FeatureCoverage): boolean {
  const startsBefore = span.fromUs === null || (known.fromUs !== null && span.fromUs <= known.fromUs);
  return startsBefore && span.toUs >= known.toUs;
}

/** A span as the two sides of the view's history, each over the interval in which its rows count. Sides that have none are left out. */
export function slicesOf(
  project: string,
  target: MaterializeTarget,
  span: Span,
  handoverUs: number | null,
): Omit<MaterializeSlice, "partition" | "pulledAtUs" | "erasures"> {
  const history = historyOf(project, target.model.source, handoverUs);
  const histories: MaterializeSlice["histories"][number][] = [];
  if (history.batch !== null) {
    const toUs = history.log === null || handoverUs === null ? span.toUs : Math.min(span.toUs, handoverUs - 1);
    histories.push({ layer: "batch", history: { ...history, log: null }, fromUs: span.fromUs, toUs });
  }
  if (history.log !== null && (history.batch === null || handoverUs !== null)) {
    const fromUs = history.batch === null || handoverUs === null ? span.fromUs : Math.max(span.fromUs ?? handoverUs, handoverUs);
    histories.push({ layer: "live", history: { ...history, batch: null }, fromUs, toUs: span.toUs });
  }
  // Late rows may lie before an interval that is empty.
  const isEmpty = (side: MaterializeSlice["histories"][number]): boolean => side.fromUs !== null && side.fromUs > side.toUs;
  return { histories: histories.filter((side) => span.createdFromUs !== null || !isEmpty(side)), createdFromUs: span.createdFromUs };
}
