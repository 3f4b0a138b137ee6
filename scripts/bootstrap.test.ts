/** The bootstrap in a small project of its own, with a stand-in for npm that is as quick, slow or broken as a test wants. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Installs by linking the running Node; counts its calls in installs.log; obeys FAKE_NPM. */
const fakeNpm = `
const fs = require("node:fs");
fs.appendFileSync("installs.log", process.argv.slice(2).join(" ") + " NODE_ENV=" + process.env.NODE_ENV + "\\n");
if (process.env.FAKE_NPM === "offline") {
  console.error("npm error code ENOTFOUND\\nnpm error network request to the registry failed");
  process.exit(1);
}
const install = () => {
  fs.rmSync("node_modules", { recursive: true, force: true });
  fs.mkdirSync("node_modules/node/bin", { recursive: true });
  if (process.env.FAKE_NPM !== "no-scripts") fs.symlinkSync(process.execPath, "node_modules/node/bin/node");
};
if (process.env.FAKE_NPM === "slow") setTimeout(install, 1000);
else if (process.env.FAKE_NPM === "hang") setInterval(() => {}, 1000);
else install();
`;

const script = `
console.log("conditions " + process.execArgv.join(" ") + " args " + process.argv.slice(2).join("|"));
if (process.argv[2] === "wait") { process.on("SIGTERM", () => process.exit(7)); console.log("ready"); setInterval(() => {}, 1000); }
else process.exitCode = Number(process.argv[2] ?? 0);
`;

interface Project {
  readonly root: string;
  start(args: readonly string[], env?: Record<string, string>): { ended: Promise<Ended>; child: ReturnType<typeof spawn> };
  run(args: readonly string[], env?: Record<string, string>): Promise<Ended>;
  installs(): number;
  edit(file: string, change: (json: Record<string, unknown>) => Record<string, unknown>): void;
}

function makeProject(t: TestContext): Project {
  const root = mkdtempSync(join(tmpdir(), "asof-bootstrap-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, content: unknown): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  };
  cpSync(join(import.meta.dirname, "bootstrap.mjs"), join(root, "scripts/bootstrap.mjs"));
  write("scripts/test.ts", script);
  write("npm/npm-cli.js", fakeNpm);
  write("package.json", { name: "p", version: "1.0.0", workspaces: ["packages/*"], scripts: {} });
  write("packages/a/package.json", { name: "a", version: "1.0.0", dependencies: { x: "1.0.0" } });
  write("package-lock.json", {
    packages: {
      "": { name: "p", version: "1.0.0" },
      "packages/a": { version: "1.0.0", dependencies: { x: "1.0.0" } },
      "node_modules/node": { version: process.versions.node },
    },
  });
  const start: Project["start"] = (args, env = {}) => {
    const child = spawn(process.execPath, [join(root, "scripts/bootstrap.mjs"), ...args], {
      env: { ...process.env, npm_execpath: join(root, "npm/npm-cli.js"), npm_node_execpath: process.execPath, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    return { child, ended: new Promise((done) => child.on("close", (code) => done({ code, stdout, stderr }))) };
  };
  return {
    root,
    start,
    run: (args, env) => start(args, env).ended,
    installs: () =>
      existsSync(join(root, "installs.log")) ? readFileSync(join(root, "installs.log"), "utf8").trim().split("\n").length : 0,
    edit: (file, change) => write(file, change(JSON.parse(readFileSync(join(root, file), "utf8")))),
  };
}

test("installs once, runs the script under the source condition and passes arguments and exit code on", async (t) => {
  const project = makeProject(t);
  const first = await project.run(["test", "0", "two words"], { NODE_ENV: "production" });
  assert.deepEqual([first.code, first.stdout], [0, "conditions --conditions=source args 0|two words\n"]);
  assert.match(first.stderr, /first run in this folder.*\n.*installed in \d+ s/);
  assert.match(readFileSync(join(project.root, "installs.log"), "utf8"), /^ci --include=dev .* NODE_ENV=undefined$/m);
  const second = await project.run(["check", "5"]);
  assert.deepEqual([second.code, second.stderr, project.installs()], [5, "", 1]);
});

test("installs again for a dependency, the lock or a removed tree, not for a script or a description", async (t) => {
  const project = makeProject(t);
  await project.run(["test"]);
  project.edit("package.json", (json) => ({ ...json, scripts: { x: "y" }, description: "d" }));
  await project.run(["test"]);
  assert.equal(project.installs(), 1);
  project.edit("packages/a/package.json", (json) => ({ ...json, dependencies: { x: "1.0.1" } }));
  assert.match((await project.run(["test"])).stderr, /node_modules does not match package-lock.json/);
  assert.equal(project.installs(), 2);
  project.edit("package-lock.json", (json) => ({ ...json, lockfileVersion: 3 }));
  await project.run(["test"]);
  assert.equal(project.installs(), 3);
  rmSync(join(project.root, "node_modules"), { recursive: true });
  await project.run(["test"]);
  assert.equal(project.installs(), 4);
});

test("takes over a tree that npm itself left equal to the lock, and only such a one", async (t) => {
  const project = makeProject(t);
  await project.run(["test"]);
  rmSync(join(project.root, "node_modules/.asof-stamp"));
  const hidden = join(project.root, "node_modules/.package-lock.json");
  writeFileSync(hidden, JSON.stringify({ packages: { "node_modules/node": { version: process.versions.node } } }));
  assert.equal((await project.run(["test"])).code, 0);
  assert.equal(project.installs(), 1);
  rmSync(join(project.root, "node_modules/.asof-stamp"));
  writeFileSync(hidden, JSON.stringify({ packages: { "node_modules/node": { version: "1.0.0" } } }));
  await project.run(["test"]);
  assert.equal(project.installs(), 2);
});

test("says in a line what to do when the registry cannot be reached, and recovers", async (t) => {
  const project = makeProject(t);
  const failed = await project.run(["test"], { FAKE_NPM: "offline" });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /npm error code ENOTFOUND/);
  assert.match(failed.stderr, /asof: the dependencies could not be installed: npm ci ended with 1 .*registry cannot be reached.*\n$/);
  assert.equal((await project.run(["test"])).code, 0);
});

test("refuses a tree without the project's Node", async (t) => {
  const failed = await makeProject(t).run(["test"], { FAKE_NPM: "no-scripts" });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /should hold Node .* holds none \(ENOENT\).*allow install scripts/);
});

test("two commands started at once install once", async (t) => {
  const project = makeProject(t);
  const results = await Promise.all([1, 2, 3].map((code) => project.run(["test", String(code)], { FAKE_NPM: "slow" })));
  assert.deepEqual(
    results.map((result) => result.code),
    [1, 2, 3],
  );
  assert.equal(project.installs(), 1);
  assert.equal(results.filter((result) => result.stderr.includes("waiting for it")).length, 2);
});

test("a lock whose holder is gone does not stop anybody", async (t) => {
  const project = makeProject(t);
  mkdirSync(join(project.root, ".cache"));
  const { child, ended } = project.start(["unknown"]);
  await ended;
  writeFileSync(join(project.root, ".cache/bootstrap.lock"), JSON.stringify({ pid: child.pid, host: hostname(), id: "x" }));
  assert.equal((await project.run(["test"])).code, 0);
  assert.equal(existsSync(join(project.root, ".cache/bootstrap.lock")), false);
});

test("passes signals on to the script, and to npm", async (t) => {
  const project = makeProject(t);
  const running = project.start(["test", "wait"]);
  await new Promise<void>((ready) => running.child.stdout?.on("data", (chunk: Buffer) => void (chunk.includes("ready") && ready())));
  running.child.kill("SIGTERM");
  assert.equal((await running.ended).code, 7);

  rmSync(join(project.root, "node_modules"), { recursive: true });
  const installing = project.start(["test"], { FAKE_NPM: "hang" });
  await new Promise<void>((said) => installing.child.stderr?.on("data", (chunk: Buffer) => void (chunk.includes("npm ci") && said())));
  await new Promise((wake) => setTimeout(wake, 200));
  installing.child.kill("SIGTERM");
  const ended = await installing.ended;
  assert.equal(ended.code, 143);
  assert.match(ended.stderr, /interrupted while installing/);
  assert.equal(existsSync(join(project.root, ".cache/bootstrap.lock")), false);
});

test("an unknown verb is answered with the usage", async (t) => {
  const ended = await makeProject(t).run(["tset"]);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /usage: .*<demo\|test\|check\|bench\|docs\|pack>/);
});
