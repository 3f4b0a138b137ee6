import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { drawSql, quoted, withDuckDb, writeParquet } from "../duckdb.ts";

/** How much data a point-in-time case has. */
export interface PitSize {
  readonly views: number;
  readonly rowsPerView: number;
  readonly spineRows: number;
  readonly keys: number;
}

/** Where the data of a case lie: `view_<i>.parquet` and `spine.parquet`. */
export interface PitData extends PitSize {
  readonly folder: string;
}

export const featuresPerView = 10;
/** Short enough that every fifth spine row finds nothing in some view. */
export const ttlDays = 30;

const startUs = Date.UTC(2024, 0, 1) * 1000;
const spanMs = 90 * 86_400_000;

/**
 * Writes views with rows at random times of 90 days, in no order. Every hundredth row corrects another one: same key and time,
 * created a day later. One value in a hundred is null. A twentieth of the spine asks at exactly an event's time; some of its keys
 * have no rows.
 */
export async function writePitData(folder: string, size: PitSize): Promise<PitData> {
  mkdirSync(folder, { recursive: true });
  await withDuckDb(async (connection) => {
    for (let view = 0; view < size.views; view++) {
      await writeParquet(connection, selectView(view, size), join(folder, `view_${view}.parquet`));
    }
    await writeParquet(connection, selectSpine(size), join(folder, "spine.parquet"));
  });
  return { ...size, folder };
}

function selectView(view: number, { rowsPerView, keys }: PitSize): string {
  const features = Array.from({ length: featuresPerView }, (_, i) => {
    const value = `CAST(hash(n, ${quoted(`value ${view} ${i}`)}) >> 12 AS DOUBLE) / 4503599627370496.0`;
    return `CASE WHEN ${drawSql("n", `null ${view} ${i}`, 100)} = 0 THEN NULL ELSE ${value} END AS f${i}`;
  });
  const lateUs = `CASE WHEN m <> n THEN 86400000000 ELSE 60000000 END + ${drawSql("n", `created ${view}`, 3_600_000_000)}`;
  const rows = `SELECT range AS n, CASE WHEN range % 100 = 0 THEN range + 1 ELSE range END AS m FROM range(${rowsPerView})`;
  return `SELECT ${keySql("m", view, keys)} AS customer_id, ${timeSql("m", view)} AS event_timestamp,
    make_timestamptz(${timeUsSql("m", view)} + ${lateUs}) AS created, ${features.join(", ")} FROM (${rows})`;
}

function selectSpine({ spineRows, rowsPerView, keys }: PitSize): string {
  const event = drawSql("n", "spine event", rowsPerView);
  const atEvent = "n % 20 = 0";
  const laterUs = `${startUs + 20 * 86_400_000_000} + ${drawSql("n", "spine time", 70 * 86_400_000)} * 1000`;
  return `SELECT n AS row_id,
    CASE WHEN ${atEvent} THEN ${keySql("e", 0, keys)} ELSE ${drawSql("n", "spine key", Math.ceil(keys * 1.02))} END AS customer_id,
    CASE WHEN ${atEvent} THEN ${timeSql("e", 0)} ELSE make_timestamptz(${laterUs}) END AS event_timestamp,
    ${drawSql("n", "label", 2)} AS label
    FROM (SELECT range AS n, ${event.replaceAll("(n,", "(range,")} AS e FROM range(${spineRows}))`;
}

function keySql(row: string, view: number, keys: number): string {
  return drawSql(row, `key ${view}`, keys);
}

function timeUsSql(row: string, view: number): string {
  return `(${startUs} + ${drawSql(row, `time ${view}`, spanMs)} * 1000)`;
}

function timeSql(row: string, view: number): string {
  return `make_timestamptz(${timeUsSql(row, view)})`;
}
