import { AsofError } from "../error/error.ts";
import type { Value, ValueType } from "../value/type.ts";
import { type ColumnLayout, compileNode, type Evaluator } from "./compile-node.ts";
import type { ExpressionNode } from "./node.ts";
import { assertTyped } from "./signature.ts";
import { simplifyExpression } from "./simplify.ts";

/**
 * Compiles an expression into a function of a row; `layout` says at which index of the row each column lies. The result has the
 * form of the expression's type. Integer overflow is ASOF_EXPRESSION_FAILED. The row's values are in the form of their
 * types; the function keeps none of them.
 */
export function compileExpression(node: ExpressionNode, layout: ColumnLayout): (row: readonly Value[]) => Value {
  assertTyped(node);
  const evaluate = compileNode(simplifyExpression(node), layout);
  return node.node === "column" ? evaluate : withForm(node.type, evaluate);
}

/** Compiles a condition: true for the rows that pass, where it is neither false nor null. */
export function compileFilter(node: ExpressionNode, layout: ColumnLayout): (row: readonly Value[]) => boolean {
  assertTyped(node);
  const evaluate = compileNode(simplifyExpression(node), layout);
  return (row) => evaluate(row) === true;
}

/** Only int64 has two forms. */
function withForm(type: ValueType, evaluate: Evaluator): Evaluator {
  if (type.kind !== "int64") return evaluate;
  if (type.as === "bigint") {
    return (row) => {
      const value = evaluate(row);
      return typeof value === "number" ? BigInt(value) : value;
    };
  }
  return (row) => {
    const value = evaluate(row);
    return typeof value === "bigint" ? toNumber(value) : value;
  };
}

function toNumber(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new AsofError("ASOF_EXPRESSION_FAILED", `The result ${value} is beyond ±(2^53 - 1) and cannot be a number.`, {
    value,
    fix: 'Declare the columns int64() without { as: "number" }.',
  });
}
