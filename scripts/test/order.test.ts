import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { longFiles, sortForRun } from "./order.ts";

test("the static checks run first, then long files, and those of Feast last", () => {
  const [longest = "", second = ""] = longFiles;
  const files = ["a.test.ts", "b.feast.test.ts", second, "c.test.ts", longest, "scripts/static.test.ts"];
  assert.deepEqual(sortForRun(files), ["scripts/static.test.ts", longest, second, "a.test.ts", "c.test.ts", "b.feast.test.ts"]);
});

test("every long file is there", () => {
  const root = resolve(import.meta.dirname, "../..");
  assert.deepEqual(
    longFiles.filter((file) => !existsSync(resolve(root, file))),
    [],
  );
});
