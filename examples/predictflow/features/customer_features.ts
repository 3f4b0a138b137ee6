import { entity, featureView, float64, int64, parquet, sql, string } from "asof";

export const customer = entity("customer", {
  key: { customer_id: int64({ as: "number" }) },
  owner: "growth@predictflow",
  tags: { team: "growth" },
  description: "A household with a loyalty card.",
});

/**
 * What billing knows of a customer on the first and on the sixteenth of each month, from the baskets of the month before that day.
 * A row's event time is the instant from which it is true, so the row of 1 March holds nothing that happened in March.
 */
export const monthlyProfile = sql("monthly_profile", {
  query: `
    with first_seen as (
      select customer_id, min(event_timestamp) as first_basket from read_parquet('data/baskets.parquet') group by all
    ), in_two_profiles as (
      select *, unnest([
        date_trunc('month', event_timestamp) + interval 1 month,
        date_trunc('month', event_timestamp - interval 15 day) + interval 1 month + interval 15 day
      ]) as profile_time
      from read_parquet('data/baskets.parquet')
    ), profiles as (
      select customer_id, profile_time as event_timestamp,
        sum(spend) as monthly_charges, sum(discount) as monthly_discount, count(*) as monthly_baskets,
        count(distinct store_id) as monthly_stores, avg(products) as products_per_basket
      from in_two_profiles group by all
    )
    select p.*, date_diff('day', f.first_basket, p.event_timestamp) / 30.4375 as tenure_months
    from profiles p join first_seen f using (customer_id)`,
  eventTime: "event_timestamp",
  columns: {
    tenure_months: float64({ description: "Months since the first basket." }),
    monthly_charges: float64({ description: "Spend of the month before the profile, USD." }),
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
    tags: { team: "growth" },
    description: "The monthly profile of a customer.",
  },
  {
    tenure_months: float64({ description: "Months since the first basket." }),
    monthly_charges: float64({ description: "Spend of the month before the profile, USD." }),
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
  tags: { team: "growth" },
});

export const customerDemographics = featureView(
  "customer_demographics",
  { entities: [customer], source: demographics, owner: "growth@predictflow", description: "Known for a third of the customers." },
  { age: string(), income: string(), household_size: string() },
);
