import { join } from "node:path";
import { entity, featureService, featureView, float64, int64, parquet } from "asof";
import { featuresPerView, type PitData, ttlDays } from "./data.ts";

/** The views of a point-in-time case as asof defines them. */
export function definePit({ folder, views }: Pick<PitData, "folder" | "views">) {
  const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
  const columns = Object.fromEntries(Array.from({ length: featuresPerView }, (_, i) => [`f${i}`, float64()]));
  const featureViews = Array.from({ length: views }, (_, i) => {
    const path = join(folder, `view_${i}.parquet`);
    const source = parquet(`source_${i}`, { path, eventTime: "event_timestamp", createdTime: "created", columns });
    return featureView(`v${i}`, { entities: [customer], source, ttl: `${ttlDays}d` }, columns);
  });
  return featureService("training", featureViews);
}

/** Names of the result's features. */
export function pitFeatures(views: number): readonly string[] {
  return Array.from({ length: views }, (_, view) => Array.from({ length: featuresPerView }, (_, i) => `v${view}__f${i}`)).flat();
}
