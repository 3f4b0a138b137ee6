import { bool, label, sql } from "asof";
import { customer } from "./customer_features.ts";

/** Whether each customer bought in the 28 days after the first of a month: known when these are over. */
export const visitsAfter = sql("visits_after", {
  query: `
    with baskets as (
      select customer_id, event_timestamp from read_parquet('data/baskets.parquet')
    ), months as (
      select distinct date_trunc('month', event_timestamp) as month from baskets
      where date_trunc('month', event_timestamp) + interval 28 day <= (select max(event_timestamp) from baskets)
    ), customers as (
      select customer_id, min(event_timestamp) as first_basket from baskets group by customer_id
    )
    select c.customer_id, m.month + interval 28 day as event_timestamp, not exists (
      select 1 from baskets b
      where b.customer_id = c.customer_id and b.event_timestamp >= m.month and b.event_timestamp < m.month + interval 28 day
    ) as stayed_away
    from customers c, months m where c.first_basket < m.month`,
  eventTime: "event_timestamp",
  columns: { stayed_away: bool() },
  owner: "growth@predictflow",
});

/** What a churn model predicts, for rows at the first of a month. It is never read before it is known, 28 days later. */
export const churn = label(
  "churn",
  { entities: [customer], source: visitsAfter, delay: "28d", ttl: "1d", owner: "growth@predictflow", tags: { team: "growth" } },
  { stayed_away: bool({ description: "No basket in the 28 days after the row's time." }) },
);
