import {
  type BoundHistory,
  type ColumnInfo,
  countUndated,
  type EngineColumn,
  type LogReference,
  logColumns,
  type SideTable,
  type SourceColumn,
  type SourceDescription,
  type SourceModel,
  selectHistory,
} from "@asof/core";
import type { Places } from "./bind-plan.ts";
import { valueTypeOf } from "./column-types.ts";
import { duckDbDialect } from "./dialect.ts";
import { describeLog } from "./log.ts";
import type { Session } from "./session.ts";
import { describeBatch, sourceContext } from "./source-table.ts";

/** Columns and extent of a source: batch and log together, without regard to the handover. */
export async function describeSource(
  session: Session,
  places: Places,
  source: SourceModel,
  log: LogReference | null,
): Promise<SourceDescription> {
  const batch = source.type === "push" ? source.batch : source;
  const tables = {
    batch: batch === null ? null : await describeBatch(session, places.repositoryPath, batch),
    log: log === null ? null : await describeLog(session, places.logFolder, log, {}),
  };
  // The types of a csv file's columns are a guess, for people; reading it goes by the declared ones.
  const shown = batch?.type === "csv" ? await describeBatch(session, places.repositoryPath, batch, { typedCsv: true }) : tables.batch;
  const bound: BoundHistory = { source, history: { batch, log, handoverUs: null }, tables };
  const context = sourceContext(source);
  const history = selectHistory(
    bound,
    { keys: [], columns: [], created: false, identity: false, range: { fromUs: null, toUs: null } },
    duckDbDialect,
  );
  const [row = {}] = await session.rows(`SELECT count(*) AS n, min(t) AS lo, max(t) AS hi FROM (${history}) AS h`, context);
  const undated = countUndated(bound, duckDbDialect);
  const [lost = {}] = undated === null ? [] : await session.rows(undated, context);
  const rowsWithoutEventTime = Number(lost.n ?? 0);
  const isDated = source.eventTime !== null && Number(row.n) > 0;
  return {
    columns: [...logicalColumns(shown, batch), ...columnsOfLog(tables.log, shown, batch)],
    rowCount: Number(row.n) + rowsWithoutEventTime,
    minEventTimeUs: isDated ? Number(row.lo) : null,
    maxEventTimeUs: isDated ? Number(row.hi) : null,
    rowsWithoutEventTime,
  };
}

/** The engine's columns under the names that definitions use. */
function logicalColumns(table: SideTable | null, source: SourceModel | null): readonly SourceColumn[] {
  if (table === null || source === null) return [];
  const logical = new Map(Object.entries(source.mapping).map(([name, physical]) => [physical, name]));
  // Only the values of csv files were looked at; a partition folder's are text whatever they are.
  const text = source.type === "csv" && !source.hive ? "guessed" : "unknown";
  return table.columns.map((c) => {
    const column = { name: logical.get(c.name) ?? c.name, type: valueTypeOf(c.type) };
    return c.medium === "text" ? { ...column, text } : column;
  });
}

/** Columns that only the log has, without its own. */
function columnsOfLog(log: SideTable | null, batchTable: SideTable | null, batch: SourceModel | null): readonly ColumnInfo[] {
  const known = new Set<string>([...Object.values(logColumns), ...logicalColumns(batchTable, batch).map((c) => c.name)]);
  const own = (c: EngineColumn): boolean => !known.has(c.name);
  return (log?.columns ?? []).filter(own).map((c) => ({ name: c.name, type: valueTypeOf(c.type) }));
}
