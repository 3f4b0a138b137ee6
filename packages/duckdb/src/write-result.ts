import { randomUUID } from "node:crypto";
import { existsSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { AsofError, type ColumnInfo, type ComputedColumns, isOrderable, printType, type RecordBatch, type RunOptions } from "@asof/core";
import { RowAppender } from "./append-rows.ts";
import { fileTypeOf } from "./column-types.ts";
import { quoteName, quoteText } from "./dialect.ts";
import { type ErrorContext, translateError } from "./errors.ts";
import type { Session } from "./session.ts";
import { removeUnfinished, unfinishedPath } from "./unfinished-output.ts";

/** What there is to write. */
export interface WritableResult {
  readonly session: Session;
  readonly columns: readonly (ColumnInfo & { readonly presented: string })[];
  readonly from: string;
  readonly rowCount: number;
  batches(): AsyncIterable<RecordBatch>;
}

/**
 * Writes a result to a temporary file beside the target and renames it, so that the path holds a whole file or is not touched.
 * The temporary file is removed on any failure; that of a killed process, by a later writing.
 */
export async function writeResult(
  result: WritableResult,
  path: string,
  format: "parquet" | "csv",
  computed: ComputedColumns | null,
  options: RunOptions,
): Promise<void> {
  const target = resolve(path);
  const temporary = unfinishedPath(target, "tmp");
  const context: ErrorContext = { doing: "output", what: `"${path}"` };
  refuseNestedCsv(result, format, computed);
  try {
    removeUnfinished(target);
    await withSelection(result, computed, context, async (items, from) => {
      const select = `SELECT ${items.map((c) => `${c.sql} AS ${quoteName(c.name)}`).join(", ")} FROM ${from}`;
      await result.session.run(`COPY (${select}) TO ${quoteText(temporary)} (${formatOptions(format)})`, context, {
        signal: options.signal,
        onFraction: options.onProgress === undefined ? undefined : (fraction) => options.onProgress?.(fraction, "writing the result"),
      });
    });
    renameSync(temporary, target);
  } catch (error) {
    throw translateError(error, context);
  } finally {
    // Not there also where a file stands in the place of the folder, which `force` alone does not pass over.
    if (existsSync(temporary)) rmSync(temporary, { force: true });
  }
}

/** A column of the output and how to select it. */
export interface SelectedColumn {
  readonly name: string;
  readonly sql: string;
}

/** Does something with the columns of the output and the FROM clause they are selected from; computed ones are computed for it. */
export async function withSelection<T>(
  result: WritableResult,
  computed: ComputedColumns | null,
  context: ErrorContext,
  use: (columns: readonly SelectedColumn[], from: string) => Promise<T>,
): Promise<T> {
  refuseCaseTwins(result, computed);
  const columns = selectItems(result, computed);
  if (computed === null) return await use(columns, result.from);
  const table = `asof_computed_${randomUUID().replaceAll("-", "")}`;
  try {
    await computeColumns(result, table, computed, context);
    return await use(columns, `${result.from} POSITIONAL JOIN ${table} AS computed`);
  } finally {
    await result.session.run(`DROP TABLE IF EXISTS ${table}`, context);
  }
}

/** A text of nested values would be DuckDB's own, which nothing reads back exactly. Json is text already. */
export function refuseNestedCsv({ columns }: WritableResult, format: "parquet" | "csv", computed: ComputedColumns | null): void {
  if (format !== "csv") return;
  const written = computed === null ? columns : [...columns.filter((c) => computed.keep.includes(c.name)), ...computed.columns];
  const nested = written.filter((c) => !isOrderable(c.type) && c.type.kind !== "json");
  const [first] = nested;
  if (first === undefined) return;
  const names = nested.map((c) => `"${c.name}" (${printType(c.type)})`).join(", ");
  throw new AsofError("ASOF_COLUMN_TYPE", `A csv file has no form for values that hold others: ${names}.`, {
    path: first.name,
    value: printType(first.type),
    fix: "Write Parquet, or leave these columns out.",
  });
}

/** DuckDB ignores case and would rename one of two such columns without a word. */
function refuseCaseTwins({ columns }: WritableResult, computed: ComputedColumns | null): void {
  const names = computed === null ? columns.map((c) => c.name) : [...computed.keep, ...computed.columns.map((c) => c.name)];
  const seen = new Map<string, string>();
  for (const name of names) {
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) {
      throw new AsofError(
        "ASOF_NAME_COLLISION",
        `Columns "${twin}" and "${name}" differ in case only, which files written by DuckDB cannot hold.`,
        {
          path: name,
          value: name,
          fix: "Ask for full feature names, or leave one of them out; rows and batches can hold both.",
        },
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}

/** Columns with more different values than this in a row group are written plainly: a dictionary of them would only cost time. */
const dictionaryMax = 4096;

/** Options of a COPY. */
export function formatOptions(format: "parquet" | "csv"): string {
  return format === "parquet" ? `FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT ${dictionaryMax}` : "FORMAT csv, HEADER true";
}

function selectItems({ columns }: WritableResult, computed: ComputedColumns | null): readonly SelectedColumn[] {
  const kept = computed === null ? columns : computed.keep.flatMap((name) => columns.filter((c) => c.name === name));
  const made = computed === null ? [] : computed.columns.map((c, i) => ({ name: c.name, sql: `computed.c${i}` }));
  return [...kept.map((c) => ({ name: c.name, sql: c.presented })), ...made];
}

/** Computes columns batch by batch into a table with one row per row of the result, in its order. */
async function computeColumns(result: WritableResult, table: string, computed: ComputedColumns, context: ErrorContext): Promise<void> {
  const { session } = result;
  const types = computed.columns.map((c) => c.type);
  const columns = types.map((type, i) => `c${i} ${fileTypeOf(type)}`);
  // A table needs a column, and zipping needs its rows, also when nothing is computed.
  await session.run(`CREATE TABLE ${table} (${columns.length === 0 ? "c0 BOOLEAN" : columns.join(", ")})`, context);
  const appender = await RowAppender.open(session.connection, session.schema, table, types.length === 0 ? [{ kind: "bool" }] : types);
  try {
    for await (const batch of result.batches()) {
      const made = computed.compute(batch);
      appender.append(batch.rowCount, (column, row) => made[column]?.[row] ?? null);
    }
  } finally {
    appender.close();
  }
}
