import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { count, entity, featureService, featureView, float64, int64, parquet, push, string, sum } from "asof";
import { openTestStore } from "asof/testing";

const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
const rates = parquet("rates", { path: "rates.parquet", eventTime: "ts", columns: { rate: float64() } });
const profiles = parquet("profiles", { path: "profiles.parquet", eventTime: "ts", columns: { tier: string() } });
const visits = push("visits", { eventTime: "ts", columns: { page: string(), weight: float64() } });

const market = featureView("market", { source: rates, ttl: "10d" }, { rate: float64() });
const trend = featureView("trend", { entities: [], source: rates }, { rates_7d: count({ window: "7d" }), total: sum("rate") });
const traffic = featureView(
  "traffic",
  { source: visits },
  { visits_1h: count({ window: "1h" }), weight_1h: sum("weight", { window: "1h" }) },
);
const lastVisit = featureView("last_visit", { source: visits }, { page: string() });
const profile = featureView("profile", { entities: [customer], source: profiles }, { tier: string() });
const everything = featureService("everything", [market, trend, traffic, lastVisit]);

const open = () =>
  openTestStore({
    definitions: { market, trend, traffic, lastVisit, profile, everything },
    now: "2024-01-08T12:00:00Z",
    rows: {
      rates: [
        { ts: "2024-01-01", rate: 1 },
        { ts: "2024-01-05", rate: 2 },
      ],
      profiles: [{ customer_id: 1, ts: "2024-01-01", tier: "gold" }],
    },
  });

async function collect<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

describe("views without entities", () => {
  test("are materialized, pushed to and read online without a key, and equal to training", async () => {
    await using store = await open();
    await store.materializeIncremental();
    const pushed = await store.push("visits", [
      { ts: "2024-01-08T11:30:00Z", page: "home", weight: 2 },
      { ts: "2024-01-08T11:45:00Z", page: "cart", weight: 3 },
    ]);
    assert.equal(pushed.rows, 2);
    const { rows, statuses } = await store.getOnlineFeatures({ service: everything, entities: [{}] });
    assert.deepEqual(rows[0], {
      market: { rate: 2 },
      trend: { rates_7d: 1, total: 3 },
      traffic: { visits_1h: 2, weight_1h: 5 },
      last_visit: { page: "cart" },
    });
    assert.equal(statuses[0].last_visit.page, "PRESENT");
    await using training = await store.getHistoricalFeatures({ service: everything, spine: [{ event_timestamp: "2024-01-08T12:00:00Z" }] });
    const [row] = await collect(training.rows());
    assert.deepEqual(row, {
      event_timestamp: Date.parse("2024-01-08T12:00:00Z") * 1000,
      ...{ rate: 2, rates_7d: 1, total: 3, visits_1h: 2, weight_1h: 5, page: "cart" },
    });
  });

  test("go with views of an entity, on both sides", async () => {
    await using store = await open();
    await store.materializeIncremental();
    const both = [profile, market];
    const { rows } = await store.getOnlineFeatures({ features: both, entities: [{ customer_id: 1 }, { customer_id: 2 }] });
    assert.deepEqual(
      rows.map((r) => [r.profile?.tier, r.market?.rate]),
      [
        ["gold", 2],
        [null, 2],
      ],
    );
    await using latest = await store.getHistoricalFeatures({ features: [profile, market], latestAsOf: "2024-01-08T12:00:00Z" });
    assert.deepEqual(
      (await collect(latest.rows())).map((r) => [r.customer_id, r.tier, r.rate]),
      [[1, "gold", 2]],
    );
  });

  test("have changes, and one latest row", async () => {
    await using store = await open();
    await using changes = await store.getHistoricalFeatures({ features: [market], between: { start: "2024-01-01", end: "2024-02-01" } });
    assert.deepEqual(
      (await collect(changes.rows())).map((r) => r.rate),
      [1, 2, null],
    );
    await using latest = await store.getHistoricalFeatures({ features: [market, trend], latestAsOf: "2024-01-06" });
    assert.deepEqual(
      (await collect(latest.rows())).map((r) => [r.rate, r.rates_7d]),
      [[2, 2]],
    );
  });

  test("refuse a key that nothing asks for", async () => {
    await using store = await open();
    const call = Reflect.apply(store.getOnlineFeatures, store, [{ features: [market], entities: [{ customer_id: 1 }] }]);
    await assert.rejects(Promise.resolve(call), { code: "ASOF_REQUEST_INVALID" });
  });
});
