import { compileExpression, type ExpressionNode, type Value } from "@asof/core";

type Compiled = { readonly columns: readonly string[]; readonly run: (row: readonly Value[]) => Value };

const compiled = new WeakMap<ExpressionNode, Compiled>();

/** The value of an expression for one source row, by core's own JavaScript compilation (which a property test compares with SQL). */
export function evaluate(node: ExpressionNode, row: Readonly<Record<string, Value>>): Value {
  if (node.node === "column") return row[node.name] ?? null;
  let expression = compiled.get(node);
  if (expression === undefined) {
    const columns = [...columnNames(node)];
    expression = { columns, run: compileExpression(node, new Map(columns.map((name, i) => [name, i]))) };
    compiled.set(node, expression);
  }
  return expression.run(expression.columns.map((name) => row[name] ?? null));
}

function columnNames(node: ExpressionNode): Set<string> {
  if (node.node === "column") return new Set([node.name]);
  if (node.node === "literal") return new Set();
  const children = node.node === "call" ? node.args : [...node.branches.flatMap((b) => [b.when, b.then]), node.otherwise];
  return new Set(children.flatMap((child) => [...columnNames(child)]));
}
