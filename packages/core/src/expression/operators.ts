import { AsofError } from "../error/error.ts";
import { civilFromDays, dateToDays, daysToDate, instantToDays } from "../value/time.ts";
import type { Value, ValueType } from "../value/type.ts";
import { toBigint } from "./cast.ts";
import type { Operator } from "./node.ts";

/** An operator on present values. An int64 is a number where it is safe, or a bigint, whatever its declared form. */
export type UnaryFunction = (value: Value) => Value;
export type BinaryFunction = (left: Value, right: Value) => Value;

type Integer = number | bigint;

const SECOND_US = 1_000_000;
const MIN_INT32 = -2147483648;
const MAX_INT32 = 2147483647;

/** Arithmetic in the type of its operands: integers are checked, floats follow IEEE 754 binary64. */
export function arithmetic(op: "add" | "sub" | "mul" | "mod", type: ValueType): BinaryFunction {
  const rounded = numberArithmetic[op];
  if (type.kind === "float64") return (a, b) => rounded(Number(a), Number(b));
  const exact = bigintArithmetic[op];
  const [min, max] = type.kind === "int32" ? [MIN_INT32, MAX_INT32] : [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  const check = type.kind === "int32" ? checkInt32 : checkInt64;
  return (a, b) => {
    if (typeof a === "number" && typeof b === "number") {
      const result = rounded(a, b);
      // A result beyond 2⁵³ may be rounded, but never into the safe range.
      if (result === null || (result >= min && result <= max)) return result;
    }
    const result = exact(toBigint(a), toBigint(b));
    return result === null ? null : check(result, () => `${a} ${symbols[op]} ${b}`);
  };
}

const symbols = { add: "+", sub: "-", mul: "*", mod: "%" } as const;

/** "+ 0" turns −0 into 0, which a later conversion to bigint or text would not tell apart. */
const numberArithmetic = {
  add: (a: number, b: number): number | null => a + b,
  sub: (a: number, b: number): number | null => a - b,
  mul: (a: number, b: number): number | null => a * b + 0,
  mod: (a: number, b: number): number | null => (b === 0 ? null : (a % b) + 0),
};

const bigintArithmetic = {
  add: (a: bigint, b: bigint): bigint | null => a + b,
  sub: (a: bigint, b: bigint): bigint | null => a - b,
  mul: (a: bigint, b: bigint): bigint | null => a * b,
  mod: (a: bigint, b: bigint): bigint | null => (b === 0n ? null : a % b),
};

function checkInt32(value: bigint, show: () => string): Integer {
  if (value >= MIN_INT32 && value <= MAX_INT32) return Number(value);
  throw overflow(show(), "int32");
}

function checkInt64(value: bigint, show: () => string): Integer {
  if (BigInt.asIntN(64, value) !== value) throw overflow(show(), "int64");
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function overflow(calculation: string, type: string): AsofError {
  return new AsofError("ASOF_EXPRESSION_FAILED", `${calculation} leaves the range of ${type}.`, {
    value: calculation,
    fix: "Cast an operand to float64, or exclude such rows with a case expression.",
  });
}

/** Division in float64; null for a zero divisor. */
export function divide(left: Value, right: Value): Value {
  const divisor = Number(right);
  return divisor === 0 ? null : Number(left) / divisor;
}

/** Functions of one number; null for operators that are not. */
export function numberFunction(op: Operator, type: ValueType): UnaryFunction | null {
  const isFloat = type.kind === "float32" || type.kind === "float64";
  const check = type.kind === "int32" ? checkInt32 : checkInt64;
  const negate = (a: Value, show: () => string) => (typeof a === "number" && a !== MIN_INT32 ? 0 - a : check(-toBigint(a), show));
  switch (op) {
    case "neg":
      return isFloat ? (a) => -Number(a) : (a) => negate(a, () => `-(${a})`);
    case "abs":
      if (isFloat) return (a) => Math.abs(Number(a));
      return (a) => (Number(a) < 0 ? negate(a, () => `abs(${a})`) : a);
    case "floor":
      return isFloat ? (a) => Math.floor(Number(a)) : (a) => a;
    case "ceil":
      return isFloat ? (a) => Math.ceil(Number(a)) : (a) => a;
    default:
      return null;
  }
}

/** Functions of one text; null for operators that are not. */
export function textFunction(op: Operator): UnaryFunction | null {
  switch (op) {
    case "lower":
      return (text) => String(text).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    case "upper":
      return (text) => String(text).replace(/[a-z]+/g, (letters) => letters.toUpperCase());
    case "trim":
      return trimSpaces;
    case "length":
      return (text) => countCodePoints(String(text));
    default:
      return null;
  }
}

/** Functions of two texts; null for operators that are not. */
export function textComparison(op: Operator): BinaryFunction | null {
  switch (op) {
    case "startsWith":
      return (text, part) => String(text).startsWith(String(part));
    case "endsWith":
      return (text, part) => String(text).endsWith(String(part));
    case "contains":
      return (text, part) => String(text).includes(String(part));
    default:
      return null;
  }
}

/** Replaces every occurrence, from the left; an empty search text occurs nowhere. */
export function replaceText(text: string, search: string, by: string): string {
  return search === "" ? text : text.replaceAll(search, () => by);
}

function trimSpaces(value: Value): Value {
  const text = String(value);
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) === 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) === 0x20) end--;
  return text.slice(start, end);
}

function countCodePoints(text: string): number {
  let count = text.length;
  for (let i = 1; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--;
  return count;
}

/** Code points from `start` (1 is the first; less counts as 1), at most `length` of them (less than 0 counts as 0). */
export function substringOf(text: string, start: Value, length: Value | undefined): string {
  const from = Math.max(Number(start), 1) - 1;
  const count = length === undefined ? Number.POSITIVE_INFINITY : Math.max(Number(length), 0);
  // Without surrogates, code points are UTF-16 units.
  if (!/[\ud800-\udfff]/.test(text)) return text.slice(from, from + count);
  return Array.from(text)
    .slice(from, from + count)
    .join("");
}

/** Parts of timestamps and dates in UTC; null for operators that are not. */
export function timeFunction(op: Operator, type: ValueType): UnaryFunction | null {
  const days =
    type.kind === "timestamp" ? (value: Value) => instantToDays(Number(value)) : (value: Value) => dateToDays(String(value)) ?? 0;
  const inDay = (value: Value, unit: number, modulus: number) => {
    const micros = Number(value) - instantToDays(Number(value)) * 86_400 * SECOND_US;
    return Math.floor(micros / (unit * SECOND_US)) % modulus;
  };
  switch (op) {
    case "year":
      return (value) => civilFromDays(days(value)).year;
    case "month":
      return (value) => civilFromDays(days(value)).month;
    case "day":
      return (value) => civilFromDays(days(value)).day;
    case "dayOfWeek":
      return (value) => isoWeekday(days(value));
    case "dayOfYear":
      return (value) => dayOfYear(days(value));
    case "hour":
      return (value) => inDay(value, 3600, 24);
    case "minute":
      return (value) => inDay(value, 60, 60);
    case "second":
      return (value) => inDay(value, 1, 60);
    case "toDate":
      return (value) => daysToDate(days(value));
    default:
      return null;
  }
}

/** Monday is 1; 1970-01-01 was a Thursday. */
function isoWeekday(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

function dayOfYear(days: number): number {
  const first = dateToDays(`${String(civilFromDays(days).year).padStart(4, "0")}-01-01`) ?? 0;
  return days - first + 1;
}
