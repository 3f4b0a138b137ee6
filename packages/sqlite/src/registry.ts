import { existsSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  type ChangeSet,
  canonicalJson,
  definitionKinds,
  type JobRecord,
  type LineageEdge,
  type RecordKey,
  type RegistrySnapshot,
  type RegistryStore,
  type StatisticsFilter,
  type StatisticsRecord,
} from "@asof/core";
import type { FeastObject, FeastRegistryStore, UnsupportedObject } from "@asof/feast";
import { applyChange, holds, listRecords, readRecord, readVersions, setMeta } from "./changes.ts";
import { decodeEdge, decodeJob, encodeJob, integer, recordKind, text } from "./codec.ts";
import type { SqliteRegistryConfig, SqlRegistryConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { FeastSide, hasTable } from "./feast-side.ts";
import { deleteStatistics, listStatistics, type Prepare, putStatistics } from "./statistics.ts";

/**
 * Opens a registry in a SQLite file (WAL, one write transaction at a time, readers never wait for writers). Several processes
 * may use it at once; on a network file system they may not. A file that is not there is an empty registry until the first
 * write. ASOF_REGISTRY_VERSION, ASOF_REGISTRY_UNREADABLE, ASOF_REGISTRY_READ_ONLY, ASOF_REGISTRY_FULL, ASOF_REGISTRY_FAILED.
 */
export async function openSqliteRegistry(config: SqliteRegistryConfig): Promise<RegistryStore> {
  return open(config, holdsFeast(config.path) ? new FeastSide({ onlineVersioning: false, sharedOnlineStore: false }) : null);
}

/**
 * Opens a registry in Feast's SQL schema on SQLite, with asof's tables beside Feast's in one database: what Feast made is opened, Feast
 * opens ours, and each sees what the other wrote. A registry that only asof used gets Feast's tables, filled, by the first write.
 */
export async function openSqlRegistry(config: SqlRegistryConfig): Promise<FeastRegistryStore> {
  const { onlineVersioning = false, sharedOnlineStore = false } = config;
  return open(config, new FeastSide({ onlineVersioning, sharedOnlineStore }));
}

/** A database with Feast's tables is kept in step with them, whatever the type says: else Feast would go on with what was. */
function holdsFeast(path: string): boolean {
  if (!existsSync(path) || statSync(path).size === 0) return false;
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    return hasTable((sql) => database.prepare(sql), "feast_metadata");
  } catch {
    // Whatever is wrong with it is told when it is opened.
    return false;
  }
}

async function open(config: SqliteRegistryConfig, feast: FeastSide | null): Promise<FeastRegistryStore> {
  const registry = new SqliteRegistry(config, feast);
  // Opens the file if there is one, so that a wrong file is refused here and not in the middle of a command.
  await registry.versions();
  return registry;
}

class SqliteRegistry implements FeastRegistryStore {
  readonly type: string;
  /** Null where the registry is asof's alone. */
  readonly #feast: FeastSide | null;
  readonly #connection: Connection;
  /** Prepared once per database object. */
  readonly #statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

  constructor(config: SqliteRegistryConfig, feast: FeastSide | null) {
    this.type = feast === null ? "sqlite" : "sql";
    this.#feast = feast;
    this.#connection = new Connection(config, feast, (database) => this.#preparing(database));
  }

  get identity(): string | null {
    return this.#connection.file;
  }

  unsupported(project: string): Promise<readonly UnsupportedObject[]> {
    const feast = this.#feast;
    if (feast === null) return Promise.resolve([]);
    return this.#connection.readVirtually([], (database) => {
      feast.noteAll(this.#preparing(database), project);
      feast.absorb(this.#preparing(database), true);
      feast.refuseDamaged(this.#preparing(database), [project]);
      return feast.unsupported.get(project) ?? [];
    });
  }

  feastObjects(project: string | null): Promise<readonly FeastObject[]> {
    return this.#connection.read([], (database) => this.#feast?.objects(this.#preparing(database), project) ?? []);
  }

  snapshot(project: string | null): Promise<RegistrySnapshot> {
    return this.#connection.read({ version: 0, definitionsVersion: 0, records: [] }, (database) => {
      const prepare = this.#preparing(database);
      if (project !== null) this.#feast?.refuseDamaged(prepare, [project]);
      return { ...readVersions(prepare), records: listRecords(prepare, project) };
    });
  }

  read(keys: readonly RecordKey[]): ReturnType<RegistryStore["read"]> {
    return this.#connection.read(
      keys.map(() => null),
      (database) => {
        const prepare = this.#preparing(database);
        this.#feast?.refuseDamaged(prepare, new Set(keys.map((key) => key.project)));
        return keys.map((key) => readRecord(prepare, key));
      },
    );
  }

  async versions(): ReturnType<RegistryStore["versions"]> {
    const known = this.#connection.knownVersions;
    return known ?? this.#connection.read({ version: 0, definitionsVersion: 0 }, (database) => readVersions(this.#preparing(database)));
  }

  commit(changeSet: ChangeSet, nowUs: number): ReturnType<RegistryStore["commit"]> {
    return this.#connection.write((database) => {
      const prepare = this.#preparing(database);
      const before = readVersions(prepare);
      const { changes, ifDefinitionsVersion, lineage } = changeSet;
      this.#feast?.refuseDamaged(prepare, new Set(changes.map((change) => change.project)));
      if (ifDefinitionsVersion !== null && ifDefinitionsVersion !== before.definitionsVersion) return "conflict";
      if (!changes.every((change) => holds(prepare, change))) return "conflict";
      const version = before.version + 1;
      const replaced = this.#feast?.noteReplaced(prepare, changes) ?? new Map();
      for (const change of changes) applyChange(prepare, change, version, nowUs);
      setMeta(prepare, "version", version);
      if (changes.some((c) => definitionKinds.includes(c.kind))) setMeta(prepare, "definitions_version", before.definitionsVersion + 1);
      const remove = prepare("DELETE FROM feature_lineage WHERE project = ? AND from_node = ? AND to_node = ? AND recorded_by = ?");
      for (const edge of lineage?.remove ?? []) remove.run(edge.project, edge.from, edge.to, edge.recordedBy);
      this.#insertEdges(database, lineage?.add ?? []);
      this.#feast?.mirror(prepare, changes, replaced, nowUs);
      return { version };
    });
  }

  changesSince(version: number): ReturnType<RegistryStore["changesSince"]> {
    return this.#connection.read([], (database) => {
      const rows = this.#prepare(database, "SELECT * FROM registry_changes WHERE version > ? ORDER BY sequence").all(version);
      return rows.map((row) => ({
        version: integer(row, "version"),
        key: { project: text(row, "project"), kind: recordKind(text(row, "kind")), name: text(row, "name") },
        op: text(row, "op") === "put" ? "put" : "delete",
      }));
    });
  }

  putJob(job: JobRecord): Promise<void> {
    return this.#connection.write((database) => {
      this.#prepare(database, "INSERT OR REPLACE INTO registry_jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(...encodeJob(job));
    });
  }

  getJob(id: string): Promise<JobRecord | null> {
    return this.#connection.read(null, (database) => {
      const row = this.#prepare(database, "SELECT * FROM registry_jobs WHERE id = ?").get(id);
      return row === undefined ? null : decodeJob(row);
    });
  }

  listJobs(project: string, limit: number): Promise<readonly JobRecord[]> {
    return this.#connection.read([], (database) => {
      const sql = "SELECT * FROM registry_jobs WHERE project = ? ORDER BY started_at_us DESC, id LIMIT ?";
      return this.#prepare(database, sql).all(project, limit).map(decodeJob);
    });
  }

  addLineage(edges: readonly LineageEdge[]): Promise<void> {
    return this.#connection.write((database) => this.#insertEdges(database, edges));
  }

  listLineage(project: string): Promise<readonly LineageEdge[]> {
    return this.#connection.read([], (database) => {
      const sql = "SELECT * FROM feature_lineage WHERE project = ? ORDER BY from_node, to_node, recorded_by";
      return this.#prepare(database, sql).all(project).map(decodeEdge);
    });
  }

  putStatistics(records: readonly StatisticsRecord[], keepMax: number): Promise<void> {
    return this.#connection.write((database) => putStatistics((sql) => this.#prepare(database, sql), records, keepMax));
  }

  listStatistics(filter: StatisticsFilter & { readonly limit: number }): Promise<readonly StatisticsRecord[]> {
    return this.#connection.read([], (database) => listStatistics((sql) => this.#prepare(database, sql), filter));
  }

  deleteStatistics(filter: StatisticsFilter): Promise<void> {
    return this.#connection.write((database) => deleteStatistics((sql) => this.#prepare(database, sql), filter));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
  }

  #insertEdges(database: DatabaseSync, edges: readonly LineageEdge[]): void {
    const insert = this.#prepare(database, "INSERT OR IGNORE INTO feature_lineage VALUES (?, ?, ?, ?, ?, ?)");
    for (const e of edges) insert.run(e.project, e.from, e.to, e.recordedBy, e.recordedAtUs, canonicalJson(e.details));
  }

  #preparing(database: DatabaseSync): Prepare {
    return (sql) => this.#prepare(database, sql);
  }

  #prepare(database: DatabaseSync, sql: string): StatementSync {
    const known = this.#statements.get(database) ?? new Map<string, StatementSync>();
    this.#statements.set(database, known);
    const statement = known.get(sql) ?? database.prepare(sql);
    known.set(sql, statement);
    return statement;
  }
}
