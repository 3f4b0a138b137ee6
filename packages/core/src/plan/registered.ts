import { decodeModels, type ModelsByName } from "../registry/models.ts";
import { decodeSourceState, newSourceState, type SourceState } from "../registry/source-state.ts";
import type { ViewState } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import { parseVersion } from "../registry/view-version.ts";
import type { RegistryRecord, RegistrySnapshot } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import type { PlanKind } from "./plan.ts";

/** Kinds of objects that repositories define, in the order in which they build on each other. */
export const objectKinds = ["entity", "source", "feature_view", "feature_service", "label"] as const;

export type ObjectKind = (typeof objectKinds)[number];

/** State with the revision on which a change of it is conditional; 0 = no record. */
export interface Revised<T> {
  readonly state: T;
  readonly revision: number;
}

/** One project of a snapshot, by kind and name. */
export interface Registered {
  readonly project: string;
  readonly definitionsVersion: number;
  record(kind: PlanKind, name: string): RegistryRecord | null;
  records(kind: ObjectKind): readonly RegistryRecord[];
  viewState(view: string): Revised<ViewState> | null;
  /** Records of a view's versions, by number: of all that are kept beside the registered one, and of former ones. */
  viewVersions(view: string): ReadonlyMap<number, RegistryRecord>;
  sourceState(source: string): Revised<SourceState>;
  /** Decoded when first asked for: a plan without changes needs none. */
  models(): ModelsByName;
}

export function indexRegistered(snapshot: RegistrySnapshot, project: string): Registered {
  const records = new Map<string, RegistryRecord>();
  const byKind: Record<ObjectKind, RegistryRecord[]> = { entity: [], source: [], feature_view: [], feature_service: [], label: [] };
  for (const record of snapshot.records) {
    if (record.project !== project) continue;
    records.set(idOf(record.kind, record.name), record);
    if (isObjectKind(record.kind)) byKind[record.kind].push(record);
  }
  const versions = new Map<string, Map<number, RegistryRecord>>();
  for (const record of records.values()) {
    if (record.kind !== "view_version") continue;
    const { view, version } = parseVersion(record.name);
    if (version !== null) versions.set(view, (versions.get(view) ?? new Map()).set(version, record));
  }
  let models: ModelsByName | null = null;
  return {
    project,
    definitionsVersion: snapshot.definitionsVersion,
    record: (kind, name) => records.get(idOf(kind, name)) ?? null,
    records: (kind) => byKind[kind],
    viewState(view) {
      const record = records.get(idOf("view_state", view));
      return record === undefined ? null : { state: decodeViewState(record.spec, view), revision: record.revision };
    },
    viewVersions: (view) => versions.get(view) ?? new Map(),
    sourceState(source) {
      const record = records.get(idOf("source_state", source));
      if (record === undefined) return { state: newSourceState, revision: 0 };
      return { state: decodeSourceState(record.spec, source), revision: record.revision };
    },
    models() {
      models ??= decodeModels({
        entity: specsOf(byKind.entity),
        source: specsOf(byKind.source),
        feature_view: specsOf(byKind.feature_view),
        feature_service: specsOf(byKind.feature_service),
        label: specsOf(byKind.label),
      });
      return models;
    },
  };
}

function isObjectKind(kind: string): kind is ObjectKind {
  return objectKinds.some((known) => known === kind);
}

function specsOf(records: readonly RegistryRecord[]): ReadonlyMap<string, Json> {
  return new Map(records.map((r) => [r.name, r.spec]));
}

function idOf(kind: string, name: string): string {
  return `${kind}\n${name}`;
}
