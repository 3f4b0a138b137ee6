/** Order of two byte strings: bytewise, a prefix before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** The same bytes as a Buffer, without a copy. Buffers read numbers and text several times faster than a DataView with a TextDecoder. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

let latestBytes: Uint8Array | null = null;
let latestView: DataView = new DataView(new ArrayBuffer(0));

/**
 * A view of the same bytes, for loops over numbers of fixed places, where it beats a Buffer. The latest one is kept, because stores read
 * row after row through one buffer and making a view costs more than using it.
 */
export function dataViewOf(bytes: Uint8Array): DataView {
  if (bytes !== latestBytes) {
    latestView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    latestBytes = bytes;
  }
  return latestView;
}

const WORD = 0x1_0000_0000;

/**
 * A byte string under construction. `take` copies it out, so that one writer serves any number of rows; writers are not shared
 * between asynchronous steps.
 */
export class ByteWriter {
  buffer: Buffer;
  length = 0;

  constructor(initialBytes = 256) {
    this.buffer = Buffer.allocUnsafe(initialBytes);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `bytes` more and returns the position where they go. */
  reserve(bytes: number): number {
    const at = this.length;
    const needed = at + bytes;
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(grown, 0, 0, at);
      this.buffer = grown;
    }
    this.length = needed;
    return at;
  }

  writeByte(byte: number): void {
    const at = this.reserve(1);
    this.buffer[at] = byte;
  }

  writeBytes(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Writes UTF-8 and returns how many bytes it took. */
  writeText(text: string): number {
    const at = this.reserve(text.length * 3);
    const written = this.buffer.write(text, at, "utf8");
    this.length = at + written;
    return written;
  }

  /** A copy that the caller owns. */
  take(): Uint8Array {
    const copy = new Uint8Array(this.length);
    copy.set(this.buffer.subarray(0, this.length));
    return copy;
  }
}

/** Writes an int64, big-endian with the sign bit flipped: bytewise order is the order of the numbers. */
export function writeSortableInt64(buffer: Buffer, at: number, value: number | bigint): void {
  if (typeof value === "bigint") {
    buffer.writeBigUInt64BE(BigInt.asUintN(64, value) ^ 0x8000_0000_0000_0000n, at);
    return;
  }
  const high = Math.floor(value / WORD);
  buffer.writeInt32BE(high ^ 0x8000_0000, at);
  buffer.writeUInt32BE(value - high * WORD, at + 4);
}

export function readSortableInt64(buffer: Buffer, at: number): bigint {
  return BigInt.asIntN(64, buffer.readBigUInt64BE(at) ^ 0x8000_0000_0000_0000n);
}

/** Writes an int64, little-endian. */
export function writeInt64(buffer: Buffer, at: number, value: number | bigint): void {
  if (typeof value === "bigint") {
    buffer.writeBigInt64LE(value, at);
    return;
  }
  const high = Math.floor(value / WORD);
  buffer.writeUInt32LE(value - high * WORD, at);
  buffer.writeInt32LE(high, at + 4);
}

/** Reads a little-endian int64 as a number; beyond ±(2⁵³−1) the result is not exact, which the caller checks. */
export function readInt64AsNumber(buffer: Buffer, at: number): number {
  return buffer.readInt32LE(at + 4) * WORD + buffer.readUInt32LE(at);
}
