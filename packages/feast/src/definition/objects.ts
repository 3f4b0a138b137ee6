/** Kinds of objects that asof looks at one by one. Versions and what Feast keeps of its infrastructure stay as they are. */
export const feastObjectKinds = [
  "project",
  "entity",
  "data_source",
  "feature_view",
  "stream_feature_view",
  "on_demand_feature_view",
  "label_view",
  "feature_service",
  "saved_dataset",
  "validation_reference",
  "permission",
] as const;

export type FeastKind = (typeof feastObjectKinds)[number];

/** One object of a Feast registry: its name, and its protobuf bytes, which are never changed but by who understands them. */
export interface FeastObject {
  readonly kind: FeastKind;
  readonly project: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What an object is called in maps. */
export function feastId(object: { readonly kind: FeastKind; readonly project: string; readonly name: string }): string {
  return JSON.stringify([object.kind, object.project, object.name]);
}
