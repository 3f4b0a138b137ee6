import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AggregateFunction, SpineInput } from "@asof/core";
import {
  bool,
  bytes,
  date,
  dayUs,
  decimal,
  float32,
  float64,
  hourUs,
  int32,
  int64,
  list,
  parquetSource,
  planOf,
  secondUs,
  sqlSource,
  string,
  timestamp,
  uuid,
  type WindowFeature,
  windowedJoin,
  windowFeature,
} from "../test/support/models.ts";
import { openTestStore, type ResultRow, retrieveRows } from "../test/support/store.ts";

const hour = { windowUs: hourUs, hopUs: 10 * secondUs };
const day = { windowUs: dayUs, hopUs: hourUs };
/** 2024-03-10T12:00:00Z */
const noon = 1_710_072_000 * secondUs;

/** A spine of one key at several times. */
function spineAt(...times: readonly number[]): SpineInput {
  return {
    kind: "rows",
    columns: [
      { name: "id", type: int64 },
      { name: "event_timestamp", type: timestamp },
    ],
    rows: times.map((t) => [1n, t]),
  };
}

/** Folds events given as rows of VALUES over `(ts µs, x…)` for one key. */
async function fold(
  values: readonly string[],
  columns: string,
  types: Parameters<typeof sqlSource>[1]["columns"],
  features: Readonly<Record<string, WindowFeature>>,
  spine: SpineInput,
  options: {
    readonly createdTime?: string;
    readonly knowledge?: "event" | "created";
    readonly eventId?: string;
    readonly bounds?: boolean;
  } = {},
): Promise<readonly ResultRow[]> {
  await using fixture = await openTestStore();
  const query = `SELECT 1::BIGINT AS id, make_timestamptz(us) AS ts, * EXCLUDE (us) FROM (VALUES ${values.join(", ")}) AS v(us, ${columns})`;
  const source = sqlSource(query, {
    columns: types,
    ...(options.createdTime === undefined ? {} : { createdTime: options.createdTime }),
    ...(options.eventId === undefined ? {} : { eventId: options.eventId }),
  });
  const join = windowedJoin({ keys: { id: int64 }, source, features });
  const plan = planOf([join], { knowledge: options.knowledge ?? "event", bounds: options.bounds ?? false });
  return await retrieveRows(fixture.store, plan, spine);
}

const x = (type: Parameters<typeof list>[0]) => ({ name: "x", type });

describe("windowed views", () => {
  test("a window reaches from its tail on a hop to just before t", async () => {
    const t = noon + 3 * secondUs;
    const tail = noon - hourUs;
    const events = [tail - 1, tail, tail + 1, t - 1, t, t + 1].map((us, i) => `(${us}, ${10 ** i})`);
    const [row] = await fold(events, "x", { x: int64 }, { total: windowFeature({ fn: "sum" }, x(int64), hour, int64) }, spineAt(t));
    assert.equal(row?.total, 1110n);
  });

  test("tails before the epoch are floored, not truncated", async () => {
    const t = -3 * secondUs;
    const tail = -10 * secondUs - hourUs;
    const events = [tail - 1, tail, t - 1].map((us, i) => `(${us}, ${10 ** i})`);
    const [row] = await fold(events, "x", { x: int64 }, { total: windowFeature({ fn: "sum" }, x(int64), hour, int64) }, spineAt(t));
    assert.equal(row?.total, 110n);
  });

  test("each feature has its own window; lifetime has no tail", async () => {
    const events = [`(${noon - 400 * dayUs}, 1)`, `(${noon - 20 * hourUs}, 2)`, `(${noon - 30 * 60 * secondUs}, 4)`];
    const features = {
      h: windowFeature({ fn: "count" }, null, hour),
      d: windowFeature({ fn: "count" }, null, day),
      all: windowFeature({ fn: "count" }, null, null),
      sum: windowFeature({ fn: "sum" }, x(int64), null, int64),
    };
    const [row] = await fold(events, "x", { x: int64 }, features, spineAt(noon));
    assert.deepEqual([row?.h, row?.d, row?.all, row?.sum], [1, 2, 3, 7n]);
  });

  test("empty folds: count 0, lists empty, else null", async () => {
    const fns: readonly AggregateFunction["fn"][] = ["count", "sum", "avg", "min", "max", "first", "last"];
    const features: Record<string, WindowFeature> = Object.fromEntries(
      fns.map((fn) => [
        fn,
        windowFeature({ fn } as AggregateFunction, fn === "count" ? null : x(float64), hour, fn === "count" ? undefined : float64),
      ]),
    );
    features.lastN = windowFeature({ fn: "lastN", n: 2 }, x(float64), hour, list(float64));
    features.firstN = windowFeature({ fn: "firstN", n: 2 }, x(float64), hour, list(float64));
    features.variance = windowFeature({ fn: "variance", population: false }, x(float64), hour, float64);
    features.distinct = windowFeature({ fn: "distinctCount", bound: 10 }, x(float64), hour);
    const [row] = await fold([`(${noon - dayUs}, 1.0)`], "x", { x: float64 }, features, spineAt(noon));
    const { id, event_timestamp, ...values } = row ?? {};
    assert.deepEqual(values, {
      count: 0,
      sum: null,
      avg: null,
      min: null,
      max: null,
      first: null,
      last: null,
      lastN: [],
      firstN: [],
      variance: null,
      distinct: 0,
    });
  });

  test("functions skip nulls; count counts rows; NaN is greatest and one value", async () => {
    const at = (i: number) => noon - hourUs / 2 + i * secondUs;
    const values = ["1.5", "NULL", "-0.0", "0.0", "'nan'::DOUBLE", "'nan'::DOUBLE", "2.5"].map((v, i) => `(${at(i)}, ${v}::DOUBLE)`);
    const features = {
      rows: windowFeature({ fn: "count" }, null, hour),
      min: windowFeature({ fn: "min" }, x(float64), hour, float64),
      max: windowFeature({ fn: "max" }, x(float64), hour, float64),
      sum: windowFeature({ fn: "sum" }, x(float64), hour, float64),
      variance: windowFeature({ fn: "variance", population: true }, x(float64), hour, float64),
      distinct: windowFeature({ fn: "distinctCount", bound: 10 }, x(float64), hour),
      first: windowFeature({ fn: "first" }, x(float64), hour, float64),
      last: windowFeature({ fn: "last" }, x(float64), hour, float64),
      last3: windowFeature({ fn: "lastN", n: 3 }, x(float64), hour, list(float64)),
      first3: windowFeature({ fn: "firstN", n: 3 }, x(float64), hour, list(float64)),
    };
    const [row] = await fold(values, "x", { x: float64 }, features, spineAt(noon));
    const { id, event_timestamp, ...got } = row ?? {};
    assert.deepEqual(got, {
      rows: 7,
      min: -0,
      max: Number.NaN,
      sum: Number.NaN,
      variance: Number.NaN,
      distinct: 4,
      first: 1.5,
      last: 2.5,
      last3: [Number.NaN, Number.NaN, 2.5],
      first3: [1.5, -0, 0],
    });
  });

  test("variance and stddev need two values, of a population one", async () => {
    const features = (fn: "variance" | "stddev") => ({
      sample: windowFeature({ fn, population: false }, x(float64), hour, float64),
      population: windowFeature({ fn, population: true }, x(float64), hour, float64),
    });
    const [one] = await fold([`(${noon - 1}, 3.0::DOUBLE)`], "x", { x: float64 }, features("variance"), spineAt(noon));
    assert.deepEqual([one?.sample, one?.population], [null, 0]);
    const two = [`(${noon - 1}, 3.0::DOUBLE)`, `(${noon - 2}, 7.0::DOUBLE)`];
    const [variance] = await fold(two, "x", { x: float64 }, features("variance"), spineAt(noon));
    assert.deepEqual([variance?.sample, variance?.population], [8, 4]);
    const [stddev] = await fold(two, "x", { x: float64 }, features("stddev"), spineAt(noon));
    assert.deepEqual([stddev?.sample, stddev?.population], [Math.sqrt(8), 2]);
  });

  test("variance of values whose squares leave float64 is infinite, of infinite ones NaN", async () => {
    const features = { v: windowFeature({ fn: "variance", population: true }, x(float64), hour, float64) };
    const run = async (...values: readonly string[]) =>
      (
        await fold(
          values.map((v, i) => `(${noon - 1 - i}, ${v}::DOUBLE)`),
          "x",
          { x: float64 },
          features,
          spineAt(noon),
        )
      )[0]?.v;
    assert.equal(await run("1e200", "-1e200"), Number.POSITIVE_INFINITY);
    assert.equal(await run("1e200"), 0);
    assert.equal(await run("'inf'", "1"), Number.NaN);
  });

  test("sums of integers are exact, and overflow names the feature", async () => {
    const big = 2n ** 62n;
    const features = { total: windowFeature({ fn: "sum" }, x(int64), hour, int64) };
    const exact = [big, big, -big, 1n].map((v, i) => `(${noon - 1 - i}, ${v}::BIGINT)`);
    const [row] = await fold(exact, "x", { x: int64 }, features, spineAt(noon));
    assert.equal(row?.total, big + 1n);
    const over = [big, big].map((v, i) => `(${noon - 1 - i}, ${v}::BIGINT)`);
    await assert.rejects(fold(over, "x", { x: int64 }, features, spineAt(noon)), { code: "ASOF_SUM_OVERFLOW", message: /"view:total"/ });
    // The window that overflows is not asked for by this row.
    assert.equal((await fold(over, "x", { x: int64 }, features, spineAt(noon - 1)))[0]?.total, big);
  });

  test("decimals add up exactly", async () => {
    const type = decimal(38, 2);
    const features = { total: windowFeature({ fn: "sum" }, x(type), hour, type) };
    const values = (...texts: readonly string[]) => texts.map((v, i) => `(${noon - 1 - i}, '${v}'::DECIMAL(38, 2))`);
    const [row] = await fold(values("0.10", "0.20", "99999999999999999999999999999999999.00"), "x", { x: type }, features, spineAt(noon));
    assert.equal(row?.total, "99999999999999999999999999999999999.30");
    const nines = `${"9".repeat(36)}.00`;
    const overflow = { code: "ASOF_SUM_OVERFLOW", path: "view:total", message: /"view:total"/ };
    for (const count of [2, 200]) {
      const many = values(...Array.from({ length: count }, () => nines));
      await assert.rejects(fold(many, "x", { x: type }, features, spineAt(noon)), overflow, `${count} values`);
    }
  });

  test("a sum of decimals may leave their range on its way, and an average altogether", async () => {
    const type = decimal(38, 2);
    const features = {
      total: windowFeature({ fn: "sum" }, x(type), hour, type),
      mean: windowFeature({ fn: "avg" }, x(type), hour, float64),
    };
    const nines = `${"9".repeat(36)}.00`;
    const rows = (...texts: readonly string[]) => texts.map((v, i) => `(${noon - 1 - i}, '${v}'::DECIMAL(38, 2))`);
    const back = rows(nines, nines, nines, `-${nines}`, `-${nines}`, `-${nines}`, "-0.05");
    const [row] = await fold(back, "x", { x: type }, features, spineAt(noon));
    assert.deepEqual([row?.total, row?.mean], ["-0.05", -0.05 / 7]);
    const { mean } = features;
    assert.equal((await fold(rows(nines, nines, nines), "x", { x: type }, { mean }, spineAt(noon)))[0]?.mean, 1e36);
    const fraction = decimal(38, 38);
    const half = { total: windowFeature({ fn: "sum" }, x(fraction), hour, fraction) };
    const halves = [`(${noon - 1}, '0.25'::DECIMAL(38, 38))`, `(${noon - 2}, '0.25'::DECIMAL(38, 38))`, `(${noon - 3}, NULL)`];
    assert.equal((await fold(halves, "x", { x: fraction }, half, spineAt(noon)))[0]?.total, `0.5${"0".repeat(37)}`);
    assert.equal((await fold([`(${noon - 1}, NULL::DECIMAL(38, 38))`], "x", { x: fraction }, half, spineAt(noon)))[0]?.total, null);
  });

  test("a distinct count above its bound is an error that names the feature", async () => {
    const features = { kinds: windowFeature({ fn: "distinctCount", bound: 2 }, x(string), hour) };
    const values = (...texts: readonly string[]) => texts.map((v, i) => `(${noon - 1 - i}, '${v}')`);
    assert.equal((await fold(values("a", "b", "a"), "x", { x: string }, features, spineAt(noon)))[0]?.kinds, 2);
    await assert.rejects(fold(values("a", "b", "c"), "x", { x: string }, features, spineAt(noon)), {
      code: "ASOF_DISTINCT_BOUND",
      message: /"view:kinds"/,
    });
  });

  test("ties in time go by created time, then by the source's columns by name", async () => {
    const features = {
      last: windowFeature({ fn: "last" }, x(int64), hour, int64),
      first: windowFeature({ fn: "first" }, x(int64), hour, int64),
    };
    const us = noon - secondUs;
    const created = (offset: number | null) => (offset === null ? "NULL::TIMESTAMPTZ" : `make_timestamptz(${us + offset})`);
    const run = (rows: readonly string[]) =>
      fold(rows, "made, a, x", { x: int64, a: string }, features, spineAt(noon), { createdTime: "made" });
    // created decides before columns
    const [byCreated] = await run([
      `(${us}, ${created(2)}, 'a', 1)`,
      `(${us}, ${created(1)}, 'z', 2)`,
      `(${us}, ${created(null)}, 'z', 3)`,
    ]);
    assert.deepEqual([byCreated?.first, byCreated?.last], [3n, 1n]);
    // then "a" before "x": text bytewise, null lowest
    const [byColumn] = await run([`(${us}, ${created(0)}, 'B', 9)`, `(${us}, ${created(0)}, 'a', 1)`, `(${us}, ${created(0)}, NULL, 5)`]);
    assert.deepEqual([byColumn?.first, byColumn?.last], [5n, 1n]);
  });

  test("where keeps rows on which the condition holds", async () => {
    const isOn = { node: "column", name: "on", type: bool } as const;
    const features = {
      rows: windowFeature({ fn: "count" }, null, hour, undefined, isOn),
      total: windowFeature({ fn: "sum" }, x(int64), hour, int64, isOn),
      list: windowFeature({ fn: "lastN", n: 5 }, x(int64), hour, list(int64), isOn),
    };
    const rows = [`(${noon - 3}, 1, TRUE)`, `(${noon - 2}, 2, FALSE)`, `(${noon - 1}, 4, NULL)`, `(${noon - 1}, NULL, TRUE)`];
    const [row] = await fold(rows, 'x, "on"', { x: int64, on: bool }, features, spineAt(noon));
    assert.deepEqual([row?.rows, row?.total, row?.list], [2, 1n, [1n]]);
  });

  test("knowledge created leaves out events that were not known by t, inside windows too", async () => {
    const features = {
      rows: windowFeature({ fn: "count" }, null, hour),
      last: windowFeature({ fn: "last" }, x(int64), hour, int64),
      all: windowFeature({ fn: "sum" }, x(int64), null, int64),
      kinds: windowFeature({ fn: "distinctCount", bound: 9 }, x(int64), day),
    };
    const rows = [
      `(${noon - 2 * hourUs}, make_timestamptz(${noon - 2 * hourUs}), 1)`,
      `(${noon - 10}, make_timestamptz(${noon - 10}), 2)`,
      `(${noon - 9}, make_timestamptz(${noon}), 4)`,
      `(${noon - 8}, make_timestamptz(${noon + 1}), 8)`,
      `(${noon - 7}, NULL, 16)`,
    ];
    const run = (knowledge: "event" | "created") =>
      fold(rows, "made, x", { x: int64 }, features, spineAt(noon, noon - 3 * hourUs), { createdTime: "made", knowledge });
    const pick = (row: ResultRow | undefined) => [row?.rows, row?.last, row?.all, row?.kinds];
    const created = await run("created");
    assert.deepEqual(created.map(pick), [
      [3, 16n, 23n, 4],
      [0, null, null, 0],
    ]);
    assert.deepEqual((await run("event")).map(pick)[0], [4, 16n, 31n, 5]);
  });

  test("an event with an id is folded once: the earliest in the row order; rows without id are a multiset", async () => {
    const features = {
      total: windowFeature({ fn: "sum" }, x(int64), null, int64),
      last: windowFeature({ fn: "last" }, x(int64), null, int64),
    };
    const rows = [
      `(${noon - 5}, 'a', 1)`,
      `(${noon - 4}, 'a', 10)`,
      `(${noon - 3}, NULL, 100)`,
      `(${noon - 3}, NULL, 100)`,
      `(${noon + 5}, 'a', 1000)`,
    ];
    const [row] = await fold(rows, "eid, x", { x: int64 }, features, spineAt(noon), { eventId: "eid" });
    assert.deepEqual([row?.total, row?.last], [201n, 100n]);
    const [early] = await fold(rows, "eid, x", { x: int64 }, features, spineAt(noon - 4), { eventId: "eid" });
    assert.equal(early?.total, 1n);
  });

  test("every type can be folded", async () => {
    const types = {
      i: int32,
      f: float32,
      s: string,
      b: bool,
      y: bytes,
      d: date,
      m: decimal(6, 2),
      u: uuid,
      w: timestamp,
      l: list(string),
    };
    const row = (us: number, high: boolean) =>
      high
        ? `(${us}, 7::INT, 1.5::FLOAT, 'ö"', TRUE, '\\xFF'::BLOB, DATE '2024-02-29', 12.50::DECIMAL(6,2), 'ffffffff-0000-0000-0000-000000000001'::UUID, TIMESTAMP_NS '1969-12-31 23:59:59.999999999', ['b', NULL])`
        : `(${us}, -7::INT, -1.5::FLOAT, 'a', FALSE, '\\x00'::BLOB, DATE '1969-12-31', -12.50::DECIMAL(6,2), '00000000-0000-0000-0000-000000000001'::UUID, TIMESTAMP_NS '1960-01-01 00:00:00', ['a'])`;
    const features = Object.fromEntries(
      Object.entries(types).flatMap(([name, type]) => {
        const argument = { name, type };
        const one = (fn: "min" | "max" | "first" | "last") => [`${fn}_${name}`, windowFeature({ fn }, argument, hour, type)] as const;
        if (type.kind === "list") return [one("first"), one("last")];
        return [
          one("min"),
          one("max"),
          one("first"),
          one("last"),
          [`lastN_${name}`, windowFeature({ fn: "lastN", n: 2 }, argument, hour, list(type))] as const,
          [`distinct_${name}`, windowFeature({ fn: "distinctCount", bound: 5 }, argument, hour)] as const,
        ];
      }),
    );
    const [got] = await fold([row(noon - 2, true), row(noon - 1, false)], "i, f, s, b, y, d, m, u, w, l", types, features, spineAt(noon));
    const high = {
      i: 7,
      f: 1.5,
      s: 'ö"',
      b: true,
      y: Uint8Array.of(255),
      d: "2024-02-29",
      m: "12.50",
      u: "ffffffff-0000-0000-0000-000000000001",
      w: -1,
    };
    const low = {
      i: -7,
      f: -1.5,
      s: "a",
      b: false,
      y: Uint8Array.of(0),
      d: "1969-12-31",
      m: "-12.50",
      u: "00000000-0000-0000-0000-000000000001",
      w: -315_619_200 * secondUs,
    };
    for (const name of Object.keys(high) as (keyof typeof high)[]) {
      const [h, l] = [high[name], low[name]];
      assert.deepEqual(
        ["min", "max", "first", "last", "lastN", "distinct"].map((fn) => got?.[`${fn}_${name}`]),
        [l, h, h, l, [h, l], 2],
        name,
      );
    }
    assert.deepEqual([got?.first_l, got?.last_l], [["b", null], ["a"]]);
  });

  test("bounds add how many values were folded and their magnitude", async () => {
    const features = {
      s: windowFeature({ fn: "sum" }, x(float64), hour, float64),
      v: windowFeature({ fn: "stddev", population: true }, x(float64), hour, float64),
      n: windowFeature({ fn: "count" }, null, hour),
    };
    const rows = [`(${noon - 2}, -3.0::DOUBLE)`, `(${noon - 1}, 4.0::DOUBLE)`, `(${noon - 1}, NULL)`];
    const [row] = await fold(rows, "x", { x: float64 }, features, spineAt(noon), { bounds: true });
    assert.deepEqual(Object.keys(row ?? {}), ["id", "event_timestamp", "s", "v", "n", "s__n", "s__abs", "v__n", "v__abs"]);
    assert.deepEqual([row?.s, row?.s__n, row?.s__abs, row?.v__n, row?.v__abs], [1, 2, 7, 2, 25]);
  });

  test("a null key part gives nulls, counts too; views without entities fold all events", async () => {
    await using fixture = await openTestStore();
    await fixture.sql(
      `COPY (SELECT * FROM (VALUES (1::BIGINT, 'a', make_timestamptz(${noon - 1})), (NULL, 'a', make_timestamptz(${noon - 1}))) v(id, area, ts)) TO '{folder}/e.parquet'`,
    );
    const source = parquetSource("e.parquet", { columns: {} });
    const rows = windowFeature({ fn: "count" }, null, hour);
    const keyed = windowedJoin({ keys: { id: int64, area: string }, source, features: { keyed: rows } });
    const all = windowedJoin({ keys: {}, source, features: { all: rows } });
    const spine: SpineInput = {
      kind: "rows",
      columns: [
        { name: "event_timestamp", type: timestamp },
        { name: "id", type: int64 },
        { name: "area", type: string },
      ],
      rows: [
        [noon, 1n, "a"],
        [noon, null, "a"],
        [noon, 1n, null],
        [noon, 1n, "a"],
        [noon - 1, 1n, "a"],
      ],
    };
    const got = await retrieveRows(fixture.store, planOf([keyed, all]), spine);
    assert.deepEqual(
      got.map((row) => [row.keyed, row.all]),
      [
        [1, 2],
        [null, 2],
        [null, 2],
        [1, 2],
        [0, 0],
      ],
    );
  });

  test("the report counts rows whose value was known only later", async () => {
    await using fixture = await openTestStore();
    const query = `SELECT 1::BIGINT AS id, make_timestamptz(${noon - 10}) AS ts, make_timestamptz(${noon + 10}) AS made`;
    const source = sqlSource(query, { columns: {}, createdTime: "made" });
    const join = windowedJoin({ name: "late", keys: { id: int64 }, source, features: { n: windowFeature({ fn: "count" }, null, hour) } });
    await using result = await fixture.store.retrieve(planOf([join]), spineAt(noon, noon + 10, noon - 10));
    assert.deepEqual(result.report, {
      spineRows: 3,
      rowsWithoutEventTime: { late: 0 },
      knownOnlyLater: { late: 1 },
      labels: {},
      droppedRows: 0,
    });
  });
});
