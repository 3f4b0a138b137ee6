import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  type AnyValueType,
  csv,
  date,
  decimal,
  entity,
  featureView,
  float64,
  int32,
  int64,
  type JoinPlan,
  modelOf,
  type PlainViewModel,
  parseInstant,
  type SpineInput,
  type Value,
} from "@asof/core";
import { openDuckDbOfflineStore } from "./store.ts";

const customer = entity("customer", { key: { k: int64() } });
const atUs = parseInstant("2020-06-01");

/** Reads one value of key 1 from csv files, through an as-of join. */
async function readText(
  files: Readonly<Record<string, string>>,
  type: AnyValueType,
  column = "v",
  paths = Object.keys(files),
): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), "asof-file-values-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    await using store = await openDuckDbOfflineStore({ repositoryPath: folder, logFolder: join(folder, "log"), threads: 1 });
    const source = csv("texts", { path: paths, eventTime: "ts", columns: { [column]: type } });
    const view = modelOf(featureView("view", { entities: [customer], source }, { [column]: type })) as PlainViewModel;
    const key = { key: "k", spineColumn: "k", type: { kind: "int64", as: "bigint" } } as const;
    const plan: JoinPlan = {
      spine: { timeColumn: "t", keys: [{ column: "k", type: key.type }] },
      knowledge: "event",
      bounds: false,
      views: [
        {
          view,
          history: { batch: view.source.type === "csv" ? view.source : null, log: null, handoverUs: null },
          keys: [key],
          ttlUs: null,
          features: view.features.map((feature) => ({ feature, output: feature.name })),
        },
      ],
    };
    const spine: SpineInput = {
      kind: "rows",
      columns: [
        { name: "k", type: key.type },
        { name: "t", type: { kind: "timestamp" } },
      ],
      rows: [[1n, atUs]],
    };
    await using result = await store.retrieve(plan, spine);
    for await (const batch of result.batches()) return batch.columns.at(-1)?.get(0) ?? null;
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const oneText = (text: string, type: AnyValueType): Promise<Value> => readText({ "a.csv": `k,ts,v\n1,2020-01-01,${text}\n` }, type);

describe("texts of csv files", () => {
  const sound: readonly [string, AnyValueType, Value][] = [
    ["9223372036854775807", int64(), 9223372036854775807n],
    ["-9007199254740993", int64(), -9007199254740993n],
    ["+5", int32(), 5],
    ["7.0", int64(), 7n],
    ["1.10", decimal(10, 2), "1.10"],
    ["1.5000", decimal(10, 2), "1.50"],
    [".25", decimal(10, 2), "0.25"],
    ["12", decimal(10, 0), "12"],
    ["2020-02-29", date(), "2020-02-29"],
    ["1e300", float64(), 1e300],
  ];
  for (const [text, type, value] of sound) {
    test(`${text} is read exactly`, async () => assert.deepEqual(await oneText(text, type), value));
  }

  const unfit: readonly [string, AnyValueType, string][] = [
    ["1.5", int64(), "half a whole number"],
    ["0.4", int32(), "less than half"],
    ["9223372036854775808", int64(), "beyond 64 bits"],
    ["1.119", decimal(10, 2), "a digit more than the scale"],
    [".7", decimal(10, 0), "a fraction without scale"],
    ["2020-01-01 23:00", date(), "a time of day"],
    ["infinity", date(), "no day"],
    ["2020-02-30", date(), "a day that is not"],
  ];
  for (const [text, type, why] of unfit) {
    test(`${text} is refused, never rounded: ${why}`, async () => {
      await assert.rejects(oneText(text, type), { code: "ASOF_SOURCE_COLUMN" });
    });
  }

  test("a column may be called like a member of every object", async () => {
    assert.equal(await readText({ "a.csv": "k,ts,constructor\n1,2020-01-01,5\n" }, int64(), "constructor"), 5n);
  });

  test("every path of a source must lead to a file", async () => {
    const files = { "a.csv": "k,ts,v\n1,2020-01-01,5\n" };
    await assert.rejects(readText(files, int64(), "v", ["a.csv", "later.csv"]), { code: "ASOF_SOURCE_MISSING", message: /later\.csv/ });
  });
});
