import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { collectDefinitions, float64, parquet } from "@asof/core";
import { logPath } from "./log.ts";

function folderOf(name: string): string {
  const [source] = collectDefinitions([{ source: parquet(name, { path: "p", columns: { a: float64() } }) }], "p").sources;
  assert.ok(source !== undefined);
  return basename(logPath("log", { project: "p", source }));
}

test("the log of a source lies in a folder that every file system takes, whatever the source is called", () => {
  assert.equal(folderOf("data/stats.parquet"), "data%2Fstats%2Eparquet");
  const long = "х".repeat(250);
  assert.ok(Buffer.byteLength(folderOf(long)) <= 255);
  assert.notEqual(folderOf(long), folderOf(`${long}2`));
});
