import type { JoinPlan, ViewJoin } from "@asof/core";
import { asOf, rowsOfKey } from "./as-of.ts";
import type { Answer, SourceTables, SpineRow } from "./data.ts";
import { historyOf } from "./history.ts";
import { designRules, type Rules } from "./rules.ts";
import { foldWindow } from "./windows.ts";

const nothing: Answer = { value: null, count: 0, magnitude: 0 };

/**
 * What a retrieval must answer: one row per spine row, in its order, one answer per output of the plan. A naive interpretation
 * of the plan over plain arrays. Throws ASOF_SUM_OVERFLOW and ASOF_DISTINCT_BOUND where the rules demand an error.
 */
export function oracle(
  plan: JoinPlan,
  tables: SourceTables,
  spine: readonly SpineRow[],
  rules: Rules = designRules,
): readonly (readonly Answer[])[] {
  const views = plan.views.map((join) => answerView(plan, join, tables, spine, rules));
  const rows = spine.map((row, i) => ({ row, asOfUs: rules.floor(row.asOfNs), answers: views.flatMap((view) => view[i] ?? []) }));
  return rules.arrange(rows).map((row) => row.answers);
}

/** The answers of one view, in the order of the spine. */
function answerView(plan: JoinPlan, join: ViewJoin, tables: SourceTables, spine: readonly SpineRow[], rules: Rules): Answer[][] {
  const events = historyOf(join, tables[join.view.source.name] ?? { batch: [], log: [] }, rules);
  return spine.map((row) => {
    if (!rules.hasKey(join.keys.map((k) => row.values[k.spineColumn] ?? null))) return join.features.map(() => nothing);
    const t = rules.floor(row.asOfNs);
    const ofKey = rowsOfKey(plan, join, events, row, t, rules);
    if (join.view.form === "plain") return asOf(join, ofKey, t, rules);
    return join.features.map(({ feature: f }) => (f.kind === "aggregate" ? foldWindow(f.aggregate, f.type, ofKey, t, rules) : nothing));
  });
}
