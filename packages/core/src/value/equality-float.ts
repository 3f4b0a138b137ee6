import { equalValues } from "./equality.ts";
import type { Value, ValueType } from "./type.ts";

/** What the equality of a float aggregate needs to know of the values that were folded. */
export interface FloatBounds {
  /** How many values were folded. */
  readonly n: number;
  /** Σ|x| for sum and avg, Σx² for variance and stddev. */
  readonly absSum: number;
}

/** The parts of an aggregate function that decide how its results are compared. */
export interface ComparedFunction {
  readonly fn: string;
  /** Variance and stddev: of the population (divided by n) or of a sample (n − 1). */
  readonly population?: boolean;
}

/** Half a unit in the last place of 1: the greatest relative error of one float64 operation. */
const HALF_ULP = 2 ** -53;

/**
 * The one equality of aggregate results, used wherever two computations of a value are compared. Exact (`identical`, or `equal`
 * where only the form differs, as 0 and −0), except for results of type float64 of
 *
 *     sum        |a − b| ≤ 2·max(n, 8)·2⁻⁵³·Σ|x|
 *     avg        that, divided by n
 *     variance   |a − b| ≤ 8·max(n, 8)·2⁻⁵³·Σx² / (n − ddof), ddof = 0 for a population, 1 for a sample
 *     stddev     the squares, within twice the bound of the variance
 *
 * Why: any order of n additions is within (n − 1)·2⁻⁵³·Σ|x| of the true sum, to first order, so two of them are within twice that;
 * 8 leaves room for the conversions around tiny folds. A variance by merged moments has four such sums, each
 * bounded by Σx², and a square root returns one more rounding. NaN equals NaN; infinities equal by value.
 */
export function equalAggregate(
  aggregate: ComparedFunction,
  type: ValueType,
  a: Value,
  b: Value,
  bounds: FloatBounds,
): "identical" | "equal" | "different" {
  if (typeof a === "number" && typeof b === "number" ? Object.is(a, b) : a === b || equalValues(type, a, b)) return "identical";
  if (equalValues(type, a, b)) return "equal";
  if (type.kind !== "float64" || typeof a !== "number" || typeof b !== "number") return "different";
  if (!Number.isFinite(a) || !Number.isFinite(b)) return "different";
  return isWithinBound(aggregate, a, b, bounds) ? "equal" : "different";
}

function isWithinBound({ fn, population = false }: ComparedFunction, a: number, b: number, { n, absSum }: FloatBounds): boolean {
  const sumBound = 2 * Math.max(n, 8) * HALF_ULP * absSum;
  const varianceBound = (4 * sumBound) / Math.max(n - (population ? 0 : 1), 1);
  switch (fn) {
    case "sum":
      return Math.abs(a - b) <= sumBound;
    case "avg":
      return Math.abs(a - b) <= sumBound / Math.max(n, 1);
    case "variance":
      return Math.abs(a - b) <= varianceBound;
    case "stddev":
      return Math.abs(a * a - b * b) <= 2 * varianceBound;
    default:
      return false;
  }
}
