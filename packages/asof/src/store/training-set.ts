import type {
  ColumnInfo,
  HistoricalResult,
  PlannedRetrieval,
  RecordBatch,
  RunOptions,
  TrainingSet,
  Value,
  WriteOptions,
  Written,
} from "@asof/core";
import type { Table } from "apache-arrow";
import { checkPath, checkWriteOptions } from "./check-call.ts";
import { checkOutput } from "./check-output.ts";
import type { Session } from "./session.ts";

/** A computed training set; see {@link TrainingSet}. */
export class ComputedTrainingSet implements TrainingSet<Record<string, Value>, Table> {
  readonly #session: Session;
  readonly #result: HistoricalResult;
  readonly #options: RunOptions;
  readonly #servedFor: string | null;

  constructor(session: Session, result: HistoricalResult, service: string | null, options: RunOptions) {
    this.#session = session;
    this.#result = result;
    this.#options = options;
    this.#servedFor = service;
  }

  get columns(): readonly ColumnInfo[] {
    return this.#result.columns;
  }

  get report(): HistoricalResult["report"] {
    return this.#result.report;
  }

  get planned(): PlannedRetrieval {
    return this.#result.planned;
  }

  rows(): AsyncIterable<Record<string, Value>> {
    return this.#result.rows(this.#options);
  }

  batches(): AsyncIterable<RecordBatch> {
    return this.#result.batches(this.#options);
  }

  async arrow(): Promise<Table> {
    // Loaded on demand: most commands never need it, and it takes longer to load than they run.
    const { toArrowTable } = await import("./arrow.ts");
    return toArrowTable(this.columns, this.batches());
  }

  writeParquet(path: string, options?: WriteOptions): Promise<Written> {
    return this.write(path, "parquet", options);
  }

  writeCsv(path: string, options?: WriteOptions): Promise<Written> {
    return this.write(path, "csv", options);
  }

  async write(path: string, format: "parquet" | "csv", options: WriteOptions = {}): Promise<Written> {
    checkPath(path);
    checkWriteOptions(options);
    const { rowsPerFile, bytesPerFile, partitionBy } = options;
    const isFolder = /[/\\]$/.test(path) || [rowsPerFile, bytesPerFile, partitionBy].some((option) => option !== undefined);
    checkOutput(path, { kind: isFolder ? "folder" : "file", makesFolders: false });
    const written = await this.#result.write(path, format, isFolder ? options : null, this.#options);
    await this.#session.recordTrainingSet(this.planned, path, written.rows, this.#servedFor);
    return written;
  }

  toSql(): Promise<string> {
    return this.#session.runtime.offline.toSql(this.planned.join, this.planned.spine);
  }

  async close(): Promise<void> {
    await this.#result[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
