import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogReference, SideTable } from "@asof/core";
import type { ErrorContext } from "./errors.ts";
import type { Session, StatementOptions } from "./session.ts";
import { describeRelation, readParquet } from "./source-table.ts";

/** The folder of a source's log. */
export function logPath(logFolder: string, { project, source }: LogReference): string {
  return join(logFolder, folderName(project), folderName(source.name));
}

/** Names may hold anything; folders may not. */
function folderName(name: string): string {
  return encodeURIComponent(name).replaceAll(".", "%2E").replaceAll("*", "%2A");
}

/** How a log is named in errors. */
export function logContext({ source }: LogReference): ErrorContext {
  return { doing: "source", what: `The log of source "${source.name}"` };
}

/** The log's files of this moment as a FROM item, or null where nothing was appended yet. */
export async function describeLog(
  session: Session,
  logFolder: string,
  log: LogReference,
  options: StatementOptions,
): Promise<SideTable | null> {
  const files = listLogFiles(logPath(logFolder, log));
  if (files.length === 0) return null;
  const relation = readParquet(files, false);
  const columns = await describeRelation(session, relation, logContext(log), options);
  return { relation, columns: columns.map((c) => ({ ...c, medium: "log" })) };
}

export function listLogFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".parquet") && !name.startsWith("."))
    .toSorted()
    .map((name) => join(folder, name));
}
