import type {
  ColumnInfo,
  ColumnModel,
  EntityModel,
  FeatureModel,
  FileSourceModel,
  History,
  JoinPlan,
  PlainViewModel,
  PushSourceModel,
  Random,
  SourceModel,
  SqlSourceModel,
  ValueType,
  ViewJoin,
  WindowedViewModel,
} from "@asof/core";
import { chance, choose, chooseWeighted, int, sample, times } from "../random/seeded-random.ts";
import { randomAggregate, randomWindows } from "./aggregates.ts";
import type { Case, CaseSpine, Storage, TimeUnit } from "./case.ts";
import { randomDerived } from "./expressions.ts";
import { randomNames } from "./names.ts";

/** Everything of a case but its rows: many cases of one shape are answered by one retrieval. */
export interface Shape extends Omit<Case, "tables" | "spine"> {
  readonly spine: Omit<CaseSpine, "rows">;
  /** Times lie around it, and a handover is near it; UTC µs. */
  readonly anchorUs: number;
}

const project = "testkit";
const day = 86_400_000_000;
const anchors = [1_704_067_200_000_000, 1_709_209_000_123_456, 0, -5 * day, -1_000_000_000_001, 1_483_228_800_000_000];
const ttls = [1, 1_000_000, 3_600_000_000, day, 30 * day];

const keyTypes: readonly ValueType[] = [
  { kind: "int64", as: "bigint" },
  { kind: "int64", as: "number" },
  { kind: "int32" },
  { kind: "string" },
  { kind: "string" },
  { kind: "uuid" },
  { kind: "date" },
  { kind: "bool" },
  { kind: "bytes" },
  { kind: "timestamp" },
];

const columnTypes: readonly (readonly [weight: number, type: ValueType])[] = [
  [4, { kind: "float64" }],
  [3, { kind: "int64", as: "bigint" }],
  [2, { kind: "int64", as: "number" }],
  [2, { kind: "int32" }],
  [2, { kind: "float32" }],
  [3, { kind: "string" }],
  [2, { kind: "bool" }],
  [1, { kind: "bytes" }],
  [1, { kind: "timestamp" }],
  [1, { kind: "date" }],
  [1, { kind: "decimal", precision: 9, scale: 2 }],
  [1, { kind: "decimal", precision: 18, scale: 4 }],
  [1, { kind: "decimal", precision: 30, scale: 6 }],
  [1, { kind: "uuid" }],
  [1, { kind: "list", of: { kind: "int64", as: "bigint" } }],
  [1, { kind: "list", of: { kind: "string" } }],
  [1, { kind: "list", of: { kind: "float64" } }],
];

/** Sources, views, a plan over them and how the spine comes: one of endlessly many. */
export function randomShape(random: Random, options: { readonly entityless?: boolean } = {}): Shape {
  const anchorUs = choose(random, anchors);
  const keys = times(
    options.entityless === true ? 0 : int(random, 1, 2),
    (i): ColumnModel => plainColumn(`key_${i}`, choose(random, keyTypes)),
  );
  const entities = keys.map((key, i): EntityModel => ({ kind: "entity", name: `entity_${i}`, keys: [key], meta: {} }));
  const sources = times(
    chooseWeighted(random, [
      [6, 1],
      [4, 2],
    ]),
    (i) => randomSource(random, `source_${i}`, keys),
  );
  const handoverUs = anchorUs + choose(random, [0, 0, -1_000_000, 3_600_000_000]);
  const histories = sources.map((source) => [source, randomHistory(random, source, handoverUs)] as const);
  const renames = new Map(keys.map((key) => [key.name, `other_${key.name}`]));
  const joins = times(
    chooseWeighted(random, [
      [3, 1],
      [4, 2],
      [3, 3],
    ]),
    (i) => {
      const [source, history] = choose(random, histories);
      const used = entities.length === 2 && chance(random, 0.3) ? entities.slice(0, 1) : entities;
      const view = randomView(random, `view_${i}`, source, used);
      return randomJoin(random, view, history, chance(random, 0.2) ? renames : new Map());
    },
  );
  const views = nameOutputs(random, joins);
  const spineKeys = [
    ...new Map(views.flatMap((v) => v.keys.map((k) => [k.spineColumn, { column: k.spineColumn, type: k.type }]))).values(),
  ];
  const spineColumns: ColumnInfo[] = [
    ...spineKeys.map((k) => ({ name: k.column, type: k.type })),
    { name: "row_label", type: { kind: "int32" } },
  ];
  const isFile = chance(random, 0.5);
  const plan: JoinPlan = {
    spine: { timeColumn: choose(random, ["event_timestamp", "at"]), keys: spineKeys },
    views,
    knowledge: chance(random, 0.4) ? "created" : "event",
    bounds: chance(random, 0.4),
  };
  return {
    plan,
    anchorUs,
    storage: Object.fromEntries(sources.map((source) => [source.name, randomStorage(random)])),
    spine: { columns: spineColumns, kind: isFile ? "parquet" : "rows", timeUnit: isFile ? choose(random, ["us", "ns", "ns", "ms"]) : "us" },
  };
}

/** A source with its keys: a file, a query, pushed rows with or without a batch side, or a static dimension. */
function randomSource(random: Random, name: string, keys: readonly ColumnModel[]): SourceModel {
  const kind = chooseWeighted(random, [
    [5, "parquet"],
    [1, "sql"],
    [3, "push"],
    [1, "push-only"],
    [1, "static"],
  ] as const);
  const columnNames = randomNames(random, int(random, 1, 5));
  const columns = columnNames.map((column) => plainColumn(column, chooseWeighted(random, columnTypes)));
  const base = {
    kind: "source" as const,
    name,
    eventTime: kind === "static" ? null : choose(random, ["event_timestamp", "ts"]),
    createdTime: chance(random, 0.65) ? "created" : null,
    eventId: kind !== "static" && chance(random, 0.4) ? "event_id" : null,
    columns,
    stream: null,
    meta: {},
  };
  const names = [...keys.map((k) => k.name), ...columnNames, base.eventTime, base.createdTime, base.eventId];
  const mapping = randomMapping(
    random,
    names.filter((n) => n !== null),
  );
  const query: SqlSourceModel = { ...base, type: "sql", query: "", mapping };
  const file: FileSourceModel = { ...base, type: "parquet", paths: [], hive: false, csv: null, mapping };
  if (kind === "sql") return query;
  if (kind === "parquet" || kind === "static") return file;
  const pushed: PushSourceModel = { ...base, type: "push", mapping: {}, batch: null };
  return kind === "push-only" ? pushed : { ...pushed, batch: { ...(chance(random, 0.8) ? file : query), name: `${name}_batch` } };
}

/** Physical names differ where two logical names differ in case only (a file cannot hold both), and here and there otherwise. */
function randomMapping(random: Random, names: readonly string[]): Readonly<Record<string, string>> {
  const mapping: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    const clashes = names.slice(0, i).some((other) => other.toLowerCase() === name.toLowerCase());
    if (clashes || chance(random, 0.15)) mapping[name] = `physical ${i}`;
  }
  return mapping;
}

function randomView(
  random: Random,
  name: string,
  source: SourceModel,
  entities: readonly EntityModel[],
): PlainViewModel | WindowedViewModel {
  const base = { kind: "view" as const, name, entities, source, meta: {} };
  if (source.eventTime !== null && chance(random, 0.5)) {
    const windows = randomWindows(random);
    const features = randomNames(random, int(random, 1, 6)).map((feature) => randomAggregate(random, feature, source.columns, windows));
    return { ...base, form: "windowed", separableUs: 120_000_000, features };
  }
  const columns = sample(random, source.columns, int(random, 1, source.columns.length));
  const taken = new Set(columns.map((c) => c.name));
  const derived = chance(random, 0.35) ? randomNames(random, 2).filter((n) => !taken.has(n)) : [];
  const features: FeatureModel[] = [
    ...columns.map((c): FeatureModel => ({ ...c, kind: "column" })),
    ...derived.map((n): FeatureModel => {
      const expression = randomDerived(random, source.columns);
      return { name: n, type: expression.type, nullable: true, meta: {}, kind: "derived", expression };
    }),
  ];
  const hasTtl = source.eventTime !== null && chance(random, 0.6);
  return { ...base, form: "plain", ttlUs: hasTtl ? choose(random, ttls) : null, features };
}

/** Mostly with a handover where there are two sides; without one, only the batch side counts. */
function randomHistory(random: Random, source: SourceModel, handoverUs: number): History {
  if (source.type !== "push") return { batch: source, log: null, handoverUs: null };
  const hasHandover = source.batch !== null && chance(random, 0.85);
  return { batch: source.batch, log: { project, source }, handoverUs: hasHandover ? handoverUs : null };
}

/** A use of a view: some of its features, perhaps under other key columns, perhaps with an age limit of its own. */
function randomJoin(random: Random, view: ViewJoin["view"], history: History, renames: ReadonlyMap<string, string>): ViewJoin {
  const chosen = new Set(sample(random, view.features, int(random, 1, view.features.length)));
  const ttlUs = view.form === "plain" ? view.ttlUs : null;
  return {
    view,
    history,
    keys: view.entities.flatMap((e) => e.keys.map((k) => ({ key: k.name, spineColumn: renames.get(k.name) ?? k.name, type: k.type }))),
    ttlUs: ttlUs !== null && chance(random, 0.2) ? Math.max(1, Math.floor(ttlUs / 2)) : ttlUs,
    features: view.features.filter((f) => chosen.has(f)).map((feature) => ({ feature, output: feature.name })),
  };
}

/** Feast's names: the feature's own, or `view__feature` for all where two would be equal. */
function nameOutputs(random: Random, joins: readonly ViewJoin[]): ViewJoin[] {
  const names = joins.flatMap((j) => j.features.map((f) => f.output));
  const isFull = chance(random, 0.2) || new Set(names).size < names.length;
  if (!isFull) return [...joins];
  return joins.map((j) => ({ ...j, features: j.features.map((f) => ({ ...f, output: `${j.view.name}__${f.output}` })) }));
}

function randomStorage(random: Random): Storage {
  const eventUnit = chooseWeighted<TimeUnit>(random, [
    [5, "us"],
    [5, "ns"],
    [1, "ms"],
    [1, "s"],
  ]);
  const createdUnit = chooseWeighted<TimeUnit>(random, [
    [3, "us"],
    [1, "ns"],
  ]);
  return { eventUnit, createdUnit, zoned: eventUnit !== "ns" && createdUnit !== "ns" && chance(random, 0.3), files: int(random, 1, 2) };
}

function plainColumn(name: string, type: ValueType): ColumnModel {
  return { name, type, nullable: true, meta: {} };
}
