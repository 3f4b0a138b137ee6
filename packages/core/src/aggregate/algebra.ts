import type { AggregateFunction } from "../definition/model.ts";
import type { ByteWriter } from "../value/bytes.ts";
import type { Value, ValueType } from "../value/type.ts";
import { averageOf } from "./average.ts";
import type { Cursor } from "./compact-bytes.ts";
import { count } from "./count.ts";
import { distinctCountOf } from "./distinct-count.ts";
import { extremeOf } from "./extreme.ts";
import { momentsOf } from "./moments.ts";
import { firstOrLastOf, firstOrLastSeveralOf } from "./ordered.ts";
import type { RowOrder } from "./row-order.ts";
import { sumOf } from "./sum.ts";

/**
 * An aggregate function as an algebra over partial states. For any way to cut a multiset of events into parts, in any order, folding
 * the parts with `update` and joining them with `merge` finalizes to the same value; of floats, sum, avg, variance and stddev do so
 * up to rounding. Partial states are what is stored, never finished values, and nothing is ever subtracted from one.
 *
 * States are owned by whoever asked for them: `update` and `merge` may change and return their first argument. They never change
 * or keep a reference to a changeable part of the second.
 */
export interface Aggregate<S> {
  /** The state of no events. */
  init(): S;
  /** Adds one event that passed `where`. `value` is the argument, never null: nulls are skipped by the caller (count gets null). */
  update(state: S, value: Value, order: RowOrder): S;
  merge(state: S, other: S): S;
  /** The value. May throw ASOF_SUM_OVERFLOW, ASOF_DISTINCT_BOUND or ASOF_VALUE_INVALID. Does not change the state. */
  finalize(state: S): Value;
  /** Appends the state's bytes; they say themselves where they end. */
  write(writer: ByteWriter, state: S): void;
  read(buffer: Buffer, cursor: Cursor): S;
}

/** The algebra of a function over arguments of a type; `argument` is null only for count of rows. */
export function aggregateOf(fn: AggregateFunction, argument: ValueType | null): Aggregate<unknown> {
  if (fn.fn === "count" || argument === null) return count;
  switch (fn.fn) {
    case "sum":
      return sumOf(argument);
    case "avg":
      return averageOf(argument);
    case "min":
    case "max":
      return extremeOf(fn.fn, argument);
    case "variance":
    case "stddev":
      return momentsOf(fn.fn, fn.population);
    case "first":
    case "last":
      return firstOrLastOf(fn.fn, argument);
    case "firstN":
    case "lastN":
      return firstOrLastSeveralOf(fn.fn, fn.n, argument);
    case "distinctCount":
      return distinctCountOf(argument, fn.bound);
  }
}

/**
 * Names the form of a function's state: functions of one name can share it, as variance and stddev do. Part of what identifies a
 * stored state, so a name never gets another meaning.
 */
export function stateName(fn: AggregateFunction): string {
  switch (fn.fn) {
    case "variance":
    case "stddev":
      return "moments";
    case "firstN":
    case "lastN":
      return `${fn.fn}(${fn.n})`;
    case "distinctCount":
      return `distinctCount(${fn.bound})`;
    default:
      return fn.fn;
  }
}
