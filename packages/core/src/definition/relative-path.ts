import type { SourceModel } from "./model.ts";

/** A path of a source that means a place inside its repository; null where there is none. */
export function relativePathOf(source: SourceModel): string | null {
  const files = source.type === "push" ? source.batch : source;
  if (files === null || files.type === "sql") return null;
  return files.paths.find((path) => !/^(\/|[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]*:\/\/)/.test(path)) ?? null;
}
