import {
  type ColumnInfo,
  type Dialect,
  describeColumns,
  type HistoryTables,
  planValuesAtEnd,
  type RunOptions,
  type StatisticsEngine,
  type StatisticsRequest,
  selectActiveKeys,
  selectPlainRows,
  statisticsLimits,
  type Value,
  type ViewStatistics,
} from "@asof/core";
import { bindPlan, type Places } from "./bind-plan.ts";
import { duckDbDialect, quoteName } from "./dialect.ts";
import type { ErrorContext } from "./errors.ts";
import { batchOf } from "./result.ts";
import { runJoin } from "./retrieve.ts";
import type { Session } from "./session.ts";
import { sourceContext } from "./source-table.ts";
import { loadSpine } from "./spine.ts";

/** Tables lie in the session's schema, where the connections of streams read them. */
const sessionDialect: Dialect = { ...duckDbDialect, createTable: (name, select) => `CREATE TABLE ${name} AS ${select}` };

/**
 * Describes the values of a view: the rows of the interval, or, of a windowed view, the values at its end of the keys that had an event in
 * it. Works in the session's tables; see {@link describeColumns} for what is held.
 */
export async function computeStatistics(
  session: Session,
  places: Places,
  request: StatisticsRequest,
  lanesAtOnce: number,
  options: RunOptions,
): Promise<ViewStatistics> {
  const limits = { ...statisticsLimits, ...request.limits };
  const plan = planValuesAtEnd(request);
  const statement = { signal: options.signal };
  const histories = await bindPlan(session, places, plan, statement);
  const [tables = { batch: null, log: null }] = histories;
  const engine = engineOf(session, sourceContext(request.view.source), options);
  const { features } = request.view;
  if (request.view.form === "plain") {
    const rows = selectPlainRows(request, tables, sessionDialect);
    return { basis: "rows", ...(await describeColumns(engine, features, rows, { ...limits, count: request.count })) };
  }
  const keys = await sampleKeys(engine, request, tables, limits.keysMax);
  const spine = await loadSpine(session, places.repositoryPath, { kind: "sql", query: keys.query }, plan.spine, statement);
  const program = await runJoin(session, plan, { spine, histories }, lanesAtOnce, statement);
  const items = program.outputs.map((output, i) => `${output.sql} AS c${i}`);
  const select = `SELECT ${items.join(", ")} FROM ${program.from}`;
  const described = await describeColumns(engine, features, { select, identity: [] }, { exactRowsMax: limits.keysMax * 2, count: "all" });
  return { basis: "values_at_end", rows: keys.count, features: described.features };
}

/** A spine of the interval's keys, or of those whose hash falls in a sample of them, at the interval's end. */
async function sampleKeys(
  engine: StatisticsEngine,
  request: StatisticsRequest,
  tables: HistoryTables,
  keysMax: number,
): Promise<{ readonly query: string; readonly count: number }> {
  const types = request.view.entities.flatMap((e) => e.keys.map((k) => k.type));
  const names = types.map((_, i) => `k${i}`);
  await engine.run(sessionDialect.createTable("asof_keys", selectActiveKeys(request, tables, sessionDialect)));
  const [[found = 0] = []] = await engine.query("SELECT count(*) FROM asof_keys", [{ name: "n", type: { kind: "int64", as: "number" } }]);
  const count = Number(found);
  const parts = Math.ceil(count / keysMax);
  const sampled = parts > 1 ? ` WHERE ${sessionDialect.partitionOf(names, parts)} = 0` : "";
  const keys = types.map((type, i) => `${sessionDialect.present(`k${i}`, type)} AS ${quoteName(`k${i}`)}`);
  const items = [`make_timestamptz(${request.endUs}) AS t`, ...keys];
  return { query: `SELECT ${items.join(", ")} FROM asof_keys${sampled}`, count };
}

function engineOf(session: Session, context: ErrorContext, { signal }: RunOptions): StatisticsEngine {
  return {
    dialect: sessionDialect,
    run: (sql) => session.run(sql, context, { signal }),
    query: (sql, columns) => queryRows(session, sql, columns, context, signal),
  };
}

async function queryRows(
  session: Session,
  sql: string,
  columns: readonly ColumnInfo[],
  context: ErrorContext,
  signal: AbortSignal | undefined,
): Promise<readonly (readonly Value[])[]> {
  const rows: Value[][] = [];
  for await (const chunk of session.stream(sql, context, { signal })) {
    const batch = batchOf(chunk, columns);
    for (let row = 0; row < batch.rowCount; row++) rows.push(batch.columns.map((column) => column.get(row)));
  }
  return rows;
}
