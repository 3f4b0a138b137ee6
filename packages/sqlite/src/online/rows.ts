import { AsofError, type KeyBytes, type OnlineRow, type OnlineTombstone, type OnlineView, printValue, type StoredRow } from "@asof/core";
import {
  type CellsReader,
  type CellsWriter,
  compareTimes,
  compileCellsReader,
  compileCellsWriter,
  type FeatureCell,
  secondsOf,
  timesOf,
  type WrittenFeature,
} from "@asof/feast";
import type { Columns, OnlineDatabase } from "./database.ts";
import { makeRowTable, type TableColumns, type ViewPlace } from "./layout.ts";

type Times = Pick<OnlineRow, "eventTimeUs" | "createdTimeUs">;

/** Reads the rows of keys. */
export function readRows(
  database: OnlineDatabase,
  view: OnlineView,
  features: readonly string[],
  keys: readonly (KeyBytes | null)[],
): (StoredRow | null)[] {
  const place = database.layout().find(database, view);
  if (place.columns === null) return keys.map(() => null);
  const read = cellsReader(view, features);
  const tombstones = hasTombstones(database, place.id);
  return keys.map((key) => {
    if (key === null) return null;
    const cells = readCells(database, place, key);
    const row = read(cells);
    if (row === null || !tombstones) return row;
    const tombstone = readTombstone(database, place.id, key);
    return tombstone !== null && compareTimes(row, tombstone) <= 0 ? null : row;
  });
}

const readers = new WeakMap<readonly string[], { readonly view: OnlineView; readonly read: CellsReader }>();

/** By the list of features, which a request plan keeps. */
function cellsReader(view: OnlineView, features: readonly string[]): CellsReader {
  const known = readers.get(features);
  if (known !== undefined && known.view === view) return known.read;
  const read = compileCellsReader(view, features);
  readers.set(features, { view, read });
  return read;
}

function readCells(database: OnlineDatabase, { rows, columns }: ViewPlace, key: KeyBytes): FeatureCell[] {
  const own = columns?.hasOwn === true ? "asof_event_us, asof_created_us, asof_schema" : "NULL, NULL, NULL";
  return database.all(`SELECT feature_name, value, event_ts, created_ts, ${own} FROM ${rows} WHERE entity_key = ?`, key).map(cellOf);
}

const noBytes = new Uint8Array(0);

function cellOf([name, value, eventSeconds, createdSeconds, eventUs, createdUs, schema]: Columns): FeatureCell {
  return [
    String(name),
    value instanceof Uint8Array ? value : noBytes,
    secondsOfColumn("event_ts", eventSeconds) ?? 0,
    secondsOfColumn("created_ts", createdSeconds),
    numberOf(eventUs),
    numberOf(createdUs),
    typeof schema === "string" ? schema : null,
  ];
}

/** Feast before its epoch seconds wrote texts, which Feast 0.67 cannot read either. */
function secondsOfColumn(column: string, value: Columns[number] | undefined): number | null {
  if (value === null || value === undefined || typeof value === "number") return value ?? null;
  throw new AsofError("ASOF_STORE_FAILED", `A row has ${printValue(value)} in ${column}, where Feast 0.67 keeps seconds since 1970.`, {
    path: column,
    fix: "Materialize the view again.",
  });
}

function numberOf(value: Columns[number] | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** A row with its values in Feast's form. */
export interface EncodedRow {
  readonly row: OnlineRow;
  readonly features: readonly WrittenFeature[];
}

const writers = new WeakMap<OnlineView, CellsWriter>();

export function cellsWriter(view: OnlineView): CellsWriter {
  let writer = writers.get(view);
  if (writer === undefined) {
    writer = compileCellsWriter(view);
    writers.set(view, writer);
  }
  return writer;
}

/** Writes the rows that replace what is stored and gives their keys. */
export function writeRows(database: OnlineDatabase, view: OnlineView, rows: readonly EncodedRow[]): readonly KeyBytes[] {
  const place = makeRowTable(database, view);
  const writer = cellsWriter(view);
  const upsert = upsertStatement(place, view.schema.features.length);
  const tombstones = hasTombstones(database, place.id);
  const written: KeyBytes[] = [];
  for (const { row, features } of rows) {
    const cells = readCells(database, place, row.key);
    if (!writer.replaces(row, cells)) continue;
    if (tombstones) {
      const tombstone = readTombstone(database, place.id, row.key);
      if (tombstone !== null && compareTimes(row, tombstone) <= 0) continue;
      if (tombstone !== null) database.run(`DELETE FROM "asof.tombstone" WHERE view = ? AND key = ?`, place.id, row.key);
    }
    for (const name of writer.leftBehind(cells)) {
      database.run(`DELETE FROM ${place.rows} WHERE entity_key = ? AND feature_name = ?`, row.key, name);
    }
    writeFeatures(database, upsert, place.columns, view.schema.fingerprint, row, features);
    written.push(row.key);
  }
  return written;
}

/** One statement for all features of a row: a call costs more than a row. */
function upsertStatement({ rows, columns }: ViewPlace, width: number): string {
  const names = [
    "entity_key",
    "feature_name",
    "value",
    "value_text",
    "event_ts",
    "created_ts",
    "asof_event_us",
    "asof_created_us",
    "asof_schema",
  ];
  if (columns?.hasNumber === true) names.push("value_num");
  const tuple = `(${names.map(() => "?").join(", ")})`;
  const changes = names.slice(2).map((name) => `${name} = excluded.${name}`);
  // Vectors are Feast's affair; one of the former value would be found by searches.
  return `INSERT INTO ${rows} (${names.join(", ")}) VALUES ${new Array(width).fill(tuple).join(", ")}
ON CONFLICT (entity_key, feature_name) DO UPDATE SET ${changes.join(", ")}, vector_value = NULL`;
}

function writeFeatures(
  database: OnlineDatabase,
  upsert: string,
  columns: TableColumns,
  fingerprint: string,
  row: OnlineRow,
  features: readonly WrittenFeature[],
): void {
  if (features.length === 0) return;
  const { key, eventTimeUs, createdTimeUs } = row;
  const times = [secondsOf(eventTimeUs), createdTimeUs === null ? null : secondsOf(createdTimeUs), eventTimeUs, createdTimeUs, fingerprint];
  const values = features.flatMap(({ name, value, text, number }) => {
    const own = [key, name, value, text, ...times];
    return columns.hasNumber ? [...own, number] : own;
  });
  database.run(upsert, ...values);
}

function hasTombstones(database: OnlineDatabase, view: number | null): boolean {
  return view !== null && database.get(`SELECT 1 FROM "asof.tombstone" WHERE view = ? LIMIT 1`, view) !== undefined;
}

function readTombstone(database: OnlineDatabase, view: number | null, key: KeyBytes): Times | null {
  const found =
    view === null ? undefined : database.get(`SELECT event_us, created_us FROM "asof.tombstone" WHERE view = ? AND key = ?`, view, key);
  return found === undefined ? null : { eventTimeUs: Number(found[0]), createdTimeUs: numberOf(found[1]) };
}

/** Puts tombstones in place of rows and returns how many keys had one. */
export function writeTombstones(
  database: OnlineDatabase,
  view: OnlineView,
  tombstones: readonly OnlineTombstone[],
  keepLater: boolean,
): number {
  const place = makeRowTable(database, view);
  let removed = 0;
  for (const { key, eventTimeUs, createdTimeUs } of tombstones) {
    const standing = readTombstone(database, place.id, key);
    const times = timesOf(readCells(database, place, key));
    if (keepLater && times !== null && compareTimes(times, { eventTimeUs, createdTimeUs }) > 0) continue;
    if (times !== null) {
      database.run(`DELETE FROM ${place.rows} WHERE entity_key = ?`, key);
      // Feast may have written a row under a tombstone: nobody saw it.
      if (standing === null || compareTimes(times, standing) > 0) removed++;
    }
    if (standing !== null && compareTimes(standing, { eventTimeUs, createdTimeUs }) >= 0) continue;
    database.run(
      `INSERT OR REPLACE INTO "asof.tombstone" (view, key, event_us, created_us) VALUES (?, ?, ?, ?)`,
      place.id,
      key,
      eventTimeUs,
      createdTimeUs,
    );
  }
  return removed;
}

/** Removes the rows and tombstones of keys. */
export function deleteRows(database: OnlineDatabase, { id, rows, columns }: ViewPlace, keys: readonly KeyBytes[]): void {
  for (const key of keys) {
    if (columns !== null) database.run(`DELETE FROM ${rows} WHERE entity_key = ?`, key);
    if (id !== null) database.run(`DELETE FROM "asof.tombstone" WHERE view = ? AND key = ?`, id, key);
  }
}

/** Keys of rows after a given one, in order; the first page where there is none. */
export function listRowKeys(database: OnlineDatabase, { rows, columns }: ViewPlace, after: KeyBytes | null, limit: number): KeyBytes[] {
  if (columns === null) return [];
  const condition = after === null ? "" : "WHERE entity_key > ?";
  const sql = `SELECT DISTINCT entity_key FROM ${rows} ${condition} ORDER BY entity_key LIMIT ?`;
  const found = after === null ? database.all(sql, limit) : database.all(sql, after, limit);
  return found.flatMap(([key]) => (key instanceof Uint8Array ? [key] : []));
}
