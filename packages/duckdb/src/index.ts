export type { DuckDbConfig } from "./config.ts";
export { openDuckDbOfflineStore } from "./store.ts";
