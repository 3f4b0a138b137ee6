import type { ColumnInfo, JoinPlan, LogRow, SourceModel, SpineInput, Value, ViewJoin } from "@asof/core";
import type { Case, Storage } from "../generate/case.ts";
import type { SourceRow } from "../oracle/data.ts";
import { designRules } from "../oracle/rules.ts";
import type { FileColumn, OfflineEngine } from "./engine.ts";

/** A case whose rows an engine can read. */
export interface PlacedCase {
  readonly plan: JoinPlan;
  readonly spine: SpineInput;
}

/** Writes the rows of a case where its engine reads them: batch rows and spine as files, log rows through `append`. `run` keeps runs apart. */
export async function placeCase(engine: OfflineEngine, one: Case, run: string): Promise<PlacedCase> {
  const views: ViewJoin[] = [];
  const placed = new Map<string, (source: SourceModel) => SourceModel>();
  for (const join of one.plan.views) {
    const { name } = join.view.source;
    const locate = placed.get(name) ?? (await placeSource(engine, one, join, run));
    placed.set(name, locate);
    views.push(locateJoin(join, run, locate));
  }
  return { plan: { ...one.plan, views }, spine: await placeSpine(engine, one, run) };
}

/** Writes a source's rows; the answer puts their place into the source's model and its batch side. */
async function placeSource(engine: OfflineEngine, one: Case, join: ViewJoin, run: string): Promise<(source: SourceModel) => SourceModel> {
  const { source } = join.view;
  const table = one.tables[source.name] ?? { batch: [], log: [] };
  const batch = source.type === "push" ? source.batch : source;
  const keys = keysOf(one, source.name);
  const paths =
    batch === null
      ? []
      : await writeBatch(engine, batch, keys, table.batch, one.storage[source.name] ?? plainStorage, `${run}_${source.name}`);
  if (join.history.log !== null) {
    const log = { project: run, source };
    const half = Math.ceil(table.log.length / 2);
    const rows = table.log.map((row) => logRow(source, keys, row));
    for (const part of [rows.slice(0, half), rows.slice(half)]) if (part.length > 0) await engine.store.append(log, part);
  }
  const withPlace = (s: SourceModel): SourceModel => {
    if (s.type === "push") return s.batch === null ? s : { ...s, batch: fileOrQuery(withPlace(s.batch)) };
    return s.type === "sql" ? { ...s, query: engine.selectFrom(paths) } : { ...s, paths };
  };
  return withPlace;
}

const plainStorage: Storage = { eventUnit: "us", createdUnit: "us", zoned: false, files: 1 };

function fileOrQuery(source: SourceModel): Exclude<SourceModel, { readonly type: "push" }> {
  if (source.type === "push") throw new Error("a push source has no push source as its batch side");
  return source;
}

function locateJoin(join: ViewJoin, run: string, locate: (source: SourceModel) => SourceModel): ViewJoin {
  const source = locate(join.view.source);
  const { batch, log, handoverUs } = join.history;
  return {
    ...join,
    view: { ...join.view, source },
    history: { batch: batch === null ? null : fileOrQuery(locate(batch)), log: log === null ? null : { project: run, source }, handoverUs },
  };
}

/** Key columns that a source holds: those of every view over it. */
function keysOf(one: Case, source: string): ColumnInfo[] {
  const keys = one.plan.views.filter((v) => v.view.source.name === source).flatMap((v) => v.keys);
  return [...new Map(keys.map((k) => [k.key, { name: k.key, type: k.type }])).values()];
}

async function writeBatch(
  engine: OfflineEngine,
  source: SourceModel,
  keys: readonly ColumnInfo[],
  rows: readonly SourceRow[],
  storage: Storage,
  name: string,
): Promise<string[]> {
  const times: { readonly column: FileColumn; readonly value: (row: SourceRow) => Value }[] = [];
  const { zoned } = storage;
  const physical = (logical: string): string => source.mapping[logical] ?? logical;
  if (source.eventTime !== null) {
    times.push({
      column: { name: physical(source.eventTime), type: { kind: "instant", unit: storage.eventUnit, zoned } },
      value: (row) => row.eventNs,
    });
  }
  if (source.createdTime !== null) {
    times.push({
      column: { name: physical(source.createdTime), type: { kind: "instant", unit: storage.createdUnit, zoned } },
      value: (row) => row.createdNs,
    });
  }
  if (source.eventId !== null)
    times.push({ column: { name: physical(source.eventId), type: { kind: "string" } }, value: (row) => row.eventId });
  const columns = [...keys, ...source.columns];
  const fileColumns = [...columns.map((c) => ({ name: physical(c.name), type: c.type })), ...times.map((t) => t.column)];
  const fileRows = rows.map((row) => [...columns.map((c) => row.values[c.name] ?? null), ...times.map((t) => t.value(row))]);
  const paths: string[] = [];
  const size = Math.ceil(fileRows.length / storage.files);
  for (let i = 0; i < storage.files; i++) {
    paths.push(await engine.writeParquet(`${name}_${i}`, fileColumns, fileRows.slice(i * size, (i + 1) * size)));
  }
  return paths;
}

function logRow(source: SourceModel, keys: readonly ColumnInfo[], row: SourceRow): LogRow {
  const eventUs = designRules.floor(row.eventNs ?? 0n);
  const createdTimeUs = designRules.floor(row.createdNs ?? 0n);
  const values: Record<string, Value> = {};
  for (const { name } of [...keys, ...source.columns]) values[name] = row.values[name] ?? null;
  if (source.eventTime !== null) values[source.eventTime] = eventUs;
  if (source.createdTime !== null) values[source.createdTime] = createdTimeUs;
  if (source.eventId !== null) values[source.eventId] = row.eventId;
  return { values, createdTimeUs, ingestTimeUs: createdTimeUs, origin: "push", eventId: row.eventId ?? "" };
}

async function placeSpine(engine: OfflineEngine, one: Case, run: string): Promise<SpineInput> {
  const { columns, kind, timeUnit, rows } = one.spine;
  const { timeColumn } = one.plan.spine;
  const cells = rows.map((row) => columns.map((c) => row.values[c.name] ?? null));
  if (kind === "rows") {
    return {
      kind,
      columns: [...columns, { name: timeColumn, type: { kind: "timestamp" } }],
      rows: rows.map((row, i) => [...(cells[i] ?? []), designRules.floor(row.asOfNs)]),
    };
  }
  const fileColumns: FileColumn[] = [...columns, { name: timeColumn, type: { kind: "instant", unit: timeUnit, zoned: false } }];
  const path = await engine.writeParquet(
    `${run}_spine`,
    fileColumns,
    rows.map((row, i) => [...(cells[i] ?? []), row.asOfNs]),
  );
  return { kind: "file", format: "parquet", path };
}
