import type { FeatureModel } from "../definition/model.ts";

/** Whether `bounds` adds hidden columns for a feature: its value is a float that depends on the order of additions. */
export function isBounded(feature: FeatureModel): boolean {
  if (feature.kind !== "aggregate" || feature.type.kind !== "float64") return false;
  return ["sum", "avg", "variance", "stddev"].includes(feature.aggregate.function.fn);
}
