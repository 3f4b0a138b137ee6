import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { withFileLock } from "./file-lock.ts";
import { type RunCommand, runCommand } from "./run-command.ts";

/** What is installed: the real Feast, with the offline stores that tests and benchmarks meet. */
const requirements = ["feast[duckdb]==0.67.0"];
const wanted = `${requirements.join("\n")}\n`;

/** Where the environment is kept between runs: the cache folder of the checkout. */
const cachedFolder = resolve(import.meta.dirname, "../../../../.cache/feast-venv");

export interface FeastPythonOptions {
  /** The environment's folder. Default `.cache/feast-venv` of the checkout. */
  readonly folder?: string;
  /** Takes a line per step that takes long. */
  readonly say?: (text: string) => void;
  /** Whether this is the first step of a test run, which the process that started this one carries out. Default false. */
  readonly isPreparation?: boolean;
}

/**
 * The Python of an environment with Feast 0.67, made on first use (about two minutes and 1.5 GB) and kept. Any number of processes may
 * ask at a time: one makes it and the others wait. What an interrupted installation left behind lacks the stamp and is made anew.
 * Where the preparation of a test run failed, it fails likewise for the files of that run, which do not try again.
 */
export async function feastPython({
  folder = cachedFolder,
  say = () => {},
  isPreparation = false,
}: FeastPythonOptions = {}): Promise<string> {
  const python = join(folder, "bin", "python");
  if (isComplete(folder)) return python;
  mkdirSync(dirname(folder), { recursive: true });
  const wait = (): void => say("another process installs Feast; waiting for it");
  const run = { id: process.ppid, isPreparation };
  const work = (): Promise<void> => onceInRun(`${folder}.failed.json`, run, () => makeEnvironment(folder, python, say));
  await withFileLock(`${folder}.lock`, async () => (isComplete(folder) ? undefined : work()), wait);
  return python;
}

/** Does the work; a preparation notes that it failed, and for what else belongs to its run the work then fails with the same words at once. */
export async function onceInRun(
  record: string,
  run: { readonly id: number; readonly isPreparation: boolean },
  work: () => Promise<void>,
): Promise<void> {
  if (run.isPreparation) rmSync(record, { force: true });
  const before = existsSync(record)
    ? (JSON.parse(readFileSync(record, "utf8")) as { readonly run: number; readonly message: string })
    : null;
  if (before?.run === run.id) throw new Error(before.message);
  try {
    await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (run.isPreparation) writeFileSync(record, JSON.stringify({ run: run.id, message }));
    throw error;
  }
}

function isComplete(folder: string): boolean {
  const stamp = join(folder, "asof-requirements.txt");
  return existsSync(join(folder, "bin", "python")) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}

async function makeEnvironment(folder: string, python: string, say: (text: string) => void): Promise<void> {
  const startedMs = performance.now();
  rmSync(folder, { recursive: true, force: true });
  await requirePython(runCommand, process.getuid?.() === 0, say);
  say(`installing ${requirements.join(", ")} into a Python environment of its own; this takes about two minutes, once`);
  await runCommand("python3", ["-m", "venv", folder]);
  await installPackages(runCommand, python, say);
  // Compiles what is imported, so that tests which start side by side do not all do it.
  await runCommand(python, ["-c", "import feast"]);
  writeFileSync(join(folder, "asof-requirements.txt"), wanted);
  say(`Feast is installed, after ${Math.round((performance.now() - startedMs) / 1000)} s`);
}

/** An attempt may take four times what it takes with a quick network. */
const attemptMs = 480_000;

/**
 * Installs Feast by pip, which itself asks again for what did not answer, and a second time where a download broke off or stood still: what
 * arrived whole is not fetched again.
 */
export async function installPackages(run: RunCommand, python: string, say: (text: string) => void): Promise<void> {
  const options = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "5", "--timeout", "30"];
  const attempt = (): Promise<string> => run(python, ["-m", "pip", "install", ...options, ...requirements], attemptMs);
  const first = await failure(attempt());
  if (first === null) return;
  say(`pip failed and is tried once more; it said: ${lastLine(first)}`);
  const second = await failure(attempt());
  if (second !== null)
    throw new Error(
      `The tests against the real Feast need ${requirements.join(", ")}, and pip could not install it, twice. Check the network, the proxy and pip's index; without it, ASOF_BACKENDS names the other backends to test. ${second}`,
    );
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

/** Feast 0.67 needs Python 3.10; Debian keeps the module venv in a package of its own. */
const probe = "import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 'Python ' + sys.version.split()[0])";

/**
 * Makes sure of a Python that can make environments: installs it by apt where the user is root and apt is there, else fails saying what to
 * install.
 */
export async function requirePython(run: RunCommand, isRoot: boolean, say: (text: string) => void): Promise<void> {
  const missing = await failure(run("python3", ["-c", probe]));
  if (missing === null) return;
  const advice = "install Python 3.10 or later with its module venv (Debian and Ubuntu: apt-get install python3 python3-venv)";
  const hasApt = (await failure(run("apt-get", ["--version"]))) === null;
  if (!isRoot || !hasApt) throw new Error(`The tests against the real Feast need Python: ${advice}. Looking for it: ${missing}`);
  say("installing python3 and python3-venv by apt");
  await run("apt-get", ["update", "-qq", "-o", "Acquire::Retries=3"]);
  await run("apt-get", ["install", "-y", "-qq", "-o", "Acquire::Retries=3", "--no-install-recommends", "python3", "python3-venv"]);
  const still = await failure(run("python3", ["-c", probe]));
  if (still !== null) throw new Error(`What apt installed cannot run Feast; ${advice}. Looking for it: ${still}`);
}

async function failure(command: Promise<string>): Promise<string | null> {
  try {
    await command;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}

/** The versions that results depend on, as `Python 3.11.7, feast 0.67.0, …`. */
export async function feastVersions(python: string): Promise<string> {
  const names = ["feast", "duckdb", "ibis-framework", "dask", "pandas", "pyarrow"];
  const program = `import sys, importlib.metadata as m; print("Python " + sys.version.split()[0] + ", " + ", ".join(n + " " + m.version(n) for n in ${JSON.stringify(names)}))`;
  return (await runCommand(python, ["-c", program])).trim();
}
