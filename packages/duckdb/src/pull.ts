import { columnsOf, compilePull, type HistoryTables, orderColumns, type PulledBatch, type PullRequest, type RunOptions } from "@asof/core";
import { bindBatch, type Places, timesOf } from "./bind-plan.ts";
import { duckDbDialect } from "./dialect.ts";
import { describeLog } from "./log.ts";
import { batchOf } from "./result.ts";
import type { Session, StatementOptions } from "./session.ts";
import { sourceContext } from "./source-table.ts";

/** Streams the rows of a pull. Sorting spills to disk; nothing else is held. */
export async function* pull(session: Session, places: Places, request: PullRequest, options: RunOptions): AsyncGenerator<PulledBatch> {
  const tables = await bindTables(session, places, request, { signal: options.signal });
  const { sql, columns } = compilePull(request, tables, duckDbDialect);
  const source = request.history.log?.source ?? request.history.batch;
  const context = source === null ? { doing: "query" as const, what: "The pull" } : sourceContext(source);
  const onFraction =
    options.onProgress === undefined ? undefined : (f: number | null) => options.onProgress?.(f, `reading ${source?.name ?? ""}`);
  for await (const chunk of session.stream(sql, context, { signal: options.signal, onFraction })) yield batchOf(chunk, columns);
}

async function bindTables(session: Session, places: Places, request: PullRequest, options: StatementOptions): Promise<HistoryTables> {
  const { batch, log } = request.history;
  return {
    batch: batch === null ? null : await bindBatch(session, places, batch, columnsWanted(request), "asof_source_0", options),
    log: log === null ? null : await describeLog(session, places.logFolder, log, options),
  };
}

function columnsWanted({ history, keys, columns, mode }: PullRequest): ReadonlySet<string> {
  const source = history.log?.source ?? history.batch;
  const folded = mode === "all" && source !== null ? orderColumns(source.columns).map((c) => c.name) : [];
  return new Set([
    ...keys.map((k) => k.name),
    ...columns.flatMap((c) => (c.expression === undefined ? [c.name] : [...columnsOf(c.expression)])),
    ...(history.batch === null ? [] : timesOf(history.batch)),
    ...folded,
  ]);
}
