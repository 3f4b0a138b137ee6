import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { AsofError } from "@asof/core";
import { packagedMigrations } from "./config.ts";

/** The format that this version writes; it also reads the one before, which had no statistics. */
const formatVersion = 2;
const oldestReadable = 1;

/** What the statements of this package need in every format that is read; checked when a registry is opened. */
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

/** What came with format 2. */
const statisticsColumns: readonly string[] = [
  "project",
  "view",
  "feature",
  "run_id",
  "origin",
  "generation",
  "start_us",
  "end_us",
  "computed_at_us",
  "statistics",
];

/** Name of the migration in its folder. */
const migrationFile = "feature_registry.sql";

/** Makes the tables of a new registry by the migration of the folder. The caller holds the write transaction. */
export function applyMigration(database: DatabaseSync, folder: string, path: string): void {
  database.exec(readMigration(folder));
  if (!isCurrent(database)) upgrade(database, path);
  else checkSchema(database, path);
}

/**
 * Brings tables of the format before up to date, by the packaged migration: a repository's own may hold statements that run only once.
 * The caller holds the write transaction.
 */
export function upgrade(database: DatabaseSync, path: string): void {
  database.exec(readMigration(packagedMigrations()));
  checkSchema(database, path);
}

/** Whether the tables are those that this version writes. */
export function isCurrent(database: DatabaseSync): boolean {
  return formatOf(database) === formatVersion;
}

function readMigration(folder: string): string {
  const file = join(folder, migrationFile);
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new AsofError("ASOF_REGISTRY_FAILED", `The migration ${file} cannot be read.`, {
      path: file,
      cause,
      fix: `Put ${migrationFile} there, or remove the folder from the configuration to use the packaged one.`,
    });
  }
}

function formatOf(database: DatabaseSync): unknown {
  return database.prepare("SELECT value FROM registry_meta WHERE key = 'format_version'").get()?.value;
}

/** Whether the database is a registry that Feast made and asof has not written to. */
export function isFeastAlone(database: DatabaseSync): boolean {
  const names = new Set(
    database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map((row) => row.name),
  );
  return (
    !names.has("registry_meta") && ["feast_metadata", "projects", "entities", "data_sources", "feature_views"].every((t) => names.has(t))
  );
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
  const version = formatOf(database);
  if (typeof version !== "number" || version > formatVersion || version < oldestReadable) {
    throw new AsofError(
      "ASOF_REGISTRY_VERSION",
      `The registry ${path} has format ${String(version)}; this version reads ${oldestReadable} to ${formatVersion}.`,
      {
        path,
        value: version,
        fix: "Update asof (`npm install asof@latest`).",
      },
    );
  }
  for (const [table, columns] of Object.entries(requiredColumns)) checkTable(database, path, table, columns);
  if (version >= 2) checkTable(database, path, "feature_statistics", statisticsColumns);
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
