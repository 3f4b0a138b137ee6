import assert from "node:assert/strict";
import { test } from "node:test";
import { entity, featureView, float64, int64, json, list, map, nullable, parquet, set, string, struct, timestamp, vector } from "asof";
import { openTestStore } from "asof/testing";

const customer = entity("customer", { key: { id: int64() } });
const columns = {
  labels: set(string()),
  scores: map(string(), timestamp()),
  counts: map(int64(), list(float64())),
  address: struct({ city: string(), zip: nullable(string()), seen: nullable(timestamp()) }),
  raw: json(),
  embedding: vector(2),
  rows: list(struct({ x: nullable(int64()) })),
};
const documents = parquet("documents", { path: "unused.parquet", eventTime: "ts", columns });
const view = featureView("documents_view", { entities: [customer], source: documents }, columns);

test("nested values become Arrow's lists, maps, structs and lists of fixed size", async () => {
  const full = {
    labels: ["b", "a"],
    scores: { k: "2024-01-01T00:00:00.000001Z", none: null },
    counts: new Map([[2n ** 60n, [1, null]]]),
    address: { city: "Oslo", zip: null, seen: "1969-12-31T23:59:59.999999Z" },
    raw: "[1 ]",
    embedding: [1, 0.5],
    rows: [{ x: null }, null, { x: 7n }],
  };
  const rows = [{ id: 1n, ts: "2024-01-01", ...full }];
  await using store = await openTestStore({ definitions: [view], rows: { documents: rows }, now: "2024-02-01" });
  const spine = [1n, 2n].map((id) => ({ id, event_timestamp: "2024-01-15" }));
  await using training = await store.getHistoricalFeatures({ features: [view], spine });
  const table = await training.arrow();
  const types = Object.fromEntries(table.schema.fields.map((field) => [field.name, String(field.type)]));
  assert.equal(types.labels, "List<Utf8>");
  assert.equal(types.scores, "Map<{key:Utf8, value:Timestamp<MICROSECOND, UTC>}>");
  assert.equal(types.address, "Struct<{city:Utf8, seen:Timestamp<MICROSECOND, UTC>, zip:Utf8}>");
  assert.equal(types.embedding, "FixedSizeList[2]<Float32>");
  const get = (name: string, row = 0): unknown => table.getChild(name)?.get(row);
  assert.deepEqual([...(get("labels") as Iterable<unknown>)], ["a", "b"]);
  assert.deepEqual([...(get("embedding") as Iterable<unknown>)], [1, 0.5]);
  assert.equal(get("raw"), "[1 ]");
  const address = Object(get("address")).toJSON();
  assert.deepEqual([address.city, address.zip], ["Oslo", null]);
  const items = [...(get("rows") as Iterable<{ toJSON(): unknown } | null>)].map((item) => item?.toJSON() ?? null);
  assert.deepEqual(items, [{ x: null }, null, { x: 7n }]);
  const [[key, value] = [], ...others] = [...(get("counts") as Iterable<readonly [unknown, Iterable<unknown>]>)];
  assert.deepEqual([key, [...(value ?? [])], others], [2n ** 60n, [1, null], []]);
  for (const name of Object.keys(columns)) assert.equal(get(name, 1), null, name);
  // Timestamps in microseconds, which Arrow's getters round to milliseconds.
  const instants = table.getChild("scores")?.data[0]?.children[0]?.children[1]?.values;
  assert.deepEqual(Array.from(instants).slice(0, 1), [1_704_067_200_000_001n]);
});
