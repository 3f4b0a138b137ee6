import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LogReference, type SideTable, sha256Hex } from "@asof/core";
import type { ErrorContext } from "./errors.ts";
import type { Session, StatementOptions } from "./session.ts";
import { describeParquet, readParquet } from "./source-table.ts";

/**
 * The offline log of a source: a folder of Parquet files, one per append, named so that their order is that of ingest. Compaction
 * writes a larger file, `merged-….parquet`, and beside it `merged-….json`, the names of the files whose rows it holds. These count as
 * gone from the moment the larger file has its name, and are deleted much later, when nobody can be reading them any more.
 */

/** The folder of a source's log. */
export function logPath(logFolder: string, { project, source }: LogReference): string {
  return join(logFolder, folderName(project), folderName(source.name));
}

/** Names may hold anything and be longer than folders' may. Escapes are of two digits, so that nothing else has the short form. */
function folderName(name: string): string {
  const escaped = encodeURIComponent(name).replaceAll(".", "%2E").replaceAll("*", "%2A");
  return escaped.length <= longestFolderName ? escaped : `${escaped.slice(0, 120)}%~${sha256Hex(name)}`;
}

/** File systems take 255 bytes. */
const longestFolderName = 200;

/** How a log is named in errors. */
export function logContext({ source }: LogReference, doing: "source" | "log" = "source"): ErrorContext {
  return { doing, what: `The log of source "${source.name}"` };
}

/** The log's files of this moment as a FROM item, or null where nothing was appended yet. */
export async function describeLog(
  session: Session,
  logFolder: string,
  log: LogReference,
  options: StatementOptions,
): Promise<SideTable | null> {
  const files = listLogFiles(logPath(logFolder, log));
  return files.length === 0 ? null : describeFiles(session, files, log, options);
}

/** Files of a log as a FROM item. */
export async function describeFiles(
  session: Session,
  files: readonly string[],
  log: LogReference,
  options: StatementOptions,
): Promise<SideTable> {
  const relation = readParquet(files, false);
  const columns = await describeParquet(session, files, relation, logContext(log), options);
  return { relation, columns: columns.map((c) => ({ ...c, name: logicalName(c.name), medium: "log" })) };
}

/**
 * The name under which the log stores a column. DuckDB ignores the case of names, and would take `A` and `a` for one column of files
 * that are read together; so a name with capitals gets a mark of its own.
 */
export function storedName(name: string): string {
  return name === name.toLowerCase() ? name : `${name}~${sha256Hex(name).slice(0, 8)}`;
}

function logicalName(stored: string): string {
  const name = stored.slice(0, -9);
  return stored === storedName(name) ? name : stored;
}

/** Files that count, in order of their names. */
export function listLogFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".parquet") && !name.startsWith("."));
  const replaced = new Set(names.flatMap((name) => replacedBy(folder, name)));
  return names
    .filter((name) => !replaced.has(name))
    .toSorted()
    .map((name) => join(folder, name));
}

/** Names of the files whose rows a merged file holds. */
export function replacedBy(folder: string, merged: string): readonly string[] {
  if (!merged.startsWith("merged-")) return [];
  const list = join(folder, merged.replace(/\.parquet$/, ".json"));
  if (!existsSync(list)) return [];
  const parsed: unknown = JSON.parse(readFileSync(list, "utf8"));
  return Array.isArray(parsed) ? parsed.map(String) : [];
}
