import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  type ColumnInfo,
  compareText,
  type LogReference,
  type LogRow,
  logColumns,
  systemClock,
  type Value,
  type ValueType,
} from "@asof/core";
import { RowAppender } from "./append-rows.ts";
import { fileTypeOf } from "./column-types.ts";
import { quoteName, quoteText } from "./dialect.ts";
import { translateError } from "./errors.ts";
import { listLogFiles, logContext, logPath, replacedBy, storedName } from "./log.ts";
import type { Session, StatementOptions } from "./session.ts";
import { readParquet } from "./source-table.ts";

/** With more files than this an append merges the small ones: listing and opening files must not grow with every push. */
const filesMax = 64;
/** Larger files are left alone, so that merging costs each row a bounded number of rewrites. */
const mergedBytesMax = 128 * 2 ** 20;
/** Readers keep the files that they found when they started; none runs that long. */
const keepReplacedMs = 24 * 3_600_000;

/** Writes rows as one file of the log: all of them or none, durable when it resolves. */
export async function appendLog(session: Session, logFolder: string, log: LogReference, rows: readonly LogRow[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const context = logContext(log, "log");
  const folder = logPath(logFolder, log);
  const columns = columnsOf(log, rows);
  const table = "asof_append";
  try {
    mkdirSync(folder, { recursive: true });
    const definitions = columns.map((c, i) => `c${i} ${fileTypeOf(c.type)}`);
    await session.run(`CREATE TABLE ${table} (${definitions.join(", ")})`, context);
    const appender = await RowAppender.open(
      session.connection,
      session.schema,
      table,
      columns.map((c) => c.type),
    );
    appender.append(rows.length, (column, row) => logValue(rows[row], columns[column]));
    appender.close();
    const items = columns.map((c, i) => `c${i} AS ${quoteName(storedName(c.name))}`);
    const ingest = String(Math.max(0, first.ingestTimeUs)).padStart(17, "0");
    await writeDurably(session, log, folder, `${ingest}-${randomUUID()}.parquet`, `SELECT ${items.join(", ")} FROM ${table}`);
    if (listLogFiles(folder).length > filesMax) await compactLog(session, folder, log);
  } catch (error) {
    throw translateError(error, context);
  }
}

/** Merges small files into one. A crash at any point loses nothing: rows read twice have one event id and count once. */
async function compactLog(session: Session, folder: string, log: LogReference): Promise<void> {
  removeReplaced(folder);
  const files = listLogFiles(folder).filter((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? Infinity) < mergedBytesMax);
  if (files.length < 2) return;
  const name = `merged-${randomUUID()}`;
  const list = join(folder, `${name}.json`);
  // The list takes effect together with the file that it belongs to.
  writeFileSync(list, JSON.stringify(files.map((file) => basename(file))));
  syncPath(list);
  const order = [logColumns.ingest, logColumns.eventId].map(quoteName).join(", ");
  // Two processes may have merged the same files: what is equal in every column is one row.
  const areThere = (): boolean => files.every((file) => existsSync(file));
  try {
    await writeDurably(session, log, folder, `${name}.parquet`, `SELECT DISTINCT * FROM ${readParquet(files, false)} ORDER BY ${order}`);
  } catch (error) {
    rmSync(list, { force: true });
    // The rows that were appended are there; what cannot be merged now is merged another time.
    if (areThere()) throw error;
    return;
  }
  // A file that vanished meanwhile was rewritten without some rows: they must not come back with the merged one.
  if (areThere()) return;
  rmSync(join(folder, `${name}.parquet`), { force: true });
  syncPath(folder);
  rmSync(list, { force: true });
}

/** Deletes what merged files replaced long ago, and what a crash left behind. */
function removeReplaced(folder: string): void {
  const old = (name: string): boolean => systemClock.nowUs() / 1000 - statSync(join(folder, name)).mtimeMs > keepReplacedMs;
  const remove = (name: string): void => rmSync(join(folder, name), { force: true });
  const names = new Set(readdirSync(folder));
  for (const name of [...names].filter(old)) {
    const isTorn = name.startsWith(".") && name.endsWith(".tmp");
    const isOrphan = name.startsWith("merged-") && name.endsWith(".json") && !names.has(name.replace(/\.json$/, ".parquet"));
    if (isTorn || isOrphan) remove(name);
    for (const replaced of name.endsWith(".parquet") ? replacedBy(folder, name) : []) {
      remove(replaced);
      if (replaced.startsWith("merged-")) remove(replaced.replace(/\.parquet$/, ".json"));
    }
  }
}

/** Writes the rows of a query as a file of that name: whole or not at all. */
export async function writeDurably(
  session: Session,
  log: LogReference,
  folder: string,
  name: string,
  select: string,
  options: StatementOptions = {},
): Promise<void> {
  const temporary = join(folder, `.${name}.tmp`);
  try {
    await session.run(`COPY (${select}) TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd)`, logContext(log, "log"), options);
    syncPath(temporary);
    renameSync(temporary, join(folder, name));
    syncPath(folder);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Makes a file's content, or a folder's list of names, durable. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The source's columns by logical name, then the log's own. */
function columnsOf({ source }: LogReference, rows: readonly LogRow[]): readonly ColumnInfo[] {
  // In one order in every file: files are read together.
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.values)))].toSorted(compareText);
  const timestamp: ValueType = { kind: "timestamp" };
  const string: ValueType = { kind: "string" };
  const typeOf = (name: string): ValueType | null => {
    const declared = source.columns.find((c) => c.name === name)?.type;
    if (declared !== undefined) return declared;
    if (name === source.eventTime || name === source.createdTime) return timestamp;
    // Types of keys are the entities' and not known here: the plain form of their values is stored, and read as declared. A column
    // of nulls has none and is left out: in some other type it would give the files read together a type that nobody wrote.
    return rows.reduce<ValueType | null>((type, row) => type ?? plainType(row.values[name] ?? null), null);
  };
  return [
    ...names.flatMap((name) => {
      const type = typeOf(name);
      return type === null ? [] : [{ name, type }];
    }),
    { name: logColumns.created, type: timestamp },
    { name: logColumns.ingest, type: timestamp },
    { name: logColumns.origin, type: string },
    { name: logColumns.eventId, type: string },
  ];
}

function plainType(value: Value): ValueType | null {
  if (value === null) return null;
  if (typeof value === "boolean") return { kind: "bool" };
  if (typeof value === "string") return { kind: "string" };
  if (typeof value === "bigint" || Number.isInteger(value)) return { kind: "int64", as: "bigint" };
  if (typeof value === "number") return { kind: "float64" };
  // Keys are scalars; what is no column and no key is not in the log.
  return value instanceof Uint8Array ? { kind: "bytes" } : null;
}

function logValue(row: LogRow | undefined, column: ColumnInfo | undefined): Value {
  if (row === undefined || column === undefined) return null;
  switch (column.name) {
    case logColumns.created:
      return row.createdTimeUs;
    case logColumns.ingest:
      return row.ingestTimeUs;
    case logColumns.origin:
      return row.origin;
    case logColumns.eventId:
      return row.eventId;
    default:
      return row.values[column.name] ?? null;
  }
}
