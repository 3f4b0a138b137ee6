import { compareValue, type Value, type ValueType } from "@asof/core";

/** A set's value of these elements; unlike the normalizer it takes timestamps beyond the instants, which files may hold. */
export function canonicalSet(of: ValueType, elements: readonly Value[]): readonly Value[] {
  const sorted = elements.toSorted((a, b) => compareValue(of, a, b));
  return sorted.filter((element, i) => i === 0 || compareValue(of, sorted[i - 1] ?? null, element) !== 0);
}

/** A map's value of these pairs; of two with one key the first stays. */
export function canonicalMap(key: ValueType, pairs: readonly (readonly [Value, Value])[]): ReadonlyMap<Value, Value> {
  const sorted = pairs.toSorted(([a], [b]) => compareValue(key, a, b));
  return new Map(sorted.filter(([own], i) => i === 0 || compareValue(key, sorted[i - 1]?.[0] ?? null, own) !== 0));
}
