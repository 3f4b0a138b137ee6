export type { SqliteRegistryConfig } from "./config.ts";
export { openSqliteRegistry } from "./registry.ts";
