import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Outcome } from "./report.ts";

/** Node's runner does not nest in one process, so the run under test has its own. */
const driver = `
import { runTestFiles } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, "run.ts")).href)};
const [root, ...files] = process.argv.slice(2);
const outcome = await runTestFiles(root, files, { concurrency: 2, names: null, timeoutMs: 2000, write: (text) => process.stdout.write(text) });
process.stderr.write(JSON.stringify(outcome));
`;

function report(t: TestContext, files: Readonly<Record<string, string>>): { outcome: Outcome; text: string } {
  const root = mkdtempSync(join(tmpdir(), "asof-report-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, body] of Object.entries(files)) writeFileSync(join(root, name), `import { test, describe } from "node:test";\n${body}`);
  writeFileSync(join(root, "driver.mjs"), driver);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawnSync(process.execPath, [join(root, "driver.mjs"), root, ...Object.keys(files)], { env, encoding: "utf8" });
  return { outcome: JSON.parse(child.stderr), text: stripVTControlCharacters(child.stdout) };
}

test("counts passes, failures and skips, names them, and ends with a line of counts", (t) => {
  const { outcome, text } = report(t, {
    "a.test.mjs": `describe("group", () => { test("good", (t) => t.diagnostic("decided 50 times")); test("bad", () => { throw new Error("boom"); });
      test("later", { skip: "no disk" }, () => {}); test("open", { todo: true }, () => { throw new Error("x"); }); });`,
  });
  assert.deepEqual(outcome, { passed: 1, failed: 1, skipped: 2 });
  assert.match(text, /✖ a\.test\.mjs {2}4 tests, 1 failed, 2 skipped/);
  assert.match(text, /ℹ a\.test\.mjs: decided 50 times/);
  assert.match(text, /skipped:\n {2}a\.test\.mjs {2}later: no disk\n {2}a\.test\.mjs {2}open\n/);
  assert.match(text, /failed:\n\na\.test\.mjs:2 {2}bad\n {2}Error: boom/);
  assert.match(text, /ℹ tests 4\n[\s\S]*ℹ fail 1\n/);
  assert.match(text, /\n1 passed, 1 failed, 2 skipped\n$/);
});

test("a failure shows its message once, its place in the project, and no more than a page", (t) => {
  const { text } = report(t, {
    "a.test.mjs": `import assert from "node:assert/strict";\ntest("differs", () => assert.equal("was " + "x\\n".repeat(200), "is"));\ntest("caused", () => { throw new Error("outer", { cause: new Error("inner") }); });`,
  });
  assert.doesNotMatch(text, /generatedMessage|at .*node:internal/);
  assert.match(text, /… \d+ lines more\n/);
  assert.match(text, /caused\n {2}Error: outer\n {6}at .*a\.test\.mjs:4[\s\S]*cause: Error: inner/);
});

test("a green run has no noise", (t) => {
  const { outcome, text } = report(t, { "a.test.mjs": `test("good", () => {});` });
  assert.deepEqual(outcome, { passed: 1, failed: 0, skipped: 0 });
  assert.match(text, /\n1 passed, 0 failed\n$/);
  assert.doesNotMatch(text, /failed:|skipped:/);
});

test("a test that ends the process fails the file, though Node calls it passed", (t) => {
  const { outcome, text } = report(t, {
    "a.test.mjs": `test("first", () => {}); test("exits", () => process.exit(0)); test("never runs", () => { throw new Error(); });`,
  });
  assert.equal(outcome.failed, 1);
  assert.match(text, /a\.test\.mjs\n {2}ended without a summary/);
});

test("a file without a test fails, and so does one that does not load", (t) => {
  const { outcome, text } = report(t, { "empty.test.mjs": "", "broken.test.mjs": `throw new Error("while loading");` });
  assert.deepEqual(outcome, { passed: 0, failed: 2, skipped: 0 });
  assert.match(text, /while loading/);
  assert.match(text, /empty\.test\.mjs\n {2}ended without a summary after 0 tests/);
});

test("a file that hangs fails and ends the run", (t) => {
  const startedMs = performance.now();
  const { outcome, text } = report(t, {
    "hang.test.mjs": `test("waits", async () => { await new Promise((r) => setTimeout(r, 60_000)); });`,
  });
  // The test and its file race for the timeout; either way the run ends long before the test would.
  assert.ok(outcome.failed >= 1 && performance.now() - startedMs < 30_000);
  assert.match(text, /hang\.test\.mjs ran longer than 2 s|timed out after 2000ms/);
});
