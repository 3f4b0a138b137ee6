import { glob } from "node:fs/promises";
import { createRequire, registerHooks } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AsofError, collectDefinitions, type RepositoryModel } from "@asof/core";

export interface LoadDefinitionsOptions {
  readonly project: string;
  /** Loading runs the files, and a file may wait for ever. */
  readonly signal?: AbortSignal | undefined;
}

/** Loads every definition file that matches, as it is (Node strips the types), and collects what they define. */
export async function loadDefinitions(
  repositoryPath: string,
  globs: readonly string[],
  { project, signal }: LoadDefinitionsOptions,
): Promise<RepositoryModel> {
  resolveOwnPackage();
  const modules: Record<string, unknown>[] = [];
  for (const file of await definitionFiles(repositoryPath, globs)) modules.push(await unlessAborted(loadModule(file), signal));
  return collectDefinitions(modules, project);
}

/** The work's outcome, or the signal's reason as soon as it is aborted. The work itself goes on. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function definitionFiles(repositoryPath: string, globs: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const pattern of globs) {
    for await (const file of glob(pattern, { cwd: repositoryPath, exclude: (name) => name === "node_modules" })) {
      if (!/\.(test|spec|d)\.[cm]?ts$/.test(file)) files.add(resolve(join(repositoryPath, file)));
    }
  }
  if (files.size > 0) return [...files].sort();
  // An empty repository would plan to delete everything; that is what teardown is for.
  throw new AsofError("ASOF_DEFINITIONS_LOAD", `No definition file in ${repositoryPath} matches ${globs.join(", ")}.`, {
    path: repositoryPath,
    value: globs.join(", "),
    fix: "Put definitions there, or name their place with `definitions` in feature_store.yaml. `asof teardown` removes what is registered.",
  });
}

async function loadModule(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    if (cause instanceof AsofError) throw cause;
    const why = (cause instanceof Error ? cause.message : String(cause)).trim().replace(/\.$/, "");
    const place = cause instanceof Error ? firstFrame(cause, file) : "";
    const what = `${file}${place} cannot be loaded: ${why}.`;
    throw new AsofError("ASOF_DEFINITIONS_LOAD", what, { path: file, fix: fixOf(cause), cause });
  }
}

function fixOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : "";
  if (code === "ERR_MODULE_NOT_FOUND") return "Correct the import (local files are named with their ending .ts), or run `npm install`.";
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    return "Use syntax that Node can strip: no enums, no namespaces, no parameter properties.";
  return cause instanceof SyntaxError ? "Correct the syntax there." : "Correct the file; it is run as it is when definitions are loaded.";
}

/** `:line:column` of the first stack frame inside the file, so that the message leads to the spot. */
function firstFrame(error: Error, file: string): string {
  const url = pathToFileURL(file).href;
  const frame = error.stack?.split("\n").find((line) => line.includes(url) || line.includes(file));
  return frame?.match(/:\d+(:\d+)?(?=\)?$)/)?.[0] ?? "";
}

let hooked = false;

/**
 * Lets definition files import `asof` where it is not installed beside them (a scratch folder, a monorepo with another layout)
 * and makes sure that they get this very copy, so that objects and registry agree.
 */
function resolveOwnPackage(): void {
  if (hooked) return;
  hooked = true;
  const own = createRequire(import.meta.url);
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== "asof" && !specifier.startsWith("asof/")) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch {
        return next(specifier, { ...context, parentURL: pathToFileURL(own.resolve("asof/package.json")).href });
      }
    },
  });
}
