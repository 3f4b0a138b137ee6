import type { ByteWriter } from "@asof/core";

/** Writes an unsigned number below 2³². */
export function writeVarint(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    writer.writeByte((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  writer.writeByte(rest);
}

/** Writes an int32 or int64 as protobuf does: two's complement of 64 bits, so that every negative number takes ten bytes. */
export function writeInt(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === "number" && value >= 0 && value < 0x1_0000_0000) {
    writeVarint(writer, value);
    return;
  }
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    writer.writeByte(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  writer.writeByte(Number(rest));
}

export function writeDouble(writer: ByteWriter, value: number): void {
  const at = writer.reserve(8);
  writer.buffer.writeDoubleLE(value, at);
}

export function writeFloat(writer: ByteWriter, value: number): void {
  const at = writer.reserve(4);
  writer.buffer.writeFloatLE(value, at);
}

/** Writes a delimited field's length and then what `write` writes. */
export function writeDelimited(writer: ByteWriter, write: () => void): void {
  const lengthAt = writer.reserve(1);
  write();
  const length = writer.length - lengthAt - 1;
  if (length < 0x80) {
    writer.buffer[lengthAt] = length;
    return;
  }
  const more = Math.floor(Math.log2(length) / 7);
  writer.reserve(more);
  writer.buffer.copyWithin(lengthAt + 1 + more, lengthAt + 1, lengthAt + 1 + length);
  const end = writer.length;
  writer.length = lengthAt;
  writeVarint(writer, length);
  writer.length = end;
}
