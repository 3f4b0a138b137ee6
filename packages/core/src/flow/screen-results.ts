import type { RequestPlan, StoredUse } from "../plan/request-plan.ts";
import type { ReadResult } from "../store/online.ts";
import type { Value } from "../value/type.ts";
import { type ErasedUntil, type ErasuresByOwner, erasuresOfUse, farther } from "./erasures.ts";

/** The normalized values of each key column of the plan, in row order. */
export type KeyColumns = readonly (readonly Value[])[];

/** Takes what was read of erased keys out of results, as if nothing were stored. */
export type ResultScreen = (columns: KeyColumns, rowCount: number, results: readonly ReadResult[]) => readonly ReadResult[];

/** The screen of a request plan; null where no erasure concerns any of its keys. */
export function compileScreen(plan: RequestPlan, erasures: ErasuresByOwner): ResultScreen | null {
  const checks = plan.stored.map((use) => compileRowCheck(plan, use, erasures));
  if (checks.every((check) => check === null)) return null;
  return (columns, rowCount, results) =>
    results.map((result, i) => {
      const check = checks[i] ?? null;
      const use = plan.stored[i];
      return check === null || use === undefined ? result : screen(result, use, rowCount, (row) => check(columns, row));
    });
}

function compileRowCheck(
  plan: RequestPlan,
  use: StoredUse,
  erasures: ErasuresByOwner,
): ((columns: KeyColumns, row: number) => ErasedUntil) | null {
  const names = use.keys.map((k) => k.key);
  const checks = erasuresOfUse(erasures, use.project).flatMap((known) => known.checkOf(names) ?? []);
  if (checks.length === 0) return null;
  const places = use.keys.map((k) => plan.keyColumns.findIndex(({ column }) => column === k.column));
  return (columns, row) => {
    const values = places.map((place) => columns[place]?.[row] ?? null);
    return checks.reduce<ErasedUntil>((until, check) => farther(until, check(values)), null);
  };
}

/**
 * A state that was lifted refuses what came before, so that only those of keys that still are erased are left out. A row is judged by its
 * own time, but for static sources, where only lifting counts.
 */
function screen(result: ReadResult, use: StoredUse, rowCount: number, untilOf: (row: number) => ErasedUntil): ReadResult {
  const until = Array.from({ length: rowCount }, (_, row) => untilOf(row));
  if (until.every((us) => us === null)) return result;
  if (result.form === "state") {
    return { form: "state", states: result.states.map((state, row) => (until[row] === Number.POSITIVE_INFINITY ? null : state)) };
  }
  const isStatic = use.view.source.eventTime === null;
  const isHidden = (row: number, eventTimeUs: number): boolean => {
    const us = until[row] ?? null;
    return us !== null && (us === Number.POSITIVE_INFINITY || (!isStatic && eventTimeUs < us));
  };
  return { form: "row", rows: result.rows.map((row, i) => (row !== null && isHidden(i, row.eventTimeUs) ? null : row)) };
}
