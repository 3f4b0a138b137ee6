import { join } from "node:path";
import {
  AsofError,
  type ColumnModel,
  type FileSourceModel,
  type History,
  type JoinPlan,
  type LogReference,
  normalizeValue,
  type OfflineStore,
  type PullRequest,
  type RepositoryModel,
  type SourceModel,
  type SpineInput,
  sha256Hex,
  sourceColumns,
  tablesOf,
  type Value,
} from "@asof/core";

export type TestRow = Readonly<Record<string, unknown>>;

type BatchSource = Exclude<SourceModel, { readonly type: "push" }>;

/**
 * Writes rows of a source, as objects, to a Parquet file in a folder. Columns that a row leaves out are null.
 * @returns the source as it reads that file.
 */
export async function writeSourceRows(
  offline: OfflineStore,
  folder: string,
  definitions: RepositoryModel,
  source: BatchSource,
  rows: readonly TestRow[],
): Promise<FileSourceModel> {
  const columns = sourceColumns(source, keysOf(definitions, source));
  const known = new Set(columns.map((c) => c.name));
  // A name may hold what a file's may not.
  const path = join(folder, `${sha256Hex(source.name).slice(0, 32)}.parquet`);
  const spine: SpineInput = {
    kind: "rows",
    columns: [...columns.map(({ name, type }) => ({ name, type })), { name: placeholder, type: { kind: "timestamp" } }],
    rows: rows.map((row, index) => {
      refuseUnknown(source.name, row, index, known);
      return [...columns.map((column) => readCell(source.name, column, row, index)), 0];
    }),
  };
  // An as-of join of nothing is the spine itself: the engine's own writer then stores every type as it would read it.
  const plan: JoinPlan = { spine: { timeColumn: placeholder, keys: [] }, views: [], knowledge: "event", bounds: false };
  await using result = await offline.retrieve(plan, spine);
  await result.write(path, "parquet", null);
  const { kind, name, eventTime, createdTime, eventId, meta } = source;
  return {
    ...{ kind, name, eventTime, createdTime, eventId, meta, columns: source.columns, mapping: {}, stream: null },
    ...{ type: "parquet", paths: [path], hive: false, csv: null },
  };
}

/** A column that no source has: a spine needs a time, and rows of a static source have none. */
const placeholder = "asof_testing_time";

function keysOf(definitions: RepositoryModel, source: SourceModel): readonly ColumnModel[] {
  const reads = (own: SourceModel): boolean => own.name === source.name || (own.type === "push" && own.batch?.name === source.name);
  return tablesOf(definitions).flatMap((view) => (reads(view.source) ? view.entities.flatMap((e) => e.keys) : []));
}

function refuseUnknown(source: string, row: TestRow, index: number, known: ReadonlySet<string>): void {
  for (const name of Object.keys(row)) {
    if (known.has(name)) continue;
    throw new AsofError("ASOF_COLUMN_UNKNOWN", `Row ${index} of source "${source}" has "${name}", which it does not declare.`, {
      path: `rows.${source}[${index}].${name}`,
      value: name,
      fix: `Remove it. The source has: ${[...known].join(", ")}.`,
    });
  }
}

function readCell(source: string, column: ColumnModel, row: TestRow, index: number): Value {
  return normalizeValue(column.type, true, row[column.name] ?? null, `rows.${source}[${index}].${column.name}`);
}

/** The store, reading some sources from where test rows were written instead of from their own place. */
export function readFrom(offline: OfflineStore, replaced: ReadonlyMap<string, BatchSource>): OfflineStore {
  const batch = <S extends SourceModel | null>(source: S): S | BatchSource =>
    source === null || source.type === "push" ? source : (replaced.get(source.name) ?? source);
  const whole = (source: SourceModel): SourceModel =>
    source.type === "push" ? { ...source, batch: replaced.get(source.batch?.name ?? "") ?? source.batch } : batch(source);
  const log = (reference: LogReference | null): LogReference | null =>
    reference === null ? null : { ...reference, source: whole(reference.source) };
  const history = (own: History): History => ({
    ...own,
    batch: own.batch === null ? null : (replaced.get(own.batch.name) ?? own.batch),
    log: log(own.log),
  });
  const join_ = (plan: JoinPlan): JoinPlan => ({
    ...plan,
    views: plan.views.map((join) => ({ ...join, view: { ...join.view, source: whole(join.view.source) }, history: history(join.history) })),
  });
  const pull = (request: PullRequest): PullRequest => ({ ...request, history: history(request.history) });
  return {
    type: offline.type,
    toSql: (plan, spine) => offline.toSql(join_(plan), spine),
    retrieve: (plan, spine, options) => offline.retrieve(join_(plan), spine, options),
    pull: (request, options) => offline.pull(pull(request), options),
    computeStatistics: (request, options) =>
      offline.computeStatistics(
        { ...request, view: { ...request.view, source: whole(request.view.source) }, history: history(request.history) },
        options,
      ),
    describeSource: (source, reference, options) => offline.describeSource(whole(source), log(reference), options),
    checkLog: (reference, as) => offline.checkLog(reference, as),
    describeSpine: (spine) => offline.describeSpine(spine),
    append: (reference, rows) => offline.append(reference, rows),
    spineKeys: (spine, keys, options) => offline.spineKeys(spine, keys, options),
    eraseLog: (reference, erasure, options) => offline.eraseLog(reference, erasure, options),
    [Symbol.asyncDispose]: () => offline[Symbol.asyncDispose](),
  };
}
