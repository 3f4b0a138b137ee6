import {
  AsofError,
  addSchema,
  type DerivedEdge,
  decodeViewState,
  dropFeatures,
  type EncodedDefinition,
  encodeDefinition,
  encodeViewState,
  fingerprintOf,
  type Json,
  lineageOfService,
  lineageOfView,
  type ModelsByName,
  modelsFromSnapshot,
  newViewState,
  type ObjectModel,
  openGeneration,
  type PlainViewModel,
  putState,
  type RegistryChange,
  type RegistryRecord,
  recordCoverage,
  recordCursor,
  rowSchemaOf,
  type ViewModel,
  type ViewState,
  viewStateKey,
  type WindowedViewModel,
} from "@asof/core";
import { decodeDefinitions, noDefinitions } from "../definition/decode-definitions.ts";
import { projectFields, projectSpec, viewFields, viewMeta } from "../definition/fields.ts";
import type { FeastKind, FeastObject } from "../definition/objects.ts";
import { readMicroseconds } from "../definition/times.ts";
import type { UnsupportedObject } from "../definition/unsupported.ts";
import { Message } from "../wire/message.ts";
import {
  type FeastHistory,
  type FeastUse,
  feastGeneration,
  followGeneration,
  movedGeneration,
  ownIntervals,
  passLatest,
} from "./feast-version.ts";
import { isServed, keepRegistered, type PendingView, pendingView, servedFeatures, supersede } from "./pending.ts";

export interface AbsorbInput extends FeastUse, FeastHistory {
  readonly project: string;
  /** Feast's objects of the project. */
  readonly objects: readonly FeastObject[];
  /** asof's records of the project. */
  readonly records: readonly RegistryRecord[];
  isOurs(object: FeastObject): boolean;
  wasWritten(kind: FeastKind, name: string): boolean;
}

/** What Feast changed, as changes of asof's records. */
export interface Absorbed {
  readonly changes: readonly RegistryChange[];
  readonly lineage: { readonly added: readonly DerivedEdge[]; readonly removed: readonly DerivedEdge[] };
  readonly unsupported: readonly UnsupportedObject[];
}

/**
 * Computes how asof's records change by what Feast wrote since asof wrote last. Objects that only Feast wrote are managed by the repository
 * named like the project; others stay with theirs. Views of Feast's that are new get a state; what Feast materialized into a store that
 * asof reads too counts as covered.
 */
export function absorbFeast(input: AbsorbInput): Absorbed {
  const { project, records } = input;
  const known = knownModels(records);
  const before = new Map(records.map((record) => [`${record.kind} ${record.name}`, record]));
  const pending = findPending(input, before, known);
  const redefined = [...pending.values()].filter((view) => !view.isUnchanged).map(({ served }) => [served.name, served] as const);
  const { model, unsupported } = decodeDefinitions({
    ...input,
    known: redefined.length === 0 ? known : { ...known, views: new Map([...known.views, ...redefined]) },
    servedFeatures: (view) => servedFeatures(view, before, known),
    isOurs: (object) => input.isOurs(object) || (object.kind === "feature_view" && pending.get(object.name)?.isUnchanged === true),
  });
  const changes: RegistryChange[] = projectChange(input, before);
  const added: DerivedEdge[] = [];
  const removed: DerivedEdge[] = [];
  const found = new Set<string>();
  const views = new Map(input.objects.filter((o) => o.kind === "feature_view").map((o) => [o.name, o]));
  for (const object of [...model.entities, ...model.sources, ...model.views, ...model.services]) {
    const encoded = encodeDefinition(object);
    found.add(`${encoded.kind} ${encoded.name}`);
    const record = before.get(`${encoded.kind} ${encoded.name}`);
    const waiting = object.kind === "view" ? pending.get(object.name) : undefined;
    const isServing = waiting !== undefined && !waiting.isMoved && (waiting.isUnchanged || isServed(waiting, encoded));
    const isChanged = waiting === undefined ? !sameDefinition(record, encoded) : !isServing;
    if (isChanged) {
      changes.push(putDefinition(project, encoded, record));
      added.push(...edgesOf(object));
      removed.push(...edgesBefore(known, encoded));
    }
    if (object.kind !== "view" || object.form === "request") continue;
    const feast = views.get(object.name);
    const isFresh = feast !== undefined && !input.isOurs(feast);
    if (waiting !== undefined && isChanged) changes.push(keepRegistered(project, waiting.registered, waiting.state));
    if (waiting !== undefined) changes.push(...pendingChange(input, isServing ? waiting.served : object, waiting, before, isServing));
    else if (isChanged || isFresh)
      changes.push(...stateChange(input, object, known.views.get(object.name), before, isFresh ? feast : null));
  }
  for (const record of records) {
    if (found.has(`${record.kind} ${record.name}`) || !isKnown(known, record)) continue;
    changes.push({ op: "delete", ifRevision: null, project, kind: record.kind, name: record.name });
    removed.push(...edgesBefore(known, record));
  }
  return { changes, lineage: { added, removed }, unsupported };
}

/** The definitions among records. A store takes any JSON as a record; where there is something else, nothing is known. */
export function knownModels(records: readonly RegistryRecord[]): ModelsByName {
  try {
    return modelsFromSnapshot({ version: 0, definitionsVersion: 0, records });
  } catch (error) {
    if (error instanceof AsofError) return noDefinitions;
    throw error;
  }
}

function isKnown(known: ModelsByName, { kind, name }: RegistryRecord): boolean {
  switch (kind) {
    case "entity":
      return known.entities.has(name);
    case "source":
      return known.sources.has(name);
    case "feature_view":
      return known.views.has(name);
    case "feature_service":
      return known.services.has(name);
    default:
      return false;
  }
}

function sameDefinition(record: RegistryRecord | undefined, encoded: EncodedDefinition): boolean {
  return record?.dataFingerprint === encoded.dataFingerprint && record.metadataFingerprint === encoded.metadataFingerprint;
}

function putDefinition(project: string, encoded: EncodedDefinition, before: RegistryRecord | undefined): RegistryChange {
  const { kind, name, spec, dataFingerprint, metadataFingerprint } = encoded;
  return {
    op: "put",
    ifRevision: null,
    project,
    kind,
    name,
    repository: before?.repository ?? project,
    dataFingerprint,
    metadataFingerprint,
    spec,
  };
}

/** The project's own record: its description. */
function projectChange({ project, objects }: AbsorbInput, before: ReadonlyMap<string, RegistryRecord>): RegistryChange[] {
  const object = objects.find((o) => o.kind === "project");
  const description =
    object === undefined ? "" : (new Message(object.bytes).message(projectFields.spec)?.text(projectSpec.description) ?? "");
  const metadata: Json = description === "" ? {} : { description };
  const record = before.get(`project ${project}`);
  const fingerprint = fingerprintOf(metadata);
  if (record?.metadataFingerprint === fingerprint || (record !== undefined && object === undefined)) return [];
  const fingerprints = { dataFingerprint: fingerprintOf({}), metadataFingerprint: fingerprint };
  return [
    { op: "put", ifRevision: null, project, kind: "project", name: project, repository: "", ...fingerprints, spec: { data: {}, metadata } },
  ];
}

type StoredView = PlainViewModel | WindowedViewModel;

function stateChange(
  input: AbsorbInput,
  view: StoredView,
  known: ViewModel | undefined,
  before: ReadonlyMap<string, RegistryRecord>,
  feast: FeastObject | null,
): readonly RegistryChange[] {
  const spec = before.get(`view_state ${view.name}`)?.spec;
  const state = spec === undefined ? null : decodeViewState(spec, view.name);
  const meta = feast === null ? null : metaOf(feast);
  if (state === null || state.deleted || known === undefined || known.form === "request")
    return changedState(input, view, openState(input, view, state, meta), meta, spec);
  const moved = movedGeneration(input, view, state, meta);
  if (moved === null) return changedState(input, view, keepState(view, state, known), meta, spec);
  const followed = followGeneration(state, moved, rowSchemaOf(view));
  return [keepRegistered(input.project, known, state), ...changedState(input, view, followed, meta, spec)];
}

function metaOf(feast: FeastObject | undefined): Message {
  return new Message(feast?.bytes).message(viewFields.meta) ?? new Message();
}

function changedState(
  input: AbsorbInput,
  view: StoredView,
  opened: ViewState,
  meta: Message | null,
  spec: Json | undefined,
): readonly RegistryChange[] {
  const isShared =
    meta !== null && view.form === "plain" && input.sharedOnlineStore && feastGeneration(input, meta) === opened.activeGeneration;
  const next = passLatest(isShared ? coverIntervals(input, opened, view, meta) : opened, view.name, input);
  const encoded = encodeViewState(next);
  if (spec !== undefined && fingerprintOf(spec) === fingerprintOf(encoded)) return [];
  return [{ ...putState(viewStateKey(input.project, view.name), encoded, 0), ifRevision: null }];
}

/** Views that Feast wrote while another version of theirs than the served one is registered. */
function findPending(
  input: AbsorbInput,
  before: ReadonlyMap<string, RegistryRecord>,
  known: ModelsByName,
): ReadonlyMap<string, PendingView> {
  const found = new Map<string, PendingView>();
  for (const object of input.objects) {
    if (object.kind !== "feature_view" || input.isOurs(object)) continue;
    const pending = pendingView(object, before, known);
    if (pending === null) continue;
    const isMoved = movedGeneration(input, pending.served, pending.state, metaOf(object)) !== null;
    found.set(object.name, { ...pending, isMoved, isUnchanged: pending.isUnchanged && !isMoved });
  }
  return found;
}

/** What Feast did to the served version of a view while another one is registered. */
function pendingChange(
  input: AbsorbInput,
  view: StoredView,
  pending: PendingView,
  before: ReadonlyMap<string, RegistryRecord>,
  isServing: boolean,
): readonly RegistryChange[] {
  const feast = input.objects.find((object) => object.kind === "feature_view" && object.name === view.name);
  const meta = metaOf(feast);
  const moved = movedGeneration(input, view, pending.state, meta);
  const superseded = () =>
    moved === null ? keepState(view, supersede(pending), pending.served) : followGeneration(pending.state, moved, rowSchemaOf(view));
  const kept = isServing ? pending.state : superseded();
  return changedState(input, view, kept, meta, before.get(`view_state ${view.name}`)?.spec);
}

/** Feast's tables are of the version that it serves if it keeps versions apart, else there is one table whatever the version. */
function openState(input: AbsorbInput, view: StoredView, state: ViewState | null, meta: Message | null): ViewState {
  const schema = rowSchemaOf(view);
  const latest = input.latestVersion(view.name) ?? 0;
  if (state !== null && meta === null) return openGeneration(state, schema);
  const generation = feastGeneration(input, meta);
  const fresh = newViewState(schema);
  return {
    ...fresh,
    activeGeneration: generation,
    registeredGeneration: generation,
    keptGenerations: [generation],
    lastGeneration: Math.max(generation, latest + 1, state?.lastGeneration ?? 0),
    schemas: new Map([[generation, [schema]]]),
  };
}

/** A redefinition by Feast is in place, as it is in Feast's online stores: a value says its own type there. */
function keepState(view: StoredView, state: ViewState, known: ViewModel): ViewState {
  const names = new Set(view.features.map((feature) => feature.name));
  const gone = known.features.map((feature) => feature.name).filter((name) => !names.has(name));
  return dropFeatures(addSchema(state, rowSchemaOf(view)), gone);
}

function coverIntervals(input: AbsorbInput, state: ViewState, view: PlainViewModel, meta: Message): ViewState {
  const generation = state.activeGeneration;
  const features = view.features.map((feature) => feature.name);
  const intervals = ownIntervals(input, input, view.name, state, meta);
  const covered = intervals.reduce((after, span) => recordCoverage(after, generation, features, span), state);
  const last = intervals.at(-1);
  if (last === undefined) return covered;
  const updatedUs = readMicroseconds(meta.message(viewMeta.lastUpdated)) ?? last.toUs;
  return recordCursor(covered, generation, { createdUs: null, eventUs: last.toUs }, updatedUs);
}

function edgesOf(object: ObjectModel): readonly DerivedEdge[] {
  if (object.kind === "view") return lineageOfView(object);
  return object.kind === "service" ? lineageOfService(object) : [];
}

function edgesBefore(known: ModelsByName, object: { readonly kind: string; readonly name: string }): readonly DerivedEdge[] {
  const view = object.kind === "feature_view" ? known.views.get(object.name) : undefined;
  const service = object.kind === "feature_service" ? known.services.get(object.name) : undefined;
  return [...(view === undefined ? [] : lineageOfView(view)), ...(service === undefined ? [] : lineageOfService(service))];
}
