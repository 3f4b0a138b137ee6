/** A small repository that the type tests ask questions about. */
import {
  avg,
  bool,
  bytes,
  count,
  date,
  decimal,
  entity,
  featureService,
  featureView,
  float32,
  float64,
  int32,
  int64,
  json,
  kafka,
  last,
  lastN,
  list,
  map,
  max,
  nullable,
  parquet,
  requestView,
  set,
  string,
  struct,
  sum,
  type TypedRetrieval,
  timestamp,
  uuid,
  vector,
} from "@asof/core";

export const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) }, owner: "growth@shop" });
export const merchant = entity("merchant", { key: { merchant_id: string(), region: int32() } });

export const baskets = parquet("baskets", {
  path: "data/baskets.parquet",
  eventTime: "event_timestamp",
  columns: {
    spend: float64(),
    items: int64({ as: "number" }),
    big: int64(),
    stores: int32(),
    plan: string(),
    used_coupon: bool(),
    discount: nullable(float64()),
    note: nullable(string()),
    price: decimal(10, 2),
    paid_at: timestamp(),
    paid_on: date(),
    receipt: uuid(),
    scan: bytes(),
    tags: list(string()),
  },
  stream: kafka({ topic: "baskets" }),
});

export const documents = parquet("documents", {
  path: "data/documents.parquet",
  eventTime: "event_timestamp",
  columns: {
    labels: set(string()),
    scores: map(string(), float64()),
    counts: map(int64(), list(int32())),
    address: struct({ city: string(), zip: nullable(string()), lines: list(string()) }),
    raw: json(),
    embedding: vector(3),
    rows: list(struct({ at: timestamp(), value: nullable(float64()) })),
    matrix: list(list(float64())),
    seen_at: timestamp({ precision: "s" }),
  },
});

export const documentFeatures = featureView(
  "document_features",
  { entities: [customer], source: documents },
  {
    labels: set(string()),
    scores: map(string(), float64()),
    counts: map(int64(), list(int32())),
    address: struct({ lines: list(string()), zip: nullable(string()), city: string() }),
    raw: json(),
    embedding: vector(3),
    rows: list(struct({ at: timestamp(), value: nullable(float64()) })),
    matrix: list(list(float64())),
    seen_at: timestamp({ precision: "s" }),
  },
);

export const documentActivity = featureView(
  "document_activity",
  { entities: [customer], source: documents },
  {
    address: last("address"),
    embeddings: lastN("embedding", 2),
    scored: count({ where: (row) => row.scores.isNotNull() }),
    seen: max("seen_at"),
  },
);

export const profile = parquet("profile", {
  path: ["data/profile/*.parquet"],
  hive: true,
  eventTime: "event_timestamp",
  columns: { tenure_months: float32(), monthly_charges: float32() },
});

export const churnFeatures = featureView(
  "churn_features",
  { entities: [customer], source: profile, ttl: "30d" },
  { tenure_months: float32(), monthly_charges: float32() },
);

export const basketActivity = featureView(
  "basket_activity",
  { entities: [customer], source: baskets },
  {
    spend_30d: sum("spend", { window: "30d" }),
    big_30d: sum("big", { window: "30d" }),
    items_7d: sum("items", { window: "7d" }),
    price_30d: sum("price", { window: "30d" }),
    avg_big: avg("big"),
    top_plan: max("plan", { window: "1d" }),
    last_tags: last("tags"),
    last_plans: lastN("plan", 3),
    last_discounts: lastN("discount", 3),
    coupons_90d: count({ window: "90d", where: (b) => b.used_coupon.eq(true) }),
  },
);

export const merchantActivity = featureView(
  "merchant_activity",
  { entities: [customer, merchant], source: baskets },
  { baskets_7d: count({ window: "7d" }) },
);

export const totals = featureView("totals", { source: baskets }, { baskets_1d: count({ window: "1d" }) });

export const spendTrend = requestView(
  "spend_trend",
  { inputs: [basketActivity, totals], request: { amount: float64(), promo: nullable(string()) } },
  { ratio: float64() },
  ({ basket_activity, totals: all, request, t }) => ({
    ratio: basket_activity.spend_30d === null || all.baskets_1d === null ? null : request.amount / basket_activity.spend_30d + t,
  }),
);

export const churnV1 = featureService("churn_v1", [churnFeatures, basketActivity.pick("spend_30d", "big_30d"), spendTrend]);

export declare const store: TypedRetrieval<unknown>;
