import type {
  AggregateFunction,
  ColumnModel,
  EntityModel,
  FeatureModel,
  History,
  PlainViewModel,
  Random,
  SourceModel,
  ViewJoin,
  WindowedViewModel,
} from "@asof/core";
import { aggregateResultType } from "@asof/core";
import { chance, choose, int, sample } from "../random/seeded-random.ts";
import { randomAggregate, randomWindows } from "./aggregates.ts";
import { columnNode, randomDerived } from "./expressions.ts";
import { randomNames } from "./names.ts";

const day = 86_400_000_000;
const ttls = [1, 1_000_000, 3_600_000_000, day, 30 * day];

/** A view over a source: of columns and derived features, or of windowed aggregates. */
export function randomView(
  random: Random,
  name: string,
  source: SourceModel,
  entities: readonly EntityModel[],
): PlainViewModel | WindowedViewModel {
  const base = { kind: "view" as const, name, entities, source, meta: {} };
  if (source.eventTime !== null && chance(random, 0.5)) {
    const windows = randomWindows(random);
    const features = randomNames(random, int(random, 2, 9)).map((feature) => randomAggregate(random, feature, source.columns, windows));
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

/** A plain view of all columns, unbounded: nothing but the row order decides. */
export function tieView(name: string, source: SourceModel, entities: readonly EntityModel[]): PlainViewModel {
  const features = source.columns.map((c): FeatureModel => ({ ...c, kind: "column" }));
  return { kind: "view", form: "plain", name, entities, source, ttlUs: null, features, meta: {} };
}

/** A view of the extremes and distinct values of each column. */
export function extremesView(random: Random, name: string, source: SourceModel, entities: readonly EntityModel[]): WindowedViewModel {
  const [[windowUs, hopUs] = [null, null]] = randomWindows(random);
  const functions: readonly AggregateFunction[] = [{ fn: "min" }, { fn: "max" }, { fn: "distinctCount", bound: 100 }];
  const featuresOf = (column: ColumnModel): FeatureModel[] =>
    functions.map((fn) => {
      const aggregate = { function: fn, argument: columnNode(column), windowUs, hopUs, where: null };
      const type = aggregateResultType(fn, column.type);
      return { name: `${fn.fn} of ${column.name}`, type, nullable: true, meta: {}, kind: "aggregate", aggregate };
    });
  const features = source.columns.flatMap(featuresOf);
  return { kind: "view", form: "windowed", name, entities, source, separableUs: 120_000_000, features, meta: {} };
}

/** A use of a view: some of its features, perhaps under other key columns, perhaps with an age limit of its own. */
export function randomJoin(random: Random, view: ViewJoin["view"], history: History, renames: ReadonlyMap<string, string>): ViewJoin {
  const chosen = new Set(sample(random, view.features, int(random, Math.ceil(view.features.length / 2), view.features.length)));
  const ttlUs = view.form === "plain" ? view.ttlUs : null;
  return {
    view,
    history,
    keys: view.entities.flatMap((e) => e.keys.map((k) => ({ key: k.name, spineColumn: renames.get(k.name) ?? k.name, type: k.type }))),
    ttlUs: ttlUs !== null && chance(random, 0.2) ? Math.max(1, Math.floor(ttlUs / 2)) : ttlUs,
    features: view.features.filter((f) => chosen.has(f)).map((feature) => ({ feature, output: feature.name })),
  };
}
