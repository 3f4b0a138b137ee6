import type { OnlineStore, OnlineView } from "../store/online.ts";
import { staticEventTimeUs } from "./materialize-plain.ts";

/**
 * Buries the rows of keys that left a static dimension. Each materialization reads such a source whole and stamps what it writes with the
 * time of reading, so a row with an earlier stamp than the first of this run's is not in the source any more. A row that another run has
 * written meanwhile stays.
 *
 * @returns how many rows went.
 */
export async function clearVanishedRows(online: OnlineStore, target: OnlineView, readSinceUs: number): Promise<number> {
  const lastStampUs = readSinceUs - 1;
  let removed = 0;
  for await (const page of online.listKeys(target)) {
    const [result] = await online.read([{ form: "row", view: target, features: [], keys: page }]);
    const rows = result?.form === "row" ? result.rows : [];
    const gone = page.filter((_, i) => {
      const row = rows[i] ?? null;
      return row !== null && row.createdTimeUs !== null && row.createdTimeUs <= lastStampUs;
    });
    const tombstones = gone.map((key) => ({ key, eventTimeUs: staticEventTimeUs, createdTimeUs: lastStampUs }));
    if (tombstones.length > 0) removed += (await online.putTombstones(target, tombstones, { keepLater: true })).removed;
  }
  return removed;
}
