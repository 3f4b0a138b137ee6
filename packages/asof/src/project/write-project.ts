import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { AsofError, dateToDays, formatInstant, parseInstant } from "@asof/core";
import { shiftTimes } from "@asof/duckdb";
import { templateFolder } from "./template.ts";

export interface ProjectOptions {
  readonly project: string;
  /** Leaves the data in 2017. */
  readonly keepDates: boolean;
  readonly nowUs: number;
}

export interface WrittenProject {
  /** By how many whole weeks the data's times were moved; whole weeks keep weekdays and hours. */
  readonly shiftedWeeks: number;
}

const weekUs = 7 * 86_400_000_000;

/** The last basket of the example's data. */
const lastEventUs = parseInstant("2018-01-01T04:01:20Z");

/**
 * Writes the example project into a new folder: all of it, or nothing. A folder that has something in it already is refused with
 * ASOF_OUTPUT_FAILED.
 */
export async function writeProject(folder: string, options: ProjectOptions): Promise<WrittenProject> {
  await refuseOccupied(folder);
  const shiftedWeeks = options.keepDates ? 0 : Math.max(0, Math.floor((options.nowUs - lastEventUs) / weekUs));
  const draft = join(dirname(folder), `.asof-init-${process.pid}-${options.project}`);
  try {
    await mkdir(draft, { recursive: true });
    const template = templateFolder();
    for (const entry of await readdir(template)) {
      if (!isProjectFile(entry)) continue;
      await cp(join(template, entry), join(draft, entry), { recursive: true });
    }
    await writeTexts(draft, options.project, shiftedWeeks);
    if (shiftedWeeks > 0) await shiftTimes(join(draft, "data", "baskets.parquet"), "event_timestamp", shiftedWeeks * weekUs);
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
    return { shiftedWeeks };
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    if (cause instanceof AsofError) throw cause;
    throw new AsofError(
      "ASOF_OUTPUT_FAILED",
      `The project could not be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        path: folder,
        fix: "See that the folder above can be written and the disk has room.",
        cause,
      },
    );
  }
}

/** What belongs to a user's project; the rest of the example's folder belongs to this repository. */
function isProjectFile(entry: string): boolean {
  return !["node_modules", "package.json", "dist"].includes(entry);
}

async function refuseOccupied(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  if (entries.length === 0) return;
  throw new AsofError("ASOF_OUTPUT_FAILED", `The folder ${folder} exists and is not empty.`, {
    path: folder,
    fix: "Choose another name, or empty it.",
  });
}

async function writeTexts(folder: string, project: string, shiftedWeeks: number): Promise<void> {
  const { version } = createRequire(import.meta.url)("asof/package.json") as { readonly version: string };
  const manifest = {
    name: project.replaceAll("_", "-").toLowerCase(),
    private: true,
    type: "module",
    scripts: { test: "node --test 'test/**/*.test.ts'" },
    dependencies: { asof: version },
    devDependencies: { node: "^24.21.0", typescript: "^7.0.2" },
  };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const yaml = await readFile(join(folder, "feature_store.yaml"), "utf8");
  await writeFile(join(folder, "feature_store.yaml"), yaml.replace(/^project: .*$/m, `project: ${project}`));
  await writeFile(join(folder, ".gitignore"), "node_modules/\ndata/online/\ndata/log/\ndata/registry.db*\n*.parquet.tmp\n");
  if (shiftedWeeks > 0) await moveDates(join(folder, "labels.sql"), shiftedWeeks);
}

/** Moves the instants of the labels query along with the data, each to the first of the month nearest to where it lands. */
async function moveDates(path: string, shiftedWeeks: number): Promise<void> {
  const text = await readFile(path, "utf8");
  const moved = text.replaceAll(/timestamptz '([^']+)'/g, (_whole, instant: string) => {
    return `timestamptz '${nearestMonth(parseInstant(instant) + shiftedWeeks * weekUs)}'`;
  });
  await writeFile(path, moved);
}

function nearestMonth(us: number): string {
  const [year = 0, month = 1, day = 1] = formatInstant(us).slice(0, 10).split("-").map(Number);
  const next = day > 15;
  const months = year * 12 + (month - 1) + (next ? 1 : 0);
  const text = `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, "0")}-01`;
  if (dateToDays(text) === null) throw new Error(`"${text}" is no date`);
  return `${text} 00:00:00+00`;
}
