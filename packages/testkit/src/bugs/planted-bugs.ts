import { decimalToUnscaled, floorTo, unscaledToDecimal, type Value, type ValueType } from "@asof/core";
import type { Event } from "../oracle/data.ts";
import { designRules, naiveCompare, type Rules } from "../oracle/rules.ts";

/** A mistake that an implementation could make: the rules with one thing replaced. */
export interface PlantedBug {
  readonly name: string;
  /** The sentence of design section 2 that it breaks, and that decides every outcome in which it shows. */
  readonly rule: string;
  readonly replaces: Partial<Rules>;
}

type Comparison = (type: ValueType, a: Value, b: Value) => number;

/** The bugs that the default run must catch. The real rules with the replacement are a whole implementation. */
export const plantedBugs: readonly PlantedBug[] = [
  // Time
  bug("nanoseconds rounded", "finer times are floored", { floor: (ns) => designRules.floor(ns + 500n) }),
  bug("nanoseconds cut toward zero", "finer times are floored toward -inf", { floor: (ns) => Number(ns / 1000n) }),
  bug("no event time is the oldest time", "a row without event time never matches", { undated: () => -Infinity }),

  // Row order
  bug("created before event time", "event time comes before created time", { compareTimes: () => 0 }),
  bug("created ignored on ties", "created time decides ties", { compareCreated: () => 0 }),
  bug("missing created highest", "missing created time is lowest", { compareCreated: (a, b) => compare(a ?? Infinity, b ?? Infinity) }),
  bug("last row of the file wins", "event time decides", { inOrder: (sorted, arrived, form) => (form === "plain" ? arrived : sorted) }),
  bug("tie dropped", "columns decide full ties", { compareColumns: () => 0 }),
  bug("columns as declared", "tie columns by name", { compareNames: () => 0 }),
  bug("column names by locale", "tie columns in code-point order", { compareNames: (a, b) => a.localeCompare(b, "en") }),
  bug("column names by UTF-16", "tie columns in code-point order, beyond UTF-16", { compareNames: compare }),
  bug("null highest in ties", "null is lowest in ties", { compareColumns: nullHighest }),
  bug("NaN lowest in ties", "NaN is highest in ties", { compareColumns: nanLowest }),
  bug("minus zero below zero", "-0 equals 0 in ties", { compareColumns: minusZeroBelow }),
  bug("text ties by UTF-16", "text bytewise in ties", { compareColumns: textBy(compare) }),
  bug("text ties by locale", "text bytewise in ties, not by locale", { compareColumns: textBy((a, b) => a.localeCompare(b, "en")) }),
  bug("true before false", "false < true in ties", {
    compareColumns: (t, a, b) => (isBoolPair(a, b) ? naiveCompare(t, b, a) : naiveCompare(t, a, b)),
  }),

  // Exact values
  bug("int64 through float", "int64 is exact", { read: (_t, v) => (typeof v === "bigint" ? BigInt(Number(v)) : v) }),
  bug("int64 keys through float", "int64 keys are exact", { joins: keysBy((v) => (typeof v === "bigint" ? Number(v) : v)) }),
  bug("decimal through float", "decimals are exact", { read: decimalThroughFloat }),
  bug("text keys normalized", "keys are equal only exactly", { joins: keysBy((v) => (typeof v === "string" ? v.normalize() : v)) }),

  // As-of join
  bug("< for <=", "as-of boundary: event time = t is visible", { happened: (e, t) => e < t }),
  bug("future visible", "later rows are invisible", { happened: () => true }),
  bug("ttl open", "ttl is closed at its lower end", { isYoung: (e, t, ttl) => e > t - ttl }),
  bug("ttl one microsecond long", "ttl excludes what is 1 us older", { isYoung: (e, t, ttl) => e >= t - ttl - 1 }),
  bug("ttl ignored", "ttl limits the age", { isYoung: () => true }),
  bug("null skipped", "a newer null hides an older value", { pick: lastPresent }),
  bug("null key joins null", "a null key matches nothing", { hasKey: () => true, joins: nullJoinsNull }),
  bug("null key is an absent key", "a null key makes counts and lists null too", { hasKey: () => true }),
  bug("knowledge ignored", "knowledge created: late rows are invisible", { isKnown: () => true }),
  bug("known strictly before t", "knowledge created: created = t is known", { isKnown: (created, t) => created === null || created < t }),
  bug("missing created is unknown", "knowledge created: missing created is known", {
    isKnown: (created, t) => created !== null && created <= t,
  }),

  // History
  bug("handover ignored", "batch before the handover, log from it on", { inBatch: () => true, inLog: () => true }),
  bug("handover in batch", "handover: the batch side is open", { inBatch: (e, handover) => e <= handover }),
  bug("handover not in log", "handover: the log side is closed", { inLog: (e, handover) => e > handover }),
  bug("log ignored", "log rows count from the handover on", { inLog: () => false }),
  bug("event folded twice", "an event id is folded once", { foldOnce: (events) => events }),
  bug("equal events merged", "rows without id are a multiset", { foldOnce: mergeEqual }),

  // Windows
  bug("event at t included", "the event at exactly t is excluded", { isBefore: (e, t) => e <= t }),
  bug("tail exclusive", "the tail is inclusive", { isInside: (e, tail) => e > tail }),
  bug("window without hop", "the tail moves in hops", { tail: (t, window) => t - window }),
  bug("hop off by one, short", "the tail is floor(t/hop)*hop - W", { tail: (t, window, hop) => designRules.tail(t, window, hop) + hop }),
  bug("hop off by one, long", "the tail is not one hop earlier", { tail: (t, window, hop) => designRules.tail(t, window, hop) - hop }),
  bug("hop cut toward zero", "hops are floored toward -inf", { tail: (t, window, hop) => Math.trunc(t / hop) * hop - window }),
  bug("whole hops only", "the hop of t counts up to t", { isBefore: (e, t, hop) => e < (hop === null ? t : floorTo(t, hop)) }),
  bug("where ignored", "where filters", { passes: () => true }),
  bug("null where counts", "a where that is null is false", { passes: (condition) => condition !== false }),
  bug("count skips nulls", "count counts rows", { count: (rows) => rows.filter((e) => !Object.values(e.values).includes(null)).length }),
  bug("empty count null", "count of the empty window is 0", { count: (rows) => (rows.length === 0 ? null : rows.length) }),
  bug("empty list null", "a list of the empty window is []", { list: (values) => (values.length === 0 ? null : values) }),
  bug("list newest first", "lists are in row order", { list: (values) => values.toReversed() }),
  bug("nulls folded", "functions skip nulls", { takes: () => true }),
  bug("average over nulls", "avg divides by the values", { averageOver: (_values, rows) => rows.length }),
  bug("sample and population swapped", "sample and population differ", { divisor: (n, population) => (population ? n - 1 || 1 : n) }),
  bug("NaN lowest in min and max", "NaN is greatest in min and max", { compareValues: nanLowest }),
  bug("every NaN distinct", "NaN is one distinct value", {
    compareValues: (t, a, b) => (Number.isNaN(a) && Number.isNaN(b) ? 1 : naiveCompare(t, a, b)),
  }),
  bug("minus zero distinct", "-0 and 0 are one distinct value", { compareValues: minusZeroBelow }),
  bug("text min by UTF-16", "text is bytewise in min and max", { compareValues: textBy(compare) }),
  bug("first and last by arrival", "first and last follow the row order", {
    inOrder: (sorted, arrived, form) => (form === "windowed" ? arrived : sorted),
  }),

  // Spine
  bug("spine duplicates merged", "one output row per spine row", {
    arrange: (rows) => [...new Map(rows.map((r) => [printJson(r.row), r])).values()],
  }),
  bug("spine sorted by time", "spine order is kept", { arrange: (rows) => rows.toSorted((a, b) => a.asOfUs - b.asOfUs) }),
];

function bug(name: string, rule: string, replaces: Partial<Rules>): PlantedBug {
  return { name, rule, replaces };
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function nullHighest(type: ValueType, a: Value, b: Value): number {
  return a === null || b === null ? -naiveCompare(type, a, b) : naiveCompare(type, a, b);
}

function nanLowest(type: ValueType, a: Value, b: Value): number {
  const hasOneNaN = a !== null && b !== null && Number.isNaN(a) !== Number.isNaN(b);
  return hasOneNaN ? -naiveCompare(type, a, b) : naiveCompare(type, a, b);
}

function minusZeroBelow(type: ValueType, a: Value, b: Value): number {
  return a === 0 && b === 0 ? Number(Object.is(b, -0)) - Number(Object.is(a, -0)) : naiveCompare(type, a, b);
}

function textBy(order: (a: string, b: string) => number): Comparison {
  return (type, a, b) =>
    typeof a === "string" && typeof b === "string" && type.kind === "string" ? order(a, b) : naiveCompare(type, a, b);
}

function isBoolPair(a: Value, b: Value): boolean {
  return typeof a === "boolean" && typeof b === "boolean";
}

function keysBy(normalize: (value: Value) => Value): Rules["joins"] {
  return (type, a, b) => designRules.joins(type, normalize(a), normalize(b));
}

function nullJoinsNull(type: ValueType, a: Value, b: Value): boolean {
  return (a === null && b === null) || designRules.joins(type, a, b);
}

function decimalThroughFloat(type: ValueType, value: Value): Value {
  if (type.kind !== "decimal" || value === null) return value;
  return unscaledToDecimal(BigInt(Number(decimalToUnscaled(String(value)))), type.scale);
}

function lastPresent(visible: readonly Event[], feature: string): Value {
  return visible.findLast((e) => (e.values[feature] ?? null) !== null)?.values[feature] ?? null;
}

function printJson(data: unknown): string {
  return JSON.stringify(data, (_name, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}

function mergeEqual(events: readonly Event[]): readonly Event[] {
  const text = (e: Event): string => printJson([e.eventUs, e.source]);
  return designRules.foldOnce(events.filter((e, i) => !events.slice(0, i).some((f) => text(f) === text(e))));
}
