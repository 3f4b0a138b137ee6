import type { PlainViewModel, SourceModel, WindowedViewModel } from "../definition/model.ts";
import type { LogErasure, LogRow } from "../store/offline.ts";
import { type Erasures, isErased, type KeyCheck } from "./erasures.ts";
import { eventTimeOf } from "./push.ts";

type StoredViewModel = PlainViewModel | WindowedViewModel;

/**
 * What becomes of a log row of an erased key. Views that are keyed by all of its names lose the row. Views over the same source with other
 * keys keep it: their history is not about that key. So the row stays where such a view needs it, without the columns that only the erased
 * key has, and goes where none does.
 */
export function planRows(views: readonly StoredViewModel[], names: readonly string[]): Pick<LogErasure, "clear" | "keepIf"> {
  const others = views.map((view) => view.entities.flatMap((e) => e.keys.map((k) => k.name))).filter((keys) => !isOver(keys, names));
  const needed = new Set(others.flat());
  return { clear: names.filter((name) => !needed.has(name)), keepIf: others };
}

/** Whether keys include all names of an erasure, so that it concerns them. */
export function isOver(keys: readonly string[], names: readonly string[]): boolean {
  return names.every((name) => keys.includes(name));
}

export interface ScreenedRows {
  /** To be logged: rows of erased keys are left out, or have the key cleared. */
  readonly rows: readonly LogRow[];
  /** How many rows have an erased key. */
  readonly erased: number;
}

/** Takes erased keys out of rows before they are logged or held back. */
export function screenRows(
  erasures: Erasures | null,
  source: SourceModel,
  views: readonly StoredViewModel[],
  rows: readonly LogRow[],
): ScreenedRows {
  if (erasures === null) return { rows, erased: 0 };
  const plans = erasures.groups.map(({ names, check }) => ({ names, check, ...planRows(views, names) }));
  let erased = 0;
  const kept = rows.flatMap((row) => {
    const hits = plans.filter(({ names, check }) => isHit(source, row, names, check));
    if (hits.length === 0) return [row];
    erased++;
    const cleared = hits.reduce<LogRow | null>((left, plan) => (left === null ? null : clearRow(left, plan)), row);
    return cleared === null ? [] : [cleared];
  });
  return { rows: kept, erased };
}

function isHit(source: SourceModel, row: LogRow, names: readonly string[], check: KeyCheck): boolean {
  return (
    names.every((name) => name in row.values) && isErased(check(names.map((name) => row.values[name] ?? null)), eventTimeOf(source, row))
  );
}

function clearRow(row: LogRow, { clear, keepIf }: Pick<LogErasure, "clear" | "keepIf">): LogRow | null {
  const stays = keepIf.some((keys) => keys.every((name) => (row.values[name] ?? null) !== null));
  if (!stays) return null;
  return { ...row, values: { ...row.values, ...Object.fromEntries(clear.map((name) => [name, null])) } };
}
