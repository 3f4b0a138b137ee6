import { fileURLToPath } from "node:url";
import type { FeastUse } from "@asof/feast";

/** How a registry on SQLite is opened. */
export interface SqliteRegistryConfig {
  /** The database file. Its folder and the file are made by the first write, not before. */
  readonly path: string;
  /** Folder of `feature_registry.sql`; default: the one that comes with this package. */
  readonly migrationsFolder?: string | undefined;
  /** How long to wait while other processes write, in ms. Default 5,000: a commit takes milliseconds, so a longer wait is a fault. */
  readonly busyTimeoutMs?: number | undefined;
}

/** How a registry in Feast's SQL schema is opened. */
export interface SqlRegistryConfig extends SqliteRegistryConfig, Partial<FeastUse> {}

/** The folder `migrations` of this package, from `src` as well as from `dist`. */
export function packagedMigrations(): string {
  return fileURLToPath(new URL("../migrations", import.meta.url));
}
