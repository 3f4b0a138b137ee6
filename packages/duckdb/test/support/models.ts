import type {
  AggregateModel,
  ColumnModel,
  CsvFormat,
  EntityModel,
  FeatureModel,
  FileSourceModel,
  History,
  JoinPlan,
  PlainViewModel,
  SourceModel,
  SqlSourceModel,
  ValueType,
  ViewJoin,
  WindowedViewModel,
} from "@asof/core";

/** Short ways to write the plain data that definitions become. */

export const int64: ValueType = { kind: "int64", as: "bigint" };
export const int32: ValueType = { kind: "int32" };
export const float64: ValueType = { kind: "float64" };
export const float32: ValueType = { kind: "float32" };
export const bool: ValueType = { kind: "bool" };
export const string: ValueType = { kind: "string" };
export const bytes: ValueType = { kind: "bytes" };
export const timestamp: ValueType = { kind: "timestamp" };
export const date: ValueType = { kind: "date" };
export const uuid: ValueType = { kind: "uuid" };
export const decimal = (precision: number, scale: number): ValueType => ({ kind: "decimal", precision, scale });
export const list = (of: ValueType): ValueType => ({ kind: "list", of });
const count: ValueType = { kind: "int64", as: "number" };

export const secondUs = 1_000_000;
export const hourUs = 3600 * secondUs;
export const dayUs = 24 * hourUs;

export type Types = Readonly<Record<string, ValueType>>;

export function columnModels(types: Types): readonly ColumnModel[] {
  return Object.entries(types).map(([name, type]) => ({ name, type, nullable: true, meta: {} }));
}

interface SourceOptions {
  readonly name?: string;
  readonly eventTime?: string | null;
  readonly createdTime?: string | null;
  readonly eventId?: string | null;
  readonly columns: Types;
  readonly mapping?: Readonly<Record<string, string>>;
}

function base(options: SourceOptions) {
  return {
    kind: "source",
    name: options.name ?? "source",
    eventTime: options.eventTime === undefined ? "ts" : options.eventTime,
    createdTime: options.createdTime ?? null,
    eventId: options.eventId ?? null,
    columns: columnModels(options.columns),
    mapping: options.mapping ?? {},
    stream: null,
    meta: {},
  } as const;
}

export function parquetSource(path: string | readonly string[], options: SourceOptions & { readonly hive?: boolean }): FileSourceModel {
  const paths = typeof path === "string" ? [path] : path;
  return { ...base(options), type: "parquet", paths, hive: options.hive ?? false, csv: null };
}

export function csvSource(path: string, options: SourceOptions & Partial<CsvFormat>): FileSourceModel {
  const { delimiter = ",", header = true, nullText = "", quote = '"', escape: escaping = quote } = options;
  return {
    ...base(options),
    type: "csv",
    paths: [path],
    hive: false,
    csv: { delimiter, header, nullText, quote, escape: escaping },
  };
}

export function sqlSource(query: string, options: SourceOptions): SqlSourceModel {
  return { ...base(options), type: "sql", query };
}

function entityOf(keys: Types): EntityModel {
  return { kind: "entity", name: Object.keys(keys).join("_"), keys: columnModels(keys), meta: {} };
}

const batchHistory = (source: SourceModel): History => ({
  batch: source.type === "push" ? source.batch : source,
  log: source.type === "push" ? { project: "test", source } : null,
  handoverUs: null,
});

interface JoinOptions {
  readonly name?: string;
  readonly keys: Types;
  /** Entity key → spine column. */
  readonly mapped?: Readonly<Record<string, string>>;
  readonly source: SourceModel;
  readonly history?: History;
  readonly ttlUs?: number | null;
  /** Features asked for; default all. */
  readonly pick?: readonly string[];
  readonly prefix?: string;
}

/** A plain view and its join. */
export function plainJoin(options: JoinOptions & { readonly features: Types | readonly FeatureModel[] }): ViewJoin {
  const view: PlainViewModel = {
    kind: "view",
    form: "plain",
    name: options.name ?? "view",
    entities: Object.keys(options.keys).length === 0 ? [] : [entityOf(options.keys)],
    source: options.source,
    ttlUs: options.ttlUs ?? null,
    features: isFeatures(options.features) ? options.features : columnModels(options.features).map((c) => ({ ...c, kind: "column" })),
    meta: {},
  };
  return joinOf(view, options, view.ttlUs);
}

function isFeatures(features: Types | readonly FeatureModel[]): features is readonly FeatureModel[] {
  return Array.isArray(features);
}

/** A windowed view and its join. */
export function windowedJoin(options: JoinOptions & { readonly features: Readonly<Record<string, WindowFeature>> }): ViewJoin {
  const view: WindowedViewModel = {
    kind: "view",
    form: "windowed",
    name: options.name ?? "view",
    entities: Object.keys(options.keys).length === 0 ? [] : [entityOf(options.keys)],
    source: options.source,
    separableUs: 120 * secondUs,
    features: Object.entries(options.features).map(([name, { aggregate, type }]) => ({
      name,
      type,
      nullable: true,
      meta: {},
      kind: "aggregate",
      aggregate,
    })),
    meta: {},
  };
  return joinOf(view, options, null);
}

export interface WindowFeature {
  readonly aggregate: AggregateModel;
  readonly type: ValueType;
}

/** An aggregate; `type` is the argument's. `window` null = lifetime. */
export function windowFeature(
  fn: AggregateModel["function"],
  argument: { readonly name: string; readonly type: ValueType } | null,
  window: { readonly windowUs: number; readonly hopUs: number } | null,
  type: ValueType = count,
  where: AggregateModel["where"] = null,
): WindowFeature {
  return {
    type,
    aggregate: {
      function: fn,
      argument: argument === null ? null : { node: "column", ...argument },
      windowUs: window?.windowUs ?? null,
      hopUs: window?.hopUs ?? null,
      where,
    },
  };
}

function joinOf(view: PlainViewModel | WindowedViewModel, options: JoinOptions, ttlUs: number | null): ViewJoin {
  const picked = options.pick ?? view.features.map((f) => f.name);
  return {
    view,
    history: options.history ?? batchHistory(options.source),
    keys: Object.entries(options.keys).map(([key, type]) => ({ key, type, spineColumn: options.mapped?.[key] ?? key })),
    ttlUs,
    features: picked.flatMap((name) =>
      view.features.filter((f) => f.name === name).map((feature) => ({ feature, output: `${options.prefix ?? ""}${name}` })),
    ),
  };
}

export function planOf(
  views: readonly ViewJoin[],
  options: { readonly timeColumn?: string; readonly knowledge?: JoinPlan["knowledge"]; readonly bounds?: boolean } = {},
): JoinPlan {
  const keys = new Map(
    views.flatMap((v) => v.keys.map((k) => [JSON.stringify([k.spineColumn, k.type]), { column: k.spineColumn, type: k.type }] as const)),
  );
  return {
    spine: { timeColumn: options.timeColumn ?? "event_timestamp", keys: [...keys.values()] },
    views,
    knowledge: options.knowledge ?? "event",
    bounds: options.bounds ?? false,
  };
}
