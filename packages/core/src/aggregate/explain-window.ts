import type { Value } from "../value/type.ts";
import { overlapsAny } from "./interval.ts";
import type { RawEvent } from "./raw-event.ts";
import { type Coverage, readWindow } from "./read-window.ts";
import { type Segment, statesOf } from "./segment.ts";
import { type Series, type Slot, tailOf, type WindowFeature, type WindowLayout } from "./window-layout.ts";
import { type KeyState, type Layer, loaded } from "./window-state.ts";

/** A tile of which a value is made. */
export interface ExplainedTile {
  readonly layer: "batch" | "live";
  readonly startUs: number;
  readonly endUs: number;
  /** Least and greatest event time in it, of any event of the key, also of such that the feature's `where` refuses. */
  readonly minEventUs: number;
  readonly maxEventUs: number;
  /** Whether events at or after t are in it, so that the value counts some too many. */
  readonly isCut: boolean;
  /** The feature's value of this tile alone; null also where it is an error. */
  readonly value: Value;
}

/** A raw event of which a value is made. */
export interface ExplainedEvent {
  readonly layer: "batch" | "live";
  readonly eventTimeUs: number;
  /** Known only in views with a feature that depends on the row order. */
  readonly createdTimeUs: number | null;
  /** Whether the feature's `where` takes it. */
  readonly isTaken: boolean;
  /** The argument; null for count, and where the event is not taken. */
  readonly value: Value;
}

/** How a value came about. */
export interface WindowExplanation {
  readonly feature: string;
  readonly tUs: number;
  /** Start of the span; null = lifetime. */
  readonly tailUs: number | null;
  readonly windowUs: number | null;
  readonly hopUs: number;
  readonly value: Value | undefined;
  readonly isIncomplete: boolean;
  /**
   * Why the value is incomplete or undefined: `coverage` (the view's history begins later), `dropped` (tiles expired), `cut` (a tile
   * holds events on both sides of t), `gap` (the feature was added later).
   */
  readonly reasons: readonly ("coverage" | "dropped" | "cut" | "gap")[];
  readonly tiles: readonly ExplainedTile[];
  readonly events: readonly ExplainedEvent[];
}

/** Lists what a read of one feature at t folds. */
export function explainWindow(
  layout: WindowLayout,
  state: KeyState | null,
  feature: WindowFeature,
  tUs: number,
  coverage: Coverage,
): WindowExplanation {
  const tailUs = tailOf(feature, tUs);
  const { values, incomplete } = readWindow([feature], layout, state, tUs, coverage);
  const tiles = state === null ? [] : [state.batch, state.live].flatMap((layer) => explainTiles(layout, layer, feature, tailUs, tUs));
  const events = state === null ? [] : [state.batch, state.live].flatMap((layer) => explainHead(layout, layer, feature, tailUs, tUs));
  const reasons = {
    coverage: coverage.fromUs !== null && tailUs < coverage.fromUs,
    dropped: state !== null && tailUs < (state.droppedBeforeUs[feature.series] ?? tailUs),
    cut: tiles.some((tile) => tile.isCut),
    gap: state !== null && [state.batch, state.live].some((layer) => hasGap(layer, feature, tailUs, tUs)),
  };
  return {
    ...{ feature: feature.name, tUs, windowUs: feature.windowUs, hopUs: feature.hopUs },
    tailUs: feature.windowUs === null ? null : tailUs,
    value: values[0],
    isIncomplete: incomplete[0] === true,
    reasons: (["coverage", "dropped", "cut", "gap"] as const).filter((reason) => reasons[reason]),
    ...{ tiles, events },
  };
}

function hasGap(layer: Layer, feature: WindowFeature, tailUs: number, tUs: number): boolean {
  return overlapsAny(layer.gaps[feature.series]?.[feature.slot]?.intervals ?? [], tailUs, tUs);
}

function explainTiles(layout: WindowLayout, layer: Layer, feature: WindowFeature, tailUs: number, tUs: number): ExplainedTile[] {
  const series = layout.series[feature.series];
  const slot = series?.slots[feature.slot];
  const layerSeries = layer.series[feature.series];
  if (series === undefined || slot === undefined || layerSeries === undefined) return [];
  const segments = [...layerSeries.segments.map(loaded), ...(layerSeries.open === null ? [] : [layerSeries.open])];
  const tiles = segments.flatMap((segment) => explainSegment(layer.name, series, slot, feature, segment));
  const inside = tiles.filter((tile) => tile.startUs >= tailUs && tile.minEventUs < tUs);
  return inside.map((tile) => ({ ...tile, isCut: tile.maxEventUs >= tUs }));
}

function explainSegment(layer: Layer["name"], series: Series, slot: Slot, feature: WindowFeature, segment: Segment): ExplainedTile[] {
  const states = statesOf(segment, slot, feature.slot);
  return segment.tiles.map((tile, i) => ({
    ...{ layer, startUs: tile.startUs, endUs: tile.startUs + series.hopUs, minEventUs: tile.minUs, maxEventUs: tile.maxUs },
    isCut: false,
    value: valueOrNull(feature, states[i]),
  }));
}

function valueOrNull(feature: WindowFeature, state: unknown): Value {
  try {
    return feature.algebra.finalize(state);
  } catch {
    return null;
  }
}

/** The newest instant is one entry, whose value is that of its events together. */
function explainHead(layout: WindowLayout, layer: Layer, feature: WindowFeature, tailUs: number, tUs: number): ExplainedEvent[] {
  const slot = layout.series[feature.series]?.slots[feature.slot];
  if (slot === undefined) return [];
  const isInside = (us: number): boolean => tailUs <= us && us < tUs;
  const instant = layer.instant !== null && isInside(layer.instant.timeUs) ? [explainInstant(layer, feature, slot)].flat() : [];
  return [...layer.head.filter((event) => isInside(event.eventTimeUs)).map((event) => explainEvent(layer, slot, event)), ...instant];
}

function explainInstant(layer: Layer, feature: WindowFeature, slot: Slot): ExplainedEvent[] {
  const segment = layer.instant?.segments[feature.series];
  if (layer.instant === null || segment === undefined) return [];
  const [state] = statesOf(segment, slot, feature.slot);
  return [{ layer: layer.name, eventTimeUs: layer.instant.timeUs, createdTimeUs: null, isTaken: true, value: valueOrNull(feature, state) }];
}

function explainEvent(layer: Layer, slot: Slot, event: RawEvent): ExplainedEvent {
  const isTaken = slot.filter < 0 || event.passes[slot.filter] === true;
  const value = isTaken ? (event.inputs[slot.argument] ?? null) : null;
  return { layer: layer.name, eventTimeUs: event.eventTimeUs, createdTimeUs: event.createdTimeUs, isTaken, value };
}
