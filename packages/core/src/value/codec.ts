import { AsofError } from "../error/error.ts";
import { asBuffer, ByteWriter, readInt64AsNumber, writeInt64 } from "./bytes.ts";
import { decimalToUnscaled, unscaledToDecimal } from "./decimal.ts";
import { compileNumberColumns, isSelectedInLoops, type WantedColumn } from "./select-numbers.ts";
import { formatUuid, toSafeNumber } from "./sortable.ts";
import { dateToDays, daysToDate } from "./time.ts";
import { printType, type Value, type ValueType } from "./type.ts";

/**
 * The packed form of a row of values:
 *
 *     null bitmap    one bit per column, set = null; ⌈n/8⌉ bytes, column i is bit i mod 8 of byte ⌊i/8⌋
 *     slots          one per column at a fixed place: the value itself where its size is fixed (zeros for null), else the
 *                    end of its bytes in the tail, as uint32 from the tail's start
 *     tail           text, bytes and lists one after the other
 *
 * so that one column is read without looking at the others. Numbers are little-endian. A list is a uint32 count, a null bitmap
 * and its elements, those without a fixed size preceded by their uint32 length.
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

/** How values of a type lie in a slot of fixed size. */
interface FixedForm {
  readonly size: number;
  write(buffer: Buffer, at: number, value: Value): void;
  read(buffer: Buffer, at: number): Value;
}

/** How values of a type lie in the tail. `read` gets exactly their bytes. */
interface VariableForm {
  write(writer: ByteWriter, value: Value): void;
  read(buffer: Buffer, start: number, end: number): Value;
}

interface Slot {
  readonly type: ValueType;
  readonly at: number;
  readonly fixed: FixedForm | null;
  readonly variable: VariableForm | null;
  /** Where the end of the variable column before this one is kept; −1 for the first. */
  readonly startAt: number;
}

interface Layout {
  readonly slots: readonly Slot[];
  readonly tailAt: number;
  /** Slot of the last variable column; −1 when there is none. */
  readonly lastEndAt: number;
}

/** Makes the codec of rows of these types. Compile once, use for many rows; not shared between threads. */
export function compileRowCodec(types: readonly ValueType[]): RowCodec {
  const layout = layoutOf(types);
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

function layoutOf(types: readonly ValueType[]): Layout {
  let at = Math.ceil(types.length / 8);
  let lastEndAt = -1;
  const slots = types.map((type): Slot => {
    const fixed = fixedForm(type);
    const slot = { type, at, fixed, variable: fixed === null ? variableForm(type) : null, startAt: lastEndAt };
    if (fixed === null) lastEndAt = at;
    at += fixed?.size ?? 4;
    return slot;
  });
  return { slots, tailAt: at, lastEndAt };
}

function encodeRow(layout: Layout, writer: ByteWriter, values: readonly Value[], headerBytes: number): Uint8Array {
  writer.reset();
  writer.reserve(headerBytes + layout.tailAt);
  writer.buffer.fill(0, 0, headerBytes + layout.tailAt);
  const tail = headerBytes + layout.tailAt;
  layout.slots.forEach((slot, i) => {
    const value = values[i] ?? null;
    if (value === null) setNull(writer.buffer, headerBytes, i);
    else if (slot.fixed !== null) slot.fixed.write(writer.buffer, headerBytes + slot.at, value);
    else slot.variable?.write(writer, value);
    if (slot.fixed === null) writer.buffer.writeUInt32LE(writer.length - tail, headerBytes + slot.at);
  });
  return writer.take();
}

function setNull(buffer: Buffer, bitmapAt: number, index: number): void {
  const at = bitmapAt + (index >> 3);
  buffer[at] = (buffer[at] ?? 0) | (1 << (index & 7));
}

function isNull(buffer: Buffer, bitmapAt: number, index: number): boolean {
  return ((buffer[bitmapAt + (index >> 3)] ?? 0) & (1 << (index & 7))) !== 0;
}

function compileSelect(layout: Layout, indexes: readonly number[]): (bytes: Uint8Array, offset?: number) => (Value | undefined)[] {
  const wanted = indexes.map((index, to) => ({ index, to, slot: layout.slots[index] }));
  const numbers = wanted.flatMap(({ index, to, slot }): WantedColumn[] =>
    slot !== undefined && isSelectedInLoops(slot.type) ? [{ index, to, slotAt: slot.at, type: slot.type }] : [],
  );
  const readNumbers = compileNumberColumns(numbers, Math.ceil(layout.slots.length / 8));
  const others = wanted
    .filter(({ slot }) => slot === undefined || !isSelectedInLoops(slot.type))
    .map(({ index, to }) => ({ to, read: slotReader(layout, index) }));
  return (bytes, offset = 0) => {
    const buffer = checkedBuffer(bytes, offset + layout.tailAt);
    const values: (Value | undefined)[] = new Array(indexes.length);
    if (numbers.length > 0) readNumbers(buffer, offset, values);
    for (const { to, read } of others) values[to] = read(buffer, offset);
    return values;
  };
}

function slotReader(layout: Layout, index: number): (buffer: Buffer, offset: number) => Value | undefined {
  const slot = layout.slots[index];
  if (slot === undefined) return () => undefined;
  const { at, fixed, variable, startAt } = slot;
  if (fixed !== null) return (buffer, offset) => (isNull(buffer, offset, index) ? null : fixed.read(buffer, offset + at));
  return (buffer, offset) => {
    if (variable === null || isNull(buffer, offset, index)) return null;
    const tail = offset + layout.tailAt;
    const start = startAt < 0 ? tail : tail + buffer.readUInt32LE(offset + startAt);
    const end = tail + buffer.readUInt32LE(offset + at);
    if (end < start || end > buffer.length) throw tooShort(buffer.length, end);
    return variable.read(buffer, start, end);
  };
}

function checkedBuffer(bytes: Uint8Array, needed: number): Buffer {
  if (bytes.length < needed) throw tooShort(bytes.length, needed);
  return asBuffer(bytes);
}

function tooShort(length: number, needed: number): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `A stored row has ${length} bytes, but its schema needs ${needed}: it is damaged.`, {
    fix: "Materialize the view again.",
  });
}

function fixedForm(type: ValueType): FixedForm | null {
  switch (type.kind) {
    case "bool":
      return {
        size: 1,
        write: (buffer, at, value) => buffer.writeUInt8(value === true ? 1 : 0, at),
        read: (buffer, at) => buffer[at] === 1,
      };
    case "int32":
      return {
        size: 4,
        write: (buffer, at, value) => buffer.writeInt32LE(Number(value), at),
        read: (buffer, at) => buffer.readInt32LE(at),
      };
    case "int64":
      return int64Form(type.as);
    // Instants are safe integers, which a double holds exactly and reads fastest.
    case "timestamp":
    case "float64":
      return {
        size: 8,
        write: (buffer, at, value) => buffer.writeDoubleLE(Number(value) + 0, at),
        read: (buffer, at) => buffer.readDoubleLE(at),
      };
    case "float32":
      return {
        size: 4,
        write: (buffer, at, value) => buffer.writeFloatLE(Number(value) + 0, at),
        read: (buffer, at) => buffer.readFloatLE(at),
      };
    case "date":
      return {
        size: 4,
        write: (buffer, at, value) => buffer.writeInt32LE(dateToDays(String(value)) ?? 0, at),
        read: (buffer, at) => daysToDate(buffer.readInt32LE(at)),
      };
    case "decimal":
      return decimalForm(type.scale);
    case "uuid":
      return {
        size: 16,
        write: (buffer, at, value) => buffer.write(String(value).replaceAll("-", ""), at, "hex"),
        read: (buffer, at) => formatUuid(buffer, at),
      };
    default:
      return null;
  }
}

function int64Form(as: "bigint" | "number"): FixedForm {
  return {
    size: 8,
    write: (buffer, at, value) => writeInt64(buffer, at, typeof value === "bigint" ? value : Number(value)),
    read:
      as === "bigint"
        ? (buffer, at) => buffer.readBigInt64LE(at)
        : (buffer, at) => {
            const value = readInt64AsNumber(buffer, at);
            return Number.isSafeInteger(value) ? value : toSafeNumber(buffer.readBigInt64LE(at));
          },
  };
}

function decimalForm(scale: number): FixedForm {
  return {
    size: 16,
    write: (buffer, at, value) => {
      const unscaled = decimalToUnscaled(String(value));
      buffer.writeBigUInt64LE(BigInt.asUintN(64, unscaled), at);
      buffer.writeBigInt64LE(BigInt.asIntN(64, unscaled >> 64n), at + 8);
    },
    read: (buffer, at) => unscaledToDecimal((buffer.readBigInt64LE(at + 8) << 64n) | buffer.readBigUInt64LE(at), scale),
  };
}

function variableForm(type: ValueType): VariableForm {
  switch (type.kind) {
    case "string":
      return {
        write: (writer, value) => void writer.writeText(String(value)),
        read: (buffer, start, end) => buffer.toString("utf8", start, end),
      };
    case "bytes":
      return {
        write: (writer, value) => {
          if (value instanceof Uint8Array) writer.writeBytes(value);
        },
        read: (buffer, start, end) => new Uint8Array(buffer.subarray(start, end)),
      };
    case "list":
      return listForm(type.of);
    default:
      throw new Error(`assertion failed: ${printType(type)} has a fixed size`);
  }
}

function listForm(of: ValueType): VariableForm {
  const fixed = fixedForm(of);
  const variable = fixed === null ? variableForm(of) : null;
  return {
    write: (writer, value) => {
      const elements: readonly Value[] = Array.isArray(value) ? value : [];
      const countAt = writer.reserve(4);
      writer.buffer.writeUInt32LE(elements.length, countAt);
      const bitmapBytes = Math.ceil(elements.length / 8);
      const bitmapAt = writer.reserve(bitmapBytes);
      writer.buffer.fill(0, bitmapAt, bitmapAt + bitmapBytes);
      elements.forEach((element, i) => {
        if (element === null) setNull(writer.buffer, bitmapAt, i);
        writeElement(writer, fixed, variable, element);
      });
    },
    read: (buffer, start, end) => {
      if (end - start < 4) throw tooShort(end - start, 4);
      const count = buffer.readUInt32LE(start);
      const bitmapAt = start + 4;
      let at = bitmapAt + Math.ceil(count / 8);
      if (at + count * (fixed?.size ?? 4) > end) throw tooShort(end, at + count * (fixed?.size ?? 4));
      const elements: Value[] = new Array(count);
      for (let i = 0; i < count; i++) {
        const next = at + (fixed?.size ?? 4 + buffer.readUInt32LE(at));
        if (next > end) throw tooShort(end, next);
        elements[i] = isNull(buffer, bitmapAt, i)
          ? null
          : fixed !== null
            ? fixed.read(buffer, at)
            : (variable?.read(buffer, at + 4, next) ?? null);
        at = next;
      }
      return elements;
    },
  };
}

function writeElement(writer: ByteWriter, fixed: FixedForm | null, variable: VariableForm | null, element: Value): void {
  if (fixed !== null) {
    const at = writer.reserve(fixed.size);
    if (element === null) writer.buffer.fill(0, at, at + fixed.size);
    else fixed.write(writer.buffer, at, element);
    return;
  }
  const at = writer.reserve(4);
  if (element !== null) variable?.write(writer, element);
  writer.buffer.writeUInt32LE(writer.length - at - 4, at);
}
