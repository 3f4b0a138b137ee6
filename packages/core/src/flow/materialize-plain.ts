import type { FeatureModel, PlainViewModel } from "../definition/model.ts";
import type { History } from "../point-in-time/join-plan.ts";
import { compileViewKey, keyPartsOf, type StoreKeys } from "../store/key-codec.ts";
import type { OfflineStore, PulledColumn, PullRequest, RecordBatch, RunOptions } from "../store/offline.ts";
import type { OnlineRow, OnlineStore, OnlineView, RowSchema } from "../store/online.ts";
import { encodeOrderKey, orderColumns } from "../value/order.ts";
import type { Value } from "../value/type.ts";
import { isErased } from "./erasures.ts";
import type { MaterializeSlice, SliceOutcome } from "./materialize-slice.ts";

/** The event time under which rows of sources without one are stored: before every t. */
export const staticEventTimeUs = -(2 ** 52);

/** Rows written to the online store in one call; large enough to amortize a commit, small enough to hold. */
const batchRowsMax = 4_096;

/** Copies, for one slice of a plain view's history, the latest row per key into the online store. */
export async function materializePlain(
  stores: { readonly offline: OfflineStore; readonly online: OnlineStore },
  view: PlainViewModel,
  target: OnlineView,
  slice: MaterializeSlice,
  options: RunOptions & { readonly onRows: (rows: number) => void },
): Promise<SliceOutcome> {
  const encode = compileRowEncoder(view, target.schema, stores.online.keys, slice);
  const hasCreated = view.source.createdTime !== null || view.source.type === "push";
  let rows = 0;
  let written = 0;
  let maxCreatedUs: number | null = null;
  for (const request of pullsOf(view, slice)) {
    for await (const batch of stores.offline.pull(request, options)) {
      const encoded: OnlineRow[] = [];
      for (let i = 0; i < batch.rowCount; i++) {
        const row = encode(batch, i);
        if (row === null) continue;
        encoded.push(row);
        if (row.createdTimeUs !== null && hasCreated) maxCreatedUs = Math.max(maxCreatedUs ?? row.createdTimeUs, row.createdTimeUs);
      }
      for (let from = 0; from < encoded.length; from += batchRowsMax) {
        const outcome = await stores.online.putRows(target, encoded.slice(from, from + batchRowsMax));
        written += outcome.written;
      }
      rows += batch.rowCount;
      options.onRows(batch.rowCount);
    }
  }
  return { rows, written, maxCreatedUs };
}

function pullsOf(view: PlainViewModel, slice: MaterializeSlice): readonly PullRequest[] {
  const keys = keyPartsOf(view);
  const base = (history: History) => ({
    history,
    keys,
    columns: view.features.map(pulledColumn),
    order: orderColumns(view.features).map((c) => c.name),
    mode: "latest" as const,
    tileUs: null,
    partition: slice.partition,
  });
  return slice.histories.flatMap(({ history, fromUs, toUs }) => {
    const interval = { ...base(history), fromUs, toUs, createdFromUs: null };
    // A static dimension is read whole each time: what wins is what was read last.
    if (slice.createdFromUs === null || fromUs === null || view.source.eventTime === null) return [interval];
    // Late rows: created since the last run, whatever their event time.
    return [interval, { ...base(history), fromUs: null, toUs, createdFromUs: slice.createdFromUs }];
  });
}

/** A feature as a column to pull: the source's own by name, a derived one by its expression. */
export function pulledColumn(feature: FeatureModel): PulledColumn {
  const column = { name: feature.name, type: feature.type };
  return feature.kind === "derived" ? { ...column, expression: feature.expression } : column;
}

/**
 * Makes online rows of pulled batches: keys, event_time, created_time, event_id, is_new, then the view's features. A static dimension is
 * changed in place, so what was read later wins, whatever the values: the time of reading stands for its created time.
 */
function compileRowEncoder(
  view: PlainViewModel,
  schema: RowSchema,
  keys: StoreKeys,
  { pulledAtUs, erasures }: MaterializeSlice,
): (batch: RecordBatch, row: number) => OnlineRow | null {
  const parts = keyPartsOf(view);
  const keyTypes = parts.map((k) => k.type);
  const encodeKey = compileViewKey(keys, view);
  const checkKey = erasures?.checkOf(parts.map((k) => k.name)) ?? null;
  const firstFeature = keyTypes.length + 4;
  const order = orderColumns(view.features);
  const orderTypes = order.map((c) => c.type);
  const orderPositions = order.map((c) => firstFeature + view.features.findIndex((f) => f.name === c.name));
  const valuePositions = schema.features.map((c) => firstFeature + view.features.findIndex((f) => f.name === c.name));
  const isStatic = view.source.eventTime === null;
  return (batch, row) => {
    const at = (column: number): Value => batch.columns[column]?.get(row) ?? null;
    const values = keyTypes.map((_, i) => at(i));
    const key = encodeKey(values);
    const eventTime = at(keyTypes.length);
    if (key === null || (eventTime === null && !isStatic)) return null;
    if (checkKey !== null && isErased(checkKey(values), isStatic ? null : Number(eventTime))) return null;
    const created = at(keyTypes.length + 1);
    return {
      key,
      eventTimeUs: isStatic ? staticEventTimeUs : Number(eventTime),
      createdTimeUs: isStatic ? pulledAtUs : created === null ? null : Number(created),
      orderKey: encodeOrderKey(orderTypes, orderPositions.map(at)),
      values: valuePositions.map(at),
    };
  };
}
