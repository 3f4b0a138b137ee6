import type { Duration } from "./duration.ts";
import type { AnyExpr, Condition, NumberClass, RowOf } from "./expr-types.ts";
import { makeHandle } from "./payload.ts";
import type { AnyValueType, MetaOptions, ValueClass } from "./value-types.ts";

/** A windowed or lifetime aggregate of a source whose columns are `C`; a feature of a windowed view. */
export interface Aggregate<out Js, in C = never> {
  readonly kind: "aggregate";
  readonly "~js": Js;
  readonly "~for"?: (columns: C) => void;
}

export interface AggregateOptions<C> extends MetaOptions {
  /** How far back events count: `"1h"`, `"30d"`. Left out = lifetime. */
  readonly window?: Duration;
  /** Only rows for which this is true count. */
  readonly where?: ((row: RowOf<C>) => Condition<null>) | Condition<null>;
}

export interface DispersionOptions<C> extends AggregateOptions<C> {
  /** Divide by n instead of n − 1. Default false. */
  readonly population?: boolean;
}

export interface DistinctOptions<C> extends AggregateOptions<C> {
  /** Most distinct values of one window; more is an error, never an estimate. Default 10,000. */
  readonly bound?: number;
}

/** An expression that can be summed: a column such as `baskets.row.spend`, or arithmetic on columns. */
export interface NumericExpr extends AnyExpr {
  readonly "~class": NumberClass | "decimal";
}

/** An expression of any scalar type. */
export interface OrderedExpr extends AnyExpr {
  readonly "~class": Exclude<ValueClass, "nested">;
}

/** The JavaScript form of an argument: that of the column it names, or of the expression. */
export type JsOfArgument<A, C> = A extends keyof C
  ? C[A] extends { readonly "~js": infer Js }
    ? Js
    : never
  : A extends { readonly "~js": infer Js }
    ? Js
    : never;

/** Number of rows. 0 for the empty window. */
export function count<C>(options?: AggregateOptions<C>): Aggregate<number | null, C>;
export function count(options?: unknown): AnyAggregate {
  return make("count", undefined, options);
}

/** Sum of a numeric column, nulls skipped; int64 sums are exact and overflow is an error. Null for the empty window. */
export function sum<
  C,
  const A extends { [P in keyof C]: C[P] extends { readonly "~class": NumberClass | "decimal" } ? P : never }[keyof C] | NumericExpr,
>(column: A, options?: AggregateOptions<C>): Aggregate<JsOfArgument<A, C> | null, C>;
export function sum(column: unknown, options?: unknown): AnyAggregate {
  return make("sum", column, options);
}

/** Mean of a numeric column: sum/count in float64. Null for the empty window. */
export function avg<
  C,
  const A extends { [P in keyof C]: C[P] extends { readonly "~class": NumberClass | "decimal" } ? P : never }[keyof C] | NumericExpr,
>(column: A, options?: AggregateOptions<C>): Aggregate<number | null, C>;
export function avg(column: unknown, options?: unknown): AnyAggregate {
  return make("avg", column, options);
}

/** Smallest value, nulls skipped; NaN is greatest. Null for the empty window. */
export function min<
  C,
  const A extends { [P in keyof C]: C[P] extends { readonly "~class": Exclude<ValueClass, "nested"> } ? P : never }[keyof C] | OrderedExpr,
>(column: A, options?: AggregateOptions<C>): Aggregate<JsOfArgument<A, C> | null, C>;
export function min(column: unknown, options?: unknown): AnyAggregate {
  return make("min", column, options);
}

/** Greatest value, nulls skipped; NaN is greatest. Null for the empty window. */
export function max<
  C,
  const A extends { [P in keyof C]: C[P] extends { readonly "~class": Exclude<ValueClass, "nested"> } ? P : never }[keyof C] | OrderedExpr,
>(column: A, options?: AggregateOptions<C>): Aggregate<JsOfArgument<A, C> | null, C>;
export function max(column: unknown, options?: unknown): AnyAggregate {
  return make("max", column, options);
}

/** Variance in float64: of the sample, or with `population: true` of the population. Null below 2 (population: 1) values. */
export function variance<
  C,
  const A extends { [P in keyof C]: C[P] extends { readonly "~class": NumberClass | "decimal" } ? P : never }[keyof C] | NumericExpr,
>(column: A, options?: DispersionOptions<C>): Aggregate<number | null, C>;
export function variance(column: unknown, options?: unknown): AnyAggregate {
  return make("variance", column, options);
}

/** Square root of {@link variance}. */
export function stddev<
  C,
  const A extends { [P in keyof C]: C[P] extends { readonly "~class": NumberClass | "decimal" } ? P : never }[keyof C] | NumericExpr,
>(column: A, options?: DispersionOptions<C>): Aggregate<number | null, C>;
export function stddev(column: unknown, options?: unknown): AnyAggregate {
  return make("stddev", column, options);
}

/** The first value in the row order, nulls skipped. */
export function first<C, const A extends keyof C | AnyExpr>(
  column: A,
  options?: AggregateOptions<C>,
): Aggregate<JsOfArgument<A, C> | null, C>;
export function first(column: unknown, options?: unknown): AnyAggregate {
  return make("first", column, options);
}

/** The last value in the row order, nulls skipped. */
export function last<C, const A extends keyof C | AnyExpr>(
  column: A,
  options?: AggregateOptions<C>,
): Aggregate<JsOfArgument<A, C> | null, C>;
export function last(column: unknown, options?: unknown): AnyAggregate {
  return make("last", column, options);
}

/** The first `n` values (1 to 1,000) in the row order, oldest first, nulls skipped. `[]` for the empty window. */
export function firstN<C, const A extends keyof C | AnyExpr>(
  column: A,
  n: number,
  options?: AggregateOptions<C>,
): Aggregate<readonly NonNullable<JsOfArgument<A, C>>[] | null, C>;
export function firstN(column: unknown, n: unknown, options?: unknown): AnyAggregate {
  return make("firstN", column, options, n);
}

/** The last `n` values (1 to 1,000) in the row order, oldest first, nulls skipped. `[]` for the empty window. */
export function lastN<C, const A extends keyof C | AnyExpr>(
  column: A,
  n: number,
  options?: AggregateOptions<C>,
): Aggregate<readonly NonNullable<JsOfArgument<A, C>>[] | null, C>;
export function lastN(column: unknown, n: unknown, options?: unknown): AnyAggregate {
  return make("lastN", column, options, n);
}

/** Number of distinct values, exact up to `bound`, nulls skipped. 0 for the empty window. */
export function distinctCount<
  C,
  const A extends { [P in keyof C]: C[P] extends { readonly "~class": Exclude<ValueClass, "nested"> } ? P : never }[keyof C] | OrderedExpr,
>(column: A, options?: DistinctOptions<C>): Aggregate<number | null, C>;
export function distinctCount(column: unknown, options?: unknown): AnyAggregate {
  return make("distinctCount", column, options);
}

/** A feature computed from each row by an expression; a feature of a plain view. */
export interface Derived<out Js, in C = never> {
  readonly kind: "derived";
  readonly "~js": Js;
  readonly "~for"?: (columns: C) => void;
}

/** Computes a feature from the columns of one row: `derive((b) => b.spend.div(b.items))`. */
export function derive<C, E extends AnyExpr>(compute: ((row: RowOf<C>) => E) | E, options?: MetaOptions): Derived<E["~js"], C>;
export function derive(compute: unknown, options?: unknown): Derived<unknown, never> {
  return makeHandle({ kind: "derived" }, { of: "derived", compute, options });
}

/** What may stand as a feature of a view over a source with columns `C`. */
export type Feature<C> = AnyValueType | Aggregate<unknown, C> | Derived<unknown, C>;

type AnyAggregate = Aggregate<unknown, never>;

function make(fn: string, column: unknown, options: unknown, n?: unknown): AnyAggregate {
  return makeHandle({ kind: "aggregate" }, { of: "aggregate", fn, column, options, n });
}
