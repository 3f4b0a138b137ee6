import type { Value, ValueType } from "@asof/core";
import type { Event, SpineRow } from "./data.ts";

/**
 * Every choice that the rules of design section 2 make, one line each. The oracles ask this table instead of deciding themselves,
 * so that a planted bug is the same oracle with one line replaced.
 */
export interface Rules {
  /** Time: finer times are floored toward −∞. */
  floor(ns: bigint): number;
  /** A source row without event time never matches: null. */
  undated(): number | null;
  /** Values arrive exactly. */
  read(type: ValueType, value: Value): Value;

  /** Row order. */
  compareTimes(a: number, b: number): number;
  /** Missing created time is lowest. */
  compareCreated(a: number | null, b: number | null): number;
  compareNames(a: string, b: string): number;
  compareColumns(type: ValueType, a: Value, b: Value): number;

  /** History: which side of the handover counts from where. */
  inBatch(eventUs: number, handoverUs: number): boolean;
  inLog(eventUs: number, handoverUs: number): boolean;
  /** An event with an identity is folded once. */
  foldOnce(events: readonly Event[]): readonly Event[];

  /** As-of join. With a null key part every feature is null, counts and lists too. */
  hasKey(parts: readonly Value[]): boolean;
  /** A null matches nothing. */
  joins(type: ValueType, spineValue: Value, rowValue: Value): boolean;
  happened(eventUs: number, t: number): boolean;
  isYoung(eventUs: number, t: number, ttlUs: number): boolean;
  isKnown(createdUs: number | null, t: number): boolean;
  /** `visible` is in row order, all visible rows; a newer null hides an older value. */
  pick(visible: readonly Event[], feature: string): Value;

  /** Windows: `tail ≤ event_time < t`. */
  tail(t: number, windowUs: number, hopUs: number): number;
  isInside(eventUs: number, tail: number): boolean;
  isBefore(eventUs: number, t: number, hopUs: number | null): boolean;
  passes(condition: Value): boolean;
  count(rows: readonly Event[]): Value;
  /** Functions other than count skip nulls. */
  takes(value: Value): boolean;
  /** For min, max and distinct values; NaN is greatest. */
  compareValues(type: ValueType, a: Value, b: Value): number;
  averageOver(values: readonly Value[], rows: readonly Event[]): number;
  divisor(count: number, population: boolean): number;
  list(values: readonly Value[]): Value;
  /** Ties and functions of position follow the row order, not the order of arrival. */
  inOrder(sorted: readonly Event[], arrived: readonly Event[], form: "plain" | "windowed"): readonly Event[];

  /** Spine: one row out per row in, in the order of input. `rows` are the answers, each with what was asked. */
  arrange<Row extends SpineAnswer>(rows: readonly Row[]): readonly Row[];
}

/** A row of the result: what was asked. */
export interface SpineAnswer {
  readonly row: SpineRow;
  readonly asOfUs: number;
}

/** The rules as design section 2 states them. */
export const designRules: Rules = {
  floor: (ns) => Number((ns - (((ns % 1000n) + 1000n) % 1000n)) / 1000n),
  undated: () => null,
  read: (_type, value) => value,
  compareTimes: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  compareCreated: (a, b) => designRules.compareTimes(a ?? -Infinity, b ?? -Infinity),
  compareNames: (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)),
  compareColumns: naiveCompare,
  inBatch: (eventUs, handoverUs) => eventUs < handoverUs,
  inLog: (eventUs, handoverUs) => eventUs >= handoverUs,
  foldOnce: (events) => events.filter((e, i) => e.eventId === null || !events.slice(0, i).some((f) => f.eventId === e.eventId)),
  hasKey: (parts) => parts.every((part) => part !== null),
  joins: (type, a, b) => a !== null && b !== null && naiveCompare(type, a, b) === 0,
  happened: (eventUs, t) => eventUs <= t,
  isYoung: (eventUs, t, ttlUs) => eventUs >= t - ttlUs,
  isKnown: (createdUs, t) => createdUs === null || createdUs <= t,
  pick: (visible, feature) => visible.at(-1)?.values[feature] ?? null,
  tail: (t, windowUs, hopUs) => Math.floor(t / hopUs) * hopUs - windowUs,
  isInside: (eventUs, tail) => eventUs >= tail,
  isBefore: (eventUs, t) => eventUs < t,
  passes: (condition) => condition === true,
  count: (rows) => rows.length,
  takes: (value) => value !== null,
  compareValues: naiveCompare,
  averageOver: (values) => values.length,
  divisor: (count, population) => (population ? count : count - 1),
  list: (values) => values,
  inOrder: (sorted) => sorted,
  arrange: (rows) => rows,
};

/** Null lowest, false before true, −0 equal to 0, NaN highest, text and bytes bytewise; written without core's own. */
export function naiveCompare(type: ValueType, a: Value, b: Value): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (type.kind === "string" || type.kind === "bytes") return Buffer.compare(asBytes(a), asBytes(b));
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  const [x, y] = type.kind === "decimal" ? [unscaled(a), unscaled(b)] : [a, b];
  return x < y ? -1 : x > y ? 1 : 0;
}

function asBytes(value: Value): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value));
}

function unscaled(value: Value): bigint {
  return BigInt(String(value).replace(".", ""));
}
