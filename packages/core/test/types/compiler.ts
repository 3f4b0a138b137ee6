import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../../..");
const fromRoot = createRequire(join(root, "package.json"));

/** Compilers that the types are promised to work on. */
export const compilers = {
  "TypeScript 7": "typescript",
  "TypeScript 5.9": "typescript-5.9",
} as const;

export type Compiler = keyof typeof compilers;

export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  /** Whole text, further lines indented. */
  readonly text: string;
}

export interface Compiled {
  readonly diagnostics: readonly Diagnostic[];
  /** Figures of --extendedDiagnostics by name, for example `Instantiations`. */
  readonly figures: ReadonlyMap<string, number>;
}

/**
 * A project of a user: its own folder with `@asof/core` installed as declarations only, so that what is checked is what
 * users get, and nobody else's source is. With `through: "asof"` only that package is installed: it has what it re-exports
 * from core, and core lies where users cannot name it.
 */
export class ScratchProject implements Disposable {
  readonly folder: string;

  constructor(files: Readonly<Record<string, string>>, options: { readonly through?: "asof" } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "asof-types-"));
    const isThrough = options.through === "asof";
    const coreFolder = isThrough ? "node_modules/asof/node_modules/@asof/core" : "node_modules/@asof/core";
    emitDeclarations(this.#made(coreFolder));
    this.write(`${coreFolder}/package.json`, manifest("@asof/core"));
    if (isThrough) {
      this.write("node_modules/asof/package.json", manifest("asof"));
      this.write("node_modules/asof/index.d.ts", reexportsOfCore());
    }
    symlinkSync(dirname(fromRoot.resolve("@types/node/package.json")), join(this.#made("node_modules/@types"), "node"));
    this.write("package.json", JSON.stringify({ type: "module" }));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.#made(dirname(name)), name.slice(name.lastIndexOf("/") + 1)), text);
  }

  /** Checks every TypeScript file of the project. `declarations`: also emits .d.ts files into `dist`. */
  compile(compiler: Compiler, options: { readonly declarations?: boolean } = {}): Compiled {
    const emit = options.declarations === true ? { declaration: true, emitDeclarationOnly: true, outDir: "dist" } : { noEmit: true };
    const { customConditions: _, ...shared } = rootOptions;
    this.write("tsconfig.json", JSON.stringify({ compilerOptions: { ...shared, rootDir: ".", ...emit }, include: ["src/**/*.ts"] }));
    return runCompiler(compiler, ["-p", this.folder, "--pretty", "false", "--extendedDiagnostics"]);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #made(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

const rootOptions: Readonly<Record<string, unknown>> = {
  target: "es2024",
  lib: ["es2024", "esnext.disposable", "esnext.collection"],
  module: "nodenext",
  moduleResolution: "nodenext",
  customConditions: [],
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
};

function manifest(name: string): string {
  return JSON.stringify({ name, version: "0.0.0", type: "module", exports: { ".": { types: "./index.d.ts" } } });
}

/** The statements of asof's index that pass on names of core. */
function reexportsOfCore(): string {
  const index = readFileSync(join(root, "packages/asof/src/index.ts"), "utf8");
  return [...index.matchAll(/^export (?:type )?\{[^}]*\} from "@asof\/core";/gm)].map((m) => m[0]).join("\n");
}

/** Core's declarations, made once per process. */
let declarations: string | null = null;

function emitDeclarations(target: string): void {
  if (declarations === null) {
    const made = mkdtempSync(join(tmpdir(), "asof-declarations-"));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
    const source = join(root, "packages/core/src");
    writeFileSync(
      join(made, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          ...rootOptions,
          rewriteRelativeImportExtensions: true,
          typeRoots: [join(root, "node_modules/@types")],
          rootDir: source,
          outDir: join(made, "out"),
          declaration: true,
          emitDeclarationOnly: true,
        },
        include: [join(source, "index.ts")],
      }),
    );
    runCompiler("TypeScript 7", ["-p", made]);
    declarations = join(made, "out");
  }
  cpSync(declarations, target, { recursive: true });
}

function runCompiler(compiler: Compiler, args: readonly string[]): Compiled {
  const tsc = join(dirname(fromRoot.resolve(`${compilers[compiler]}/package.json`)), "bin/tsc");
  const { stdout, stderr, status, error } = spawnSync(process.execPath, [tsc, ...args], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (error !== undefined || status === null) throw new Error(`${compiler} did not run: ${error?.message ?? stderr}`);
  return { diagnostics: parseDiagnostics(stdout), figures: parseFigures(stdout) };
}

function parseDiagnostics(output: string): readonly Diagnostic[] {
  const diagnostics: { file: string; line: number; code: string; text: string }[] = [];
  for (const line of output.split("\n")) {
    const match = /^(.+?)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line);
    const last = diagnostics.at(-1);
    if (match !== null) diagnostics.push({ file: match[1] ?? "", line: Number(match[2]), code: match[3] ?? "", text: match[4] ?? "" });
    else if (last !== undefined && line.startsWith("  ")) last.text += `\n${line}`;
    else if (/^error TS/.test(line)) throw new Error(line);
  }
  return diagnostics;
}

function parseFigures(output: string): ReadonlyMap<string, number> {
  const matches = output.matchAll(/^([A-Z][A-Za-z /]+):\s+([0-9.]+)[KsM]?\s*$/gm);
  return new Map([...matches].map((m) => [m[1] ?? "", Number(m[2])]));
}
