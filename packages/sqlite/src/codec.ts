import {
  AsofError,
  canonicalJson,
  type JobRecord,
  type JobStatus,
  type Json,
  type LineageEdge,
  type RecordKind,
  type RegistryRecord,
  recordKinds,
  type StatisticsOrigin,
  type StatisticsRecord,
} from "@asof/core";
import { lazyRecord } from "@asof/feast";

/** A row as node:sqlite returns it. */
export type Row = Readonly<Record<string, unknown>>;

export function decodeRecord(row: Row): RegistryRecord {
  const head = {
    project: text(row, "project"),
    kind: recordKind(text(row, "kind")),
    name: text(row, "name"),
    repository: text(row, "repository"),
    dataFingerprint: text(row, "data_fingerprint"),
    metadataFingerprint: text(row, "metadata_fingerprint"),
    revision: integer(row, "revision"),
    updatedAtUs: integer(row, "updated_at_us"),
  };
  return lazyRecord(head, () => json(row, "spec"));
}

export function decodeJob(row: Row): JobRecord {
  return {
    id: text(row, "id"),
    project: text(row, "project"),
    kind: text(row, "kind"),
    status: jobStatus(text(row, "status")),
    parameters: json(row, "parameters"),
    progress: json(row, "progress"),
    error: row.error === null ? null : text(row, "error"),
    startedAtUs: integer(row, "started_at_us"),
    updatedAtUs: integer(row, "updated_at_us"),
    finishedAtUs: row.finished_at_us === null ? null : integer(row, "finished_at_us"),
    owner: text(row, "owner"),
  };
}

/** Values of a job in the order of the table's columns. */
export function encodeJob(job: JobRecord): (string | number | null)[] {
  return [
    job.id,
    job.project,
    job.kind,
    job.status,
    canonicalJson(job.parameters),
    canonicalJson(job.progress),
    job.error,
    job.startedAtUs,
    job.updatedAtUs,
    job.finishedAtUs,
    job.owner,
  ];
}

export function decodeEdge(row: Row): LineageEdge {
  return {
    project: text(row, "project"),
    from: text(row, "from_node"),
    to: text(row, "to_node"),
    recordedBy: text(row, "recorded_by"),
    recordedAtUs: integer(row, "recorded_at_us"),
    details: json(row, "details"),
  };
}

export function decodeStatistics(row: Row): StatisticsRecord {
  return {
    project: text(row, "project"),
    view: text(row, "view"),
    feature: text(row, "feature"),
    runId: text(row, "run_id"),
    origin: statisticsOrigin(text(row, "origin")),
    generation: integer(row, "generation"),
    startUs: row.start_us === null ? null : integer(row, "start_us"),
    endUs: row.end_us === null ? null : integer(row, "end_us"),
    computedAtUs: integer(row, "computed_at_us"),
    statistics: json(row, "statistics"),
  };
}

/** Values of a record of statistics in the order of the table's columns. */
export function encodeStatistics(record: StatisticsRecord): (string | number | null)[] {
  return [
    record.project,
    record.view,
    record.feature,
    record.runId,
    record.origin,
    record.generation,
    record.startUs,
    record.endUs,
    record.computedAtUs,
    canonicalJson(record.statistics),
  ];
}

function statisticsOrigin(value: string): StatisticsOrigin {
  return value === "materialize" || value === "on_demand" ? value : refuse("origin", value);
}

export function recordKind(value: string): RecordKind {
  return recordKinds.find((kind) => kind === value) ?? refuse("kind", value);
}

const jobStatuses: Readonly<Record<JobStatus, true>> = { running: true, succeeded: true, failed: true, interrupted: true };

function jobStatus(value: string): JobStatus {
  return isJobStatus(value) ? value : refuse("status", value);
}

function isJobStatus(value: string): value is JobStatus {
  return Object.hasOwn(jobStatuses, value);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : refuse(column, value);
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  return typeof value === "number" ? value : refuse(column, value);
}

export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : refuse(column, value);
}

function json(row: Row, column: string): Json {
  const value = text(row, column);
  try {
    return JSON.parse(value);
  } catch {
    return refuse(column, value);
  }
}

function refuse(column: string, value: unknown): never {
  throw new AsofError("ASOF_REGISTRY_UNREADABLE", `The registry holds a value in column ${column} that this version cannot read.`, {
    path: column,
    value,
    fix: "Update asof, or restore the registry from a backup.",
  });
}
