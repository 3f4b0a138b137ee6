import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { drawSql, withDuckDb, writeParquet } from "../duckdb.ts";

export interface WindowsSize {
  readonly events: number;
  readonly spineRows: number;
  readonly keys: number;
  /** Of a hundred events and spine rows so many belong to one key; 0 = keys are drawn evenly. */
  readonly hotPercent: number;
}

/** Where `events.parquet` and `spine.parquet` lie. */
export interface WindowsData extends WindowsSize {
  readonly folder: string;
}

const startUs = Date.UTC(2024, 0, 1) * 1000;
const dayUs = 86_400_000_000;
const eventDays = 120;
const stores = 300;

/** Events at random microseconds of 120 days; amounts are quarters, so that their sums are exact in every order of addition. */
export async function writeWindowsData(folder: string, size: WindowsSize): Promise<WindowsData> {
  mkdirSync(folder, { recursive: true });
  const { events, spineRows } = size;
  const eventRows = `SELECT ${keySql("event", size)} AS customer_id, ${timeSql("event", 0, eventDays)} AS event_timestamp,
    CASE WHEN ${drawSql("n", "null spend", 50)} = 0 THEN NULL ELSE ${drawSql("n", "spend", 1000)} / 4.0 END AS spend,
    CAST(${drawSql("n", "store", stores)} AS INTEGER) AS store_id, ${drawSql("n", "coupon", 5)} = 0 AS used_coupon
    FROM (SELECT range AS n FROM range(${events}))`;
  const spine = `SELECT n AS row_id, ${keySql("spine", size)} AS customer_id, ${timeSql("spine", 30, eventDays - 30)} AS event_timestamp
    FROM (SELECT range AS n FROM range(${spineRows}))`;
  await withDuckDb(async (connection) => {
    await writeParquet(connection, eventRows, join(folder, "events.parquet"));
    await writeParquet(connection, spine, join(folder, "spine.parquet"));
  });
  return { ...size, folder };
}

function keySql(name: string, { keys, hotPercent }: WindowsSize): string {
  const cold = drawSql("n", `${name} key`, keys);
  return hotPercent === 0 ? cold : `CASE WHEN ${drawSql("n", `${name} hot`, 100)} < ${hotPercent} THEN 0 ELSE ${cold} END`;
}

function timeSql(name: string, fromDay: number, days: number): string {
  return `make_timestamptz(${startUs + fromDay * dayUs} + ${drawSql("n", `${name} time`, days * dayUs)})`;
}
