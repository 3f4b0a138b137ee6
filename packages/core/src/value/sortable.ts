import { AsofError, assert } from "../error/error.ts";
import { type ByteWriter, readSortableInt64, writeSortableInt64 } from "./bytes.ts";
import { decimalToUnscaled, unscaledToDecimal } from "./decimal.ts";
import { dateToDays, daysToDate } from "./time.ts";
import { isOrderable, printType, type Value, type ValueType } from "./type.ts";

/** Appends the sortable form of a value that is not null. */
export type SortableWriter = (writer: ByteWriter, value: Value) => void;

/** Reads one value from `cursor.at` and moves it. */
export type SortableReader = (buffer: Buffer, cursor: { at: number }) => Value;

/** Decimals of at most this precision fit an int64. */
const SMALL_PRECISION = 18;

const nanBytes = new Uint8Array([0x7f, 0xf8, 0, 0, 0, 0, 0, 0]);

/**
 * The sortable ("memcomparable") form of a scalar type: comparing the bytes of two values gives their order (design, *Row order*), and
 * no value's bytes are a prefix of another's. Numbers are big-endian with the sign flipped, NaN above +∞, −0 as 0; text and bytes
 * end with 00 00, a 00 inside is 00 FF.
 */
export function sortableWriter(type: ValueType): SortableWriter {
  switch (type.kind) {
    case "bool":
      return (writer, value) => writer.writeByte(value === true ? 1 : 0);
    case "int32":
      return (writer, value) => writeInt32(writer, Number(value));
    case "date":
      return (writer, value) => writeInt32(writer, dateToDays(String(value)) ?? 0);
    case "int64":
    case "timestamp":
      return (writer, value) => writeSortableInt64At(writer, typeof value === "bigint" ? value : Number(value));
    case "float32":
      return (writer, value) => writeFloat32(writer, Number(value));
    case "float64":
      return (writer, value) => writeFloat64(writer, Number(value));
    case "string":
      return (writer, value) => writeSortableText(writer, String(value));
    case "bytes":
      return (writer, value) => writeSortableBytes(writer, value instanceof Uint8Array ? value : new Uint8Array());
    case "decimal":
      return type.precision <= SMALL_PRECISION
        ? (writer, value) => writeSortableInt64At(writer, decimalToUnscaled(String(value)))
        : (writer, value) => writeInt128(writer, decimalToUnscaled(String(value)));
    case "uuid":
      return (writer, value) => {
        const at = writer.reserve(16);
        writer.buffer.write(String(value).replaceAll("-", ""), at, "hex");
      };
    case "list":
    case "set":
    case "map":
    case "struct":
    case "json":
    case "vector":
      return assertScalar(type);
  }
}

/** The inverse of {@link sortableWriter}. */
export function sortableReader(type: ValueType): SortableReader {
  switch (type.kind) {
    case "bool":
      return (buffer, cursor) => buffer[cursor.at++] === 1;
    case "int32":
      return readInt32;
    case "date":
      return (buffer, cursor) => daysToDate(readInt32(buffer, cursor));
    case "int64":
      return type.as === "bigint" ? readInt64 : (buffer, cursor) => toSafeNumber(readInt64(buffer, cursor));
    case "timestamp":
      return (buffer, cursor) => Number(readInt64(buffer, cursor));
    case "float32":
      return readFloat32;
    case "float64":
      return readFloat64;
    case "string":
      return (buffer, cursor) => readSortableBytes(buffer, cursor).toString("utf8");
    case "bytes":
      return (buffer, cursor) => new Uint8Array(readSortableBytes(buffer, cursor));
    case "decimal":
      return type.precision <= SMALL_PRECISION
        ? (buffer, cursor) => unscaledToDecimal(readInt64(buffer, cursor), type.scale)
        : (buffer, cursor) => unscaledToDecimal(readInt128(buffer, cursor), type.scale);
    case "uuid":
      return (buffer, cursor) => {
        const at = cursor.at;
        cursor.at += 16;
        return formatUuid(buffer, at);
      };
    case "list":
    case "set":
    case "map":
    case "struct":
    case "json":
    case "vector":
      return assertScalar(type);
  }
}

/** The 36 characters of the 16 bytes at a position. */
export function formatUuid(buffer: Buffer, at: number): string {
  const hex = buffer.toString("hex", at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** An int64 as a number; ASOF_VALUE_INVALID beyond ±(2⁵³−1). */
export function toSafeNumber(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new AsofError("ASOF_VALUE_INVALID", `The stored integer ${value} is beyond ±(2^53 - 1) and cannot be a number.`, {
    value,
    fix: 'Declare the column int64() without { as: "number" }.',
  });
}

function assertScalar(type: ValueType): never {
  assert(isOrderable(type), `${printType(type)} has no order and no sortable form`);
  throw new Error("unreachable");
}

function writeInt32(writer: ByteWriter, value: number): void {
  const at = writer.reserve(4);
  writer.buffer.writeInt32BE(value ^ 0x8000_0000, at);
}

function readInt32(buffer: Buffer, cursor: { at: number }): number {
  const value = buffer.readInt32BE(cursor.at) ^ 0x8000_0000;
  cursor.at += 4;
  return value;
}

function writeSortableInt64At(writer: ByteWriter, value: number | bigint): void {
  const at = writer.reserve(8);
  writeSortableInt64(writer.buffer, at, value);
}

function readInt64(buffer: Buffer, cursor: { at: number }): bigint {
  const value = readSortableInt64(buffer, cursor.at);
  cursor.at += 8;
  return value;
}

function writeInt128(writer: ByteWriter, value: bigint): void {
  const at = writer.reserve(16);
  writeSortableInt64(writer.buffer, at, BigInt.asIntN(64, value >> 64n));
  writer.buffer.writeBigUInt64BE(BigInt.asUintN(64, value), at + 8);
}

function readInt128(buffer: Buffer, cursor: { at: number }): bigint {
  const high = readSortableInt64(buffer, cursor.at);
  const low = buffer.readBigUInt64BE(cursor.at + 8);
  cursor.at += 16;
  return (high << 64n) | low;
}

/** Negative numbers have all bits inverted, others the sign bit set. */
function writeFloat64(writer: ByteWriter, value: number): void {
  const at = writer.reserve(8);
  const buffer = writer.buffer;
  // A NaN's sign and payload are not specified; this one is above +∞. "+ 0" turns −0 into 0.
  if (Number.isNaN(value)) buffer.set(nanBytes, at);
  else buffer.writeDoubleBE(value + 0, at);
  if (value < 0) for (let i = at; i < at + 8; i++) buffer[i] = ~(buffer[i] ?? 0);
  else buffer[at] = (buffer[at] ?? 0) | 0x80;
}

function readFloat64(buffer: Buffer, cursor: { at: number }): number {
  const bytes = Buffer.from(buffer.subarray(cursor.at, cursor.at + 8));
  cursor.at += 8;
  restoreSign(bytes);
  return bytes.readDoubleBE(0);
}

function writeFloat32(writer: ByteWriter, value: number): void {
  const at = writer.reserve(4);
  const buffer = writer.buffer;
  if (Number.isNaN(value)) buffer.writeUInt32BE(0x7fc0_0000, at);
  else buffer.writeFloatBE(value + 0, at);
  if (value < 0) for (let i = at; i < at + 4; i++) buffer[i] = ~(buffer[i] ?? 0);
  else buffer[at] = (buffer[at] ?? 0) | 0x80;
}

function readFloat32(buffer: Buffer, cursor: { at: number }): number {
  const bytes = Buffer.from(buffer.subarray(cursor.at, cursor.at + 4));
  cursor.at += 4;
  restoreSign(bytes);
  return bytes.readFloatBE(0);
}

function restoreSign(bytes: Buffer): void {
  const first = bytes[0] ?? 0;
  if ((first & 0x80) !== 0) bytes[0] = first & 0x7f;
  else for (let i = 0; i < bytes.length; i++) bytes[i] = ~(bytes[i] ?? 0);
}

function writeSortableText(writer: ByteWriter, text: string): void {
  if (text.includes("\0")) {
    writeSortableBytes(writer, Buffer.from(text, "utf8"));
    return;
  }
  writer.writeText(text);
  writeTerminator(writer);
}

function writeSortableBytes(writer: ByteWriter, bytes: Uint8Array): void {
  for (const byte of bytes) {
    writer.writeByte(byte);
    if (byte === 0) writer.writeByte(0xff);
  }
  writeTerminator(writer);
}

function writeTerminator(writer: ByteWriter): void {
  const at = writer.reserve(2);
  writer.buffer[at] = 0;
  writer.buffer[at + 1] = 0;
}

function readSortableBytes(buffer: Buffer, cursor: { at: number }): Buffer {
  const start = cursor.at;
  let zero = buffer.indexOf(0, start);
  let escaped = false;
  while (zero >= 0 && buffer[zero + 1] === 0xff) {
    escaped = true;
    zero = buffer.indexOf(0, zero + 2);
  }
  assert(zero >= 0, "a sortable text has no end");
  cursor.at = zero + 2;
  const body = buffer.subarray(start, zero);
  if (!escaped) return body;
  return Buffer.from(body.filter((byte, i) => !(byte === 0xff && i > 0 && body[i - 1] === 0)));
}
