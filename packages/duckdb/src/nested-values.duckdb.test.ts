import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { compareValue, equalValues, printType, type SpineInput, structType, type Value, type ValueType, valueToJson } from "@asof/core";
import { float64, int32, int64, list, parquetSource, plainJoin, planOf, sqlSource, string, timestamp } from "../test/support/models.ts";
import { openTestStore, type ResultRow, retrieveRows, type TestStore } from "../test/support/store.ts";

const files = join(import.meta.dirname, "../test/files");
const set = (of: ValueType): ValueType => ({ kind: "set", of });
const map = (key: ValueType, value: ValueType): ValueType => ({ kind: "map", key, value });
const json: ValueType = { kind: "json" };
const vector: ValueType = { kind: "vector", length: 3 };
const address = structType([
  { name: "city", type: string, nullable: false },
  { name: "zip", type: string, nullable: true },
  { name: "lines", type: list(string), nullable: true },
]);
const spineOf = (keys: readonly number[]): SpineInput => ({
  kind: "rows",
  columns: [
    { name: "id", type: int64 },
    { name: "event_timestamp", type: timestamp },
  ],
  rows: keys.map((key) => [BigInt(key), Date.parse("2024-06-01T00:00:00Z") * 1000]),
});

async function readFile(store: TestStore, file: string, types: Readonly<Record<string, ValueType>>): Promise<readonly ResultRow[]> {
  const source = parquetSource(join(files, file), { columns: types });
  return retrieveRows(store.store, planOf([plainJoin({ keys: { id: int64 }, source, features: types })]), spineOf([1, 2, 3]));
}

/** One value of an SQL expression, read as a type. */
async function readExpression(store: TestStore, sql: string, type: ValueType): Promise<Value> {
  const source = sqlSource(`SELECT 1::BIGINT AS id, TIMESTAMP '2024-01-01' AS ts, ${sql} AS v`, { columns: { v: type } });
  const plan = planOf([plainJoin({ keys: { id: int64 }, source, features: { v: type } })]);
  const [row] = await retrieveRows(store.store, plan, spineOf([1]));
  return row?.v ?? null;
}

describe("nested values of Parquet files", () => {
  test("that pyarrow wrote are read, nulls at every level", async () => {
    await using store = await openTestStore();
    const rows = await readFile(store, "nested-arrow.parquet", {
      labels: set(string),
      scores: map(string, float64),
      address,
      raw: json,
      embedding: vector,
      rows: list(
        structType([
          { name: "at", type: timestamp, nullable: false },
          { name: "value", type: float64, nullable: true },
        ]),
      ),
      seen_at: { kind: "timestamp", precision: "s" },
    });
    const [first, second, third] = rows.map(({ id: _, event_timestamp: _t, ...values }) => values);
    assert.deepEqual(first, {
      labels: ["a", "b"],
      scores: new Map([
        ["a", null],
        ["b", 1.5],
      ]),
      address: { city: "Oslo", lines: ["x", null], zip: null },
      raw: '{"a": 1}',
      embedding: [1, 2, 3],
      rows: [{ at: 1_704_067_200_000_001, value: null }, null],
      seen_at: -1_000_000,
    });
    assert.deepEqual(second, {
      labels: [],
      scores: new Map(),
      address: { city: "", lines: [], zip: "1" },
      raw: " null",
      embedding: [Math.fround(0.1), Number.NaN, -0],
      rows: [],
      seen_at: 1_704_067_200_000_000,
    });
    assert.deepEqual(third, { labels: null, scores: null, address: null, raw: null, embedding: null, rows: null, seen_at: null });
  });

  test("that pandas wrote are read", async () => {
    await using store = await openTestStore();
    const types = { labels: set(string), address, embedding: vector, raw: json };
    const [first, second] = await readFile(store, "nested-pandas.parquet", types);
    assert.deepEqual([first?.labels, first?.embedding, first?.raw], [["y", "z"], [1, 2, 3], "[1]"]);
    assert.deepEqual(first?.address, { city: "Oslo", lines: ["a"], zip: "0150" });
    assert.deepEqual([second?.labels, second?.address, second?.embedding, second?.raw], [null, null, null, null]);
  });

  test("that do not have the declared type are refused", async () => {
    await using store = await openTestStore();
    const wider = structType([...(address.kind === "struct" ? address.fields : []), { name: "street", type: string, nullable: true }]);
    await assert.rejects(readFile(store, "nested-arrow.parquet", { address: wider }), { code: "ASOF_SOURCE_COLUMN" });
    await assert.rejects(readFile(store, "nested-arrow.parquet", { embedding: { kind: "vector", length: 4 } }), {
      code: "ASOF_SOURCE_COLUMN",
    });
    await assert.rejects(readFile(store, "nested-arrow.parquet", { scores: map(int32, float64) }), { code: "ASOF_SOURCE_COLUMN" });
  });
});

describe("nested values of SQL", () => {
  const sound: readonly (readonly [string, ValueType, Value])[] = [
    ["['b', 'a', 'b']", set(string), ["a", "b"]],
    ["[1.5::DOUBLE, 'NaN'::DOUBLE, 0.0::DOUBLE, -0.0::DOUBLE, 'NaN'::DOUBLE, -1::DOUBLE]", set(float64), [-1, 0, 1.5, Number.NaN]],
    [
      "MAP {2: 'x', 1: NULL}",
      map({ kind: "int64", as: "number" }, string),
      new Map<Value, Value>([
        [1, null],
        [2, "x"],
      ]),
    ],
    ["[1, 2, 3]::DOUBLE[]", vector, [1, 2, 3]],
    ["[1, 2, 3]::FLOAT[3]", vector, [1, 2, 3]],
    [
      "{'zip': NULL, 'LINES': 1, 'more': 1, 'city': 'x', 'lines2': 1}",
      structType([{ name: "city", type: string, nullable: false }]),
      { city: "x" },
    ],
    ["[[1, NULL], NULL, []]::BIGINT[][]", list(list(int64)), [[1n, null], null, []]],
    [`'"NaN, ]"'`, json, '"NaN, ]"'],
    [`'{"a":1,"a":2}'::JSON`, json, '{"a":1,"a":2}'],
    ["'1e999'", json, "1e999"],
  ];
  for (const [sql, type, value] of sound) {
    test(`${sql} is a ${printType(type)}`, async () => {
      await using store = await openTestStore();
      const read = await readExpression(store, sql, type);
      assert.ok(equalValues(type, read, value) && compareValue(type, read, value) === 0, JSON.stringify(valueToJson(type, read)));
    });
  }

  const unfit: readonly (readonly [string, ValueType, string])[] = [
    ["['a', NULL]", set(string), "a null in a set"],
    ["[1, 2]::FLOAT[]", vector, "too few numbers"],
    ["[1, 2, NULL]::FLOAT[]", vector, "a null in a vector"],
    ["{'city': NULL::VARCHAR, 'zip': NULL::VARCHAR, 'lines': []::VARCHAR[]}", address, "a null where a field has none"],
    ["'{\"a\":NaN}'", json, "NaN, which the engine's parser takes"],
    ["'[1,]'", json, "a comma at the end, which the engine's parser takes"],
    ["'{'", json, "JSON that ends early"],
    ["'\"\\ud800\"'", json, "half a pair of surrogates"],
    ["[1.5]", list(int32), "half a whole number in a list"],
  ];
  for (const [sql, type, why] of unfit) {
    test(`${sql} is no ${printType(type)}: ${why}`, async () => {
      await using store = await openTestStore();
      await assert.rejects(readExpression(store, sql, type), { code: "ASOF_SOURCE_COLUMN" });
    });
  }
});

describe("nested values in files that are written", () => {
  const types = { labels: set(string), scores: map(string, timestamp), address, embedding: vector, raw: json };
  const source = sqlSource(
    `SELECT 1::BIGINT AS id, TIMESTAMP '2024-01-01' AS ts, ['b', 'a'] AS labels, MAP {'k': TIMESTAMPTZ '2024-01-01 00:00:00Z'} AS scores,
       {'city': 'x', 'zip': NULL::VARCHAR, 'lines': NULL::VARCHAR[]} AS address, [1, 2, 3]::FLOAT[] AS embedding, '[1]' AS raw`,
    { columns: types },
  );

  test("have Parquet's types for lists, maps, structs and JSON", async () => {
    await using store = await openTestStore();
    const plan = planOf([plainJoin({ keys: { id: int64 }, source, features: types })]);
    await using result = await store.store.retrieve(plan, spineOf([1]));
    await result.write(join(store.folder, "out.parquet"), "parquet", null);
    const described = await store.rows("DESCRIBE SELECT * EXCLUDE (id, event_timestamp) FROM '{folder}/out.parquet'");
    assert.deepEqual(
      described.map((row) => [row[0], row[1]]),
      [
        ["labels", "VARCHAR[]"],
        ["scores", "MAP(VARCHAR, TIMESTAMP WITH TIME ZONE)"],
        ["address", "STRUCT(city VARCHAR, lines VARCHAR[], zip VARCHAR)"],
        ["embedding", "FLOAT[]"],
        ["raw", "JSON"],
      ],
    );
  });

  test("are refused in csv, all but json", async () => {
    await using store = await openTestStore();
    const write = async (features: Readonly<Record<string, ValueType>>): Promise<string> => {
      const plan = planOf([plainJoin({ keys: { id: int64 }, source, features })]);
      await using result = await store.store.retrieve(plan, spineOf([1]));
      await result.write(join(store.folder, "out.csv"), "csv", null);
      return readFileSync(join(store.folder, "out.csv"), "utf8");
    };
    await assert.rejects(write(types), { code: "ASOF_COLUMN_TYPE", message: /"labels" \(set\(string\)\), "scores".*"embedding"/ });
    assert.match(await write({ raw: json }), /,\[1\]\n$/);
  });
});
