import { decimalToUnscaled, fitsPrecision, parseUnscaled, unscaledToDecimal } from "../value/decimal.ts";
import { dateToDays, daysToDate, instantToDays } from "../value/time.ts";
import { sameType, type Value, type ValueKind, type ValueType } from "../value/type.ts";

/** Turns a present value into another type; null where it has no counterpart there. */
export type CastFunction = (value: Value) => Value;

/**
 * What text must look like, in whole, to be cast: regular expressions that JavaScript and SQL engines read alike. Nothing else
 * is accepted, spaces included, because engines differ in what they tolerate.
 */
export const textForms = {
  integer: "[+-]?[0-9]+",
  float: "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?",
  decimal: "[+-]?[0-9]+([.][0-9]+)?",
  date: "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}",
  uuid: "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
} as const;

/** The first and last day that hold instants only: ±(2⁵³−1) µs lies within the days before and after. */
export const timestampDays = { first: "1684-07-29", last: "2255-06-05" } as const;

const int32 = { min: -2147483648, max: 2147483647 };
const formPatterns = Object.fromEntries(Object.entries(textForms).map(([name, form]) => [name, new RegExp(`^(?:${form})$`)]));
const numbers: readonly ValueKind[] = ["int32", "int64", "float32", "float64", "decimal"];

/** Target kinds that each kind can be cast to, besides itself. What engines do not agree on is not here. */
const castTargets: Readonly<Record<ValueKind, readonly ValueKind[]>> = {
  bool: ["int32", "int64", "float32", "float64", "string"],
  int32: [...numbers, "string"],
  int64: [...numbers, "string", "timestamp"],
  float32: ["int32", "int64", "float32", "float64"],
  float64: ["int32", "int64", "float32", "float64"],
  decimal: [...numbers, "string"],
  string: ["bool", ...numbers, "bytes", "date", "uuid"],
  bytes: [],
  timestamp: ["int64", "date"],
  date: ["string", "timestamp"],
  uuid: ["string"],
  list: [],
  set: [],
  map: [],
  struct: [],
  json: [],
  vector: [],
};

/** Whether `cast` is defined between two types. Not defined: float to decimal or text, timestamp to or from text, lists and other nested types. */
export function canCast(from: ValueType, to: ValueType): boolean {
  return sameType(from, to) || castTargets[from.kind].includes(to.kind);
}

/** The cast between two types for which {@link canCast} holds. Integers may be number or bigint on both sides. */
export function castFunction(from: ValueType, to: ValueType): CastFunction {
  if (sameType(from, to)) return (value) => value;
  switch (to.kind) {
    case "int32":
      return inRange(toInteger(from));
    case "int64":
      return toInteger(from);
    case "float64":
      return toFloat64(from);
    case "float32":
      return toFloat32(toFloat64(from));
    case "decimal":
      return toDecimal(from, to);
    case "string":
      return String;
    case "bool":
      return (value) => (value === "true" ? true : value === "false" ? false : null);
    case "bytes":
      return (value) => new TextEncoder().encode(String(value));
    case "uuid":
      return (value) => (matches("uuid", value) ? String(value).toLowerCase() : null);
    case "date":
      return from.kind === "timestamp" ? (value) => daysToDate(instantToDays(Number(value))) : textToDate;
    case "timestamp":
      return from.kind === "date" ? dateToInstant : (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : null);
    default:
      return () => null;
  }
}

function matches(form: keyof typeof textForms, value: Value): boolean {
  return formPatterns[form]?.test(String(value)) ?? false;
}

/** A number where it is safe, else a bigint. */
function smallest(value: bigint): Value {
  if (BigInt.asIntN(64, value) !== value) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function toInteger(from: ValueType): CastFunction {
  switch (from.kind) {
    case "bool":
      return Number;
    case "float32":
    case "float64":
      return (value) => truncate(Number(value));
    case "decimal": {
      const unit = 10n ** BigInt(from.scale);
      return (value) => smallest(decimalToUnscaled(String(value)) / unit);
    }
    case "string":
      return (value) => (matches("integer", value) ? smallest(BigInt(String(value).replace("+", ""))) : null);
    default:
      return (value) => value;
  }
}

/** An integer in either form as a bigint. */
export function toBigint(value: Value): bigint {
  return typeof value === "bigint" ? value : BigInt(Number(value));
}

/** Toward zero; null for NaN and beyond int64. */
function truncate(value: number): Value {
  const whole = Math.trunc(value) + 0;
  if (Number.isSafeInteger(whole)) return whole;
  return whole >= -(2 ** 63) && whole < 2 ** 63 ? BigInt(whole) : null;
}

function inRange(toInt64: CastFunction): CastFunction {
  return (value) => {
    const integer = toInt64(value);
    const number = Number(integer);
    return integer !== null && number >= int32.min && number <= int32.max ? number : null;
  };
}

function toFloat64(from: ValueType): CastFunction {
  if (from.kind !== "string") return Number;
  return (value) => {
    const number = matches("float", value) ? Number(value) : Number.NaN;
    return Number.isFinite(number) ? number + 0 : null;
  };
}

/** Also from integers by way of float64, so that a value is rounded twice in every engine. */
function toFloat32(toFloat: CastFunction): CastFunction {
  return (value) => {
    const number = toFloat(value);
    if (typeof number !== "number") return null;
    const rounded = Math.fround(number);
    return Number.isFinite(rounded) || !Number.isFinite(number) ? rounded : null;
  };
}

/** Rounds half away from zero. */
function toDecimal(from: ValueType, to: ValueType & { kind: "decimal" }): CastFunction {
  const fit = (unscaled: bigint): Value => (fitsPrecision(unscaled, to.precision) ? unscaledToDecimal(unscaled, to.scale) : null);
  if (from.kind === "string") {
    return (value) => (matches("decimal", value) ? fit(rescale(...splitDecimal(String(value)), to.scale)) : null);
  }
  if (from.kind === "decimal") return (value) => fit(rescale(decimalToUnscaled(String(value)), from.scale, to.scale));
  return (value) => fit(rescale(toBigint(value), 0, to.scale));
}

function splitDecimal(text: string): [bigint, number] {
  const scale = text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
  return [parseUnscaled(text, scale) ?? 0n, scale];
}

function rescale(unscaled: bigint, from: number, to: number): bigint {
  if (to >= from) return unscaled * 10n ** BigInt(to - from);
  const unit = 10n ** BigInt(from - to);
  const half = unscaled < 0n ? -unit / 2n : unit / 2n;
  return (unscaled + half) / unit;
}

function textToDate(value: Value): Value {
  return matches("date", value) && dateToDays(String(value)) !== null ? value : null;
}

function dateToInstant(value: Value): Value {
  const date = String(value);
  const days = dateToDays(date);
  return days !== null && date >= timestampDays.first && date <= timestampDays.last ? days * 86_400_000_000 : null;
}
