import type { Value, ValueType } from "../value/type.ts";

/**
 * An expression over the columns of one row, as plain data. The same node compiles to SQL (`printExpression`) and to a
 * JavaScript function (`compileExpression`); a property test shows that both give the same value.
 */
export type ExpressionNode = ColumnNode | LiteralNode | CallNode | CaseNode;

export interface ColumnNode {
  readonly node: "column";
  readonly name: string;
  readonly type: ValueType;
}

export interface LiteralNode {
  readonly node: "literal";
  readonly type: ValueType;
  readonly value: Value;
}

/** An operator or function; `type` is the type of the result. */
export interface CallNode {
  readonly node: "call";
  readonly op: Operator;
  readonly args: readonly ExpressionNode[];
  readonly type: ValueType;
}

/** `case when … then … else … end`; a condition that is null counts as false. */
export interface CaseNode {
  readonly node: "case";
  readonly branches: readonly { readonly when: ExpressionNode; readonly then: ExpressionNode }[];
  readonly otherwise: ExpressionNode;
  readonly type: ValueType;
}

/**
 * Null in gives null out, except for `and`, `or` (SQL three-valued logic), `isNull`, `coalesce`, `in`.
 *
 * Arithmetic: both sides have been cast to the result type; integer overflow is an error in both compilations
 * (ASOF_EXPRESSION_FAILED), `div` gives float64 and null for a zero divisor, `mod` takes the dividend's sign and gives null
 * for a zero divisor, float arithmetic is IEEE 754 binary64 (float32 operands are widened).
 * Comparison: NaN equals itself and is greatest, −0 equals 0, text and bytes compare bytewise (UTF-8).
 * `cast` gives null where the value has no counterpart in the target type.
 *
 * Text counts in code points: `length`, and `substring(text, start, length?)` whose first position is 1. `trim` removes spaces
 * (U+0020). `concat` takes any number of arguments. Date parts are those of UTC, int32; `dayOfWeek` is 1 (Monday) to 7 (Sunday),
 * `dayOfYear` begins with 1. `microsBetween(a, b)` is b − a, int64. `in(x, v1, v2, …)` has non-null literals after x and is null
 * where x is. `least` and `greatest` give null if any argument is null.
 */
export type Operator =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "neg"
  | "abs"
  | "floor"
  | "ceil"
  | "least"
  | "greatest"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "and"
  | "or"
  | "not"
  | "isNull"
  | "coalesce"
  | "in"
  | "cast"
  | "lower"
  | "upper"
  | "trim"
  | "length"
  | "concat"
  | "substring"
  | "startsWith"
  | "endsWith"
  | "contains"
  | "replace"
  | "year"
  | "month"
  | "day"
  | "hour"
  | "minute"
  | "second"
  | "dayOfWeek"
  | "dayOfYear"
  | "toDate"
  | "microsBetween";
