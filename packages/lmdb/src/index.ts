export type { LmdbOnlineConfig } from "./config.ts";
export type { FileSystemProbe } from "./file-system.ts";
export { type LmdbPorts, openLmdbOnlineStore } from "./store.ts";
