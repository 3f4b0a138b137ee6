export type { SqliteRegistryConfig, SqlRegistryConfig } from "./config.ts";
export type { SqliteOnlineConfig } from "./online/config.ts";
export { openSqliteOnlineStore } from "./online/store.ts";
export { openSqliteRegistry, openSqlRegistry } from "./registry.ts";
