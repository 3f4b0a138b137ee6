-- The spine: every customer on the first of each month with at least 28 days of history and 28 days of future.
-- Churned at t: no basket in the 28 days after t. `amount` is the size of the basket being paid when the model is asked.
with months as (
  select unnest(generate_series(timestamptz '2017-03-01 00:00:00+00', timestamptz '2017-12-01 00:00:00+00', interval 1 month)) as event_timestamp
), customers as (
  select customer_id, min(event_timestamp) as first_basket, avg(spend) as amount from read_parquet('data/baskets.parquet') group by all
)
select
  c.customer_id,
  m.event_timestamp,
  25.0::double as amount,
  not exists (
    select 1 from read_parquet('data/baskets.parquet') b
    where b.customer_id = c.customer_id and b.event_timestamp >= m.event_timestamp and b.event_timestamp < m.event_timestamp + interval 28 day
  ) as churned
from customers c, months m
where c.first_basket <= m.event_timestamp - interval 28 day
order by m.event_timestamp, c.customer_id
