import {
  AsofError,
  type ColumnInfo,
  type ColumnVector,
  type ComputedColumns,
  type FolderLayout,
  type OfflineResult,
  type OutputColumn,
  type RecordBatch,
  type RetrievalReport,
  type RunOptions,
} from "@asof/core";
import { familyOf } from "./column-types.ts";
import { convertColumn, presentValue } from "./convert.ts";
import type { Session, StreamChunk } from "./session.ts";
import type { LoadedSpine, SpineColumn } from "./spine.ts";
import { readVector } from "./vectors.ts";
import { writeFolder } from "./write-folder.ts";
import { type WritableResult, writeResult } from "./write-result.ts";

/** A column of a result and how to select it. */
export interface ResultColumn extends ColumnInfo {
  /** In storage form, for batches. */
  readonly stored: string;
  /** As a file gets it: spine columns untouched. */
  readonly presented: string;
}

/** A computed join: tables in a session, read as often as wanted until it is closed. */
export class DuckDbResult implements OfflineResult {
  readonly columns: readonly ColumnInfo[];
  readonly report: RetrievalReport;
  readonly #session: Session;
  readonly #resultColumns: readonly ResultColumn[];
  readonly #from: string;
  #isOpen = true;

  constructor(session: Session, spine: LoadedSpine, outputs: readonly OutputColumn[], from: string, report: RetrievalReport) {
    this.#session = session;
    this.#from = from;
    this.report = report;
    this.#resultColumns = [...spine.columns.map(spineColumn), ...outputs.map(outputColumn)];
    this.columns = this.#resultColumns.map(({ name, type }) => ({ name, type }));
  }

  async *batches(options: RunOptions = {}): AsyncGenerator<RecordBatch> {
    this.#requireOpen();
    try {
      yield* streamBatches(this.#session, this.#resultColumns, this.#from, this.#rowCount, options);
    } catch (error) {
      // Closed while it was read: the fault is then that of a reader who did not wait, whatever the engine calls it.
      this.#requireOpen(error);
      throw error;
    }
  }

  async write(
    path: string,
    format: "parquet" | "csv",
    computed: ComputedColumns | null,
    options: RunOptions = {},
  ): Promise<{ readonly rows: number }> {
    this.#requireOpen();
    await writeResult(this.#writable(options), path, format, computed, options);
    return { rows: this.#rowCount };
  }

  async writeFolder(
    path: string,
    format: "parquet" | "csv",
    layout: FolderLayout,
    computed: ComputedColumns | null,
    options: RunOptions = {},
  ): Promise<{ readonly rows: number; readonly files: number }> {
    this.#requireOpen();
    return await writeFolder(this.#writable(options), path, format, layout, computed, options);
  }

  get #rowCount(): number {
    return this.report.spineRows - this.report.droppedRows;
  }

  #writable(options: RunOptions): WritableResult {
    const rowCount = this.#rowCount;
    return { session: this.#session, columns: this.#resultColumns, from: this.#from, rowCount, batches: () => this.batches(options) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false;
    await this.#session[Symbol.asyncDispose]();
  }

  #requireOpen(cause?: unknown): void {
    if (this.#isOpen) return;
    throw new AsofError("ASOF_QUERY_FAILED", "The result was closed, so that its rows are gone.", {
      fix: "Read or write it to its end before it is closed, or retrieve it again.",
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

function spineColumn({ name, type, sql, engineType }: SpineColumn): ResultColumn {
  const column = `s.${sql}`;
  const stored = convertColumn({ name, type: engineType, medium: "typed" }, column, type, "null");
  const isText = stored === null || familyOf(engineType) === "other" || (type.kind === "decimal" && familyOf(engineType) === "integer");
  return { name, type, stored: isText ? `CAST(${column} AS VARCHAR)` : stored, presented: column };
}

function outputColumn({ name, type, sql }: OutputColumn): ResultColumn {
  return { name, type, stored: sql, presented: presentValue(sql, type) };
}

async function* streamBatches(
  session: Session,
  columns: readonly ResultColumn[],
  from: string,
  rowCount: number,
  options: RunOptions,
): AsyncGenerator<RecordBatch> {
  const items = columns.map((c, i) => `${c.stored} AS c${i}`);
  let done = 0;
  for await (const chunk of session.stream(`SELECT ${items.join(", ")} FROM ${from}`, { doing: "query", what: "The result" }, options)) {
    const batch = batchOf(chunk, columns);
    yield batch;
    done += batch.rowCount;
    options.onProgress?.(rowCount === 0 ? 1 : done / rowCount, "reading the result");
  }
}

/** A chunk as a batch; columns are read where they lie. */
export function batchOf({ chunk }: StreamChunk, columns: readonly ColumnInfo[]): RecordBatch {
  return {
    rowCount: chunk.rowCount,
    columns: columns.map(({ name, type }, i): ColumnVector => ({ name, type, get: readVector(chunk.getColumnVector(i), type, name) })),
  };
}
