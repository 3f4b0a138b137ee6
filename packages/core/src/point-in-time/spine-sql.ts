import { assert } from "../error/error.ts";
import type { ValueType } from "../value/type.ts";
import type { InstantRange } from "./dialect.ts";
import type { ViewJoin } from "./join-plan.ts";
import type { SpineTable } from "./program.ts";

/** The range that keeps everything. */
export const wholeTable: InstantRange = { fromUs: null, toUs: null };

/**
 * The spine's columns for a view's keys, in the declared types; under the alias `s` or, for a subquery of the spine alone, named
 * `k0…` as the history's are.
 */
export function spineKeys(spine: SpineTable, keys: ViewJoin["keys"], named = true): readonly string[] {
  return keys.map(({ spineColumn, type }, i) => {
    const found = spine.keys.find((k) => k.column === spineColumn && sameStorage(k.type, type));
    assert(found !== undefined, `the spine was not loaded with key "${spineColumn}"`);
    return named ? `${found.sql} AS k${i}` : `s.${found.sql}`;
  });
}

function sameStorage(a: ValueType, b: ValueType): boolean {
  return JSON.stringify({ ...a, as: null }) === JSON.stringify({ ...b, as: null });
}
