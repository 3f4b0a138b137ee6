import { AsofError, assert } from "../error/error.ts";
import { asBuffer, compareBytes, dataViewOf, writeInt64 } from "../value/bytes.ts";
import { compileRowCodec, type RowCodec } from "../value/codec.ts";
import { compileOrderKey, orderColumns } from "../value/order.ts";
import type { Value } from "../value/type.ts";
import type { OnlineRow, OnlineTombstone, OnlineView, RowSchema, StoredRow } from "./online.ts";
import { storedSchema } from "./stored-schema.ts";

/**
 * The packed form of an online row, the same in every store that has a layout of its own:
 *
 *     schema fingerprint   8 bytes
 *     event time           int64 little-endian, microseconds
 *     created time         the same; the least int64 = null
 *     values               the row codec of the schema with that fingerprint
 *
 * The order key is not stored: it follows from the values and decides only between rows of equal times, where it is made again.
 * A tombstone has eight bytes ff for the fingerprint and no values.
 */
const eventTimeAt = 8;
const createdTimeAt = 16;
const valuesAt = 24;

const tombstoneFingerprint = "ffffffffffffffff";
const tombstoneBytes = Buffer.from(tombstoneFingerprint, "hex");

/** High half of the least int64, which no instant has. */
const nullHigh = -0x8000_0000;

/** Packs rows of a view and decides between a new row and a stored one. */
export interface RowPacker {
  pack(row: OnlineRow): Uint8Array;
  /**
   * Whether a row, packed as `packed`, replaces the stored one that begins at `offset`: it is greater in the row order, or equal and the
   * stored one lacks a feature that was added since. `orderKey` is read only when both times are equal.
   */
  replaces(row: OnlineRow, packed: Uint8Array, stored: Uint8Array, offset: number): boolean;
}

/** Unpacks a row that begins at an offset; null for a tombstone. Bytes values are copies; nothing of the result refers to the input. */
export type RowReader = (bytes: Uint8Array, offset: number) => StoredRow | null;

/** The packed form of a tombstone. */
export function packTombstone({ eventTimeUs, createdTimeUs }: OnlineTombstone): Uint8Array {
  const packed = Buffer.alloc(valuesAt);
  packed.set(tombstoneBytes, 0);
  writeTimes(packed, eventTimeUs, createdTimeUs);
  return packed;
}

/** Whether what is stored at an offset is a tombstone. */
export function isTombstone(stored: Uint8Array, offset: number): boolean {
  return stored.length >= offset + valuesAt && compareBytes(stored.subarray(offset, offset + 8), tombstoneBytes) === 0;
}

/**
 * Whether a tombstone is written over what is stored at an offset: over every row, with `keepLater` over those of times that are not
 * greater, and over a tombstone of lower times.
 */
export function entombs(tombstone: OnlineTombstone, stored: Uint8Array, offset: number, keepLater: boolean): boolean {
  const { eventTimeUs, createdTimeUs } = tombstone;
  if (!isTombstone(stored, offset)) return !keepLater || !isAfter(stored, offset, tombstone);
  const view = dataViewOf(stored);
  const storedUs = readTime(view, offset + eventTimeAt);
  return eventTimeUs === storedUs ? isLater(createdTimeUs, readCreatedTime(view, offset)) : eventTimeUs > storedUs;
}

/** Whether the times stored at an offset are greater than the tombstone's. */
function isAfter(stored: Uint8Array, offset: number, { eventTimeUs, createdTimeUs }: OnlineTombstone): boolean {
  const view = dataViewOf(stored);
  const storedUs = readTime(view, offset + eventTimeAt);
  return storedUs === eventTimeUs ? isLater(readCreatedTime(view, offset), createdTimeUs) : storedUs > eventTimeUs;
}

/** Null is lowest. */
function isLater(us: number | null, thanUs: number | null): boolean {
  return us !== null && (thanUs === null || us > thanUs);
}

function writeTimes(packed: Buffer, eventTimeUs: number, createdTimeUs: number | null): void {
  writeInt64(packed, eventTimeAt, eventTimeUs);
  if (createdTimeUs === null) packed.writeInt32LE(nullHigh, createdTimeAt + 4);
  else writeInt64(packed, createdTimeAt, createdTimeUs);
}

const packers = new WeakMap<OnlineView, RowPacker>();

/** The packer of a view's current schema; compiled once per view object. */
export function rowPacker(view: OnlineView): RowPacker {
  const known = packers.get(view);
  if (known !== undefined) return known;
  const packer = compileRowPacker(view);
  packers.set(view, packer);
  return packer;
}

function compileRowPacker(online: OnlineView): RowPacker {
  const schema = online.schema;
  const fingerprint = fingerprintBytes(schema);
  const codec = codecOf(schema);
  let decideTie: TieDecision | null = null;
  return {
    pack: (row) => {
      assert(row.values.length === schema.features.length, `a row of ${online.view} has ${row.values.length} values`);
      const packed = asBuffer(codec.encode(row.values, valuesAt));
      packed.set(fingerprint, 0);
      writeTimes(packed, row.eventTimeUs, row.createdTimeUs);
      return packed;
    },
    replaces: (row, packed, stored, offset) => {
      const view = dataViewOf(stored);
      const eventTimeUs = readTime(view, offset + eventTimeAt);
      if (row.eventTimeUs !== eventTimeUs) return row.eventTimeUs > eventTimeUs;
      const createdTimeUs = readCreatedTime(view, offset);
      if (row.createdTimeUs !== createdTimeUs) return isLater(row.createdTimeUs, createdTimeUs);
      const buffer = asBuffer(stored);
      if (isTombstone(buffer, offset)) return false;
      if (compareBytes(packed, buffer.subarray(offset, stored.length)) === 0) return false;
      decideTie ??= compileTieDecision(online);
      return decideTie(row, buffer, offset);
    },
  };
}

/** Whether a row replaces the stored one of equal times that begins at an offset. */
type TieDecision = (row: OnlineRow, stored: Buffer, offset: number) => boolean;

/** The rest of the row order, by the columns of the current schema; a column that the stored row lacks counts as null. */
function compileTieDecision(online: OnlineView): TieDecision {
  const columns = orderColumns(online.schema.features);
  const names = columns.map((column) => column.name);
  const encode = compileOrderKey(columns.map((column) => column.type));
  return (row, stored, offset) => {
    const values = rowReader(online, names)(stored, offset)?.values ?? [];
    const storedKey = encode(values.map((value) => value ?? null));
    const order = compareBytes(row.orderKey, storedKey);
    if (order !== 0) return order > 0;
    const storedSchema = schemaAt(online, stored, offset);
    if (storedSchema.fingerprint === online.schema.fingerprint) return false;
    return online.schema.features.some((feature) => !storedSchema.features.some((other) => other.name === feature.name));
  };
}

const readers = new WeakMap<OnlineView, WeakMap<readonly string[], RowReader>>();

/**
 * A reader of these features of a view. Compiled once per (view object, array of names): callers that keep both, as a request plan
 * does, pay two look-ups per call.
 */
export function rowReader(view: OnlineView, features: readonly string[]): RowReader {
  let ofView = readers.get(view);
  if (ofView === undefined) {
    ofView = new WeakMap();
    readers.set(view, ofView);
  }
  let reader = ofView.get(features);
  if (reader === undefined) {
    reader = compileRowReader(view, features);
    ofView.set(features, reader);
  }
  return reader;
}

/** Decodes the values of rows with one fingerprint, which it holds as two uint32. */
interface SchemaDecoder {
  readonly low: number;
  readonly high: number;
  readonly decode: (bytes: Uint8Array, offset?: number) => (Value | undefined)[];
}

function compileRowReader(online: OnlineView, features: readonly string[]): RowReader {
  const names = [...features];
  const decoders: SchemaDecoder[] = [schemaDecoder(online.schema, names)];
  let latest = decoders[0];
  return (bytes, offset) => {
    if (bytes.length < offset + valuesAt) throw damaged(online, bytes.length);
    const view = dataViewOf(bytes);
    const low = view.getUint32(offset, true);
    const high = view.getUint32(offset + 4, true);
    if (latest === undefined || latest.low !== low || latest.high !== high) {
      latest = decoders.find((decoder) => decoder.low === low && decoder.high === high);
      if (latest === undefined) {
        if (isTombstone(bytes, offset)) return null;
        latest = schemaDecoder(schemaAt(online, asBuffer(bytes), offset), names);
        decoders.push(latest);
      }
    }
    return {
      eventTimeUs: readTime(view, offset + eventTimeAt),
      createdTimeUs: readCreatedTime(view, offset),
      values: latest.decode(bytes, offset + valuesAt),
    };
  };
}

function schemaDecoder(schema: RowSchema, features: readonly string[]): SchemaDecoder {
  const fingerprint = fingerprintBytes(schema);
  const indexes = features.map((name) => schema.features.findIndex((feature) => feature.name === name));
  return {
    low: fingerprint.readUInt32LE(0),
    high: fingerprint.readUInt32LE(4),
    decode: codecOf(schema).select(indexes),
  };
}

/** The schema that the row at an offset was written with. */
function schemaAt(view: OnlineView, buffer: Buffer, offset: number): RowSchema {
  return storedSchema(view, buffer.toString("hex", offset, offset + 8));
}

function damaged(view: OnlineView, length: number): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `A stored row of ${view.project}/${view.view} has only ${length} bytes: it is damaged.`, {
    path: `${view.project}/${view.view}`,
    fix: "Materialize the view again.",
  });
}

function readTime(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

function readCreatedTime(view: DataView, offset: number): number | null {
  const at = offset + createdTimeAt;
  return view.getInt32(at + 4, true) === nullHigh ? null : readTime(view, at);
}

const codecs = new WeakMap<RowSchema, RowCodec>();

function codecOf(schema: RowSchema): RowCodec {
  let codec = codecs.get(schema);
  if (codec === undefined) {
    codec = compileRowCodec(schema.features.map((feature) => feature.type));
    codecs.set(schema, codec);
  }
  return codec;
}

function fingerprintBytes(schema: RowSchema): Buffer {
  const bytes = Buffer.from(schema.fingerprint, "hex");
  assert(bytes.length === 8, `the fingerprint ${schema.fingerprint} is not 16 hexadecimal digits`);
  return bytes;
}
