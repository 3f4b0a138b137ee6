import { AsofError } from "@asof/core";
import { type FeastKind, type FeastObject, feastStreamOf } from "@asof/feast";
import { bytes, integer, text } from "./codec.ts";
import type { Prepare } from "./statistics.ts";

interface TablePlace {
  readonly table: string;
  readonly name: string;
  readonly proto: string;
}

/** Feast's tables of objects. */
const places: Readonly<Record<FeastKind, TablePlace>> = {
  project: { table: "projects", name: "project_id", proto: "project_proto" },
  entity: { table: "entities", name: "entity_name", proto: "entity_proto" },
  data_source: { table: "data_sources", name: "data_source_name", proto: "data_source_proto" },
  feature_view: { table: "feature_views", name: "feature_view_name", proto: "feature_view_proto" },
  stream_feature_view: { table: "stream_feature_views", name: "feature_view_name", proto: "feature_view_proto" },
  on_demand_feature_view: { table: "on_demand_feature_views", name: "feature_view_name", proto: "feature_view_proto" },
  label_view: { table: "label_views", name: "feature_view_name", proto: "feature_view_proto" },
  feature_service: { table: "feature_services", name: "feature_service_name", proto: "feature_service_proto" },
  saved_dataset: { table: "saved_datasets", name: "saved_dataset_name", proto: "saved_dataset_proto" },
  validation_reference: { table: "validation_references", name: "validation_reference_name", proto: "validation_reference_proto" },
  permission: { table: "permissions", name: "permission_name", proto: "permission_proto" },
};

const kinds = Object.keys(places) as readonly FeastKind[];

/** Where every object of Feast's stands, of one project or of all, by kind and name, and what its column holds. */
function listRows(prepare: Prepare, project: string | null): readonly (Omit<FeastObject, "bytes"> & { readonly held: unknown })[] {
  const tables = new Set(
    prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map((row) => text(row, "name")),
  );
  return kinds.flatMap((kind) => {
    const { table, name, proto } = places[kind];
    // A table that an older Feast did not have is empty.
    if (!tables.has(table)) return [];
    const sql = `SELECT project_id AS project, ${name} AS name, ${proto} AS held FROM ${table} WHERE :project IS NULL OR project_id = :project ORDER BY ${name}`;
    const rows = prepare(sql).all({ project });
    return rows.map((row) => ({ kind, project: text(row, "project"), name: text(row, "name"), held: row.held }));
  });
}

/** Every object of Feast's, of one project or of all, by kind and name. */
export function listObjects(prepare: Prepare, project: string | null): readonly FeastObject[] {
  return listRows(prepare, project).map(({ held, ...object }) => {
    if (!(held instanceof Uint8Array)) throw damagedObject(object, "it is no blob", null);
    return { ...object, bytes: held };
  });
}

/** The names of all objects of Feast's, also of damaged ones. */
export function listNames(prepare: Prepare, project: string | null): readonly Omit<FeastObject, "bytes">[] {
  return listRows(prepare, project).map(({ held: _, ...object }) => object);
}

/** The error of an object that cannot be read. */
export function damagedObject({ kind, project, name }: Omit<FeastObject, "bytes">, what: string, cause: unknown): AsofError {
  const { table, name: column, proto } = places[kind];
  const message = `The registry's table ${table} has a damaged ${proto} where ${column} is "${name}" and project_id is "${project}": ${what}.`;
  return new AsofError("ASOF_REGISTRY_UNREADABLE", message, {
    path: `${table}.${proto}`,
    value: name,
    fix: `Restore this row from a backup, or delete it and apply "${name}" again. Until then the project "${project}" is refused; others are not.`,
    cause,
  });
}

export function bytesOf(prepare: Prepare, kind: FeastKind, project: string, name: string): Uint8Array | null {
  const place = places[kind];
  const row = prepare(`SELECT ${place.proto} AS bytes FROM ${place.table} WHERE ${place.name} = ? AND project_id = ?`).get(name, project);
  return row === undefined ? null : bytes(row, "bytes");
}

/** The Kafka source over a batch source. */
export function kafkaOver(prepare: Prepare, project: string, batch: string): { readonly name: string; readonly bytes: Uint8Array } | null {
  const rows = prepare("SELECT data_source_name AS name, data_source_proto AS bytes FROM data_sources WHERE project_id = ?").all(project);
  for (const row of rows) {
    const found = bytes(row, "bytes");
    if (feastStreamOf(found)?.batch === batch) return { name: text(row, "name"), bytes: found };
  }
  return null;
}

/** Puts an object, or deletes it where bytes are null; Feast deletes a view's versions with it. Times are Feast's: whole seconds. */
export function putObject(
  prepare: Prepare,
  object: Omit<FeastObject, "bytes"> & { readonly bytes: Uint8Array | null },
  nowUs: number,
): void {
  const { kind, project, name, bytes: proto } = object;
  const place = places[kind];
  const seconds = Math.floor(nowUs / 1_000_000);
  if (proto === null) {
    prepare(`DELETE FROM ${place.table} WHERE ${place.name} = ? AND project_id = ?`).run(name, project);
    if (kind === "feature_view")
      prepare("DELETE FROM feature_view_version_history WHERE feature_view_name = ? AND project_id = ?").run(name, project);
    return;
  }
  const changed = prepare(
    `UPDATE ${place.table} SET ${place.proto} = ?, last_updated_timestamp = ? WHERE ${place.name} = ? AND project_id = ?`,
  ).run(proto, seconds, name, project).changes;
  if (changed > 0) return;
  if (kind === "project") {
    prepare("INSERT INTO projects (project_id, project_name, last_updated_timestamp, project_proto) VALUES (?, ?, ?, ?)").run(
      name,
      name,
      seconds,
      proto,
    );
    return;
  }
  prepare(`INSERT INTO ${place.table} (${place.name}, project_id, last_updated_timestamp, ${place.proto}) VALUES (?, ?, ?, ?)`).run(
    name,
    project,
    seconds,
    proto,
  );
}

/** The greatest version of a view that Feast has kept; null = none. */
export function latestVersion(prepare: Prepare, project: string, view: string): number | null {
  const sql = "SELECT max(version_number) AS latest FROM feature_view_version_history WHERE feature_view_name = ? AND project_id = ?";
  const row = prepare(sql).get(view, project);
  return row === undefined || row.latest === null ? null : integer(row, "latest");
}

/** Feast's object of a version of a view as it was when that was made; null = not kept. */
export function versionBytes(prepare: Prepare, project: string, view: string, version: number): Uint8Array | null {
  const sql = `SELECT feature_view_proto AS bytes FROM feature_view_version_history
    WHERE feature_view_name = ? AND project_id = ? AND version_number = ?`;
  const row = prepare(sql).get(view, project, version);
  return row?.bytes instanceof Uint8Array ? row.bytes : null;
}

export function addVersion(
  prepare: Prepare,
  version: { readonly project: string; readonly view: string; readonly number: number; readonly bytes: Uint8Array },
  versionId: string,
  nowUs: number,
): void {
  const sql = `INSERT INTO feature_view_version_history
    (feature_view_name, project_id, version_number, feature_view_type, feature_view_proto, created_timestamp, description, version_id)
    VALUES (?, ?, ?, 'feature_view', ?, ?, '', ?)`;
  prepare(sql).run(version.view, version.project, version.number, version.bytes, Math.floor(nowUs / 1_000_000), versionId);
}

/** What Feast keeps of a project beside its objects: who it is, and when it was written last. */
export function touchProject(prepare: Prepare, project: string, newId: () => string, nowUs: number): void {
  const seconds = Math.floor(nowUs / 1_000_000);
  prepare("INSERT OR IGNORE INTO feast_metadata VALUES (?, 'project_uuid', ?, ?)").run(project, newId(), seconds);
  prepare("INSERT OR REPLACE INTO feast_metadata VALUES (?, 'last_updated_timestamp', ?, ?)").run(project, String(seconds), seconds);
}

/** When Feast last wrote a project, in UTC microseconds; null if it does not say. */
export function lastUpdatedUs(prepare: Prepare, project: string): number | null {
  const sql =
    "SELECT last_updated_timestamp AS seconds FROM feast_metadata WHERE project_id = ? AND metadata_key = 'last_updated_timestamp'";
  const row = prepare(sql).get(project);
  return row === undefined ? null : integer(row, "seconds") * 1_000_000;
}
