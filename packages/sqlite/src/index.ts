export type { SqliteRegistryConfig } from "./config.ts";
export type { SqliteOnlineConfig } from "./online/config.ts";
export { openSqliteOnlineStore } from "./online/store.ts";
export { openSqliteRegistry } from "./registry.ts";
