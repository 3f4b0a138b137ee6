import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { count, entity, featureService, featureView, float64, int64, parquet, requestView, string, sum } from "asof";
import { openTestStore } from "asof/testing";

const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
const shop = entity("shop", { key: { shop_id: string() } });
const profiles = parquet("profiles", { path: "profiles.parquet", eventTime: "ts", createdTime: "created", columns: { tier: string() } });
const baskets = parquet("baskets", { path: "baskets.parquet", eventTime: "ts", columns: { spend: float64() } });
const rates = parquet("rates", { path: "rates.parquet", eventTime: "ts", columns: { rate: float64() } });
const shops = parquet("shops", { path: "shops.parquet", eventTime: "ts", columns: { size: float64() } });

const profile = featureView("profile", { entities: [customer], source: profiles, ttl: "2d" }, { tier: string() });
const activity = featureView(
  "activity",
  { entities: [customer], source: baskets },
  {
    spend: sum("spend", { window: "2h" }),
    baskets: count(),
  },
);
const market = featureView("market", { entities: [], source: rates }, { rate: float64() });
const size = featureView("size", { entities: [shop], source: shops }, { size: float64() });
const share = requestView(
  "share",
  { inputs: [activity], request: { amount: float64() } },
  { share: float64() },
  ({ activity: a, request }) => ({
    share: a.spend === null ? null : request.amount / a.spend,
  }),
);
const perBasket = requestView("per_basket", { inputs: [activity] }, { per_basket: float64() }, ({ activity: a }) => ({
  per_basket: a.spend === null || a.baskets === null ? null : a.spend / Number(a.baskets),
}));

const open = () =>
  openTestStore({
    definitions: [profile, activity, market, size, share, perBasket],
    now: "2024-02-01",
    rows: {
      profiles: [
        { customer_id: 1, ts: "2024-01-01", created: "2024-01-01T06:00:00Z", tier: "basic" },
        { customer_id: 1, ts: "2024-01-10", created: "2024-01-12T00:00:00Z", tier: "gold" },
        { customer_id: 2, ts: "2024-01-02", created: "2024-01-02T00:00:00Z", tier: null },
        { customer_id: null, ts: "2024-01-02", created: "2024-01-02T00:00:00Z", tier: "lost" },
      ],
      baskets: [
        { customer_id: 1, ts: "2024-01-01T00:30:00Z", spend: 10 },
        { customer_id: 3, ts: "2024-01-20T00:00:00Z", spend: 1 },
      ],
      rates: [
        { ts: "2024-01-01", rate: 1 },
        { ts: "2024-01-05", rate: 2 },
      ],
      shops: [{ shop_id: "a", ts: "2024-01-01", size: 5 }],
    },
  });

async function collect<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

const us = (text: string): number => Date.parse(text) * 1000;

describe("between", () => {
  test("a row for each change of a plain view: a row comes into view, or gets too old; nulls and null keys", async () => {
    await using store = await open();
    await using changes = await store.getHistoricalFeatures({ features: [profile], between: { start: "2024-01-01", end: "2024-01-12" } });
    const rows = await collect(changes.rows());
    const first = rows[0];
    assert.ok(first !== undefined);
    // The row's type is inferred: a misspelt column would not compile.
    const typed: { customer_id: number; event_timestamp: number; tier: string | null } = first;
    assert.deepEqual(Object.keys(typed), ["customer_id", "event_timestamp", "tier"]);
    assert.deepEqual(
      rows.map((r) => [r.customer_id, r.event_timestamp, r.tier]),
      [
        [1, us("2024-01-01"), "basic"],
        [1, us("2024-01-03") + 1, null],
        [1, us("2024-01-10"), "gold"],
        [2, us("2024-01-02"), null],
        [2, us("2024-01-04") + 1, null],
      ],
    );
  });

  test("under knowledge created a row comes when it is known, unless it is too old or hidden by then", async () => {
    await using store = await open();
    const between = { start: "2024-01-01", end: "2024-01-13" };
    await using changes = await store.getHistoricalFeatures({ features: [profile], between, knowledge: "created" });
    const rows = await collect(changes.rows());
    assert.deepEqual(
      rows.filter((r) => r.customer_id === 1).map((r) => [r.event_timestamp, r.tier]),
      [
        [us("2024-01-01T06:00:00Z"), "basic"],
        [us("2024-01-03") + 1, null],
        [us("2024-01-12"), "gold"],
        [us("2024-01-12") + 1, null],
      ],
    );
  });

  test("a windowed view changes just after an event and where a tail passes it", async () => {
    await using store = await open();
    await using changes = await store.getHistoricalFeatures({ features: [activity], between: { start: "2024-01-01", end: "2024-01-02" } });
    assert.deepEqual(
      (await collect(changes.rows())).map((r) => [r.customer_id, r.event_timestamp, r.spend, r.baskets]),
      [
        [1, us("2024-01-01T00:30:00Z") + 1, 10, 1],
        // 2h windows move in hops of 5 minutes.
        [1, us("2024-01-01T02:35:00Z"), null, 1],
      ],
    );
  });

  test("the interval is half-open, and views without request fields are computed at each row", async () => {
    await using store = await open();
    const at = "2024-01-01T02:35:00Z";
    const asked = (between: { start: string; end: string }) => store.getHistoricalFeatures({ features: [perBasket], between });
    await using upTo = await asked({ start: "2024-01-01", end: at });
    assert.deepEqual(
      (await collect(upTo.rows())).map((r) => r.per_basket),
      [10],
    );
    await using from = await asked({ start: at, end: "2024-01-02" });
    assert.deepEqual(await collect(from.rows()), [{ customer_id: 1, event_timestamp: us(at), per_basket: null }]);
  });

  test("a view without entities changes every known key; alone it has rows of its own", async () => {
    await using store = await open();
    await using both = await store.getHistoricalFeatures({
      features: [profile, market],
      between: { start: "2024-01-05", end: "2024-01-06" },
    });
    assert.deepEqual(
      (await collect(both.rows())).map((r) => [r.customer_id, r.event_timestamp, r.tier, r.rate]),
      [
        [1, us("2024-01-05"), null, 2],
        [2, us("2024-01-05"), null, 2],
      ],
    );
    await using alone = await store.getHistoricalFeatures({ features: [market], between: { start: "2024-01-01", end: "2024-02-01" } });
    assert.deepEqual(await collect(alone.rows()), [
      { event_timestamp: us("2024-01-01"), rate: 1 },
      { event_timestamp: us("2024-01-05"), rate: 2 },
    ]);
  });

  test("from one change to the next nothing changes: the training row at any instant is that of the last change", async () => {
    await using store = await open();
    const service = featureService("all", [profile, activity, market]);
    const [start, end] = [us("2024-01-01"), us("2024-01-21")];
    await using changes = await store.getHistoricalFeatures({
      service,
      between: { start: new Date(start / 1000), end: new Date(end / 1000) },
    });
    const rows = await collect(changes.rows());
    const spine = rows.flatMap((row, i) => {
      const next = rows[i + 1];
      const until = next?.customer_id === row.customer_id ? next.event_timestamp : end;
      const instants = [row.event_timestamp, Math.floor((row.event_timestamp + until) / 2), until - 1];
      return instants.map((t) => ({ customer_id: row.customer_id, event_timestamp: new Date(0), t, change: i }));
    });
    await using training = await store.getHistoricalFeatures({
      service,
      spine: {
        sql: `SELECT * FROM (VALUES ${spine.map((s) => `(${s.customer_id}, make_timestamptz(${s.t}), ${s.change})`).join(", ")}) AS v(customer_id, event_timestamp, change)`,
      },
    });
    let compared = 0;
    for await (const row of training.rows()) {
      const { customer_id, event_timestamp, ...features } = row as Record<string, unknown>;
      const expected: Record<string, unknown> = { ...rows[Number(spine[compared]?.change)] };
      for (const name of ["tier", "spend", "baskets", "rate"])
        assert.deepEqual(features[name], expected[name], `${customer_id} at ${event_timestamp}`);
      compared++;
    }
    assert.ok(compared >= 30, `${compared} rows compared`);
  });
});

describe("latestAsOf", () => {
  test("a row for every key known at the instant, with the values then; expired ones too", async () => {
    await using store = await open();
    const latest = async (at: string) => {
      await using rows = await store.getHistoricalFeatures({ features: [profile, activity], latestAsOf: at });
      return (await collect(rows.rows())).map((r) => [r.customer_id, r.tier, r.baskets]);
    };
    assert.deepEqual(await latest("2023-12-31"), []);
    assert.deepEqual(await latest("2024-01-02T00:00:00Z"), [
      [1, "basic", 1],
      [2, null, 0],
    ]);
    assert.deepEqual(await latest("2024-01-20T00:00:00Z"), [
      [1, null, 1],
      [2, null, 0],
    ]);
    assert.deepEqual(await latest("2024-01-20T00:00:00.000001Z"), [
      [1, null, 1],
      [2, null, 0],
      [3, null, 1],
    ]);
  });
});

describe("what a retrieval without a spine cannot do is refused", () => {
  const between = { start: "2024-01-01", end: "2024-01-02" };
  test("request fields, keys that no view has together, empty intervals, a time column that is a key", async () => {
    await using store = await open();
    await assert.rejects(store.getHistoricalFeatures({ features: [share], between }), {
      code: "ASOF_REQUEST_INVALID",
      message: /"amount" is a request field, and no history holds requests/,
    });
    await assert.rejects(store.getHistoricalFeatures({ features: [profile, size], latestAsOf: "2024-01-01" }), {
      code: "ASOF_REQUEST_INVALID",
      message: /No view has all of the keys.*profile \(customer_id\), size \(shop_id\)/,
    });
    await assert.rejects(store.getHistoricalFeatures({ features: [profile], between: { start: "2024-01-02", end: "2024-01-02" } }), {
      code: "ASOF_REQUEST_INVALID",
      path: "between",
    });
    await assert.rejects(store.getHistoricalFeatures({ features: [profile], latestAsOf: "2024-01-01", timeColumn: "customer_id" }), {
      code: "ASOF_NAME_COLLISION",
    });
  });

  test("more than one kind of rows, or none", async () => {
    await using store = await open();
    const call = (query: object): Promise<unknown> =>
      Reflect.apply(store.getHistoricalFeatures, store, [{ features: [profile], ...query }]);
    await assert.rejects(call({ between, latestAsOf: "2024-01-01" }), { code: "ASOF_REQUEST_INVALID", path: "spine" });
    await assert.rejects(call({ between, spine: [] }), { code: "ASOF_REQUEST_INVALID", path: "spine" });
    await assert.rejects(call({ between: "2024" }), { code: "ASOF_REQUEST_INVALID", path: "between" });
    await assert.rejects(call({ between: { start: "2024-01-01" } }), { code: "ASOF_REQUEST_INVALID", path: "between" });
    await assert.rejects(call({ between: { start: "soon", end: "2024-01-01" } }), { code: "ASOF_TIME_INVALID" });
    await assert.rejects(call({ latestAsOf: null }), { code: "ASOF_REQUEST_INVALID", path: "latestAsOf" });
    await assert.rejects(call({}), { code: "ASOF_SPINE_INVALID", path: "spine" });
  });
});
