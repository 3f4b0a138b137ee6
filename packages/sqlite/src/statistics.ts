import type { StatementSync } from "node:sqlite";
import type { StatisticsFilter, StatisticsRecord } from "@asof/core";
import { decodeStatistics, encodeStatistics } from "./codec.ts";

/** Gives the statement of a text, prepared once per database. */
export type Prepare = (sql: string) => StatementSync;

/** Puts records and forgets all but the newest of every feature touched. The caller holds the write transaction. */
export function putStatistics(prepare: Prepare, records: readonly StatisticsRecord[], keepMax: number): void {
  const put = prepare("INSERT OR REPLACE INTO feature_statistics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const record of records) put.run(...encodeStatistics(record));
  const forget = prepare(forgetOld);
  for (const { project, view, feature } of records) forget.run({ project, view, feature, keepMax });
}

/** A registry of the format before has no table of statistics, so none are found. */
export function listStatistics(prepare: Prepare, filter: StatisticsFilter & { readonly limit: number }): readonly StatisticsRecord[] {
  if (prepare("SELECT 1 FROM sqlite_schema WHERE name = 'feature_statistics'").get() === undefined) return [];
  return prepare(list)
    .all(parametersOf(filter, { limit: filter.limit }))
    .map(decodeStatistics);
}

/** Forgets what the filter names. The caller holds the write transaction. */
export function deleteStatistics(prepare: Prepare, filter: StatisticsFilter): void {
  prepare(`DELETE FROM feature_statistics WHERE ${isMeant}`).run(parametersOf(filter, {}));
}

function parametersOf(filter: StatisticsFilter, more: Readonly<Record<string, number>>): Record<string, string | number | null> {
  return { project: filter.project, view: filter.view ?? null, feature: filter.feature ?? null, ...more };
}

const isMeant = "project = :project AND (:view IS NULL OR view = :view) AND (:feature IS NULL OR feature = :feature)";

const list = `
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY view, feature ORDER BY computed_at_us DESC, run_id) AS place
    FROM feature_statistics WHERE ${isMeant}
  )
  WHERE place <= :limit ORDER BY computed_at_us DESC, view, feature, run_id`;

const forgetOld = `
  DELETE FROM feature_statistics WHERE rowid IN (
    SELECT rowid FROM feature_statistics WHERE project = :project AND view = :view AND feature = :feature
    ORDER BY computed_at_us DESC, run_id LIMIT -1 OFFSET :keepMax
  )`;
