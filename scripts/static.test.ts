/** The checks that read the code instead of running it, as tests, so that one run has one count and one exit code. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");

function runTool(command: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(error, undefined);
  // The tool's words are the message; a stack would only bury them.
  if (status !== 0) throw `${[command, ...args].join(" ")} ended with ${status}\n${stdout}${stderr}`;
}

const installed = (command: string): string => resolve(root, "node_modules/.bin", command);

test("format and lint", () =>
  runTool(installed("biome"), ["check", "--error-on-warnings", "--diagnostic-level=warn", "--max-diagnostics=50", "."]));
test("types", () => runTool(installed("tsc"), ["-p", "tsconfig.json", "--noEmit"]));
test("arrows, forbidden forms, sizes, dead code, links", () => runTool(process.execPath, ["scripts/tidy.ts"]));
