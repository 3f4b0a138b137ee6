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
 * Both compilations mean the same; where engines differ, this is what is meant.
 *
 * - Null in gives null out, except for `and`, `or` (SQL three-valued logic), `isNull`, `coalesce`, `in`. So `least` and
 *   `greatest` give null if any argument is null.
 * - Arithmetic: both sides have been cast to the result type, which is int32, int64 or float64. Integer overflow is an error in both
 *   compilations (ASOF_EXPRESSION_FAILED), also of intermediate results; an int64 inside an expression is exact whatever its JavaScript
 *   form. `div` gives float64 and null for a zero divisor, `mod` takes the dividend's sign and gives null for a zero divisor,
 *   float arithmetic is IEEE 754 binary64 (float32 operands are widened). `floor` and `ceil` of an integer are the integer.
 * - Evaluation: `case`, `coalesce`, `and` and `or` go from left to right and do not evaluate what can no longer matter, so that a
 *   `case` guards against overflow. All other operators evaluate every argument. What needs no row is calculated beforehand
 *   (`simplifyExpression`): there, a null literal makes an operator null, a false (true) literal
 *   decides `and` (`or`) wherever it stands, and a constant that overflows makes the whole expression fail to compile.
 * - Comparison: NaN equals itself and is greatest, −0 equals 0, text and bytes compare bytewise (UTF-8). `in(x, v1, v2, …)` has
 *   non-null literals after x and is null where x is.
 * - Text counts in code points: `length`, and `substring(text, start, length?)` whose first position is 1; a start before it counts
 *   as 1, a negative length as 0. `lower` and `upper` change the letters A–Z only, `trim` removes spaces (U+0020). `concat` takes
 *   any number of arguments. `replace` replaces from the left; an empty search text occurs nowhere, while every text starts with,
 *   ends with and contains the empty one.
 * - Date parts are those of UTC, int32; seconds are whole, floored; `dayOfWeek` is 1 (Monday) to 7 (Sunday), `dayOfYear` begins with 1.
 *   `microsBetween(a, b)` is b − a, int64.
 * - `cast` gives null where the value has no counterpart in the target type; `canCast` says which casts there are. Float and decimal to
 *   integer truncate toward zero. To a smaller scale, decimals are rounded half away from zero. Integers and decimals to float
 *   take the nearest; to float32 by way of float64. Text must be in plain form, without spaces: integers and decimals as
 *   digits with an optional sign, floats also with an exponent (never NaN or infinity; too large is null), `true` and `false`,
 *   `YYYY-MM-DD` of the years 0001 to 9999, 36 characters of a UUID. Text to bytes is UTF-8. A timestamp is its microseconds as int64.
 *   There is no cast between timestamp and text, nor from float to text or decimal, since engines do not agree on them.
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
