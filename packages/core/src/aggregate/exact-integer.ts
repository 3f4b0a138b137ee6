import { decimalToUnscaled } from "../value/decimal.ts";
import type { Value, ValueType } from "../value/type.ts";
import { narrowInteger } from "./compact-bytes.ts";

/** An integer of any size: a number while it is a safe one, which adds many times faster, else a bigint. */
export type ExactInteger = number | bigint;

/** Adds without loss. */
export function addExact(a: ExactInteger, b: ExactInteger): ExactInteger {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return narrowInteger(BigInt(a) + BigInt(b));
}

/** Reads values of an integer or decimal type as exact integers: decimals as their digits without the point. Null for other types. */
export function exactReader(type: ValueType): ((value: Value) => ExactInteger) | null {
  if (type.kind === "decimal") return (value) => narrowInteger(decimalToUnscaled(String(value)));
  if (type.kind !== "int32" && type.kind !== "int64") return null;
  return (value) => (typeof value === "bigint" ? narrowInteger(value) : Number(value));
}
