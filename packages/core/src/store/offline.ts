import type { SourceModel } from "../definition/model.ts";
import type { JoinPlan, LogReference, SpinePlan } from "../point-in-time/join-plan.ts";
import type { Moments } from "../point-in-time/moments-sql.ts";
import type { PullRequest } from "../point-in-time/pull-request.ts";
import type { StatisticsRequest, ViewStatistics } from "../point-in-time/statistics-request.ts";
import type { ColumnInfo, RecordBatch } from "../value/record-batch.ts";
import type { Value, ValueType } from "../value/type.ts";

export type { PulledColumn, PullRequest } from "../point-in-time/pull-request.ts";
export type { ColumnInfo, ColumnVector, RecordBatch } from "../value/record-batch.ts";

/** Rows to be filled that were given. Paths and queries are read by the engine; rows are handed over as they are. */
export type GivenSpine =
  | { readonly kind: "rows"; readonly columns: readonly ColumnInfo[]; readonly rows: readonly (readonly Value[])[] }
  | { readonly kind: "file"; readonly format: "parquet" | "csv"; readonly path: string }
  | { readonly kind: "sql"; readonly query: string };

/** The rows to be filled: given, or made from the history itself, sorted by key and time; see {@link Moments}. */
export type SpineInput = GivenSpine | { readonly kind: "moments"; readonly moments: Moments };

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with a fraction in [0, 1], or null where the engine cannot tell. */
  readonly onProgress?: ((fraction: number | null, phase: string) => void) | undefined;
}

/** What a retrieval found out besides its rows. */
export interface RetrievalReport {
  readonly spineRows: number;
  /** Per view: source rows without (finite) event time, which never match. */
  readonly rowsWithoutEventTime: Readonly<Record<string, number>>;
  /** Per view whose source has a created column: spine rows whose value was known only after t. */
  readonly knownOnlyLater: Readonly<Record<string, number>>;
  /** Per label: how its rows stand. */
  readonly labels: Readonly<Record<string, LabelReport>>;
  /** Spine rows that are left out because a label was immature and the plan says so. */
  readonly droppedRows: number;
}

/** How the labels of one definition stand, in rows of the spine. */
export interface LabelReport {
  /** The end up to which the source is known, UTC µs; null where it has no rows. */
  readonly knownUntilUs: number | null;
  /** Rows whose label is not final at that end. */
  readonly immature: number;
  /** Mature rows whose label comes from a source row not after the row's time: a feature could have seen it. A ttl shorter than the delay excludes them. */
  readonly notAfterRow: number;
}

/**
 * The result of a join, computed when created and held by the engine until closed. Rows come in spine order. May be read
 * several times, in any form.
 */
export interface OfflineResult extends AsyncDisposable {
  /** Spine columns in their order, then the outputs in the plan's order. */
  readonly columns: readonly ColumnInfo[];
  readonly report: RetrievalReport;
  batches(options?: RunOptions): AsyncIterable<RecordBatch>;
  /**
   * Writes the result, spine columns in their own units, with `computed` columns added after the others. Atomic: the path
   * holds a whole file or is not touched, also after abort, error or a full disk (ASOF_OUTPUT_FAILED).
   */
  write(
    path: string,
    format: "parquet" | "csv",
    computed: ComputedColumns | null,
    options?: RunOptions,
  ): Promise<{ readonly rows: number }>;
  /**
   * Writes the result as files in a folder. Atomic: the folder appears with all of them, or is not touched. What asof wrote there before
   * is replaced only with `overwrite`; other files are kept, and refused where they would be read as rows (ASOF_OUTPUT_FAILED).
   */
  writeFolder(
    path: string,
    format: "parquet" | "csv",
    layout: FolderLayout,
    computed: ComputedColumns | null,
    options?: RunOptions,
  ): Promise<{ readonly rows: number; readonly files: number }>;
}

/** How rows are spread over the files of a folder. Within a file they keep their order. */
export interface FolderLayout {
  /** At most so many rows in a file; null = no limit. */
  readonly rowsPerFile: number | null;
  /** Files of about this size; null = no limit. */
  readonly bytesPerFile: number | null;
  /** Columns whose values name folders, as Hive does, and which the files leave out; null values are one more folder. */
  readonly partitionBy: readonly PartitionColumn[];
  readonly overwrite: boolean;
}

export interface PartitionColumn {
  readonly name: string;
  /** Null: a column of the result. Else derived from the as-of time: `2026`, `2026-01` or `2026-01-31`, UTC. */
  readonly unit: "year" | "month" | "day" | null;
}

/** Columns made in JavaScript from each batch: request views. Also says which result columns are dropped from the output. */
export interface ComputedColumns {
  readonly columns: readonly ColumnInfo[];
  /** Result columns that are written, in output order (inputs of request views that were not asked for are left out). */
  readonly keep: readonly string[];
  /** One array per computed column, one value per row of the batch. */
  compute(batch: RecordBatch): readonly (readonly Value[])[];
}

/**
 * A batch of pulled rows. `columns` are: the keys, `event_time` (timestamp), `created_time` (timestamp or null),
 * `event_id` (string or null), `is_new` (bool), then the request's columns.
 */
export type PulledBatch = RecordBatch;

/**
 * A column as it lies in a source. `text` where the medium has no types (csv files, partition folders) and reading goes by the
 * declared type: `type` is then a guess at the values, or says nothing.
 */
export interface SourceColumn extends ColumnInfo {
  readonly text?: "guessed" | "unknown";
}

/** What is known of a source without reading all of it. */
export interface SourceDescription {
  readonly columns: readonly SourceColumn[];
  readonly rowCount: number;
  readonly minEventTimeUs: number | null;
  readonly maxEventTimeUs: number | null;
  readonly rowsWithoutEventTime: number;
}

/** A row of the offline log. */
export interface LogRow {
  /** Every column of the source by logical name, keys and times included. */
  readonly values: Readonly<Record<string, Value>>;
  /** Stamped at ingest where the row had no created time. */
  readonly createdTimeUs: number;
  readonly ingestTimeUs: number;
  /** `push` or `stream`. */
  readonly origin: string;
  /** The identity by which windowed views fold an event once. */
  readonly eventId: string;
}

/** A part of an entity key: a column of a source by logical name, and its value. */
export interface KeyValue {
  readonly name: string;
  readonly type: ValueType;
  readonly value: Value;
}

/** An entity key to take out of a log. Rows whose columns have all of these values are meant. */
export interface LogErasure {
  readonly key: readonly KeyValue[];
  /** Columns that become null in the rows that stay. */
  readonly clear: readonly string[];
  /** A row stays where all columns of one of these lists still have values: rows of views that know nothing of the key. */
  readonly keepIf: readonly (readonly string[])[];
}

/** Rows of a log that were taken out, stayed without their key, stayed whole; and files that held any of them. */
export interface LogErasureReport {
  readonly removed: number;
  readonly cleared: number;
  readonly kept: number;
  readonly files: number;
}

/** The types under which a definition reads what is stored. */
export interface ReadAs {
  readonly keys: readonly ColumnInfo[];
  readonly columns: readonly ColumnInfo[];
}

/**
 * History at rest. Opening takes its config once. Methods may run concurrently; each sees a snapshot of the files taken when
 * it starts. Engine errors are translated (ASOF_SOURCE_*, ASOF_SPINE_INVALID, ASOF_QUERY_FAILED, ASOF_OUT_OF_MEMORY).
 */
export interface OfflineStore extends AsyncDisposable {
  readonly type: string;
  /** The statements that `retrieve` would run, for people. */
  toSql(plan: JoinPlan, spine: SpineInput): Promise<string>;
  /** Validates the spine before anything else, then computes the join. */
  retrieve(plan: JoinPlan, spine: SpineInput, options?: RunOptions): Promise<OfflineResult>;
  pull(request: PullRequest, options?: RunOptions): AsyncIterable<PulledBatch>;
  /** Columns as the engine sees them (logical names), and the extent of the event time. Keys and times included. */
  describeSource(source: SourceModel, log: LogReference | null, options?: RunOptions): Promise<SourceDescription>;
  /**
   * Whether the rows of a source's log can be read as these keys and columns; columns that the log lacks are null in every row. Looks at
   * types, not at rows. ASOF_SOURCE_COLUMN where a stored type has no place in the declared one.
   */
  checkLog(log: LogReference, as: ReadAs): Promise<void>;
  /** Figures of a view's values, computed where they lie; see {@link ViewStatistics}. */
  computeStatistics(request: StatisticsRequest, options?: RunOptions): Promise<ViewStatistics>;
  /** Columns of a spine, without running anything on it. */
  describeSpine(spine: GivenSpine): Promise<readonly ColumnInfo[]>;
  /**
   * Appends rows to a source's log: all of them or none, durable when it resolves. Rows whose event id is there already are
   * kept out of every read, not of the file.
   */
  append(log: LogReference, rows: readonly LogRow[]): Promise<void>;
  /** The different keys of a spine, in pages, as the declared types of its columns; nulls and what is of another type are left out. */
  spineKeys(spine: GivenSpine, keys: SpinePlan["keys"], options?: RunOptions): AsyncIterable<RecordBatch>;
  /**
   * Takes a key out of a source's log, for good: when it resolves no file of the log has it, superseded files included, and all other rows
   * are as they were. Atomic per file; appends may go on meanwhile; a call after a crash finishes the work. A retrieval that began before
   * may find a file gone and fails then. `dryRun` counts only.
   */
  eraseLog(log: LogReference, erasure: LogErasure, options?: RunOptions & { readonly dryRun?: boolean }): Promise<LogErasureReport>;
}
