import { equalAggregate, type FeatureModel, type JoinPlan, type Value } from "@asof/core";
import type { Answer } from "../oracle/data.ts";

/** A value that is not what it should be. */
export interface Mismatch {
  readonly row: number;
  readonly view: string;
  readonly output: string;
  readonly expected: Value;
  /** `undefined`: the row is missing, or there is one too many. */
  readonly actual: Value | undefined;
}

export interface Comparison {
  /** Values compared. */
  readonly values: number;
  /** Of those that are equal: how many in every bit. The others are float sums, averages, variances and deviations within their bound. */
  readonly bitIdentical: number;
  readonly mismatches: readonly Mismatch[];
}

/** Compares the rows of a result, outputs in the plan's order, with what the oracle expects; by the one equality of design section 2. */
export function compareResults(
  plan: JoinPlan,
  expected: readonly (readonly Answer[])[],
  actual: readonly (readonly Value[])[],
): Comparison {
  const outputs = plan.views.flatMap((join) => join.features.map((f) => ({ view: join.view.name, ...f })));
  const mismatches: Mismatch[] = [];
  let bitIdentical = 0;
  for (let row = 0; row < Math.max(expected.length, actual.length); row++) {
    for (const [i, { view, feature, output }] of outputs.entries()) {
      const answer = expected[row]?.[i];
      const value = actual[row]?.[i];
      const verdict = answer === undefined || value === undefined ? "different" : compareAnswer(feature, answer, value);
      if (verdict === "identical") bitIdentical++;
      if (verdict !== "different") continue;
      mismatches.push({ row, view, output, expected: answer?.value ?? null, actual: answer === undefined ? undefined : value });
    }
  }
  return { values: expected.length * outputs.length, bitIdentical, mismatches };
}

/** By core's one equality: exact, except for float sum, avg, variance and stddev. */
export function compareAnswer(feature: FeatureModel, expected: Answer, actual: Value): "identical" | "equal" | "different" {
  const aggregate = feature.kind === "aggregate" ? feature.aggregate.function : { fn: feature.kind };
  return equalAggregate(aggregate, feature.type, expected.value, actual, { n: expected.count, absSum: expected.magnitude });
}

/** `mismatches 0 of N, bit-identical M`. */
export function printComparison(
  comparison: Pick<Comparison, "values" | "bitIdentical"> & { readonly mismatches: { readonly length: number } },
): string {
  const { values, bitIdentical, mismatches } = comparison;
  return `mismatches ${mismatches.length} of ${values}, bit-identical ${bitIdentical}`;
}
