import { floorTo } from "../value/time.ts";
import { addIds } from "./event-ids.ts";
import { containsInstant, type Interval } from "./interval.ts";
import type { RawEvent } from "./raw-event.ts";
import {
  emptySegment,
  foldIntoSegment,
  mergeSegments,
  removeTiles,
  type Segment,
  segmentIndexOf,
  segmentStartUs,
  tilesPerSegment,
} from "./segment.ts";
import { slotsWithout } from "./slot-gaps.ts";
import type { Series, WindowLayout } from "./window-layout.ts";
import { headMax, type KeyState, type Layer, type LayerSeries, type LazySegment, loaded } from "./window-state.ts";

/**
 * Adds events, in any order, to a layer: the newest stay raw in the head, the others are folded into one tile of every series.
 * Which of equally old events stay raw does not change what is read.
 */
export function absorbEvents(layout: WindowLayout, state: KeyState, layer: Layer, events: readonly RawEvent[]): void {
  if (events.length === 0) return;
  const newestUs = events.reduce((newest, event) => Math.max(newest, event.eventTimeUs), layer.newestUs ?? Number.NEGATIVE_INFINITY);
  if (newestUs !== layer.newestUs) releaseInstant(layout, state, layer);
  layer.newestUs = newestUs;
  const all = [...layer.head, ...events].sort((a, b) => a.eventTimeUs - b.eventTimeUs);
  const separableFromUs = newestUs - layout.separableUs;
  let first = Math.max(0, all.length - headMax);
  while (first < all.length && (all[first]?.eventTimeUs ?? newestUs) < separableFromUs) first++;
  layer.head = all.slice(first);
  foldOut(layout, state, layer, all.slice(0, first));
}

/** Moves events out of the head into tiles, their ids to the ids of folded events. */
function foldOut(layout: WindowLayout, state: KeyState, layer: Layer, events: readonly RawEvent[]): void {
  for (const event of events) {
    if (event.eventTimeUs === layer.newestUs) foldIntoInstant(layout, layer, event);
    else for (const [s, series] of layout.series.entries()) foldIntoTile(state, layer, series, s, event);
  }
  if (layer.name === "batch") return;
  const ids = events.flatMap(({ id, eventTimeUs, generation }) => (id === null ? [] : [{ id, eventTimeUs, generation }]));
  for (const chunk of addIds(state.ids, ids)) state.dirtyChunks.add(chunk);
}

function foldIntoTile(state: KeyState, layer: Layer, series: Series, index: number, event: RawEvent): void {
  const startUs = floorTo(event.eventTimeUs, series.hopUs);
  const layerSeries = layer.series[index];
  if (layerSeries === undefined || startUs < (state.droppedBeforeUs[index] ?? Number.NEGATIVE_INFINITY)) return;
  const segment = segmentForTile(series, layerSeries, startUs, layer.name === "live");
  foldIntoSegment(series, segment, event, slotsWithout(layer.gaps[index] ?? [], event));
}

function foldIntoInstant(layout: WindowLayout, layer: Layer, event: RawEvent): void {
  layer.instant ??= {
    timeUs: event.eventTimeUs,
    segments: layout.series.map((series) => emptySegment(series, segmentIndexOf(series, event.eventTimeUs))),
  };
  layer.instant.segments.forEach((segment, s) => {
    const series = layout.series[s];
    if (series !== undefined) foldIntoSegment(series, segment, event, slotsWithout(layer.gaps[s] ?? [], event));
  });
}

/** Once a newer event is there, no read has to tell the former newest instant from the rest of its tile. */
function releaseInstant(layout: WindowLayout, state: KeyState, layer: Layer): void {
  const { instant } = layer;
  layer.instant = null;
  instant?.segments.forEach((from, s) => {
    const series = layout.series[s];
    const layerSeries = layer.series[s];
    const startUs = from.tiles[0]?.startUs;
    if (
      series === undefined ||
      layerSeries === undefined ||
      startUs === undefined ||
      startUs < (state.droppedBeforeUs[s] ?? Number.NEGATIVE_INFINITY)
    )
      return;
    mergeSegments(series, segmentForTile(series, layerSeries, startUs, layer.name === "live"), from);
  });
}

/** The segment that holds, or is to hold, the tile that starts there. It counts as changed. */
export function segmentForTile(series: Series, layerSeries: LayerSeries, startUs: number, usesOpen: boolean): Segment {
  const index = segmentIndexOf(series, startUs);
  if (!usesOpen) return changedSegment(series, layerSeries, index);
  const { open } = layerSeries;
  const openStartUs = open?.tiles[0]?.startUs ?? Number.NEGATIVE_INFINITY;
  if (open !== null && openStartUs === startUs) return open;
  if (startUs < openStartUs) return changedSegment(series, layerSeries, index);
  if (open !== null) mergeSegments(series, changedSegment(series, layerSeries, open.index), open);
  layerSeries.open = emptySegment(series, index);
  return layerSeries.open;
}

function changedSegment(series: Series, layerSeries: LayerSeries, index: number): Segment {
  const { segments } = layerSeries;
  let at = segments.length;
  while (at > 0 && (segments[at - 1]?.index ?? index) > index) at--;
  const known = segments[at - 1];
  if (known?.index === index) {
    known.isDirty = true;
    return loaded(known);
  }
  const segment = emptySegment(series, index);
  segments.splice(at, 0, { index, segment, load: null, isDirty: true });
  return segment;
}

/** Removes the events of whole blocks, raw and folded. The newest event time is found anew. */
export function removeEvents(layout: WindowLayout, layer: Layer, intervals: readonly Interval[]): void {
  if (intervals.length === 0) return;
  const isInside = (us: number): boolean => containsInstant(intervals, us);
  layer.head = layer.head.filter((event) => !isInside(event.eventTimeUs));
  if (layer.instant !== null && isInside(layer.instant.timeUs)) layer.instant = null;
  layout.series.forEach((series, s) => {
    const layerSeries = layer.series[s];
    if (layerSeries === undefined) return;
    if (layerSeries.open !== null && isInside(layerSeries.open.tiles[0]?.startUs ?? 0)) layerSeries.open = null;
    const kept = layerSeries.segments.filter((lazy) => keepsTiles(series, lazy, intervals));
    layerSeries.segments.splice(0, layerSeries.segments.length, ...kept);
  });
  if (layer.newestUs !== null && isInside(layer.newestUs)) layer.newestUs = findNewest(layer);
}

/** Removes tiles from a segment; false where none is left. Segments that lie inside wholly are not even decoded. */
function keepsTiles(series: Series, lazy: LazySegment, intervals: readonly Interval[]): boolean {
  const fromUs = segmentStartUs(series, lazy.index);
  const toUs = fromUs + tilesPerSegment * series.hopUs;
  if (intervals.some((interval) => interval.fromUs <= fromUs && toUs <= interval.toUs)) return false;
  if (!intervals.some((interval) => interval.fromUs < toUs && fromUs < interval.toUs)) return true;
  const segment = loaded(lazy);
  if (removeTiles(series, segment, intervals)) lazy.isDirty = true;
  return segment.tiles.length > 0;
}

/** Every folded event is in a tile of each series, so the last tiles tell. */
function findNewest(layer: Layer): number | null {
  let newestUs = Math.max(layer.head.at(-1)?.eventTimeUs ?? Number.NEGATIVE_INFINITY, layer.instant?.timeUs ?? Number.NEGATIVE_INFINITY);
  for (const { segments, open } of layer.series) {
    const last = segments.at(-1);
    if (last !== undefined) newestUs = Math.max(newestUs, loaded(last).tiles.at(-1)?.maxUs ?? newestUs);
    newestUs = Math.max(newestUs, open?.tiles[0]?.maxUs ?? newestUs);
  }
  return newestUs === Number.NEGATIVE_INFINITY ? null : newestUs;
}
