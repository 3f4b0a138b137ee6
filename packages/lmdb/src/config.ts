import { AsofError } from "@asof/core";

/** How an LMDB online store is opened. */
export interface LmdbOnlineConfig {
  /** The folder that holds `data.mdb` and `lock.mdb`. Made when absent. It must lie on a local file system. */
  readonly path: string;
  /**
   * How many bytes the stored data may take, counted in whole pages of 4 KiB; a write beyond it is ASOF_STORE_FULL and changes nothing.
   * The file itself grows with the data and may exceed this by the pages of one transaction. Default 64 GiB: far above what an
   * embedded store is used for, low enough that a runaway job is stopped before it fills most disks.
   */
  readonly mapSizeMaxBytes?: number | undefined;
  /** Only reads; the folder must exist. Default false. */
  readonly readOnly?: boolean | undefined;
}

/** {@link LmdbOnlineConfig} with its defaults. */
export interface ResolvedLmdbConfig {
  readonly path: string;
  readonly mapSizeMaxBytes: number;
  readonly readOnly: boolean;
}

const defaultMapSizeMaxBytes = 64 * 2 ** 30;

/** Below this LMDB has no room for its own pages and one full transaction. */
const leastMapSizeMaxBytes = 256 * 1024;

/** Checks a configuration and fills in its defaults; ASOF_CONFIG_INVALID names the key. */
export function resolveLmdbConfig(config: LmdbOnlineConfig): ResolvedLmdbConfig {
  if (typeof config.path !== "string" || config.path === "") {
    throw new AsofError("ASOF_CONFIG_INVALID", "The LMDB online store has no path.", {
      path: "online_store.path",
      value: config.path,
      fix: "Give the folder that it lies in.",
    });
  }
  const mapSizeMaxBytes = config.mapSizeMaxBytes ?? defaultMapSizeMaxBytes;
  if (!Number.isSafeInteger(mapSizeMaxBytes) || mapSizeMaxBytes < leastMapSizeMaxBytes) {
    throw new AsofError(
      "ASOF_CONFIG_INVALID",
      `The size limit of the LMDB online store is ${String(mapSizeMaxBytes)}, not a number of bytes.`,
      {
        path: "online_store.map_size_max_bytes",
        value: mapSizeMaxBytes,
        fix: `Give a whole number of at least ${leastMapSizeMaxBytes}.`,
      },
    );
  }
  return { path: config.path, mapSizeMaxBytes, readOnly: config.readOnly ?? false };
}
