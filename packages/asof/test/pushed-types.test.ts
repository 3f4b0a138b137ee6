import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type AnyValueType, AsofError, collectDefinitions, printType, valueTypeOf } from "@asof/core";
import {
  bool,
  bytes,
  type Columns,
  count,
  date,
  decimal,
  entity,
  type FeatureStore,
  featureView,
  float32,
  float64,
  int32,
  int64,
  json,
  list,
  map,
  openFeatureStore,
  push,
  set,
  string,
  struct,
  timestamp,
  uuid,
  vector,
} from "asof";

const yaml = "project: types\nprovider: local\noffline_store: {type: duckdb}\n";

function open(folder: string, columns: Columns, key: Columns): Promise<FeatureStore> {
  // Columns and keys are given by name here, so that the types of definitions cannot follow.
  const keyed: unknown = Reflect.apply(entity, null, ["user", { key }]);
  const source: unknown = Reflect.apply(push, null, ["pushed", { eventTime: "ts", columns }]);
  const view: unknown = Reflect.apply(featureView, null, ["view", { entities: [keyed], source }, { n: count({ window: "1d" }) }]);
  return openFeatureStore({ repo: folder, definitions: collectDefinitions([{ view }], "types") });
}

/** What plan says of other types after a row was pushed. */
async function faultsAfter(
  row: Readonly<Record<string, unknown>>,
  pushed: readonly [columns: Columns, key: Columns],
  planned: readonly [columns: Columns, key: Columns],
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "asof-pushed-types-"));
  try {
    writeFileSync(join(folder, "feature_store.yaml"), yaml);
    {
      await using store = await open(folder, ...pushed);
      await store.session.apply(await store.session.plan());
      await store.session.push({ source: "pushed", rows: [{ ts: "2024-01-01T00:00:00Z", ...row }], to: "offline", form: "json" });
    }
    await using store = await open(folder, ...planned);
    await store.session.plan();
    return [];
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    return error.issues.length === 0 ? [error.message] : error.issues.map((i) => `${i.code} ${i.path}: ${i.message} ${i.fix}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const key = { k: int64({ as: "number" }) };
const point = { x: float64(), y: list(int32()) };
const values: readonly (readonly [AnyValueType, unknown])[] = [
  [bool(), true],
  [int32(), 1],
  [int64(), "9007199254740993"],
  [float32(), 0.5],
  [float64(), 0.1],
  [decimal(20, 3), "1.5"],
  [string(), "a"],
  [bytes(), "AAE="],
  [uuid(), "6f2c2a52-5e0b-4c0e-9c6c-0a8f2f3b0c11"],
  [date(), "2024-01-01"],
  [timestamp(), "2024-01-01T00:00:00Z"],
  [json(), { a: [1] }],
  [list(string()), ["a"]],
  [set(int64()), [1]],
  [map(string(), float64()), { a: 1 }],
  [vector(2), [1, 2]],
  [struct(point), { x: 1, y: [2] }],
];

test("pushed rows are read again as what they were", async () => {
  for (const [type, v] of values) {
    const same = [{ v: type }, key] as const;
    assert.deepEqual(await faultsAfter({ k: 1, v }, same, same), [], printType(valueTypeOf(type) ?? { kind: "string" }));
  }
});

test("pushed rows may be read as a type that has room for theirs, and lack columns", async () => {
  const wider = { v: float64(), added: string() };
  assert.deepEqual(await faultsAfter({ k: 1, v: 1 }, [{ v: int32() }, key], [wider, key]), []);
  assert.deepEqual(await faultsAfter({ k: 1, v: 1 }, [{ v: int32() }, { k: int32() }], [{}, { k: int64(), added: string() }]), []);
});

test("what pushed rows cannot be read as is refused by plan, before a version exists that nothing could fill", async () => {
  const fix = "Rows pushed before have that type. Declare it as it was, or push to a source of another name.";
  assert.deepEqual(await faultsAfter({ k: 1, v: 1 }, [{ v: int64() }, key], [{ v: string() }, key]), [
    `ASOF_SOURCE_COLUMN sources.pushed: The log of source "pushed" has column "v" as BIGINT, but it is declared as string. ${fix}`,
  ]);
  assert.deepEqual(await faultsAfter({ k: 1 }, [{}, key], [{}, { k: string() }]), [
    `ASOF_SOURCE_COLUMN sources.pushed: The log of source "pushed" has key "k" as BIGINT, but it is declared as string. ${fix}`,
  ]);
});
