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
  // To ask for a key costs a hash of it: uses with the same key, as the views of one entity have, are asked for together.
  const checks: RowCheck[] = [];
  const known = new Map<string, number | null>();
  const checkOf = plan.stored.map((use) => {
    const identity = JSON.stringify([use.project ?? null, use.keys.map(({ key, column }) => [key, column])]);
    let at = known.get(identity);
    if (at === undefined) {
      const check = compileRowCheck(plan, use, erasures);
      at = check === null ? null : checks.push(check) - 1;
      known.set(identity, at);
    }
    return at;
  });
  if (checks.length === 0) return null;
  return (columns, rowCount, results) => {
    const untilOf = checks.map((check) => untilOfRows(check, columns, rowCount));
    return results.map((result, i) => {
      const until = untilOf[checkOf[i] ?? -1] ?? null;
      const use = plan.stored[i];
      return until === null || use === undefined ? result : screen(result, use, until);
    });
  };
}

type RowCheck = (columns: KeyColumns, row: number) => ErasedUntil;

/** Until when each row's key is erased; null where none is. */
function untilOfRows(check: RowCheck, columns: KeyColumns, rowCount: number): readonly ErasedUntil[] | null {
  const until = Array.from({ length: rowCount }, (_, row) => check(columns, row));
  return until.every((us) => us === null) ? null : until;
}

function compileRowCheck(plan: RequestPlan, use: StoredUse, erasures: ErasuresByOwner): RowCheck | null {
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
function screen(result: ReadResult, use: StoredUse, until: readonly ErasedUntil[]): ReadResult {
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
