import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { listProjectFiles } from "../project/list-files.ts";

export interface BuiltPackage {
  readonly name: string;
  readonly version: string;
  /** Where the publishable package lies. */
  readonly folder: string;
  /** Exported path, as in `exports` → its declarations. */
  readonly types: Readonly<Record<string, string>>;
  readonly seconds: number;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | ExportTargets>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
}

interface ExportTargets {
  readonly source?: string;
  readonly types?: string;
  readonly default?: string;
}

/** Raised when a package does not compile or would be published broken; its message says which and why. */
export class BuildError extends Error {}

const isTestFile = (path: string): boolean => /\.test\./.test(path);
const isCompiled = (path: string): boolean => /\.[mc]?tsx?$/.test(path);

/**
 * Builds every package that is not private into `target/<folder name>`, dependencies first. Whatever lay in `target` is
 * removed. The checkout itself is left as it is: nothing there can take a stale build for the sources.
 * @param target must lie inside the checkout, so that third-party types resolve.
 */
export function buildPackages(root: string, target: string): readonly BuiltPackage[] {
  if (relative(root, target).startsWith(".."))
    throw new BuildError(`${target} lies outside the checkout; third-party types would not be found.`);
  rmSync(target, { recursive: true, force: true });
  const built: BuiltPackage[] = [];
  for (const [folder, manifest] of inBuildOrder(readPublished(root))) {
    const startedMs = performance.now();
    const output = join(target, folder);
    mkdirSync(output, { recursive: true });
    compile(root, folder, output, built);
    copyAssets(join(root, "packages", folder), output, manifest);
    copyTemplate(root, manifest, output);
    writeFileSync(join(output, "package.json"), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
    cpSync(join(root, "LICENSE"), join(output, "LICENSE"));
    checkTargets(manifest, output);
    built.push({
      name: manifest.name,
      version: manifest.version,
      folder: output,
      types: exportedTypes(manifest),
      seconds: (performance.now() - startedMs) / 1000,
    });
  }
  return built;
}

function readPublished(root: string): ReadonlyMap<string, Manifest> {
  const folders = readdirSync(join(root, "packages")).filter((folder) => existsSync(join(root, "packages", folder, "package.json")));
  const manifests = folders.map((folder): [string, Manifest] => [
    folder,
    JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")),
  ]);
  return new Map(manifests.filter(([, manifest]) => manifest.private !== true));
}

function inBuildOrder(packages: ReadonlyMap<string, Manifest>): readonly (readonly [string, Manifest])[] {
  const ordered: (readonly [string, Manifest])[] = [];
  const names = new Set([...packages.values()].map((manifest) => manifest.name));
  while (ordered.length < packages.size) {
    const done = new Set(ordered.map(([, manifest]) => manifest.name));
    const next = [...packages].find(
      ([, manifest]) =>
        !done.has(manifest.name) && Object.keys(manifest.dependencies ?? {}).every((name) => !names.has(name) || done.has(name)),
    );
    if (next === undefined) throw new BuildError("the packages depend on each other in a circle.");
    ordered.push(next);
  }
  return ordered;
}

/** Compiles against the packages built before, not against their sources, as a user's compiler will. */
function compile(root: string, folder: string, output: string, built: readonly BuiltPackage[]): void {
  const source = join(root, "packages", folder, "src");
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      noEmitOnError: true,
      declaration: true,
      stripInternal: false,
      rootDir: source,
      outDir: join(output, "dist"),
      customConditions: [],
      typeRoots: [join(root, "node_modules/@types")],
      paths: Object.fromEntries(
        built.flatMap((b) => Object.entries(b.types).map(([path, types]) => [join(b.name, path), [join(b.folder, types)]])),
      ),
    },
    include: [join(source, "**/*.ts")],
    exclude: [join(source, "**/*.test.ts"), join(source, "**/*.test.*.ts")],
  };
  const configFile = join(output, "tsconfig.build.json");
  writeFileSync(configFile, JSON.stringify(config, null, 2));
  const tsc = resolve(root, "node_modules/typescript/bin/tsc");
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", configFile], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new BuildError(`packages/${folder} does not compile:\n${stdout}${stderr}`);
  rmSync(configFile);
}

/** Files of `src` that are not TypeScript go to the same place in `dist`; other folders that the manifest sends go along as they are. */
function copyAssets(packageFolder: string, output: string, manifest: Manifest): void {
  const source = join(packageFolder, "src");
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !isCompiled(path)) cpSync(path, join(output, "dist", relative(source, path)));
  }
  for (const name of sentFolders(manifest)) {
    if (existsSync(join(packageFolder, name)) && name !== "dist")
      cpSync(join(packageFolder, name), join(output, name), { recursive: true });
  }
}

/** `asof init` writes the example project: an installed package carries it as `template`. */
function copyTemplate(root: string, manifest: Manifest, output: string): void {
  if (!sentFolders(manifest).includes("template")) return;
  for (const file of listProjectFiles(root).filter((path) => path.startsWith("examples/predictflow/"))) {
    cpSync(join(root, file), join(output, "template", relative("examples/predictflow", file)));
  }
}

/** `files` of a manifest without its exclusions. */
function sentFolders(manifest: Manifest): readonly string[] {
  return (manifest.files ?? []).filter((name) => !name.startsWith("!"));
}

function exportedTypes(manifest: Manifest): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(manifest.exports ?? {}).flatMap(([path, targets]) =>
      typeof targets === "string" || targets.types === undefined ? [] : [[path, targets.types]],
    ),
  );
}

/** The manifest as published: the `source` condition would name files that are not sent. */
function publishedManifest(manifest: Manifest): object {
  const exports = Object.entries(manifest.exports ?? {}).flatMap(([path, targets]) => {
    if (typeof targets === "string") return [[path, targets]];
    const { source: _, ...rest } = targets;
    // What has sources only serves the tests of this workspace.
    return Object.keys(rest).length === 0 ? [] : [[path, rest]];
  });
  return { ...manifest, exports: Object.fromEntries(exports) };
}

function checkTargets(manifest: Manifest, output: string): void {
  const targets = Object.values(manifest.exports ?? {}).flatMap((t) => (typeof t === "string" ? [t] : [t.types, t.default]));
  const missing = [...targets, ...Object.values(manifest.bin ?? {}), ...sentFolders(manifest)].filter(
    (path) => path !== undefined && !existsSync(join(output, path)),
  );
  if (missing.length > 0)
    throw new BuildError(`${manifest.name} would be published without ${missing.join(", ")}, which its package.json names.`);
  const tests = readdirSync(join(output, "dist"), { recursive: true, encoding: "utf8" }).filter(isTestFile);
  if (tests.length > 0) throw new BuildError(`${manifest.name} would be published with its tests: ${tests.join(", ")}.`);
}
