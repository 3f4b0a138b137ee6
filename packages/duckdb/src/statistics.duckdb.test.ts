import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type {
  ExpressionNode,
  FeatureStatistics,
  Json,
  LogRow,
  PushSourceModel,
  StatisticsRequest,
  Value,
  ValueType,
  ViewJoin,
} from "@asof/core";
import { anyValue, chance, choose, describeValues, everyType, int, seededRandom, times } from "@asof/testkit";
import {
  dayUs,
  float64,
  hourUs,
  parquetSource,
  plainJoin,
  planOf,
  secondUs,
  sqlSource,
  string,
  timestamp,
  windowedJoin,
  windowFeature,
} from "../test/support/models.ts";
import { openTestStore, retrieveRows } from "../test/support/store.ts";
import { openDuckDbEngine } from "./engine.test.support.ts";

const int64: ValueType = { kind: "int64", as: "number" };

function requestOf({ view, history }: Pick<ViewJoin, "view" | "history">, more: Partial<StatisticsRequest> = {}): StatisticsRequest {
  return { view, history, startUs: null, count: "all", endUs: 2_000_000_000 * secondUs, ...more };
}

/** Everything must agree, mean and spread up to what adding doubles loses. */
function assertSame(actual: FeatureStatistics | undefined, expected: FeatureStatistics, values: readonly Value[], what: string): void {
  assert.ok(actual, what);
  const greatest = Math.max(1e-300, ...values.map((v) => Math.abs(Number(v))).filter(Number.isFinite));
  for (const name of ["mean", "stddev"] as const) {
    const a: Json = actual[name] ?? null;
    const b: Json = expected[name] ?? null;
    if (a === null || b === null) assert.equal(a, b, `${what} ${name}`);
    else assert.ok(Math.abs(Number(a) - Number(b)) <= 1e-9 * greatest || a === b, `${what} ${name}: ${a} and ${b}`);
  }
  if (actual.length && expected.length) assert.ok(Math.abs(actual.length.mean - expected.length.mean) < 1e-9, `${what} length`);
  const { mean: _m, stddev: _s, ...rest } = actual;
  const { mean: _n, stddev: _t, ...others } = expected;
  const even = (f: typeof rest) => ({ ...f, ...(f.length ? { length: { ...f.length, mean: 0 } } : {}) });
  assert.deepEqual(even(rest), even(others), what);
}

describe("statistics of a plain view", () => {
  test("equal the naive figures for columns of every type: empty, null, of one row, of few and of many values", async (t) => {
    const seed = process.env.ASOF_SEED ?? "statistics";
    const random = seededRandom(seed);
    await using engine = await openDuckDbEngine();
    const features = Object.fromEntries(everyType.map((type, i) => [`f${i}`, type]));
    const columns = [
      { name: "id", type: int64 },
      { name: "ts", type: timestamp },
      ...everyType.map((type, i) => ({ name: `f${i}`, type })),
    ];
    for (const [run, size] of [0, 1, 1, 2, 3, 20, 300, 1000].entries()) {
      const kinds = everyType.map(() => choose(random, ["any", "few", "null"] as const));
      const few = everyType.map((type) => times(int(random, 1, 14), () => anyValue(random, type)));
      const drawValue = (i: number): Value => {
        const type = everyType[i];
        if (type === undefined || kinds[i] === "null" || chance(random, 0.1)) return null;
        return kinds[i] === "few" ? choose(random, few[i] ?? []) : anyValue(random, type);
      };
      const rows = times(size, (row) => [row, row * secondUs, ...everyType.map((_, i) => drawValue(i))]);
      const path = await engine.writeParquet(`run${run}`, columns, rows);
      const join = plainJoin({ keys: { id: int64 }, source: parquetSource(path, { columns: features }), features });
      const found = await engine.store.computeStatistics(requestOf(join));
      assert.deepEqual([found.basis, found.rows], ["rows", size]);
      everyType.forEach((type, i) => {
        const values = rows.map((row) => row[i + 2] ?? null);
        const what = `seed ${seed}, run ${run}, ${JSON.stringify(type)}`;
        assertSame(found.features[`f${i}`], describeValues(type, values), values, what);
      });
    }
    t.diagnostic(`seed ${seed}`);
  });
});

/** Rows `(id, seconds, f)` as a sql source. */
function rowsOf(rows: readonly (readonly [number | null, number | null, number | null])[]): string {
  const values = rows.map(
    ([id, s, x]) => `(${id ?? "NULL"}::BIGINT, make_timestamptz(${s === null ? "NULL" : s * secondUs}::BIGINT), ${x ?? "NULL"}::DOUBLE)`,
  );
  return `SELECT * FROM (VALUES ${values.join(", ")}) AS v(id, ts, f)`;
}

const plainOver = (query: string) =>
  plainJoin({ keys: { id: int64 }, source: sqlSource(query, { columns: { f: float64 } }), features: { f: float64 } });

describe("rows that statistics are of", () => {
  test("lie in the half-open interval; rows without a key or a time are no one's", async () => {
    await using fixture = await openTestStore();
    const rows = [
      [1, 9, 1],
      [1, 10, 2],
      [2, 19, 3],
      [2, 20, 4],
      [null, 15, 5],
      [1, null, 6],
    ] as const;
    const request = requestOf(plainOver(rowsOf(rows)), { startUs: 10 * secondUs, endUs: 20 * secondUs });
    const { features } = await fixture.store.computeStatistics(request);
    assert.deepEqual(features.f?.top, [
      { value: 2, count: 1 },
      { value: 3, count: 1 },
    ]);
    const whole = await fixture.store.computeStatistics({ ...request, startUs: null });
    assert.equal(whole.features.f?.count, 3);
  });

  test("of a static source are all of it, of an entity-less view too; derived features are computed", async () => {
    await using fixture = await openTestStore();
    const query = rowsOf([
      [1, 5, 2],
      [2, 6, 4],
    ]);
    const source = sqlSource(query, { eventTime: null, columns: { f: float64 } });
    const f: ExpressionNode = { node: "column", name: "f", type: float64 };
    const expression: ExpressionNode = { node: "call", op: "add", args: [f, f], type: float64 };
    const doubled = { name: "d", type: float64, nullable: true, meta: {}, kind: "derived" as const, expression };
    for (const keys of [{ id: int64 }, {}]) {
      const join = plainJoin({ keys, source, features: [doubled] });
      const { features } = await fixture.store.computeStatistics(requestOf(join, { endUs: 0 }));
      assert.deepEqual([features.d?.min, features.d?.max, features.d?.mean], [4, 8, 6]);
    }
  });

  test("of a push source are those of the log, each event once", async () => {
    await using fixture = await openTestStore();
    const { paths: _paths, hive: _hive, csv: _csv, ...base } = parquetSource("", { columns: { f: float64 } });
    const source: PushSourceModel = { ...base, type: "push", batch: null };
    const join = plainJoin({ keys: { id: int64 }, source, features: { f: float64 } });
    const row = (id: number, f: number, eventId: string): LogRow => ({
      values: { id, ts: 5 * secondUs, f },
      createdTimeUs: 6 * secondUs,
      ingestTimeUs: 6 * secondUs,
      origin: "push",
      eventId,
    });
    await fixture.store.append({ project: "test", source }, [row(1, 1, "a"), row(2, 3, "b"), row(2, 3, "b")]);
    const { features } = await fixture.store.computeStatistics(requestOf(join));
    assert.deepEqual([features.f?.count, features.f?.mean], [2, 2]);
  });

  test("count NaN and the infinities apart; int64 is exact; text is cut", async () => {
    await using fixture = await openTestStore();
    const query = `SELECT i AS id, to_timestamp(i) AS ts, (['1.5', 'NaN', 'Infinity', '-Infinity', NULL, '2.5'])[i + 1]::DOUBLE AS f,
      9223372036854775807 - i AS n, repeat('😀', 300) || i AS s FROM range(6) AS t(i)`;
    const types = { f: float64, n: int64, s: string };
    const join = plainJoin({ keys: { id: int64 }, source: sqlSource(query, { columns: types }), features: types });
    const { features } = await fixture.store.computeStatistics(requestOf(join));
    const { f, n, s } = features;
    assert.deepEqual(f?.apart, { nan: 1, positiveInfinity: 1, negativeInfinity: 1 });
    assert.deepEqual([f?.count, f?.nulls, f?.distinct, f?.min, f?.max, f?.mean], [6, 1, 2, 1.5, 2.5, 2]);
    assert.equal(
      f?.histogram?.counts.reduce((a, b) => a + b),
      2,
    );
    assert.deepEqual([n?.min, n?.max], ["9223372036854775802", "9223372036854775807"]);
    assert.deepEqual(n?.histogram?.edges.slice(0, 2), ["9223372036854775802", "9223372036854775803"]);
    assert.deepEqual(s?.length, { min: 301, max: 301, mean: 301 });
    assert.equal([...String(s?.min)].length, 256);
    assert.equal(s?.distinct, 6);
  });
});

describe("statistics of many rows", () => {
  const big = (rows: number) =>
    plainOver(`SELECT i // 3 AS id, to_timestamp(i % 1000) AS ts, (hash(i) % 10000)::DOUBLE AS f FROM range(${rows}) AS t(i)`);

  test("take a sample, the same each time, for what would need all rows at once; the rest is exact", async () => {
    await using fixture = await openTestStore();
    const request = requestOf(big(60_000), { limits: { exactRowsMax: 5_000 } });
    const [one, two] = [await fixture.store.computeStatistics(request), await fixture.store.computeStatistics(request)];
    const again = (f: FeatureStatistics | undefined) => ({ ...f, mean: 0, stddev: 0 });
    assert.deepEqual(again(one.features.f), again(two.features.f));
    const { f } = one.features;
    assert.ok(f);
    assert.deepEqual([one.rows, f.count, f.nulls, f.min, f.max], [60_000, 60_000, 0, 0, 9_999]);
    assert.ok(f.sampleRows > 3_000 && f.sampleRows < 7_000, String(f.sampleRows));
    assert.ok(Math.abs(Number(f.mean) - 5_000) < 50, String(f.mean));
    assert.ok(Math.abs(Number(f.quantiles?.p50) - 5_000) < 400, String(f.quantiles?.p50));
    assert.ok(Math.abs(Number(f.distinct) - 10_000) < 1_500, String(f.distinct));
    assert.equal(
      f.histogram?.counts.reduce((a, b) => a + b),
      f.sampleRows,
    );
  });

  test("count a sample only where that is asked for", async () => {
    await using fixture = await openTestStore();
    const found = await fixture.store.computeStatistics(requestOf(big(60_000), { count: "sample", limits: { exactRowsMax: 5_000 } }));
    const { f } = found.features;
    assert.ok(f);
    assert.equal(found.rows, 60_000);
    assert.equal(f.count, f.sampleRows);
    assert.ok(f.count > 3_000 && f.count < 7_000, String(f.count));
    const few = await fixture.store.computeStatistics(requestOf(big(4_000), { count: "sample", limits: { exactRowsMax: 5_000 } }));
    assert.deepEqual([few.features.f?.count, few.features.f?.sampleRows], [4_000, 4_000]);
  });

  test("keep to a memory limit that holds a fraction of the rows", { timeout: 120_000 }, async () => {
    await using fixture = await openTestStore({ memoryLimit: "150MB", threads: 1 });
    const text = "md5(i::VARCHAR) || md5((i + 1)::VARCHAR) || md5((i + 2)::VARCHAR)";
    const rows = `SELECT i AS id, to_timestamp(i) AS ts, ${text} AS f FROM range(2000000) AS t(i)`;
    await fixture.sql(`COPY (${rows}) TO '{folder}/big.parquet' (FORMAT parquet)`);
    const join = plainJoin({
      keys: { id: int64 },
      source: parquetSource("big.parquet", { columns: { f: string } }),
      features: { f: string },
    });
    const found = await fixture.store.computeStatistics(requestOf(join));
    const { f } = found.features;
    assert.deepEqual([found.rows, f?.nulls, f?.length], [2_000_000, 0, { min: 96, max: 96, mean: 96 }]);
  });

  test("an abort ends it", async () => {
    await using fixture = await openTestStore();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const query = "SELECT i AS id, to_timestamp(i) AS ts, (hash(i) % 10000)::DOUBLE AS f FROM range(300000000) AS t(i)";
    await assert.rejects(fixture.store.computeStatistics(requestOf(plainOver(query)), { signal: stop.signal }), {
      code: "ASOF_INTERRUPTED",
    });
  });
});

describe("statistics of a windowed view", () => {
  const events = times(400, (i) => [i % 7, i * 3_600, (i * 37) % 11] as const);
  const twoDays = { windowUs: 2 * dayUs, hopUs: hourUs };
  const features = {
    total: windowFeature({ fn: "sum" }, { name: "f", type: float64 }, twoDays, float64),
    n: windowFeature({ fn: "count" }, null, twoDays),
  };
  const windowed = (query: string) =>
    windowedJoin({ keys: { id: int64 }, source: sqlSource(query, { columns: { f: float64 } }), features });

  test("are of the values at the interval's end of the keys with an event in it, as a retrieval gives them", async () => {
    await using fixture = await openTestStore();
    const join = windowed(rowsOf(events));
    const endUs = 300 * hourUs + 1;
    const found = await fixture.store.computeStatistics(requestOf(join, { startUs: 296 * hourUs, endUs }));
    const keys = [...new Set(events.filter(([, s]) => s * secondUs >= 296 * hourUs && s * secondUs < endUs).map(([id]) => id))];
    assert.deepEqual([found.basis, found.rows], ["values_at_end", keys.length]);
    const columns = [
      { name: "id", type: int64 },
      { name: "event_timestamp", type: timestamp },
    ];
    const rows = await retrieveRows(fixture.store, planOf([join]), { kind: "rows", columns, rows: keys.map((id) => [id, endUs]) });
    for (const { name, type } of join.view.features) {
      const values = rows.map((row) => row[name] ?? null);
      assertSame(found.features[name], describeValues(type, values), values, name);
    }
  });

  test("are of a sample of the keys where there are many", async () => {
    await using fixture = await openTestStore();
    const join = windowed("SELECT i AS id, to_timestamp(i % 100) AS ts, 1.0::DOUBLE AS f FROM range(20000) AS t(i)");
    const found = await fixture.store.computeStatistics(requestOf(join, { endUs: dayUs, limits: { keysMax: 2_000 } }));
    assert.equal(found.rows, 20_000);
    assert.ok(Math.abs((found.features.n?.count ?? 0) - 2_000) < 300, String(found.features.n?.count));
    assert.deepEqual(
      found.features.n?.top?.map((top) => top.value),
      ["1"],
    );
  });

  test("of an entity-less view and of an interval without events", async () => {
    await using fixture = await openTestStore();
    const source = sqlSource(rowsOf(events), { columns: { f: float64 } });
    const join = windowedJoin({ keys: {}, source, features: { n: features.n } });
    const found = await fixture.store.computeStatistics(requestOf(join, { endUs: 100 * hourUs }));
    assert.deepEqual([found.rows, found.features.n?.min], [1, "48"]);
    const none = await fixture.store.computeStatistics(requestOf(join, { startUs: 1000 * dayUs, endUs: 1001 * dayUs }));
    assert.deepEqual([none.rows, none.features.n?.count, none.features.n?.min], [0, 0, null]);
  });
});
