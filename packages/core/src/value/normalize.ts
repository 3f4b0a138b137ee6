import { AsofError } from "../error/error.ts";
import { fitsPrecision, parseUnscaled, unscaledToDecimal } from "./decimal.ts";
import { type Normalizer, nestedNormalizer } from "./normalize-nested.ts";
import { refuse } from "./refuse-value.ts";
import { dateToDays, daysToDate, floorTo, instantToDays, parseInstant } from "./time.ts";
import { printType, type Value, type ValueType } from "./type.ts";

/**
 * Brings what a user hands over into the JavaScript form of its type (see {@link ValueType}), or refuses it with
 * ASOF_VALUE_INVALID and the path. `undefined` is null. Accepted besides the form itself: bigint or integral number for
 * integers; safe bigints for floats (float32 is rounded to nearest, a finite value that would become infinite is refused); Date
 * and ISO text for timestamps (numbers are microseconds, floored); Date for dates (its UTC day); number and bigint for decimals,
 * which are never rounded; upper case for UUIDs; typed arrays for lists and vectors; a Set or any array for sets, where equal elements
 * become one; arrays of pairs for maps, and plain objects where their keys are text. −0 becomes 0. Text never becomes a number. A
 * struct needs each of its fields and takes no other; JSON text is kept as it is, but must parse.
 */
export function normalizeValue(type: ValueType, nullable: boolean, value: unknown, path: string): Value {
  return compileNormalizer(type, nullable)(value, path);
}

/** {@link normalizeValue} of a type, for use in loops. */
export function compileNormalizer(type: ValueType, nullable: boolean): Normalizer {
  const normalize = presentNormalizer(type);
  return (value, path) => {
    if (value !== null && value !== undefined) return normalize(value, path);
    if (nullable) return null;
    throw new AsofError("ASOF_VALUE_INVALID", `${path} is null, but must have a value of type ${printType(type)}.`, {
      path,
      value: null,
      fix: "Give it a value.",
    });
  };
}

function presentNormalizer(type: ValueType): Normalizer {
  switch (type.kind) {
    case "bool":
      return (value, path) => (typeof value === "boolean" ? value : refuse(type, value, path, "Give true or false."));
    case "int32":
      return (value, path) => normalizeInt32(type, value, path);
    case "int64":
      return type.as === "bigint" ? (value, path) => normalizeBigint(type, value, path) : (value, path) => normalizeSafe(type, value, path);
    case "float32":
    case "float64":
      return (value, path) => normalizeFloat(type, value, path);
    case "string":
      return (value, path) => normalizeText(type, value, path);
    case "bytes":
      return (value, path) => (value instanceof Uint8Array ? value : refuse(type, value, path, "Give a Uint8Array."));
    case "timestamp":
      return (value, path) => normalizeTimestamp(type, value, path);
    case "date":
      return (value, path) => normalizeDate(type, value, path);
    case "decimal":
      return (value, path) => normalizeDecimal(type, value, path);
    case "uuid":
      return (value, path) => normalizeUuid(type, value, path);
    default:
      return nestedNormalizer(type, compileNormalizer);
  }
}

function normalizeInt32(type: ValueType, value: unknown, path: string): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= -2147483648 && number <= 2147483647) return number + 0;
  return refuse(type, value, path, "Give a whole number from -2147483648 to 2147483647.");
}

function normalizeBigint(type: ValueType, value: unknown, path: string): bigint {
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  return refuse(type, value, path, "Give a bigint of 64 bits, or a whole number within ±(2^53 - 1).");
}

function normalizeSafe(type: ValueType, value: unknown, path: string): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number)) return number + 0;
  return refuse(type, value, path, 'Give a whole number within ±(2^53 - 1), or declare int64() without { as: "number" }.');
}

function normalizeFloat(type: ValueType, value: unknown, path: string): number {
  const number = typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value;
  if (typeof number !== "number") return refuse(type, value, path, "Give a number.");
  if (type.kind === "float64") return number + 0;
  const rounded = Math.fround(number);
  if (Number.isFinite(rounded) || !Number.isFinite(number)) return rounded + 0;
  return refuse(type, value, path, "Give a number within the range of float32, or declare float64.");
}

function normalizeText(type: ValueType, value: unknown, path: string): string {
  if (typeof value !== "string") return refuse(type, value, path, "Give text.");
  return value.isWellFormed() ? value : refuse(type, value, path, "Remove the lone surrogate: it has no form in UTF-8.");
}

function normalizeTimestamp(type: ValueType & { kind: "timestamp" }, value: unknown, path: string): number {
  const instant = typeof value === "bigint" ? Number(value) : value;
  const fix = 'Give a Date, ISO 8601 text such as "2024-03-01T10:00:00Z", or microseconds since 1970.';
  if (typeof instant !== "number" && typeof instant !== "string" && !(instant instanceof Date)) return refuse(type, value, path, fix);
  try {
    const us = parseInstant(instant);
    return type.precision === undefined ? us : parseInstant(floorTo(us, 1_000_000));
  } catch {
    return refuse(type, value, path, `${fix} Years go from 1684 to 2255.`);
  }
}

function normalizeDate(type: ValueType, value: unknown, path: string): string {
  if (typeof value === "string" && dateToDays(value) !== null) return value;
  if (value instanceof Date) {
    const date = daysToDate(instantToDays(value.getTime() * 1000));
    if (dateToDays(date) !== null) return date;
  }
  return refuse(type, value, path, "Give YYYY-MM-DD or a Date (its UTC day), years 0001 to 9999.");
}

function normalizeDecimal(type: ValueType & { kind: "decimal" }, value: unknown, path: string): string {
  const isNumber = typeof value === "string" || typeof value === "number" || typeof value === "bigint";
  const unscaled = isNumber ? parseUnscaled(String(value), type.scale) : null;
  if (unscaled !== null && fitsPrecision(unscaled, type.precision)) return unscaledToDecimal(unscaled, type.scale);
  const digits = `${type.precision - type.scale} digits before and ${type.scale} after the point`;
  return refuse(type, value, path, `Give text or a number with at most ${digits}; decimals are never rounded.`);
}

function normalizeUuid(type: ValueType, value: unknown, path: string): string {
  if (typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return value.toLowerCase();
  return refuse(type, value, path, "Give 36 characters such as 123e4567-e89b-12d3-a456-426614174000.");
}
