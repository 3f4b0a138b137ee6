import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { parseBackends, selectTestFiles, TestSelectionError } from "./files.ts";

const root = mkdtempSync(join(tmpdir(), "asof-files-"));
after(() => rmSync(root, { recursive: true, force: true }));
const files = [
  "packages/core/src/value/order.test.ts",
  "packages/duckdb/src/pit.duckdb.test.ts",
  "packages/lmdb/src/store.lmdb.test.ts",
  "packages/core/node_modules/x/x.test.ts",
  "packages/core/dist/value/order.test.ts",
  "packages/core/src/value/order.ts",
  "scripts/static.test.ts",
  "docs/no.test.ts",
];
for (const file of files) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), "");
}

test("takes every test file of the project's folders, checks first", () => {
  const { run, backends, unpicked } = selectTestFiles(root, [], null);
  assert.deepEqual(run, ["scripts/static.test.ts", files[0], files[1], files[2]]);
  assert.deepEqual([backends, unpicked], [["duckdb", "lmdb"], []]);
});

test("a filter takes files by a part of their path, written as the shell gives it", () => {
  assert.deepEqual(selectTestFiles(root, ["core/src"], null).run, [files[0]]);
  assert.deepEqual(selectTestFiles(root, ["./packages/core/", join(root, "packages/lmdb")], null).run, [files[0], files[2]]);
  assert.throws(() => selectTestFiles(root, ["nothing"], null), TestSelectionError);
});

test("ASOF_BACKENDS leaves out the other backends and says which", () => {
  const { run, backends, unpicked, unpickedBackends } = selectTestFiles(root, [], parseBackends(" lmdb ,"));
  assert.deepEqual(run, ["scripts/static.test.ts", files[0], files[2]]);
  assert.deepEqual([backends, unpicked, unpickedBackends], [["lmdb"], [files[1]], ["duckdb"]]);
});

test("a backend without tests is refused, not skipped", () => {
  assert.throws(() => selectTestFiles(root, [], ["redis"]), /names redis, for which there are no tests. There are: duckdb, lmdb/);
});

test("an unset or empty ASOF_BACKENDS picks all", () => {
  assert.equal(parseBackends(undefined), null);
  assert.equal(parseBackends(""), null);
});
