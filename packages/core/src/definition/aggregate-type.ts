import { isNumeric, isOrderable, type ValueType } from "../value/type.ts";
import type { AggregateFunction } from "./model.ts";

const float64: ValueType = { kind: "float64" };
const countType: ValueType = { kind: "int64", as: "number" };

/**
 * The type of an aggregate's values.
 *
 * | function | type |
 * |---|---|
 * | count, distinctCount | int64 as number |
 * | sum | int64 for integers (in the argument's JavaScript form; int32 as number), decimal(38, scale) for decimals, else float64 |
 * | avg, variance, stddev | float64 |
 * | min, max, first, last | the argument's |
 * | firstN, lastN | list of the argument's, both in the row order: oldest first |
 *
 * `argument` is null for count of rows only. Whether the function takes such an argument: {@link acceptsArgument}.
 */
export function aggregateResultType(fn: AggregateFunction, argument: ValueType | null): ValueType {
  if (fn.fn === "count" || fn.fn === "distinctCount" || argument === null) return countType;
  switch (fn.fn) {
    case "sum":
      return sumType(argument);
    case "avg":
    case "variance":
    case "stddev":
      return float64;
    case "firstN":
    case "lastN":
      return { kind: "list", of: argument };
    default:
      return argument;
  }
}

/**
 * Whether an aggregate function takes an argument of this type: numbers for sum, avg, variance and stddev; scalars for min, max
 * and distinctCount; anything for first, last, firstN and lastN. Count takes none (null) and ignores one.
 */
export function acceptsArgument(fn: AggregateFunction, argument: ValueType | null): boolean {
  if (fn.fn === "count") return true;
  if (argument === null) return false;
  switch (fn.fn) {
    case "sum":
    case "avg":
    case "variance":
    case "stddev":
      return isNumeric(argument);
    case "first":
    case "last":
    case "firstN":
    case "lastN":
      return true;
    default:
      return isOrderable(argument);
  }
}

/** Whether the function's result depends on the row order, so that ties in event time need created time and order key. */
export function isOrderSensitive(fn: AggregateFunction): boolean {
  return fn.fn === "first" || fn.fn === "last" || fn.fn === "firstN" || fn.fn === "lastN";
}

function sumType(argument: ValueType): ValueType {
  if (argument.kind === "int64") return argument;
  if (argument.kind === "int32") return countType;
  if (argument.kind === "decimal") return { kind: "decimal", precision: 38, scale: argument.scale };
  return float64;
}
