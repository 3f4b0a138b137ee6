import type { ExpressionNode } from "./node.ts";

/** Names of the columns that an expression reads. */
export function columnsOf(node: ExpressionNode): ReadonlySet<string> {
  const names = new Set<string>();
  collect(node, names);
  return names;
}

function collect(node: ExpressionNode, names: Set<string>): void {
  if (node.node === "column") names.add(node.name);
  for (const child of childrenOf(node)) collect(child, names);
}

/** The direct parts of a node, in the order in which they are evaluated. */
export function childrenOf(node: ExpressionNode): readonly ExpressionNode[] {
  switch (node.node) {
    case "column":
    case "literal":
      return [];
    case "call":
      return node.args;
    case "case":
      return [...node.branches.flatMap((branch) => [branch.when, branch.then]), node.otherwise];
  }
}
