import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BuildError, buildPackages } from "./build-packages.ts";

export interface Tarball {
  readonly name: string;
  readonly path: string;
}

/** Builds all packages and packs them into `target`, dependencies first. */
export function packPackages(root: string, target: string): readonly Tarball[] {
  mkdirSync(join(root, ".cache"), { recursive: true });
  mkdirSync(target, { recursive: true });
  // A folder of its own, so that two packings at once do not build into each other.
  const staging = mkdtempSync(join(root, ".cache/pack-"));
  try {
    const built = buildPackages(root, join(staging, "build"));
    npm(["pack", "--silent", "--pack-destination", target, ...built.map(({ folder }) => folder)], staging);
    return built.map(({ name, version }) => ({
      name,
      path: join(target, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`),
    }));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Makes `folder` a project that has only the tarballs installed, as a user's project would after `npm install asof`.
 * `@asof/*` come from the tarballs as well: until they are published no registry has them.
 */
export function installTarballs(folder: string, tarballs: readonly Tarball[]): void {
  mkdirSync(folder, { recursive: true });
  const dependencies = Object.fromEntries(tarballs.map(({ name, path }) => [name, `file:${resolve(path)}`]));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "project", private: true, type: "module", dependencies }));
  npm(["install", "--no-audit", "--no-fund", "--silent"], folder);
}

/** npm with neither the settings that `npm run` exports for this project nor its binaries on PATH first. */
function npm(args: readonly string[], cwd: string): void {
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_(package_|lifecycle_|config_local_prefix|command)/i.test(name));
  const { status, stdout, stderr, error } = spawnSync("npm", args, {
    cwd,
    env: Object.fromEntries(entries),
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (error !== undefined || status !== 0)
    throw new BuildError(`npm ${args.join(" ")} in ${cwd} ended with ${status ?? error?.message}:\n${stdout}${stderr}`);
}
