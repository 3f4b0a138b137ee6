#!/usr/bin/env node
// Entry of the `asof` command, written for Node 6 and later, so that a Node too old for asof can read this file, look for a
// newer one in the project and, if there is none, say what to do instead of failing on syntax.
"use strict";

// biome-ignore-start lint/style/useNodejsImportProtocol: old versions do not know the prefix "node:".
const childProcess = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");
// biome-ignore-end lint/style/useNodejsImportProtocol: see above.

/** Set for the Node that this file starts, so that a wrong `node` in a project cannot start itself for ever. */
const guard = "ASOF_NODE_RESTARTED";

/** Versions that run TypeScript files as they are: 22.18 and later of 22, 23.6 and later. */
function isNewEnough(version) {
  const parts = version.split(".").map(Number);
  if (parts[0] === 22) return parts[1] >= 18;
  if (parts[0] === 23) return parts[1] >= 6;
  return parts[0] > 23;
}

/** The nearest new enough Node among the installed packages of a folder and those above it, or null. */
function findNode(folder) {
  const candidate = path.join(folder, process.platform === "win32" ? "node_modules/node/bin/node.exe" : "node_modules/.bin/node");
  if (fs.existsSync(candidate)) {
    const answer = childProcess.spawnSync(candidate, ["-p", "process.versions.node"], { encoding: "utf8" });
    if (answer.status === 0 && isNewEnough(answer.stdout.trim())) return candidate;
  }
  const parent = path.dirname(folder);
  return parent === folder ? null : findNode(parent);
}

function restart(node) {
  process.env[guard] = "1";
  const child = childProcess.spawn(node, [__filename].concat(process.argv.slice(2)), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well; sending it again would read as a second Ctrl-C.
      if (signal !== "SIGINT" || process.stdin.isTTY !== true) child.kill(signal);
    });
  }
  child.on("error", (error) => refuse(`the newer one at ${node} does not start: ${error.message}`));
  child.on("close", (code, signal) => {
    process.exitCode = signal === null ? code : 128 + (os.constants.signals[signal] || 0);
  });
}

function refuse(why) {
  process.stderr.write(
    `[ASOF_NODE_VERSION] asof needs Node 22.18 or later; this is ${process.versions.node}, and ${why}. ` +
      "Run `npm install --save-dev node@24` in the project, or install a newer Node.\n",
  );
  process.exitCode = 2;
}

function main() {
  if (isNewEnough(process.versions.node)) {
    require("./start.js");
    return;
  }
  const node = process.env[guard] === undefined ? findNode(process.cwd()) || findNode(__dirname) : null;
  if (node === null) refuse("the project has no newer one");
  else restart(node);
}

main();
