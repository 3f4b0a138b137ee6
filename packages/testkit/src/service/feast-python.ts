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
}

/**
 * The Python of an environment with Feast 0.67, made on first use (about two minutes and 1.5 GB) and kept. Any number of processes may
 * ask at a time: one makes it and the others wait. What an interrupted installation left behind lacks the stamp and is made anew.
 */
export async function feastPython({ folder = cachedFolder, say = () => {} }: FeastPythonOptions = {}): Promise<string> {
  const python = join(folder, "bin", "python");
  if (isComplete(folder)) return python;
  mkdirSync(dirname(folder), { recursive: true });
  const wait = (): void => say("another process installs Feast; waiting for it");
  await withFileLock(`${folder}.lock`, async () => (isComplete(folder) ? undefined : makeEnvironment(folder, python, say)), wait);
  return python;
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
  await runCommand(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", ...requirements]);
  // Compiles what is imported, so that tests which start side by side do not all do it.
  await runCommand(python, ["-c", "import feast"]);
  writeFileSync(join(folder, "asof-requirements.txt"), wanted);
  say(`Feast is installed, after ${Math.round((performance.now() - startedMs) / 1000)} s`);
}

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
  await run("apt-get", ["update", "-qq"]);
  await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "python3", "python3-venv"]);
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
