/** The entry of the command, with a stand-in for the command itself, under a Node that is or seems too old. */
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import ts from "typescript-5.9";

const bin = join(import.meta.dirname, "../bin");

const command = `
export async function main(argv) {
  if (argv[0] === "crash") throw new Error("boom");
  if (argv[0] === "wait") {
    process.on("SIGTERM", () => process.exit(9));
    console.log("ready");
    setInterval(() => {}, 1000);
    return new Promise(() => {});
  }
  console.log(JSON.stringify({ argv, node: process.execPath, args: process.execArgv }));
  return Number(argv[0] ?? 0);
}`;

/** Makes a process take itself for an old Node; a Node that it starts does not. */
const pretendOld = `Object.defineProperty(process.versions, "node", { value: "20.20.2" });`;

interface Installed {
  readonly root: string;
  readonly entry: string;
  run(args: readonly string[], options?: { old?: boolean; cwd?: string }): SpawnSyncReturns<string>;
}

function install(t: TestContext): Installed {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "asof-bin-")));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, "installed/asof");
  mkdirSync(join(folder, "dist/command"), { recursive: true });
  mkdirSync(join(root, "project/deep"), { recursive: true });
  cpSync(bin, join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "asof", type: "module" }));
  writeFileSync(join(folder, "dist/command/main.js"), command);
  writeFileSync(join(root, "old.cjs"), pretendOld);
  const entry = join(folder, "bin/asof.js");
  const run: Installed["run"] = (args, { old = false, cwd = join(root, "project/deep") } = {}) =>
    spawnSync(process.execPath, [...(old ? ["-r", join(root, "old.cjs")] : []), entry, ...args], { cwd, encoding: "utf8" });
  return { root, entry, run };
}

function giveProjectNode(root: string, make: (path: string) => void): string {
  const folder = join(root, "project/node_modules/.bin");
  mkdirSync(folder, { recursive: true });
  make(join(folder, "node"));
  return join(folder, "node");
}

test("runs the command in the same process and ends with its exit code", (t) => {
  const { status, stdout, stderr } = install(t).run(["3", "two words"]);
  assert.equal(stderr, "");
  assert.deepEqual([status, JSON.parse(stdout)], [3, { argv: ["3", "two words"], node: process.execPath, args: [] }]);
});

test("a defect of the command shows its stack and exit code 70", (t) => {
  const { status, stderr } = install(t).run(["crash"]);
  assert.equal(status, 70);
  assert.match(stderr, /^Error: boom\n\s+at main/);
});

test("on an old Node it restarts under the project's newer one, found above the current folder", (t) => {
  const installed = install(t);
  giveProjectNode(installed.root, (path) => symlinkSync(process.execPath, path));
  const { status, stdout, stderr } = installed.run(["4", "x"], { old: true });
  assert.equal(stderr, "");
  assert.deepEqual([status, JSON.parse(stdout).argv], [4, ["4", "x"]]);
});

test("on an old Node without a newer one it says in one line what to do", (t) => {
  const { status, stdout, stderr } = install(t).run(["plan"], { old: true });
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(
    stderr,
    /^\[ASOF_NODE_VERSION\] asof needs Node 22\.18 or later; this is 20\.20\.2, .* Run `npm install --save-dev node@24`.*\n$/,
  );
});

test("a project's Node that is old itself is not taken, and one that lies about its version restarts once only", (t) => {
  const installed = install(t);
  const path = giveProjectNode(installed.root, (p) => writeFileSync(p, "#!/bin/sh\necho 20.0.0\n", { mode: 0o755 }));
  assert.equal(installed.run(["0"], { old: true }).status, 2);
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" = -p ] && echo 24.0.0 && exit\nexec "${process.execPath}" -r "${join(installed.root, "old.cjs")}" "$@"\n`,
  );
  const { status, stderr } = installed.run(["0"], { old: true });
  assert.equal(status, 2);
  assert.match(stderr, /ASOF_NODE_VERSION/);
});

test("signals reach the restarted command", async (t) => {
  const { root, entry } = install(t);
  giveProjectNode(root, (path) => symlinkSync(process.execPath, path));
  const child = spawn(process.execPath, ["-r", join(root, "old.cjs"), entry, "wait"], {
    cwd: join(root, "project"),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((ready) => child.stdout.once("data", ready));
  child.kill("SIGTERM");
  assert.equal(await new Promise((ended) => child.once("close", ended)), 9);
});

test("the entry has no syntax younger than Node 6", () => {
  const text = readFileSync(join(bin, "asof.js"), "utf8");
  const print = (target: ts.ScriptTarget): string =>
    ts.transpileModule(text, { compilerOptions: { target, module: ts.ModuleKind.CommonJS } }).outputText;
  assert.equal(print(ts.ScriptTarget.ES2015), print(ts.ScriptTarget.ESNext));
  assert.notEqual(ts.transpileModule("a?.b", { compilerOptions: { target: ts.ScriptTarget.ES2015 } }).outputText.trim(), "a?.b;");
});

test("help loads the command line and nothing behind it", (t) => {
  const { root } = install(t);
  const hook = join(root, "list-modules.cjs");
  writeFileSync(
    hook,
    `require("node:module").registerHooks({ load(url, context, next) { process.stderr.write(url + "\\n"); return next(url, context); } });`,
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-r", hook, join(bin, "asof.js"), "--help"], { encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(stdout, /Usage: asof/);
  const modules = stderr.trim().split("\n");
  assert.ok(modules.some((url) => url.endsWith("/src/command/main.ts")));
  assert.deepEqual(
    modules.filter((url) => /core\/src\/index|zod|yaml|arrow|duckdb|lmdb|sqlite/.test(url)),
    [],
    "each of these costs a tenth of a second at every start",
  );
});
