import { builtinModules } from "node:module";
import { dirname, join } from "node:path/posix";
import type { Import, SourceFile } from "./source.ts";
import { type Fault, fault, type PackageManifest, packageOf, type Tree } from "./tree.ts";

/**
 * Folders of core by height: a folder imports its own height and below. Folders of one height must not form a circle.
 */
const coreHeights: Readonly<Record<string, number>> = {
  flow: 4,
  registry: 3,
  plan: 3,
  "point-in-time": 3,
  aggregate: 3,
  store: 3,
  definition: 2,
  expression: 1,
  value: 1,
  error: 0,
  platform: 0,
};

/** Workspace packages that a package may import. One that is not listed is a system package: core's contracts only. */
const packageArrows: Readonly<Record<string, readonly string[]>> = {
  "@asof/core": [],
  "@asof/sqlite": ["@asof/core", "@asof/feast"],
  asof: ["@asof/core", "@asof/duckdb", "@asof/feast", "@asof/lmdb", "@asof/sqlite"],
  "@asof/bench": ["@asof/core", "@asof/duckdb", "@asof/feast", "@asof/lmdb", "@asof/sqlite", "@asof/testkit", "asof"],
};
const exampleArrows = ["asof"];
const systemArrows = ["@asof/core"];

/** The one file of core that may import a module of Node: hashing has no portable synchronous form. */
const coreBuiltins: Readonly<Record<string, readonly string[]>> = { "packages/core/src/value/hash.ts": ["node:crypto"] };

/** Imports point one way: between packages, between the folders of core, and to declared dependencies only. */
export function checkArrows(tree: Tree): readonly Fault[] {
  return [
    ...tree.sources.flatMap((source) => source.imports.flatMap((item) => checkImport(tree, source, item))),
    ...checkFolderCycles(tree),
    ...checkFileCycles(tree),
  ];
}

function checkImport(tree: Tree, source: SourceFile, item: Import): readonly Fault[] {
  const owner = packageOf(tree, source.file);
  if (owner === undefined) return [];
  const complain = (message: string): readonly Fault[] => [
    fault("arrows", source.file, item.line, `imports ${item.specifier}: ${message}`),
  ];
  if (item.specifier.startsWith(".")) {
    const target = join(dirname(source.file), item.specifier);
    if (owner.folder !== "" && !target.startsWith(`${owner.folder}/`))
      return complain("another package is imported by its name, never by a path.");
    if (!tree.has(target)) return complain("there is no such file.");
    return source.isTest ? [] : checkCoreFolders(source.file, target, complain);
  }
  const name = packageName(item.specifier);
  if (isBuiltin(item.specifier)) return checkBuiltin(source, owner, item, complain);
  const isWorkspace = tree.packages.some((p) => p.name === name && p.folder !== "");
  if (isWorkspace) return checkWorkspaceImport(source, owner, name, complain);
  const declared = [...owner.dependencies, ...(source.isTest || owner.isPrivate ? rootDevelopment(tree, owner) : [])];
  return declared.includes(name) || name === owner.name
    ? []
    : complain(`it is not among the dependencies of ${owner.folder || "the root"}/package.json.`);
}

function rootDevelopment(tree: Tree, owner: PackageManifest): readonly string[] {
  return [...owner.devDependencies, ...(tree.packages.find((p) => p.folder === "")?.devDependencies ?? [])];
}

function checkWorkspaceImport(
  source: SourceFile,
  owner: PackageManifest,
  name: string,
  complain: (message: string) => readonly Fault[],
): readonly Fault[] {
  if (name === owner.name)
    return source.isTest || owner.folder.startsWith("examples/") ? [] : complain("a package does not import itself by name.");
  if (owner.folder === "") return [];
  if (name === "@asof/testkit" && source.isTest) return [];
  const allowed = owner.folder.startsWith("examples/") ? exampleArrows : (packageArrows[owner.name] ?? systemArrows);
  if (!allowed.includes(name))
    return complain(
      `${owner.name} may import ${allowed.length === 0 ? "no other package" : `only ${allowed.join(", ")}`}${name === "@asof/testkit" ? "; testkit is for tests" : ""}.`,
    );
  return owner.dependencies.includes(name) ? [] : complain(`it is not among the dependencies of ${owner.folder}/package.json.`);
}

function checkBuiltin(
  source: SourceFile,
  owner: PackageManifest,
  item: Import,
  complain: (message: string) => readonly Fault[],
): readonly Fault[] {
  if (!item.specifier.startsWith("node:") && source.file.endsWith(".ts")) return complain(`write node:${item.specifier}.`);
  if (owner.name !== "@asof/core" || source.isTest || (coreBuiltins[source.file] ?? []).includes(item.specifier)) return [];
  return complain("core does no I/O and imports no module of Node (node:crypto in value/hash.ts aside).");
}

function checkCoreFolders(from: string, to: string, complain: (message: string) => readonly Fault[]): readonly Fault[] {
  const source = coreFolder(from);
  const target = coreFolder(to);
  if (source === null || target === null || source === target) return [];
  const [high, low] = [coreHeights[source], coreHeights[target]];
  if (high === undefined || low === undefined)
    return complain(
      `core has no folder "${high === undefined ? source : target}" in its arrows; give it a height in scripts/tidy/arrows.ts.`,
    );
  return low <= high ? [] : complain(`arrows point down, and ${source} lies below ${target}.`);
}

/** The folder of core a file lies in; null for files outside core and for its index. */
function coreFolder(file: string): string | null {
  const match = /^packages\/core\/src\/(?:([^/]+)\/)?[^/]+$|^packages\/core\/src\/([^/]+)\//.exec(file);
  return match === null || file === "packages/core/src/index.ts" ? null : (match[1] ?? match[2] ?? ".");
}

/**
 * No circle between the top folders of a package, types included. Folders inside a folder are its own affair, and the index gathers
 * all of them and is left out.
 */
function checkFolderCycles(tree: Tree): readonly Fault[] {
  const edges = new Map<string, Set<string>>();
  const where = new Map<string, { file: string; line: number }>();
  for (const source of tree.sources.filter((s) => !s.isTest && !/\/src\/index\.ts$/.test(s.file))) {
    for (const item of source.imports.filter((i) => i.specifier.startsWith("."))) {
      const [from, to] = [topFolder(source.file), topFolder(join(dirname(source.file), item.specifier))];
      if (from === to) continue;
      edges.set(from, (edges.get(from) ?? new Set()).add(to));
      where.set(`${from} ${to}`, { file: source.file, line: item.line });
    }
  }
  return cycles(edges).map((cycle) => {
    const place = where.get(`${cycle[0]} ${cycle[1]}`);
    return fault(
      "cycles",
      place?.file ?? "",
      place?.line ?? 0,
      `folders import each other in a circle: ${cycle.join(" → ")}. Move what both need below them.`,
    );
  });
}

/** `packages/core/src/value` for all files below it; `packages/core/src` for those that lie there. */
function topFolder(file: string): string {
  return /^(?:(?:packages|examples)\/[^/]+(?:\/src)?|[^/]+)(?:\/[^/]+(?=\/))?/.exec(file)?.[0] ?? file;
}

/** No circle of files at run time. Types may refer to each other: they are gone by then. */
function checkFileCycles(tree: Tree): readonly Fault[] {
  const edges = new Map<string, Set<string>>();
  for (const source of tree.sources) {
    const targets = source.imports
      .filter((i) => i.specifier.startsWith(".") && !i.isType)
      .map((i) => join(dirname(source.file), i.specifier));
    edges.set(source.file, new Set(targets));
  }
  return cycles(edges).map((cycle) => fault("cycles", cycle[0] ?? "", 0, `files import each other in a circle: ${cycle.join(" → ")}.`));
}

/** One circle per group of nodes that reach each other, as a closed path that starts at the least name. */
function cycles(edges: ReadonlyMap<string, ReadonlySet<string>>): readonly (readonly string[])[] {
  const done = new Set<string>();
  const found: (readonly string[])[] = [];
  const walk = (node: string, path: readonly string[]): void => {
    const at = path.indexOf(node);
    if (at !== -1) {
      found.push(rotate(path.slice(at)));
      return;
    }
    if (done.has(node)) return;
    for (const next of edges.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of [...edges.keys()].sort()) walk(node, []);
  return [...new Map(found.map((cycle) => [cycle.join(" "), cycle])).values()];
}

function rotate(cycle: readonly string[]): readonly string[] {
  const start = cycle.indexOf([...cycle].sort()[0] ?? "");
  const turned = [...cycle.slice(start), ...cycle.slice(0, start)];
  return [...turned, turned[0] ?? ""];
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}
