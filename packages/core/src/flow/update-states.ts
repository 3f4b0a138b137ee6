import type { KeyState, WindowProgram } from "../aggregate/window-program.ts";
import { AsofError } from "../error/error.ts";
import type { KeyBytes, OnlineStore, OnlineView, StateWrite, StoredState } from "../store/online.ts";

/** How often a key is computed again after another writer was faster. Contention on one key is short; 50 losses mean a fault. */
const attemptsMax = 50;

export interface StateUpdate {
  readonly key: KeyBytes;
  /** Pure: may run several times, each time on a freshly decoded state. Null = nothing to write. */
  readonly update: (state: KeyState | null) => KeyState | null;
}

/** Reads, updates and conditionally writes states; keys that another writer changed meanwhile are computed again. Returns keys written. */
export async function updateStates(
  online: OnlineStore,
  view: OnlineView,
  program: WindowProgram,
  updates: readonly StateUpdate[],
): Promise<number> {
  let pending = updates;
  let written = 0;
  for (let attempt = 0; pending.length > 0; attempt++) {
    if (attempt === attemptsMax) {
      throw new AsofError(
        "ASOF_STORE_FAILED",
        `State of view "${view.view}" kept changing under ${pending.length} keys for ${attemptsMax} attempts.`,
        {
          path: view.view,
          fix: "Run again; if it repeats, look for another writer in a tight loop.",
        },
      );
    }
    const [result] = await online.read([{ form: "state", view, keys: pending.map((u) => u.key) }]);
    const stored = result?.form === "state" ? result.states : [];
    const { writes, sources } = computeWrites(program, pending, stored);
    const conflicts = writes.length === 0 ? [] : await online.putStates(view, writes);
    written += writes.length - conflicts.length;
    pending = conflicts.flatMap((index) => sources[index] ?? []);
  }
  return written;
}

function computeWrites(program: WindowProgram, updates: readonly StateUpdate[], stored: readonly (StoredState | null)[]) {
  const writes: StateWrite[] = [];
  const sources: StateUpdate[] = [];
  for (const [i, update] of updates.entries()) {
    const before = stored[i] ?? null;
    const after = update.update(program.decodeState(before));
    if (after === null) continue;
    const { set, remove } = program.encodeState(before, after);
    if (set.size === 0 && remove.length === 0) continue;
    writes.push({ key: update.key, ifVersion: before?.version ?? 0, set, remove });
    sources.push(update);
  }
  return { writes, sources };
}
