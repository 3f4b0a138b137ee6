import { canonicalJson, type RecordKey, type RegistryChange, type RegistryRecord } from "@asof/core";
import { decodeRecord, integer } from "./codec.ts";
import type { Prepare } from "./statistics.ts";

/** Records of one project, or of all, in the order of a snapshot. */
export function listRecords(prepare: Prepare, project: string | null): readonly RegistryRecord[] {
  const rows =
    project === null
      ? prepare("SELECT * FROM feature_registry ORDER BY project, kind, name").all()
      : prepare("SELECT * FROM feature_registry WHERE project = ? ORDER BY kind, name").all(project);
  return rows.map(decodeRecord);
}

export function readRecord(prepare: Prepare, { project, kind, name }: RecordKey): RegistryRecord | null {
  const row = prepare("SELECT * FROM feature_registry WHERE project = ? AND kind = ? AND name = ?").get(project, kind, name);
  return row === undefined ? null : decodeRecord(row);
}

export function readVersions(prepare: Prepare): { readonly version: number; readonly definitionsVersion: number } {
  const rows = prepare("SELECT key, value FROM registry_meta").all();
  const values = new Map(rows.map((row) => [row.key, integer(row, "value")]));
  return { version: values.get("version") ?? 0, definitionsVersion: values.get("definitions_version") ?? 0 };
}

export function setMeta(prepare: Prepare, key: string, value: number): void {
  prepare("UPDATE registry_meta SET value = ? WHERE key = ?").run(value, key);
}

/** Whether a change's condition holds. */
export function holds(prepare: Prepare, change: RegistryChange): boolean {
  if (change.ifRevision === null) return true;
  const row = prepare("SELECT revision FROM feature_registry WHERE project = ? AND kind = ? AND name = ?").get(
    change.project,
    change.kind,
    change.name,
  );
  return change.ifRevision === (row === undefined ? 0 : integer(row, "revision"));
}

/** Carries out one change under a version. The caller holds the write transaction and has looked at the condition. */
export function applyChange(prepare: Prepare, change: RegistryChange, version: number, nowUs: number): void {
  const { project, kind, name } = change;
  if (change.op === "delete") {
    const sql = "DELETE FROM feature_registry WHERE project = ? AND kind = ? AND name = ?";
    if (prepare(sql).run(project, kind, name).changes === 0) return;
  } else {
    const { repository, dataFingerprint, metadataFingerprint, spec } = change;
    prepare(putRecord).run(project, kind, name, repository, dataFingerprint, metadataFingerprint, canonicalJson(spec), nowUs);
  }
  const log = "INSERT OR REPLACE INTO registry_changes (version, project, kind, name, op) VALUES (?, ?, ?, ?, ?)";
  prepare(log).run(version, project, kind, name, change.op);
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
