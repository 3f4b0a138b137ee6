import assert from "node:assert/strict";
import { test } from "node:test";
import type { AggregateFunction, ExpressionNode, FeatureModel, FileSourceModel, JoinPlan, Value, ValueType } from "@asof/core";
import { compareValue } from "@asof/core";
import { randomDomain } from "../generate/values.ts";
import { seededRandom, shuffle, times } from "../random/seeded-random.ts";
import type { SourceRow } from "./data.ts";
import { oracle } from "./oracle.ts";
import { naiveCompare } from "./rules.ts";

const int64: ValueType = { kind: "int64", as: "bigint" };
const float64: ValueType = { kind: "float64" };
const second = 1_000_000;
const source: FileSourceModel = {
  kind: "source",
  type: "parquet",
  name: "events",
  eventTime: "ts",
  createdTime: "created",
  eventId: null,
  columns: [
    { name: "x", type: float64, nullable: true, meta: {} },
    { name: "n", type: int64, nullable: true, meta: {} },
  ],
  mapping: {},
  paths: [],
  hive: false,
  csv: null,
  stream: null,
  meta: {},
};
const column = (name: "x" | "n"): ExpressionNode => ({ node: "column", name, type: name === "x" ? float64 : int64 });

/** A row at `us` (+ `ns` nanoseconds) with x, and n where given. */
function row(us: number, x: Value, more: { n?: Value; ns?: bigint; created?: number; key?: Value; id?: string } = {}): SourceRow {
  const created = more.created === undefined ? null : BigInt(more.created) * 1000n;
  const values = { key: more.key === undefined ? 1n : more.key, x, n: more.n ?? null };
  return { values, eventNs: BigInt(us) * 1000n + (more.ns ?? 0n), createdNs: created, eventId: more.id ?? null };
}

function planOf(features: readonly FeatureModel[], change: { ttlUs?: number; knowledge?: "created" } = {}): JoinPlan {
  const entities = [{ kind: "entity" as const, name: "e", keys: [{ name: "key", type: int64, nullable: false, meta: {} }], meta: {} }];
  const base = { kind: "view" as const, name: "v", entities, source, features, meta: {} };
  const isWindowed = features.some((f) => f.kind === "aggregate");
  return {
    spine: { timeColumn: "at", keys: [{ column: "key", type: int64 }] },
    knowledge: change.knowledge ?? "event",
    bounds: false,
    views: [
      {
        view: isWindowed ? { ...base, form: "windowed", separableUs: 0 } : { ...base, form: "plain", ttlUs: change.ttlUs ?? null },
        history: { batch: source, log: null, handoverUs: null },
        keys: [{ key: "key", spineColumn: "key", type: int64 }],
        ttlUs: change.ttlUs ?? null,
        features: features.map((feature) => ({ feature, output: feature.name })),
      },
    ],
  };
}

const plainX: readonly FeatureModel[] = [{ name: "x", type: float64, nullable: true, meta: {}, kind: "column" }];

function aggregate(
  fn: AggregateFunction,
  of: "x" | "n" | null,
  windowUs: number | null = 2 * second,
  hopUs: number | null = second,
): FeatureModel {
  const aggregateModel = {
    function: fn,
    argument: of === null ? null : column(of),
    windowUs: windowUs,
    hopUs: windowUs === null ? null : hopUs,
    where: null,
  };
  return { name: "a", type: float64, nullable: true, meta: {}, kind: "aggregate", aggregate: aggregateModel };
}

function ask(plan: JoinPlan, batch: readonly SourceRow[], atUs: readonly number[], key: Value = 1n): Value[] {
  const spine = atUs.map((us) => ({ values: { key }, asOfNs: BigInt(us) * 1000n }));
  return oracle(plan, { events: { batch, log: [] } }, spine).map((answers) => answers[0]?.value ?? null);
}

test("as of: the newest row not after t, within a ttl closed at both ends", () => {
  const rows = [row(10, 1), row(20, 2)];
  assert.deepEqual(ask(planOf(plainX), rows, [9, 10, 19, 20, 999]), [null, 1, 1, 2, 2]);
  assert.deepEqual(ask(planOf(plainX, { ttlUs: 5 }), rows, [15, 16, 25, 26]), [1, null, 2, null]);
});

test("as of: created time, then columns by name, decide ties; a null hides; nulls are lowest and NaN is highest", () => {
  assert.deepEqual(ask(planOf(plainX), [row(1, 5, { created: 9 }), row(1, 7, { created: 8 }), row(1, 6)], [1]), [5]);
  assert.deepEqual(ask(planOf(plainX), [row(1, 5), row(1, Number.NaN), row(1, null), row(1, 7)], [1]), [Number.NaN]);
  assert.deepEqual(ask(planOf(plainX), [row(1, 5), row(2, null)], [2]), [null]);
});

test("as of: nanoseconds are floored, before 1970 too", () => {
  assert.deepEqual(ask(planOf(plainX), [row(1, 5, { ns: 999n })], [0, 1]), [null, 5]);
  assert.deepEqual(ask(planOf(plainX), [row(-1, 5, { ns: 1n })], [-1, 0]), [5, 5]);
});

test("as of: null keys match nothing, knowledge hides what was learned later", () => {
  assert.deepEqual(ask(planOf(plainX), [row(1, 5, { key: null })], [1], null), [null]);
  const rows = [row(1, 5), row(2, 6, { created: 10 })];
  assert.deepEqual(ask(planOf(plainX, { knowledge: "created" }), rows, [9, 10]), [5, 6]);
});

test("windows: from the tail, which moves in hops, to before t", () => {
  const rows = [0, 1, 2, 3, 4].map((s) => row(s * second, s));
  const count = planOf([aggregate({ fn: "count" }, null)]);
  assert.deepEqual(
    ask(count, rows, [0, 1, second, second + 1, 2 * second, 2.5 * second, 3 * second, 3 * second + 1, 9 * second]),
    [0, 1, 1, 2, 2, 3, 2, 3, 0],
  );
  assert.deepEqual(ask(planOf([aggregate({ fn: "count" }, null, null)]), rows, [9 * second]), [5]);
  assert.deepEqual(ask(count, rows, [second], null), [null]);
  const early = [row(-1.5 * second, 1)];
  assert.deepEqual(ask(count, early, [-0.5 * second, 0, 0.5 * second, second]), [1, 1, 1, 0]);
});

test("windows: every function over values in row order, nulls skipped", () => {
  const rows = shuffle(seededRandom(1), [
    row(1, 4, { n: 2n }),
    row(2, null, { n: 2n ** 62n }),
    row(3, 1, { n: null }),
    row(4, 1, { n: 2n ** 62n - 5n }),
  ]);
  const one = (fn: AggregateFunction, of: "x" | "n"): Value =>
    ask(planOf([{ ...aggregate(fn, of), type: of === "n" && fn.fn === "sum" ? int64 : float64 }]), rows, [5])[0] ?? null;
  assert.equal(one({ fn: "sum" }, "x"), 6);
  assert.equal(one({ fn: "sum" }, "n"), 2n ** 63n - 3n);
  assert.equal(one({ fn: "avg" }, "x"), 2);
  assert.equal(one({ fn: "min" }, "x"), 1);
  assert.equal(one({ fn: "max" }, "x"), 4);
  assert.equal(one({ fn: "variance", population: true }, "x"), 2);
  assert.equal(one({ fn: "variance", population: false }, "x"), 3);
  assert.equal(one({ fn: "stddev", population: false }, "x"), Math.sqrt(3));
  assert.equal(one({ fn: "first" }, "x"), 4);
  assert.equal(one({ fn: "last" }, "n"), 2n ** 62n - 5n);
  assert.deepEqual(one({ fn: "firstN", n: 2 }, "x"), [4, 1]);
  assert.deepEqual(one({ fn: "lastN", n: 2 }, "n"), [2n ** 62n, 2n ** 62n - 5n]);
  assert.equal(one({ fn: "distinctCount", bound: 2 }, "x"), 2);
  assert.throws(() => one({ fn: "distinctCount", bound: 1 }, "x"), { code: "ASOF_DISTINCT_BOUND" });
  assert.deepEqual(ask(planOf([aggregate({ fn: "lastN", n: 2 }, "x")]), [], [5]), [[]]);
  assert.deepEqual(ask(planOf([aggregate({ fn: "variance", population: false }, "x")]), [row(1, 3)], [5]), [null]);
  const overflow = planOf([{ ...aggregate({ fn: "sum" }, "n"), type: int64 }]);
  assert.throws(() => ask(overflow, [...rows, row(4, 1, { n: 3n })], [5]), { code: "ASOF_SUM_OVERFLOW" });
});

test("history: batch before the handover, log from it on, each event id once", () => {
  const plan = planOf([aggregate({ fn: "count" }, null, null)]);
  const pushed = { ...source, type: "push" as const, batch: source };
  const withLog = (handoverUs: number | null, batch: FileSourceModel | null = source): JoinPlan => ({
    ...plan,
    views: plan.views.map((v) => ({
      ...v,
      view: { ...v.view, source: pushed },
      history: { batch, log: { project: "p", source: pushed }, handoverUs },
    })),
  });
  const tables = {
    events: {
      batch: [row(1, 1), row(1, 1), row(10, 1)],
      log: [row(9, 1, { id: "a" }), row(10, 1, { id: "b" }), row(11, 1, { id: "c" }), row(11, 1, { id: "c" })],
    },
  };
  const count = (p: JoinPlan): Value => oracle(p, tables, [{ values: { key: 1n }, asOfNs: 99_000n }])[0]?.[0]?.value ?? null;
  assert.equal(count(withLog(10)), 4);
  assert.equal(count(withLog(null)), 3);
  assert.equal(count(withLog(null, null)), 3);
});

test("the naive order agrees with core's on every type", () => {
  const types: ValueType[] = [
    { kind: "bool" },
    { kind: "int32" },
    int64,
    float64,
    { kind: "float32" },
    { kind: "string" },
    { kind: "bytes" },
    { kind: "timestamp" },
    { kind: "date" },
    { kind: "decimal", precision: 18, scale: 4 },
    { kind: "uuid" },
  ];
  const random = seededRandom(5);
  for (const type of types) {
    const values = [null, ...times(8, () => randomDomain(random, type)).flat()];
    for (const a of values)
      for (const b of values)
        assert.equal(Math.sign(naiveCompare(type, a, b)), Math.sign(compareValue(type, a, b)), `${type.kind} ${String(a)} ${String(b)}`);
  }
});
