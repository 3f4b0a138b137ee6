import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the peers run: Feast with its DuckDB and Dask offline stores. */
const requirements = ["feast[duckdb]==0.67.0"];

/**
 * The Python of an environment with Feast, made on first use (about two minutes and 1.5 GB) and kept. A folder that an interrupted
 * installation left behind lacks the stamp and is made anew.
 */
export async function feastPython(folder: string, say: (text: string) => void): Promise<string> {
  const python = join(folder, "bin", "python");
  const stamp = join(folder, "asof-requirements.txt");
  const wanted = `${requirements.join("\n")}\n`;
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return python;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  say(`making a Python environment with ${requirements.join(", ")}; this takes about two minutes, once`);
  await execute("python3", ["-m", "venv", folder]);
  await execute(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements]);
  writeFileSync(stamp, wanted);
  return python;
}

/** The versions that matter for the results, as `name version`. */
export async function feastVersions(python: string): Promise<string> {
  const names = ["feast", "duckdb", "ibis-framework", "dask", "pandas", "pyarrow"];
  const program = `import sys, importlib.metadata as m; print("Python " + sys.version.split()[0] + ", " + ", ".join(n + " " + m.version(n) for n in ${JSON.stringify(names)}))`;
  return (await execute(python, ["-c", program])).trim();
}

async function execute(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const code = await new Promise<number | null>((done, fail) => {
    child.on("error", fail);
    child.on("close", done);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${errors}`);
  return output;
}
