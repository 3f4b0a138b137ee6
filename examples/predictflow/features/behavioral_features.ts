import { avg, bool, count, distinctCount, featureView, float64, int32, int64, kafka, last, parquet, requestView, sum } from "asof";
import { customer } from "./customer_features.ts";

export const baskets = parquet("baskets", {
  path: "data/baskets.parquet",
  eventTime: "event_timestamp",
  eventId: "basket_id",
  columns: {
    basket_id: int64(),
    store_id: int32(),
    items: int32(),
    products: int32(),
    spend: float64(),
    discount: float64(),
    used_coupon: bool(),
  },
  stream: kafka({ topic: "baskets" }),
  owner: "checkout@predictflow",
  description: "One row per basket, at the time it was paid.",
});

export const behavioralFeatures = featureView(
  "behavioral_features",
  { entities: [customer], source: baskets, owner: "growth@predictflow", description: "What a customer did, up to the moment of asking." },
  {
    baskets_1h: count({ window: "1h" }),
    spend_1h: sum("spend", { window: "1h" }),
    baskets_7d: count({ window: "7d" }),
    spend_7d: sum("spend", { window: "7d" }),
    baskets_28d: count({ window: "28d" }),
    spend_28d: sum("spend", { window: "28d" }),
    avg_spend_28d: avg("spend", { window: "28d" }),
    stores_28d: distinctCount("store_id", { window: "28d" }),
    products_28d: sum("products", { window: "28d" }),
    baskets_90d: count({ window: "90d" }),
    spend_90d: sum("spend", { window: "90d" }),
    coupons_90d: count({ window: "90d", where: (b) => b.used_coupon.eq(true) }),
    baskets_lifetime: count(),
    spend_lifetime: sum("spend"),
    last_store: last("store_id", { window: "90d" }),
  },
);

/** Ratios that are best taken at the moment of asking, with the amount of the basket that is being paid right now. */
export const spendTrend = requestView(
  "spend_trend",
  { inputs: [behavioralFeatures], request: { amount: float64() }, owner: "growth@predictflow" },
  { amount_vs_usual: float64(), baskets_trend: float64(), coupon_share: float64() },
  ({ behavioral_features: b, request }) => ({
    amount_vs_usual: b.avg_spend_28d === null || b.avg_spend_28d === 0 ? null : request.amount / b.avg_spend_28d,
    baskets_trend: b.baskets_90d === null || b.baskets_90d === 0 ? null : ((b.baskets_28d ?? 0) / b.baskets_90d) * (90 / 28),
    coupon_share: b.baskets_90d === null || b.baskets_90d === 0 ? null : (b.coupons_90d ?? 0) / b.baskets_90d,
  }),
);
