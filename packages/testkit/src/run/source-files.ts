import type { ColumnInfo, LogRow, SourceModel, Value } from "@asof/core";
import type { Case, Storage } from "../generate/case.ts";
import type { SourceRow } from "../oracle/data.ts";
import { designRules } from "../oracle/rules.ts";
import type { FileColumn, OfflineEngine } from "./engine.ts";

/** Batch rows as a file holds them: physical names, times in their units. */
export interface FileTable {
  readonly columns: readonly FileColumn[];
  readonly rows: readonly (readonly Value[])[];
}

/** How batch rows of a source are written. `keys` are the columns of its views' keys. */
export function fileTable(source: SourceModel, keys: readonly ColumnInfo[], rows: readonly SourceRow[], storage: Storage): FileTable {
  const physical = (logical: string): string => source.mapping[logical] ?? logical;
  const { zoned } = storage;
  const times: { readonly name: string | null; readonly type: FileColumn["type"]; readonly value: (row: SourceRow) => Value }[] = [
    { name: source.eventTime, type: { kind: "instant", unit: storage.eventUnit, zoned }, value: (row) => row.eventNs },
    { name: source.createdTime, type: { kind: "instant", unit: storage.createdUnit, zoned }, value: (row) => row.createdNs },
    { name: source.eventId, type: { kind: "string" }, value: (row) => row.eventId },
  ];
  const present = times.flatMap(({ name, ...rest }) => (name === null ? [] : [{ name, ...rest }]));
  const columns = [...keys, ...source.columns];
  return {
    columns: [...columns, ...present].map(({ name, type }) => ({ name: physical(name), type })),
    rows: rows.map((row) => [...columns.map((c) => row.values[c.name] ?? null), ...present.map((t) => t.value(row))]),
  };
}

/** How batch rows are stored where a case does not say. */
export const plainStorage: Storage = { eventUnit: "us", createdUnit: "us", zoned: false, files: 1 };

/** A source, and its batch side, with the place of its files: paths or globs. */
export function locateSource(source: SourceModel, paths: readonly string[], engine: OfflineEngine): SourceModel {
  if (source.type === "push") return { ...source, batch: source.batch === null ? null : locateBatch(source.batch, paths, engine) };
  return locateBatch(source, paths, engine);
}

export function locateBatch(batch: BatchModel, paths: readonly string[], engine: OfflineEngine): BatchModel {
  return batch.type === "sql" ? { ...batch, query: engine.selectFrom(paths) } : { ...batch, paths };
}

/** A source that is read from files. */
export type BatchModel = Exclude<SourceModel, { readonly type: "push" }>;

/** The side of a source that is read from files, if it has one. */
export function batchOf(source: SourceModel): BatchModel | null {
  return source.type === "push" ? source.batch : source;
}

/** Key columns that a source holds: those of every view over it. */
export function keysOf(one: Case, source: string): ColumnInfo[] {
  const keys = one.plan.views.filter((v) => v.view.source.name === source).flatMap((v) => v.keys);
  return [...new Map(keys.map((k) => [k.key, { name: k.key, type: k.type }])).values()];
}

/** A pushed row as the offline log holds it. */
export function logRow(source: SourceModel, keys: readonly ColumnInfo[], row: SourceRow): LogRow {
  const eventUs = designRules.floor(row.eventNs ?? 0n);
  const createdTimeUs = designRules.floor(row.createdNs ?? 0n);
  const values: Record<string, Value> = {};
  for (const { name } of [...keys, ...source.columns]) values[name] = row.values[name] ?? null;
  if (source.eventTime !== null) values[source.eventTime] = eventUs;
  if (source.createdTime !== null) values[source.createdTime] = createdTimeUs;
  if (source.eventId !== null) values[source.eventId] = row.eventId;
  return { values, createdTimeUs, ingestTimeUs: createdTimeUs, origin: "push", eventId: row.eventId ?? "" };
}
