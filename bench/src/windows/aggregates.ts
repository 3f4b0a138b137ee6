/** One of the twelve aggregates of the bench: what asof's definition and the queries by hand are made from. */
export interface BenchAggregate {
  readonly name: string;
  readonly fn: "sum" | "count" | "avg" | "min" | "max" | "stddev" | "last";
  readonly column: "spend" | "store_id" | null;
  readonly window: "1h" | "1d" | "7d" | "30d" | "90d";
  /** Counts events with a coupon only. */
  readonly couponOnly?: boolean;
}

export const aggregates: readonly BenchAggregate[] = [
  { name: "spend_1d", fn: "sum", column: "spend", window: "1d" },
  { name: "spend_7d", fn: "sum", column: "spend", window: "7d" },
  { name: "spend_30d", fn: "sum", column: "spend", window: "30d" },
  { name: "spend_90d", fn: "sum", column: "spend", window: "90d" },
  { name: "baskets_1h", fn: "count", column: null, window: "1h" },
  { name: "baskets_7d", fn: "count", column: null, window: "7d" },
  { name: "coupons_30d", fn: "count", column: null, window: "30d", couponOnly: true },
  { name: "avg_spend_30d", fn: "avg", column: "spend", window: "30d" },
  { name: "min_spend_30d", fn: "min", column: "spend", window: "30d" },
  { name: "max_spend_30d", fn: "max", column: "spend", window: "30d" },
  { name: "stddev_spend_90d", fn: "stddev", column: "spend", window: "90d" },
  { name: "last_store_90d", fn: "last", column: "store_id", window: "90d" },
];

const dayUs = 86_400_000_000;

/** Length and hop of each window, as the rules of the product give them. */
export const windows: Readonly<Record<BenchAggregate["window"], { readonly lengthUs: number; readonly hopUs: number }>> = {
  "1h": { lengthUs: dayUs / 24, hopUs: 300_000_000 },
  "1d": { lengthUs: dayUs, hopUs: dayUs / 24 },
  "7d": { lengthUs: 7 * dayUs, hopUs: dayUs / 24 },
  "30d": { lengthUs: 30 * dayUs, hopUs: dayUs },
  "90d": { lengthUs: 90 * dayUs, hopUs: dayUs },
};
