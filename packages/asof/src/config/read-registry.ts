import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";

/** What a path of a registry means, as Feast reads it. */
export type RegistryPlace =
  | { readonly type: "file" | "sqlite" | "sql"; readonly path: string }
  /** A place that this version does not open, by its scheme. */
  | { readonly type: "elsewhere"; readonly scheme: string };

/**
 * A path without a type. As in Feast it is the protobuf file, whatever its ending; a SQLite database that lies there already is recognized
 * by how it begins. `sqlite:///data/registry.db` is Feast's SQL registry.
 */
export function placeOfRegistry(path: string, repositoryPath: string): RegistryPlace {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(path)?.[1]?.toLowerCase();
  if (scheme !== undefined && /^sqlite(\+.+)?$/.test(scheme)) return { type: "sql", path: resolve(repositoryPath, sqlitePathOf(path)) };
  if (scheme !== undefined && scheme !== "file") return { type: "elsewhere", scheme };
  const file = resolve(repositoryPath, scheme === "file" ? path.slice("file://".length) : path);
  return { type: beginsAsSqlite(file) ? "sqlite" : "file", path: file };
}

/** The file of SQLAlchemy's URL: `sqlite:///relative.db`, `sqlite:////absolute.db`; what it says of drivers and options is left out. */
function sqlitePathOf(url: string): string {
  return url.replace(/^sqlite(\+\w+)?:\/\/\//i, "").replace(/\?.*$/, "");
}

const sqliteHeader = "SQLite format 3\0";

function beginsAsSqlite(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    // Not there, or not to be read: the store says so when it is opened.
    return false;
  }
  try {
    const start = Buffer.alloc(sqliteHeader.length);
    return readSync(file, start, 0, start.length, 0) === start.length && start.toString("latin1") === sqliteHeader;
  } finally {
    closeSync(file);
  }
}
