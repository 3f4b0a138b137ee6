import { entity, featureView, float64, int64, parquet, sql, string } from "asof";

export const customer = entity("customer", {
  key: { customer_id: int64({ as: "number" }) },
  owner: "growth@predictflow",
  description: "A household with a loyalty card.",
});

/**
 * One row per customer and month, made on the first of the month from the baskets before it: what billing would know that day.
 * A row's event time is the instant from which it is true, so the row of 1 March holds nothing that happened in March.
 */
export const monthlyProfile = sql("monthly_profile", {
  query: `
    with months as (
      select customer_id, date_trunc('month', event_timestamp) + interval 1 month as event_timestamp,
        sum(spend) as monthly_charges, sum(discount) as monthly_discount, count(*) as monthly_baskets,
        count(distinct store_id) as monthly_stores, avg(products) as products_per_basket
      from read_parquet('data/baskets.parquet') group by all
    ), first_seen as (
      select customer_id, min(event_timestamp) as first_basket from read_parquet('data/baskets.parquet') group by all
    )
    select m.*, date_diff('day', f.first_basket, m.event_timestamp) / 30.4375 as tenure_months
    from months m join first_seen f using (customer_id)`,
  eventTime: "event_timestamp",
  columns: {
    tenure_months: float64({ description: "Months since the first basket." }),
    monthly_charges: float64({ description: "Spend of the month before, USD." }),
    monthly_discount: float64(),
    monthly_baskets: int64({ as: "number" }),
    monthly_stores: int64({ as: "number" }),
    products_per_basket: float64(),
  },
  owner: "billing@predictflow",
});

export const churnFeatures = featureView(
  "churn_features",
  {
    entities: [customer],
    source: monthlyProfile,
    ttl: "30d",
    owner: "growth@predictflow",
    description: "The monthly profile of a customer.",
  },
  {
    tenure_months: float64({ description: "Months since the first basket." }),
    monthly_charges: float64({ description: "Spend of the month before, USD." }),
    monthly_discount: float64(),
    monthly_baskets: int64({ as: "number" }),
    monthly_stores: int64({ as: "number" }),
    products_per_basket: float64(),
  },
);

/** No time column: what is known of a household is taken as always known. `plan` warns that this cannot be checked for leakage. */
export const demographics = parquet("demographics", {
  path: "data/demographics.parquet",
  columns: { age: string(), income: string(), household_size: string() },
  owner: "growth@predictflow",
});

export const customerDemographics = featureView(
  "customer_demographics",
  { entities: [customer], source: demographics, owner: "growth@predictflow", description: "Known for a third of the customers." },
  { age: string(), income: string(), household_size: string() },
);
