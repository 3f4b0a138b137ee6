import { ByteWriter } from "../value/bytes.ts";
import { decimalToUnscaled, unscaledToDecimal } from "../value/decimal.ts";
import { variableForm } from "../value/packed-layout.ts";
import { formatUuid, toSafeNumber } from "../value/sortable.ts";
import { compileStruct, fieldOf, isStruct, isValueList, isValueMap } from "../value/struct.ts";
import { dateToDays, daysToDate } from "../value/time.ts";
import type { Value, ValueType } from "../value/type.ts";

/** A position in bytes that reading moves. */
export interface Cursor {
  at: number;
}

/**
 * How values of one type, never null, lie one after the other in a partial state: no alignment, small numbers in few bytes. Window
 * state holds hundreds of values per key, so size matters more than reaching one of them at once.
 */
export interface ValueForm {
  write(writer: ByteWriter, value: Value): void;
  read(buffer: Buffer, cursor: Cursor): Value;
}

/** Writes an integer of 0 … 2⁵³−1, seven bits a byte. */
export function writeUnsigned(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    writer.writeByte((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  writer.writeByte(rest);
}

export function readUnsigned(buffer: Buffer, cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = readByte(buffer, cursor);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 0x80;
  }
}

export function readByte(buffer: Buffer, cursor: Cursor): number {
  const byte = buffer[cursor.at++];
  if (byte === undefined) throw new RangeError("unexpected end of bytes");
  return byte;
}

export function readBytes(buffer: Buffer, cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length;
  if (end > buffer.length) throw new RangeError("unexpected end of bytes");
  const bytes = buffer.subarray(cursor.at, end);
  cursor.at = end;
  return bytes;
}

/** Numbers within ±2⁵² have an exact double when their sign is folded into the lowest bit. */
const zigzagBound = 2 ** 52;

/**
 * Writes any integer. First byte: bit 7 = more bytes follow, bit 6 = not this form but two's complement, low 6 bits = lowest bits of the
 * value with its sign in bit 0. In the other form the low 6 bits count the little-endian bytes that follow.
 */
export function writeInteger(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === "bigint" || value >= zigzagBound || value <= -zigzagBound) {
    writeLargeInteger(writer, BigInt(value));
    return;
  }
  const folded = value < 0 ? -2 * value - 1 : 2 * value;
  writer.writeByte((folded % 0x40) | (folded < 0x40 ? 0 : 0x80));
  if (folded >= 0x40) writeUnsigned(writer, Math.floor(folded / 0x40));
}

function writeLargeInteger(writer: ByteWriter, value: bigint): void {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  writer.writeByte(0x40 | length);
  for (let i = 0; i < length; i++) writer.writeByte(Number((value >> BigInt(i * 8)) & 0xffn));
}

/** Reads what {@link writeInteger} wrote: a number where it is a safe integer, else a bigint. */
export function readInteger(buffer: Buffer, cursor: Cursor): number | bigint {
  const first = readByte(buffer, cursor);
  if ((first & 0x40) !== 0) return readLargeInteger(readBytes(buffer, cursor, first & 0x3f));
  const folded = (first & 0x3f) + ((first & 0x80) === 0 ? 0 : 0x40 * readUnsigned(buffer, cursor));
  return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
}

function readLargeInteger(bytes: Buffer): number | bigint {
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(i * 8);
  return narrowInteger(BigInt.asIntN(bytes.length * 8, value));
}

/** The same integer as a number where that is exact and safe to add to. */
export function narrowInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Reads an integer that was written from a safe number. */
export function readNumber(buffer: Buffer, cursor: Cursor): number {
  return Number(readInteger(buffer, cursor));
}

/** Writes an instant that may be absent. */
export function writeOptional(writer: ByteWriter, value: number | null): void {
  writer.writeByte(value === null ? 0 : 1);
  if (value !== null) writeInteger(writer, value);
}

export function readOptional(buffer: Buffer, cursor: Cursor): number | null {
  return readByte(buffer, cursor) === 0 ? null : readNumber(buffer, cursor);
}

export function writeFloat64(writer: ByteWriter, value: number): void {
  const at = writer.reserve(8);
  writer.buffer.writeDoubleLE(value + 0, at);
}

export function readFloat64(buffer: Buffer, cursor: Cursor): number {
  const at = cursor.at;
  cursor.at += 8;
  return buffer.readDoubleLE(at);
}

/** Writes bytes preceded by their number. */
export function writeSized(writer: ByteWriter, bytes: Uint8Array): void {
  writeUnsigned(writer, bytes.length);
  writer.writeBytes(bytes);
}

export function readSized(buffer: Buffer, cursor: Cursor): Buffer {
  return readBytes(buffer, cursor, readUnsigned(buffer, cursor));
}

/** The form of a type's values; −0 is stored as 0. */
export function valueForm(type: ValueType): ValueForm {
  switch (type.kind) {
    case "bool":
      return {
        write: (writer, value) => writer.writeByte(value === true ? 1 : 0),
        read: (buffer, cursor) => readByte(buffer, cursor) === 1,
      };
    case "int32":
    case "timestamp":
      return { write: (writer, value) => writeInteger(writer, Number(value)), read: readNumber };
    case "int64":
      return int64Form(type.as);
    case "float64":
      return { write: (writer, value) => writeFloat64(writer, Number(value)), read: readFloat64 };
    case "float32":
      return float32Form;
    case "date":
      return {
        write: (writer, value) => writeInteger(writer, dateToDays(String(value)) ?? 0),
        read: (buffer, cursor) => daysToDate(readNumber(buffer, cursor)),
      };
    case "decimal":
      return {
        write: (writer, value) => writeInteger(writer, narrowInteger(decimalToUnscaled(String(value)))),
        read: (buffer, cursor) => unscaledToDecimal(BigInt(readInteger(buffer, cursor)), type.scale),
      };
    case "string":
      return textForm;
    case "bytes":
      return {
        write: (writer, value) => writeSized(writer, value instanceof Uint8Array ? value : new Uint8Array()),
        read: (buffer, cursor) => new Uint8Array(readSized(buffer, cursor)),
      };
    case "uuid":
      return uuidForm;
    case "json":
      return textForm;
    case "list":
    case "set":
      return listForm(type.of);
    case "map":
    case "struct":
    case "vector":
      return packedForm(type);
  }
}

/** Read as a number a value may still be a bigint, where it is no safe number: {@link formChange} then refuses it. */
function int64Form(as: "bigint" | "number"): ValueForm {
  return {
    write: (writer, value) => writeInteger(writer, typeof value === "bigint" ? narrowInteger(value) : Number(value)),
    read: as === "bigint" ? (buffer, cursor) => BigInt(readInteger(buffer, cursor)) : readInteger,
  };
}

/**
 * Brings values into the JavaScript form of a type. State does not depend on that form: it may have been made under another one, or
 * for another feature. ASOF_VALUE_INVALID where an int64 is no safe number.
 */
export function formChange(type: ValueType): (value: Value) => Value {
  switch (type.kind) {
    case "int64":
      if (type.as === "bigint") return (value) => (typeof value === "number" ? BigInt(value) : value);
      return (value) => (typeof value === "bigint" ? toSafeNumber(value) : value);
    case "list":
    case "set": {
      const change = formChange(type.of);
      return (value) => (isValueList(value) ? value.map(change) : value);
    }
    case "map": {
      const [changeKey, changeMapped] = [formChange(type.key), formChange(type.value)];
      return (value) => (isValueMap(value) ? new Map([...value].map(([key, mapped]) => [changeKey(key), changeMapped(mapped)])) : value);
    }
    case "struct": {
      const make = compileStruct(type.fields);
      const fields = type.fields.map((field) => ({ name: field.name, change: formChange(field.type) }));
      return (value) => (isStruct(value) ? make(fields.map(({ name, change }) => change(fieldOf(value, name)))) : value);
    }
    default:
      return (value) => value;
  }
}

const float32Form: ValueForm = {
  write: (writer, value) => {
    const at = writer.reserve(4);
    writer.buffer.writeFloatLE(Number(value) + 0, at);
  },
  read: (buffer, cursor) => {
    const at = cursor.at;
    cursor.at += 4;
    return buffer.readFloatLE(at);
  },
};

const textForm: ValueForm = {
  write: (writer, value) => {
    const text = String(value);
    writeUnsigned(writer, Buffer.byteLength(text, "utf8"));
    writer.writeText(text);
  },
  read: (buffer, cursor) => readSized(buffer, cursor).toString("utf8"),
};

const uuidForm: ValueForm = {
  write: (writer, value) => {
    const at = writer.reserve(16);
    writer.buffer.write(String(value).replaceAll("-", ""), at, "hex");
  },
  read: (buffer, cursor) => {
    readBytes(buffer, cursor, 16);
    return formatUuid(buffer, cursor.at - 16);
  },
};

function listForm(of: ValueType): ValueForm {
  const form = valueForm(of);
  return {
    write: (writer, value) => {
      const elements: readonly Value[] = Array.isArray(value) ? value : [];
      writeUnsigned(writer, elements.length);
      for (const element of elements) writeNullable(writer, form, element);
    },
    read: (buffer, cursor) => {
      const elements: Value[] = [];
      for (let rest = readUnsigned(buffer, cursor); rest > 0; rest--) elements.push(readNullable(buffer, cursor, form));
      return elements;
    },
  };
}

/** The form in which a stored row holds the value, preceded by its length: states hold few of them. */
function packedForm(type: ValueType): ValueForm {
  const form = variableForm(type);
  return {
    write: (writer, value) => {
      const scratch = new ByteWriter();
      form.write(scratch, value);
      writeSized(writer, scratch.take());
    },
    read: (buffer, cursor) => {
      const length = readUnsigned(buffer, cursor);
      const start = cursor.at;
      readBytes(buffer, cursor, length);
      return form.read(buffer, start, start + length);
    },
  };
}

export function writeNullable(writer: ByteWriter, form: ValueForm, value: Value): void {
  writer.writeByte(value === null ? 0 : 1);
  if (value !== null) form.write(writer, value);
}

export function readNullable(buffer: Buffer, cursor: Cursor, form: ValueForm): Value {
  return readByte(buffer, cursor) === 0 ? null : form.read(buffer, cursor);
}

/**
 * Describes the form of a type in a few bytes, so that values of a type that is no longer known can be skipped: 0 one byte,
 * 1 integer, 2 eight bytes, 3 four bytes, 4 sized, 5 sixteen bytes, 6 list, followed by the form of its elements.
 */
export function formCode(type: ValueType): readonly number[] {
  switch (type.kind) {
    case "bool":
      return [0];
    case "float64":
      return [2];
    case "float32":
      return [3];
    case "string":
    case "bytes":
    case "json":
    case "map":
    case "struct":
    case "vector":
      return [4];
    case "uuid":
      return [5];
    case "list":
    case "set":
      return [6, ...formCode(type.of)];
    default:
      return [1];
  }
}

const fixedSizes = [1, 0, 8, 4, 0, 16];

/** Moves the cursor over a value of the form that {@link formCode} describes. */
export function skipValue(buffer: Buffer, cursor: Cursor, code: ArrayLike<number>, at = 0): void {
  const form = code[at] ?? 0;
  if (form === 1) readInteger(buffer, cursor);
  else if (form === 4) readSized(buffer, cursor);
  else if (form === 6) {
    for (let rest = readUnsigned(buffer, cursor); rest > 0; rest--) {
      if (readByte(buffer, cursor) !== 0) skipValue(buffer, cursor, code, at + 1);
    }
  } else readBytes(buffer, cursor, fixedSizes[form] ?? 0);
}
