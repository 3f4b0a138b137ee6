import {
  compareValue,
  dateToDays,
  daysToDate,
  type FeatureStatistics,
  printType,
  type Value,
  type ValueType,
  valueToJson,
} from "@asof/core";

type Known = Exclude<Value, null>;

/** The figures of a column, from its values one by one. Mean and spread are exact up to the last digits. */
export function describeValues(type: ValueType, values: readonly Value[]): FeatureStatistics {
  const present = values.filter((v): v is Known => v !== null);
  const isFloat = type.kind === "float32" || type.kind === "float64";
  const plain = isFloat ? present.filter((v) => Number.isFinite(v)) : present;
  const same = (x: number): number => present.filter((v) => Object.is(v, x)).length;
  const apart = { nan: same(Number.NaN), positiveInfinity: same(Infinity), negativeInfinity: same(-Infinity) };
  const json = (value: Value) => valueToJson(type.kind === "int64" ? { kind: "int64", as: "bigint" } : type, textual(type, value));
  const sorted = [...plain].sort((a, b) => compareValue(type, a, b));
  const isNumber = ["int32", "int64", "decimal", "float32", "float64"].includes(type.kind);
  const isOrdered = isNumber || type.kind === "timestamp" || type.kind === "date";
  const hasExtremes = isOrdered || type.kind === "string";
  const isNested = ["list", "set", "map", "struct", "json", "vector"].includes(type.kind);
  const extreme = (at: number) => json(cut(sorted.at(at) ?? null));
  return {
    type: printType(type),
    count: values.length,
    nulls: values.length - present.length,
    ...(isFloat ? { apart } : {}),
    sampleRows: values.length,
    ...(!isNested ? { distinct: groups(type, sorted).length } : {}),
    ...(hasExtremes ? { min: extreme(0), max: extreme(-1) } : {}),
    ...(isNumber ? moments(plain) : {}),
    ...(isOrdered ? { quantiles: quantiles(sorted, json), histogram: histogram(type, sorted) } : {}),
    ...(!isNested && type.kind !== "bytes" ? { top: top(type, sorted, json) } : {}),
    ...(["string", "bytes", "list", "set", "map", "json"].includes(type.kind) ? { length: lengths(plain) } : {}),
  };
}

/** int64 as bigint, whatever its JavaScript form. */
function textual(type: ValueType, value: Value): Value {
  return type.kind === "int64" && value !== null ? BigInt(String(value)) : value;
}

function cut(value: Value): Value {
  return typeof value === "string" ? [...value].slice(0, 256).join("") : value;
}

/** Runs of equal values of a sorted list. */
function groups(type: ValueType, sorted: readonly Known[]): { readonly value: Known; readonly count: number }[] {
  const found: { value: Known; count: number }[] = [];
  for (const value of sorted) {
    const last = found.at(-1);
    if (last !== undefined && compareValue(type, last.value, value) === 0) last.count += 1;
    else found.push({ value, count: 1 });
  }
  return found;
}

function top(type: ValueType, sorted: readonly Known[], json: (value: Value) => ReturnType<typeof valueToJson>): FeatureStatistics["top"] {
  const all = groups(type, sorted).sort((a, b) => b.count - a.count);
  const shown = all.slice(0, 10).filter((g) => all.length <= 10 || g.count > 1);
  return shown.map(({ value, count }) => ({ value: json(cut(value)), count }));
}

function quantiles(sorted: readonly Known[], json: (value: Value) => ReturnType<typeof valueToJson>): FeatureStatistics["quantiles"] {
  if (sorted.length === 0) return null;
  const at = (percent: number) => json(sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? null);
  return { p1: at(1), p5: at(5), p25: at(25), p50: at(50), p75: at(75), p95: at(95), p99: at(99) };
}

/** In units of the greatest, so that no square overflows. */
function moments(values: readonly Known[]): Pick<FeatureStatistics, "mean" | "stddev"> {
  if (values.length === 0) return { mean: null, stddev: null };
  const numbers = values.map(Number);
  const unit = Math.max(...numbers.map(Math.abs)) || 1;
  const scaled = numbers.map((x) => x / unit);
  const mean = sum(scaled) / scaled.length;
  const squares = scaled.map((x) => (x - mean) ** 2);
  const float64: ValueType = { kind: "float64" };
  const spread = values.length < 2 ? null : Math.sqrt(sum(squares) / (values.length - 1)) * unit;
  return { mean: valueToJson(float64, mean * unit), stddev: spread === null ? null : valueToJson(float64, spread) };
}

/** With the error of each addition carried along. */
function sum(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const x of values) {
    const next = total + x;
    lost += Math.abs(total) >= Math.abs(x) ? total - next + x : x - next + total;
    total = next;
  }
  return total + lost;
}

function histogram(type: ValueType, sorted: readonly Known[]): FeatureStatistics["histogram"] {
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return null;
  if (typeof min === "number" && typeof max === "number" && type.kind !== "int32" && type.kind !== "timestamp" && type.kind !== "int64") {
    const weighted = min === max ? [] : Array.from({ length: 19 }, (_, i) => min * (1 - (i + 1) / 20) + max * ((i + 1) / 20));
    // Where the bins are narrower than a double tells, an edge may come out below its neighbour.
    const edges = weighted.map((_, i) => Math.min(max, Math.max(min, ...weighted.slice(0, i + 1))));
    return binned([min, ...edges, max], sorted.map(Number), (edge) => valueToJson({ kind: "float64" }, edge));
  }
  const numbers = sorted.map((value) => onGrid(type, value));
  const [low = 0n] = numbers;
  const high = numbers.at(-1) ?? low;
  // The least width with at most twenty bins.
  const width = (high - low) / 20n + 1n;
  const edges: bigint[] = [];
  for (let edge = low; edge <= high; edge += width) edges.push(edge);
  return binned([...edges, high], numbers, (edge) => fromGrid(type, edge));
}

function binned<T extends number | bigint>(edges: readonly T[], values: readonly T[], json: (edge: T) => ReturnType<typeof valueToJson>) {
  const counts = edges.slice(1).map((upper, i) => {
    const lower = edges[i] ?? upper;
    const isLast = i === edges.length - 2;
    return values.filter((v) => v >= lower && (isLast || v < upper)).length;
  });
  return { edges: edges.map(json), counts };
}

function onGrid(type: ValueType, value: Known): bigint {
  if (type.kind === "date") return BigInt(dateToDays(String(value)) ?? 0);
  return BigInt(String(value).replace(".", ""));
}

function fromGrid(type: ValueType, units: bigint): ReturnType<typeof valueToJson> {
  if (type.kind === "date") return daysToDate(Number(units));
  if (type.kind === "int64") return String(units);
  if (type.kind !== "decimal") return valueToJson(type, Number(units));
  const digits = String(units < 0n ? -units : units).padStart(type.scale + 1, "0");
  const point = digits.length - type.scale;
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}${type.scale === 0 ? "" : `.${digits.slice(point)}`}`;
}

function lengths(values: readonly Known[]): FeatureStatistics["length"] {
  const all = values.map(sizeOf);
  return all.length === 0 ? null : { min: Math.min(...all), max: Math.max(...all), mean: sum(all) / all.length };
}

function sizeOf(value: Known): number {
  if (typeof value === "string") return [...value].length;
  if (value instanceof Map) return value.size;
  return value instanceof Uint8Array || Array.isArray(value) ? value.length : 0;
}
