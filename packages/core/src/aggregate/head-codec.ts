import { ByteWriter } from "../value/bytes.ts";
import type { Value } from "../value/type.ts";
import type { BatchOrigin } from "./batch-origin.ts";
import {
  type Cursor,
  readByte,
  readBytes,
  readNullable,
  readNumber,
  readOptional,
  readSized,
  readUnsigned,
  skipValue,
  writeInteger,
  writeNullable,
  writeOptional,
  writeSized,
  writeUnsigned,
} from "./compact-bytes.ts";
import { idBytes } from "./event-ids.ts";
import type { RawEvent } from "./raw-event.ts";
import { readSegment, type Segment, segmentIndexOf, writeSegment } from "./segment.ts";
import { noGap, type SlotGap } from "./slot-gaps.ts";
import { type LayoutMapping, readList } from "./stored-layout.ts";
import type { Series, WindowLayout } from "./window-layout.ts";
import type { KeyState, Layer, NewestInstant } from "./window-state.ts";

/** Writes what follows the layout in the head part: bookkeeping, the raw events and open tiles of both layers, pending ids. */
export function writeHead(writer: ByteWriter, layout: WindowLayout, state: KeyState): void {
  writeUnsigned(writer, state.generation);
  for (const droppedBeforeUs of state.droppedBeforeUs) writeTime(writer, droppedBeforeUs);
  writeTime(writer, state.liveFromUs);
  writeUnsigned(writer, state.origins.length);
  for (const origin of state.origins) {
    writeTime(writer, origin.fromUs);
    writeInteger(writer, origin.toUs);
    writeOptional(writer, origin.batchEndUs);
    writeInteger(writer, origin.pulledAtUs);
  }
  writeLayer(writer, layout, state.batch);
  writeLayer(writer, layout, state.live);
  writeUnsigned(writer, state.ids.pending.length);
  for (const { id, eventTimeUs, generation } of state.ids.pending) {
    writer.writeBytes(Buffer.from(id, "latin1"));
    writeInteger(writer, eventTimeUs);
    writeUnsigned(writer, generation);
  }
}

/** Reads what {@link writeHead} wrote into an empty state of the present layout. */
export function readHead(buffer: Buffer, cursor: Cursor, layout: WindowLayout, mapping: LayoutMapping, state: KeyState): void {
  state.generation = readUnsigned(buffer, cursor);
  const dropped = mapping.stored.series.map(() => readTime(buffer, cursor));
  mapping.series.forEach((stored, s) => {
    state.droppedBeforeUs[s] = dropped[stored] ?? Number.NEGATIVE_INFINITY;
  });
  state.liveFromUs = readTime(buffer, cursor);
  state.origins = readList(buffer, cursor, (): BatchOrigin => {
    const fromUs = readTime(buffer, cursor);
    const toUs = readNumber(buffer, cursor);
    const batchEndUs = readOptional(buffer, cursor);
    return { fromUs, toUs, batchEndUs, pulledAtUs: readNumber(buffer, cursor) };
  });
  readLayer(buffer, cursor, layout, mapping, state.batch);
  readLayer(buffer, cursor, layout, mapping, state.live);
  state.ids.pending = readList(buffer, cursor, () => {
    const id = readBytes(buffer, cursor, idBytes).toString("latin1");
    const eventTimeUs = readNumber(buffer, cursor);
    return { id, eventTimeUs, generation: readUnsigned(buffer, cursor) };
  });
}

/** −Infinity stands for "from the beginning" and "never". */
function writeTime(writer: ByteWriter, us: number): void {
  writeOptional(writer, us === Number.NEGATIVE_INFINITY ? null : us);
}

function readTime(buffer: Buffer, cursor: Cursor): number {
  return readOptional(buffer, cursor) ?? Number.NEGATIVE_INFINITY;
}

function writeLayer(writer: ByteWriter, layout: WindowLayout, layer: Layer): void {
  writeOptional(writer, layer.newestUs);
  writeGaps(writer, layer.gaps);
  writeOptional(writer, layer.instant?.timeUs ?? null);
  layout.series.forEach((series, s) => {
    const instant = layer.instant?.segments[s];
    if (instant !== undefined) writeInner(writer, series, instant);
  });
  if (layer.name === "live") {
    for (const [s, series] of layout.series.entries()) writeOpen(writer, series, layer.series[s]?.open ?? null);
  }
  writeUnsigned(writer, layer.head.length);
  let beforeUs = 0;
  for (const event of layer.head) {
    writeInteger(writer, event.eventTimeUs - beforeUs);
    beforeUs = event.eventTimeUs;
    writeEvent(writer, layout, layer, event);
  }
}

function readLayer(buffer: Buffer, cursor: Cursor, layout: WindowLayout, mapping: LayoutMapping, layer: Layer): void {
  layer.newestUs = readOptional(buffer, cursor);
  readGaps(buffer, cursor, mapping, layer);
  const instantUs = readOptional(buffer, cursor);
  if (instantUs !== null) layer.instant = readInstant(buffer, cursor, layout, mapping, instantUs);
  if (layer.name === "live") readOpen(buffer, cursor, layout, mapping, layer);
  const readEvent = eventReader(layout, mapping, layer);
  let beforeUs = 0;
  layer.head = readList(buffer, cursor, () => {
    beforeUs += readNumber(buffer, cursor);
    return readEvent(buffer, cursor, beforeUs);
  });
}

function writeGaps(writer: ByteWriter, gaps: readonly (readonly SlotGap[])[]): void {
  const open = gaps.flatMap((slots, series) =>
    slots.map((gap, slot) => ({ series, slot, gap })).filter(({ gap }) => gap.intervals.length > 0),
  );
  writeUnsigned(writer, open.length);
  for (const { series, slot, gap } of open) {
    writeUnsigned(writer, series);
    writeUnsigned(writer, slot);
    writeUnsigned(writer, gap.since);
    writeUnsigned(writer, gap.intervals.length);
    for (const { fromUs, toUs } of gap.intervals) {
      writeTime(writer, fromUs);
      writeInteger(writer, toUs);
    }
  }
}

function readGaps(buffer: Buffer, cursor: Cursor, mapping: LayoutMapping, layer: Layer): void {
  for (let rest = readUnsigned(buffer, cursor); rest > 0; rest--) {
    const storedSeries = readUnsigned(buffer, cursor);
    const storedSlot = readUnsigned(buffer, cursor);
    const series = mapping.series.indexOf(storedSeries);
    const slot = mapping.columns[series]?.indexOf(storedSlot) ?? -1;
    const since = readUnsigned(buffer, cursor);
    const intervals = readList(buffer, cursor, () => {
      const fromUs = readTime(buffer, cursor);
      return { fromUs, toUs: readNumber(buffer, cursor) };
    });
    const slots = layer.gaps[series];
    if (slots?.[slot] !== undefined) slots[slot] = intervals.length === 0 ? noGap : { intervals, since };
  }
}

/** A segment inside the head part is preceded by its length, so that one of a series that is gone can be skipped. */
function writeInner(writer: ByteWriter, series: Series, segment: Segment): void {
  const inner = new ByteWriter();
  writeSegment(inner, new ByteWriter(), series, segment);
  writeSized(writer, inner.buffer.subarray(0, inner.length));
}

function readInner(bytes: Buffer, layout: WindowLayout, mapping: LayoutMapping, s: number, index: number): Segment | null {
  const series = layout.series[s];
  if (series === undefined) return null;
  const columnCount = mapping.stored.series[mapping.series[s] ?? -1]?.slots.length ?? 0;
  return readSegment(bytes, { at: 0 }, series, index, { columnCount, columnOf: mapping.columns[s] ?? [] });
}

/** A series that is new lies in a gap from before the instant, so an empty tile is as good as any. */
function readInstant(buffer: Buffer, cursor: Cursor, layout: WindowLayout, mapping: LayoutMapping, timeUs: number): NewestInstant {
  const stored = mapping.stored.series.map(() => readSized(buffer, cursor));
  const segments = layout.series.map((series, s): Segment => {
    const bytes = stored[mapping.series[s] ?? -1];
    const index = segmentIndexOf(series, timeUs);
    const known = bytes === undefined ? null : readInner(bytes, layout, mapping, s, index);
    return known ?? { index, tiles: [], columns: series.slots.map(() => ({ states: [], bytes: null })) };
  });
  return { timeUs, segments };
}

function writeOpen(writer: ByteWriter, series: Series, open: Segment | null): void {
  writeOptional(writer, open?.index ?? null);
  if (open !== null) writeInner(writer, series, open);
}

function readOpen(buffer: Buffer, cursor: Cursor, layout: WindowLayout, mapping: LayoutMapping, layer: Layer): void {
  mapping.stored.series.forEach((_, stored) => {
    const index = readOptional(buffer, cursor);
    if (index === null) return;
    const bytes = readSized(buffer, cursor);
    const s = mapping.series.indexOf(stored);
    const layerSeries = layer.series[s];
    if (layerSeries !== undefined) layerSeries.open = readInner(bytes, layout, mapping, s, index);
  });
}

/** Ids are kept of live events only: batch rows are replaced as a whole. */
function writeEvent(writer: ByteWriter, layout: WindowLayout, layer: Layer, event: RawEvent): void {
  writeUnsigned(writer, event.generation);
  if (layer.name === "live") {
    writer.writeByte(event.id === null ? 0 : 1);
    if (event.id !== null) writer.writeBytes(Buffer.from(event.id, "latin1"));
  }
  if (layout.orderColumns.length > 0) {
    writeOptional(writer, event.createdTimeUs);
    writeSized(writer, event.orderKey);
  }
  for (let at = 0; at < event.passes.length; at += 8) {
    writer.writeByte(event.passes.slice(at, at + 8).reduce((bits, passes, bit) => bits | (passes ? 1 << bit : 0), 0));
  }
  for (const [i, { form }] of layout.arguments.entries()) writeNullable(writer, form, event.inputs[i] ?? null);
}

const noOrderKey = new Uint8Array();

function eventReader(layout: WindowLayout, mapping: LayoutMapping, layer: Layer) {
  const { stored } = mapping;
  const hasId = layer.name === "live";
  return (buffer: Buffer, cursor: Cursor, eventTimeUs: number): RawEvent => {
    const generation = readUnsigned(buffer, cursor);
    const id = hasId && readByte(buffer, cursor) === 1 ? readBytes(buffer, cursor, idBytes).toString("latin1") : null;
    const createdTimeUs = stored.hasOrder ? readOptional(buffer, cursor) : null;
    const orderKey = stored.hasOrder ? readSized(buffer, cursor) : noOrderKey;
    const passes: boolean[] = new Array(layout.filters.length).fill(false);
    let bits = 0;
    mapping.filters.forEach((filter, i) => {
      if (i % 8 === 0) bits = readByte(buffer, cursor);
      if (filter >= 0) passes[filter] = (bits & (1 << (i % 8))) !== 0;
    });
    const inputs: Value[] = new Array(layout.arguments.length).fill(null);
    for (let i = 0; i < stored.arguments.length; i++) {
      const at = mapping.arguments[i] ?? -1;
      const argument = layout.arguments[at];
      if (argument !== undefined) inputs[at] = readNullable(buffer, cursor, argument.form);
      else if (readByte(buffer, cursor) !== 0) skipValue(buffer, cursor, stored.arguments[i]?.code ?? []);
    }
    return { eventTimeUs, createdTimeUs, orderKey, id, passes, inputs, generation };
  };
}
