import type { FeatureModel, PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import type { ExpressionNode } from "../expression/node.ts";
import { compareText } from "../value/order.ts";

/** Value columns of the source that one feature is made from, in code-point order. Keys and times are not among them. */
export function columnsOfFeature(feature: FeatureModel): readonly string[] {
  const names = new Set<string>();
  if (feature.kind === "column") names.add(feature.name);
  if (feature.kind === "derived") addColumns(feature.expression, names);
  if (feature.kind === "aggregate") {
    if (feature.aggregate.argument !== null) addColumns(feature.aggregate.argument, names);
    if (feature.aggregate.where !== null) addColumns(feature.aggregate.where, names);
  }
  return [...names].sort(compareText);
}

/**
 * Value columns of the source on which a view's values depend. A windowed view depends on all of them: its row order is over
 * all declared columns of the source.
 */
export function columnsOfView(view: PlainViewModel | WindowedViewModel): readonly string[] {
  const names =
    view.form === "windowed"
      ? new Set([...view.source.columns.map((c) => c.name), ...view.features.flatMap(columnsOfFeature)])
      : new Set(view.features.flatMap(columnsOfFeature));
  return [...names].sort(compareText);
}

function addColumns(node: ExpressionNode, names: Set<string>): void {
  switch (node.node) {
    case "column":
      names.add(node.name);
      return;
    case "literal":
      return;
    case "call":
      for (const arg of node.args) addColumns(arg, names);
      return;
    case "case":
      for (const branch of node.branches) {
        addColumns(branch.when, names);
        addColumns(branch.then, names);
      }
      addColumns(node.otherwise, names);
      return;
  }
}
