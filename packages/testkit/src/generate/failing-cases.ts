import type { AggregateModel, FeatureModel, Value } from "@asof/core";
import type { SourceRow } from "../oracle/data.ts";
import { seededRandom } from "../random/seeded-random.ts";
import type { Case } from "./case.ts";
import { hasAnswer } from "./default-run.ts";
import { randomCase } from "./rows.ts";
import { randomShape } from "./shape.ts";

/** Cases to which the rules give an error instead of values: sums beyond int64, more distinct values than declared. */
export function failingCases(countOfEach = 6): readonly Case[] {
  return [...take(overflows(), countOfEach), ...take(exceededBounds(), countOfEach)];
}

/** Each integer that is summed is the greatest or least of int64. */
function* overflows(): Generator<Case> {
  for (let seed = 0; ; seed++) {
    const one = generate(`overflow/${seed}`);
    const columns = aggregatesOf(one).flatMap(({ function: f, argument }) =>
      f.fn === "sum" && argument?.node === "column" && argument.type.kind === "int64" && argument.type.as === "bigint"
        ? [argument.name]
        : [],
    );
    const extreme = seed % 2 === 0 ? 2n ** 63n - 1n : -(2n ** 63n);
    const replace = (row: SourceRow): SourceRow => ({
      ...row,
      values: Object.fromEntries(
        Object.entries(row.values).map(([name, v]): [string, Value] => [
          name,
          columns.includes(name) && typeof v === "bigint" ? extreme : v,
        ]),
      ),
    });
    const tables = Object.fromEntries(
      Object.entries(one.tables).map(([name, t]) => [name, { batch: t.batch.map(replace), log: t.log.map(replace) }]),
    );
    if (columns.length > 0) yield { ...one, tables };
  }
}

/** Each distinct count is bounded by one. */
function* exceededBounds(): Generator<Case> {
  const bounded = (feature: FeatureModel): FeatureModel =>
    feature.kind === "aggregate" && feature.aggregate.function.fn === "distinctCount"
      ? { ...feature, aggregate: { ...feature.aggregate, function: { fn: "distinctCount", bound: 1 } } }
      : feature;
  for (let seed = 0; ; seed++) {
    const one = generate(`bound/${seed}`);
    if (!aggregatesOf(one).some((a) => a.function.fn === "distinctCount")) continue;
    const views = one.plan.views.map((join) => ({
      ...join,
      view: { ...join.view, features: join.view.features.map(bounded) },
      features: join.features.map((f) => ({ ...f, feature: bounded(f.feature) })),
    }));
    yield { ...one, plan: { ...one.plan, views } };
  }
}

function generate(seed: string): Case {
  const random = seededRandom(seed);
  return randomCase(random, randomShape(random));
}

function aggregatesOf(one: Case): readonly AggregateModel[] {
  return one.plan.views.flatMap((join) =>
    join.features.flatMap(({ feature }) => (feature.kind === "aggregate" ? [feature.aggregate] : [])),
  );
}

function take(cases: Iterable<Case>, count: number): Case[] {
  const taken: Case[] = [];
  for (const one of cases) {
    if (!hasAnswer(one)) taken.push(one);
    if (taken.length === count) break;
  }
  return taken;
}
