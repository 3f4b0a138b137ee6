/**
 * Misuses that must not compile. The line after each `@ts-expect-error` has one; messages.test.ts keeps the texts that the
 * compilers print for them, under the label given there.
 */
import {
  count,
  derive,
  entity,
  featureService,
  featureView,
  float32,
  float64,
  from,
  int64,
  list,
  literal,
  map,
  max,
  nullable,
  parquet,
  requestView,
  set,
  string,
  struct,
  sum,
  timestamp,
  vector,
} from "@asof/core";
import { basketActivity, baskets, churnFeatures, churnV1, customer, documents, store, totals } from "./shop.ts";

const on = { entities: [customer], source: baskets } as const;
const again = featureView("again", on, { spend_30d: sum("spend", { window: "30d" }) });

export async function wrongFeature() {
  const { rows } = await store.getOnlineFeatures({ features: [churnFeatures], entities: [{ customer_id: 1 }] });
  // @ts-expect-error wrong feature
  return rows[0].churn_features.tenure_month;
}
export async function wrongView() {
  const { rows } = await store.getOnlineFeatures({ features: [churnFeatures], entities: [{ customer_id: 1 }] });
  // @ts-expect-error wrong view
  return rows[0].churn_feature;
}
export async function wrongColumnOfTrainingRow() {
  const training = await store.getHistoricalFeatures({ features: [churnFeatures], spine: "labels.parquet" });
  // @ts-expect-error wrong column of a training row
  for await (const row of training.rows()) row.tenure_month;
}

// Columns.
featureView("a", on, {
  // @ts-expect-error wrong column
  x: sum("spnd"),
});
featureView("a", on, {
  // @ts-expect-error sum of text
  x: sum("plan"),
});
featureView("a", on, {
  // @ts-expect-error typo in where
  x: count({ where: (b) => b.used_copon.eq(true) }),
});
featureView("a", on, {
  // @ts-expect-error plain feature not there
  nope: float64(),
});
featureView("a", on, {
  // @ts-expect-error plain feature of another type
  spend: float32(),
});
featureView("a", on, {
  x: count(),
  // @ts-expect-error plain feature beside an aggregate
  spend: float64(),
});
// @ts-expect-error aggregate outside a view
export const outside = sum("spend");

// Windows and durations.
featureView("a", on, {
  // @ts-expect-error window
  x: count({ window: "30 days" }),
});
featureView("a", on, {
  // @ts-expect-error window with a fraction
  x: count({ window: "1.5d" }),
});
// @ts-expect-error ttl in months
featureView("a", { entities: [customer], source: baskets, ttl: "3mo" }, { spend: float64() });
// @ts-expect-error age
churnFeatures.maxAge("3 days");

// Expressions.
featureView("a", on, {
  // @ts-expect-error arithmetic with text
  x: derive((b) => b.spend.plus(b.plan)),
});
featureView("a", on, {
  // @ts-expect-error arithmetic on text
  x: derive((b) => b.plan.plus(1)),
});
featureView("a", on, {
  // @ts-expect-error arithmetic with a decimal
  x: derive((b) => b.spend.plus(b.price)),
});
featureView("a", on, {
  // @ts-expect-error number compared with text
  x: derive((b) => b.spend.gt("3")),
});
featureView("a", on, {
  // @ts-expect-error number compared with a text column
  x: derive((b) => b.spend.gt(b.plan)),
});
featureView("a", on, {
  // @ts-expect-error where without a condition
  x: count({ where: (b) => b.spend }),
});
featureView("a", on, {
  // @ts-expect-error and with a number
  x: derive((b) => b.used_coupon.and(b.spend)),
});
featureView("a", on, {
  // @ts-expect-error cast that engines do not agree on
  x: derive((b) => b.spend.cast(string())),
});
// @ts-expect-error literal null
literal(null);

// Nested types.
const stored = { entities: [customer], source: documents } as const;
featureView("a", stored, {
  // @ts-expect-error a struct with fewer fields
  address: struct({ city: string() }),
});
featureView("a", stored, {
  // @ts-expect-error a struct with a field that may be null
  address: struct({ city: nullable(string()), zip: nullable(string()), lines: list(string()) }),
});
featureView("a", stored, {
  // @ts-expect-error a map with other values
  scores: map(string(), int64()),
});
featureView("a", stored, {
  // @ts-expect-error a vector of another length
  embedding: vector(4),
});
featureView("a", stored, {
  // @ts-expect-error microseconds of a column in seconds
  seen_at: timestamp(),
});
featureView("a", stored, {
  // @ts-expect-error max of a set
  x: max("labels"),
});
featureView("a", stored, {
  // @ts-expect-error a vector compared
  x: count({ where: (row) => row.embedding.eq([1, 2, 3]) }),
});
// @ts-expect-error a set of lists
set(list(string()));
// @ts-expect-error a map with floats as keys
map(float64(), string());
// @ts-expect-error a list of nullable elements
list(nullable(string()));

// Options.
// @ts-expect-error unknown option of a view
featureView("a", { entities: [customer], source: baskets, tll: "3d" }, { spend: float64() });
featureView("a", on, {
  // @ts-expect-error unknown option of an aggregate
  x: count({ windw: "3d" }),
});
// @ts-expect-error no source
featureView("a", { entities: [customer] }, { spend: float64() });
// @ts-expect-error no path
parquet("p", { columns: { spend: float64() } });

// Keys of entities.
entity("e", {
  // @ts-expect-error float key
  key: { x: float64() },
});
entity("e", {
  // @ts-expect-error struct key
  key: { x: struct({ a: string() }) },
});
entity("e", {
  // @ts-expect-error nullable key
  key: { x: nullable(string()) },
});

// Entity rows.
// @ts-expect-error missing request field
store.getOnlineFeatures({ service: churnV1, entities: [{ customer_id: 1, amount: 2 }] });
// @ts-expect-error missing key
store.getOnlineFeatures({ features: [churnFeatures], entities: [{}] });
// @ts-expect-error key of a wrong type
store.getOnlineFeatures({ features: [churnFeatures], entities: [{ customer_id: "1" }] });
// @ts-expect-error extra key
store.getOnlineFeatures({ features: [churnFeatures], entities: [{ customer_id: 1, shop: 2 }] });
const rowsWithMore = [{ customer_id: 1, shop: 2 }];
// @ts-expect-error extra key of a variable
store.getOnlineFeatures({ features: [churnFeatures], entities: rowsWithMore });

// Spines.
// @ts-expect-error spine row without time
store.getHistoricalFeatures({ features: [churnFeatures], spine: [{ customer_id: 1 }] });
// @ts-expect-error spine row without key
store.getHistoricalFeatures({ features: [churnFeatures], spine: [{ customer: 1, event_timestamp: 0 }] });
// @ts-expect-error name collision
store.getHistoricalFeatures({ features: [basketActivity, again], spine: "labels.parquet" });

// Uses of views.
// @ts-expect-error pick
basketActivity.pick("spend_3d");
// @ts-expect-error withKeys
basketActivity.withKeys({ custmer_id: "buyer_id" });
const renames = { custmer_id: "buyer_id" } as const;
// @ts-expect-error withKeys by a variable
basketActivity.withKeys(renames);
// @ts-expect-error version by its text
basketActivity.version("v1");
// @ts-expect-error pick of what was not declared of a version
basketActivity.version(1, { spend_30d: float64() }).pick("spend_3d");
// @ts-expect-error pick of another project's view
from("growth", basketActivity).pick("spend_3d");
// @ts-expect-error view twice in a service
featureService("d", [basketActivity, totals, basketActivity]);
// @ts-expect-error alias twice in a service
featureService("d", [basketActivity.as("x"), totals.as("x")]);

// Request views.
// @ts-expect-error extra output
requestView("r", { inputs: [churnFeatures] }, { a: float64() }, () => ({ a: 1, b: 2 }));
// @ts-expect-error missing output
requestView("r", { inputs: [churnFeatures] }, { a: float64() }, () => ({}));
// @ts-expect-error output of a wrong type
requestView("r", { inputs: [churnFeatures] }, { a: float64() }, () => ({ a: "1" }));
// @ts-expect-error asynchronous function
requestView("r", { inputs: [churnFeatures] }, { a: float64() }, async () => ({ a: 1 }));
// @ts-expect-error wrong feature of an input
requestView("r", { inputs: [churnFeatures] }, { a: float64() }, ({ churn_features: c }) => ({ a: c.tenure_month }));
// @ts-expect-error input that may be null
requestView("r", { inputs: [churnFeatures] }, { a: float64() }, ({ churn_features: c }) => ({ a: c.tenure_months * 2 }));
// @ts-expect-error unknown request field
requestView("r", { request: { amount: float64() } }, { a: float64() }, ({ request }) => ({ a: request.amont }));
