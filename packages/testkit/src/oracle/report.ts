import type { JoinPlan } from "@asof/core";
import { rowsOfKey } from "./as-of.ts";
import type { SourceTables, SpineRow } from "./data.ts";
import { historyOf } from "./history.ts";
import { designRules as rules } from "./rules.ts";

/** What a retrieval must report besides its rows, by view. */
export interface ExpectedReport {
  readonly rowsWithoutEventTime: Readonly<Record<string, number>>;
  /** Plain views with a created column only. */
  readonly knownOnlyLater: Readonly<Record<string, number>>;
}

/** Counts of batch rows that never match, and of spine rows whose value was known only after t. */
export function expectedReport(plan: JoinPlan, tables: SourceTables, spine: readonly SpineRow[]): ExpectedReport {
  const rowsWithoutEventTime: Record<string, number> = {};
  const knownOnlyLater: Record<string, number> = {};
  for (const join of plan.views) {
    const { view } = join;
    const table = tables[view.source.name] ?? { batch: [], log: [] };
    const isDated = view.source.eventTime !== null && join.history.batch !== null;
    rowsWithoutEventTime[view.name] = isDated ? table.batch.filter((row) => row.eventNs === null).length : 0;
    if (view.form !== "plain" || view.source.createdTime === null) continue;
    const events = historyOf(join, table, rules);
    knownOnlyLater[view.name] = spine.filter((row) => {
      const t = rules.floor(row.asOfNs);
      const isVisible = (e: { eventUs: number }): boolean =>
        rules.happened(e.eventUs, t) && (join.ttlUs === null || rules.isYoung(e.eventUs, t, join.ttlUs));
      const created = rowsOfKey(plan, join, events, row, t, rules).findLast(isVisible)?.createdUs ?? null;
      return created !== null && created > t;
    }).length;
  }
  return { rowsWithoutEventTime, knownOnlyLater };
}

/** The report of cases that are asked together. */
export function addReports(reports: readonly ExpectedReport[]): ExpectedReport {
  const add = (part: keyof ExpectedReport): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const report of reports) for (const [view, count] of Object.entries(report[part])) sums[view] = (sums[view] ?? 0) + count;
    return sums;
  };
  return { rowsWithoutEventTime: add("rowsWithoutEventTime"), knownOnlyLater: add("knownOnlyLater") };
}
