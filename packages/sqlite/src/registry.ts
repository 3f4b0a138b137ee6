import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  type ChangeSet,
  canonicalJson,
  definitionKinds,
  type JobRecord,
  type LineageEdge,
  type RecordKey,
  type RegistryChange,
  type RegistrySnapshot,
  type RegistryStore,
  type StatisticsFilter,
  type StatisticsRecord,
} from "@asof/core";
import { decodeEdge, decodeJob, decodeRecord, encodeJob, integer, recordKind, text } from "./codec.ts";
import type { SqliteRegistryConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { deleteStatistics, listStatistics, putStatistics } from "./statistics.ts";

/**
 * Opens a registry in a SQLite file (WAL, one write transaction at a time, readers never wait for writers). Several processes
 * may use it at once; on a network file system they may not. A file that is not there is an empty registry until the first
 * write. ASOF_REGISTRY_VERSION, ASOF_REGISTRY_UNREADABLE, ASOF_REGISTRY_READ_ONLY, ASOF_REGISTRY_FULL, ASOF_REGISTRY_FAILED.
 */
export async function openSqliteRegistry(config: SqliteRegistryConfig): Promise<RegistryStore> {
  const registry = new SqliteRegistry(config);
  // Opens the file if there is one, so that a wrong file is refused here and not in the middle of a command.
  await registry.versions();
  return registry;
}

class SqliteRegistry implements RegistryStore {
  readonly type = "sqlite";
  readonly #connection: Connection;
  /** Prepared once per database object. */
  readonly #statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

  constructor(config: SqliteRegistryConfig) {
    this.#connection = new Connection(config);
  }

  snapshot(project: string | null): Promise<RegistrySnapshot> {
    return this.#connection.read({ version: 0, definitionsVersion: 0, records: [] }, (database) => {
      const rows =
        project === null
          ? this.#prepare(database, "SELECT * FROM feature_registry ORDER BY project, kind, name").all()
          : this.#prepare(database, "SELECT * FROM feature_registry WHERE project = ? ORDER BY kind, name").all(project);
      return { ...this.#readVersions(database), records: rows.map(decodeRecord) };
    });
  }

  read(keys: readonly RecordKey[]): ReturnType<RegistryStore["read"]> {
    return this.#connection.read(
      keys.map(() => null),
      (database) => {
        const find = this.#prepare(database, "SELECT * FROM feature_registry WHERE project = ? AND kind = ? AND name = ?");
        return keys.map(({ project, kind, name }) => {
          const row = find.get(project, kind, name);
          return row === undefined ? null : decodeRecord(row);
        });
      },
    );
  }

  versions(): ReturnType<RegistryStore["versions"]> {
    return this.#connection.read({ version: 0, definitionsVersion: 0 }, (database) => this.#readVersions(database));
  }

  commit(changeSet: ChangeSet, nowUs: number): ReturnType<RegistryStore["commit"]> {
    return this.#connection.write((database) => {
      const before = this.#readVersions(database);
      const { changes, ifDefinitionsVersion, lineage } = changeSet;
      if (ifDefinitionsVersion !== null && ifDefinitionsVersion !== before.definitionsVersion) return "conflict";
      if (!changes.every((change) => this.#holds(database, change))) return "conflict";
      const version = before.version + 1;
      for (const change of changes) this.#apply(database, change, version, nowUs);
      this.#setMeta(database, "version", version);
      if (changes.some((c) => definitionKinds.includes(c.kind)))
        this.#setMeta(database, "definitions_version", before.definitionsVersion + 1);
      const remove = this.#prepare(
        database,
        "DELETE FROM feature_lineage WHERE project = ? AND from_node = ? AND to_node = ? AND recorded_by = ?",
      );
      for (const edge of lineage?.remove ?? []) remove.run(edge.project, edge.from, edge.to, edge.recordedBy);
      this.#insertEdges(database, lineage?.add ?? []);
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

  #readVersions(database: DatabaseSync): { version: number; definitionsVersion: number } {
    const values = new Map(
      this.#prepare(database, "SELECT key, value FROM registry_meta")
        .all()
        .map((r) => [r.key, integer(r, "value")]),
    );
    return { version: values.get("version") ?? 0, definitionsVersion: values.get("definitions_version") ?? 0 };
  }

  #setMeta(database: DatabaseSync, key: string, value: number): void {
    this.#prepare(database, "UPDATE registry_meta SET value = ? WHERE key = ?").run(value, key);
  }

  #holds(database: DatabaseSync, change: RegistryChange): boolean {
    if (change.ifRevision === null) return true;
    const find = this.#prepare(database, "SELECT revision FROM feature_registry WHERE project = ? AND kind = ? AND name = ?");
    const row = find.get(change.project, change.kind, change.name);
    return change.ifRevision === (row === undefined ? 0 : integer(row, "revision"));
  }

  #apply(database: DatabaseSync, change: RegistryChange, version: number, nowUs: number): void {
    const { project, kind, name } = change;
    if (change.op === "delete") {
      const sql = "DELETE FROM feature_registry WHERE project = ? AND kind = ? AND name = ?";
      if (this.#prepare(database, sql).run(project, kind, name).changes === 0) return;
    } else {
      this.#prepare(database, putRecord).run(
        project,
        kind,
        name,
        change.repository,
        change.dataFingerprint,
        change.metadataFingerprint,
        canonicalJson(change.spec),
        nowUs,
      );
    }
    const log = "INSERT OR REPLACE INTO registry_changes (version, project, kind, name, op) VALUES (?, ?, ?, ?, ?)";
    this.#prepare(database, log).run(version, project, kind, name, change.op);
  }

  #insertEdges(database: DatabaseSync, edges: readonly LineageEdge[]): void {
    const insert = this.#prepare(database, "INSERT OR IGNORE INTO feature_lineage VALUES (?, ?, ?, ?, ?, ?)");
    for (const e of edges) insert.run(e.project, e.from, e.to, e.recordedBy, e.recordedAtUs, canonicalJson(e.details));
  }

  #prepare(database: DatabaseSync, sql: string): StatementSync {
    const known = this.#statements.get(database) ?? new Map<string, StatementSync>();
    this.#statements.set(database, known);
    const statement = known.get(sql) ?? database.prepare(sql);
    known.set(sql, statement);
    return statement;
  }
}

const putRecord = `
  INSERT INTO feature_registry
    (project, kind, name, repository, data_fingerprint, metadata_fingerprint, spec, revision, updated_at_us)
  VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)
  ON CONFLICT (project, kind, name) DO UPDATE SET
    repository = excluded.repository,
    data_fingerprint = excluded.data_fingerprint,
    metadata_fingerprint = excluded.metadata_fingerprint,
    spec = excluded.spec,
    revision = revision + 1,
    updated_at_us = excluded.updated_at_us`;
