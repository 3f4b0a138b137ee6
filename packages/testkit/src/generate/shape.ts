import type { ColumnInfo, ColumnModel, EntityModel, JoinPlan, Random, SourceModel, ValueType, ViewJoin } from "@asof/core";
import { chance, choose, chooseWeighted, int, times } from "../random/seeded-random.ts";
import type { Case, CaseSpine } from "./case.ts";
import { confusedNames, randomNames } from "./names.ts";
import { fileSource, plainColumn, randomHistory, randomMapping, randomSource, randomStorage } from "./random-source.ts";
import { extremesView, randomJoin, randomView, tieView } from "./random-view.ts";

/** Everything of a case but its rows: many cases of one shape are answered by one retrieval. */
export interface Shape extends Omit<Case, "tables" | "spine"> {
  readonly spine: Omit<CaseSpine, "rows">;
  /** Times lie around it, and a handover is near it; UTC µs. */
  readonly anchorUs: number;
  readonly focus: Focus;
}

/**
 * What a shape is about: anything; views without keys; little but ties, decided by special values; little but extremes and
 * distinct values. The last two make rules decide that rarely do.
 */
export type Focus = "anything" | "entityless" | "ties" | "extremes";

const day = 86_400_000_000;
const anchors = [1_704_067_200_000_000, 1_709_209_000_123_456, 0, -5 * day, -1_000_000_000_001, 1_483_228_800_000_000];
const specialTypes: readonly ValueType[] = [
  { kind: "float64" },
  { kind: "float64" },
  { kind: "float64" },
  { kind: "float64" },
  { kind: "float32" },
  { kind: "string" },
  { kind: "string" },
  { kind: "bool" },
];

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

/** Sources, views, a plan over them and how the spine comes: one of endlessly many. */
export function randomShape(random: Random, focus: Focus = "anything"): Shape {
  const keyCount = focus === "entityless" ? 0 : int(random, 1, 2);
  const keys = times(keyCount, (i): ColumnModel => ({ ...plainColumn(`key_${i}`, choose(random, keyTypes)), nullable: false }));
  const entities = keys.map((key, i): EntityModel => ({ kind: "entity", name: `entity_${i}`, keys: [key], meta: {} }));
  const anchorUs = choose(random, anchors);
  if (focus === "ties" || focus === "extremes") return focusedShape(random, focus, entities, anchorUs);
  const sourceCount = chance(random, 0.6) ? 1 : 2;
  const sources = times(sourceCount, (i) => randomSource(random, `source_${i}`, keys));
  const handoverUs = anchorUs + choose(random, [0, 0, -1_000_000, 3_600_000_000]);
  const histories = sources.map((source) => [source, randomHistory(random, source, handoverUs)] as const);
  const renames = new Map(keys.map((key) => [key.name, `other_${key.name}`]));
  const viewCount = chooseWeighted(random, [
    [3, 1],
    [4, 2],
    [3, 3],
  ]);
  const joins = times(viewCount, (i) => {
    const [source, history] = choose(random, histories);
    const used = entities.length === 2 && chance(random, 0.3) ? entities.slice(0, 1) : entities;
    const view = randomView(random, `view_${i}`, source, used);
    return randomJoin(random, view, history, chance(random, 0.2) ? renames : new Map());
  });
  return assemble(random, focus, anchorUs, sources, nameOutputs(random, joins));
}

/** One file, one view, a few columns of the types whose special values are easily put in a wrong order. */
function focusedShape(random: Random, focus: "ties" | "extremes", entities: readonly EntityModel[], anchorUs: number): Shape {
  const columns = (chance(random, 0.5) ? confusedNames : randomNames(random, int(random, 2, 3))).map((name) =>
    plainColumn(name, choose(random, specialTypes)),
  );
  const mapping = randomMapping(
    random,
    columns.map((c) => c.name),
  );
  const source = { ...fileSource("source_0", columns, chance(random, 0.3) ? "created" : null), mapping };
  const view = focus === "ties" ? tieView("view_0", source, entities) : extremesView(random, "view_0", source, entities);
  const join: ViewJoin = {
    view,
    history: { batch: source, log: null, handoverUs: null },
    keys: entities.flatMap((e) => e.keys.map((k) => ({ key: k.name, spineColumn: k.name, type: k.type }))),
    ttlUs: null,
    features: view.features.map((feature) => ({ feature, output: feature.name })),
  };
  return assemble(random, focus, anchorUs, [source], [join]);
}

function assemble(random: Random, focus: Focus, anchorUs: number, sources: readonly SourceModel[], views: readonly ViewJoin[]): Shape {
  const keys = new Map(views.flatMap((v) => v.keys.map((k) => [k.spineColumn, { column: k.spineColumn, type: k.type }])));
  const columns: ColumnInfo[] = [
    ...[...keys.values()].map((k) => ({ name: k.column, type: k.type })),
    { name: "row_label", type: { kind: "int32" } },
  ];
  const isFile = chance(random, 0.5);
  const plan: JoinPlan = {
    spine: { timeColumn: choose(random, ["event_timestamp", "at"]), keys: [...keys.values()] },
    views,
    knowledge: chance(random, 0.4) ? "created" : "event",
    bounds: chance(random, 0.4),
  };
  const storage = Object.fromEntries(sources.map((source) => [source.name, randomStorage(random)]));
  const spine = {
    columns,
    kind: isFile ? ("parquet" as const) : ("rows" as const),
    timeUnit: isFile ? choose(random, ["us", "ns", "ns", "ms"] as const) : ("us" as const),
  };
  return { plan, anchorUs, focus, storage, spine };
}

/** Feast's names: the feature's own, or `view__feature` for all where two would be equal. */
function nameOutputs(random: Random, joins: readonly ViewJoin[]): ViewJoin[] {
  const names = joins.flatMap((j) => j.features.map((f) => f.output));
  const isFull = chance(random, 0.2) || new Set(names).size < names.length;
  if (!isFull) return [...joins];
  return joins.map((j) => ({ ...j, features: j.features.map((f) => ({ ...f, output: `${j.view.name}__${f.output}` })) }));
}
