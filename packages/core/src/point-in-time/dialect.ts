import type { ErrorCode } from "../error/codes.ts";
import type { ExpressionNode } from "../expression/node.ts";
import type { ValueType } from "../value/type.ts";

/** A column as an engine found it. */
export interface EngineColumn {
  readonly name: string;
  /** The engine's name of its type. */
  readonly type: string;
  /**
   * `text`: read from a medium without types (CSV, partition folders), so text stands for every type.
   * `log`: read from the offline log, where key columns have the plain form of their JavaScript values.
   */
  readonly medium: "typed" | "text" | "log";
}

/** Instants, both ends included; null = open. */
export interface InstantRange {
  readonly fromUs: number | null;
  readonly toUs: number | null;
}

/** Puts an aggregate call into its frame or filter: `sum(x)` → `sum(x) OVER w`. */
export type Fold = (call: string) => string;

/**
 * How an engine prints what the compiler says; it decides nothing. Inside the program instants are 64-bit microseconds and
 * every other type is the engine's own ({@link Dialect.storageType}).
 */
export interface Dialect {
  readonly name: string;
  quoteName(name: string): string;
  quoteText(text: string): string;
  /** The type in which values lie in the program's tables; instants are 64-bit integers. */
  storageType(type: ValueType): string;
  printExpression(node: ExpressionNode, column: (name: string) => string): string;
  /**
   * The value of an engine's column in the storage form of a declared type; null where the types do not fit. A value without
   * counterpart (1.5 for int64) fails the query, or gives null with `"null"`.
   */
  convert(column: EngineColumn, sql: string, type: ValueType, misfit: "fail" | "null"): string | null;
  /** Microseconds of a time column, floored; null for absent and infinite times. Null where the column holds no times. */
  instant(column: EngineColumn, sql: string): string | null;
  /** A condition on the raw column that keeps at least every row of the range, in a form that skips blocks of files; or null. */
  instantFilter(column: EngineColumn, sql: string, range: InstantRange): string | null;
  /** A stored value in the form that files and people get: instants as times with zone. */
  present(sql: string, type: ValueType): string;
  createTable(name: string, select: string): string;
  dropTable(name: string): string;
  /** `left` joined to the row of `right` with equal keys and the greatest `rightTime` not after `leftTime`; unmatched rows drop out. */
  asOfJoin(left: string, right: string, equal: readonly string[], leftTime: string, rightTime: string): string;
  /** FROM clause that puts tables with equal numbers of rows side by side, row by row in the order in which they were created. */
  zip(tables: readonly { readonly table: string; readonly alias: string }[]): string;
  /** `a mod b` for integers, never negative. */
  floorMod(a: string, b: string): string;
  /** Keeps the first row of each partition and the rows for which `also` holds; `select` has no clauses after its WHERE. */
  firstPerPartition(select: string, partition: readonly string[], order: readonly string[], also?: string): string;
  /**
   * Deletes from a table, of the rows for which `where` holds, all but the first of each partition. The other rows stay where they are:
   * {@link Dialect.zip} sees them in their order.
   */
  keepFirst(table: string, partition: readonly string[], order: readonly string[], where: string): string;
  /** Sort item; null lowest, whatever the engine's default. */
  orderBy(sql: string, direction: "ascending" | "descending"): string;
  /** An expression that fails the query with an error of asof. */
  fail(code: ErrorCode, detail: string): string;
  /** Hash of a key, the same in every run: splits keys among `count` parts. */
  partitionOf(keys: readonly string[], count: number): string;
  readonly aggregates: AggregateDialect;
  readonly statistics: StatisticsDialect;
}

/** What describing columns needs beside. All skip null arguments. */
export interface StatisticsDialect {
  /** Characters (code points) of text, bytes, elements of a list; an integer. */
  length(sql: string, type: ValueType): string;
  /** An estimate of the number of different values, in little memory; a 64-bit integer. */
  approximateDistinct(sql: string): string;
  /** A list, per fraction the smallest value that at least this part of the values does not exceed; null for none. */
  quantiles(sql: string, fractions: readonly number[]): string;
}

/** Aggregates that engines spell differently. All skip null arguments. */
export interface AggregateDialect {
  /** Exact sum of integers, wider than int64. */
  sumInteger(argument: string, fold: Fold): string;
  sumFloat(argument: string, fold: Fold): string;
  /** Exact sum of decimals of at most 19 digits. */
  sumDecimal(argument: string, fold: Fold): string;
  /** Exact sum of decimals of any size, as text with `scale` digits behind the point: in between and at the end it may be longer than a decimal. */
  sumWideDecimal(argument: string, scale: number, fold: Fold): string;
  /** Smallest or greatest; NaN is greatest. */
  extreme(end: "min" | "max", argument: string, fold: Fold): string;
  /** Variance or its root of finite values; null where the divisor is not positive. */
  spread(fn: "variance" | "stddev", population: boolean, argument: string, fold: Fold): string;
  /** The argument of the row with the lowest or highest ordinal. */
  ordered(end: "first" | "last", argument: string, ordinal: string, fold: Fold): string;
  /** Up to n of them as a list, in the order of the ordinals; an empty list of that type for none. */
  orderedList(end: "first" | "last", n: number, argument: string, ordinal: string, type: ValueType, fold: Fold): string;
  /** Number of different values, NaN once, −0 equal to 0. */
  countDistinct(argument: string, type: ValueType, fold: Fold): string;
}
