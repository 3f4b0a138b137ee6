import type { ServiceModel, ViewModel, ViewReference } from "../definition/model.ts";
import { relativePathOf } from "../definition/relative-path.ts";
import type { WriteOptions, Written } from "../definition/retrieval-types.ts";
import { AsofError } from "../error/error.ts";
import { planRequest, type RequestPlan } from "../plan/request-plan.ts";
import type { History, JoinPlan } from "../point-in-time/join-plan.ts";
import { encodeDefinition } from "../registry/encode-definition.ts";
import type { ColumnInfo, ComputedColumns, OfflineResult, OfflineStore, RecordBatch, RunOptions, SpineInput } from "../store/offline.ts";
import { compileStoredZero } from "../value/stored-zero.ts";
import type { Value } from "../value/type.ts";
import type { Erasures } from "./erasures.ts";
import { findErased } from "./find-erased.ts";
import { folderLayout } from "./folder-layout.ts";
import { historyOf } from "./history.ts";
import { type LabelQuery, planLabels, useOfLabel, withLabelKeys } from "./labels.ts";
import { compileRequestViews, type RequestViewRunner } from "./request-views.ts";

export interface HistoricalQuery extends RunOptions, LabelQuery {
  readonly asked: ServiceModel | readonly ViewReference[];
  readonly spine: SpineInput;
  /** The as-of time's column; default `event_timestamp`, else the spine's only timestamp column. */
  readonly timeColumn?: string | undefined;
  /** `"created"` also demands that a value was known by t. Default `"event"`. */
  readonly knowledge?: "event" | "created" | undefined;
  readonly fullFeatureNames?: boolean | undefined;
  /** See {@link JoinPlan.bounds}. */
  readonly bounds?: boolean | undefined;
}

export interface HistoricalContext {
  readonly project: string;
  readonly offline: OfflineStore;
  /** The handover of a source, from the registry; null when it has none. `project`: the owner of the source, where that is another one. */
  handoverOf(sourceName: string, project?: string): number | null;
  /** What serving answers a view of this project with; absent where it is not registered. */
  servedOf?(view: string): ViewModel | undefined;
  /** When the first row of another project's source was pushed; null = none yet. */
  firstIngestOf?(sourceName: string, project: string): number | null;
  /** Keys whose rows do not count; null or absent where there are none. */
  readonly erasures?: Erasures | null | undefined;
  /** By project, those of the owners of views that are used: they count for these views as well. */
  readonly otherErasures?: ReadonlyMap<string, Erasures> | undefined;
  /** What the clock shows: nothing is known beyond it. */
  nowUs(): number;
}

/** A retrieval that has been planned and checked but not run. */
export interface PlannedRetrieval {
  readonly request: RequestPlan;
  readonly join: JoinPlan;
  readonly spine: SpineInput;
  readonly spineColumns: readonly ColumnInfo[];
  /** Views whose definition is another than the registered one that is served. */
  readonly notApplied: readonly string[];
}

const noHistory: History = { batch: null, log: null, handoverUs: null };
const hiddenPrefix = "__asof_input_";

/** Resolves references and the spine's columns into a join plan. Nothing is run; every fault of the request is found here. */
export async function planHistorical(context: HistoricalContext, query: HistoricalQuery): Promise<PlannedRetrieval> {
  const request = planRequest(query.asked, { fullFeatureNames: query.fullFeatureNames === true });
  await refuseUnreachable(context, request);
  const spineColumns = query.spine.kind === "moments" ? momentColumns(request, query) : await context.offline.describeSpine(query.spine);
  const timeColumn = chooseTimeColumn(spineColumns, query.timeColumn);
  requireColumns(spineColumns, request);
  refuseSpineCollisions(spineColumns, request);
  const histories = request.stored.map(({ view, project }) =>
    historyOf(project ?? context.project, view.source, context.handoverOf(view.source.name, project)),
  );
  const labels = planLabels(query, {
    request,
    spineColumns,
    nowUs: context.nowUs(),
    historyOf: ({ source }) => historyOf(context.project, source, context.handoverOf(source.name)),
  });
  const uses = [...request.stored, ...labels.map(useOfLabel)];
  const erased = await findErased(context, uses, [...histories, ...labels.map((l) => l.history)], query.spine, query);
  const erasedOf = (index: number): Pick<History, "erased"> => (erased === null ? {} : { erased: erased[index] ?? [] });
  const join: JoinPlan = {
    spine: { timeColumn, keys: withLabelKeys(request.keyColumns, labels) },
    knowledge: query.knowledge ?? "event",
    bounds: query.bounds === true,
    immature: query.immature ?? "keep",
    views: [
      ...request.stored.map((use, index) => ({
        view: use.view,
        history: { ...(histories[index] ?? noHistory), ...erasedOf(index) },
        keys: use.keys.map((k) => ({ key: k.key, spineColumn: k.column, type: k.type })),
        ttlUs: use.ttlUs,
        features: use.features.map((feature) => ({ feature, output: storedColumn(request, index, feature.name) })),
      })),
      ...labels.map((join, i) => ({ ...join, history: { ...join.history, ...erasedOf(request.stored.length + i) } })),
    ],
  };
  return { request, join, spine: query.spine, spineColumns, notApplied: notApplied(context, request) };
}

/** Views that are trained on as they are defined here, while serving answers with what is registered under their names. */
function notApplied({ servedOf }: HistoricalContext, { stored }: RequestPlan): readonly string[] {
  const differing = stored.filter(({ view, version, project }) => {
    const served = version === undefined && project === undefined ? servedOf?.(view.name) : undefined;
    return served !== undefined && encodeDefinition(served).dataFingerprint !== encodeDefinition(view).dataFingerprint;
  });
  return [...new Set(differing.map(({ view }) => view.name))];
}

/** Runs a planned retrieval. The result holds engine resources until disposed. */
export async function runHistorical(
  context: HistoricalContext,
  planned: PlannedRetrieval,
  options: RunOptions = {},
): Promise<HistoricalResult> {
  // The functions of request views must be there before the engine starts working.
  const runner = compileRequestViews(planned.request);
  const result = await context.offline.retrieve(planned.join, planned.spine, options);
  return new HistoricalResult(planned, result, runner);
}

/** A computed training set: spine columns, then features. Rows come in spine order. */
export class HistoricalResult implements AsyncDisposable {
  readonly planned: PlannedRetrieval;
  readonly columns: readonly ColumnInfo[];
  readonly #result: OfflineResult;
  readonly #computed: ComputedColumns | null;

  constructor(planned: PlannedRetrieval, result: OfflineResult, runner: RequestViewRunner) {
    this.planned = planned;
    this.#result = result;
    this.#computed = computedColumns(planned, result, runner);
    const types = new Map(result.columns.map((c) => [c.name, c]));
    this.columns =
      this.#computed === null
        ? result.columns
        : [...this.#computed.keep.flatMap((name) => types.get(name) ?? []), ...this.#computed.columns];
  }

  get report(): OfflineResult["report"] & Pick<PlannedRetrieval, "notApplied"> {
    return { ...this.#result.report, notApplied: this.planned.notApplied };
  }

  /** Streams the rows as record batches. */
  async *batches(options?: RunOptions): AsyncGenerator<RecordBatch> {
    for await (const batch of this.#result.batches(options)) {
      yield this.#computed === null ? batch : withComputed(batch, this.#computed);
    }
  }

  /** Streams the rows as objects, column name → value. */
  async *rows(options?: RunOptions): AsyncGenerator<Record<string, Value>> {
    for await (const batch of this.batches(options)) {
      for (let row = 0; row < batch.rowCount; row++) {
        const object: Record<string, Value> = {};
        for (const column of batch.columns) object[column.name] = column.get(row);
        yield object;
      }
    }
  }

  /** Writes a file or, with a layout, a folder of files. */
  async write(path: string, format: "parquet" | "csv", layout: WriteOptions | null, options?: RunOptions): Promise<Written> {
    if (layout !== null) return this.#result.writeFolder(path, format, folderLayout(layout, this.columns), this.#computed, options);
    return { ...(await this.#result.write(path, format, this.#computed, options)), files: 1 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#result[Symbol.asyncDispose]();
  }
}

/** The engine's column of a stored feature: its output name when asked for, a hidden one when only request views use it. */
function storedColumn(request: RequestPlan, use: number, feature: string): string {
  const output = request.outputs.find((o) => o.from === "stored" && o.index === use && o.feature.name === feature);
  return output?.flatName ?? `${hiddenPrefix}${use}_${feature}`;
}

function computedColumns(planned: PlannedRetrieval, result: OfflineResult, runner: RequestViewRunner): ComputedColumns | null {
  const { request } = planned;
  const copies = repeatedOutputs(request);
  const computed = request.outputs.filter((o) => o.from === "computed");
  if (request.computed.length === 0 && copies.length === 0) return null;
  const columns = [...computed, ...copies].map((o) => ({ name: o.flatName, type: o.feature.type }));
  const positions = computed.map((o) => request.computed[o.index]?.view.features.findIndex((f) => f.name === o.feature.name) ?? -1);
  return {
    columns,
    keep: result.columns.map((c) => c.name).filter((name) => !name.startsWith(hiddenPrefix)),
    compute: (batch) => {
      const made: Value[][] = columns.map(() => []);
      const read = batchReader(planned, batch);
      for (let row = 0; row < batch.rowCount; row++) {
        const results = runner(read(row));
        for (const [i, output] of computed.entries()) made[i]?.push(results[output.index]?.[positions[i] ?? 0] ?? null);
        for (const [i, output] of copies.entries()) {
          const from = storedColumn(request, output.index, output.feature.name);
          made[computed.length + i]?.push(batch.columns.find((c) => c.name === from)?.get(row) ?? null);
        }
      }
      return made;
    },
  };
}

/** Outputs that repeat a stored feature already put out under another alias; the engine computes it once. */
function repeatedOutputs(request: RequestPlan): RequestPlan["outputs"] {
  return request.outputs.filter((o) => o.from === "stored" && storedColumn(request, o.index, o.feature.name) !== o.flatName);
}

function batchReader(planned: PlannedRetrieval, batch: RecordBatch): (row: number) => Parameters<RequestViewRunner>[0] {
  const columns = new Map(batch.columns.map((c) => [c.name, c]));
  const stored = planned.request.stored.map((use, i) =>
    use.features.map((f) => ({ column: columns.get(storedColumn(planned.request, i, f.name)), zero: compileStoredZero(f.type) })),
  );
  const time = columns.get(planned.join.spine.timeColumn);
  return (row) => ({
    row,
    t: Number(time?.get(row) ?? 0),
    stored: (use, feature) => {
      const input = stored[use]?.[feature];
      const value = input?.column?.get(row) ?? null;
      // A function gets what it gets when it serves, and stores keep no −0.
      return value === null || input?.zero == null ? value : input.zero(value);
    },
    request: (field) => columns.get(field)?.get(row) ?? null,
  });
}

function withComputed(batch: RecordBatch, computed: ComputedColumns): RecordBatch {
  const made = computed.compute(batch);
  const kept = computed.keep.flatMap((name) => batch.columns.filter((c) => c.name === name));
  const added = computed.columns.map((column, i) => ({ ...column, get: (row: number): Value => made[i]?.[row] ?? null }));
  return { rowCount: batch.rowCount, columns: [...kept, ...added] };
}

/**
 * The columns of a spine made from the history: the keys and the time. Refused where the history cannot give rows: request fields come
 * from requests alone, and no view may have all of the keys.
 */
function momentColumns(request: RequestPlan, query: HistoricalQuery): readonly ColumnInfo[] {
  const [field] = request.requestFields;
  if (field !== undefined) {
    throw new AsofError("ASOF_REQUEST_INVALID", `"${field.name}" is a request field, and no history holds requests.`, {
      path: "spine",
      value: field.name,
      fix: "Give a spine with that column, or ask for features that need no request fields.",
    });
  }
  const { keyColumns } = request;
  const isWhole = (use: RequestPlan["stored"][number]): boolean => keyColumns.every((k) => use.keys.some((key) => key.column === k.column));
  if (!request.stored.some(isWhole)) {
    const keysOf = request.stored.map((use) => `${use.name ?? use.view.name} (${use.keys.map((k) => k.column).join(", ") || "none"})`);
    throw new AsofError(
      "ASOF_REQUEST_INVALID",
      `No view has all of the keys, so that no history tells which go together: ${keysOf.join(", ")}.`,
      {
        path: "features",
        value: keyColumns.map((k) => k.column).join(", "),
        fix: "Ask for views of one entity at a time, or give a spine.",
      },
    );
  }
  const timeColumn = query.timeColumn ?? "event_timestamp";
  if (keyColumns.some((k) => k.column === timeColumn)) {
    throw new AsofError("ASOF_NAME_COLLISION", `The as-of time comes out as "${timeColumn}", which is also a key.`, {
      path: "timeColumn",
      value: timeColumn,
      fix: "Name another column with `timeColumn`.",
    });
  }
  return [...keyColumns.map(({ column, type }) => ({ name: column, type })), { name: timeColumn, type: { kind: "timestamp" } }];
}

function chooseTimeColumn(columns: readonly ColumnInfo[], wanted: string | undefined): string {
  const name = wanted ?? "event_timestamp";
  if (columns.some((c) => c.name === name)) return name;
  const times = columns.filter((c) => c.type.kind === "timestamp");
  const [only] = times;
  if (wanted === undefined && only !== undefined && times.length === 1) return only.name;
  throw new AsofError("ASOF_SPINE_INVALID", `The spine has no time column "${name}". It has: ${columns.map((c) => c.name).join(", ")}.`, {
    path: "spine",
    value: name,
    fix: "Add the as-of time as `event_timestamp`, or name its column with `timeColumn`.",
  });
}

function requireColumns(columns: readonly ColumnInfo[], request: RequestPlan): void {
  const have = new Set(columns.map((c) => c.name));
  const wanted = [
    ...request.keyColumns.map((k) => ({ name: k.column, what: "key" })),
    ...request.requestFields.map((f) => ({ name: f.name, what: "request field" })),
  ];
  for (const { name, what } of wanted) {
    if (have.has(name)) continue;
    throw new AsofError("ASOF_SPINE_INVALID", `The spine has no column for the ${what} "${name}". It has: ${[...have].join(", ")}.`, {
      path: "spine",
      value: name,
      fix: `Add the column, or rename the key with withKeys.`,
    });
  }
}

function refuseSpineCollisions(columns: readonly ColumnInfo[], request: RequestPlan): void {
  const have = new Set(columns.map((c) => c.name));
  for (const output of request.outputs) {
    if (!have.has(output.flatName)) continue;
    throw new AsofError(
      "ASOF_NAME_COLLISION",
      `Feature "${output.viewName}:${output.feature.name}" comes out as "${output.flatName}", which is also a column of the spine.`,
      {
        path: `${output.viewName}:${output.feature.name}`,
        value: output.flatName,
        fix: "Ask for full feature names, or rename the spine's column.",
      },
    );
  }
}

/**
 * Another project's sources must be where this one can read them: a relative path means the owner's repository, and pushed rows lie in
 * the owner's offline log. Reading another file of the same name, or no rows at all, would go unnoticed.
 */
async function refuseUnreachable(context: HistoricalContext, request: RequestPlan): Promise<void> {
  for (const { view, project } of request.stored) {
    if (project === undefined) continue;
    const { source } = view;
    const relative = relativePathOf(source);
    if (relative !== null) {
      throw new AsofError(
        "ASOF_SOURCE_MISSING",
        `View "${project}/${view.name}" reads "${relative}", a path inside the repository of its owner: training cannot reach it from here.`,
        { path: `${project}/${view.name}`, value: relative, fix: `Let project "${project}" give the path from / on, or as a URL.` },
      );
    }
    // What was pushed may have been erased since.
    if (context.otherErasures?.has(project) === true) continue;
    if (source.type !== "push" || (context.firstIngestOf?.(source.name, project) ?? null) === null) continue;
    const { rowCount } = await context.offline.describeSource({ ...source, batch: null }, { project, source });
    if (rowCount > 0) continue;
    throw new AsofError(
      "ASOF_SOURCE_MISSING",
      `Rows were pushed to source "${project}/${source.name}", and none are in the offline log here.`,
      {
        path: `${project}/${view.name}`,
        value: source.name,
        fix: "Let both projects keep their offline log in one place.",
      },
    );
  }
}
