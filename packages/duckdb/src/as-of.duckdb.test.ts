import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FeatureModel, SpineInput, ValueType } from "@asof/core";
import {
  bool,
  bytes,
  csvSource,
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
  plainJoin,
  planOf,
  secondUs,
  sqlSource,
  string,
  timestamp,
  uuid,
} from "../test/support/models.ts";
import { openTestStore, retrieveRows } from "../test/support/store.ts";

/** 2024-03-10T12:00:00Z */
const noon = 1_710_072_000 * secondUs;

function spineOf(rows: readonly (readonly [bigint | null, number])[]): SpineInput {
  return {
    kind: "rows",
    columns: [
      { name: "id", type: int64 },
      { name: "event_timestamp", type: timestamp },
    ],
    rows,
  };
}

const spineAt = (...times: readonly number[]) => spineOf(times.map((t) => [1n, t]));

type CreatedRow = readonly [ts: number, made: number | null, f: number];

/** Rows of a source with key 1: `(ts µs, made µs or NULL, f)`. */
function createdSource(...rows: readonly CreatedRow[]) {
  const values = rows.map(
    ([ts, made, f]) => `(1::BIGINT, make_timestamptz(${ts}), make_timestamptz(${made ?? "NULL"}::BIGINT), ${f}::BIGINT)`,
  );
  return sqlSource(`SELECT * FROM (VALUES ${values.join(", ")}) AS v(id, ts, made, f)`, { createdTime: "made", columns: { f: int64 } });
}

/** A feature of every type, under names of every kind: its type, value, and how DuckDB writes the value. */
const everyType: Readonly<Record<string, ValueType>> = {
  order: bool,
  x_y: int32,
  "quote\"'": int64,
  f32: float32,
  "naïve 😀": float64,
  select: string,
  b: bytes,
  t: timestamp,
  d: date,
  m: decimal(38, 4),
  u: uuid,
  l: list(list(timestamp)),
  A: int64,
  a: int64,
};
const everyValue = {
  order: true,
  x_y: -(2 ** 31),
  "quote\"'": 2n ** 63n - 1n,
  f32: 0.10000000149011612,
  "naïve 😀": -0,
  select: 'it\'s\u0000 "ö"',
  b: Uint8Array.of(0, 255, 39),
  t: -1,
  d: "0001-01-01",
  m: "-9999999999999999999999999999999999.0001",
  u: "00000000-0000-0000-0000-0000000000ff",
  l: [[0, null], null, []],
  A: 1n,
  a: 2n,
};
const everyLiteral: Readonly<Record<string, string>> = {
  order: "TRUE",
  x_y: "CAST(-2147483648 AS INT)",
  "quote\"'": "9223372036854775807",
  f32: "0.1::FLOAT",
  "naïve 😀": "'-0.0'::DOUBLE",
  select: "'it''s' || chr(0) || ' \"ö\"'",
  b: "'\\x00\\xFF\\x27'::BLOB",
  t: "make_timestamp_ns(-999)",
  d: "DATE '0001-01-01'",
  m: "-9999999999999999999999999999999999.0001::DECIMAL(38,4)",
  u: "'00000000-0000-0000-0000-0000000000ff'::UUID",
  l: "[[TIMESTAMP '1970-01-01', NULL], NULL, []]",
  A: "1::BIGINT",
  a: "2::BIGINT",
};

describe("time", () => {
  const units: readonly (readonly [string, string, number])[] = [
    ["nanoseconds are floored", "make_timestamp_ns(1710072000000000999)", noon],
    ["nanoseconds before the epoch are floored toward −∞", "make_timestamp_ns(-1)", -1],
    ["naive times are UTC", "TIMESTAMP '2024-03-10 12:00:00'", noon],
    ["zones are converted", "TIMESTAMPTZ '2024-03-10 17:30:00+05:30'", noon],
    ["milliseconds", "TIMESTAMP_MS '2024-03-10 12:00:00'", noon],
    ["seconds", "TIMESTAMP_S '2024-03-10 12:00:00'", noon],
    ["dates", "DATE '2024-03-10'", noon - 12 * hourUs],
  ];
  for (const [title, sql, instant] of units) {
    test(`${title}, in sources and spines`, async () => {
      await using fixture = await openTestStore();
      await fixture.sql(`COPY (SELECT 1::BIGINT AS id, ${sql} AS ts, 7::BIGINT AS f) TO '{folder}/s.parquet'`);
      const join = plainJoin({
        keys: { id: int64 },
        source: parquetSource("s.parquet", { columns: { f: int64 } }),
        features: { f: int64 },
      });
      const rows = await retrieveRows(fixture.store, planOf([join]), spineAt(instant - 1, instant, instant + 1));
      assert.deepEqual(
        rows.map((row) => row.f),
        [null, 7n, 7n],
      );
      // The same file as a spine: its time is that instant.
      const asSpine: SpineInput = { kind: "sql", query: `SELECT id, ts FROM '${fixture.folder}/s.parquet'` };
      const source = createdSource([instant, null, 1], [instant + 1, null, 2]);
      const [row] = await retrieveRows(
        fixture.store,
        planOf([plainJoin({ keys: { id: int64 }, source, features: { f: int64 } })], { timeColumn: "ts" }),
        asSpine,
      );
      assert.equal(row?.f, 1n);
      assert.equal(row?.ts, instant);
    });
  }

  test("the spine's own columns keep their unit and type in files", async () => {
    await using fixture = await openTestStore();
    const columns =
      "1::BIGINT AS id, make_timestamp_ns(1710072000000000001) AS ns, {'a': 1} AS s, INTERVAL 1 DAY AS i, 7::UTINYINT AS u, ['x'] AS l";
    await fixture.sql(`COPY (SELECT ${columns}) TO '{folder}/spine.parquet'`);
    const join = plainJoin({ keys: { id: int64 }, source: createdSource([noon, null, 1]), features: { f: int64 } });
    await using result = await fixture.store.retrieve(planOf([join], { timeColumn: "ns" }), {
      kind: "file",
      format: "parquet",
      path: "spine.parquet",
    });
    await result.write(`${fixture.folder}/out.parquet`, "parquet", null);
    const before = await fixture.rows("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{folder}/spine.parquet')");
    const after = await fixture.rows("SELECT column_name, column_type FROM (DESCRIBE SELECT * EXCLUDE (f) FROM '{folder}/out.parquet')");
    assert.deepEqual(after, before);
    const [row] = await fixture.rows(
      "SELECT (SELECT t FROM '{folder}/spine.parquet' t)::VARCHAR = (SELECT t FROM (SELECT * EXCLUDE (f) FROM '{folder}/out.parquet') t)::VARCHAR",
    );
    assert.deepEqual(row, [true]);
  });

  test("source rows without finite event time never match and are counted", async () => {
    await using fixture = await openTestStore();
    const times = ["NULL", "TIMESTAMP 'infinity'", "TIMESTAMP '-infinity'", "TIMESTAMP '2024-03-10 11:00:00'"];
    for (const [type, unit] of [
      ["TIMESTAMP", "us"],
      ["TIMESTAMP_NS", "ns"],
    ]) {
      const query = `SELECT 1::BIGINT AS id, unnest([${times.join(", ")}])::${type} AS ts, 5::BIGINT AS f`;
      const source = sqlSource(query, { columns: { f: int64 } });
      const join = plainJoin({ name: `v_${unit}`, keys: { id: int64 }, source, features: { f: int64 } });
      await using result = await fixture.store.retrieve(planOf([join]), spineAt(noon - 2 * hourUs, noon));
      assert.deepEqual(result.report.rowsWithoutEventTime, { [`v_${unit}`]: 3 });
      const values = [];
      for await (const batch of result.batches()) for (let i = 0; i < batch.rowCount; i++) values.push(batch.columns.at(-1)?.get(i));
      assert.deepEqual(values, [null, 5n]);
    }
  });
});

describe("as-of join", () => {
  test("ttl is closed at both ends, in microseconds", async () => {
    await using fixture = await openTestStore();
    const join = plainJoin({ keys: { id: int64 }, source: createdSource([noon, null, 1]), features: { f: int64 }, ttlUs: hourUs });
    const rows = await retrieveRows(fixture.store, planOf([join]), spineAt(noon - 1, noon, noon + hourUs, noon + hourUs + 1));
    assert.deepEqual(
      rows.map((row) => row.f),
      [null, 1n, 1n, null],
    );
  });

  test("a tie goes to the later created time, missing lowest; the rest of the row order decides full ties", async () => {
    await using fixture = await openTestStore();
    const winner = async (...rows: readonly CreatedRow[]) => {
      const join = plainJoin({ keys: { id: int64 }, source: createdSource(...rows), features: { f: int64 } });
      return (await retrieveRows(fixture.store, planOf([join]), spineAt(noon)))[0]?.f;
    };
    assert.equal(await winner([noon, null, 9], [noon, noon - 1, 1]), 1n);
    assert.equal(await winner([noon, 5, 1], [noon, 7, 2], [noon, 6, 3]), 2n);
    assert.equal(await winner([noon, 5, 1], [noon, 5, 3], [noon, 5, 2]), 3n);
  });

  test("ties compare features by name in code-point order, also those that were not asked for; values come from one row", async () => {
    await using fixture = await openTestStore();
    const types = { a: float64, Z: string, b: bytes, f: int64 };
    const rows = [
      // Z comes before a: "B" < "a" bytewise, null lowest.
      ["'B'", "1.0", "1"],
      ["'a'", "'nan'::DOUBLE", "2"],
      ["'a'", "1e308", "3"],
      ["NULL", "'inf'::DOUBLE", "4"],
    ];
    const values = rows.map(
      ([z, a, f]) => `(1::BIGINT, make_timestamptz(${noon}), ${z}::VARCHAR, ${a}::DOUBLE, '\\x00'::BLOB, ${f}::BIGINT)`,
    );
    const source = sqlSource(`SELECT * FROM (VALUES ${values.join(", ")}) AS v(id, ts, "Z", a, b, f)`, { columns: types });
    const join = plainJoin({ keys: { id: int64 }, source, features: types, pick: ["f"] });
    assert.equal((await retrieveRows(fixture.store, planOf([join]), spineAt(noon)))[0]?.f, 2n);
  });

  test("derived features are computed and take part in ties", async () => {
    await using fixture = await openTestStore();
    const column = (name: string) => ({ node: "column", name, type: int64 }) as const;
    const features: readonly FeatureModel[] = [
      {
        name: "a_sum",
        type: int64,
        nullable: true,
        meta: {},
        kind: "derived",
        expression: { node: "call", op: "add", args: [column("x"), column("y")], type: int64 },
      },
      { name: "x", type: int64, nullable: true, meta: {}, kind: "column" },
    ];
    const source = sqlSource(
      `SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS ts, unnest([1, 2, 3])::BIGINT AS x, unnest([10, 20, 0])::BIGINT AS y`,
      { columns: { x: int64, y: int64 } },
    );
    const plan = (pick: readonly string[]) => planOf([plainJoin({ keys: { id: int64 }, source, features, pick })]);
    assert.deepEqual((await retrieveRows(fixture.store, plan(["a_sum"]), spineAt(noon)))[0]?.a_sum, 22n);
    assert.deepEqual((await retrieveRows(fixture.store, plan(["x"]), spineAt(noon)))[0]?.x, 2n);
  });

  test("knowledge created shows what was known by t; knowledge event counts what was not", async () => {
    await using fixture = await openTestStore();
    const source = createdSource([noon - 30, noon - 20, 1], [noon - 20, noon + 20, 2], [noon - 10, null, 3], [noon - 5, noon + 5, 4]);
    const join = plainJoin({ name: "v", keys: { id: int64 }, source, features: { f: int64 }, ttlUs: 25 });
    const times = [noon - 21, noon - 20, noon - 15, noon - 10, noon - 5, noon + 4, noon + 5, noon + 20, noon + 21];
    const values = async (knowledge: "event" | "created") =>
      (await retrieveRows(fixture.store, planOf([join], { knowledge }), spineAt(...times))).map((row) =>
        row.f === null ? null : Number(row.f),
      );
    assert.deepEqual(await values("created"), [null, 1, 1, 3, 3, 3, 4, 4, null]);
    assert.deepEqual(await values("event"), [1, 2, 2, 3, 4, 4, 4, 4, null]);
    await using result = await fixture.store.retrieve(planOf([join]), spineAt(...times));
    // The value 2 was seen twice before noon + 20, 4 twice before noon + 5, 1 once before noon − 20.
    assert.deepEqual(result.report.knownOnlyLater, { v: 5 });
    await using strict = await fixture.store.retrieve(planOf([join], { knowledge: "created" }), spineAt(...times));
    assert.deepEqual(strict.report.knownOnlyLater, { v: 0 });
  });

  test("the winner of a tie says whether it was known", async () => {
    await using fixture = await openTestStore();
    const rows = [
      [null, null],
      [noon + 5, null],
      [noon - 5, null],
    ] as const;
    const values = rows.map(
      ([made]) => `(1::BIGINT, make_timestamptz(${noon}), make_timestamptz(${made ?? "NULL"}::BIGINT), NULL::BIGINT[])`,
    );
    const source = sqlSource(`SELECT * FROM (VALUES ${values.join(", ")}) AS v(id, ts, made, f)`, {
      createdTime: "made",
      columns: { f: list(int64) },
    });
    const join = plainJoin({ name: "v", keys: { id: int64 }, source, features: { f: list(int64) } });
    await using result = await fixture.store.retrieve(planOf([join]), spineAt(noon, noon + 5));
    assert.deepEqual(result.report.knownOnlyLater, { v: 1 });
  });

  test("keys of several parts are exact where both sides are sorted, bytes with zeros too", async () => {
    await using fixture = await openTestStore();
    // So many spine rows per key that rows are not paired by hash.
    const key = "['\\x00'::BLOB, '\\x00\\xFF'::BLOB, '\\xFF'::BLOB, ''::BLOB, 'a'::BLOB][1 + i % 5] AS a, (i * 7919 % 11)::INT AS b";
    await fixture.sql(
      `COPY (SELECT ${key}, make_timestamptz((hash(i) % 1000)::BIGINT) AS ts, i AS f FROM range(3000) r(i)) TO '{folder}/s.parquet'`,
    );
    const spine: SpineInput = {
      kind: "sql",
      query: `SELECT ${key}, make_timestamptz((hash(i + 7) % 1000)::BIGINT) AS event_timestamp FROM range(3000) r(i)`,
    };
    const join = plainJoin({
      keys: { a: bytes, b: int32 },
      source: parquetSource("s.parquet", { columns: { f: int64 } }),
      features: { f: int64 },
    });
    await using result = await fixture.store.retrieve(planOf([join]), spine);
    await result.write(`${fixture.folder}/out.parquet`, "parquet", null);
    const wrong = await fixture.rows(
      `SELECT count(*) FROM '{folder}/out.parquet' o WHERE f IS DISTINCT FROM
        (SELECT max_by(f, (ts, f)) FROM '{folder}/s.parquet' s WHERE s.a || ''::BLOB = o.a AND s.b = o.b AND s.ts <= o.event_timestamp)`,
    );
    assert.deepEqual(wrong, [[0n]]);
  });

  test("a source without event time is visible at every t; the greatest row in the row order wins", async () => {
    await using fixture = await openTestStore();
    const values = [
      "(1::BIGINT, make_timestamptz(10::BIGINT), 'a')",
      "(1, make_timestamptz(20::BIGINT), 'b')",
      "(1, NULL, 'z')",
      "(2, NULL, 'only')",
      "(NULL, NULL, 'nobody')",
    ];
    const source = sqlSource(`SELECT * FROM (VALUES ${values.join(", ")}) AS v(id, made, f)`, {
      eventTime: null,
      createdTime: "made",
      columns: { f: string },
    });
    const join = plainJoin({ keys: { id: int64 }, source, features: { f: string } });
    const spine = spineOf([
      [1n, -5],
      [1n, 15],
      [2n, 0],
      [null, 0],
      [3n, 0],
    ]);
    const run = async (knowledge: "event" | "created") =>
      (await retrieveRows(fixture.store, planOf([join], { knowledge }), spine)).map((row) => row.f);
    assert.deepEqual(await run("event"), ["b", "b", "only", null, null]);
    assert.deepEqual(await run("created"), ["z", "a", "only", null, null]);
  });

  test("views without entities join on time only, static ones on nothing", async () => {
    await using fixture = await openTestStore();
    const dated = sqlSource(
      `SELECT unnest([make_timestamptz(${noon}), make_timestamptz(${noon + 10})]) AS ts, unnest([1, 2])::BIGINT AS f`,
      {
        columns: { f: int64 },
      },
    );
    const still = sqlSource("SELECT unnest([3, 4])::BIGINT AS g", { name: "still", eventTime: null, columns: { g: int64 } });
    const plan = planOf([
      plainJoin({ keys: {}, source: dated, features: { f: int64 } }),
      plainJoin({ name: "still", keys: {}, source: still, features: { g: int64 } }),
    ]);
    const rows = await retrieveRows(fixture.store, plan, spineAt(noon - 1, noon, noon + 10));
    assert.deepEqual(
      rows.map((row) => [row.f, row.g]),
      [
        [null, 4n],
        [1n, 4n],
        [2n, 4n],
      ],
    );
  });

  test("features of every type and any name arrive exactly", async () => {
    await using fixture = await openTestStore();
    const physical = Object.keys(everyType).map((name, i) => [name, `p${i}`] as const);
    const items = physical.map(([name, column]) => `${everyLiteral[name] ?? "NULL"} AS ${column}`);
    const source = sqlSource(`SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS ts, ${items.join(", ")}`, {
      columns: everyType,
      mapping: Object.fromEntries(physical),
    });
    const join = plainJoin({ keys: { id: int64 }, source, features: everyType });
    const spine: SpineInput = {
      kind: "rows",
      columns: [
        { name: 'the "key"', type: int64 },
        { name: "event_timestamp", type: timestamp },
        { name: "key", type: string },
      ],
      rows: [
        [1n, noon, "Key"],
        [1n, noon - 1, null],
      ],
    };
    const mapped = { ...join, keys: join.keys.map((k) => ({ ...k, spineColumn: 'the "key"' })) };
    const [row, none] = await retrieveRows(fixture.store, planOf([mapped]), spine);
    assert.deepEqual(row, { 'the "key"': 1n, event_timestamp: noon, key: "Key", ...everyValue });
    assert.deepEqual(none, {
      'the "key"': 1n,
      event_timestamp: noon - 1,
      key: null,
      ...Object.fromEntries(Object.keys(everyType).map((name) => [name, null])),
    });
  });

  test("keys of every type join exactly", async () => {
    await using fixture = await openTestStore();
    const keys: readonly (readonly [ValueType, string, unknown, string])[] = [
      [int64, "9007199254740993", 9007199254740993n, "9007199254740992"],
      [int32, "-7::INT", -7, "-8::INT"],
      [string, "'é'", "é", "'e\u0301'"],
      [bytes, "'\\x00'::BLOB", Uint8Array.of(0), "'\\x00\\x00'::BLOB"],
      [
        uuid,
        "'00000000-0000-0000-0000-00000000000a'::UUID",
        "00000000-0000-0000-0000-00000000000a",
        "'00000000-0000-0000-0000-00000000000b'::UUID",
      ],
      [date, "DATE '2024-02-29'", "2024-02-29", "DATE '2024-02-28'"],
      [timestamp, "make_timestamp_ns(-1)", -1, "make_timestamp_ns(0)"],
      [decimal(10, 2), "1.10::DECIMAL(10,2)", "1.10", "1.1001::DECIMAL(10,4)"],
      [bool, "TRUE", true, "FALSE"],
    ];
    for (const [type, sql, value, other] of keys) {
      if (type.kind === "decimal") continue;
      const source = sqlSource(`SELECT unnest([${sql}, ${other}]) AS id, make_timestamptz(${noon}) AS ts, unnest([1, 2])::BIGINT AS f`, {
        columns: { f: int64 },
      });
      const join = plainJoin({ keys: { id: type }, source, features: { f: int64 } });
      const spine: SpineInput = {
        kind: "rows",
        columns: [
          { name: "id", type },
          { name: "event_timestamp", type: timestamp },
        ],
        rows: [[value as never, noon]],
      };
      assert.equal((await retrieveRows(fixture.store, planOf([join]), spine))[0]?.f, 1n, type.kind);
    }
  });

  test("spine rows are kept in order, duplicates too, over many batches", async () => {
    await using fixture = await openTestStore();
    await fixture.sql(
      "COPY (SELECT (i % 97)::BIGINT AS id, make_timestamptz(i * 1000) AS ts, i AS f FROM range(20000) r(i)) TO '{folder}/s.parquet'",
      "COPY (SELECT (i * 7919 % 97)::BIGINT AS id, make_timestamptz((i * 104729 % 20000) * 1000 + 500) AS event_timestamp, i AS row FROM range(30000) r(i)) TO '{folder}/spine.parquet'",
    );
    const join = plainJoin({ keys: { id: int64 }, source: parquetSource("s.parquet", { columns: { f: int64 } }), features: { f: int64 } });
    const rows = await retrieveRows(fixture.store, planOf([join]), { kind: "file", format: "parquet", path: "spine.parquet" });
    assert.equal(rows.length, 30_000);
    assert.ok(rows.every((row, i) => row.row === BigInt(i)));
    const wrong = rows.filter((row) => {
      const [id, tick] = [Number(row.id), Math.floor(Number(row.event_timestamp) / 1000)];
      const latest = tick - ((tick - id + 97 * 300) % 97);
      return row.f !== (latest < 0 ? null : BigInt(latest));
    });
    assert.deepEqual(wrong, []);
  });

  test("one source may serve several views, and one view several keys", async () => {
    await using fixture = await openTestStore();
    const source = sqlSource(`SELECT unnest([1, 2])::BIGINT AS id, make_timestamptz(${noon}) AS ts, unnest([10, 20])::BIGINT AS f`, {
      columns: { f: int64 },
    });
    const use = (name: string, column: string) =>
      plainJoin({ name: "v", keys: { id: int64 }, mapped: { id: column }, source, features: { f: int64 }, prefix: `${name}__` });
    const spine: SpineInput = {
      kind: "rows",
      columns: [
        { name: "origin", type: int64 },
        { name: "dest", type: int64 },
        { name: "event_timestamp", type: timestamp },
      ],
      rows: [
        [1n, 2n, noon],
        [2n, null, noon],
      ],
    };
    const rows = await retrieveRows(fixture.store, planOf([use("o", "origin"), use("d", "dest")]), spine);
    assert.deepEqual(
      rows.map((row) => [row.o__f, row.d__f]),
      [
        [10n, 20n],
        [20n, null],
      ],
    );
  });
});

describe("files", () => {
  test("globs, lists, folders and Hive partitions", async () => {
    await using fixture = await openTestStore();
    const row = (id: number, f: number) => `SELECT ${id}::BIGINT AS id, make_timestamptz(${noon}) AS ts, ${f}::BIGINT AS f`;
    await fixture.sql(
      `COPY (${row(1, 10)}) TO '{folder}/a1.parquet'`,
      // The same columns in another order.
      `COPY (SELECT f, ts, id FROM (${row(2, 20)})) TO '{folder}/a2.parquet'`,
      `COPY (SELECT *, DATE '2024-03-10' AS day, '007' AS shop FROM (${row(1, 10)})) TO '{folder}/hive' (FORMAT parquet, PARTITION_BY (day, shop))`,
    );
    const spine = spineOf([
      [1n, noon],
      [2n, noon],
    ]);
    const values = async (path: string | readonly string[]) => {
      const join = plainJoin({ keys: { id: int64 }, source: parquetSource(path, { columns: { f: int64 } }), features: { f: int64 } });
      return (await retrieveRows(fixture.store, planOf([join]), spine)).map((r) => r.f);
    };
    assert.deepEqual(await values("a*.parquet"), [10n, 20n]);
    assert.deepEqual(await values(["a1.parquet", `${fixture.folder}/a2.parquet`]), [10n, 20n]);
    const hive = parquetSource("hive", { columns: { f: int64, day: date, shop: string }, hive: true });
    const join = plainJoin({ keys: { id: int64 }, source: hive, features: { f: int64, day: date, shop: string } });
    const [first] = await retrieveRows(fixture.store, planOf([join]), spine);
    assert.deepEqual([first?.f, first?.day, first?.shop], [10n, "2024-03-10", "007"]);
  });

  test("file names may hold any character", async () => {
    await using fixture = await openTestStore();
    const names = ["[a]*?'.parquet", "[a]*?'.csv", "spine [1].parquet", "spine [1].csv"];
    const quoted = names.map((name) => `{folder}/${name.replaceAll("'", "''")}`);
    const row = `SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS ts, 1::BIGINT AS f`;
    const spine = `SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS event_timestamp`;
    await fixture.sql(
      `COPY (${row}) TO '${quoted[0]}'`,
      `COPY (${row}) TO '${quoted[1]}'`,
      `COPY (${spine}) TO '${quoted[2]}'`,
      `COPY (${spine}) TO '${quoted[3]}'`,
    );
    for (const [i, format] of (["parquet", "csv"] as const).entries()) {
      const path = names[i] ?? "";
      const source = format === "csv" ? csvSource(path, { columns: { f: int64 } }) : parquetSource(path, { columns: { f: int64 } });
      const join = plainJoin({ keys: { id: int64 }, source, features: { f: int64 } });
      const rows = await retrieveRows(fixture.store, planOf([join]), { kind: "file", format, path: names[i + 2] ?? "" });
      assert.deepEqual(rows[0]?.f, 1n);
    }
  });

  test("csv is read by the declared types; a csv spine keeps text keys", async () => {
    await using fixture = await openTestStore();
    await fixture.sql(
      `COPY (SELECT '007' AS id, '2024-03-10T12:00:00.0000009+00:00' AS ts, '1e3' AS x, 'true' AS ok, '' AS gone) TO '{folder}/s.csv' (DELIMITER ';')`,
      `COPY (SELECT * FROM (VALUES ('007', '2024-03-10 12:00:00'), ('7', '2024-03-10 12:00:00')) v(id, event_timestamp)) TO '{folder}/spine.csv'`,
    );
    const source = csvSource("s.csv", { columns: { x: float64, ok: bool, gone: string }, delimiter: ";" });
    const join = plainJoin({ keys: { id: string }, source, features: { x: float64, ok: bool, gone: string } });
    const rows = await retrieveRows(fixture.store, planOf([join]), { kind: "file", format: "csv", path: "spine.csv" });
    assert.deepEqual(rows, [
      { id: "007", event_timestamp: noon, x: 1000, ok: true, gone: null },
      { id: "7", event_timestamp: noon, x: null, ok: null, gone: null },
    ]);
  });

  test("sql sources may name files of the repository and are run once", async () => {
    await using fixture = await openTestStore();
    await fixture.sql(`COPY (SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS ts) TO '{folder}/s.parquet'`);
    const source = sqlSource("SELECT *, random() AS f FROM read_parquet('s.parquet'); ", { columns: { f: float64 } });
    const use = (name: string) => plainJoin({ name, keys: { id: int64 }, source, features: { f: float64 }, prefix: `${name}__` });
    const [row] = await retrieveRows(fixture.store, planOf([use("a"), use("b")]), spineAt(noon));
    assert.equal(typeof row?.a__f, "number");
    assert.equal(row?.a__f, row?.b__f);
  });

  test("empty files and an empty spine give columns and no values", async () => {
    await using fixture = await openTestStore();
    await fixture.sql(`COPY (SELECT 1::BIGINT AS id, now() AS ts, 1::BIGINT AS f WHERE FALSE) TO '{folder}/s.parquet'`);
    const join = plainJoin({
      keys: { id: int64 },
      source: parquetSource("s.parquet", { columns: { f: int64 } }),
      features: { f: int64 },
      ttlUs: dayUs,
    });
    assert.deepEqual(await retrieveRows(fixture.store, planOf([join]), spineAt(noon)), [{ id: 1n, event_timestamp: noon, f: null }]);
    await using result = await fixture.store.retrieve(planOf([join]), spineOf([]));
    assert.deepEqual(
      result.columns.map((c) => c.name),
      ["id", "event_timestamp", "f"],
    );
    await result.write(`${fixture.folder}/out.parquet`, "parquet", null);
    assert.deepEqual(await fixture.rows("SELECT count(*) FROM '{folder}/out.parquet'"), [[0n]]);
  });

  test("numbers change their type only where nothing is lost", async () => {
    await using fixture = await openTestStore();
    const value = async (sql: string, type: ValueType) => {
      const source = sqlSource(`SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS ts, ${sql} AS f`, { columns: { f: type } });
      const join = plainJoin({ keys: { id: int64 }, source, features: { f: type } });
      return (await retrieveRows(fixture.store, planOf([join]), spineAt(noon)))[0]?.f;
    };
    assert.equal(await value("3.0::DOUBLE", int64), 3n);
    assert.equal(await value("3::INTEGER", int64), 3n);
    assert.equal(await value("3::BIGINT", float64), 3);
    assert.equal(await value("1.50::DECIMAL(10,2)", decimal(5, 1)), "1.5");
    const misfits: readonly (readonly [string, ValueType])[] = [
      ["3.5::DOUBLE", int64],
      ["'nan'::DOUBLE", int64],
      ["9007199254740994::DOUBLE", int64],
      ["3000000000", int32],
      ["1.55::DECIMAL(10,2)", decimal(5, 1)],
      ["'3'", int64],
      ["3", string],
      ["TIMESTAMP '2024-01-01'", date],
      ["3.0::DOUBLE", decimal(5, 1)],
    ];
    for (const [sql, type] of misfits) await assert.rejects(value(sql, type), { code: "ASOF_SOURCE_COLUMN" }, sql);
  });
});
