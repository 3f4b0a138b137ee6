import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { collectDefinitions, type RepositoryModel } from "@asof/core";
import { entity, featureService, featureView, float64, int64, parquet } from "asof";
import { withDuckDb, writeParquet } from "../duckdb.ts";

/** Views that the measured service reads, however many are registered. */
const viewsOfService = 5;

const featureNames: readonly string[] = Array.from({ length: 10 }, (_, i) => `f${i}`);

/** A repository of many views of ten features over some sources, and one service over the first few views. */
export function defineMany(views: number, sources: number, folder: string): RepositoryModel {
  const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
  const columns = Object.fromEntries(featureNames.map((name) => [name, float64()]));
  const tables = Array.from({ length: sources }, (_, i) =>
    parquet(`source_${i}`, { path: join(folder, `source_${i}.parquet`), eventTime: "event_timestamp", columns }),
  );
  const all = tables.flatMap((source, s) =>
    Array.from({ length: Math.ceil((views - s) / sources) }, (_, i) =>
      featureView(`view_${s + i * sources}`, { entities: [customer], source, ttl: "30d" }, columns),
    ),
  );
  return collectDefinitions([{ all, service: featureService("service", all.slice(0, viewsOfService)) }], "bench");
}

/** Writes the files of the sources. */
export async function writeSources(sources: number, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const features = featureNames.map((name, i) => `range / ${i + 1}.0 AS ${name}`).join(", ");
  const select = `SELECT range AS customer_id, make_timestamptz(1704067200000000) AS event_timestamp, ${features} FROM range(1000)`;
  await withDuckDb(async (connection) => {
    for (let i = 0; i < sources; i++) await writeParquet(connection, select, join(folder, `source_${i}.parquet`));
  });
}
