import type { SourceModel } from "../definition/model.ts";
import type { PullRequest, RunOptions } from "../store/offline.ts";
import { type EntityKey, isKeyColumn, keyNames, keyParts, labelsOver, modelsOver, sourcesOf } from "./erase-key.ts";
import type { RegistryView } from "./registry-view.ts";
import type { Runtime } from "./runtime.ts";

/** A table that asof reads and does not own, with rows of a key. */
export interface SourceHolding {
  readonly source: string;
  readonly type: "parquet" | "csv" | "sql";
  /** Paths or globs as defined; empty for a query. */
  readonly paths: readonly string[];
  readonly query: string | null;
  readonly rows: number;
  /** Views and labels that read the source. */
  readonly views: readonly string[];
  /** Why it could not be looked at; null where it could. */
  readonly error: string | null;
}

type BatchSource = Exclude<SourceModel, { readonly type: "push" }>;

/** Counts the rows of a key in every table that views read, by a query. */
export async function findHoldings(
  runtime: Runtime,
  registry: RegistryView,
  key: EntityKey,
  options: RunOptions,
): Promise<readonly SourceHolding[]> {
  const holdings: SourceHolding[] = [];
  for (const source of sourcesOf(registry)) {
    const batch = source.type === "push" ? source.batch : source;
    if (batch === null || !key.names.every((name) => isKeyColumn(registry, source, name))) continue;
    options.signal?.throwIfAborted();
    const { rows, error } = await countRows(runtime, registry, source, batch, key, options);
    if (rows === 0 && error === null) continue;
    const readers = [...modelsOver(registry, source), ...labelsOver(registry, source)];
    const views = readers.filter((model) => key.names.some((name) => keyNames(model).includes(name)));
    holdings.push({
      source: source.name,
      type: batch.type,
      paths: batch.type === "sql" ? [] : batch.paths,
      query: batch.type === "sql" ? batch.query : null,
      rows,
      views: [...new Set(views.map((model) => model.name))].sort(),
      error,
    });
  }
  return holdings;
}

async function countRows(
  runtime: Runtime,
  registry: RegistryView,
  source: SourceModel,
  batch: BatchSource,
  key: EntityKey,
  options: RunOptions,
): Promise<{ readonly rows: number; readonly error: string | null }> {
  const parts = keyParts(registry, source, key);
  const request: PullRequest = {
    // Without times and ids every row is one: also rows that no view would ever see.
    ...{ history: { batch: { ...batch, eventTime: null, createdTime: null, eventId: null }, log: null, handoverUs: null } },
    ...{ keys: parts.map(({ name, type }) => ({ name, type })), columns: [], order: [], mode: "all" as const },
    ...{ fromUs: null, toUs: Number.MAX_SAFE_INTEGER, createdFromUs: null, tileUs: null, partition: null },
    onlyKey: parts.map((part) => part.value),
  };
  let rows = 0;
  try {
    for await (const page of runtime.offline.pull(request, { signal: options.signal })) rows += page.rowCount;
    return { rows, error: null };
  } catch (error) {
    // What cannot be read may still hold the key: the report says so, and the deletion is not undone by it.
    if (options.signal?.aborted === true || !(error instanceof Error)) throw error;
    return { rows, error: error.message };
  }
}
