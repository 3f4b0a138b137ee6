import assert from "node:assert/strict";
import { chance, choose, int, times } from "@asof/testkit";
import { aggregateResultType } from "../definition/aggregate-type.ts";
import type { AggregateFunction, AggregateModel, FeatureModel, SourceModel, WindowedViewModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import type { ExpressionNode } from "../expression/node.ts";
import type { Random } from "../platform/random.ts";
import type { StoredState } from "../store/online.ts";
import { encodeOrderKey, orderColumns } from "../value/order.ts";
import { floorTo } from "../value/time.ts";
import type { Value, ValueType } from "../value/type.ts";
import { type NaiveResult, naiveFold } from "./naive-fold.test.support.ts";
import type { KeyState, WindowEvent, WindowProgram } from "./window-program.ts";

/** Small views over one source, random events for them, and what their features are by brute force. */

export interface TestRow {
  readonly eventTimeUs: number;
  readonly createdTimeUs: number | null;
  readonly eventId: string | null;
  readonly values: Readonly<Record<string, Value>>;
}

const types: Readonly<Record<string, ValueType>> = {
  x: { kind: "float64" },
  f: { kind: "float32" },
  i: { kind: "int64", as: "number" },
  big: { kind: "int64", as: "bigint" },
  s: { kind: "string" },
  b: { kind: "bool" },
  d: { kind: "decimal", precision: 10, scale: 2 },
  raw: { kind: "bytes" },
  list: { kind: "list", of: { kind: "int32" } },
};

const domains: Readonly<Record<string, readonly Value[]>> = {
  x: [0, -0, 1.5, 0.1, -2.25, 1e10, Number.NaN, Number.POSITIVE_INFINITY],
  f: [0.5, -1.25, 3],
  i: [1, 2, -7, 2 ** 40],
  big: [2n ** 62n, -(2n ** 62n), 5n, 2n ** 53n + 1n],
  s: ["", "a", "é", "😀", "\uFB01"],
  b: [true, false],
  d: ["0.01", "-12.50", "99999999.99"],
  raw: [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(0, 255)],
  list: [[], [1, null], [2]],
};

export function columnNode(name: string): ExpressionNode {
  return { node: "column", name, type: types[name] ?? { kind: "bool" } };
}

interface Condition {
  readonly node: ExpressionNode;
  readonly holds: (row: TestRow) => boolean;
}

const bool: ValueType = { kind: "bool" };

const conditions: readonly Condition[] = [
  { node: columnNode("b"), holds: (row) => row.values.b === true },
  {
    node: {
      node: "call",
      op: "gt",
      args: [columnNode("i"), { node: "literal", type: { kind: "int64", as: "number" }, value: 1 }],
      type: bool,
    },
    holds: (row) => row.values.i !== null && Number(row.values.i) > 1,
  },
];

const source: SourceModel = {
  kind: "source",
  type: "push",
  name: "events",
  eventTime: "ts",
  createdTime: "created",
  eventId: "id",
  columns: Object.entries(types).map(([name, type]) => ({ name, type, nullable: true, meta: {} })),
  mapping: {},
  stream: null,
  batch: null,
  meta: {},
};

export interface TestFeature {
  readonly name: string;
  readonly fn: AggregateFunction;
  readonly column: string | null;
  readonly windowUs: number | null;
  readonly hopUs: number | null;
  readonly condition: Condition | null;
}

export function viewOf(features: readonly TestFeature[], separableUs: number): WindowedViewModel {
  return { kind: "view", form: "windowed", name: "activity", entities: [], source, separableUs, features: features.map(modelOf), meta: {} };
}

function modelOf(feature: TestFeature): FeatureModel {
  const argument = feature.column === null ? null : columnNode(feature.column);
  const where = feature.condition?.node ?? null;
  const aggregate: AggregateModel = { function: feature.fn, argument, windowUs: feature.windowUs, hopUs: feature.hopUs, where };
  const type = aggregateResultType(feature.fn, argument?.type ?? null);
  return { kind: "aggregate", name: feature.name, type, nullable: true, meta: {}, aggregate };
}

export function resultTypeOf(feature: TestFeature): ValueType {
  return aggregateResultType(feature.fn, feature.column === null ? null : (types[feature.column] ?? null));
}

const numeric = ["x", "f", "i", "big", "d"];
const scalar = [...numeric, "s", "b", "raw"];

function randomFunction(random: Random): { fn: AggregateFunction; column: string | null } {
  const population = chance(random, 0.5);
  const n = int(random, 1, 3);
  const anything = choose(random, [...scalar, "list"]);
  return choose<{ fn: AggregateFunction; column: string | null }>(random, [
    { fn: { fn: "count" }, column: null },
    { fn: { fn: "sum" }, column: choose(random, numeric) },
    { fn: { fn: "avg" }, column: choose(random, numeric) },
    { fn: { fn: choose(random, ["min", "max"]) }, column: choose(random, scalar) },
    { fn: { fn: choose(random, ["variance", "stddev"]), population }, column: choose(random, numeric) },
    { fn: { fn: choose(random, ["first", "last"]) }, column: anything },
    { fn: { fn: choose(random, ["firstN", "lastN"]), n }, column: choose(random, scalar) },
    { fn: { fn: "distinctCount", bound: choose(random, [2, 100]) }, column: choose(random, scalar) },
  ]);
}

/** Hops nest, or do not (6 and 4); windows of one hop up to some; lifetime. All in units. */
const windowChoices: readonly (readonly (readonly [hops: number, hop: number])[])[] = [
  [[1, 10]],
  [
    [3, 10],
    [12, 10],
    [2, 50],
  ],
  [
    [2, 6],
    [3, 4],
  ],
  [[40, 2]],
];

export function randomFeatures(random: Random, unitUs: number): TestFeature[] {
  const windows = choose(random, windowChoices);
  return times(int(random, 1, 4), (index) => {
    const isLifetime = chance(random, 0.2);
    const [hops, hop] = choose(random, windows);
    return {
      ...randomFunction(random),
      name: `f${index}`,
      windowUs: isLifetime ? null : hops * hop * unitUs,
      hopUs: isLifetime ? null : hop * unitUs,
      condition: chance(random, 0.3) ? choose(random, conditions) : null,
    };
  });
}

/** Event times lie on a coarse grid half of the time, so that ties, hop edges and reads exactly at an event happen. */
export function randomTime(random: Random, baseUs: number, unitUs: number, span: number): number {
  const units = chance(random, 0.5) ? int(random, -span / 5, span / 5) * 5 : int(random, -span, span);
  return baseUs + units * unitUs + (unitUs > 1 && chance(random, 0.2) ? int(random, -1, 1) : 0);
}

export function randomRow(random: Random, eventTimeUs: number, eventId: string | null): TestRow {
  const value = (name: string): Value => (chance(random, 0.2) ? null : choose(random, domains[name] ?? []));
  const values = Object.fromEntries(Object.keys(types).map((name) => [name, value(name)]));
  return { eventTimeUs, createdTimeUs: choose(random, [null, 0, 5]), eventId, values };
}

export function eventOf(program: WindowProgram, row: TestRow, isNew = false): WindowEvent {
  const { eventTimeUs, createdTimeUs, eventId } = row;
  return { eventTimeUs, createdTimeUs, eventId, isNew, values: program.columns.map((column) => row.values[column.name] ?? null) };
}

/** What a feature is at t, over all rows. */
export function expectedValue(feature: TestFeature, rows: readonly TestRow[], tUs: number): NaiveResult {
  const { windowUs, hopUs, column, condition } = feature;
  const tailUs = windowUs === null || hopUs === null ? Number.NEGATIVE_INFINITY : Math.floor(tUs / hopUs) * hopUs - windowUs;
  const inside = rows.filter((row) => tailUs <= row.eventTimeUs && row.eventTimeUs < tUs && (condition?.holds(row) ?? true));
  const order = orderColumns(source.columns);
  const naive = inside.map((row) => ({
    eventTimeUs: row.eventTimeUs,
    createdTimeUs: row.createdTimeUs,
    orderKey: encodeOrderKey(
      order.map((c) => c.type),
      order.map((c) => row.values[c.name] ?? null),
    ),
    value: column === null ? true : (row.values[column] ?? null),
  }));
  return naiveFold(feature.fn, column === null ? null : (types[column] ?? null), naive);
}

/** Instants at which a wrong boundary shows: at and around events, hops and the newest event. */
export function interestingTimes(random: Random, rows: readonly TestRow[], features: readonly TestFeature[], count: number): number[] {
  const newestUs = Math.max(0, ...rows.map((row) => row.eventTimeUs));
  return times(count, () => {
    const eventUs = rows.length === 0 ? 0 : choose(random, rows).eventTimeUs;
    const { hopUs, windowUs } = choose(random, features);
    const baseUs = choose(random, [
      eventUs,
      newestUs,
      newestUs,
      floorTo(eventUs, hopUs ?? 10),
      eventUs + (windowUs ?? 0),
      newestUs + (windowUs ?? 7),
    ]);
    return baseUs + choose(random, [0, 0, 1, -1, hopUs ?? 3]);
  });
}

/** Of rows with one event id the first; rows without one count each. */
export function onceById(rows: readonly TestRow[]): TestRow[] {
  return rows.filter((row, i) => row.eventId === null || rows.findIndex((other) => other.eventId === row.eventId) === i);
}

export interface OneRead {
  readonly value: Value;
  readonly incomplete: boolean;
  readonly error: string | null;
}

/** Reads one feature; an error takes the place of the value. */
export function readOne(program: WindowProgram, state: KeyState | null, tUs: number, name: string): OneRead {
  try {
    const read = program.read(state, tUs, { fromUs: null }, [name]);
    const [value] = read.values;
    assert.notEqual(value, undefined);
    return { value: value ?? null, incomplete: read.incomplete[0] === true, error: null };
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    return { value: null, incomplete: false, error: error.code };
  }
}

/** What an online store does with a state change. */
export function writeState(program: WindowProgram, stored: StoredState, state: KeyState): StoredState {
  const { set, remove } = program.encodeState(stored, state);
  const parts = new Map(stored.parts);
  for (const part of remove) assert.ok(parts.delete(part), `removes ${part}, which is stored`);
  for (const [part, bytes] of set) parts.set(part, Uint8Array.from(bytes));
  return { version: stored.version + 1, parts };
}
