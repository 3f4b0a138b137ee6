import { AsofError, type OfflineStore, type OnlineStore, openMemoryOnlineStore, openMemoryRegistry, type RegistryStore } from "@asof/core";
import type { FeastRegistryStore } from "@asof/feast";
import type { Config } from "../config/load.ts";
import { openWhenUsed } from "./lazy-offline.ts";
import { refuseWrites } from "./read-only-online.ts";

/** The stores that a configuration names, opened. */
export interface OpenedStores {
  readonly registry: RegistryStore;
  readonly offline: OfflineStore;
  readonly online: OnlineStore;
  close(): Promise<void>;
}

/**
 * Opens the stores by their `type`, loading each package only when it is used, the offline engine only when it is asked something.
 * What was opened is closed again when a later one fails.
 */
export async function openStores(repositoryPath: string, config: Config): Promise<OpenedStores> {
  await using opened = new AsyncDisposableStack();
  const registry = opened.use(await openRegistry(config));
  const offline = opened.use(openWhenUsed(config.offlineStore.type, () => openOffline(repositoryPath, config)));
  const online = opened.use(await openOnline(config));
  const kept = opened.move();
  return { registry, offline, online, close: () => kept.disposeAsync() };
}

/** Opens the registry alone. */
export async function openRegistry(config: Config): Promise<RegistryStore> {
  const { registry } = config;
  switch (registry.type) {
    case "memory":
      return openMemoryRegistry();
    case "sqlite": {
      const { openSqliteRegistry } = await loadStore("sqlite", () => import("@asof/sqlite"));
      return openSqliteRegistry({ path: registry.path, migrationsFolder: registry.migrationsFolder });
    }
    default:
      return openSharedRegistry(config, registry);
  }
}

/** Opens a registry that Feast uses too. */
export async function openSharedRegistry(
  config: Pick<Config, "onlineStore">,
  registry: Extract<Config["registry"], { readonly type: "file" | "sql" }>,
): Promise<FeastRegistryStore> {
  const { path, onlineVersioning } = registry;
  const use = { path, onlineVersioning, sharedOnlineStore: config.onlineStore.type === "sqlite" };
  if (registry.type === "file") {
    const { openFileRegistry } = await import("@asof/feast");
    return openFileRegistry(use);
  }
  const { openSqlRegistry } = await loadStore("sqlite", () => import("@asof/sqlite"));
  return openSqlRegistry({ ...use, migrationsFolder: registry.migrationsFolder });
}

/** Opens the offline store alone. */
export async function openOffline(repositoryPath: string, config: Config): Promise<OfflineStore> {
  const { openDuckDbOfflineStore } = await loadStore("duckdb", () => import("@asof/duckdb"));
  const { memoryLimit, threads, temporaryFolder, logFolder } = config.offlineStore;
  return openDuckDbOfflineStore({ repositoryPath, memoryLimit, threads, temporaryFolder, logFolder });
}

/** Opens the online store alone. */
export async function openOnline(config: Config): Promise<OnlineStore> {
  const { onlineStore } = config;
  if (onlineStore.type === "memory") return openMemoryOnlineStore();
  if (onlineStore.type === "sqlite") {
    const { openSqliteOnlineStore } = await loadStore("sqlite", () => import("@asof/sqlite"));
    return openSqliteOnlineStore({ path: onlineStore.path });
  }
  const { openLmdbOnlineStore } = await loadStore("lmdb", () => import("@asof/lmdb"));
  const { path, mapSizeMaxBytes } = onlineStore;
  try {
    return await openLmdbOnlineStore({ path, mapSizeMaxBytes });
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== "ASOF_STORE_READ_ONLY") throw error;
    // What is there may still be served; whoever writes is told what is wrong.
    const reading = await openLmdbOnlineStore({ path, mapSizeMaxBytes, readOnly: true }).catch(() => null);
    if (reading === null) throw error;
    return refuseWrites(reading, error);
  }
}

/** A store's package may be missing on purpose: not everybody wants every client. */
async function loadStore<T>(type: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new AsofError("ASOF_STORE_UNKNOWN", `Store type "${type}" needs the package @asof/${type}, which is not installed.`, {
      path: type,
      value: type,
      fix: `Run \`npm install @asof/${type}\`.`,
      cause,
    });
  }
}
