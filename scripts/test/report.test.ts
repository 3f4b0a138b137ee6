import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { listProcesses } from "./processes.ts";
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

test("a file that hangs is named and stopped with all it started, and the others go on", (t) => {
  const { outcome, text } = report(t, {
    "hang.test.mjs": `import { spawn } from "node:child_process";
      test("good", () => {});
      describe("group", () => { test("waits", () => {
        const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: ["ignore", "inherit", "ignore"] });
        console.log("started " + child.pid);
        for (;;) {}
      }); });`,
    "wait.test.mjs": `test("good", () => {}); test("waits", () => new Promise((r) => setTimeout(r, 60_000)));`,
    "a.test.mjs": `test("good", () => {});`,
  });
  assert.equal(outcome.failed, 2);
  assert.match(text, /hang\.test\.mjs:1 {2}\(the file itself\)\n {2}ran longer than 2 s and was stopped/);
  assert.match(text, /wait\.test\.mjs:1 {2}\(the file itself\)\n {2}ran longer than 2 s and was stopped, in the test "waits"\./);
  assert.match(text, /✔ a\.test\.mjs/);
  assert.match(text, /passed, 2 failed\n$/);
  const [, pid] = /started (\d+)/.exec(text) ?? [];
  assert.ok(pid !== undefined && !listProcesses().some((one) => one.pid === Number(pid) && one.command !== ""));
});

test("a file whose process is killed fails and says by what, and the others go on", (t) => {
  const { outcome, text } = report(t, {
    "a.test.mjs": `test("killed", () => new Promise(() => process.kill(process.pid, "SIGKILL")));`,
    "b.test.mjs": `test("good", () => {});`,
  });
  assert.deepEqual(outcome, { passed: 1, failed: 1, skipped: 0 });
  assert.match(text, /a\.test\.mjs:1 {2}\(the file itself\)\n {2}its process was ended by SIGKILL/);
});

/** The command `npm test` in a small project: its own files, and a test that tells the processes it starts and then waits. */
function startRun(t: TestContext): { readonly child: ChildProcess; readonly told: (what: RegExp) => Promise<string> } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "asof-run-")));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  cpSync(join(import.meta.dirname, "../test.ts"), join(root, "scripts/test.ts"));
  cpSync(import.meta.dirname, join(root, "scripts/test"), { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
  writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
  writeFileSync(
    join(root, "scripts/wait.test.ts"),
    `import { test } from "node:test"; import { spawn } from "node:child_process";
     test("good", () => {});
     test("waits", () => {
       const deaf = 'process.on("SIGINT", () => {}); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("deaf")';
       const child = spawn(process.execPath, ["-e", deaf], { stdio: ["ignore", "pipe", "inherit"] });
       child.stdout.on("data", () => console.log("started <" + process.pid + "> <" + child.pid + ">"));
       return new Promise((done) => child.on("close", done));
     });`,
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, "scripts/test.ts")], { env, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  const waiting: (() => void)[] = [];
  child.stdout?.on("data", (chunk: Buffer) => {
    text += stripVTControlCharacters(chunk.toString());
    for (const look of waiting) look();
  });
  const told = (what: RegExp): Promise<string> =>
    new Promise((found, fail) => {
      waiting.push(() => void (what.test(text) && found(text)));
      child.on("close", () => fail(new Error(`ended without saying ${what}:\n${text}`)));
    });
  return { child, told };
}

for (const signal of ["SIGINT", "SIGTERM"] as const)
  test(`${signal} stops all that the run started, and the last line has the counts`, async (t) => {
    const { child, told } = startRun(t);
    const started = await told(/started <\d+> <\d+>/);
    const pids = [...started.matchAll(/<(\d+)>/g)].map(([, pid]) => Number(pid));
    const closed = new Promise<number | null>((done) => child.on("close", done));
    const last = told(/\n\d+ passed, \d+ failed\n$/);
    child.kill(signal);
    assert.match(await last, new RegExp(`interrupted by ${signal}[^]*\\n1 passed, 1 failed\\n$`));
    assert.equal(await closed, signal === "SIGINT" ? 130 : 143);
    assert.equal(pids.length, 2);
    const running = (): boolean => listProcesses().some((one) => pids.includes(one.pid) && one.command !== "");
    while (running()) await sleep(20);
  });
