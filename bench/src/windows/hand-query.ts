import { join } from "node:path";
import { quoted } from "../duckdb.ts";
import { aggregates, type BenchAggregate, windows } from "./aggregates.ts";
import type { WindowsData } from "./data.ts";

/** The ways in which one writes the query by hand. */
export type HandForm = "frames" | "join";

/** The twelve aggregates as one query. */
export function handQuery(data: WindowsData, form: HandForm): string {
  return form === "frames" ? framesQuery(data) : joinQuery(data);
}

/** Events and questions in one table, each aggregate a frame by range whose start is computed per row. */
function framesQuery({ folder }: WindowsData): string {
  const events = `SELECT NULL AS row_id, customer_id, epoch_us(event_timestamp) AS t, 1 AS one, spend, store_id, CASE WHEN used_coupon THEN 1 END AS coupon FROM ${eventsOf(folder)}`;
  const questions = `SELECT row_id, customer_id, epoch_us(event_timestamp) AS t, NULL, NULL, NULL, NULL FROM ${spineOf(folder)}`;
  const frames = Object.entries(windows).map(
    ([name, { lengthUs, hopUs }]) =>
      `"${name}" AS (PARTITION BY customer_id ORDER BY t RANGE BETWEEN (t % ${hopUs} + ${lengthUs}) PRECEDING AND 1 PRECEDING)`,
  );
  const items = aggregates.map((a) => {
    const call = a.fn === "last" ? `last_value(${a.column} IGNORE NULLS)` : `${functionOf(a)}(${argumentOf(a)})`;
    return `${call} OVER "${a.window}" AS ${a.name}`;
  });
  const all = `SELECT row_id, customer_id, t, ${items.join(", ")} FROM (${events} UNION ALL ${questions}) WINDOW ${frames.join(", ")}`;
  return `SELECT row_id, customer_id, make_timestamptz(t) AS event_timestamp, ${names()} FROM (${all}) WHERE row_id IS NOT NULL`;
}

/** Every question joined to the events of its longest window, each aggregate a filter. */
function joinQuery({ folder }: WindowsData): string {
  const events = `SELECT customer_id, epoch_us(event_timestamp) AS t, 1 AS one, spend, store_id, CASE WHEN used_coupon THEN 1 END AS coupon FROM ${eventsOf(folder)}`;
  const questions = `SELECT row_id, customer_id, event_timestamp, epoch_us(event_timestamp) AS t FROM ${spineOf(folder)}`;
  const tail = ({ window }: BenchAggregate): string => {
    const { lengthUs, hopUs } = windows[window];
    return `q.t - q.t % ${hopUs} - ${lengthUs}`;
  };
  const items = aggregates.map((a) => {
    const call = a.fn === "last" ? `arg_max(${a.column}, e.t)` : `${functionOf(a)}(${argumentOf(a)})`;
    return `${call} FILTER (WHERE e.t >= ${tail(a)}) AS ${a.name}`;
  });
  const longest = `q.t - q.t % ${windows["90d"].hopUs} - ${windows["90d"].lengthUs}`;
  return `SELECT q.row_id, any_value(q.customer_id) AS customer_id, any_value(q.event_timestamp) AS event_timestamp, ${items.join(", ")}
    FROM (${questions}) AS q LEFT JOIN (${events}) AS e ON e.customer_id = q.customer_id AND e.t < q.t AND e.t >= ${longest} GROUP BY q.row_id`;
}

function functionOf({ fn }: BenchAggregate): string {
  return fn === "stddev" ? "stddev_samp" : fn;
}

function argumentOf({ column, couponOnly }: BenchAggregate): string {
  return column ?? (couponOnly === true ? "coupon" : "one");
}

function names(): string {
  return aggregates.map(({ name }) => name).join(", ");
}

function eventsOf(folder: string): string {
  return `read_parquet(${quoted(join(folder, "events.parquet"))})`;
}

function spineOf(folder: string): string {
  return `read_parquet(${quoted(join(folder, "spine.parquet"))})`;
}
