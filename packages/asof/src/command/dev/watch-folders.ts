import { type FSWatcher, readdirSync, watch } from "node:fs";
import { extname, join, relative, sep } from "node:path";

/** What definitions are written in, and what configures them; data files change without meaning anything to a plan. */
const watchedEndings = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json", ".yaml", ".yml", ".sql"];

/**
 * Tells when a file changed that a plan may depend on. Every folder has a watcher of its own: Node's recursive one on Linux follows files,
 * and loses those that an editor replaces by another of the name. Watchers are made anew by each {@link arm}: a folder that was replaced is
 * another folder, and one that was made meanwhile is to be watched too.
 */
export class FolderWatch implements Disposable {
  readonly #root: string;
  readonly #onChange: (file: string) => void;
  #watchers: readonly FSWatcher[] = [];

  constructor(root: string, onChange: (file: string) => void) {
    this.#root = root;
    this.#onChange = onChange;
  }

  /** Watches the repository's folder and `flat` folders, and `deep` ones with all below them. Folders that are not there are left out. */
  arm(deep: readonly string[], flat: readonly string[]): void {
    const before = this.#watchers;
    const folders = new Set([this.#root, ...flat, ...deep.flatMap(foldersBelow)]);
    this.#watchers = [...folders].flatMap((folder) => this.#watch(folder) ?? []);
    for (const watcher of before) watcher.close();
  }

  #watch(folder: string): FSWatcher | null {
    try {
      const watcher = watch(folder, (_event, name) => {
        const file = name === null ? folder : join(folder, name);
        if (name === null || this.#isWatched(file)) this.#onChange(file);
      });
      // The folder went away; the next arming finds out what there is.
      watcher.on("error", () => this.#onChange(folder));
      return watcher;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  #isWatched(file: string): boolean {
    const parts = relative(this.#root, file).split(sep);
    if (parts.some(isIgnored)) return false;
    const ending = extname(file);
    // A name without ending may be a folder of definitions that comes or goes.
    return ending === "" || watchedEndings.includes(ending);
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }
}

function isIgnored(name: string): boolean {
  return name === "node_modules" || (name.startsWith(".") && name !== ".." && name !== ".");
}

/** A folder and those below it; nothing where it is not there. */
function foldersBelow(folder: string): readonly string[] {
  try {
    const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !isIgnored(entry.name));
    return [folder, ...inner.flatMap((entry) => foldersBelow(join(folder, entry.name)))];
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

/** The folder that a glob looks below: what comes before its first special character. */
export function folderOfGlob(root: string, glob: string): string {
  const parts = glob.split("/");
  const first = parts.findIndex((part) => /[*?[\]{}()!]/.test(part));
  return join(root, ...parts.slice(0, first === -1 ? -1 : first));
}
