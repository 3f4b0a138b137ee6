// Features are functions of history: a few rows and an instant are enough to test them, without a store and without files.
import { describe, test } from "node:test";
import { expectFeatures } from "asof/testing";
import { behavioralFeatures, spendTrend } from "../features/behavioral_features.ts";
import { churnFeatures, customerDemographics } from "../features/customer_features.ts";

let nextBasket = 1n;

/** A basket of customer 7; columns that a test does not care about are null. */
function basket(event_timestamp: string, more: { spend?: number; store_id?: number; used_coupon?: boolean; products?: number } = {}) {
  return { customer_id: 7, event_timestamp, basket_id: nextBasket++, ...more };
}

describe("behavioral_features", () => {
  test("a window ends before the instant of asking: a basket does not see itself", async () => {
    const features = expectFeatures(behavioralFeatures, [
      basket("2017-05-01T10:00:00Z", { spend: 12 }),
      basket("2017-05-01T10:20:00Z", { spend: 30 }),
    ]);
    await features.at("2017-05-01T10:20:00Z").toEqual([{ customer_id: 7, baskets_1h: 1, spend_1h: 12 }]);
    await features.at("2017-05-01T10:20:00.000001Z").toEqual([{ customer_id: 7, baskets_1h: 2, spend_1h: 42 }]);
  });

  test("a window of 28 days moves in hops of a day", async () => {
    const features = expectFeatures(behavioralFeatures, [
      basket("2017-05-01T00:00:00Z", { spend: 1, products: 3 }),
      basket("2017-05-02T09:00:00Z", { spend: 10, products: 4 }),
    ]);
    await features.at("2017-05-29T23:59:59Z").toEqual([{ customer_id: 7, baskets_28d: 2, spend_28d: 11, products_28d: 7 }]);
    await features.at("2017-05-30T00:00:00Z").toEqual([{ customer_id: 7, baskets_28d: 1, spend_28d: 10, avg_spend_28d: 10 }]);
  });

  test("of two baskets at one instant the one with the greater number is the last", async () => {
    const noon = "2017-05-01T12:00:00Z";
    // The row order: event time, then the columns by name, and basket_id is the first of them.
    const features = expectFeatures(behavioralFeatures, [
      { ...basket(noon, { store_id: 330 }), basket_id: 2n },
      { ...basket(noon, { store_id: 412 }), basket_id: 1n },
    ]);
    await features.at("2017-05-02").toEqual([{ customer_id: 7, last_store: 330, stores_28d: 2 }]);
  });

  test("coupons count only where one was used, and a basket that comes twice counts once", async () => {
    const twice = basket("2017-05-01T10:00:00Z", { used_coupon: true });
    const features = expectFeatures(behavioralFeatures, [twice, twice, basket("2017-05-03T10:00:00Z", { used_coupon: false })]);
    await features.at("2017-05-04").toEqual([{ customer_id: 7, coupons_90d: 1, baskets_90d: 2, baskets_lifetime: 2 }]);
  });

  test("a customer without baskets has counts of 0 and no sums", async () => {
    await expectFeatures(behavioralFeatures, [basket("2017-05-01T10:00:00Z", { spend: 5 })])
      .at("2017-05-02")
      .toEqual([{ customer_id: 8, baskets_lifetime: 0, spend_lifetime: null, last_store: null, coupons_90d: 0 }]);
  });
});

describe("churn_features", () => {
  const profile = { customer_id: 7, event_timestamp: "2017-05-01T00:00:00Z", tenure_months: 4, monthly_charges: 120.5 };

  test("a profile is used for 30 days, to the microsecond", async () => {
    const features = expectFeatures(churnFeatures, [profile]);
    await features.at("2017-04-30T23:59:59.999999Z").toEqual([{ customer_id: 7, monthly_charges: null }]);
    await features.at("2017-05-01T00:00:00Z").toEqual([{ customer_id: 7, monthly_charges: 120.5, tenure_months: 4 }]);
    await features.at("2017-05-31T00:00:00Z").toEqual([{ customer_id: 7, monthly_charges: 120.5 }]);
    await features.at("2017-05-31T00:00:00.000001Z").toEqual([{ customer_id: 7, monthly_charges: null }]);
  });

  test("a newer profile without a value hides the older value", async () => {
    const newer = { ...profile, event_timestamp: "2017-05-16T00:00:00Z", monthly_charges: null };
    await expectFeatures(churnFeatures, [profile, newer])
      .at("2017-05-20")
      .toEqual([{ customer_id: 7, monthly_charges: null, tenure_months: 4 }]);
  });
});

test("demographics have no time and are visible at every instant", async () => {
  const features = expectFeatures(customerDemographics, [{ customer_id: 7, age: "35-44", income: "50-74K" }]);
  await features.at("1990-01-01").toEqual([{ customer_id: 7, age: "35-44", income: "50-74K", household_size: null }]);
});

describe("spend_trend", () => {
  test("compares the basket being paid with the usual one", async () => {
    const features = expectFeatures(spendTrend, [
      basket("2017-05-01T10:00:00Z", { spend: 10, used_coupon: true }),
      basket("2017-05-03T10:00:00Z", { spend: 30, used_coupon: false }),
    ]);
    await features
      .at("2017-05-04")
      .toEqual([{ customer_id: 7, amount: 50, amount_vs_usual: 2.5, coupon_share: 0.5, baskets_trend: 90 / 28 }]);
  });

  test("has no answer for a customer without history", async () => {
    const features = expectFeatures(spendTrend, []).at("2017-05-04");
    await features.toEqual([{ customer_id: 7, amount: 50, amount_vs_usual: null, coupon_share: null, baskets_trend: null }]);
  });
});
