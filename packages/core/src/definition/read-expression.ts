import { expressionPayload } from "./expr.ts";
import type { SourceModel } from "./model.ts";
import type { ExpressionPayload, Fault } from "./payload.ts";
import type { IssueList } from "./read.ts";
import { describe } from "./read-columns.ts";

/** What a view's features are read against. */
export interface FeatureContext {
  readonly source: SourceModel;
  readonly row: object;
  readonly hopUs: number | null;
  readonly list: IssueList;
}

/** Runs `(row) => expression` against the view's source, or takes an expression as it is. */
export function readExpression(value: unknown, context: FeatureContext): ExpressionPayload {
  if (typeof value !== "function") return expressionPayload(value) ?? noExpression(value);
  try {
    const result: unknown = value(context.row);
    return expressionPayload(result) ?? noExpression(result);
  } catch (error) {
    // A method that the column's kind does not have: possible from JavaScript only.
    return poison(`The function that builds the expression threw: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function noExpression(value: unknown): ExpressionPayload {
  return poison(`This is ${describe(value)}, not an expression.`);
}

function poison(message: string): ExpressionPayload {
  const fault: Fault = {
    code: "ASOF_DEFINITION_INVALID",
    message,
    fix: "Build it from the row's columns: (row) => row.spend.div(row.items).",
  };
  return { of: "expression", node: { node: "literal", type: { kind: "bool" }, value: null }, poisoned: true, faults: [fault] };
}
