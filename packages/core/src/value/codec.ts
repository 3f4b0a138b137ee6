import { asBuffer, ByteWriter } from "./bytes.ts";
import { tooShort } from "./codec-forms.ts";
import { appendPacked, type PackedLayout, packedLayout, slotReader } from "./packed-layout.ts";
import { compileNumberColumns, isSelectedInLoops, type WantedColumn } from "./select-numbers.ts";
import type { Value, ValueType } from "./type.ts";

/**
 * The packed form of a row of values:
 *
 *     null bitmap    one bit per column, set = null; ⌈n/8⌉ bytes, column i is bit i mod 8 of byte ⌊i/8⌋
 *     slots          one per column at a fixed place: the value itself where its size is fixed (zeros for null), else the
 *                    end of its bytes in the tail, as uint32 from the tail's start
 *     tail           text, bytes and nested values one after the other
 *
 * so that one column is read without looking at the others. Numbers are little-endian. A list or set is a uint32 count, a null bitmap
 * and its elements, those without a fixed size preceded by their uint32 length. A map is the list of its keys and then that of its
 * values; a struct is a row of its fields in this very form; a vector is its float32 numbers; json is its text.
 */
export interface RowCodec {
  /** Packs a row, after `headerBytes` (default 0) zero bytes that the caller fills. −0 is stored as 0. */
  encode(values: readonly Value[], headerBytes?: number): Uint8Array;
  /** Reads all columns of a row that begins at `offset` (default 0). Bytes that are too short are ASOF_STORE_FAILED. */
  decode(bytes: Uint8Array, offset?: number): Value[];
  /** A decoder of these columns only, in this order; −1 gives undefined (a column that the row's schema lacks). */
  select(indexes: readonly number[]): (bytes: Uint8Array, offset?: number) => (Value | undefined)[];
  /** Length of the packed row at `offset`. */
  encodedLength(bytes: Uint8Array, offset?: number): number;
}

/** Makes the codec of rows of these types. Compile once, use for many rows; not shared between threads. */
export function compileRowCodec(types: readonly ValueType[]): RowCodec {
  const layout = packedLayout(types);
  const writer = new ByteWriter();
  const everything = compileSelect(
    layout,
    types.map((_, i) => i),
  );
  return {
    encode: (values, headerBytes = 0) => encodeRow(layout, writer, values, headerBytes),
    decode: (bytes, offset) => everything(bytes, offset).map((value) => value ?? null),
    select: (indexes) => compileSelect(layout, indexes),
    encodedLength: (bytes, offset = 0) => {
      const buffer = checkedBuffer(bytes, offset + layout.tailAt);
      return layout.tailAt + (layout.lastEndAt < 0 ? 0 : buffer.readUInt32LE(offset + layout.lastEndAt));
    },
  };
}

function encodeRow(layout: PackedLayout, writer: ByteWriter, values: readonly Value[], headerBytes: number): Uint8Array {
  writer.reset();
  writer.reserve(headerBytes);
  writer.buffer.fill(0, 0, headerBytes);
  appendPacked(layout, writer, (i) => values[i] ?? null);
  return writer.take();
}

function compileSelect(layout: PackedLayout, indexes: readonly number[]): (bytes: Uint8Array, offset?: number) => (Value | undefined)[] {
  const wanted = indexes.map((index, to) => ({ index, to, slot: layout.slots[index] }));
  const numbers = wanted.flatMap(({ index, to, slot }): WantedColumn[] =>
    slot !== undefined && isSelectedInLoops(slot.type) ? [{ index, to, slotAt: slot.at, type: slot.type }] : [],
  );
  const readNumbers = compileNumberColumns(numbers, Math.ceil(layout.slots.length / 8));
  const others = wanted
    .filter(({ slot }) => slot === undefined || !isSelectedInLoops(slot.type))
    .map(({ index, to }) => ({ to, read: slotReader(layout, index) }));
  return (bytes, offset = 0) => {
    if (bytes.length < offset + layout.tailAt) throw tooShort(bytes.length, offset + layout.tailAt);
    const values: (Value | undefined)[] = new Array(indexes.length);
    if (numbers.length > 0) readNumbers(bytes, offset, values);
    if (others.length === 0) return values;
    const buffer = asBuffer(bytes);
    for (const { to, read } of others) values[to] = read(buffer, offset, buffer.length);
    return values;
  };
}

function checkedBuffer(bytes: Uint8Array, needed: number): Buffer {
  if (bytes.length < needed) throw tooShort(bytes.length, needed);
  return asBuffer(bytes);
}
