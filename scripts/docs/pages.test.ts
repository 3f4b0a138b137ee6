import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { errorCodes } from "@asof/core";
import { documentedExitCodes } from "./errors-page.ts";
import { generatedPages } from "./pages.ts";

for (const [path, render] of Object.entries(generatedPages)) {
  test(`${path} is what its source says; otherwise run npm run docs`, () => {
    assert.equal(readFileSync(resolve(import.meta.dirname, "../..", path), "utf8"), render());
  });
}

test("every exit code of an error is explained", () => {
  const exits = new Set<number>(Object.values(errorCodes).map(({ exit }) => exit));
  assert.deepEqual(
    [...exits].filter((exit) => !documentedExitCodes().has(exit)),
    [],
  );
});
