import { decimalToUnscaled, unscaledToDecimal } from "../value/decimal.ts";
import { dateToDays, daysToDate } from "../value/time.ts";
import type { Value, ValueType } from "../value/type.ts";

/** Enough to see a shape in a line of text, few enough to keep for ever. */
const binsMax = 20;

/**
 * The edges of a histogram from min to max, in ascending order, one more than there are bins. Values that lie on a grid (integers, dates,
 * instants, decimals) get bins of equal whole widths, one per value where there are at most twenty; floats get twenty of equal width.
 * Null for types that have none.
 */
export function histogramEdges(type: ValueType, min: Value, max: Value): readonly Exclude<Value, null>[] | null {
  if (min === null || max === null) return null;
  switch (type.kind) {
    case "int32":
    case "timestamp":
      return wholeEdges(BigInt(Number(min)), BigInt(Number(max))).map(Number);
    case "int64":
      return wholeEdges(BigInt(String(min)), BigInt(String(max)));
    case "date":
      return wholeEdges(daysOf(min), daysOf(max)).map((day) => daysToDate(Number(day)));
    case "decimal":
      return wholeEdges(decimalToUnscaled(String(min)), decimalToUnscaled(String(max))).map((n) => unscaledToDecimal(n, type.scale));
    case "float32":
    case "float64":
      return floatEdges(Number(min), Number(max));
    default:
      return null;
  }
}

function daysOf(date: Value): bigint {
  return BigInt(dateToDays(String(date)) ?? 0);
}

function wholeEdges(min: bigint, max: bigint): bigint[] {
  const values = max - min + 1n;
  const width = (values + BigInt(binsMax) - 1n) / BigInt(binsMax);
  const bins = Number((values + width - 1n) / width);
  return [...Array.from({ length: bins }, (_, i) => min + BigInt(i) * width), max];
}

function floatEdges(min: number, max: number): number[] {
  if (min === max) return [min, max];
  const edges = [min];
  for (let i = 1; i < binsMax; i++) {
    // Weighted, since max − min may be beyond the largest double; kept in order where the bins are narrower than a double tells.
    const edge = min * (1 - i / binsMax) + max * (i / binsMax);
    edges.push(Math.min(max, Math.max(edge, edges[i - 1] ?? min)));
  }
  return [...edges, max];
}
