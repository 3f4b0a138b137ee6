import { type Cursor, newCursor, readFields, readInside, readInt32, readText, tagOf, wireType } from "../wire/cursor.ts";

/** Kinds of objects that a Feast registry holds many of. */
export type FeastRegistryKind =
  | "entity"
  | "feature_table"
  | "feature_view"
  | "feature_service"
  | "on_demand_feature_view"
  | "saved_dataset"
  | "data_source"
  | "validation_reference"
  | "stream_feature_view"
  | "project_metadata"
  | "permission"
  | "project"
  | "feature_view_version"
  | "label_view";

/** Where a kind lies in `feast.core.Registry`, and its names in the object. */
export interface FeastKindPlace {
  /** Field of `Registry`. */
  readonly field: number;
  /** Field of the object's message that holds the names; null where they lie in the object itself. */
  readonly within: number | null;
  readonly name: number;
  /** null: the name is the project's. */
  readonly project: number | null;
  /** Field of the version's number, which is part of its name. */
  readonly version?: number;
}

export const feastKinds: Readonly<Record<FeastRegistryKind, FeastKindPlace>> = {
  entity: { field: 1, within: 1, name: 1, project: 9 },
  feature_table: { field: 2, within: 1, name: 1, project: 9 },
  feature_view: { field: 6, within: 1, name: 1, project: 2 },
  feature_service: { field: 7, within: 1, name: 1, project: 2 },
  on_demand_feature_view: { field: 8, within: 1, name: 1, project: 2 },
  saved_dataset: { field: 11, within: 1, name: 1, project: 2 },
  data_source: { field: 12, within: null, name: 20, project: 21 },
  validation_reference: { field: 13, within: null, name: 1, project: 3 },
  stream_feature_view: { field: 14, within: 1, name: 1, project: 2 },
  project_metadata: { field: 15, within: null, name: 1, project: null },
  permission: { field: 16, within: 1, name: 1, project: 2 },
  project: { field: 17, within: 1, name: 1, project: null },
  feature_view_version: { field: 18, within: null, name: 1, project: 2, version: 3 },
  label_view: { field: 19, within: 1, name: 1, project: 2 },
};

/** Project and name of an object; a version's name is `view@v2`. A project's own name is both. */
export interface FeastObjectName {
  readonly project: string;
  readonly name: string;
}

/** Reads the names alone out of an object's bytes. */
export function readObjectName(kind: FeastRegistryKind, bytes: Uint8Array): FeastObjectName {
  const place = feastKinds[kind];
  const cursor = newCursor();
  cursor.bytes = bytes;
  cursor.end = bytes.length;
  const found = { name: "", project: "", version: 0 };
  if (place.within === null) readNames(cursor, place, found);
  else {
    const spec = tagOf(place.within, wireType.delimited);
    readFields(cursor, (tag) => {
      if (tag !== spec) return false;
      readInside(cursor, (inside) => readNames(inside, place, found));
      return true;
    });
  }
  const name = place.version === undefined ? found.name : `${found.name}@v${found.version}`;
  return { name, project: place.project === null ? found.name : found.project };
}

function readNames(cursor: Cursor, place: FeastKindPlace, found: { name: string; project: string; version: number }): void {
  readFields(cursor, (tag) => {
    if (tag === tagOf(place.name, wireType.delimited)) found.name = readText(cursor);
    else if (place.project !== null && tag === tagOf(place.project, wireType.delimited)) found.project = readText(cursor);
    else if (place.version !== undefined && tag === tagOf(place.version, wireType.varint)) found.version = readInt32(cursor);
    else return false;
    return true;
  });
}
