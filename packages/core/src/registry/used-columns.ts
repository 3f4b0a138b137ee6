import type { FeatureModel } from "../definition/model.ts";
import { columnsOf } from "../expression/columns.ts";
import { compareText } from "../value/order.ts";

/** Value columns of the source that one feature is made from, in code-point order. Keys and times are not among them. */
export function columnsOfFeature(feature: FeatureModel): readonly string[] {
  if (feature.kind === "column") return [feature.name];
  if (feature.kind === "computed") return [];
  const nodes = feature.kind === "derived" ? [feature.expression] : [feature.aggregate.argument, feature.aggregate.where];
  const names = new Set(nodes.flatMap((node) => (node === null ? [] : [...columnsOf(node)])));
  return [...names].sort(compareText);
}
