import {
  type BoundHistory,
  type ColumnInfo,
  countUndated,
  type EngineColumn,
  type LogReference,
  logColumns,
  physicalName,
  type ReadAs,
  type SideTable,
  type SourceColumn,
  type SourceDescription,
  type SourceModel,
  selectHistory,
} from "@asof/core";
import type { Places } from "./bind-plan.ts";
import { valueTypeOf } from "./column-types.ts";
import { convertColumn } from "./convert.ts";
import { duckDbDialect } from "./dialect.ts";
import { describeLog } from "./log.ts";
import type { Session, StatementOptions } from "./session.ts";
import { describeBatch, sourceContext } from "./source-table.ts";

/** Columns and extent of a source: batch and log together, without regard to the handover. */
export async function describeSource(
  session: Session,
  places: Places,
  source: SourceModel,
  log: LogReference | null,
  options: StatementOptions = {},
): Promise<SourceDescription> {
  const batch = source.type === "push" ? source.batch : source;
  const tables = {
    batch: batch === null ? null : await describeBatch(session, places.repositoryPath, batch, options),
    log: log === null ? null : await describeLog(session, places.logFolder, log, options),
  };
  // The types of a csv file's columns are a guess, for people; reading it goes by the declared ones.
  const shown =
    batch?.type === "csv" ? await describeBatch(session, places.repositoryPath, batch, { ...options, typedCsv: true }) : tables.batch;
  const faulty = batch?.type === "csv" ? await findFaultyTexts(session, tables.batch, shown, batch) : undefined;
  const bound: BoundHistory = { source, history: { batch, log, handoverUs: null }, tables };
  const context = sourceContext(source);
  const history = selectHistory(
    bound,
    { keys: [], columns: [], created: false, identity: false, range: { fromUs: null, toUs: null } },
    duckDbDialect,
  );
  const [row = {}] = await session.rows(`SELECT count(*) AS n, min(t) AS lo, max(t) AS hi FROM (${history}) AS h`, context, options);
  const undated = countUndated(bound, duckDbDialect);
  const [lost = {}] = undated === null ? [] : await session.rows(undated, context, options);
  const rowsWithoutEventTime = Number(lost.n ?? 0);
  const isDated = source.eventTime !== null && Number(row.n) > 0;
  return {
    columns: [...logicalColumns(shown, batch, faulty), ...columnsOfLog(tables.log, shown, batch)],
    rowCount: Number(row.n) + rowsWithoutEventTime,
    minEventTimeUs: isDated ? Number(row.lo) : null,
    maxEventTimeUs: isDated ? Number(row.hi) : null,
    rowsWithoutEventTime,
  };
}

/** Prints the query that would read the log, which fails where a type does not fit, and runs nothing. */
export async function checkLog(session: Session, places: Places, log: LogReference, { keys, columns }: ReadAs): Promise<void> {
  const table = await describeLog(session, places.logFolder, log, {});
  if (table === null) return;
  const history = { batch: null, log, handoverUs: null };
  const bound: BoundHistory = { source: log.source, history, tables: { batch: null, log: table } };
  selectHistory(bound, { keys, columns, created: false, identity: false, range: { fromUs: null, toUs: null } }, duckDbDialect);
}

/** The engine's columns under the names that definitions use. */
function logicalColumns(table: SideTable | null, source: SourceModel | null, faulty?: ReadonlySet<string>): readonly SourceColumn[] {
  if (table === null || source === null) return [];
  const logical = new Map(Object.entries(source.mapping).map(([name, physical]) => [physical, name]));
  return table.columns.map((c) => {
    const column = { name: logical.get(c.name) ?? c.name, type: valueTypeOf(c.type) };
    if (c.medium !== "text") return column;
    return { ...column, text: column.type.kind === "string" && faulty?.has(column.name) !== true ? "unknown" : "guessed" };
  });
}

/**
 * Declared columns of a csv file with texts that cannot be read as declared. The engine takes "007" and a column without values for
 * text, so that its guess alone proves nothing.
 */
async function findFaultyTexts(
  session: Session,
  read: SideTable | null,
  guessed: SideTable | null,
  source: SourceModel,
): Promise<ReadonlySet<string>> {
  const conditions = source.columns.flatMap(({ name, type }) => {
    const physical = physicalName(source.mapping, name);
    const column = read?.columns.find((c) => c.name === physical);
    const guess = guessed?.columns.find((c) => c.name === physical);
    if (column === undefined || guess === undefined || valueTypeOf(guess.type).kind !== "string") return [];
    const value = convertColumn(column, column.sql, type, "null");
    return value === null ? [] : [{ name, sql: `${column.sql} IS NOT NULL AND ${value} IS NULL` }];
  });
  if (read === null || conditions.length === 0) return new Set();
  const items = conditions.map(({ sql }, i) => `count(*) FILTER (WHERE ${sql}) AS m${i}`);
  const [row = {}] = await session.rows(`SELECT ${items.join(", ")} FROM ${read.relation}`, sourceContext(source));
  return new Set(conditions.filter((_, i) => Number(row[`m${i}`]) > 0).map(({ name }) => name));
}

/** Columns that only the log has, without its own. */
function columnsOfLog(log: SideTable | null, batchTable: SideTable | null, batch: SourceModel | null): readonly ColumnInfo[] {
  const known = new Set<string>([...Object.values(logColumns), ...logicalColumns(batchTable, batch).map((c) => c.name)]);
  const own = (c: EngineColumn): boolean => !known.has(c.name);
  return (log?.columns ?? []).filter(own).map((c) => ({ name: c.name, type: valueTypeOf(c.type) }));
}
