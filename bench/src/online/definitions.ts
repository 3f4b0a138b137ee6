import { join } from "node:path";
import { entity, featureService, featureView, float64, int64, parquet } from "asof";
import { featureNames, viewCount } from "./data.ts";

/** The views of the online bench and the service that asks for all of them. */
export function defineOnline(folder: string) {
  const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
  const columns = Object.fromEntries(featureNames.map((name) => [name, float64()]));
  const views = Array.from({ length: viewCount }, (_, i) => {
    const source = parquet(`source_${i}`, { path: join(folder, `view_${i}.parquet`), eventTime: "event_timestamp", columns });
    return featureView(`v${i}`, { entities: [customer], source, ttl: "36500d" }, columns);
  });
  return featureService("serving", views);
}
