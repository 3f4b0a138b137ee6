import { join } from "node:path";
import { quoted, withDuckDb, writeParquet } from "../duckdb.ts";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import { featuresPerView, type PitData, ttlDays } from "./data.ts";

export interface HandArguments {
  readonly warm: PitData;
  readonly data: PitData;
  readonly out: string;
}

const { warm, data, out } = workerArguments<HandArguments>();
await withDuckDb(async (connection) => {
  await writeParquet(connection, handQuery(warm), `${out}.warm`);
  const timer = startTimer();
  await writeParquet(connection, handQuery(data), out);
  replyFromWorker(timer());
});

/** What one writes by hand: an ASOF join per view over the view without ties, older values than the ttl blanked. */
function handQuery({ folder, views }: PitData): string {
  const numbers = Array.from({ length: views }, (_, view) => view);
  const features = Array.from({ length: featuresPerView }, (_, i) => `f${i}`);
  const deduplicated = numbers.map(
    (view) => `v${view} AS (SELECT * FROM read_parquet(${quoted(join(folder, `view_${view}.parquet`))})
      QUALIFY row_number() OVER (PARTITION BY customer_id, event_timestamp ORDER BY created DESC) = 1)`,
  );
  const items = numbers.flatMap((view) =>
    features.map(
      (f) => `CASE WHEN v${view}.event_timestamp >= s.event_timestamp - INTERVAL ${ttlDays} DAY THEN v${view}.${f} END AS v${view}__${f}`,
    ),
  );
  const joins = numbers.map(
    (view) => `ASOF LEFT JOIN v${view} ON s.customer_id = v${view}.customer_id AND s.event_timestamp >= v${view}.event_timestamp`,
  );
  return `WITH ${deduplicated.join(",\n")}
    SELECT s.*, ${items.join(", ")} FROM read_parquet(${quoted(join(folder, "spine.parquet"))}) AS s ${joins.join("\n")}`;
}
