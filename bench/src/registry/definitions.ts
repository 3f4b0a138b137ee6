import { collectDefinitions, type RepositoryModel } from "@asof/core";
import { entity, featureService, featureView, float64, int64, parquet } from "asof";

/** Features of each view. */
const featuresPerView = 10;
/** Views that the measured service reads, however many are registered. */
const viewsOfService = 5;

/** A repository of many views over one source each, and one service over the first few. */
export function defineMany(views: number): RepositoryModel {
  const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
  const columns = Object.fromEntries(Array.from({ length: featuresPerView }, (_, i) => [`f${i}`, float64()]));
  const all = Array.from({ length: views }, (_, i) => {
    const source = parquet(`source_${i}`, { path: `data/${i}.parquet`, eventTime: "event_timestamp", columns });
    return featureView(`view_${i}`, { entities: [customer], source, ttl: "30d" }, columns);
  });
  return collectDefinitions([{ all, service: featureService("service", all.slice(0, viewsOfService)) }], "bench");
}
