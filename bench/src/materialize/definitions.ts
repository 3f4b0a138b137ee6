import { join } from "node:path";
import { entity, featureView, float64, int64, parquet } from "asof";
import { featuresPerRow, type MaterializeData } from "./data.ts";

/** Names of the view's features. */
export const featureNames: readonly string[] = Array.from({ length: featuresPerRow }, (_, i) => `f${i}`);

/** One view of ten features over the bench's file. */
export function defineMaterialize({ folder }: MaterializeData) {
  const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
  const columns = Object.fromEntries(featureNames.map((name) => [name, float64()]));
  const source = parquet("rows", { path: join(folder, "rows.parquet"), eventTime: "event_timestamp", columns });
  return { view: featureView("v0", { entities: [customer], source }, columns) };
}
