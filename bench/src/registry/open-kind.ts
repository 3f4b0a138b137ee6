import type { RegistryStore } from "@asof/core";
import { openFileRegistry } from "@asof/feast";
import { openSqliteRegistry, openSqlRegistry } from "@asof/sqlite";

/** The registries that are measured: asof's alone on SQLite, Feast's file, Feast's SQL schema on SQLite. */
export const registryKinds = ["sqlite", "file", "sql"] as const;

export type RegistryKind = (typeof registryKinds)[number];

/** What the kinds are called in the results. */
export const kindNames: Readonly<Record<RegistryKind, string>> = {
  sqlite: "SQLite",
  file: "Feast's file",
  sql: "Feast's SQL schema on SQLite",
};

export function openKind(kind: RegistryKind, path: string): Promise<RegistryStore> {
  switch (kind) {
    case "sqlite":
      return openSqliteRegistry({ path });
    case "file":
      return openFileRegistry({ path });
    case "sql":
      return openSqlRegistry({ path });
  }
}

/** The registry of a repository's yaml. */
export function yamlOf(kind: RegistryKind): string {
  return `{ registry_type: ${kind}, path: ${kind === "sql" ? "sqlite:///data/registry.db" : "data/registry.db"} }`;
}
