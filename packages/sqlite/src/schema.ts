import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { AsofError } from "@asof/core";

/** The format that this version writes; it also reads the one before, of which there is none yet. */
const formatVersion = 1;

/** What the statements of this package need; checked when a registry is opened. */
const requiredColumns: Readonly<Record<string, readonly string[]>> = {
  registry_meta: ["key", "value"],
  feature_registry: [
    "project",
    "kind",
    "name",
    "repository",
    "data_fingerprint",
    "metadata_fingerprint",
    "spec",
    "revision",
    "updated_at_us",
  ],
  registry_changes: ["sequence", "version", "project", "kind", "name", "op"],
  registry_jobs: [
    "id",
    "project",
    "kind",
    "status",
    "parameters",
    "progress",
    "error",
    "started_at_us",
    "updated_at_us",
    "finished_at_us",
    "owner",
  ],
  feature_lineage: ["project", "from_node", "to_node", "recorded_by", "recorded_at_us", "details"],
};

/** Name of the migration in its folder. */
const migrationFile = "feature_registry.sql";

/** Makes the tables. The caller holds the write transaction. */
export function applyMigration(database: DatabaseSync, folder: string, path: string): void {
  const file = join(folder, migrationFile);
  let sql: string;
  try {
    sql = readFileSync(file, "utf8");
  } catch (cause) {
    throw new AsofError("ASOF_REGISTRY_FAILED", `The migration ${file} cannot be read.`, {
      path: file,
      cause,
      fix: `Put ${migrationFile} there, or remove the folder from the configuration to use the packaged one.`,
    });
  }
  database.exec(sql);
  checkSchema(database, path);
}

/**
 * Whether the database holds a registry: false for one without tables. ASOF_REGISTRY_VERSION for a newer format,
 * ASOF_REGISTRY_UNREADABLE for somebody else's database or when tables were changed.
 */
export function checkSchema(database: DatabaseSync, path: string): boolean {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  if (tables.length === 0) return false;
  const names = new Set(tables.map((row) => row.name));
  if (!names.has("registry_meta")) {
    throw new AsofError("ASOF_REGISTRY_UNREADABLE", `${path} is a SQLite database of something else: it has no table registry_meta.`, {
      path,
      fix: "Point `registry` in feature_store.yaml at another file.",
    });
  }
  const version = database.prepare("SELECT value FROM registry_meta WHERE key = 'format_version'").get()?.value;
  if (typeof version !== "number" || version > formatVersion) {
    throw new AsofError(
      "ASOF_REGISTRY_VERSION",
      `The registry ${path} has format ${String(version)}; this version reads up to ${formatVersion}.`,
      {
        path,
        value: version,
        fix: "Update asof (`npm install asof@latest`).",
      },
    );
  }
  for (const [table, columns] of Object.entries(requiredColumns)) checkTable(database, path, table, columns);
  return true;
}

function checkTable(database: DatabaseSync, path: string, table: string, columns: readonly string[]): void {
  const found = new Set(
    database
      .prepare("SELECT name FROM pragma_table_info(?)")
      .all(table)
      .map((row) => row.name),
  );
  const missing = columns.filter((column) => !found.has(column));
  if (missing.length === 0) return;
  throw new AsofError(
    "ASOF_REGISTRY_UNREADABLE",
    `The registry ${path} lacks ${found.size === 0 ? `table ${table}` : `${table}.${missing.join(", ")}`}.`,
    {
      path,
      fix: `Make its tables as ${migrationFile} says, or restore them from a backup.`,
    },
  );
}
