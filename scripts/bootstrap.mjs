// Runs one of the project's scripts under the project's own Node, after installing what is missing.
//
//   node scripts/bootstrap.mjs <demo|test|check|bench|docs|pack> [arguments]
//
// It needs npm and Node 20 or later and imports nothing but Node itself, because it runs before anything is installed.
// `node_modules/.asof-stamp` holds a hash of the lock and of what the package.json files say about dependencies: while it
// matches, the only cost is reading those files.
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { constants, hostname } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const stampFile = join(modules, ".asof-stamp");
const lockFile = join(root, ".cache", "bootstrap.lock");
const projectNode = join(modules, "node", "bin", process.platform === "win32" ? "node.exe" : "node");

/** `check` is `test` by another name: there is one list of checks, and it is the test run. */
const scripts = {
  demo: "scripts/demo.ts",
  test: "scripts/test.ts",
  check: "scripts/test.ts",
  bench: "bench/run.ts",
  docs: "scripts/docs.ts",
  pack: "scripts/pack.ts",
};

/** A holder of the lock touches it every 5 s; one that has not for this long is gone, whatever its process id says. */
const lockSilenceMs = 60_000;

/** Raised for what the user can mend: its message is printed alone. */
class BootstrapError extends Error {
  exitCode = 1;
}

function say(text) {
  process.stderr.write(`asof: ${text}\n`);
}

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const seconds = (sinceMs) => `${Math.round((Date.now() - sinceMs) / 1000)} s`;

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw new BootstrapError(`${path} cannot be read: ${error.message}`);
  }
}

/** Folders of the workspaces; patterns are `folder` or `folder/*`. */
function workspaceFolders(rootPackage) {
  return rootPackage.workspaces
    .flatMap((pattern) => {
      if (!pattern.endsWith("/*")) return [pattern];
      const parent = pattern.slice(0, -2);
      return existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [];
    })
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .sort();
}

/** What of a package.json decides what is installed. Editing a script or a description installs nothing anew. */
function dependencyPart(manifest) {
  const { name, version, workspaces, dependencies, devDependencies, optionalDependencies, peerDependencies, overrides, bin } = manifest;
  return { name, version, workspaces, dependencies, devDependencies, optionalDependencies, peerDependencies, overrides, bin };
}

/** What should be installed: the manifests of all workspaces, the lock and a hash of both. */
function wantedState() {
  const rootPackage = readJson(join(root, "package.json"));
  const lock = readJson(join(root, "package-lock.json"));
  if (rootPackage === null || lock === null)
    throw new BootstrapError(`${root} has no package.json or package-lock.json. Clone the repository again.`);
  const manifests = ["", ...workspaceFolders(rootPackage)].map((folder) => [folder, readJson(join(root, folder, "package.json"))]);
  const parts = manifests.map(([folder, manifest]) => [folder, dependencyPart(manifest)]);
  const text = JSON.stringify([process.platform, process.arch, lock, parts]);
  return { lock, manifests, hash: createHash("sha256").update(text).digest("hex") };
}

function isStamped(wanted) {
  return existsSync(projectNode) && existsSync(stampFile) && readFileSync(stampFile, "utf8").trim() === wanted.hash;
}

/**
 * Whether somebody's own `npm install` left exactly the locked tree. npm writes `node_modules/.package-lock.json` last, so
 * where that file agrees with the lock the tree is whole and needs a stamp only.
 */
function isInstalledByHand({ lock, manifests }) {
  const installed = readJson(join(modules, ".package-lock.json"))?.packages;
  if (installed === undefined || !existsSync(projectNode)) return false;
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (!path.startsWith("node_modules/")) continue;
    const found = installed[path];
    if (found === undefined ? entry.optional !== true : found.version !== entry.version || found.integrity !== entry.integrity)
      return false;
  }
  return manifests.every(([folder, manifest]) => {
    const locked = dependencyPart(lock.packages[folder] ?? {});
    const same = ["dependencies", "devDependencies", "optionalDependencies"].every(
      (kind) => JSON.stringify(Object.entries(manifest[kind] ?? {}).sort()) === JSON.stringify(Object.entries(locked[kind] ?? {}).sort()),
    );
    return same && Object.keys(manifest.bin ?? {}).every((name) => existsSync(join(modules, ".bin", name)));
  });
}

/** Runs `work` while holding a lock file, so that two commands started at once do not install into one folder. */
async function withLock(work) {
  mkdirSync(dirname(lockFile), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  let waitingSinceMs = 0;
  while (!tryLock(mine)) {
    if (waitingSinceMs === 0) {
      waitingSinceMs = Date.now();
      say("another command is installing the dependencies; waiting for it");
    }
    await sleep(250);
  }
  const touch = setInterval(() => {
    const now = new Date();
    utimesSync(lockFile, now, now);
  }, 5_000);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    rmSync(lockFile, { force: true });
  }
}

function tryLock(mine) {
  try {
    writeFileSync(lockFile, mine, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw new BootstrapError(`cannot write ${lockFile}: ${error.message}`);
  }
  const abandoned = readAbandonedLock();
  if (abandoned === null) return false;
  // Taken away by an atomic rename; if it was not the abandoned one after all, it is put back.
  const aside = `${lockFile}.${randomUUID()}`;
  try {
    renameSync(lockFile, aside);
    if (readFileSync(aside, "utf8") !== abandoned) linkSync(aside, lockFile);
    rmSync(aside, { force: true });
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  }
  return false;
}

/** The text of the lock if its holder is gone, else null. */
function readAbandonedLock() {
  try {
    const text = readFileSync(lockFile, "utf8");
    if (Date.now() - statSync(lockFile).mtimeMs > lockSilenceMs) return text;
    const holder = JSON.parse(text);
    if (holder.host !== hostname()) return null;
    process.kill(holder.pid, 0);
    return null;
  } catch (error) {
    return error.code === "ESRCH" ? readFileSync(lockFile, "utf8") : null;
  }
}

/** PATH without this project's binaries: npm must not run on the Node that it is about to replace. */
function pathOutsideProject() {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !resolve(folder).startsWith(modules))
    .join(delimiter);
}

/**
 * The environment for npm: the caller's, less what `npm run` exports for its scripts (it repeats npm's own defaults, which
 * newer versions warn about) and less settings that would leave out the development dependencies.
 */
function npmEnvironment() {
  const exported =
    /^npm_(command|execpath|node_execpath|package_|lifecycle_|config_(npm_version|node_gyp|user_agent|local_prefix|global_prefix|init_module|omit|production|dry_run|workspace|workspaces)$)/i;
  const entries = Object.entries(process.env).filter(([name]) => !exported.test(name) && name !== "NODE_ENV" && name !== "PATH");
  return { ...Object.fromEntries(entries), PATH: pathOutsideProject(), npm_config_progress: "false", npm_config_update_notifier: "false" };
}

/** The npm that started us, else the one on PATH. */
function npmCommand() {
  const script = process.env.npm_execpath;
  const node = process.env.npm_node_execpath ?? process.execPath;
  if (script?.endsWith("npm-cli.js") && existsSync(script) && existsSync(node) && !node.startsWith(modules)) return [node, script];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

/** Runs `npm ci`, telling every few seconds that it still does; resolves with the seconds it took. */
async function runNpmCi(reason) {
  const startedMs = Date.now();
  const [command, ...first] = npmCommand();
  say(`${reason}; installing the dependencies with npm ci (about 400 MB on disk, Node 24 included)`);
  const child = spawn(
    command,
    [...first, "ci", "--include=dev", "--include=optional", "--ignore-scripts=false", "--no-audit", "--no-fund"],
    {
      cwd: root,
      env: npmEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    },
  );
  let output = "";
  const collect = (chunk) => {
    output = (output + chunk).slice(-20_000);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const stopForwarding = forwardSignals(child);
  const live = process.stderr.isTTY === true;
  const progress = setInterval(
    () => {
      if (live) process.stderr.write(`\rasof: installing, ${seconds(startedMs)} `);
      else say(`still installing, ${seconds(startedMs)}`);
    },
    live ? 1_000 : 10_000,
  );
  const [code, signal] = await ended(child).finally(() => {
    clearInterval(progress);
    stopForwarding();
    if (live) process.stderr.write("\r\x1b[K");
  });
  if (signal !== null || code > 128)
    throw Object.assign(new BootstrapError("interrupted while installing; the next command starts over"), {
      exitCode: exitCodeOf(code, signal),
    });
  if (code !== 0) throw new BootstrapError(explainNpmFailure(output, code, startedMs));
  return seconds(startedMs);
}

function explainNpmFailure(output, code, startedMs) {
  // Its words without stack frames, dumped fields and the address of its log.
  const lines = output
    .split("\n")
    .filter(
      (line) => /^npm (error|ERR!) +\S/.test(line) && !/complete log of this run|_logs|^npm \S+ {2,}(at |\w+:)|^npm \S+ \}/.test(line),
    );
  process.stderr.write(`${(lines.length > 0 ? lines : output.trimEnd().split("\n")).slice(0, 8).join("\n")}\n`);
  const what = `the dependencies could not be installed: npm ci ended with ${code} after ${seconds(startedMs)}.`;
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED|network/i.test(output))
    return `${what} The package registry cannot be reached. Check the network, the proxy and \`npm config get registry\`, then run the same command again.`;
  if (/ENOSPC/.test(output)) return `${what} The disk is full. Make room and run the same command again.`;
  return `${what} npm's own words are above. Mend that and run the same command again.`;
}

async function install() {
  if (isStamped(wantedState())) return;
  await withLock(async () => {
    const wanted = wantedState();
    if (isStamped(wanted)) return;
    if (!isInstalledByHand(wanted)) {
      const took = await runNpmCi(existsSync(modules) ? "node_modules does not match package-lock.json" : "first run in this folder");
      say(`installed in ${took}`);
    }
    checkProjectNode(wanted.lock.packages["node_modules/node"].version);
    writeFileSync(stampFile, `${wanted.hash}\n`);
  });
}

/** The Node of the project comes by an install script of its npm package: where scripts are forbidden it is missing. */
function checkProjectNode(version) {
  let found = "none";
  try {
    found = execFileSync(projectNode, ["--version"], { encoding: "utf8" }).trim().replace(/^v/, "");
  } catch (error) {
    found = `none (${error.code ?? error.message})`;
  }
  if (found === version) return;
  throw new BootstrapError(
    `node_modules should hold Node ${version} and holds ${found}. Its npm package fetches it by an install script; allow install scripts for it, remove node_modules and run the same command again.`,
  );
}

/** Passes signals on to the child. A terminal sends Ctrl-C to the whole group already, so it is then not sent twice. */
function forwardSignals(child) {
  const handlers = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => {
    const handler = () => {
      if (signal !== "SIGINT" || process.stdin.isTTY !== true) child.kill(signal);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

function ended(child) {
  return new Promise((done, fail) => {
    child.on("error", (error) => fail(new BootstrapError(`cannot start ${child.spawnfile}: ${error.message}`)));
    child.on("close", (code, signal) => done([code, signal]));
  });
}

const exitCodeOf = (code, signal) => (signal === null ? code : 128 + constants.signals[signal]);

/** Runs the script under the project's Node and ends as it ended. */
async function runScript(script, args) {
  const path = `${join(modules, ".bin")}${delimiter}${pathOutsideProject()}`;
  const child = spawn(projectNode, ["--conditions=source", join(root, script), ...args], {
    env: { ...process.env, PATH: path },
    stdio: "inherit",
  });
  const stopForwarding = forwardSignals(child);
  const [code, signal] = await ended(child);
  stopForwarding();
  return exitCodeOf(code, signal);
}

async function main([verb, ...args]) {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major < 20)
    throw new BootstrapError(
      `this Node is ${process.version}; version 20 or later is needed to start (the rest runs on Node 24 from npm).`,
    );
  const script = scripts[verb];
  if (script === undefined) throw new BootstrapError(`usage: node scripts/bootstrap.mjs <${Object.keys(scripts).join("|")}> [arguments]`);
  await install();
  return runScript(script, args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}
