/** What the types promise: each line is a type equality, checked by both compilers. */
import {
  type BoolExpr,
  caseWhen,
  coalesce,
  type DateExpr,
  derive,
  featureView,
  float64,
  from,
  greatest,
  int32,
  int64,
  least,
  literal,
  type NumberExpr,
  string,
  sum,
  type TextExpr,
  timestamp,
  type ValuesOf,
} from "@asof/core";
import {
  basketActivity,
  baskets,
  churnFeatures,
  churnV1,
  customer,
  type documentActivity,
  type documentFeatures,
  merchantActivity,
  type spendTrend,
  store,
  totals,
} from "./shop.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if the two types are the same. */
export function same<A, B>(..._equal: Equal<A, B> extends true ? [] : [never]): void {}

// Values of views: everything retrieved may be null; bigint and number as declared.
same<ValuesOf<typeof churnFeatures>, { readonly tenure_months: number | null; readonly monthly_charges: number | null }>();
same<
  ValuesOf<typeof basketActivity>,
  {
    readonly spend_30d: number | null;
    readonly big_30d: bigint | null;
    readonly items_7d: number | null;
    readonly price_30d: string | null;
    readonly avg_big: number | null;
    readonly top_plan: string | null;
    readonly last_tags: readonly (string | null)[] | null;
    readonly last_plans: readonly string[] | null;
    readonly last_discounts: readonly number[] | null;
    readonly coupons_90d: number | null;
  }
>();

same<
  ValuesOf<typeof documentFeatures>,
  {
    readonly labels: readonly string[] | null;
    readonly scores: ReadonlyMap<string, number | null> | null;
    readonly counts: ReadonlyMap<bigint, readonly (number | null)[] | null> | null;
    readonly address: { readonly lines: readonly (string | null)[]; readonly zip: string | null; readonly city: string } | null;
    readonly raw: string | null;
    readonly embedding: readonly number[] | null;
    readonly rows: readonly ({ readonly at: number; readonly value: number | null } | null)[] | null;
    readonly matrix: readonly (readonly (number | null)[] | null)[] | null;
    readonly seen_at: number | null;
  }
>();
same<
  ValuesOf<typeof documentActivity>,
  {
    readonly address: { readonly city: string; readonly zip: string | null; readonly lines: readonly (string | null)[] } | null;
    readonly embeddings: readonly (readonly number[])[] | null;
    readonly scored: number | null;
    readonly seen: number | null;
  }
>();

// Keys.
same<(typeof basketActivity)["~keys"], { readonly customer_id: number }>();
same<(typeof merchantActivity)["~keys"], { readonly customer_id: number; readonly merchant_id: string; readonly region: number }>();
same<keyof (typeof totals)["~keys"], never>();
same<(typeof spendTrend)["~keys"], { readonly customer_id: number }>();
same<(typeof spendTrend)["~request"], { readonly amount: number; readonly promo: string | null }>();
same<ValuesOf<typeof spendTrend>, { readonly ratio: number | null }>();

// Uses of views.
const picked = basketActivity.pick("big_30d");
same<ValuesOf<typeof picked>, { readonly big_30d: bigint | null }>();
const buyer = merchantActivity.as("buyer").withKeys({ customer_id: "buyer_id" });
same<(typeof buyer)["name"], "buyer">();
same<(typeof buyer)["~keys"], { readonly buyer_id: number; readonly merchant_id: string; readonly region: number }>();
const former = basketActivity.version(1);
same<(typeof former)["name"], "basket_activity@v1">();
same<(typeof former)["~keys"], { readonly customer_id: number }>();
same<ValuesOf<typeof former>["anything"], unknown>();
const declared = basketActivity.version(0, { spend_30d: int64(), plan: string() });
same<ValuesOf<typeof declared>, { readonly spend_30d: bigint | null; readonly plan: string | null }>();
const borrowed = from("growth", basketActivity);
same<typeof borrowed, typeof basketActivity>();
const young = churnFeatures.maxAge("1h");
same<typeof young, typeof churnFeatures>();

// Services and online rows.
same<
  (typeof churnV1)["~rows"],
  {
    readonly churn_features: { readonly tenure_months: number | null; readonly monthly_charges: number | null };
    readonly basket_activity: { readonly spend_30d: number | null; readonly big_30d: bigint | null };
    readonly spend_trend: { readonly ratio: number | null };
  }
>();
export async function online(customers: readonly { readonly customer_id: number }[]): Promise<void> {
  const two = await store.getOnlineFeatures({
    service: churnV1,
    entities: [
      { customer_id: 1, amount: 2, promo: null },
      { customer_id: 2, amount: 2, promo: "x" },
    ],
  });
  same<(typeof two.rows)["length"], 2>();
  same<(typeof two.rows)[1]["churn_features"]["tenure_months"], number | null>();
  const many = await store.getOnlineFeatures({ features: [churnFeatures, totals], entities: customers, at: "2024-01-01T00:00:00Z" });
  const first = many.rows[0];
  same<Exclude<typeof first, undefined>["totals"], { readonly baskets_1d: number | null }>();
  same<undefined extends typeof first ? true : false, true>();
  const versions = await store.getOnlineFeatures({ features: [churnFeatures, declared, former], entities: [{ customer_id: 1 }] });
  same<(typeof versions.rows)[0]["basket_activity@v0"]["plan"], string | null>();
  same<(typeof versions.rows)[0]["basket_activity@v1"]["plan"], unknown>();
  same<(typeof versions.rows)[0]["churn_features"]["tenure_months"], number | null>();
  const global = await store.getOnlineFeatures({ features: [totals], entities: [{}] });
  same<(typeof global.rows)[0], { readonly totals: { readonly baskets_1d: number | null } }>();
}

// Training rows.
export async function historical(labels: readonly { customer_id: number; at: Date; label: boolean; tag: string | null }[]): Promise<void> {
  const byPath = await store.getHistoricalFeatures({
    features: [churnFeatures, totals],
    spine: "labels.parquet",
    spineColumns: { label: int32() },
  });
  for await (const row of byPath.rows()) {
    same<
      typeof row,
      {
        readonly customer_id: number;
        readonly event_timestamp: number;
        readonly label: number | null;
        readonly tenure_months: number | null;
        readonly monthly_charges: number | null;
        readonly baskets_1d: number | null;
      }
    >();
  }
  const full = await store.getHistoricalFeatures({ service: churnV1, spine: { sql: "select 1" }, fullFeatureNames: true });
  for await (const row of full.rows()) {
    same<(typeof row)["spend_trend__ratio"], number | null>();
    same<(typeof row)["amount"], number>();
    same<"ratio" extends keyof typeof row ? true : false, false>();
  }
  const typed = await store.getHistoricalFeatures({
    features: [churnFeatures],
    spine: labels,
    timeColumn: "at",
  });
  for await (const row of typed.rows()) {
    same<
      typeof row,
      {
        readonly customer_id: number;
        readonly at: number;
        readonly label: boolean;
        readonly tag: string | null;
        readonly tenure_months: number | null;
        readonly monthly_charges: number | null;
      }
    >();
  }
  // Views that share a feature name are fine with full names.
  await store.getHistoricalFeatures({ features: [totals, totals.as("again")], spine: "labels.parquet", fullFeatureNames: true });
}

// Null in expressions: only what may be null is.
const b = baskets.row;
same<ReturnType<typeof plus>, NumberExpr<"float", null>>();
function plus() {
  return b.spend.plus(b.discount);
}
const sums = {
  float: b.spend.plus(1),
  int: b.items.plus(b.stores),
  bigint: b.items.times(b.big),
  mixed: b.big.minus(b.spend),
  literal: b.big.plus(1),
};
same<typeof sums.float, NumberExpr<"float", never>>();
same<typeof sums.int, NumberExpr<"int", never>>();
same<typeof sums.bigint, NumberExpr<"bigint", never>>();
same<typeof sums.mixed, NumberExpr<"float", never>>();
same<typeof sums.literal, NumberExpr<"bigint", never>>();
const quotient = b.spend.div(b.items);
same<typeof quotient, NumberExpr<"float", null>>();
const cast = b.plan.cast(int64());
same<typeof cast, NumberExpr<"bigint", null>>();
const both = b.spend.gt(1).and(b.discount.gt(0));
same<typeof both, BoolExpr<null>>();
const sure = b.spend.gt(1).and(true).or(b.used_coupon).not();
same<typeof sure, BoolExpr<never>>();
const isNull = b.discount.isNull();
same<typeof isNull, BoolExpr<never>>();
const among = b.note.in(["a", "b"]);
same<typeof among, BoolExpr<null>>();
const day = b.paid_at.toDate();
same<typeof day, DateExpr<never>>();
const text = b.plan.concat("/", b.note);
same<typeof text, TextExpr<null>>();
const chosen = coalesce(b.discount, 0);
same<typeof chosen, NumberExpr<"float", never>>();
const maybe = coalesce(b.discount, b.discount.neg());
same<typeof maybe, NumberExpr<"float", null>>();
const widened = coalesce(b.items, b.big);
same<typeof widened, NumberExpr<"bigint", never>>();
const smallest = least(b.spend, b.discount, 3);
same<typeof smallest, NumberExpr<"float", null>>();
const latest = greatest(b.plan, "x");
same<typeof latest, TextExpr<never>>();
const named = caseWhen(b.spend.gt(100), "high").when(b.discount.gt(1), b.plan).otherwise("low");
same<typeof named, TextExpr<never>>();
const open = caseWhen(b.spend.gt(100), b.items).otherwise(null);
same<typeof open, NumberExpr<"int", null>>();
const half = literal(0.5);
same<typeof half, NumberExpr<"float", never>>();
const zero = literal(0, int32());
same<typeof zero, NumberExpr<"int", never>>();

// Features of expressions; aggregates of expressions that are shared between views.
const derived = featureView(
  "derived",
  { entities: [customer], source: baskets },
  {
    spend: float64(),
    paid_at: timestamp(),
    per_item: derive((row) => row.spend.div(row.items)),
    total: derive((row) => row.big.plus(row.items)),
    plan_name: derive(named, { description: "…" }),
    tags: derive((row) => row.tags),
    note: string(),
  },
);
same<
  ValuesOf<typeof derived>,
  {
    readonly spend: number | null;
    readonly paid_at: number | null;
    readonly per_item: number | null;
    readonly total: bigint | null;
    readonly plan_name: string | null;
    readonly tags: readonly (string | null)[] | null;
    readonly note: string | null;
  }
>();
const revenue = sum(baskets.row.spend.times(baskets.row.items), { window: "7d", where: baskets.row.used_coupon.not() });
const shared = featureView("shared", { entities: [customer], source: baskets }, { revenue });
same<ValuesOf<typeof shared>, { readonly revenue: number | null }>();
