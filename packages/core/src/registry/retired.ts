import type { Clock } from "../platform/clock.ts";
import type { RegistrySnapshot, RegistryStore } from "../store/registry.ts";
import { updateState, viewStateKey } from "./update-state.ts";
import { forgetGenerations } from "./view-state.ts";
import { decodeViewState, encodeViewState } from "./view-state-codec.ts";

/** Generations of one view that nobody reads any more and that may still have data in the online store. */
export interface RetiredGenerations {
  readonly project: string;
  readonly view: string;
  readonly generations: readonly number[];
}

/** Everything retired in a snapshot, of deleted views too. Truncate it in the online store, then {@link forgetRetired}. */
export function retiredGenerations(snapshot: RegistrySnapshot): readonly RetiredGenerations[] {
  return snapshot.records.flatMap((record) => {
    if (record.kind !== "view_state") return [];
    const { retiredGenerations: generations } = decodeViewState(record.spec, record.name);
    return generations.length === 0 ? [] : [{ project: record.project, view: record.name, generations }];
  });
}

/** Records that the data are gone. Works for deleted views; doing it twice is fine. */
export async function forgetRetired(store: RegistryStore, retired: RetiredGenerations, clock: Clock): Promise<void> {
  const { project, view, generations } = retired;
  const forget = (spec: Parameters<typeof decodeViewState>[0]) =>
    encodeViewState(forgetGenerations(decodeViewState(spec, view), generations));
  await updateState(store, viewStateKey(project, view), (spec) => forget(spec), clock);
}
