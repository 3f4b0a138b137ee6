import { isOrderable, type JoinPlan, type ValueType, type ViewJoin } from "@asof/core";
import type { Answer, Event, SpineRow } from "./data.ts";
import type { Rules } from "./rules.ts";

/** The columns that decide ties: all orderable ones by name in code-point order. */
export type OrderColumns = readonly { readonly name: string; readonly type: ValueType }[];

/** Sorts by event time, created time, then the columns. */
export function sortRows(events: readonly Event[], columns: OrderColumns, rules: Rules): readonly Event[] {
  const ordered = columns.filter((c) => isOrderable(c.type)).sort((a, b) => rules.compareNames(a.name, b.name));
  return events.toSorted((a, b) => {
    const byTime = rules.compareTimes(a.eventUs, b.eventUs) || rules.compareCreated(a.createdUs, b.createdUs);
    if (byTime !== 0) return byTime;
    const decides = ordered.find((c) => rules.compareColumns(c.type, a.values[c.name] ?? null, b.values[c.name] ?? null) !== 0);
    return decides === undefined ? 0 : rules.compareColumns(decides.type, a.values[decides.name] ?? null, b.values[decides.name] ?? null);
  });
}

/** Rows with the spine row's key that were known as far as the plan asks for it. */
export function rowsOfKey(plan: JoinPlan, join: ViewJoin, events: readonly Event[], row: SpineRow, t: number, rules: Rules): Event[] {
  return events.filter(
    (event) =>
      join.keys.every((k) => rules.joins(k.type, row.values[k.spineColumn] ?? null, event.source[k.key] ?? null)) &&
      (plan.knowledge === "event" || rules.isKnown(event.createdUs, t)),
  );
}

/** Rule "As-of join". `events` are of the spine row's key, in row order. */
export function asOf(join: ViewJoin, events: readonly Event[], t: number, rules: Rules): Answer[] {
  const visible = events.filter((e) => rules.happened(e.eventUs, t) && (join.ttlUs === null || rules.isYoung(e.eventUs, t, join.ttlUs)));
  return join.features.map(({ feature }): Answer => ({ value: rules.pick(visible, feature.name), count: 0, magnitude: 0 }));
}
