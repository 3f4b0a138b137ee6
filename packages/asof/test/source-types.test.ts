import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type AnyValueType, AsofError, collectDefinitions, printType, valueTypeOf } from "@asof/core";
import {
  bool,
  type Columns,
  csv,
  date,
  decimal,
  entity,
  featureView,
  float64,
  int32,
  int64,
  json,
  list,
  map,
  openFeatureStore,
  type Source,
  set,
  sql,
  string,
  struct,
  timestamp,
  uuid,
  vector,
} from "asof";

const yaml =
  "project: types\nprovider: local\nregistry: {registry_type: memory}\nonline_store: {type: memory}\noffline_store: {type: duckdb}\n";

/** Faults that plan finds, as `path: message`, of one view over one source in a folder with the given files. */
async function faultsOf(
  source: Source<string, Columns>,
  features: Columns,
  key: Columns,
  files: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "asof-source-types-"));
  try {
    for (const [name, text] of Object.entries({ ...files, "feature_store.yaml": yaml })) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    // The columns are built by name here, so that the types of definitions cannot follow.
    const keyed: unknown = Reflect.apply(entity, null, ["customer", { key }]);
    const view: unknown = Reflect.apply(featureView, null, ["view", { entities: [keyed], source }, features]);
    await using store = await openFeatureStore({ repo: folder, definitions: collectDefinitions([{ view }], "types") });
    await store.session.plan();
    return [];
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    return error.issues.length === 0 ? [`${error.path}: ${error.message}`] : error.issues.map((i) => `${i.path}: ${i.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const key = { k: int64() };

/** Without a text the file has no row. */
function csvFaults(text: string | null, type: AnyValueType, lines = "1,2020-01-01,"): Promise<readonly string[]> {
  const source = csv("texts", { path: "a.csv", eventTime: "ts", columns: { v: type } });
  return faultsOf(source, { v: type }, key, { "a.csv": `k,ts,v\n${text === null ? "" : `${lines}${text}\n`}` });
}

function sqlFaults(
  column: string,
  type: AnyValueType,
  keyColumn = "1::BIGINT",
  keyType: AnyValueType = int64(),
): Promise<readonly string[]> {
  const query = `select ${keyColumn} as k, timestamp '2020-01-01' as ts, ${column} as v`;
  return faultsOf(sql("query", { query, eventTime: "ts", columns: { v: type } }), { v: type }, { k: keyType });
}

describe("declared types against what a source has", () => {
  const soundTexts: readonly [string, AnyValueType][] = [
    ["5", int32()],
    ["007", int64()],
    ["", int64()],
    ["00123", string()],
    ["12345", string()],
    ["1.50", decimal(10, 2)],
    ["1", bool()],
    ["yes", bool()],
    ["3", float64()],
    ["2020-01-01", date()],
    ["2020-01-01 10:00:00+02", timestamp()],
    ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", uuid()],
  ];
  for (const [text, type] of soundTexts) {
    test(`csv: ${text} may be declared ${printType(valueTypeOf(type) ?? { kind: "string" })}`, async () =>
      assert.deepEqual(await csvFaults(text, type), []));
  }

  test("csv: text for a number or a time is a fault, without a row nothing is", async () => {
    assert.match((await csvFaults("many", int64())).join(), /^sources\.texts\.v: Column "v".* is declared int64 and is string/);
    assert.match((await csvFaults("5", float64(), "1,lunchtime,")).join(), /^sources\.texts: .*"lunchtime".*column ts/);
    assert.deepEqual(await csvFaults(null, int64()), []);
  });

  test("partition folders are read as what they are declared", async () => {
    const columns = { year: int32(), open: bool(), v: int64() };
    const source = csv("parts", { path: "parts/**/*.csv", hive: true, eventTime: "ts", columns });
    assert.deepEqual(await faultsOf(source, columns, key, { "parts/year=2020/open=true/a.csv": "k,ts,v\n1,2020-01-01,5\n" }), []);
  });

  test("typed sources: only what loses nothing may be declared otherwise", async () => {
    assert.deepEqual(await sqlFaults("sum(5::BIGINT)", int64()), [], "engines sum integers in wider types");
    assert.deepEqual(await sqlFaults("5::INTEGER", int64()), []);
    assert.deepEqual(await sqlFaults("5.5::DECIMAL(3,1)", float64()), []);
    for (const [column, type] of [
      ["5::BIGINT", int32()],
      ["5::BIGINT", string()],
      ["5.5::DOUBLE", int64()],
      ["5.5::DECIMAL(3,1)", int64()],
      ["'5'", int64()],
      ["'2020-01-01'", date()],
      ["true", int32()],
    ] as const) {
      assert.match((await sqlFaults(column, type)).join(), /^sources\.query\.v: Column "v"/, column);
    }
  });

  test("nested types are compared part by part, and the fault names the part", async () => {
    const address = struct({ city: string(), rows: list(struct({ x: int64() })) });
    const sound: readonly [string, AnyValueType][] = [
      ["{'rows': [{'x': 1::BIGINT}], 'more': 1, 'city': ''}", address],
      ["['a']", set(string())],
      ["[1]::INTEGER[]", list(float64())],
      ["[1.5]::DOUBLE[1]", vector(1)],
      ["MAP {'a': 1::BIGINT}", map(string(), int64())],
      ["'{}'::JSON", string()],
      ["'{}'", json()],
      ["timestamp_ns '2020-01-01 00:00:00.5'", timestamp({ precision: "s" })],
    ];
    for (const [column, type] of sound) assert.deepEqual(await sqlFaults(column, type), [], column);
    const unfit: readonly [string, AnyValueType, RegExp][] = [
      ["{'city': ''}", address, /: v\.rows is not there and should be list\(struct\(\{ x: int64 \}\)\)/],
      ["{'city': '', 'rows': [{'x': 'a'}]}", address, /: v\.rows\[\]\.x is string and should be int64/],
      ["MAP {'a': 'b'}", map(string(), float64()), /: v\[value\] is string and should be float64/],
      ["MAP {1: 'b'}", map(string(), string()), /: v\[key\] is int32 and should be string/],
      ["['a']", vector(1), /: v\[\] is string and should be float32/],
      ["[1, 2]::FLOAT[2]", vector(3), /is declared vector\(3\) and is vector\(2\)/],
      ["'a'", set(string()), /is declared set\(string\) and is string/],
      ["{'a': 1}", json(), /is declared json and is struct/],
    ];
    for (const [column, type, message] of unfit) assert.match((await sqlFaults(column, type)).join(), message, column);
    assert.deepEqual(await csvFaults("[1]", json()), [], "csv may hold json");
    assert.match((await csvFaults("[1]", list(int64()))).join(), /declared list\(int64\)/);
  });

  test("keys are compared with their source before anything is stored", async () => {
    for (const [column, type] of [
      ["1::INTEGER", int64()],
      ["1.0::DOUBLE", int64()],
      ["'a'", string()],
      ["uuid()", string()],
    ] as const) {
      assert.deepEqual(await sqlFaults("5", int64(), column, type), [], column);
    }
    for (const [column, type] of [
      ["'1'", int64()],
      ["1::BIGINT", string()],
      ["timestamp '2020-01-01'", date()],
    ] as const) {
      assert.match((await sqlFaults("5", int64(), column, type)).join(), /^sources\.query\.k: Key "k" \(of view "view"\)/, column);
    }
  });
});
