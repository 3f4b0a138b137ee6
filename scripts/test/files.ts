import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** Folders that hold tests. `scripts` comes first: its static checks are the quickest way to learn of a slip. */
const roots = ["scripts", "packages", "examples", "bench"];

/** `store.lmdb.test.ts` needs the backend lmdb; `order.test.ts` needs none. */
const suffix = /\.([a-z0-9]+)\.test\.ts$/;

export interface TestFiles {
  /** Paths to run, relative to the root, with forward slashes. */
  readonly run: readonly string[];
  /** Backends that the files of `run` need, sorted. */
  readonly backends: readonly string[];
  /** Files of backends that `ASOF_BACKENDS` does not pick. */
  readonly unpicked: readonly string[];
  readonly unpickedBackends: readonly string[];
}

/** Raised for a filter or a backend that names nothing: such a run would prove nothing. */
export class TestSelectionError extends Error {}

/**
 * Picks test files.
 * @param filters parts of paths; a file is taken if its path holds one of them. None = all.
 * @param backends names from `ASOF_BACKENDS`, or null for all. Files that need no backend are always taken.
 */
export function selectTestFiles(root: string, filters: readonly string[], backends: readonly string[] | null): TestFiles {
  const all = roots.flatMap((folder) => listTests(root, join(root, folder)));
  const known = new Set(all.map(backendOf).filter((name) => name !== null));
  const unknown = (backends ?? []).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new TestSelectionError(
      `ASOF_BACKENDS names ${unknown.join(", ")}, for which there are no tests. There are: ${sorted(known).join(", ")}.`,
    );

  const wanted = all.filter((file) => filters.length === 0 || filters.some((part) => file.includes(normalizeFilter(root, part))));
  const isPicked = (file: string): boolean => {
    const backend = backendOf(file);
    return backend === null || backends === null || backends.includes(backend);
  };
  const run = wanted.filter(isPicked);
  const unpicked = wanted.filter((file) => !isPicked(file));
  if (run.length === 0)
    throw new TestSelectionError(
      `no test file matches ${filters.join(" ") || "anything"} (${all.length} files, ${unpicked.length} of backends that ASOF_BACKENDS leaves out).`,
    );
  return { run, backends: backendsOf(run), unpicked, unpickedBackends: backendsOf(unpicked) };
}

/** The backend a test file needs, by its name; null if none. */
function backendOf(file: string): string | null {
  return suffix.exec(file)?.[1] ?? null;
}

/** `ASOF_BACKENDS` as a list: null when unset, else the names between commas. */
export function parseBackends(text: string | undefined): readonly string[] | null {
  if (text === undefined || text.trim() === "") return null;
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function backendsOf(files: readonly string[]): readonly string[] {
  return sorted(new Set(files.map(backendOf).filter((name) => name !== null)));
}

function sorted(names: Iterable<string>): readonly string[] {
  return [...names].sort();
}

function normalizeFilter(root: string, part: string): string {
  const path = part.startsWith(root) ? relative(root, part) : part;
  return path.split(sep).join("/").replace(/^\.\//, "");
}

function listTests(root: string, folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory())
        return entry.name === "node_modules" || entry.name === "dist" || entry.name.startsWith(".") ? [] : listTests(root, path);
      return entry.name.endsWith(".test.ts") ? [relative(root, path).split(sep).join("/")] : [];
    });
}
