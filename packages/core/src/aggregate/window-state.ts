import type { BatchOrigin } from "./batch-origin.ts";
import { type EventIds, emptyIds } from "./event-ids.ts";
import type { RawEvent } from "./raw-event.ts";
import type { Segment } from "./segment.ts";
import { noGap, type SlotGap } from "./slot-gaps.ts";
import type { WindowLayout } from "./window-layout.ts";

/** A segment that is decoded when it is first looked at, and written again only where it changed. */
export interface LazySegment {
  readonly index: number;
  segment: Segment | null;
  readonly load: (() => Segment) | null;
  isDirty: boolean;
}

/** Tiles of one series in one layer. */
export interface LayerSeries {
  /** In order of their index. */
  readonly segments: LazySegment[];
  /**
   * Live layer only: the tile with the greatest start, kept in the head part, so that events that leave the head one by one do not
   * rewrite a segment each. It enters its segment when the next hop begins.
   */
  open: Segment | null;
}

/** Folded events that happened at the very newest instant, so that a read at that instant can leave them out. */
export interface NewestInstant {
  readonly timeUs: number;
  /** One tile per series. */
  readonly segments: readonly Segment[];
}

/** Events of one origin under one key: each is either raw in the head, or folded into one tile of every series. */
export interface Layer {
  readonly name: "batch" | "live";
  newestUs: number | null;
  readonly series: readonly LayerSeries[];
  /** Raw events in order of event time: all with `eventTimeUs ≥ newest − separableUs`, at most {@link headMax}. */
  head: RawEvent[];
  instant: NewestInstant | null;
  /** By series and slot. */
  readonly gaps: SlotGap[][];
}

/**
 * State of a windowed view under one key. Made by `decodeState`, `addLive` and `replaceBatch`; opaque outside this folder. It is
 * changed in place: whoever passes one on gives it up.
 */
export interface KeyState {
  /** Events of the batch table: rebuilt by materialization. */
  readonly batch: Layer;
  /** Pushed and streamed events: only ever added to. */
  readonly live: Layer;
  readonly ids: EventIds;
  /** Chunks of ids that differ from what is stored. */
  readonly dirtyChunks: Set<number>;
  /** Per series: tiles that start before it were dropped; −Infinity = none. */
  readonly droppedBeforeUs: number[];
  /** Live events before it belong to the batch layer and are refused; −Infinity = none. */
  liveFromUs: number;
  /** The key was erased: events up to it, of either layer, are refused for ever; −Infinity = never. */
  erasedToUs: number;
  /** What the batch layer was built from. */
  origins: readonly BatchOrigin[];
  /** Whether everything stored is to go: the key was erased just now. */
  isEmptied: boolean;
  /** Counts the layouts that this state had. */
  generation: number;
  /** Whether every part has to be written, because the stored ones have another layout. */
  isForeign: boolean;
}

/** Raw events a layer keeps at most per key: bounds the head part (about 30 B an event) and what a read folds one by one. */
export const headMax = 1024;

export function emptyState(layout: WindowLayout): KeyState {
  return {
    batch: emptyLayer(layout, "batch"),
    live: emptyLayer(layout, "live"),
    ids: emptyIds(),
    dirtyChunks: new Set(),
    droppedBeforeUs: layout.series.map(() => Number.NEGATIVE_INFINITY),
    liveFromUs: Number.NEGATIVE_INFINITY,
    erasedToUs: Number.NEGATIVE_INFINITY,
    origins: [],
    isEmptied: false,
    generation: 0,
    isForeign: false,
  };
}

function emptyLayer(layout: WindowLayout, name: Layer["name"]): Layer {
  return {
    name,
    newestUs: null,
    series: layout.series.map(() => ({ segments: [], open: null })),
    head: [],
    instant: null,
    gaps: layout.series.map(({ slots }) => slots.map(() => noGap)),
  };
}

/** The decoded segment. */
export function loaded(lazy: LazySegment): Segment {
  lazy.segment ??= lazy.load?.() ?? null;
  if (lazy.segment === null) throw new Error("assertion failed: a segment is there or can be loaded");
  return lazy.segment;
}

/** Newest event of the key in either layer; null = none. */
export function newestOf(state: KeyState): number | null {
  const { newestUs: batch } = state.batch;
  const { newestUs: live } = state.live;
  return batch === null || live === null ? (batch ?? live) : Math.max(batch, live);
}
