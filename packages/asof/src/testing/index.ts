// For users' unit tests: features computed from rows, in process.

export { expectFeatures, type FeaturesAt } from "./expect-features.ts";
export { type TestClock, testClock } from "./test-clock.ts";
export { openTestStore, type TestStore, type TestStoreOptions } from "./test-store.ts";
