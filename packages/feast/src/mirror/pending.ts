import {
  decodeViewState,
  type EncodedDefinition,
  encodeDefinition,
  type ModelsByName,
  type PlainViewModel,
  printVersion,
  putViewVersion,
  type RegistryChange,
  type RegistryRecord,
  returnToGeneration,
  type ViewState,
  versionOf,
  type WindowedViewModel,
} from "@asof/core";
import { encodeView } from "../definition/encode-view.ts";
import { viewFields } from "../definition/fields.ts";
import type { FeastObject } from "../definition/objects.ts";
import { equalBytes, Message } from "../wire/message.ts";
import { keptDefinition } from "./mirror.ts";

/** asof's records by kind and name. */
type Records = ReadonlyMap<string, RegistryRecord>;
type StoredView = PlainViewModel | WindowedViewModel;

/** A view whose registered version is not served yet. Feast's object of it says the version that is. */
export interface PendingView {
  readonly state: ViewState;
  readonly registered: StoredView;
  readonly served: StoredView;
  /** Feast changed what it keeps of the view, such as what it materialized, and not its definition. */
  readonly isUnchanged: boolean;
  /** Feast went over to another version than the one that was served. */
  readonly isMoved: boolean;
}

/** What is pending of the view that an object of Feast's is about; null where the registered version is the served one. */
export function pendingView(object: FeastObject, records: Records, known: ModelsByName): Omit<PendingView, "isMoved"> | null {
  const found = findPending(object.name, records, known);
  return found === null ? null : { ...found, isUnchanged: says(object.bytes, found.served) };
}

/** The features of a view's served version, where another one is registered; else null. */
export function servedFeatures(view: string, records: Records, known: ModelsByName): readonly string[] | null {
  return findPending(view, records, known)?.served.features.map((feature) => feature.name) ?? null;
}

function findPending(view: string, records: Records, known: ModelsByName): Omit<PendingView, "isUnchanged" | "isMoved"> | null {
  const registered = known.views.get(view);
  const record = records.get(`view_state ${view}`);
  if (record === undefined || registered === undefined || registered.form === "request") return null;
  const state = decodeViewState(record.spec, view);
  if (state.deleted || state.activeGeneration === state.registeredGeneration) return null;
  const version = records.get(`view_version ${printVersion(view, versionOf(state.activeGeneration))}`);
  const served = keptDefinition(version ?? null, view);
  return served === null ? null : { state, registered, served };
}

/** Whether an object needs no change to say a definition. */
function says(bytes: Uint8Array, view: StoredView): boolean {
  const spec = new Message(bytes).message(viewFields.spec) ?? new Message();
  const before = spec.encode();
  return equalBytes(before, encodeView(view, { spec: new Message(before), kafka: null }).encode());
}

/** Whether what was read from Feast is the version that is served. */
export function isServed(pending: PendingView, encoded: EncodedDefinition): boolean {
  const served = encodeDefinition(pending.served);
  return served.dataFingerprint === encoded.dataFingerprint && served.metadataFingerprint === encoded.metadataFingerprint;
}

/** The served version is the registered one again, since Feast redefined that. What was pending is kept as the version that it is. */
export function supersede({ state }: PendingView): ViewState {
  const pinned = new Set(state.keptGenerations);
  return returnToGeneration(state, state.activeGeneration, { replaceWhenReady: false, pinned, nowUs: null });
}

/** The record of the version that was registered until now, which is kept beside the one that Feast registered. */
export function keepRegistered(project: string, registered: StoredView, state: ViewState): RegistryChange {
  const specOf = (model: Parameters<typeof encodeDefinition>[0]) => encodeDefinition(model).spec;
  return putViewVersion(project, registered.name, versionOf(state.registeredGeneration), {
    view: specOf(registered),
    entities: registered.entities.map((entity) => ({ name: entity.name, spec: specOf(entity) })),
    source: { name: registered.source.name, spec: specOf(registered.source) },
  });
}
