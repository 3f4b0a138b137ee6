import { dirname, join } from "node:path/posix";
import type { SourceFile } from "./source.ts";
import { type Fault, fault, type Tree } from "./tree.ts";

/** Files that are started, not imported: by npm, by Node, by the bin, by a user, or compiled by a test of types. */
const started = [
  /^scripts\/[^/]+\.(ts|mjs)$/,
  /^bench\/run\.ts$/,
  /^packages\/asof\/bin\//,
  /^packages\/asof\/src\/command\/main\.ts$/,
  /^examples\//,
  /\.worker\.ts$/,
  /^packages\/core\/test\/types\//,
];

/** Files that nothing reaches and exports that nobody takes: code that only looks alive. */
export function checkDead(tree: Tree): readonly Fault[] {
  const byFile = new Map(tree.sources.map((source) => [source.file, source]));
  const entries = new Set(tree.packages.flatMap((p) => p.entries));
  const isStart = (source: SourceFile): boolean =>
    source.file.endsWith(".test.ts") || entries.has(source.file) || started.some((pattern) => pattern.test(source.file));
  const reached = reach(byFile, tree.sources.filter(isStart));
  const used = usedNames(tree.sources);
  return tree.sources.flatMap((source) => {
    if (isStart(source)) return [];
    if (!reached.has(source.file))
      return [fault("dead", source.file, 0, "no entry, command or test reaches this file. Use it or delete it.")];
    const names = used.get(source.file);
    if (names === undefined || names.has("*")) return [];
    return source.exports
      .filter(({ name, isType }) => !isType && !names.has(name))
      .map(({ name, line }) => fault("dead", source.file, line, `nobody imports ${name}. Drop its export, or the whole of it.`));
  });
}

function reach(byFile: ReadonlyMap<string, SourceFile>, starts: readonly SourceFile[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const queue = [...starts];
  for (let source = queue.pop(); source !== undefined; source = queue.pop()) {
    if (reached.has(source.file)) continue;
    reached.add(source.file);
    queue.push(...relativeTargets(source).flatMap(({ target }) => byFile.get(target) ?? []));
  }
  return reached;
}

/** File → names that others import from it; "*" = all. */
function usedNames(sources: readonly SourceFile[]): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>();
  for (const source of sources) {
    for (const { target, names } of relativeTargets(source)) {
      const set = used.get(target) ?? new Set<string>();
      for (const name of names ?? ["*"]) set.add(name);
      used.set(target, set);
    }
  }
  return used;
}

function relativeTargets(source: SourceFile): readonly { readonly target: string; readonly names: readonly string[] | null }[] {
  return source.imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier, names }) => ({ target: join(dirname(source.file), specifier), names }));
}
