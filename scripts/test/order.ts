/**
 * Files that take longest, longest first; each takes ten seconds or more. A long file that begins last leaves the other processors idle
 * until it ends. The list need not be exact.
 */
export const longFiles: readonly string[] = [
  "packages/asof/test/flow/parity-erasure.test.ts",
  "packages/asof/test/flow/parity-law-lmdb.test.ts",
  "packages/asof/test/flow/parity-law-memory.test.ts",
  "packages/asof/test/command/examples.test.ts",
  "packages/asof/test/flow/parity-feast-layout.test.ts",
  "packages/asof/test/flow/parity-faults.test.ts",
  "packages/asof/test/command/bad-input.test.ts",
  "scripts/docs/start.test.ts",
  "packages/asof/test/command/changes.test.ts",
  "packages/asof/test/command/demo.test.ts",
  "packages/asof/test/flow/delete-entity.test.ts",
  "packages/asof/test/command/interrupt.test.ts",
  "packages/asof/test/command/delete.test.ts",
  "packages/asof/test/flow/versions.test.ts",
  "packages/asof/test/flow/killed-process.test.ts",
  "packages/duckdb/src/point-in-time.duckdb.test.ts",
  "packages/duckdb/src/moments.duckdb.test.ts",
];

/** The checks that read the code, the quickest way to learn of a slip. */
const firstFile = "scripts/static.test.ts";

/**
 * Files in the order in which they run: the static checks, the long ones, all others as they are given, and last those that need the real
 * Feast, which is installed meanwhile.
 */
export function sortForRun(files: readonly string[]): readonly string[] {
  const rank = (file: string): number => {
    if (file === firstFile) return -1;
    const place = longFiles.indexOf(file);
    if (place >= 0) return place;
    return longFiles.length + (file.endsWith(".feast.test.ts") ? 1 : 0);
  };
  return [...files].sort((a, b) => rank(a) - rank(b));
}
