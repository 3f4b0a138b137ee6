import { statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { AsofError, type FileSourceModel, type SideColumn, type SideTable, type SourceModel, type SqlSourceModel } from "@asof/core";
import { quoteName, quoteText } from "./dialect.ts";
import { type ErrorContext, translateError } from "./errors.ts";
import type { Session, StatementOptions } from "./session.ts";

type BatchSource = Exclude<SourceModel, { readonly type: "push" }>;

/** How a source is named in errors. */
export function sourceContext(source: SourceModel): ErrorContext {
  const where = source.type === "parquet" || source.type === "csv" ? ` (${source.paths.join(", ")})` : "";
  return { doing: "source", what: `Source "${source.name}"${where}` };
}

/**
 * A batch source as a FROM item with its columns. Files are listed once, here, so that everything that follows sees the same ones.
 * Throws ASOF_SOURCE_MISSING and ASOF_SOURCE_UNREADABLE.
 */
export async function describeBatch(
  session: Session,
  repositoryPath: string,
  source: BatchSource,
  options: StatementOptions & { readonly typedCsv?: boolean } = {},
): Promise<SideTable> {
  if (source.type === "sql") return describeSql(session, source, options);
  const files = await listFiles(session, repositoryPath, source, options);
  const relation = source.type === "parquet" ? readParquet(files, source.hive) : readCsv(files, source, options.typedCsv === true);
  const context = sourceContext(source);
  const columns =
    source.type === "parquet"
      ? await describeParquet(session, files, relation, context, options)
      : await describeRelation(session, relation, context, options);
  const partitions = source.hive ? partitionColumns(files) : new Set<string>();
  return {
    relation,
    columns: columns.map((c) => ({ ...c, medium: source.type === "csv" || partitions.has(c.name) ? "text" : "typed" })),
  };
}

/** Copies the named columns of a relation into a table of the session, so that it is read or parsed only once. */
export async function copyRelation(
  session: Session,
  table: string,
  side: SideTable,
  wanted: ReadonlySet<string>,
  context: ErrorContext,
  options: StatementOptions = {},
): Promise<SideTable> {
  const columns = side.columns.filter((c) => wanted.has(c.name));
  const items = columns.length === 0 ? "1 AS one" : columns.map((c) => c.sql).join(", ");
  await session.run(`CREATE TABLE ${table} AS SELECT ${items} FROM ${side.relation}`, context, options);
  // Columns that nobody wants stay listed, for the sentences of errors.
  return { relation: table, columns: side.columns };
}

function describeSql(session: Session, source: SqlSourceModel, options: StatementOptions): Promise<SideTable> {
  return describeQuery(session, source.query, "query", sourceContext(source), options);
}

/**
 * A user's query as a FROM item of that name, with its columns. It must be one SELECT: a text that closes the parentheses it is put in
 * could hold further statements, which would run.
 */
export async function describeQuery(
  session: Session,
  query: string,
  name: string,
  context: ErrorContext,
  options: StatementOptions,
): Promise<SideTable> {
  const relation = `(${trimQuery(query)}\n) AS ${name}`;
  const { count } = await session.connection.extractStatements(`SELECT * FROM ${relation}`).catch((error: unknown) => {
    throw translateError(error, context);
  });
  if (count !== 1) {
    throw new AsofError("ASOF_QUERY_FAILED", `${context.what} is more than one statement.`, { value: query, fix: "Give a single SELECT." });
  }
  return { relation, columns: await describeRelation(session, relation, context, options) };
}

/** Texts with escapes, quoted texts and names, dollar-quoted texts, comments, and anything else one character at a time. */
const sqlParts =
  /(?<![\w$])[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|--[^\n]*|\/\*[\s\S]*?\*\/|[\s\S]/gu;

/** A query that can stand in parentheses: without the semicolon at its end, and comments after it. */
function trimQuery(query: string): string {
  let end = 0;
  for (const { 0: part, index } of query.matchAll(sqlParts)) {
    if (!/^(?:;|\s|--|\/\*)/u.test(part)) end = index + part.length;
  }
  return query.slice(0, end);
}

/** Names and types of a relation's columns; for files this reads no more than their footers or first lines. */
export async function describeRelation(
  session: Session,
  relation: string,
  context: ErrorContext,
  options: StatementOptions = {},
): Promise<readonly SideColumn[]> {
  const rows = await session.rows(`DESCRIBE SELECT * FROM ${relation}`, context, options);
  return rows.map((row) => {
    const name = String(row.column_name);
    return { name, type: String(row.column_type), medium: "typed", sql: quoteName(name) };
  });
}

/**
 * Columns of Parquet files under their own names. DuckDB ignores case and calls the second of `a` and `A` `A_1`; the real names are in
 * the first file.
 */
export async function describeParquet(
  session: Session,
  files: readonly string[],
  relation: string,
  context: ErrorContext,
  options: StatementOptions,
): Promise<readonly SideColumn[]> {
  const columns = await describeRelation(session, relation, context, options);
  const lower = new Set(columns.map((c) => c.name.toLowerCase()));
  const isRenamed = columns.some((c) => /_\d+$/.test(c.name) && lower.has(c.name.replace(/_\d+$/, "").toLowerCase()));
  if (!isRenamed) return columns;
  const rows = await session.rows(`SELECT name, num_children FROM parquet_schema(${listOf(files.slice(0, 1))})`, context, options);
  const names = topLevelNames(rows.map((row) => ({ name: String(row.name), children: Number(row.num_children ?? 0) })));
  return columns.map((c, i) => ({ ...c, name: names[i] ?? c.name }));
}

/** Names directly under the root of a schema that is listed depth first. */
function topLevelNames(elements: readonly { readonly name: string; readonly children: number }[]): readonly string[] {
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const children = elements[at++]?.children ?? 0;
    for (let i = 0; i < children; i++) skip();
  };
  while (at < elements.length) {
    names.push(elements[at]?.name ?? "");
    skip();
  }
  return names;
}

async function listFiles(
  session: Session,
  repositoryPath: string,
  source: FileSourceModel,
  options: StatementOptions,
): Promise<readonly string[]> {
  const context = sourceContext(source);
  const files: string[] = [];
  for (const path of source.paths) {
    const full = isRemote(path) || isAbsolute(path) ? path : resolve(repositoryPath, path);
    const found = await expandPath(session, full, source.type, context, options);
    files.push(...found);
    // Each path must lead somewhere: reading the others alone would silently be half of history.
    if (found.length === 0) {
      throw new AsofError("ASOF_SOURCE_MISSING", `${context.what}: there is no file at "${full}".`, {
        path: source.name,
        value: path,
        fix: "Check the path; relative paths start at the repository.",
      });
    }
  }
  return files;
}

async function expandPath(
  session: Session,
  path: string,
  type: "parquet" | "csv",
  context: ErrorContext,
  options: StatementOptions,
): Promise<readonly string[]> {
  if (isRemote(path)) return [path];
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() === true) return [path];
  const pattern = stat?.isDirectory() === true ? join(path, `**/*.${type}`) : path;
  if (!/[*?[{]/.test(pattern)) return [];
  const rows = await session.rows(`SELECT file FROM glob(${quoteText(pattern)}) ORDER BY file`, context, options);
  return rows.map((row) => String(row.file));
}

function isRemote(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path);
}

/** Files as a FROM item. Columns are matched by name, since files written at different times differ in order. */
export function readParquet(files: readonly string[], hive: boolean): string {
  const options = [`hive_partitioning = ${hive}`];
  if (hive) options.push("hive_types_autocast = false");
  if (files.length > 1) options.push("union_by_name = true");
  return `read_parquet(${listOf(files)}, ${options.join(", ")})`;
}

function readCsv(files: readonly string[], source: FileSourceModel, typed: boolean): string {
  const options = [`hive_partitioning = ${source.hive}`];
  if (source.hive) options.push("hive_types_autocast = false");
  if (source.csv !== null) {
    options.push(
      `delim = ${quoteText(source.csv.delimiter)}`,
      `header = ${source.csv.header}`,
      `nullstr = ${quoteText(source.csv.nullText)}`,
      `quote = ${quoteText(source.csv.quote)}`,
      `escape = ${quoteText(source.csv.escape)}`,
    );
  }
  // Types come from the definition, not from a guess at the first lines.
  if (!typed) options.push("all_varchar = true");
  if (files.length > 1) options.push("union_by_name = true");
  return `read_csv(${listOf(files)}, ${options.join(", ")})`;
}

function listOf(files: readonly string[]): string {
  const [only, ...more] = files.map((file) => quoteText(escapeGlob(file)));
  return more.length === 0 ? (only ?? "''") : `[${[only, ...more].join(", ")}]`;
}

/** A file's own name may hold characters that stand for others in patterns. */
export function escapeGlob(file: string): string {
  return isRemote(file) ? file : file.replace(/[*?[]/g, "[$&]");
}

/** Names of the partition folders on the way to the files: `day` of `day=2024-01-01/part.parquet`. */
function partitionColumns(files: readonly string[]): ReadonlySet<string> {
  const names = files.flatMap((file) => file.split("/").flatMap((part) => /^([^=]+)=/.exec(part)?.[1] ?? []));
  return new Set(names);
}
