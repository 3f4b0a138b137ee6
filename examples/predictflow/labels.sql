-- The spine: every customer on the first of each month that has enough history before it and enough future behind it. Months begin
-- when 8 weeks of data are there and end 28 days before the data does; a customer's first basket lies at least 28 days back.
--
-- Churned at t: no basket in the 28 days from t on. `amount` is the basket that is being paid when the model is asked, a field of the
-- request; 25 dollars is what a basket costs on average.
with baskets as (
  select customer_id, event_timestamp from read_parquet('data/baskets.parquet')
), months as (
  select unnest(generate_series(
    date_trunc('month', min(event_timestamp) + interval 56 day) + interval 1 month,
    max(event_timestamp) - interval 28 day,
    interval 1 month
  )) as event_timestamp
  from baskets
), customers as (
  select customer_id, min(event_timestamp) as first_basket from baskets group by customer_id
)
select
  c.customer_id,
  m.event_timestamp,
  25.0::double as amount,
  not exists (
    select 1 from baskets b
    where b.customer_id = c.customer_id and b.event_timestamp >= m.event_timestamp and b.event_timestamp < m.event_timestamp + interval 28 day
  ) as churned
from customers c, months m
where c.first_basket <= m.event_timestamp - interval 28 day
order by m.event_timestamp, c.customer_id
