import { assert, type EntityModel, type JoinPlan, type ValueType, type ViewJoin } from "@asof/core";
import type { SourceRow } from "../oracle/data.ts";
import type { Case } from "./case.ts";

const caseColumn = "case_no";
const caseType: ValueType = { kind: "int32" };
const caseEntity: EntityModel = {
  kind: "entity",
  name: "case",
  keys: [{ name: caseColumn, type: caseType, nullable: false, meta: {} }],
  meta: {},
};

/**
 * Many cases of one shape as one case: their number becomes one more entity key, so that no row meets a row of another case and
 * one retrieval answers them all, spine row after spine row. Views without keys cannot be joined.
 */
export function joinCases(cases: readonly Case[]): Case {
  const [first] = cases;
  assert(first !== undefined && canJoin(first), "cases to join need a view and keys in every view");
  const names = Object.keys(first.tables);
  const rowsOf = (name: string, side: "batch" | "log"): SourceRow[] =>
    cases.flatMap((c, i) => (c.tables[name]?.[side] ?? []).map((row) => withCase(row, i)));
  return {
    plan: joinPlan(first.plan),
    storage: first.storage,
    tables: Object.fromEntries(names.map((name) => [name, { batch: rowsOf(name, "batch"), log: rowsOf(name, "log") }])),
    spine: {
      ...first.spine,
      columns: [...first.spine.columns, { name: caseColumn, type: caseType }],
      rows: cases.flatMap((c, i) => c.spine.rows.map((row) => ({ ...row, values: { ...row.values, [caseColumn]: i } }))),
    },
  };
}

/** Whether cases of this shape can be answered together. */
export function canJoin(one: Pick<Case, "plan">): boolean {
  return one.plan.views.length > 0 && one.plan.views.every((v) => v.keys.length > 0);
}

function joinPlan(plan: JoinPlan): JoinPlan {
  const join = (view: ViewJoin): ViewJoin => ({
    ...view,
    view: { ...view.view, entities: [...view.view.entities, caseEntity] },
    keys: [...view.keys, { key: caseColumn, spineColumn: caseColumn, type: caseType }],
  });
  return {
    ...plan,
    spine: { ...plan.spine, keys: [...plan.spine.keys, { column: caseColumn, type: caseType }] },
    views: plan.views.map(join),
  };
}

function withCase(row: SourceRow, index: number): SourceRow {
  return { ...row, values: { ...row.values, [caseColumn]: index }, eventId: row.eventId === null ? null : `${index}/${row.eventId}` };
}
