import type { JoinPlan, LabelJoin, ViewJoin } from "@asof/core";
import { asOf, rowsOfKey } from "./as-of.ts";
import type { Answer, Event, SourceTables, SpineRow } from "./data.ts";
import { historyOf } from "./history.ts";
import { oracle } from "./oracle.ts";
import { designRules as rules } from "./rules.ts";

/** What labels add to the rules, one line each. */
export interface LabelRules {
  /** The instant at which the label of a row at t is final. */
  finalAt(t: number, delayUs: number): number;
  /** Whether a label that is final then can be told from a source that is known up to `endUs`. */
  isMature(finalUs: number, endUs: number): boolean;
  /** Up to when a source is known, as far as one of its rows tells. */
  knownBy(event: Event): number;
  /** A row counts if it was known when the label became final, whatever the retrieval's knowledge. */
  counts(event: Event, finalUs: number, t: number): boolean;
  /** Whether a feature at t could have seen the label's row. */
  isNotAfter(eventUs: number, t: number): boolean;
}

export const designLabelRules: LabelRules = {
  finalAt: (t, delayUs) => t + delayUs,
  isMature: (finalUs, endUs) => finalUs <= endUs,
  knownBy: (event) => Math.max(event.eventUs, event.createdUs ?? -Infinity),
  counts: (event, finalUs) => rules.happened(event.eventUs, finalUs) && rules.isKnown(event.createdUs, finalUs),
  isNotAfter: (eventUs, t) => eventUs <= t,
};

/** A training set with labels: rows that are kept, their answers in the plan's order, and the counts of the report. */
export interface LabelledSet {
  readonly rows: readonly SpineRow[];
  readonly answers: readonly (readonly Answer[])[];
  readonly immature: Readonly<Record<string, number>>;
  readonly notAfterRow: Readonly<Record<string, number>>;
}

interface LabelCell {
  readonly answers: readonly Answer[];
  readonly isImmature: boolean;
  readonly isNotAfter: boolean;
}

/** What a retrieval with labels must answer. */
export function labelsOracle(
  plan: JoinPlan,
  tables: SourceTables,
  spine: readonly SpineRow[],
  labelRules: LabelRules = designLabelRules,
): LabelledSet {
  const cells = plan.views.map((join) =>
    join.label === undefined
      ? oracle({ ...plan, views: [join] }, tables, spine).map((answers): LabelCell => ({ answers, isImmature: false, isNotAfter: false }))
      : labelCells(plan, join, join.label, tables, spine, labelRules),
  );
  const kept = spine.map((_, row) => plan.immature !== "drop" || cells.every((view) => view[row]?.isImmature !== true));
  const count = (is: (cell: LabelCell, row: number) => boolean): Record<string, number> =>
    Object.fromEntries(
      plan.views.flatMap((join, i) => (join.label === undefined ? [] : [[join.view.name, (cells[i] ?? []).filter(is).length]])),
    );
  return {
    rows: spine.filter((_, row) => kept[row]),
    answers: spine.map((_, row) => cells.flatMap((view) => view[row]?.answers ?? [])).filter((_, row) => kept[row]),
    immature: count((cell) => cell.isImmature),
    notAfterRow: count((cell, row) => cell.isNotAfter && kept[row] === true),
  };
}

function labelCells(
  plan: JoinPlan,
  join: ViewJoin,
  label: LabelJoin,
  tables: SourceTables,
  spine: readonly SpineRow[],
  labelRules: LabelRules,
): readonly LabelCell[] {
  const events = historyOf(join, tables[join.view.source.name] ?? { batch: [], log: [] }, rules);
  const known = label.knownUntilUs ?? Math.max(-Infinity, ...events.map((e) => labelRules.knownBy(e)));
  const endUs = Math.min(known, label.nowUs);
  return spine.map((row): LabelCell => {
    const t = rules.floor(row.asOfNs);
    const finalUs = labelRules.finalAt(t, label.delayUs);
    const ofKey = rules.hasKey(join.keys.map((k) => row.values[k.spineColumn] ?? null))
      ? rowsOfKey({ ...plan, knowledge: "event" }, join, events, row, t, rules).filter((e) => labelRules.counts(e, finalUs, t))
      : [];
    const isImmature = !labelRules.isMature(finalUs, endUs);
    const visible = ofKey
      .filter((e) => rules.happened(e.eventUs, finalUs) && (join.ttlUs === null || rules.isYoung(e.eventUs, finalUs, join.ttlUs)))
      .at(-1);
    return {
      answers: isImmature ? join.features.map(() => ({ value: null, count: 0, magnitude: 0 })) : asOf(join, ofKey, finalUs, rules),
      isImmature,
      isNotAfter: !isImmature && visible !== undefined && labelRules.isNotAfter(visible.eventUs, t),
    };
  });
}
