/** `asof/testing`: features computed from rows, and a store with a clock of its own. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
  bool,
  bytes,
  count,
  decimal,
  entity,
  featureService,
  featureView,
  float64,
  int64,
  last,
  list,
  parquet,
  push,
  requestView,
  sql,
  string,
  sum,
  timestamp,
} from "asof";
import { expectFeatures, openTestStore, testClock } from "asof/testing";

const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
const baskets = parquet("baskets", {
  path: "nowhere/baskets.parquet",
  eventTime: "event_timestamp",
  columns: { spend: float64(), store: string(), used_coupon: bool() },
});
const activity = featureView(
  "activity",
  { entities: [customer], source: baskets },
  {
    spend_1h: sum("spend", { window: "1h" }),
    coupons_1h: count({ window: "1h", where: (b) => b.used_coupon.eq(true) }),
    last_store: last("store", { window: "1h" }),
    baskets_ever: count(),
  },
);
const profiles = sql("profiles", {
  query: "select * from nowhere",
  eventTime: "event_timestamp",
  columns: { tier: string(), score: float64() },
});
const profile = featureView("profile", { entities: [customer], source: profiles, ttl: "30d" }, { tier: string(), score: float64() });
const ratio = requestView(
  "ratio",
  { inputs: [activity], request: { amount: float64() } },
  { share: float64() },
  ({ activity: a, request }) => ({
    share: a.spend_1h === null ? null : request.amount / a.spend_1h,
  }),
);
const everything = featureService("everything", [activity, profile, ratio]);

const at = (time: string): string => `2017-05-01T${time}Z`;

/** Temporary files of this process alone, so that what is left behind is its own. */
const own = mkdtempSync(join(tmpdir(), "asof-testing-"));
process.env.TMPDIR = own;
after(() => rmSync(own, { recursive: true, force: true }));

describe("expectFeatures", () => {
  test("refuses a view with a fault instead of leaving the feature out", () => {
    const faulty = featureView(
      "faulty",
      { entities: [customer], source: baskets },
      {
        spend_30s: sum("spend", { window: "30s" }),
      },
    );
    assert.throws(() => expectFeatures(faulty, []), { code: "ASOF_WINDOW_INVALID", path: /faulty\.features\.spend_30s/ });
  });

  test("windows exclude the instant asked for and move by hops", async () => {
    // hop of 1 h is 5 min: at 10:07 the tail is 09:05.
    const features = expectFeatures(activity, [
      { customer_id: 1, event_timestamp: at("09:04:59.999999"), spend: 1 },
      { customer_id: 1, event_timestamp: at("09:05:00"), spend: 10 },
      { customer_id: 1, event_timestamp: at("10:07:00"), spend: 100 },
      { customer_id: 2, event_timestamp: at("10:00:00"), spend: 1000 },
    ]);
    await features.at(at("10:07:00")).toEqual([
      { customer_id: 1, spend_1h: 10, baskets_ever: 2 },
      { customer_id: 2, spend_1h: 1000 },
      { customer_id: 3, spend_1h: null, coupons_1h: 0, baskets_ever: 0 },
    ]);
    await features.at(at("10:07:00.000001")).toEqual([{ customer_id: 1, spend_1h: 110, baskets_ever: 3 }]);
  });

  test("ties are decided by the columns of the source", async () => {
    await expectFeatures(activity, [
      { customer_id: 1, event_timestamp: at("10:00:00"), spend: 5, store: "a" },
      { customer_id: 1, event_timestamp: at("10:00:00"), spend: 4, store: "b" },
    ])
      .at(at("10:01:00"))
      .toEqual([{ customer_id: 1, last_store: "a" }]);
  });

  test("a plain view shows the newest row within its ttl, both ends included", async () => {
    const features = expectFeatures(profile, [
      { customer_id: 1, event_timestamp: "2017-04-01T00:00Z", tier: "gold", score: 1 },
      { customer_id: 1, event_timestamp: "2017-05-02T00:00Z", tier: "late", score: 2 },
    ]);
    await features.at("2017-05-01T00:00Z").toEqual([{ customer_id: 1, tier: "gold", score: 1 }]);
    await features.at("2017-05-01T00:00:00.000001Z").toEqual([{ customer_id: 1, tier: null }]);
    assert.deepEqual(await features.at("2017-05-02").of({ customer_id: 1 }), { tier: "late", score: 2 });
  });

  test("a request view gets its inputs and its fields", async () => {
    const features = expectFeatures(ratio, [{ customer_id: 1, event_timestamp: at("10:00:00"), spend: 5 }]).at(at("10:01:00"));
    await features.toEqual([
      { customer_id: 1, amount: 10, share: 2 },
      { customer_id: 2, amount: 10, share: null },
    ]);
  });

  test("a wrong value, an expectation of nothing and an unknown name fail", async () => {
    const features = expectFeatures(activity, [{ customer_id: 1, event_timestamp: at("10:00:00"), spend: 5 }]).at(at("10:01:00"));
    await assert.rejects(features.toEqual([{ customer_id: 1, spend_1h: 6 }]), /features of activity for \{"customer_id":1\}/);
    await assert.rejects(features.toEqual([{ customer_id: 1 }]), /names no feature/);
    await assert.rejects(features.toEqual([]), /at least one entity/);
    // @ts-expect-error: not a feature
    await assert.rejects(features.toEqual([{ customer_id: 1, spend_2h: 6 }]), /ASOF_REQUEST_INVALID.*spend_2h/);
    // @ts-expect-error: a key is missing
    await assert.rejects(features.toEqual([{ spend_1h: 6 }]), /ASOF_REQUEST_INVALID.*customer_id/);
    assert.throws(() => expectFeatures(activity, []).at("yesterday"), /ASOF_TIME_INVALID/);
    await assert.rejects(
      expectFeatures(activity, [{ customer_id: 1, event_timestamp: "2017", spent: 1 }])
        .at("2018-01-01")
        .of({ customer_id: 1 }),
      /"spent"/,
    );
  });
});

describe("openTestStore", () => {
  const rows = {
    baskets: [
      { customer_id: 1, event_timestamp: at("09:30:00"), spend: 5, store: "a", used_coupon: true },
      { customer_id: 1, event_timestamp: at("10:10:00"), spend: 7, store: "b", used_coupon: false },
    ],
    profiles: [{ customer_id: 1, event_timestamp: at("00:00:00"), tier: "gold", score: Number.NaN }],
  };

  test("answers as of a clock that the test moves, the same as its training sets", async () => {
    const store = await openTestStore({ definitions: [everything], rows, now: at("10:00:00") });
    const online = async () => (await store.getOnlineFeatures({ service: everything, entities: [{ customer_id: 1, amount: 10 }] })).rows[0];
    await store.materializeIncremental();
    assert.deepEqual(await online(), {
      activity: { spend_1h: 5, coupons_1h: 1, last_store: "a", baskets_ever: 1 },
      profile: { tier: "gold", score: Number.NaN },
      ratio: { share: 2 },
    });
    store.clock.advance("20m");
    await store.materializeIncremental();
    assert.deepEqual((await online()).activity, { spend_1h: 12, coupons_1h: 1, last_store: "b", baskets_ever: 2 });
    const spine = [{ customer_id: 1, event_timestamp: store.clock.nowUs(), amount: 10 }];
    await using training = await store.getHistoricalFeatures({ service: everything, spine });
    for await (const row of training.rows()) assert.equal(row.spend_1h, 12);
    store.clock.set("2017-06-01");
    assert.equal((await online()).profile.tier, null);
    await store.close();
    assert.deepEqual(readdirSync(own), []);
  });

  test("takes pushes, and modules of definitions", async () => {
    const clicks = push("clicks", { eventTime: "event_timestamp", columns: { page: string() } });
    const clicked = featureView("clicked", { entities: [customer], source: clicks }, { clicks_1h: count({ window: "1h" }) });
    await using store = await openTestStore({ definitions: { clicked, other: 1 }, now: at("10:00:00") });
    await store.push(clicks, [{ customer_id: 1, event_timestamp: at("09:59:00"), page: "home" }]);
    const { rows: answered } = await store.getOnlineFeatures({ features: [clicked], entities: [{ customer_id: 1 }] });
    assert.deepEqual(answered, [{ clicked: { clicks_1h: 1 } }]);
  });

  test("rows of every type arrive as they were given", async () => {
    const source = parquet("everything", {
      path: "x.parquet",
      eventTime: "at",
      columns: { big: int64(), text: string(), raw: bytes(), money: decimal(9, 2), when: timestamp(), many: list(int64()) },
    });
    const view = featureView(
      "typed",
      { entities: [customer], source },
      { big: int64(), text: string(), raw: bytes(), money: decimal(9, 2), when: timestamp(), many: list(int64()) },
    );
    const given = { big: 2n ** 62n + 1n, text: 'ä,"\n', raw: new Uint8Array([0, 255]), money: "-12.50", when: -1, many: [1n, null] };
    await using store = await openTestStore({
      definitions: [view],
      rows: {
        everything: [
          { customer_id: 1, at: at("00:00:00"), ...given },
          { customer_id: 2, at: at("00:00:00") },
        ],
      },
      now: at("10:00:00"),
    });
    await store.materializeIncremental();
    const { rows: answered } = await store.getOnlineFeatures({ features: [view], entities: [{ customer_id: 1 }, { customer_id: 2 }] });
    assert.deepEqual(answered[0].typed, given);
    assert.deepEqual(new Set(Object.values(answered[1].typed)), new Set([null]));
  });

  test("rows of an unknown or pushed source, and unknown columns, are refused; nothing is left behind", async () => {
    const open = (given: Record<string, object[]>) =>
      openTestStore({ definitions: [everything], rows: given as Record<string, Record<string, unknown>[]>, now: at("10:00:00") });
    await assert.rejects(open({ basket: [] }), /ASOF_OBJECT_UNKNOWN.*baskets, profiles/);
    await assert.rejects(open({ baskets: [{ spent: 1 }] }), /ASOF_COLUMN_UNKNOWN.*"spent"/);
    await assert.rejects(open({ baskets: [{ customer_id: "one" }] }), /ASOF_VALUE_INVALID.*rows\.baskets\[0\]\.customer_id|rows\.baskets/);
    assert.deepEqual(readdirSync(own), []);
    assert.equal(existsSync("nowhere"), false);
  });
});

test("a test clock moves as it is told", () => {
  const clock = testClock("2017-01-01");
  clock.advance("90s");
  assert.equal(clock.nowUs(), Date.UTC(2017, 0, 1, 0, 1, 30) * 1000);
  clock.set(new Date(0));
  assert.equal(clock.nowUs(), 0);
  assert.throws(() => clock.advance("soon"), /ASOF_DURATION_INVALID/);
});
