import { AsofError, assert } from "../error/error.ts";
import type { StatePart, StoredState } from "../store/online.ts";
import { unknownSchema } from "../store/stored-schema.ts";
import { asBuffer, ByteWriter, compareBytes } from "../value/bytes.ts";
import { readBytes, readNumber, readSized, readUnsigned, writeInteger, writeSized, writeUnsigned } from "./compact-bytes.ts";
import type { IdChunk } from "./event-ids.ts";
import { readHead, writeHead } from "./head-codec.ts";
import { readSegment, writeSegment } from "./segment.ts";
import { type LayoutMapping, mapLayout, readLayout, writeLayout } from "./stored-layout.ts";
import type { WindowLayout } from "./window-layout.ts";
import { emptyState, type KeyState, type Layer, type LazySegment, loaded } from "./window-state.ts";

/** Raised with every change of the stored form. Version N reads N − 1; there is none before 1. */
const formatVersion = 1;

const headPart: StatePart = "h";
const erasedPart: StatePart = "x";

/** Beginning of the names of parts that hold event ids: values are read without them, writers need them. */
export const eventIdParts = "i:";

/** Whether a stored state has nothing but the mark of its erasure. */
export function isEmptied({ parts }: StoredState): boolean {
  return [...parts.keys()].every((part) => part === erasedPart);
}

/** What a write of a state changes. */
export interface StateChange {
  readonly set: ReadonlyMap<StatePart, Uint8Array>;
  readonly remove: readonly StatePart[];
}

/** Between a view's states and bytes. */
export interface StateCodec {
  decode(stored: StoredState | null): KeyState | null;
  /** Runs what decodes parts of a state on the way: damage that only shows then gets the same error. */
  guard<T>(run: () => T): T;
  encode(previous: StoredState | null, state: KeyState): StateChange;
}

/**
 * Parts: `h` (format version, schema, layout, head), `b<hop>:<n>` and `l<hop>:<n>` (segment n of the batch and live tiles; `L` instead
 * of a hop for lifetime), `i:<n>` (event ids), `x` (up to when the key was erased). `schemas` are the fingerprints that stored states may have.
 */
export function compileStateCodec(layout: WindowLayout, schema: string, schemas: { has(fingerprint: string): boolean }): StateCodec {
  const own = layoutBytes(layout);
  const ownMapping = mapLayout(layout, readLayout(own), true);
  const mappingOf = (bytes: Buffer): LayoutMapping =>
    compareBytes(bytes, own) === 0 ? ownMapping : mapLayout(layout, readLayout(bytes), false);

  function readState(parts: ReadonlyMap<StatePart, Uint8Array>, head: Buffer): KeyState {
    const cursor = { at: 1 };
    const fingerprint = readBytes(head, cursor, 8).toString("hex");
    if (fingerprint !== schema && !schemas.has(fingerprint))
      throw unknownSchema(
        layout.view,
        fingerprint,
        `A state of view "${layout.view}" was written with the schema ${fingerprint}, which is not known here.`,
      );
    const mapping = mappingOf(readSized(head, cursor));
    const state = emptyState(layout);
    readHead(head, cursor, layout, mapping, state);
    readParts(parts, layout, mapping, state);
    readErased(parts, state);
    if (!mapping.isOwn) adoptLayout(mapping, state);
    return state;
  }

  function guard<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw error instanceof RangeError ? damaged(layout, error) : error;
    }
  }

  return {
    guard,
    decode(stored) {
      if (stored === null || stored.parts.size === 0) return null;
      const head = stored.parts.get(headPart);
      if (head === undefined && stored.parts.size === 1 && stored.parts.has(erasedPart)) {
        return guard(() => readErased(stored.parts, emptyState(layout)));
      }
      if (head === undefined || head.length === 0) throw damaged(layout);
      const version = head[0] ?? 0;
      if (version > formatVersion) throw newerFormat(layout, version);
      return guard(() => readState(stored.parts, asBuffer(head)));
    },
    encode(previous, state) {
      assert(previous?.isPartial !== true, "a state is written from all of its parts");
      const before = previous?.parts ?? new Map<StatePart, Uint8Array>();
      const isFirst = before.size === 0 || (before.size === 1 && before.has(erasedPart));
      const { changed, kept } = writeParts(layout, state);
      if (!isBlank(state) || !(isFirst || state.isEmptied)) changed.set(headPart, writeHeadPart(layout, schema, own, state));
      const set = new Map([...changed].filter(([part, bytes]) => !isStored(before, part, bytes)));
      const remove = [...before.keys()].filter((part) => !changed.has(part) && !kept.has(part));
      return { set, remove };
    },
  };
}

function layoutBytes(layout: WindowLayout): Buffer {
  const writer = new ByteWriter();
  writeLayout(writer, layout);
  return asBuffer(writer.take());
}

function isStored(parts: ReadonlyMap<StatePart, Uint8Array>, part: StatePart, bytes: Uint8Array): boolean {
  const stored = parts.get(part);
  return stored !== undefined && compareBytes(stored, bytes) === 0;
}

function readErased(parts: ReadonlyMap<StatePart, Uint8Array>, state: KeyState): KeyState {
  const bytes = parts.get(erasedPart);
  if (bytes !== undefined) state.erasedToUs = readNumber(asBuffer(bytes), { at: 0 });
  return state;
}

/** A state without events and without a past says no more than no state. */
function isBlank(state: KeyState): boolean {
  return (
    state.batch.newestUs === null && state.live.newestUs === null && state.droppedBeforeUs.every((us) => us === Number.NEGATIVE_INFINITY)
  );
}

function writeHeadPart(layout: WindowLayout, schema: string, own: Buffer, state: KeyState): Uint8Array {
  const writer = new ByteWriter(1024);
  writer.writeByte(formatVersion);
  writer.writeBytes(Buffer.from(schema, "hex"));
  writeSized(writer, own);
  writeHead(writer, layout, state);
  return writer.take();
}

/** The parts besides the head: bytes of those that may have changed, names of those that did not. */
function writeParts(layout: WindowLayout, state: KeyState): { changed: Map<StatePart, Uint8Array>; kept: Set<StatePart> } {
  const changed = new Map<StatePart, Uint8Array>();
  const kept = new Set<StatePart>();
  const writer = new ByteWriter();
  const scratch = new ByteWriter();
  for (const [name, lazy, s] of segmentsOf(layout, state)) {
    const series = layout.series[s];
    if (series === undefined || !(lazy.isDirty || state.isForeign)) kept.add(name);
    else {
      writer.reset();
      writeSegment(writer, scratch, series, loaded(lazy));
      changed.set(name, writer.take());
    }
  }
  if (state.erasedToUs > Number.NEGATIVE_INFINITY) {
    writer.reset();
    writeInteger(writer, state.erasedToUs);
    changed.set(erasedPart, writer.take());
  }
  for (const [number, chunk] of state.ids.chunks) {
    if (state.dirtyChunks.has(number)) changed.set(`${eventIdParts}${number}`, writeChunk(writer, chunk));
    else kept.add(`${eventIdParts}${number}`);
  }
  return { changed, kept };
}

function* segmentsOf(layout: WindowLayout, state: KeyState): Generator<readonly [StatePart, LazySegment, number]> {
  for (const layer of [state.batch, state.live]) {
    for (const [s, { segments }] of layer.series.entries()) {
      for (const lazy of segments) yield [`${layer.name.charAt(0)}${layout.series[s]?.name}:${lazy.index}`, lazy, s];
    }
  }
}

function writeChunk(writer: ByteWriter, chunk: IdChunk): Uint8Array {
  writer.reset();
  writeUnsigned(writer, chunk.generation);
  writeInteger(writer, chunk.maxEventUs);
  writer.writeBytes(chunk.ids);
  return writer.take();
}

function readChunk(bytes: Uint8Array): IdChunk {
  const buffer = asBuffer(bytes);
  const cursor = { at: 0 };
  const generation = readUnsigned(buffer, cursor);
  const maxEventUs = readNumber(buffer, cursor);
  return { generation, maxEventUs, ids: buffer.subarray(cursor.at) };
}

/** Registers the segments, undecoded, and the chunks of ids. */
function readParts(parts: ReadonlyMap<StatePart, Uint8Array>, layout: WindowLayout, mapping: LayoutMapping, state: KeyState): void {
  for (const [part, bytes] of parts) {
    if (part === headPart || part === erasedPart) continue;
    const colon = part.lastIndexOf(":");
    const number = Number(part.slice(colon + 1));
    if (part.startsWith(eventIdParts)) {
      state.ids.chunks.set(number, readChunk(bytes));
      continue;
    }
    const layer: Layer = part.startsWith("b") ? state.batch : state.live;
    const name = part.slice(1, colon);
    const s = layout.series.findIndex((series) => series.name === name);
    const series = layout.series[s];
    if (series === undefined) continue;
    const columnCount = mapping.stored.series[mapping.series[s] ?? -1]?.slots.length ?? 0;
    const stored = { columnCount, columnOf: mapping.columns[s] ?? [] };
    const load = () => readSegment(asBuffer(bytes), { at: 0 }, series, number, stored);
    layer.series[s]?.segments.push({ index: number, segment: null, load, isDirty: false });
  }
  for (const layer of [state.batch, state.live]) {
    for (const { segments } of layer.series) segments.sort((a, b) => a.index - b.index);
  }
}

/** Slots that the stored layout lacks miss everything that was folded under it, until someone fills the gap. */
function adoptLayout(mapping: LayoutMapping, state: KeyState): void {
  state.generation += 1;
  state.isForeign = true;
  for (const layer of [state.batch, state.live]) {
    const { newestUs } = layer;
    if (newestUs === null) continue;
    const gap = { intervals: [{ fromUs: Number.NEGATIVE_INFINITY, toUs: newestUs + 1 }], since: state.generation };
    layer.gaps.forEach((slots, s) => {
      slots.forEach((_, slot) => {
        if ((mapping.columns[s]?.[slot] ?? -1) < 0) slots[slot] = gap;
      });
    });
  }
}

function newerFormat(layout: WindowLayout, version: number): AsofError {
  return new AsofError(
    "ASOF_STORE_VERSION",
    `A state of view "${layout.view}" has format ${version}; this version of asof reads up to ${formatVersion}.`,
    {
      path: layout.view,
      fix: "Update asof.",
    },
  );
}

function damaged(layout: WindowLayout, cause?: unknown): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `A stored state of view "${layout.view}" is damaged.`, {
    path: layout.view,
    cause,
    fix: "Materialize the view again.",
  });
}
