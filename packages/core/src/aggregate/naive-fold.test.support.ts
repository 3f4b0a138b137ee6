import type { AggregateFunction } from "../definition/model.ts";
import type { Value, ValueType } from "../value/type.ts";

/** A value to fold, with its place in the row order. */
export interface NaiveRow {
  readonly eventTimeUs: number;
  readonly createdTimeUs: number | null;
  /** Compared bytewise. */
  readonly orderKey: Uint8Array;
  /** Null is skipped, except by count. */
  readonly value: Value;
}

/** What an aggregate over rows is, and what the equality of floats needs to know. */
export interface NaiveResult {
  readonly value: Value;
  /** Code of the error that takes the place of a value. */
  readonly error: string | null;
  readonly n: number;
  readonly absSum: number;
}

/** An aggregate as its definition reads, over all rows at once, without anything of the algebra. */
export function naiveFold(fn: AggregateFunction, type: ValueType | null, rows: readonly NaiveRow[]): NaiveResult {
  if (fn.fn === "count" || type === null) return result(rows.length, rows.length, 0);
  const sorted = rows.filter((row) => row.value !== null).toSorted((a, b) => compareRows(a, b) || naiveCompare(type, a.value, b.value));
  const values = sorted.map((row) => row.value);
  const n = values.length;
  const isSpread = fn.fn === "variance" || fn.fn === "stddev";
  const absSum = values.reduce<number>((sum, v) => sum + (isSpread ? Number(v) ** 2 : Math.abs(Number(v))), 0);
  const done = (value: Value): NaiveResult => result(value, n, absSum);
  switch (fn.fn) {
    case "firstN":
      return done(values.slice(0, fn.n));
    case "lastN":
      return done(values.slice(-fn.n));
    case "distinctCount": {
      const distinct = values.filter((v, i) => values.findIndex((w) => naiveCompare(type, v, w) === 0) === i).length;
      return distinct > fn.bound ? failure("ASOF_DISTINCT_BOUND") : done(distinct);
    }
  }
  if (n === 0) return done(null);
  switch (fn.fn) {
    case "first":
      return done(values[0] ?? null);
    case "last":
      return done(values[n - 1] ?? null);
    case "min":
      return done(values.reduce((a, b) => (naiveCompare(type, b, a) < 0 ? b : a)));
    case "max":
      return done(values.reduce((a, b) => (naiveCompare(type, b, a) > 0 ? b : a)));
    case "sum":
      return naiveSum(type, values, done);
    case "avg":
      return done(naiveTotal(type, values) / n);
    default:
      return done(naiveSpread(fn.fn, fn.population, values));
  }
}

function result(value: Value, n: number, absSum: number): NaiveResult {
  return { value, error: null, n, absSum };
}

function failure(error: string): NaiveResult {
  return { value: null, error, n: 0, absSum: 0 };
}

function naiveSum(type: ValueType, values: readonly Value[], done: (value: Value) => NaiveResult): NaiveResult {
  if (type.kind === "decimal") {
    const sum = values.reduce<bigint>((total, v) => total + BigInt(String(v).replace(".", "")), 0n);
    const digits = String(sum < 0n ? -sum : sum).padStart(type.scale + 1, "0");
    if (String(sum < 0n ? -sum : sum).length > 38) return failure("ASOF_SUM_OVERFLOW");
    const point = digits.length - type.scale;
    return done(`${sum < 0n ? "-" : ""}${digits.slice(0, point)}${type.scale > 0 ? `.${digits.slice(point)}` : ""}`);
  }
  if (type.kind !== "int32" && type.kind !== "int64") return done(naiveTotal(type, values));
  const sum = values.reduce<bigint>((total, v) => total + BigInt(Number.isInteger(v) ? Number(v) : String(v)), 0n);
  if (sum >= 2n ** 63n || sum < -(2n ** 63n)) return failure("ASOF_SUM_OVERFLOW");
  if (type.kind === "int64" && type.as === "bigint") return done(sum);
  return sum > 2n ** 53n - 1n || sum < 1n - 2n ** 53n ? failure("ASOF_VALUE_INVALID") : done(Number(sum));
}

function naiveTotal(type: ValueType, values: readonly Value[]): number {
  if (type.kind === "decimal") {
    const sum = values.reduce<bigint>((total, v) => total + BigInt(String(v).replace(".", "")), 0n);
    return Number(`${sum}e-${type.scale}`);
  }
  if (type.kind === "float32" || type.kind === "float64") return values.reduce<number>((total, v) => total + Number(v), 0);
  return Number(values.reduce<bigint>((total, v) => total + BigInt(String(v)), 0n));
}

function naiveSpread(fn: "variance" | "stddev", population: boolean, values: readonly Value[]): number | null {
  const n = values.length;
  const numbers = values.map(Number);
  if (n - (population ? 0 : 1) <= 0) return null;
  if (numbers.some((x) => !Number.isFinite(x))) return Number.NaN;
  if (n === 1) return 0;
  if (numbers.some((x) => Math.abs(x) > 1e150)) return Number.POSITIVE_INFINITY;
  const mean = numbers.reduce((a, b) => a + b, 0) / n;
  const variance = numbers.reduce((total, x) => total + (x - mean) ** 2, 0) / (n - (population ? 0 : 1));
  return fn === "stddev" ? Math.sqrt(variance) : variance;
}

function compareRows(a: NaiveRow, b: NaiveRow): number {
  return (
    a.eventTimeUs - b.eventTimeUs ||
    compareNumbers(a.createdTimeUs ?? Number.NEGATIVE_INFINITY, b.createdTimeUs ?? Number.NEGATIVE_INFINITY) ||
    Buffer.compare(a.orderKey, b.orderKey)
  );
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of present values, written without core's own. */
function naiveCompare(type: ValueType, a: Value, b: Value): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (type.kind === "list" || type.kind === "set" || type.kind === "vector") {
    const of: ValueType = type.kind === "vector" ? { kind: "float32" } : type.of;
    return firstDifference(Array.from(Object(a)), Array.from(Object(b)), () => of);
  }
  if (type.kind === "map" && a instanceof Map && b instanceof Map)
    return firstDifference([...a].flat(), [...b].flat(), (i) => (i % 2 === 0 ? type.key : type.value));
  if (type.kind === "struct") {
    const parts = (value: Value): Value[] => type.fields.map((field) => Object(value)[field.name] ?? null);
    return firstDifference(parts(a), parts(b), (i) => type.fields[i]?.type ?? { kind: "bool" });
  }
  if (type.kind === "json") return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (type.kind === "string") return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
  if (type.kind === "decimal") return compareNumbers(BigInt(String(a).replace(".", "")), BigInt(String(b).replace(".", "")));
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By the first place that differs; what ends before it is less. */
function firstDifference(a: readonly Value[], b: readonly Value[], typeAt: (index: number) => ValueType): number {
  const at = a.findIndex((value, i) => i >= b.length || naiveCompare(typeAt(i), value, b[i] ?? null) !== 0);
  return at < 0 || at >= b.length ? a.length - b.length : naiveCompare(typeAt(at), a[at] ?? null, b[at] ?? null);
}
