import type { Json } from "../value/json.ts";

export type { Json } from "../value/json.ts";

/** Kinds of registry records. Definitions are written by apply; the others, state, by jobs and pushes. */
export const recordKinds = [
  "project",
  "entity",
  "source",
  "feature_view",
  "feature_service",
  "label",
  "view_state",
  "view_version",
  "source_state",
  "held_rows",
  "erasure",
] as const;

export type RecordKind = (typeof recordKinds)[number];

export const definitionKinds: readonly RecordKind[] = ["project", "entity", "source", "feature_view", "feature_service", "label"];

/** One object of the registry. */
export interface RegistryRecord {
  readonly project: string;
  readonly kind: RecordKind;
  readonly name: string;
  /** The repository that manages it; empty for state. */
  readonly repository: string;
  readonly dataFingerprint: string;
  readonly metadataFingerprint: string;
  /** Canonical form. */
  readonly spec: Json;
  /** Counts the writes of this record, from 1. */
  readonly revision: number;
  readonly updatedAtUs: number;
}

export type RecordKey = Pick<RegistryRecord, "project" | "kind" | "name">;

/**
 * One change. `ifRevision`: the revision expected before the commit, 0 = must not exist, null = any. A key stands at most once
 * in a change set. A record deleted and made anew counts from 1 again.
 */
export type RegistryChange =
  | ({ readonly op: "put"; readonly ifRevision: number | null } & Omit<RegistryRecord, "revision" | "updatedAtUs">)
  | ({ readonly op: "delete"; readonly ifRevision: number | null } & RecordKey);

export interface ChangeSet {
  readonly changes: readonly RegistryChange[];
  /** The definitions version the caller computed from; null = do not care (state updates). */
  readonly ifDefinitionsVersion: number | null;
  /** Edges added and removed in the same transaction. Added ones that exist already are kept as they are. */
  readonly lineage?: { readonly add: readonly LineageEdge[]; readonly remove: readonly LineageEdgeKey[] };
}

export interface RegistrySnapshot {
  /** Counts every commit. */
  readonly version: number;
  /** Counts commits that touch definitions; a request plan is cached per this and `version` of the states it used. */
  readonly definitionsVersion: number;
  readonly records: readonly RegistryRecord[];
}

export type JobStatus = "running" | "succeeded" | "failed" | "interrupted";

/** A long-running piece of work and how far it is. */
export interface JobRecord {
  readonly id: string;
  readonly project: string;
  /** `materialize`, `materialize-incremental`, `backfill`, `retrieval`, `stream`. */
  readonly kind: string;
  readonly status: JobStatus;
  /** What was asked: interval, views. Two jobs with equal parameters are the same work. */
  readonly parameters: Json;
  /** Progress and resume point, per view. */
  readonly progress: Json;
  readonly error: string | null;
  readonly startedAtUs: number;
  readonly updatedAtUs: number;
  readonly finishedAtUs: number | null;
  /** Written by each update of the owner, so that a dead owner is noticed. */
  readonly owner: string;
}

/** `from` was used to make `to`. Nodes are `source:NAME.column`, `feature:VIEW.feature`, `service:NAME`, `training_set:ID`, … */
export interface LineageEdge {
  readonly project: string;
  readonly from: string;
  readonly to: string;
  /** `apply` or `retrieval`. */
  readonly recordedBy: string;
  readonly recordedAtUs: number;
  readonly details: Json;
}

/** An edge is known by its ends and by what recorded it. */
export type LineageEdgeKey = Pick<LineageEdge, "project" | "from" | "to" | "recordedBy">;

export type StatisticsOrigin = "materialize" | "on_demand";

/**
 * What one run found out about the values of one feature. A record is known by project, view, feature and run, so that a job that
 * is resumed replaces what it wrote before.
 */
export interface StatisticsRecord {
  readonly project: string;
  readonly view: string;
  readonly feature: string;
  /** What computed it: the id of the job, or an id of its own for a run on demand. */
  readonly runId: string;
  readonly origin: StatisticsOrigin;
  /** Generation of the view whose values these are. */
  readonly generation: number;
  /** Event times covered, `[startUs, endUs)`; null = no bound. */
  readonly startUs: number | null;
  readonly endUs: number | null;
  readonly computedAtUs: number;
  /** The figures, canonical. */
  readonly statistics: Json;
}

/** Whose statistics; without a view those of the whole project, without a feature those of all features of the view. */
export interface StatisticsFilter {
  readonly project: string;
  readonly view?: string;
  readonly feature?: string;
}

/**
 * Definitions and state. Several processes may read and write at once; every commit is one transaction. Methods do not retry;
 * the flow above does.
 */
export interface RegistryStore extends AsyncDisposable {
  readonly type: string;
  /**
   * What tells the registry that was read last from another one in its place, such as a backup that was put back, whose versions count
   * other commits; null before the first read. Absent where versions never come back for another content.
   */
  readonly identity?: string | null;
  /** A consistent view of one project's records (all projects: null). */
  snapshot(project: string | null): Promise<RegistrySnapshot>;
  /** Single records, in the order of the keys; null where there is none. One consistent read, its cost independent of the registry's size. */
  read(keys: readonly RecordKey[]): Promise<readonly (RegistryRecord | null)[]>;
  /** Version and definitions version only: one cheap read. */
  versions(): Promise<{ readonly version: number; readonly definitionsVersion: number }>;
  /** All changes or none. Returns the new version, or `"conflict"` when a condition did not hold. */
  commit(changeSet: ChangeSet, nowUs: number): Promise<{ readonly version: number } | "conflict">;
  /** Keys changed by commits after `version`, oldest first. A key changed several times stands once, with its last change. */
  changesSince(version: number): Promise<readonly { readonly version: number; readonly key: RecordKey; readonly op: "put" | "delete" }[]>;
  putJob(job: JobRecord): Promise<void>;
  getJob(id: string): Promise<JobRecord | null>;
  /** Newest first. */
  listJobs(project: string, limit: number): Promise<readonly JobRecord[]>;
  /** Adds edges; one that exists already is kept as it is. */
  addLineage(edges: readonly LineageEdge[]): Promise<void>;
  listLineage(project: string): Promise<readonly LineageEdge[]>;
  /**
   * Puts records, each replacing one of the same run, and forgets all but the `keepMax` newest (by `computedAtUs`, then run in
   * code-point order, the lowest first) of every feature it touched: all or nothing. No change of the registry's version.
   */
  putStatistics(records: readonly StatisticsRecord[], keepMax: number): Promise<void>;
  /** Newest first, then by view, feature and run in code-point order; at most `limit` of each feature. */
  listStatistics(filter: StatisticsFilter & { readonly limit: number }): Promise<readonly StatisticsRecord[]>;
  /** Forgets all runs of what the filter names. */
  deleteStatistics(filter: StatisticsFilter): Promise<void>;
}
