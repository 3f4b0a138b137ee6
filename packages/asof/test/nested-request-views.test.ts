import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  entity,
  featureView,
  float64,
  int64,
  json,
  list,
  map,
  nullable,
  parquet,
  requestView,
  set,
  sql,
  string,
  struct,
  timestamp,
  vector,
} from "asof";
import { openTestStore } from "asof/testing";

const customer = entity("customer", { key: { id: int64({ as: "number" }) } });
const documents = parquet("documents", {
  path: "unused.parquet",
  eventTime: "ts",
  columns: { scores: map(string(), float64()), address: struct({ city: string(), zip: nullable(string()) }) },
});
const stored = featureView(
  "stored",
  { entities: [customer], source: documents },
  {
    scores: map(string(), float64()),
    address: struct({ city: string(), zip: nullable(string()) }),
  },
);
const made = requestView(
  "made",
  { inputs: [stored], request: { wanted: set(string()), embedding: vector(2), seen: timestamp({ precision: "s" }) } },
  {
    found: map(string(), float64()),
    names: set(string()),
    summary: struct({ city: nullable(string()), total: float64(), seen: timestamp() }),
    raw: json(),
    rows: list(vector(2)),
  },
  ({ stored: { scores, address }, request }) => ({
    found: new Map(request.wanted.map((name) => [name, scores?.get(name) ?? null])),
    names: [...(scores?.keys() ?? []), ...request.wanted],
    summary: { city: address?.city ?? null, total: request.embedding.reduce((a, b) => a + b, 0), seen: request.seen },
    raw: JSON.stringify({ city: address?.city ?? null }),
    rows: [request.embedding, null],
  }),
);

test("request views take and give nested values, the same in training and serving", async () => {
  const rows = [{ id: 1, ts: "2024-01-01", scores: { b: 2, a: 1 }, address: { city: "Oslo", zip: null } }];
  await using store = await openTestStore({ definitions: [stored, made], rows: { documents: rows }, now: "2024-02-01" });
  await store.materializeIncremental();
  const seen = Date.parse("2024-01-31T00:00:00Z") * 1000;
  const request = { wanted: ["c", "a", "c"], embedding: [0.1, 1], seen: seen + 999_999 };
  const online = await store.getOnlineFeatures({
    features: [made],
    entities: [
      { id: 1, ...request },
      { id: 2, ...request },
    ],
  });
  assert.deepEqual(online.rows[0].made, {
    found: new Map<string, number | null>([
      ["a", 1],
      ["c", null],
    ]),
    names: ["a", "b", "c"],
    summary: { city: "Oslo", total: Math.fround(0.1) + 1, seen },
    raw: '{"city":"Oslo"}',
    rows: [[Math.fround(0.1), 1], null],
  });
  const spine = [1, 2].map((id) => ({ id, event_timestamp: "2024-02-01T00:00:00Z", ...request }));
  await using training = await store.getHistoricalFeatures({ features: [made], spine });
  const trained: unknown[] = [];
  for await (const { found, names, summary, raw, rows: vectors } of training.rows())
    trained.push({ found, names, summary, raw, rows: vectors });
  assert.deepEqual(
    trained,
    online.rows.map((row) => row.made),
  );
  const folder = mkdtempSync(join(tmpdir(), "asof-nested-request-"));
  try {
    await training.writeParquet(join(folder, "out.parquet"));
    const query = `SELECT * EXCLUDE (event_timestamp), event_timestamp FROM read_parquet('${join(folder, "out.parquet")}')`;
    await using again = await store.getHistoricalFeatures({ features: [stored.pick("address")], spine: { sql: query } });
    const saved: unknown[] = [];
    for await (const row of again.rows())
      saved.push(Object.fromEntries(Object.keys(online.rows[0].made).map((name) => [name, Reflect.get(row, name)])));
    assert.deepEqual(saved, trained);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a request view sees no −0 where serving has none: alone, in a vector or in a map", async () => {
  const columns = { x: float64(), embedding: vector(2), scores: map(string(), float64()) };
  // Only a source brings a −0 along: what is handed over loses it at once.
  const query = `SELECT 1::BIGINT AS id, TIMESTAMPTZ '2024-01-01 00:00:00Z' AS ts, '-0.0'::DOUBLE AS x, ['-0.0'::FLOAT, 1] AS embedding,
    MAP {'a': '-0.0'::DOUBLE} AS scores`;
  const numbers = featureView("numbers", { entities: [customer], source: sql("numbers", { query, eventTime: "ts", columns }) }, columns);
  const inverse = requestView("inverse", { inputs: [numbers] }, { signs: list(float64()) }, ({ numbers: { x, embedding, scores } }) => ({
    signs: [x, embedding?.[0], scores?.get("a")].map((value) => (value === null || value === undefined ? null : 1 / value)),
  }));
  await using store = await openTestStore({ definitions: [numbers, inverse], now: "2024-02-01" });
  await store.materializeIncremental();
  const { rows: served } = await store.getOnlineFeatures({ features: [inverse], entities: [{ id: 1 }] });
  await using training = await store.getHistoricalFeatures({ features: [inverse], latestAsOf: "2024-02-01" });
  const trained: unknown[] = [];
  for await (const row of training.rows()) trained.push(row.signs);
  const infinite = Number.POSITIVE_INFINITY;
  assert.deepEqual(trained, [[infinite, infinite, infinite]]);
  assert.deepEqual(trained, [served[0].inverse.signs]);
});
