import { AsofError } from "../error/error.ts";
import { type ByteWriter, readInt64AsNumber, writeInt64 } from "./bytes.ts";
import { decimalToUnscaled, unscaledToDecimal } from "./decimal.ts";
import { formatUuid, toSafeNumber } from "./sortable.ts";
import { dateToDays, daysToDate } from "./time.ts";
import type { Value, ValueType } from "./type.ts";

/** How values of a type lie in a slot of fixed size. */
export interface FixedForm {
  readonly size: number;
  write(buffer: Buffer, at: number, value: Value): void;
  read(buffer: Buffer, at: number): Value;
}

/** How values of a type lie in the tail. `read` gets exactly their bytes. */
export interface VariableForm {
  write(writer: ByteWriter, value: Value): void;
  read(buffer: Buffer, start: number, end: number): Value;
}

/** The error for bytes that end before their schema says. */
export function tooShort(length: number, needed: number): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `A stored row has ${length} bytes, but its schema needs ${needed}: it is damaged.`, {
    fix: "Materialize the view again.",
  });
}

/** Sets bit `index` of the bitmap that begins at `bitmapAt`. */
export function setNull(buffer: Buffer, bitmapAt: number, index: number): void {
  const at = bitmapAt + (index >> 3);
  buffer[at] = (buffer[at] ?? 0) | (1 << (index & 7));
}

export function isNull(buffer: Buffer, bitmapAt: number, index: number): boolean {
  return ((buffer[bitmapAt + (index >> 3)] ?? 0) & (1 << (index & 7))) !== 0;
}

/** The form of a type in a slot; null where its size varies. */
export function fixedForm(type: ValueType): FixedForm | null {
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
