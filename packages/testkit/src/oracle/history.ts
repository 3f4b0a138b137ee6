import type { Value, ViewJoin } from "@asof/core";
import { sortRows } from "./as-of.ts";
import type { Event, SourceRow, SourceTable } from "./data.ts";
import { evaluate } from "./evaluate.ts";
import type { Rules } from "./rules.ts";

/** Rules "History" and "Row order": the events that a view sees, in row order, with the values of its derived features. */
export function historyOf(join: ViewJoin, table: SourceTable, rules: Rules): readonly Event[] {
  const { view, history } = join;
  const { handoverUs } = history;
  const read = (rows: readonly SourceRow[]): Event[] => rows.flatMap((row) => readRow(join, row, rules) ?? []);
  const batch = history.batch === null ? [] : read(table.batch).filter((e) => handoverUs === null || rules.inBatch(e.eventUs, handoverUs));
  const hasLog = history.log !== null && (handoverUs !== null || history.batch === null);
  const log = hasLog ? rules.foldOnce(read(table.log)).filter((e) => handoverUs === null || rules.inLog(e.eventUs, handoverUs)) : [];
  const arrived = [...batch, ...log];
  const sorted = rules.inOrder(sortRows(arrived, view.form === "plain" ? view.features : view.source.columns, rules), arrived, view.form);
  return view.form === "windowed" ? rules.foldOnce(sorted) : sorted;
}

/** Null where the row has no event time: it never matches. */
function readRow(join: ViewJoin, row: SourceRow, rules: Rules): Event | null {
  const { view } = join;
  const eventUs = view.source.eventTime === null ? -Infinity : row.eventNs === null ? rules.undated() : rules.floor(row.eventNs);
  if (eventUs === null) return null;
  const source: Record<string, Value> = { ...row.values };
  for (const { name, type } of view.source.columns) source[name] = rules.read(type, row.values[name] ?? null);
  const values: Record<string, Value> = view.form === "plain" ? {} : source;
  if (view.form === "plain") {
    for (const f of view.features) values[f.name] = f.kind === "derived" ? evaluate(f.expression, source) : (source[f.name] ?? null);
  }
  return { source, values, eventUs, createdUs: row.createdNs === null ? null : rules.floor(row.createdNs), eventId: row.eventId };
}
