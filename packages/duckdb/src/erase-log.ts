import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type LogErasure, type LogErasureReport, type LogReference, type RunOptions, systemClock } from "@asof/core";
import { syncPath, writeDurably } from "./append-log.ts";
import { duckDbDialect, quoteName } from "./dialect.ts";
import { describeFiles, listLogFiles, logContext, logPath, replacedBy, storedName } from "./log.ts";
import type { Session, StatementOptions } from "./session.ts";

/** Unfinished files of others are left alone for so long: no append takes as much. */
const tornAfterMs = 600_000;

type Counts = Pick<LogErasureReport, "removed" | "cleared" | "kept">;

/**
 * Takes a key out of every file of a log. A file that has it is written anew beside, without it; the new file hides the old one from the
 * moment it has its name, and the old one is deleted at once. Passes repeat until one finds nothing, because others append and merge
 * meanwhile. Every step may be the last before a crash: the next call goes on.
 */
export async function eraseLog(
  session: Session,
  logFolder: string,
  log: LogReference,
  erasure: LogErasure,
  { dryRun = false, signal }: RunOptions & { readonly dryRun?: boolean },
): Promise<LogErasureReport> {
  const folder = logPath(logFolder, log);
  const total = { removed: 0, cleared: 0, kept: 0, files: 0 };
  if (!existsSync(folder)) return total;
  const options = { signal };
  for (;;) {
    let changed = 0;
    let kept = 0;
    for (const file of listLogFiles(folder)) {
      const matching = await matchRows(session, log, file, erasure, options);
      if (matching === null) continue;
      const counts = await countRows(session, log, matching, options);
      if (counts === null) continue;
      kept += counts.kept;
      if (counts.removed + counts.cleared === 0) continue;
      total.removed += counts.removed;
      total.cleared += counts.cleared;
      total.files++;
      if (dryRun) continue;
      await rewrite(session, log, folder, matching, options);
      changed++;
    }
    total.kept = kept;
    if (dryRun) return total;
    if (changed > 0) continue;
    // What is hidden goes only after everything visible is clean: until then a visible file stands for its other rows.
    if ((await removeHidden(session, log, folder, erasure, options)) === 0) return total;
  }
}

/** A file with rows of the key, as SQL. */
interface Matching {
  readonly file: string;
  readonly relation: string;
  /** Holds for rows of the key. */
  readonly isOwn: string;
  /** Holds for rows of the key that stay because other views need them. */
  readonly stays: string;
  /** Stored names of columns to clear. */
  readonly clear: readonly string[];
}

/** Null where the file has no such columns, or is gone. */
async function matchRows(
  session: Session,
  log: LogReference,
  file: string,
  erasure: LogErasure,
  options: StatementOptions,
): Promise<Matching | null> {
  const side = await unlessGone(file, () => describeFiles(session, [file], log, options));
  if (side === null) return null;
  const columnOf = (name: string) => side.columns.find((c) => c.name === name);
  const parts: string[] = [];
  for (const { name, type, value } of erasure.key) {
    const column = columnOf(name);
    const stored = column === undefined ? null : duckDbDialect.convert(column, column.sql, type, "null");
    if (stored === null) return null;
    parts.push(`${stored} = ${duckDbDialect.printExpression({ node: "literal", type, value }, (n) => n)}`);
  }
  const has = (name: string): string => {
    const column = columnOf(name);
    return column === undefined ? "FALSE" : `${column.sql} IS NOT NULL`;
  };
  const stays = erasure.keepIf.map((names) => (names.length === 0 ? "TRUE" : names.map(has).join(" AND ")));
  return {
    file,
    relation: side.relation,
    isOwn: `coalesce(${parts.join(" AND ")}, FALSE)`,
    stays: stays.length === 0 ? "FALSE" : `(${stays.map((s) => `(${s})`).join(" OR ")})`,
    clear: erasure.clear.filter((name) => columnOf(name) !== undefined).map(storedName),
  };
}

async function countRows(session: Session, log: LogReference, matching: Matching, options: StatementOptions): Promise<Counts | null> {
  const { file, relation, isOwn, stays, clear } = matching;
  const query = `SELECT count(*) FILTER (WHERE NOT ${stays}) AS removed, count(*) FILTER (WHERE ${stays}) AS stay FROM ${relation} WHERE ${isOwn}`;
  const rows = await unlessGone(file, () => session.rows(query, logContext(log), options));
  if (rows === null) return null;
  const [row = {}] = rows;
  const stay = Number(row.stay ?? 0);
  return { removed: Number(row.removed ?? 0), cleared: clear.length === 0 ? 0 : stay, kept: clear.length === 0 ? stay : 0 };
}

/** Writes a file anew without the key, and deletes it. */
async function rewrite(session: Session, log: LogReference, folder: string, matching: Matching, options: StatementOptions): Promise<void> {
  const { file, relation, isOwn, stays, clear } = matching;
  const cleared = clear.map((name) => `CASE WHEN ${isOwn} THEN NULL ELSE ${quoteName(name)} END AS ${quoteName(name)}`);
  const columns = cleared.length === 0 ? "*" : `* REPLACE (${cleared.join(", ")})`;
  const old = basename(file);
  const name = `merged-${randomUUID()}`;
  const list = join(folder, `${name}.json`);
  // What the old file hid stays hidden. The list takes effect together with the file that it belongs to.
  writeFileSync(list, JSON.stringify([old, ...replacedBy(folder, old)]));
  syncPath(list);
  const select = `SELECT ${columns} FROM ${relation} WHERE NOT ${isOwn} OR ${stays}`;
  try {
    await unlessGone(file, () => writeDurably(session, log, folder, `${name}.parquet`, select, options));
  } finally {
    if (!existsSync(join(folder, `${name}.parquet`))) rmSync(list, { force: true });
  }
  if (!existsSync(list)) return;
  removeFile(folder, old);
  syncPath(folder);
}

/** Deletes superseded files that have the key, and unfinished ones that nobody writes any more. Returns how many. */
async function removeHidden(
  session: Session,
  log: LogReference,
  folder: string,
  erasure: LogErasure,
  options: StatementOptions,
): Promise<number> {
  const visible = new Set(listLogFiles(folder).map((file) => basename(file)));
  let removed = 0;
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (name.startsWith(".") && name.endsWith(".tmp")) {
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat !== undefined && systemClock.nowUs() / 1000 - stat.mtimeMs > tornAfterMs) rmSync(file, { force: true });
      continue;
    }
    if (!name.endsWith(".parquet") || name.startsWith(".") || visible.has(name)) continue;
    const matching = await matchRows(session, log, file, erasure, options);
    const counts = matching === null ? null : await countRows(session, log, matching, options);
    if (counts === null || counts.removed + counts.cleared === 0) continue;
    removeFile(folder, name);
    removed++;
  }
  if (removed > 0) syncPath(folder);
  return removed;
}

/** Deletes a superseded file. What it hid goes first: it would be seen again. */
function removeFile(folder: string, name: string): void {
  for (const hidden of replacedBy(folder, name)) removeFile(folder, hidden);
  rmSync(join(folder, name), { force: true });
  if (name.startsWith("merged-")) rmSync(join(folder, name.replace(/\.parquet$/, ".json")), { force: true });
}

/** Null where the file was taken away by another process meanwhile. */
async function unlessGone<T>(file: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!existsSync(file)) return null;
    throw error;
  }
}
