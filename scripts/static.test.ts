/** The checks that read the code instead of running it, as tests, so that one run has one count and one exit code. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");

function runTool(command: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(resolve(root, "node_modules/.bin", command), args, { cwd: root, encoding: "utf8" });
  assert.equal(error, undefined);
  // The tool's words are the message; a stack would only bury them.
  if (status !== 0) throw `${command} ${args.join(" ")} ended with ${status}\n${stdout}${stderr}`;
}

test("format and lint", () => runTool("biome", ["check", "--error-on-warnings", "--max-diagnostics=50", "."]));
test("types", () => runTool("tsc", ["-p", "tsconfig.json", "--noEmit"]));
