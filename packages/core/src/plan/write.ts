import type { ObjectModel, RepositoryModel } from "../definition/model.ts";
import { type EncodedDefinition, encodeDefinition } from "../registry/encode-definition.ts";
import type { RegistryRecord } from "../store/registry.ts";
import type { ObjectKind } from "./registered.ts";

/** An object as it shall be registered, beside what is registered now. */
export interface Write {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly model: ObjectModel;
  readonly encoded: EncodedDefinition;
  readonly before: RegistryRecord | null;
  readonly repository: string;
  readonly adoptedFrom: string | null;
}

/** Whether anything but metadata changes. */
export function changesData(write: Write): boolean {
  return write.before?.dataFingerprint !== write.encoded.dataFingerprint;
}

/** Whether anything changes. */
export function changesAnything(write: Write): boolean {
  return changesData(write) || write.before?.metadataFingerprint !== write.encoded.metadataFingerprint || write.adoptedFrom !== null;
}

/** The objects of a repository by kind; entities and sources before the views on them, views before services. */
export function objectsOf(model: RepositoryModel): readonly { readonly kind: ObjectKind; readonly model: ObjectModel }[] {
  return [
    ...model.entities.map((m) => ({ kind: "entity" as const, model: m })),
    ...model.sources.map((m) => ({ kind: "source" as const, model: m })),
    ...model.views.map((m) => ({ kind: "feature_view" as const, model: m })),
    ...model.services.map((m) => ({ kind: "feature_service" as const, model: m })),
    ...(model.labels ?? []).map((m) => ({ kind: "label" as const, model: m })),
  ];
}

export function makeWrite(
  kind: ObjectKind,
  model: ObjectModel,
  before: RegistryRecord | null,
  repository: string,
  adoptedFrom: string | null,
): Write {
  return { kind, name: model.name, model, encoded: encodeDefinition(model), before, repository, adoptedFrom };
}
