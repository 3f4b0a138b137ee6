import { AsofError } from "../error/error.ts";
import type { Clock } from "../platform/clock.ts";
import { sleep } from "../platform/sleep.ts";
import type { RecordKey, RegistryChange, RegistryStore } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { equalJson } from "./canonical-json.ts";
import { decodeSourceState, encodeSourceState, newSourceState, type SourceState } from "./source-state.ts";
import type { ViewState } from "./view-state.ts";
import { decodeViewState, encodeViewState } from "./view-state-codec.ts";

/** With 8 writers of one record in a loop the longest wait seen was 20 attempts. */
const attemptsMax = 100;
const pauseMaxMs = 20;

/**
 * Changes records of state by compare-and-swap: reads them, computes, writes if nothing changed in between, else again. All
 * records are written or none. `change` must be pure; it may run several times. A null spec stands for a record that is not
 * there. What did not change is not written. ASOF_REGISTRY_CONFLICT when others were faster 100 times.
 */
export async function updateStates(
  store: RegistryStore,
  keys: readonly RecordKey[],
  change: (specs: readonly (Json | null)[]) => readonly Json[],
  clock: Clock,
): Promise<readonly Json[]> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const records = await store.read(keys);
    const specs = change(records.map((record) => record?.spec ?? null));
    const changes: RegistryChange[] = [];
    for (const [i, key] of keys.entries()) {
      const before = records[i] ?? null;
      const spec = specs[i] ?? null;
      if (before !== null && equalJson(before.spec, spec)) continue;
      changes.push(putState(key, spec, before?.revision ?? 0));
    }
    if (changes.length === 0) return specs;
    if ((await store.commit({ changes, ifDefinitionsVersion: null }, clock.nowUs())) !== "conflict") return specs;
    // Every conflict means that somebody else went on, so waiting only spares work.
    await sleep(Math.min(pauseMaxMs, attempt));
  }
  throw new AsofError(
    "ASOF_REGISTRY_CONFLICT",
    `Other processes changed ${keys.map(printKey).join(", ")} first, ${attemptsMax} times in a row.`,
    {
      path: keys.map(printKey).join(", "),
      fix: "Try again when fewer jobs and pushes run.",
    },
  );
}

/** {@link updateStates} for one record. */
export async function updateState(store: RegistryStore, key: RecordKey, change: (spec: Json | null) => Json, clock: Clock): Promise<Json> {
  const [spec] = await updateStates(store, [key], ([before]) => [change(before ?? null)], clock);
  return spec ?? null;
}

/** Changes the state of a registered view. ASOF_NOT_APPLIED when it is not registered. */
export async function updateViewState(
  store: RegistryStore,
  project: string,
  view: string,
  change: (state: ViewState) => ViewState,
  clock: Clock,
): Promise<ViewState> {
  const spec = await updateState(
    store,
    viewStateKey(project, view),
    (before) => {
      const state = before === null ? null : decodeViewState(before, view);
      if (state === null || state.deleted) {
        throw new AsofError("ASOF_NOT_APPLIED", `Feature view "${view}" is not registered in project "${project}".`, {
          path: view,
          fix: "Run `asof apply`.",
        });
      }
      return encodeViewState(change(state));
    },
    clock,
  );
  return decodeViewState(spec, view);
}

/** Changes the state of a source; one without a record starts as {@link newSourceState}. */
export async function updateSourceState(
  store: RegistryStore,
  project: string,
  source: string,
  change: (state: SourceState) => SourceState,
  clock: Clock,
): Promise<SourceState> {
  const spec = await updateState(
    store,
    sourceStateKey(project, source),
    (before) => encodeSourceState(change(before === null ? newSourceState : decodeSourceState(before, source))),
    clock,
  );
  return decodeSourceState(spec, source);
}

export function viewStateKey(project: string, view: string): RecordKey {
  return { project, kind: "view_state", name: view };
}

export function sourceStateKey(project: string, source: string): RecordKey {
  return { project, kind: "source_state", name: source };
}

/** A change that writes a record of state, which belongs to no repository and has no fingerprint. */
export function putState(key: RecordKey, spec: Json, ifRevision: number): RegistryChange {
  const { project, kind, name } = key;
  return { op: "put", ifRevision, project, kind, name, repository: "", dataFingerprint: "", metadataFingerprint: "", spec };
}

function printKey(key: RecordKey): string {
  return `${key.kind} "${key.project}/${key.name}"`;
}
