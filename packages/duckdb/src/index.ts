export type { DuckDbConfig } from "./config.ts";
export { shiftTimes } from "./shift-times.ts";
export { openDuckDbOfflineStore } from "./store.ts";
