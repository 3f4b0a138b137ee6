import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Options of the offline store, as feature_store.yaml has them. */
export interface OfflineOptions {
  readonly memory_limit?: string;
  readonly temporary_folder?: string;
}

/** Makes a repository folder with embedded stores; its definitions are given as data when it is opened. */
export function makeRepository(
  folder: string,
  offline: OfflineOptions = {},
  registry = "{ registry_type: sqlite, path: data/registry.db }",
): string {
  mkdirSync(folder, { recursive: true });
  const yaml = [
    "project: bench",
    `registry: ${registry}`,
    `offline_store: ${JSON.stringify({ type: "duckdb", ...offline })}`,
    "online_store: { type: lmdb, path: data/online }",
    "",
  ];
  writeFileSync(join(folder, "feature_store.yaml"), yaml.join("\n"));
  return folder;
}
