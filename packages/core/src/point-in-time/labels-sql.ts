import type { ValueType } from "../value/type.ts";
import type { Dialect } from "./dialect.ts";
import { bindHistory, hasCreated, selectHistory } from "./history-sql.ts";
import type { LabelJoin, ViewJoin } from "./join-plan.ts";
import { compilePlainView, type PlainJoin } from "./plain-view.ts";
import type { HistoryTables, Step } from "./program.ts";
import { wholeTable } from "./spine-sql.ts";

/** A plain view asked at t + delay, by what was known then: the spine is copied with later times, and nothing else is new. */
export function compileLabels(plain: PlainJoin, label: LabelJoin, knownEndUs: number | null, dialect: Dialect): readonly Step[] {
  const { spine, output } = plain;
  const table = `${output}_later`;
  const keys = [...new Set(spine.keys.map((k) => k.sql))];
  const range = spine.range === null ? null : { minUs: spine.range.minUs + label.delayUs, maxUs: spine.range.maxUs + label.delayUs };
  const copy = `SELECT ${["r", `t + ${label.delayUs} AS t`, ...keys].join(", ")} FROM ${spine.table} ORDER BY r`;
  const notAfter = { delayUs: label.delayUs, untilUs: knownEndUs };
  const steps = compilePlainView({ ...plain, knowledge: "created", spine: { ...spine, table, range }, notAfter }, dialect);
  const name = plain.view.name;
  return [
    { phase: `${name}: move the times to when labels are final`, sql: [dialect.createTable(table, copy)] },
    ...steps,
    { phase: `${name}: clean up`, sql: [dialect.dropTable(table)] },
  ];
}

/** A label's value, null where it is not final yet. */
export function matureOnly(value: string, type: ValueType, { delayUs }: LabelJoin, knownEndUs: number | null, dialect: Dialect): string {
  const nothing = `CAST(NULL AS ${dialect.storageType(type)})`;
  return knownEndUs === null ? nothing : `CASE WHEN s.t <= ${knownEndUs - delayUs} THEN ${value} ELSE ${nothing} END`;
}

/** A query for the greatest event or created time of a label's source: as far as it tells, nothing is known beyond. Null without rows. */
export function selectKnownEnd(join: ViewJoin, tables: HistoryTables, dialect: Dialect): string {
  // Up to when a source is known, erased rows tell as well.
  const bound = bindHistory({ ...join, history: { ...join.history, erased: [] } }, tables);
  const created = hasCreated(bound);
  const history = selectHistory(bound, { keys: [], columns: [], created, identity: false, range: wholeTable }, dialect);
  return `SELECT max(${created ? "greatest(t, coalesce(cr, t))" : "t"}) AS known FROM (${history}) AS h`;
}
