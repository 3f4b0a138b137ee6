import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, totalmem } from "node:os";
import { resolve } from "node:path";
import { feastVersions } from "@asof/testkit";

/** What results depend on beside the code: they are compared only with results of the same machine. */
export interface Environment {
  readonly date: string;
  readonly commit: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly packages: string;
  /** Versions of the Python peers; null where none took part. */
  readonly feast: string | null;
  /** Processes that wanted to run, averaged over a minute: above the number of cores others were at work, too. */
  readonly loadBefore: number;
}

/** Looks at the machine; `python` is the Feast environment's, if there is one. */
export async function describeEnvironment(python: string | null): Promise<Environment> {
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commitOf(resolve(import.meta.dirname, "../..")),
    processor: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    packages: ["@duckdb/node-api", "lmdb"].map((name) => `${name} ${versionOf(name)}`).join(", "),
    feast: python === null ? null : await feastVersions(python),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** The commit, marked where measured code differs from it. */
function commitOf(root: string): string {
  const git = (...args: readonly string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", "packages", "bench/src", "bench/run.ts");
    return `${git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : " with changes"}`;
  } catch {
    return "unknown";
  }
}

/** From the nearest package.json above the entry: packages need not export theirs. */
function versionOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(name) + name.length);
  const manifest: unknown = JSON.parse(readFileSync(resolve(folder, "package.json"), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
}
