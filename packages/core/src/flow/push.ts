import { compileWindowedView } from "../aggregate/window-program.ts";
import type { ColumnModel, PlainViewModel, SourceModel, WindowedViewModel } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import { compileExpression } from "../expression/evaluate.ts";
import { compileViewKey, keyPartsOf, type StoreKeys } from "../store/key-codec.ts";
import type { LogRow } from "../store/offline.ts";
import type { OnlineRow, OnlineStore, OnlineView } from "../store/online.ts";
import { valueFromJson } from "../value/json.ts";
import { compileNormalizer } from "../value/normalize.ts";
import type { Normalizer } from "../value/normalize-nested.ts";
import { encodeOrderKey, orderColumns } from "../value/order.ts";
import type { Value } from "../value/type.ts";
import { type Erasures, isErased } from "./erasures.ts";
import { compileFit } from "./fit-version.ts";
import type { ServedView } from "./served.ts";
import { type StateUpdate, updateStates } from "./update-states.ts";

/** Most rows of one push: keeps the log's file and the online transaction small. */
const pushRowsMax = 10_000;

export interface PushCounts {
  readonly rows: number;
  /** Rows later than the clock: logged, kept from the online store until due. */
  readonly heldBack: number;
  /** Rows before the source's handover: the batch table's part of history, so not written. */
  readonly beforeHandover: number;
  /** Rows of an online-only push: not in the history, so exempt from parity. Counted per source in the registry, too. */
  readonly outsideHistory: number;
  /** Rows of erased keys: the views of those keys do not get them, nor does the log the keys. */
  readonly erased: number;
  /** Online rows and states changed. */
  readonly written: number;
}

function readerOf({ type, nullable }: ColumnModel, form: "values" | "json" | undefined): Normalizer {
  return form === "json" ? (value, path) => valueFromJson(type, nullable, value, path) : compileNormalizer(type, nullable);
}

/** Parses pushed rows against every column of the source. All faults of the first faulty row end in ASOF_PUSH_INVALID; nothing is written. */
export function parsePushedRows(
  source: SourceModel,
  keys: readonly ColumnModel[],
  rows: readonly Readonly<Record<string, unknown>>[],
  stamp: {
    readonly nowUs: number;
    readonly idempotencyKey: string;
    readonly origin: string;
    readonly form?: "values" | "json" | undefined;
  },
): readonly LogRow[] {
  if (rows.length > pushRowsMax) {
    throw new AsofError("ASOF_PUSH_INVALID", `A push of ${rows.length} rows is too large; the limit is ${pushRowsMax}.`, {
      path: source.name,
      value: rows.length,
      fix: "Push in several calls.",
    });
  }
  const columns = sourceColumns(source, keys).map((column) => ({ ...column, normalize: readerOf(column, stamp.form) }));
  const known = new Set(columns.map((c) => c.name));
  return rows.map((row, index) => {
    for (const name in row) {
      if (known.has(name)) continue;
      throw new AsofError("ASOF_PUSH_INVALID", `Row ${index} has "${name}", which source "${source.name}" does not declare.`, {
        path: `rows[${index}].${name}`,
        fix: `Remove it, or declare the column. Declared: ${[...known].join(", ")}.`,
      });
    }
    const values: Record<string, Value> = {};
    for (const column of columns) {
      const given = row[column.name];
      if (given === undefined && column.name !== source.createdTime) {
        throw new AsofError("ASOF_PUSH_INVALID", `Row ${index} lacks "${column.name}". A push carries every column of its source.`, {
          path: `rows[${index}].${column.name}`,
          fix: `Give each row: ${[...known].join(", ")}${column.nullable ? "; null where the value is not known" : ""}.`,
        });
      }
      values[column.name] = column.normalize(given ?? null, `rows[${index}].${column.name}`);
    }
    const created = source.createdTime === null ? null : (values[source.createdTime] ?? null);
    const createdTimeUs = created === null ? stamp.nowUs : Number(created);
    if (source.createdTime !== null) values[source.createdTime] = createdTimeUs;
    const declaredId = source.eventId === null ? null : (values[source.eventId] ?? null);
    const eventId = declaredId === null ? `${stamp.idempotencyKey}:${index}` : String(declaredId);
    return { values, createdTimeUs, ingestTimeUs: stamp.nowUs, origin: stamp.origin, eventId };
  });
}

/** Every column that a row of a source has: keys, times, event id, then the declared columns, each once. */
export function sourceColumns(source: SourceModel, keys: readonly ColumnModel[]): readonly ColumnModel[] {
  const timestamp = (name: string, nullable: boolean): ColumnModel => ({ name, type: { kind: "timestamp" }, nullable, meta: {} });
  const columns = new Map<string, ColumnModel>();
  for (const key of keys) columns.set(key.name, { ...key, nullable: true });
  if (source.eventTime !== null) columns.set(source.eventTime, timestamp(source.eventTime, false));
  if (source.createdTime !== null) columns.set(source.createdTime, timestamp(source.createdTime, true));
  for (const column of source.columns) if (!columns.has(column.name)) columns.set(column.name, { ...column, nullable: true });
  if (source.eventId !== null && !columns.has(source.eventId)) {
    columns.set(source.eventId, { name: source.eventId, type: { kind: "string" }, nullable: false, meta: {} });
  }
  return [...columns.values()];
}

/** The event time of a logged row, UTC µs. */
export function eventTimeOf(source: SourceModel, row: LogRow): number {
  return Number(source.eventTime === null ? row.createdTimeUs : row.values[source.eventTime]);
}

/**
 * Writes logged rows to the online rows or states of one view, those of erased keys left out, and those with a value that the version has
 * no type for: its training refuses such a source. Idempotent. Returns how many rows or keys changed.
 */
export async function writeRowsOnline(
  online: OnlineStore,
  view: ServedView,
  source: SourceModel,
  rows: readonly LogRow[],
  erasures: Erasures | null,
): Promise<number> {
  const fit = compileFit(view, source);
  const own = rows.flatMap((row) => fit(row) ?? []);
  if (own.length === 0) return 0;
  const key = keyOf(online.keys, view.model, source, erasures);
  return view.model.form === "plain"
    ? writePlain(online, view.online, view.model, source, key, own)
    : writeWindowed(online, view.online, view.model, source, key, own);
}

/** The key under which a row is written; null where a part of it is, or where it is erased. */
type RowKey = (row: LogRow) => Uint8Array | null;

function keyOf(keys: StoreKeys, view: PlainViewModel | WindowedViewModel, source: SourceModel, erasures: Erasures | null): RowKey {
  const parts = keyPartsOf(view);
  const encode = compileViewKey(keys, view);
  const check = erasures?.checkOf(parts.map((k) => k.name)) ?? null;
  return (row) => {
    const values = parts.map((k) => row.values[k.name] ?? null);
    return check !== null && isErased(check(values), eventTimeOf(source, row)) ? null : encode(values);
  };
}

async function writePlain(
  online: OnlineStore,
  target: OnlineView,
  view: PlainViewModel,
  source: SourceModel,
  key: RowKey,
  rows: readonly LogRow[],
): Promise<number> {
  // A version of the view may read columns that the source no longer has: they are null in new rows.
  const names = [...new Set([...source.columns, ...view.source.columns].map((c) => c.name))];
  const layout = new Map(names.map((name, i) => [name, i]));
  const readers = view.features.map((feature) => {
    if (feature.kind !== "derived") return (row: LogRow): Value => row.values[feature.name] ?? null;
    const evaluate = compileExpression(feature.expression, layout);
    return (row: LogRow): Value => evaluate(names.map((name) => row.values[name] ?? null));
  });
  const order = orderColumns(view.features);
  const positions = order.map((c) => view.features.findIndex((f) => f.name === c.name));
  const orderTypes = order.map((c) => c.type);
  const schemaPositions = target.schema.features.map((c) => view.features.findIndex((f) => f.name === c.name));
  const encoded = rows.flatMap((row): OnlineRow[] => {
    const bytes = key(row);
    if (bytes === null) return [];
    const values = readers.map((read) => read(row));
    const orderKey = encodeOrderKey(
      orderTypes,
      positions.map((p) => values[p] ?? null),
    );
    const stored = schemaPositions.map((p) => values[p] ?? null);
    return [{ key: bytes, eventTimeUs: eventTimeOf(source, row), createdTimeUs: row.createdTimeUs, orderKey, values: stored }];
  });
  return (await online.putRows(target, encoded)).written;
}

async function writeWindowed(
  online: OnlineStore,
  target: OnlineView,
  view: WindowedViewModel,
  source: SourceModel,
  key: RowKey,
  rows: readonly LogRow[],
): Promise<number> {
  const program = compileWindowedView(view, target);
  const byKey = new Map<string, { key: Uint8Array; rows: LogRow[] }>();
  for (const row of rows) {
    const bytes = key(row);
    if (bytes === null) continue;
    const text = Buffer.from(bytes).toString("latin1");
    const group = byKey.get(text) ?? { key: bytes, rows: [] };
    group.rows.push(row);
    byKey.set(text, group);
  }
  const updates = [...byKey.values()].map(({ key: bytes, rows: own }): StateUpdate => {
    const events = own.map((row) => ({
      eventTimeUs: eventTimeOf(source, row),
      createdTimeUs: row.createdTimeUs,
      eventId: row.eventId,
      values: program.columns.map((c) => row.values[c.name] ?? null),
    }));
    return {
      key: bytes,
      update: (state) => program.compact(program.addLive(state, events).state, Math.max(...own.map((row) => row.ingestTimeUs))),
    };
  });
  return updateStates(online, target, program, updates);
}
