import { AsofError, asBuffer } from "@asof/core";

/** Wire types of protobuf. 3 and 4 (groups) are long out of use; Feast has none. */
export const wireType = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

/** A place in protobuf bytes. One is made per compiled reader and moved from message to message, so that reading allocates nothing. */
export interface Cursor {
  bytes: Uint8Array;
  at: number;
  /** End of the message being read. */
  end: number;
}

export function newCursor(): Cursor {
  return { bytes: new Uint8Array(0), at: 0, end: 0 };
}

export function damaged(what: string): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `Protobuf bytes are damaged: ${what}.`, {
    fix: "Restore what was stored, or write it again.",
  });
}

/** Reads an unsigned varint of at most 32 bits: tags, lengths, enums. Bits above 32 are dropped, as protobuf does for int32. */
export function readVarint32(cursor: Cursor): number {
  const { bytes } = cursor;
  let at = cursor.at;
  let byte = bytes[at++] ?? 0;
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift > 63) throw damaged("a number is longer than ten bytes");
    byte = bytes[at++] ?? 0;
    if (shift < 32) value |= (byte & 0x7f) << shift;
  }
  if (at > cursor.end) throw damaged("it ends inside a number");
  cursor.at = at;
  return value >>> 0;
}

export function readInt32(cursor: Cursor): number {
  return readVarint32(cursor) | 0;
}

export function readBool(cursor: Cursor): boolean {
  return readInt64(cursor) !== 0n;
}

const HIGH = 0x1_0000_0000;

/** The halves of the latest 64-bit varint: returning an object per number would cost more than reading it. */
const halves = { low: 0, high: 0 };

function readHalves(cursor: Cursor): void {
  const { bytes } = cursor;
  let at = cursor.at;
  let low = 0;
  let high = 0;
  let byte = 0x80;
  for (let shift = 0; byte >= 0x80; shift += 7) {
    if (shift > 63) throw damaged("a number is longer than ten bytes");
    byte = bytes[at++] ?? 0;
    const bits = byte & 0x7f;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high |= bits >>> 4;
    } else high |= bits << (shift - 32);
  }
  if (at > cursor.end) throw damaged("it ends inside a number");
  cursor.at = at;
  halves.low = low >>> 0;
  halves.high = high | 0;
}

export function readInt64(cursor: Cursor): bigint {
  readHalves(cursor);
  const { low, high } = halves;
  // Within ±2⁵² one conversion is enough; BigInt arithmetic is several times slower.
  return high >= -0x10_0000 && high < 0x10_0000 ? BigInt(high * HIGH + low) : (BigInt(high) << 32n) | BigInt(low);
}

/** An int64 as a number: exact within ±(2⁵³−1), which the caller checks. */
export function readInt64AsNumber(cursor: Cursor): number {
  readHalves(cursor);
  return halves.high * HIGH + halves.low;
}

/** Floats are copied here: a view or Buffer per value would cost several times what reading it does. Feast and this are little-endian. */
const scratch = new Uint8Array(8);
const scratchDouble = new Float64Array(scratch.buffer);
const scratchFloat = new Float32Array(scratch.buffer);

function copyToScratch(cursor: Cursor, size: number): void {
  const { bytes, at } = cursor;
  if (at + size > cursor.end) throw damaged("it ends inside a float");
  for (let i = 0; i < size; i++) scratch[i] = bytes[at + i] ?? 0;
  cursor.at = at + size;
}

export function readDouble(cursor: Cursor): number {
  copyToScratch(cursor, 8);
  return scratchDouble[0] ?? 0;
}

export function readFloat(cursor: Cursor): number {
  copyToScratch(cursor, 4);
  return scratchFloat[0] ?? 0;
}

/** Reads the length of a delimited field and returns where it ends. */
function readEnd(cursor: Cursor): number {
  const length = readVarint32(cursor);
  const end = cursor.at + length;
  if (end > cursor.end) throw damaged(`a field of ${length} bytes reaches beyond its message`);
  return end;
}

/** Up to here characters one by one are quicker than a call of the decoder. */
const SHORT_TEXT = 24;

export function readText(cursor: Cursor): string {
  const { bytes } = cursor;
  const end = readEnd(cursor);
  const start = cursor.at;
  cursor.at = end;
  if (end - start <= SHORT_TEXT) {
    let text = "";
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  return asBuffer(bytes).toString("utf8", start, end);
}

/** The bytes of a delimited field where they lie; not to be kept. */
export function readSlice(cursor: Cursor): Uint8Array {
  const end = readEnd(cursor);
  const bytes = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return bytes;
}

/** A copy that the caller owns. */
export function readBytes(cursor: Cursor): Uint8Array {
  return new Uint8Array(readSlice(cursor));
}

/** Moves behind the value of a field whose tag was read. */
export function skipField(cursor: Cursor, tag: number): void {
  switch (tag & 7) {
    case wireType.varint:
      readHalves(cursor);
      return;
    case wireType.fixed64:
      cursor.at += 8;
      break;
    case wireType.delimited:
      cursor.at = readEnd(cursor);
      break;
    case wireType.fixed32:
      cursor.at += 4;
      break;
    default:
      throw damaged(`there is no wire type ${tag & 7}`);
  }
  if (cursor.at > cursor.end) throw damaged("it ends inside a field");
}

/** Runs `read` within a delimited field and moves behind it. */
export function readInside<T>(cursor: Cursor, read: (cursor: Cursor) => T): T {
  const outer = cursor.end;
  const end = readEnd(cursor);
  cursor.end = end;
  const value = read(cursor);
  cursor.at = end;
  cursor.end = outer;
  return value;
}

/** Reads the fields of the message at hand; `onField` reads one whose tag it knows, and says false of others, which are skipped. */
export function readFields(cursor: Cursor, onField: (tag: number) => boolean): void {
  while (cursor.at < cursor.end) {
    const tag = readVarint32(cursor);
    if (!onField(tag)) skipField(cursor, tag);
  }
}

/** The tag of a field: its number and wire type. */
export function tagOf(field: number, wire: number): number {
  return (field << 3) | wire;
}
