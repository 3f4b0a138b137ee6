export type { DuckDbConfig } from "./config.ts";
export { openDuckDbOfflineStore } from "./store.ts";
export { shiftTimes } from "./shift-times.ts";
