import {
  decodeViewState,
  definitionKinds,
  type ModelsByName,
  printVersion,
  type RegistryChange,
  type RegistryRecord,
  viewStateKey,
} from "@asof/core";
import { type FeastObject, feastId } from "../definition/objects.ts";
import type { UnsupportedObject } from "../definition/unsupported.ts";
import { absorbFeast, knownModels } from "../mirror/absorb.ts";
import type { FeastUse } from "../mirror/feast-version.ts";
import { descriptionOf, keptDefinition, mirrorChanges } from "../mirror/mirror.ts";
import type { RegistryDocument } from "./document.ts";
import { isMarkOf, markOf, meaningIn, meaningOf } from "./mark.ts";

/** Kinds of Feast's objects that asof has definitions for. */
const modelled: ReadonlySet<string> = new Set(["project", "entity", "data_source", "feature_view", "feature_service"]);

/** What was taken over from Feast's bytes. */
export interface Absorption {
  /** The changes as text, so that the same ones are known again; empty where there were none. */
  readonly signature: string;
  readonly changesDefinitions: boolean;
  readonly unsupported: ReadonlyMap<string, readonly UnsupportedObject[]>;
}

/** Brings asof's state up to what Feast wrote into the file. The version counts up once if anything changed. */
export function absorbInto(document: RegistryDocument, use: FeastUse, nowUs: number): Absorption {
  const { state } = document;
  const unsupported = new Map<string, readonly UnsupportedObject[]>();
  const signatures: string[] = [];
  let changesDefinitions = false;
  for (const [project, objects] of Map.groupBy(document.objects(null), (object) => object.project)) {
    const absorbed = absorbFeast({
      ...use,
      project,
      objects,
      records: state.records(project),
      isOurs: (object) => isMarkOf(state.written.get(feastId(object)), object.bytes),
      wasWritten: (kind, name) => state.written.has(feastId({ kind, project, name })),
      latestVersion: (view) => document.latestVersion(project, view),
      versionBytes: (view, version) => document.versionBytes(project, view, version),
    });
    unsupported.set(project, absorbed.unsupported);
    if (absorbed.changes.length > 0) {
      if (signatures.length === 0) state.header = { ...state.header, version: state.header.version + 1 };
      signatures.push(JSON.stringify(absorbed.changes));
    }
    changesDefinitions ||= absorbed.changes.some((change) => definitionKinds.includes(change.kind));
    for (const change of absorbed.changes) state.apply(change, nowUs);
    const { removed, added } = absorbed.lineage;
    for (const { from, to } of removed) state.removeEdge({ project, from, to, recordedBy: "apply" });
    for (const edge of added) state.addEdge({ ...edge, project, recordedBy: "apply", recordedAtUs: nowUs });
    noteWritten(document, project, objects, absorbed.unsupported);
  }
  if (changesDefinitions) state.header = { ...state.header, definitionsVersion: state.header.definitionsVersion + 1 };
  return { signature: signatures.join("\n"), changesDefinitions, unsupported };
}

/** From now on asof's records say what these objects say. */
function noteWritten(
  document: RegistryDocument,
  project: string,
  objects: readonly FeastObject[],
  unsupported: readonly UnsupportedObject[],
): void {
  const { written, replaced } = document.state;
  const refused = new Set(unsupported.map(({ kind, name }) => feastId({ kind, project, name })));
  const present = new Set<string>();
  for (const object of objects) {
    const id = feastId(object);
    present.add(id);
    if (!modelled.has(object.kind) || refused.has(id)) continue;
    const before = written.get(id);
    if (isMarkOf(before, object.bytes)) continue;
    const mark = markOf(object.kind, object.bytes);
    written.set(id, mark);
    if (before === undefined || meaningIn(before) !== meaningIn(mark)) replaced.delete(id);
  }
  for (const id of [...written.keys()]) {
    if (present.has(id) || (JSON.parse(id) as readonly string[])[1] !== project) continue;
    written.delete(id);
    replaced.delete(id);
  }
}

/** What a change replaces: read before it is carried out. */
export interface ReplacedRecords {
  readonly before: ReadonlyMap<string, RegistryRecord | null>;
}

export function noteReplaced(document: RegistryDocument, changes: readonly RegistryChange[]): ReplacedRecords {
  return { before: new Map(changes.map((change) => [idOf(change), document.state.record(change)])) };
}

/** Brings Feast's objects up to changes that asof's state has taken. */
export function mirrorInto(
  document: RegistryDocument,
  changes: readonly RegistryChange[],
  { before }: ReplacedRecords,
  nowUs: number,
  newId: () => string,
): void {
  const { state } = document;
  for (const [project, own] of Map.groupBy(changes, (change) => change.project)) {
    const recordOf = (kind: RegistryRecord["kind"], name: string): RegistryRecord | null =>
      before.get(idOf({ project, kind, name })) ?? null;
    let models: ModelsByName | null = null;
    const { objects, versions } = mirrorChanges({
      project,
      changes: own,
      get models() {
        models ??= knownModels(state.records(project));
        return models;
      },
      get modelsBefore() {
        return deletedModels(own, recordOf);
      },
      specBefore: (kind, name) => recordOf(kind, name)?.spec ?? null,
      description: descriptionOf(state.record({ project, kind: "project", name: project })?.spec ?? null),
      viewSpec: (view) => state.record({ project, kind: "feature_view", name: view })?.spec ?? null,
      stateOf: (view) => viewStateOf(state.record(viewStateKey(project, view)), view),
      stateBefore: (view) => {
        const id = idOf(viewStateKey(project, view));
        return viewStateOf(before.has(id) ? (before.get(id) ?? null) : state.record(viewStateKey(project, view)), view);
      },
      versionOf: (view, version) =>
        keptDefinition(state.record({ project, kind: "view_version", name: printVersion(view, version) }), view),
      objectOf: (kind, name) => document.bytesOf(kind, project, name),
      kafkaOver: (source) => document.kafkaOver(project, source),
      nowUs,
    });
    for (const { kind, name, bytes } of objects) {
      const id = feastId({ kind, project, name });
      const had = document.bytesOf(kind, project, name);
      if (!state.replaced.has(id)) state.replaced.set(id, had === null ? "" : meaningOf(kind, had));
      document.set({ kind, project, name, bytes });
      if (bytes === null) state.written.delete(id);
      else state.written.set(id, markOf(kind, bytes));
    }
    for (const version of versions) {
      if (version.number <= (document.latestVersion(project, version.view) ?? -1)) continue;
      document.addVersion({ ...version, project, versionId: newId(), createdUs: nowUs });
    }
  }
}

function deletedModels(
  changes: readonly RegistryChange[],
  recordOf: (kind: RegistryRecord["kind"], name: string) => RegistryRecord | null,
): ModelsByName {
  const deleted = changes.filter((change) => change.op === "delete" && (change.kind === "entity" || change.kind === "source"));
  return knownModels(deleted.flatMap((change) => recordOf(change.kind, change.name) ?? []));
}

function viewStateOf(record: RegistryRecord | null, view: string) {
  return record === null ? null : decodeViewState(record.spec, view);
}

function idOf(key: Pick<RegistryChange, "project" | "kind" | "name">): string {
  return JSON.stringify([key.project, key.kind, key.name]);
}
