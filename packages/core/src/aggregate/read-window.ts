import { AsofError, sentenceOf } from "../error/error.ts";
import type { Value } from "../value/type.ts";
import { overlapsAny } from "./interval.ts";
import { foldInto } from "./raw-event.ts";
import { type Segment, segmentStartUs, statesOf, tilesPerSegment } from "./segment.ts";
import { type Series, type Slot, tailOf, type WindowFeature, type WindowLayout } from "./window-layout.ts";
import { type KeyState, type Layer, type LayerSeries, loaded } from "./window-state.ts";

/** From which event time on the view's history is in its states; null = from the beginning. */
export interface Coverage {
  readonly fromUs: number | null;
}

/** Values of the features asked for, in their order. */
export interface WindowRead {
  /** `undefined`: the feature was added later and is not filled in yet. */
  readonly values: (Value | undefined)[];
  /** Whether the value may differ from the fold of the window's events. */
  readonly incomplete: boolean[];
  /** Newest event before t, of whatever age; null = none. Where only a tile's extent is known, its oldest event. */
  readonly eventTimeUs: number | null;
}

/** Reads features at t. */
export function readWindow(
  features: readonly WindowFeature[],
  layout: WindowLayout,
  state: KeyState | null,
  tUs: number,
  coverage: Coverage,
): WindowRead {
  const values: (Value | undefined)[] = new Array(features.length);
  const incomplete: boolean[] = new Array(features.length);
  features.forEach((feature, i) => {
    const tailUs = tailOf(feature, tUs);
    const isCovered = coverage.fromUs === null || tailUs >= coverage.fromUs;
    if (state === null) {
      values[i] = finishFeature(feature, feature.algebra.init());
      incomplete[i] = !isCovered;
    } else {
      const folded = foldFeature(layout, state, feature, tailUs, tUs);
      values[i] = folded?.value;
      incomplete[i] = !isCovered || folded?.isExact === false;
    }
  });
  return { values, incomplete, eventTimeUs: state === null ? null : newestBefore(state, tUs) };
}

/** Null where the feature's tiles lack events of the span. */
function foldFeature(layout: WindowLayout, state: KeyState, feature: WindowFeature, tailUs: number, tUs: number) {
  const series = layout.series[feature.series];
  const slot = series?.slots[feature.slot];
  if (series === undefined || slot === undefined) return null;
  const fold = { accumulated: slot.algebra.init(), isExact: tailUs >= (state.droppedBeforeUs[feature.series] ?? tailUs) };
  for (const layer of [state.batch, state.live]) {
    const gap = layer.gaps[feature.series]?.[feature.slot];
    if (gap !== undefined && gap.intervals.length > 0 && overlapsAny(gap.intervals, tailUs, tUs)) return null;
    foldTiles(fold, layer.series[feature.series], series, slot, feature.slot, tailUs, tUs);
    foldHead(fold, layer, feature, slot, tailUs, tUs);
  }
  return { value: finishFeature(feature, fold.accumulated), isExact: fold.isExact };
}

/** An aggregate knows no names; whoever asked for thirty features needs to know which of them has no value. */
function finishFeature(feature: WindowFeature, accumulated: unknown): Value {
  try {
    return feature.algebra.finalize(accumulated);
  } catch (error) {
    if (!(error instanceof AsofError) || error.path !== undefined) throw error;
    const details = { path: feature.name, value: error.value, cause: error, ...(error.fix === undefined ? {} : { fix: error.fix }) };
    throw new AsofError(error.code, `Feature "${feature.name}": ${sentenceOf(error)}`, details);
  }
}

interface Fold {
  accumulated: unknown;
  isExact: boolean;
}

function foldTiles(
  fold: Fold,
  layerSeries: LayerSeries | undefined,
  series: Series,
  slot: Slot,
  slotIndex: number,
  tailUs: number,
  tUs: number,
): void {
  if (layerSeries === undefined) return;
  const spanUs = series.hopUs * tilesPerSegment;
  for (const lazy of layerSeries.segments) {
    const startUs = segmentStartUs(series, lazy.index);
    if (startUs >= tUs) break;
    if (startUs + spanUs > tailUs) foldSegment(fold, slot, slotIndex, loaded(lazy), tailUs, tUs);
  }
  if (layerSeries.open !== null) foldSegment(fold, slot, slotIndex, layerSeries.open, tailUs, tUs);
}

/**
 * Merges the tiles that start in [tail, t). Windows begin with a tile, so only the one that contains t can lie across the cut; it is
 * merged whole where it holds events on both sides: an INCOMPLETE value knows some events too many, none too few.
 */
function foldSegment(fold: Fold, slot: Slot, slotIndex: number, segment: Segment, tailUs: number, tUs: number): void {
  const { tiles } = segment;
  let states: unknown[] | null = null;
  for (let i = 0; i < tiles.length; i++) {
    const tile = tiles[i];
    if (tile === undefined || tile.startUs < tailUs || tile.minUs >= tUs) continue;
    if (tile.maxUs >= tUs) fold.isExact = false;
    states ??= statesOf(segment, slot, slotIndex);
    fold.accumulated = slot.algebra.merge(fold.accumulated, states[i]);
  }
}

function foldHead(fold: Fold, layer: Layer, feature: WindowFeature, slot: Slot, tailUs: number, tUs: number): void {
  const { instant } = layer;
  if (instant !== null && tailUs <= instant.timeUs && instant.timeUs < tUs) {
    const segment = instant.segments[feature.series];
    const [state] = segment === undefined ? [] : statesOf(segment, slot, feature.slot);
    if (state !== undefined) fold.accumulated = slot.algebra.merge(fold.accumulated, state);
  }
  for (const event of layer.head) {
    if (event.eventTimeUs >= tUs) break;
    if (event.eventTimeUs >= tailUs) fold.accumulated = foldInto(slot, fold.accumulated, event);
  }
}

function newestBefore(state: KeyState, tUs: number): number | null {
  let newestUs = Number.NEGATIVE_INFINITY;
  for (const layer of [state.batch, state.live]) newestUs = Math.max(newestUs, newestInLayer(layer, tUs));
  return newestUs === Number.NEGATIVE_INFINITY ? null : newestUs;
}

function newestInLayer(layer: Layer, tUs: number): number {
  if (layer.newestUs === null) return Number.NEGATIVE_INFINITY;
  if (layer.newestUs < tUs) return layer.newestUs;
  const inHead = layer.head.findLast((event) => event.eventTimeUs < tUs);
  if (inHead !== undefined) return inHead.eventTimeUs;
  // Each series holds every folded event, except what has expired, so the one that goes back longest tells most.
  return Math.max(...layer.series.map((series) => newestInTiles(series, tUs)));
}

function newestInTiles({ segments, open }: LayerSeries, tUs: number): number {
  const openUs = open === null ? Number.NEGATIVE_INFINITY : newestInSegment(open, tUs);
  if (openUs > Number.NEGATIVE_INFINITY) return openUs;
  for (let i = segments.length - 1; i >= 0; i--) {
    const lazy = segments[i];
    const newestUs = lazy === undefined ? Number.NEGATIVE_INFINITY : newestInSegment(loaded(lazy), tUs);
    if (newestUs > Number.NEGATIVE_INFINITY) return newestUs;
  }
  return Number.NEGATIVE_INFINITY;
}

function newestInSegment(segment: Segment, tUs: number): number {
  const tile = segment.tiles.findLast((candidate) => candidate.minUs < tUs);
  return tile === undefined ? Number.NEGATIVE_INFINITY : tile.maxUs < tUs ? tile.maxUs : tile.minUs;
}
