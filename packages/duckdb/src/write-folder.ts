import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ComputedColumns, FolderLayout, RunOptions } from "@asof/core";
import { quoteName, quoteText } from "./dialect.ts";
import { type ErrorContext, translateError } from "./errors.ts";
import { partitionPath } from "./hive-path.ts";
import { checkFolder, partName, publishFolder } from "./publish-folder.ts";
import { removeUnfinished, unfinishedPath } from "./unfinished-output.ts";
import { formatOptions, refuseNestedCsv, type WritableResult, withSelection } from "./write-result.ts";

/** Rows that lie together in the table to be written, and where their files go. */
interface Part {
  readonly folder: string;
  readonly from: number;
  readonly to: number;
}

/** How many rows are written to find out how large a row is. */
const probedRows = 10_000;

/**
 * Writes a result as files in a folder. They are written into a folder beside it that then takes its name, so that the path holds all
 * of them or is not touched. What is temporary is removed on any failure; what a killed process left, by a later writing.
 */
export async function writeFolder(
  result: WritableResult,
  path: string,
  format: "parquet" | "csv",
  layout: FolderLayout,
  computed: ComputedColumns | null,
  options: RunOptions,
): Promise<{ readonly rows: number; readonly files: number }> {
  // The folder itself, not a link to it, makes room for the new one.
  const target = existsSync(path) ? realpathSync(path) : resolve(path);
  const temporary = unfinishedPath(target, "tmp");
  const context: ErrorContext = { doing: "output", what: `"${path}"` };
  const table = `asof_written_${randomUUID().replaceAll("-", "")}`;
  const { session } = result;
  refuseNestedCsv(result, format, computed);
  try {
    checkFolder(target, path, layout.overwrite);
    removeUnfinished(target);
    mkdirSync(temporary);
    const names = await stage(result, table, layout, computed, context, options);
    const parts = await partsOf(result, table, layout, context, options);
    const writer = new PartWriter(result, table, names, format, layout, context, options);
    let files = 0;
    for (const part of parts) {
      const folder = join(temporary, part.folder);
      mkdirSync(folder, { recursive: true });
      files += await writer.write(part, folder);
    }
    publishFolder(temporary, target, path, layout.overwrite);
    return { rows: parts.reduce((sum, part) => sum + part.to - part.from, 0), files };
  } catch (error) {
    throw translateError(error, context);
  } finally {
    if (existsSync(temporary)) rmSync(temporary, { recursive: true, force: true });
    await session.run(`DROP TABLE IF EXISTS ${table}`, context);
  }
}

/**
 * The rows as they will be written, in a table sorted by partition and number of row, `n`: each file is then a range of `n`, which the
 * engine finds without reading the others. Gives the names of the columns that files hold, at `c0…`.
 */
async function stage(
  result: WritableResult,
  table: string,
  { partitionBy }: FolderLayout,
  computed: ComputedColumns | null,
  context: ErrorContext,
  options: RunOptions,
): Promise<readonly { readonly name: string; readonly sql: string }[]> {
  return await withSelection(result, computed, context, async (items, from) => {
    const partitions = partitionBy.map(({ name, unit }) =>
      unit === null
        ? `CAST(${items.find((item) => item.name === name)?.sql} AS VARCHAR)`
        : `strftime(make_timestamp(s.t), ${quoteText(unitFormats[unit])})`,
    );
    const inFiles = items.flatMap((item, i) =>
      partitionBy.some((p) => p.unit === null && p.name === item.name) ? [] : [{ ...item, at: `c${i}` }],
    );
    const columns = [...partitions.map((sql, i) => `${sql} AS p${i}`), ...inFiles.map((item) => `${item.sql} AS ${item.at}`)];
    const order = [...partitions.map((_, i) => `p${i} ASC NULLS FIRST`), "r"].join(", ");
    const rows = `SELECT ${["s.r AS r", ...columns].join(", ")} FROM ${from}`;
    const sorted = partitions.length === 0 ? "" : " ORDER BY n";
    const over = partitions.length === 0 ? "" : `ORDER BY ${order}`;
    const sql = `CREATE TABLE ${table} AS SELECT row_number() OVER (${over}) - 1 AS n, * EXCLUDE (r) FROM (${rows}) AS w${sorted}`;
    await result.session.run(sql, context, statementOf(options, 0, 0.5));
    return inFiles.map(({ name, at }) => ({ name, sql: at }));
  });
}

const unitFormats = { year: "%Y", month: "%Y-%m", day: "%Y-%m-%d" } as const;

async function partsOf(
  { session }: WritableResult,
  table: string,
  { partitionBy }: FolderLayout,
  context: ErrorContext,
  { signal }: RunOptions,
): Promise<readonly Part[]> {
  const names = partitionBy.map((p) => p.name);
  const keys = names.map((_, i) => `p${i}`);
  const group = keys.length === 0 ? "" : ` GROUP BY ${keys.join(", ")} ORDER BY lo`;
  const query = `SELECT ${[...keys, "min(n) AS lo", "count(*) AS rows"].join(", ")} FROM ${table}${group}`;
  const found = await session.rows(query, context, { signal });
  return found.map((row) => {
    const from = Number(row.lo ?? 0);
    const values = keys.map((key) => (row[key] === null ? null : String(row[key])));
    return { folder: partitionPath(names, values), from, to: from + Number(row.rows) };
  });
}

/** Writes parts as files of a number of rows: the one asked for, or what makes the size asked for. */
class PartWriter {
  readonly #result: WritableResult;
  readonly #table: string;
  readonly #select: string;
  readonly #format: "parquet" | "csv";
  readonly #layout: FolderLayout;
  readonly #context: ErrorContext;
  readonly #options: RunOptions;
  #bytesPerRow: number | null = null;

  constructor(
    result: WritableResult,
    table: string,
    columns: readonly { readonly name: string; readonly sql: string }[],
    format: "parquet" | "csv",
    layout: FolderLayout,
    context: ErrorContext,
    options: RunOptions,
  ) {
    this.#result = result;
    this.#table = table;
    this.#select = columns.map((c) => `${c.sql} AS ${quoteName(c.name)}`).join(", ");
    this.#format = format;
    this.#layout = layout;
    this.#context = context;
    this.#options = options;
  }

  /** Gives the number of files. A part without rows is a file with columns alone. */
  async write(part: Part, folder: string): Promise<number> {
    let index = 0;
    let from = part.from;
    do {
      const to = Math.min(part.to, from + (await this.#rowsPerFile(from, part.to, folder)));
      const file = join(folder, partName(index++, this.#format));
      await this.#copy(from, to, file);
      if (to > from) this.#bytesPerRow = statSync(file).size / (to - from);
      from = to;
    } while (from < part.to);
    return index;
  }

  async #rowsPerFile(from: number, to: number, folder: string): Promise<number> {
    const { rowsPerFile, bytesPerFile } = this.#layout;
    const rowsMax = rowsPerFile ?? Number.MAX_SAFE_INTEGER;
    if (bytesPerFile === null) return rowsMax;
    if (this.#bytesPerRow === null) {
      const probe = join(folder, "probe");
      const rows = Math.min(probedRows, to - from);
      await this.#copy(from, from + rows, probe);
      this.#bytesPerRow = statSync(probe).size / Math.max(1, rows);
      rmSync(probe);
    }
    return Math.max(1, Math.min(rowsMax, Math.floor(bytesPerFile / this.#bytesPerRow)));
  }

  #copy(from: number, to: number, file: string): Promise<void> {
    const rows = `SELECT ${this.#select} FROM ${this.#table} WHERE n >= ${from} AND n < ${to} ORDER BY n`;
    const total = this.#result.rowCount;
    const done = (rowCount: number): number => 0.5 + (total === 0 ? 0.5 : (0.5 * rowCount) / total);
    const statement = statementOf(this.#options, done(from), done(to));
    return this.#result.session.run(`COPY (${rows}) TO ${quoteText(file)} (${formatOptions(this.#format)})`, this.#context, statement);
  }
}

/** Progress of a statement as a part of the whole. */
function statementOf({ signal, onProgress }: RunOptions, from: number, to: number) {
  if (onProgress === undefined) return { signal };
  return { signal, onFraction: (fraction: number | null) => onProgress(from + (to - from) * (fraction ?? 0), "writing the result") };
}
