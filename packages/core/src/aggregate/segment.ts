import type { ByteWriter } from "../value/bytes.ts";
import { floorTo } from "../value/time.ts";
import { type Cursor, readBytes, readUnsigned, writeUnsigned } from "./compact-bytes.ts";
import { containsInstant, type Interval } from "./interval.ts";
import { foldInto, type RawEvent } from "./raw-event.ts";
import type { Series, Slot } from "./window-layout.ts";

/** Tiles of one series that are stored together. An event outside the head rewrites one segment per series. */
export const tilesPerSegment = 32;

/** One hop's events of a key: their extent; the partial states lie in the segment's columns. */
export interface Tile {
  readonly startUs: number;
  /** Least and greatest event time folded in. */
  minUs: number;
  maxUs: number;
}

/** Partial states of one slot, one per tile. Decoded when first asked for, since a read wants few of them. */
interface Column {
  states: unknown[] | null;
  readonly bytes: Buffer | null;
}

/** Up to 32 neighbouring tiles of one series; hops without events have none. */
export interface Segment {
  /** Tile start = (index · 32 + n) · hop. */
  readonly index: number;
  /** In order of time. */
  readonly tiles: Tile[];
  /** One per slot of the series. */
  readonly columns: readonly Column[];
}

export function segmentIndexOf(series: Series, us: number): number {
  return Math.floor(us / (series.hopUs * tilesPerSegment));
}

export function segmentStartUs(series: Series, index: number): number {
  return index * tilesPerSegment * series.hopUs;
}

export function emptySegment(series: Series, index: number): Segment {
  return { index, tiles: [], columns: series.slots.map(() => ({ states: [], bytes: null })) };
}

/** States of a slot, in the order of the tiles. */
export function statesOf(segment: Segment, slot: Slot, slotIndex: number): unknown[] {
  const column = segment.columns[slotIndex];
  if (column === undefined) return [];
  column.states ??= decodeColumn(segment.tiles.length, slot, column.bytes);
  return column.states;
}

function decodeColumn(count: number, slot: Slot, bytes: Buffer | null): unknown[] {
  const states: unknown[] = new Array(count);
  const cursor: Cursor = { at: 0 };
  for (let i = 0; i < count; i++) states[i] = bytes === null ? slot.algebra.init() : slot.algebra.read(bytes, cursor);
  return states;
}

/** Folds an event into its tile. `skips` tells slots that must not take it. */
export function foldIntoSegment(series: Series, segment: Segment, event: RawEvent, skips: ((slot: number) => boolean) | null): void {
  const at = tileFor(series, segment, floorTo(event.eventTimeUs, series.hopUs), event.eventTimeUs, event.eventTimeUs);
  series.slots.forEach((slot, i) => {
    if (skips?.(i) === true) return;
    const states = statesOf(segment, slot, i);
    states[at] = foldInto(slot, states[at], event);
  });
}

/** Merges all tiles of `from` into `into`. */
export function mergeSegments(series: Series, into: Segment, from: Segment): void {
  from.tiles.forEach((tile, i) => {
    const at = tileFor(series, into, tile.startUs, tile.minUs, tile.maxUs);
    series.slots.forEach((slot, s) => {
      const states = statesOf(into, slot, s);
      states[at] = slot.algebra.merge(states[at], statesOf(from, slot, s)[i]);
    });
  });
}

/** Place of the tile that starts there, made where it is missing and extended to hold the span. */
function tileFor(series: Series, segment: Segment, startUs: number, minUs: number, maxUs: number): number {
  const { tiles } = segment;
  let at = tiles.length;
  while (at > 0 && (tiles[at - 1]?.startUs ?? startUs) > startUs) at--;
  const tile = tiles[at - 1];
  if (tile?.startUs === startUs) {
    tile.minUs = Math.min(tile.minUs, minUs);
    tile.maxUs = Math.max(tile.maxUs, maxUs);
    return at - 1;
  }
  for (const [i, slot] of series.slots.entries()) statesOf(segment, slot, i).splice(at, 0, slot.algebra.init());
  tiles.splice(at, 0, { startUs, minUs, maxUs });
  return at;
}

/** Removes the tiles that start inside the intervals. Says whether there were any. */
export function removeTiles(series: Series, segment: Segment, intervals: readonly Interval[]): boolean {
  const keep = segment.tiles.map((tile) => !containsInstant(intervals, tile.startUs));
  if (keep.every(Boolean)) return false;
  series.slots.forEach((slot, i) => {
    const states = statesOf(segment, slot, i);
    states.splice(0, states.length, ...states.filter((_, at) => keep[at]));
  });
  segment.tiles.splice(0, segment.tiles.length, ...segment.tiles.filter((_, at) => keep[at]));
  return true;
}

/**
 * The stored form: a bit per tile that is there (32, little-endian), for each of them the least event time from the tile's start and
 * the greatest from the least, then the length of each slot's column and the columns. So one slot is read without the others.
 */
export function writeSegment(writer: ByteWriter, scratch: ByteWriter, series: Series, segment: Segment): void {
  const firstUs = segmentStartUs(series, segment.index);
  let mask = 0;
  for (const tile of segment.tiles) mask |= 1 << Math.round((tile.startUs - firstUs) / series.hopUs);
  const at = writer.reserve(4);
  writer.buffer.writeUInt32LE(mask >>> 0, at);
  for (const tile of segment.tiles) {
    writeUnsigned(writer, tile.minUs - tile.startUs);
    writeUnsigned(writer, tile.maxUs - tile.minUs);
  }
  scratch.reset();
  series.slots.forEach((slot, i) => {
    const before = scratch.length;
    for (const state of statesOf(segment, slot, i)) slot.algebra.write(scratch, state);
    writeUnsigned(writer, scratch.length - before);
  });
  writer.writeBytes(scratch.buffer.subarray(0, scratch.length));
}

/**
 * Reads a segment. `columnOf` gives the stored column of each slot of the series, −1 where the stored layout lacks it; its states are
 * then those of no events, and the caller knows from when on they are not to be believed.
 */
export function readSegment(
  buffer: Buffer,
  cursor: Cursor,
  series: Series,
  index: number,
  stored: { readonly columnCount: number; readonly columnOf: readonly number[] },
): Segment {
  const mask = readBytes(buffer, cursor, 4).readUInt32LE(0);
  const firstUs = segmentStartUs(series, index);
  const tiles: Tile[] = [];
  for (let n = 0; n < tilesPerSegment; n++) {
    if ((mask & (1 << n)) === 0) continue;
    const startUs = firstUs + n * series.hopUs;
    const minUs = startUs + readUnsigned(buffer, cursor);
    tiles.push({ startUs, minUs, maxUs: minUs + readUnsigned(buffer, cursor) });
  }
  const lengths = Array.from({ length: stored.columnCount }, () => readUnsigned(buffer, cursor));
  const columns = lengths.map((length) => readBytes(buffer, cursor, length));
  return { index, tiles, columns: stored.columnOf.map((at) => ({ states: null, bytes: columns[at] ?? null })) };
}
