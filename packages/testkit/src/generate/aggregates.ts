import {
  type AggregateFunction,
  type AggregateModel,
  acceptsArgument,
  aggregateResultType,
  type ColumnModel,
  type FeatureModel,
  type Random,
  type ValueType,
} from "@asof/core";
import { chance, choose, chooseWeighted, int } from "../random/seeded-random.ts";
import { columnNode, randomDerived, randomFilter } from "./expressions.ts";

const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Window and hop: those of the hop rule at its limits, and hops that a view chose. */
const windows: readonly (readonly [windowUs: number, hopUs: number])[] = [
  [2 * minute, 10 * second],
  [59 * minute, 10 * second],
  [hour, 5 * minute],
  [12 * hour, hour],
  [7 * day, hour],
  [12 * day, day],
  [90 * day, day],
  [second, second],
  [3 * second, second],
  [hour, hour],
  [2 * day, day],
  [10 * minute, 5 * minute],
];

/** Hops of a view's own that divide no other: such a view has one hop for all its windows. */
const oddWindows: readonly (readonly [windowUs: number, hopUs: number])[] = [
  [21 * second, 7 * second],
  [45 * minute, 9 * minute],
];

/** The windows that one view uses: few, so that several features share one. */
export function randomWindows(random: Random): readonly (readonly [windowUs: number | null, hopUs: number | null])[] {
  if (chance(random, 0.15)) return [choose(random, oddWindows), [null, null]];
  const first = choose(random, windows);
  return chance(random, 0.5) ? [first] : [first, choose(random, windows), [null, null]];
}

/** An aggregate over a source's columns. */
export function randomAggregate(
  random: Random,
  name: string,
  columns: readonly ColumnModel[],
  choices: ReturnType<typeof randomWindows>,
): FeatureModel {
  const [windowUs, hopUs] = choose(random, choices);
  const where = chance(random, 0.35) ? randomFilter(random, columns) : null;
  const expression = chance(random, 0.2) ? randomDerived(random, columns) : columnNode(choose(random, columns));
  const fn = chooseWeighted(
    random,
    functions(random, expression.type).filter(([, f]) => acceptsArgument(f, expression.type)),
  );
  const argument = fn.fn === "count" ? null : expression;
  const aggregate: AggregateModel = { function: fn, argument, windowUs, hopUs, where };
  return { name, type: aggregateResultType(fn, argument?.type ?? null), nullable: true, meta: {}, kind: "aggregate", aggregate };
}

/** Which functions, how often: those more for which the type's special values matter. */
function functions(random: Random, type: ValueType): readonly (readonly [weight: number, fn: AggregateFunction])[] {
  const n = int(random, 1, 3);
  const population = chance(random, 0.5);
  const isSpecial = type.kind === "float64" || type.kind === "float32" || type.kind === "string";
  return [
    [3, { fn: "count" }],
    [3, { fn: "sum" }],
    [5, { fn: "avg" }],
    [isSpecial ? 5 : 2, { fn: "min" }],
    [isSpecial ? 5 : 2, { fn: "max" }],
    [3, { fn: "variance", population }],
    [3, { fn: "stddev", population }],
    [2, { fn: "first" }],
    [3, { fn: "last" }],
    [2, { fn: "firstN", n }],
    [2, { fn: "lastN", n }],
    [isSpecial ? 8 : 2, { fn: "distinctCount", bound: 1_000 }],
  ];
}
