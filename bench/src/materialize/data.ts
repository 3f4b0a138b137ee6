import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { drawSql, withDuckDb, writeParquet } from "../duckdb.ts";

export interface MaterializeData {
  /** Holds `rows.parquet`. */
  readonly folder: string;
  readonly rows: number;
  readonly keys: number;
}

export const featuresPerRow = 10;
/** How many keys are read back for the checksum, from the first on. */
export const keysRead = 1000;
export const startOf = "2024-01-01T00:00:00Z";
export const endOf = "2024-04-01T00:00:00Z";

/** Writes rows of ten floats at random times of 90 days, in no order; every key has rows. */
export async function writeMaterializeData(folder: string, rows: number, keys: number): Promise<MaterializeData> {
  mkdirSync(folder, { recursive: true });
  const features = Array.from(
    { length: featuresPerRow },
    (_, i) => `CAST(hash(n, 'value ${i}') >> 12 AS DOUBLE) / 4503599627370496.0 AS f${i}`,
  );
  const timeUs = `${Date.UTC(2024, 0, 1) * 1000} + ${drawSql("n", "time", 90 * 86_400_000)} * 1000`;
  const select = `SELECT CAST(n % ${keys} AS BIGINT) AS customer_id, make_timestamptz(${timeUs}) AS event_timestamp, ${features.join(", ")}
    FROM (SELECT range AS n FROM range(${rows}))`;
  await withDuckDb((connection) => writeParquet(connection, select, join(folder, "rows.parquet")));
  return { folder, rows, keys };
}
