import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";

/** The entry that users start. */
export const asofBin = resolve(import.meta.dirname, "../../bin/asof.js");

/** How a command ended. */
export interface Ended {
  /** Its exit code, or 128 + the number of the signal that killed it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** Added to the environment of the test. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Text on standard input, null = none yet and the input stays open; default none. */
  readonly input?: string | null;
  /** A program that starts the command, with its arguments: `["setpriv", "--reuid=1"]`. */
  readonly through?: readonly string[];
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves as soon as standard error holds the text. */
  sees(text: string): Promise<void>;
}

/** Starts the real command as a process of its own, as a shell would, without a terminal. */
export function startAsof(args: readonly string[], { cwd, environment = {}, input, through = [] }: RunOptions): Running {
  const [program = process.execPath, ...rest] = [...through, process.execPath, asofBin, ...args];
  const child = spawn(program, rest, { cwd, env: { ...cleanEnvironment(), ...environment }, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  if (input !== null) child.stdin.end(input ?? "");
  let seen = "";
  const waiting: { readonly text: string; readonly found: () => void }[] = [];
  child.stderr.on("data", (chunk: Buffer) => {
    seen += chunk.toString();
    for (const { text: wanted, found } of waiting) if (seen.includes(wanted)) found();
  });
  const closed = new Promise<number>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => done(code ?? 128 + (signal === "SIGKILL" ? 9 : 2)));
  });
  const ended = Promise.all([closed, text(child.stdout)]).then(([status, stdout]) => ({ status, stdout, stderr: seen }));
  return {
    child,
    ended,
    sees: (wanted) =>
      new Promise((found, fail) => {
        if (seen.includes(wanted)) found();
        else waiting.push({ text: wanted, found });
        ended.then(({ status }) => fail(new Error(`ended with ${status} before it said "${wanted}":\n${seen}`)), fail);
      }),
  };
}

/** Runs the real command to its end. */
export function runAsof(args: readonly string[], options: RunOptions): Promise<Ended> {
  return startAsof(args, options).ended;
}

/** Settings of the test runner and of the one who runs it must not reach the command. */
export function cleanEnvironment(): Record<string, string> {
  const names = /^(NODE_|ASOF_|FEAST_|FEATURE_STORE_|NO_COLOR|FORCE_COLOR)/;
  const kept = Object.entries(process.env).filter(([name, value]) => value !== undefined && !names.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

/** What has a hook for tidying up: a test's context, or `{ after }` of node:test for a whole suite. */
export interface HasAfter {
  after(run: () => void): void;
}

/** A folder that is gone after the test. */
export function temporaryFolder(t: HasAfter): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "asof-command-")));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files below a folder: path → text. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Every file below a folder, relative, sorted: to show that nothing was left or lost. */
export function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** A copy of a project, so that tests do not disturb each other. */
export function copyProject(t: HasAfter, from: string): string {
  const folder = join(temporaryFolder(t), "shop");
  cpSync(from, folder, { recursive: true });
  return folder;
}

/** Asserts that a command failed as a user may make it fail: with code, fix and exit code, without a stack. */
export function assertFailed(ended: Ended, expected: { readonly status: number; readonly code: string; readonly says?: RegExp }): void {
  const { status, stderr } = ended;
  assert.match(stderr, new RegExp(`^error \\[${expected.code}\\] .`, "m"));
  assert.equal(status, expected.status, stderr);
  if (expected.says !== undefined) assert.match(stderr, expected.says);
  assert.doesNotMatch(stderr, /^\s+at .*[:(]\d+/m, "no stack");
  assert.doesNotMatch(stderr, /undefined|\[object Object\]|NaN/, "a whole sentence");
  assert.doesNotMatch(stderr, /Please report/, "not a defect");
}

/** Asserts success and gives the output. */
export function assertDone(ended: Ended): string {
  assert.equal(ended.status, 0, ended.stderr);
  return ended.stdout;
}
