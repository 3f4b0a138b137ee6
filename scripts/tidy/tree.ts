import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { listProjectFiles } from "../project/list-files.ts";
import { parseSource, type SourceFile } from "./source.ts";

/** A breach of a rule of the house. */
export interface Fault {
  /** The rule's short name, as in `exceptions.ts`. */
  readonly rule: string;
  /** Relative to the root, forward slashes. */
  readonly file: string;
  /** From 1; 0 = the file as a whole. */
  readonly line: number;
  /** What is wrong and what to do, a whole sentence. */
  readonly message: string;
  /** How bad: lines over the limit for sizes, otherwise 1. An exception states the sum it tolerates. */
  readonly measure: number;
}

export interface PackageManifest {
  /** Folder of the package, relative to the root; "" = the root. */
  readonly folder: string;
  readonly name: string;
  readonly isPrivate: boolean;
  readonly version: string;
  /** Names only. */
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** Source files that the outside starts at: targets of the `source` condition. */
  readonly entries: readonly string[];
}

/** The project as the rules see it: read once, judged by all of them. */
export interface Tree {
  readonly root: string;
  /** Every file under version control or about to be, sorted. */
  readonly files: readonly string[];
  readonly sources: readonly SourceFile[];
  readonly packages: readonly PackageManifest[];
  has(path: string): boolean;
  /** Text of a file; cached. */
  text(file: string): string;
  sizeBytes(file: string): number;
}

/** Generated code is nobody's hand: what it is made of is judged instead, and a test holds it to that. */
const isSource = (file: string): boolean => /\.(ts|mts|js|mjs|cjs)$/.test(file) && !/\/src\/generated\//.test(file);

export function fault(rule: string, file: string, line: number, message: string, measure = 1): Fault {
  return { rule, file, line, message, measure };
}

/** Reads a project. Files ignored by git are left out; without git all but installed and built ones are taken. */
export function readTree(root: string): Tree {
  const files = listProjectFiles(root);
  const folders = new Set(files.flatMap((file) => ancestors(file)));
  const known = new Set(files);
  const texts = new Map<string, string>();
  const text = (file: string): string => {
    const found = texts.get(file) ?? readIfThere(join(root, file));
    texts.set(file, found);
    return found;
  };
  return {
    root,
    files,
    sources: files.filter(isSource).map((file) => parseSource(file, text(file))),
    packages: files
      .filter((file) => file === "package.json" || file.endsWith("/package.json"))
      .flatMap((file) => readManifest(file, text(file))),
    has: (path) => known.has(path) || folders.has(path.replace(/\/$/, "")),
    text,
    sizeBytes: (file) => statSync(join(root, file), { throwIfNoEntry: false })?.size ?? 0,
  };
}

/** Tests that run meanwhile may write files and remove them. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

/** The package a file belongs to: the deepest folder with a named manifest. */
export function packageOf(tree: Tree, file: string): PackageManifest | undefined {
  return tree.packages
    .filter(({ folder }) => folder === "" || file.startsWith(`${folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

function ancestors(file: string): readonly string[] {
  const parts = file.split("/").slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}

function readManifest(file: string, text: string): readonly PackageManifest[] {
  const json: unknown = text === "" ? null : JSON.parse(text);
  if (typeof json !== "object" || json === null || !("name" in json)) return [];
  const manifest = json as Record<string, unknown>;
  const folder = file.replace(/\/?package\.json$/, "");
  const names = (key: string): readonly string[] => Object.keys((manifest[key] ?? {}) as object);
  const targets = Object.values((manifest.exports ?? {}) as Record<string, { source?: string } | string>);
  return [
    {
      folder,
      name: String(manifest.name),
      version: String(manifest.version),
      isPrivate: manifest.private === true,
      dependencies: [...names("dependencies"), ...names("optionalDependencies"), ...names("peerDependencies")],
      devDependencies: names("devDependencies"),
      entries: targets.flatMap((target) =>
        typeof target === "object" && target.source !== undefined ? [`${folder}/${target.source.replace(/^\.\//, "")}`] : [],
      ),
    },
  ];
}
