import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { drawSql, quoted, withDuckDb, writeParquet } from "../duckdb.ts";

export const viewCount = 5;
export const featuresPerView = 10;

/** The place of the online store below the bench's folder, and how many keys it has. */
export interface OnlineData {
  readonly folder: string;
  readonly keys: number;
}

/** Names of the features of every view. */
export const featureNames: readonly string[] = Array.from({ length: featuresPerView }, (_, i) => `f${i}`);

/** One row per key and view; one value in fifty is null. */
export async function writeOnlineData({ folder, keys }: OnlineData): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await withDuckDb(async (connection) => {
    for (let view = 0; view < viewCount; view++) {
      const features = featureNames.map((name) => {
        const value = `CAST(hash(n, ${quoted(`${view} ${name}`)}) >> 12 AS DOUBLE) / 4503599627370496.0`;
        return `CASE WHEN ${drawSql("n", `null ${view} ${name}`, 50)} = 0 THEN NULL ELSE ${value} END AS ${name}`;
      });
      const select = `SELECT n AS customer_id, make_timestamptz(1704067200000000 + n * 1000) AS event_timestamp, ${features.join(", ")} FROM (SELECT range AS n FROM range(${keys}))`;
      await writeParquet(connection, select, join(folder, `view_${view}.parquet`));
    }
  });
}
