// The service as a whole, in a store of its own: what is trained on is what is served, at any time the clock shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestStore } from "asof/testing";
import { churnV1 } from "../features/services.ts";

const rows = {
  monthly_profile: [{ customer_id: 7, event_timestamp: "2017-05-01T00:00:00Z", tenure_months: 4, monthly_charges: 120.5 }],
  demographics: [{ customer_id: 7, age: "35-44" }],
  baskets: [
    { customer_id: 7, event_timestamp: "2017-05-02T10:00:00Z", basket_id: 1n, spend: 20, used_coupon: true },
    { customer_id: 7, event_timestamp: "2017-05-02T11:30:00Z", basket_id: 2n, spend: 40, used_coupon: false },
  ],
};

test("a training row of now is the online answer of now", async () => {
  await using store = await openTestStore({ definitions: [churnV1], rows, now: "2017-05-02T11:00:00Z" });
  const ask = async () => {
    await store.materializeIncremental();
    const { rows: answered } = await store.getOnlineFeatures({ service: churnV1, entities: [{ customer_id: 7, amount: 30 }] });
    return answered[0];
  };
  const train = async () => {
    const spine = [{ customer_id: 7, amount: 30, event_timestamp: store.clock.nowUs() }];
    await using training = await store.getHistoricalFeatures({ service: churnV1, spine });
    for await (const row of training.rows()) return row;
    throw new Error("a training set has the rows of its spine");
  };

  const before = await ask();
  assert.equal(before.behavioral_features.spend_7d, 20);
  assert.equal(before.spend_trend.amount_vs_usual, 1.5);
  assert.equal(before.churn_features.monthly_charges, 120.5);
  assert.equal(before.customer_demographics.age, "35-44");
  assert.equal((await train()).spend_7d, 20);

  store.clock.advance("1h");
  const after = await ask();
  assert.equal(after.behavioral_features.spend_7d, 60);
  assert.equal(after.spend_trend.amount_vs_usual, 1);
  assert.equal((await train()).amount_vs_usual, 1);

  // The profile is used for 30 days, and a window of 28 days has passed.
  store.clock.set("2017-06-15T00:00:00Z");
  const later = await ask();
  assert.equal(later.churn_features.monthly_charges, null);
  assert.equal(later.behavioral_features.spend_28d, null);
  assert.equal(later.behavioral_features.spend_90d, 60);
});
