import type { AggregateModel } from "../definition/model.ts";
import { assert } from "../error/error.ts";
import { isNumeric, printType, type ValueType } from "../value/type.ts";
import type { Dialect, Fold } from "./dialect.ts";

/** An aggregate bound to the columns of the events. */
export interface AggregateCall {
  /** Names the feature in errors: `view:feature`. */
  readonly path: string;
  readonly aggregate: AggregateModel;
  /** Type of the feature. */
  readonly type: ValueType;
  /** The events' column that is present where the event counts: the argument, or anything for count. */
  readonly argument: string;
  readonly argumentType: ValueType;
  /** The events' place in the row order. */
  readonly ordinal: string;
  readonly fold: Fold;
}

/** The value of an aggregate over the events of its fold, in the storage form of its type. */
export function printAggregate(call: AggregateCall, dialect: Dialect): string {
  const { aggregate, argument, argumentType, ordinal, fold, path } = call;
  const fn = aggregate.function;
  const { aggregates } = dialect;
  switch (fn.fn) {
    case "count":
      return fold(`count(${argument})`);
    case "sum":
      return printSum(call, dialect);
    case "avg":
      return `CAST(${printTotal(call, dialect)} AS ${dialect.storageType(call.type)}) / CAST(${fold(`count(${argument})`)} AS ${dialect.storageType(call.type)})`;
    case "min":
    case "max":
      return aggregates.extreme(fn.fn, argument, fold);
    case "variance":
    case "stddev":
      return printSpread(call, fn.fn, fn.population, dialect);
    case "first":
    case "last":
      return aggregates.ordered(fn.fn, argument, ordinal, fold);
    case "firstN":
    case "lastN":
      return aggregates.orderedList(fn.fn === "firstN" ? "first" : "last", fn.n, argument, ordinal, argumentType, fold);
    case "distinctCount": {
      const count = aggregates.countDistinct(argument, argumentType, fold);
      return `CASE WHEN ${count} > ${fn.bound} THEN ${dialect.fail("ASOF_DISTINCT_BOUND", path)} ELSE ${count} END`;
    }
  }
}

/** The hidden columns of `bounds`: how many values, and the sum of their magnitudes (of their squares for variance and stddev). */
export function printBounds(call: AggregateCall, dialect: Dialect): { readonly count: string; readonly magnitude: string } {
  const { aggregate, argument, fold } = call;
  const float64 = dialect.storageType({ kind: "float64" });
  const x = `CAST(${argument} AS ${float64})`;
  const isSquared = aggregate.function.fn === "variance" || aggregate.function.fn === "stddev";
  return {
    count: `CAST(${fold(`count(${argument})`)} AS ${float64})`,
    magnitude: `coalesce(${dialect.aggregates.sumFloat(isSquared ? `${x} * ${x}` : `abs(${x})`, fold)}, 0)`,
  };
}

function printTotal({ argument, argumentType, fold }: AggregateCall, { aggregates }: Dialect): string {
  if (argumentType.kind === "decimal")
    return isWide(argumentType) ? aggregates.sumWideDecimal(argument, argumentType.scale, fold) : aggregates.sumDecimal(argument, fold);
  return isInteger(argumentType) ? aggregates.sumInteger(argument, fold) : aggregates.sumFloat(argument, fold);
}

function printSum(call: AggregateCall, dialect: Dialect): string {
  const { argumentType, path, type } = call;
  const sum = printTotal(call, dialect);
  const overflow = dialect.fail("ASOF_SUM_OVERFLOW", path);
  if (isInteger(argumentType)) {
    const fits = `${sum} BETWEEN -9223372036854775808 AND 9223372036854775807`;
    return `CASE WHEN ${sum} IS NULL THEN NULL WHEN ${fits} THEN CAST(${sum} AS ${dialect.storageType(type)}) ELSE ${overflow} END`;
  }
  if (argumentType.kind !== "decimal") return sum;
  if (!isWide(argumentType)) return sum;
  const digits = `length(ltrim(replace(replace(${sum}, '-', ''), '.', ''), '0'))`;
  return `CASE WHEN ${digits} > 38 THEN ${overflow} ELSE CAST(${sum} AS ${dialect.storageType(type)}) END`;
}

/** A sum of fewer than 10¹⁹ values of at most 19 digits has at most 38, which a decimal holds. */
function isWide(type: ValueType & { readonly kind: "decimal" }): boolean {
  return type.precision > 19;
}

/**
 * Engines refuse the variance of values whose squares leave float64, so these are kept apart: `odd` is null without them, NaN with
 * a NaN or infinity among them, else 0.
 */
function printSpread(call: AggregateCall, fn: "variance" | "stddev", population: boolean, dialect: Dialect): string {
  const { argument, argumentType, fold } = call;
  const float64 = dialect.storageType({ kind: "float64" });
  const x = `CAST(${argument} AS ${float64})`;
  if (isInteger(argumentType) || argumentType.kind === "decimal") return dialect.aggregates.spread(fn, population, x, fold);
  const isTame = `abs(${x}) <= 1e150`;
  const tame = dialect.aggregates.spread(fn, population, `CASE WHEN ${isTame} THEN ${x} END`, fold);
  const odd = dialect.aggregates.sumFloat(`CASE WHEN NOT (${isTame}) THEN ${x} - ${x} END`, fold);
  const count = fold(`count(${argument})`);
  const infinite = `CASE WHEN ${count} = 1 THEN 0 ELSE CAST('Infinity' AS ${float64}) END`;
  return `CASE WHEN ${odd} IS NULL THEN ${tame} WHEN ${count} <= ${population ? 0 : 1} THEN NULL WHEN ${odd} = 0 THEN ${infinite} ELSE ${odd} END`;
}

function isInteger(type: ValueType): boolean {
  assert(isNumeric(type), `${printType(type)} is not summed`);
  return type.kind === "int32" || type.kind === "int64";
}
