import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { AsofError } from "@asof/core";
import { shiftTimes } from "@asof/duckdb";
import { weeksToMove } from "./example-dates.ts";
import { projectFiles } from "./project-files.ts";
import { templateFolder } from "./template.ts";

export interface ProjectOptions {
  readonly project: string;
  /** Leaves the data in 2017. */
  readonly keepDates: boolean;
  readonly nowUs: number;
  readonly signal?: AbortSignal;
}

export interface WrittenProject {
  /** By how many whole weeks the data's times were moved; whole weeks keep weekdays and hours. */
  readonly shiftedWeeks: number;
}

const weekUs = 7 * 86_400_000_000;

/**
 * Writes the example project into a new or empty folder: all of it, or nothing. A folder that has something in it already is refused
 * with ASOF_OUTPUT_FAILED.
 */
export async function writeProject(folder: string, options: ProjectOptions): Promise<WrittenProject> {
  const isThere = await refuseOccupied(folder);
  const shiftedWeeks = options.keepDates ? 0 : weeksToMove(options.nowUs / 1000);
  // Beside the folder, so that moving it there is one step on the same disk.
  const draft = join(dirname(folder), `.asof-init-${process.pid}-${options.project}`);
  const made = await makeFolders(dirname(folder), folder);
  try {
    await mkdir(draft);
    await writeDraft(draft, options, shiftedWeeks);
    options.signal?.throwIfAborted();
    await (isThere ? moveInto(draft, folder) : rename(draft, folder));
    return { shiftedWeeks };
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    for (const path of made) await rmdir(path).catch(() => undefined);
    if (cause instanceof AsofError || options.signal?.aborted === true) throw cause;
    throw failed(folder, cause);
  }
}

function failed(folder: string, cause: unknown): AsofError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AsofError("ASOF_OUTPUT_FAILED", `The project could not be written, and nothing of it was left: ${why}.`, {
    path: folder,
    fix: "See that the folder above can be written and the disk has room.",
    cause,
  });
}

/** Makes the folders above the project's that are not there; returns those made, deepest first. Removes them again on a fault. */
async function makeFolders(parent: string, folder: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let path = parent; !existsSync(path); path = dirname(path)) missing.unshift(path);
  const made: string[] = [];
  try {
    for (const path of missing) {
      await mkdir(path);
      made.unshift(path);
    }
    return made;
  } catch (cause) {
    for (const path of made) await rmdir(path).catch(() => undefined);
    throw failed(folder, cause);
  }
}

/** Whether the folder exists already. */
async function refuseOccupied(folder: string): Promise<boolean> {
  try {
    const entries = await readdir(folder);
    if (entries.length === 0) return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return false;
    const isFile = cause instanceof Error && "code" in cause && cause.code === "ENOTDIR";
    throw new AsofError("ASOF_OUTPUT_FAILED", isFile ? `${folder} is a file, or lies below one.` : `${folder} cannot be read.`, {
      path: folder,
      fix: "Choose another name.",
      cause,
    });
  }
  throw new AsofError("ASOF_OUTPUT_FAILED", `The folder ${folder} exists and is not empty.`, {
    path: folder,
    fix: "Choose another name, or empty it.",
  });
}

/** What belongs to a user's project; the rest of the example's folder belongs to this repository. */
function isProjectFile(entry: string): boolean {
  return !["node_modules", "package.json", "dist"].includes(entry);
}

async function writeDraft(draft: string, { project, signal }: ProjectOptions, shiftedWeeks: number): Promise<void> {
  const template = templateFolder();
  for (const entry of await readdir(template)) {
    signal?.throwIfAborted();
    if (isProjectFile(entry)) await cp(join(template, entry), join(draft, entry), { recursive: true, filter: isTemplateFile });
  }
  const { version } = createRequire(import.meta.url)("asof/package.json") as { readonly version: string };
  for (const [path, text] of Object.entries(projectFiles(project, { asof: version }))) await writeFile(join(draft, path), text);
  const yaml = await readFile(join(draft, "feature_store.yaml"), "utf8");
  await writeFile(join(draft, "feature_store.yaml"), yaml.replace(/^project: .*$/m, `project: ${project}`));
  if (shiftedWeeks > 0) await shiftTimes(join(draft, "data", "baskets.parquet"), "event_timestamp", shiftedWeeks * weekUs);
}

/** What running the example inside this repository leaves in its data folder stays here. */
function isTemplateFile(path: string): boolean {
  return !/[\\/]data[\\/](online|log|registry\.db[^\\/]*)$/.test(path);
}

/** Fills an existing empty folder, which may be the working folder of a shell. What was moved is removed again on a fault. */
async function moveInto(draft: string, folder: string): Promise<void> {
  const moved: string[] = [];
  try {
    for (const entry of await readdir(draft)) {
      await rename(join(draft, entry), join(folder, entry));
      moved.push(join(folder, entry));
    }
    await rmdir(draft);
  } catch (error) {
    for (const path of moved) await rm(path, { recursive: true, force: true });
    throw error;
  }
}
