import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { AsofError } from "@asof/core";
import { unfinishedPath } from "./unfinished-output.ts";

/** Name of a written part; no other program names its files so. */
export function partName(index: number, format: "parquet" | "csv"): string {
  return `asof-${String(index).padStart(5, "0")}.${format}`;
}

const ownFile = /^asof-\d{5,}\.(parquet|csv)$/;

/**
 * Looks at a folder that is to be written, before any work: ASOF_OUTPUT_FAILED where it is a file, where it holds anything and may not
 * be overwritten, or where files that asof did not write would be read as rows beside the new ones.
 */
export function checkFolder(target: string, shown: string, overwrite: boolean): void {
  if (!existsSync(target)) return;
  if (!statSync(target).isDirectory()) {
    throw new AsofError("ASOF_OUTPUT_FAILED", `"${shown}" is a file, and parts go into a folder.`, {
      path: shown,
      fix: "Remove it, or name another folder.",
    });
  }
  const entries = filesBelow(target);
  if (entries.length === 0) return;
  if (!overwrite) {
    throw new AsofError("ASOF_OUTPUT_FAILED", `"${shown}" is not empty: it holds ${some(entries)}.`, {
      path: shown,
      fix: "Name another folder, or allow it to be overwritten.",
    });
  }
  const rows = entries.filter((file) => !ownFile.test(basename(file)) && /\.(parquet|csv)$/i.test(file));
  if (rows.length === 0) return;
  throw new AsofError(
    "ASOF_OUTPUT_FAILED",
    `"${shown}" holds files that asof did not write: ${some(rows)}. They would be read as rows of the result.`,
    {
      path: shown,
      fix: "Move them away, or name another folder.",
    },
  );
}

function some(files: readonly string[]): string {
  const more = files.length > 3 ? `, and ${files.length - 3} more` : "";
  return `${files.slice(0, 3).join(", ")}${more}`;
}

/** Files and links below a folder, by their paths from it. */
function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => !e.isDirectory()).map((e) => relative(folder, join(e.parentPath, e.name)).split(sep).join("/"));
}

/**
 * Puts a whole folder in the place of another, in one rename. Files there that asof did not write come along. Where a folder has to
 * make room first, the path is absent for a moment, and never half written.
 */
export function publishFolder(temporary: string, target: string, shown: string, overwrite: boolean): void {
  // Someone may have written there meanwhile.
  checkFolder(target, shown, overwrite);
  if (!existsSync(target)) {
    renameSync(temporary, target);
    return;
  }
  for (const file of filesBelow(target)) if (!ownFile.test(basename(file))) keepFile(join(target, file), join(temporary, file));
  const before = unfinishedPath(target, "old");
  renameSync(target, before);
  try {
    renameSync(temporary, target);
  } catch (error) {
    renameSync(before, target);
    throw error;
  }
  rmSync(before, { recursive: true, force: true });
}

/** A second name for a file, so that it is there at every moment; a copy where the file system has no such names. */
function keepFile(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  if (lstatSync(from).isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
    return;
  }
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
