import { join } from "node:path";
import { avg, bool, count, entity, featureService, featureView, float64, int32, int64, last, max, min, parquet, stddev, sum } from "asof";

/** The twelve aggregates of `aggregates.ts` as a user of asof writes them. */
export function defineWindows(folder: string) {
  const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
  const events = parquet("events", {
    path: join(folder, "events.parquet"),
    eventTime: "event_timestamp",
    columns: { spend: float64(), store_id: int32(), used_coupon: bool() },
  });
  const activity = featureView(
    "activity",
    { entities: [customer], source: events },
    {
      spend_1d: sum("spend", { window: "1d" }),
      spend_7d: sum("spend", { window: "7d" }),
      spend_30d: sum("spend", { window: "30d" }),
      spend_90d: sum("spend", { window: "90d" }),
      baskets_1h: count({ window: "1h" }),
      baskets_7d: count({ window: "7d" }),
      coupons_30d: count({ window: "30d", where: (event) => event.used_coupon }),
      avg_spend_30d: avg("spend", { window: "30d" }),
      min_spend_30d: min("spend", { window: "30d" }),
      max_spend_30d: max("spend", { window: "30d" }),
      stddev_spend_90d: stddev("spend", { window: "90d" }),
      last_store_90d: last("store_id", { window: "90d" }),
    },
  );
  return featureService("training", [activity]);
}
