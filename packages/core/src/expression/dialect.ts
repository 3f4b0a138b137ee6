import type { Value, ValueType } from "../value/type.ts";

/** Parts of a timestamp or date that engines can take. Hours and below only of timestamps. */
export type TimePart = "year" | "month" | "day" | "hour" | "minute" | "second" | "dayOfWeek" | "dayOfYear";

/**
 * What an engine prints differently. Arguments and results are SQL text; arguments are ready to stand in a function call or
 * between operators, and so must results be (parenthesized where needed). Every value has one SQL form inside expressions:
 *
 * | type | form in DuckDB | in any engine |
 * |---|---|---|
 * | bool | BOOLEAN | |
 * | int32, int64 | INTEGER, BIGINT | checked arithmetic |
 * | float32, float64 | FLOAT, DOUBLE | NaN equals itself and is greatest, −0 equals 0 |
 * | string | VARCHAR | compared bytewise as UTF-8 |
 * | bytes | BLOB | |
 * | timestamp | BIGINT | microseconds since the epoch, UTC: never the engine's timestamp |
 * | date | DATE | |
 * | decimal(p, s) | DECIMAL(p, s) | |
 * | uuid | UUID | |
 * | list | T[] | |
 *
 * Sessions run in UTC. Results have exactly the SQL type of the node's type.
 */
export interface ExpressionDialect {
  readonly name: string;
  /** The SQL type of a value type, as in the table. */
  typeName(type: ValueType): string;
  /** A value that is not null, in exactly its type. Int64 comes as number or bigint. */
  literal(type: ValueType, value: Exclude<Value, null>): string;
  /**
   * Integer addition, subtraction or multiplication in the operands' type; overflow is an error for each row that it happens in,
   * also where an optimizer could tell the outcome of a comparison without calculating.
   */
  checkedArithmetic(op: "add" | "sub" | "mul", left: string, right: string): string;
  /**
   * Null where the engine cannot convert. Used where a conversion may have no result; others are standard CASTs. An optimizer must not see
   * through it: `TRY_CAST(x AS INTEGER) < 5` is null, not `x < 5`, where x is beyond INTEGER.
   */
  tryCast(sql: string, to: ValueType): string;
  /** Toward zero; a float or decimal. */
  truncate(sql: string): string;
  /** The text if all of it matches the regular expression, else a text that no cast accepts (or null). */
  onlyMatching(sql: string, pattern: string): string;
  /** A decimal as text: a digit before the point, `scale` after it. */
  decimalToText(sql: string, type: ValueType & { readonly kind: "decimal" }): string;
  /** The bytes of a text in UTF-8. */
  textToBytes(sql: string): string;
  /** Replaces each character of `from` by the one at the same place in `to`. */
  translate(sql: string, from: string, to: string): string;
  /** Removes U+0020 at both ends. */
  trimSpaces(sql: string): string;
  /** How many code points; int32. */
  countCodePoints(sql: string): string;
  /** Code points from `start` ≥ 1, at most `count` ≥ 0 of them; null = to the end. Both are int64 up to 2³¹−1. */
  substring(sql: string, start: string, count: string | null): string;
  startsWith(sql: string, part: string): string;
  endsWith(sql: string, part: string): string;
  contains(sql: string, part: string): string;
  /** Replaces every occurrence from the left; an empty search text occurs nowhere. */
  replace(sql: string, search: string, by: string): string;
  /** Int32, in UTC; `dayOfWeek` is 1 (Monday) to 7. */
  timePart(part: TimePart, sql: string, of: "timestamp" | "date"): string;
  /** The UTC date of int64 microseconds. */
  timestampToDate(sql: string): string;
  /** The microseconds at which a date begins; only for the years 1684 to 2255. */
  dateToTimestamp(sql: string): string;
}
