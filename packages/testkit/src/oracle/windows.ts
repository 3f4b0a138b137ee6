import type { AggregateModel, Value, ValueType } from "@asof/core";
import type { Answer, Event } from "./data.ts";
import { evaluate } from "./evaluate.ts";
import { bounded, sum, total } from "./exact.ts";
import type { Rules } from "./rules.ts";

/** Rule "Windowed aggregates". `events` are of the spine row's key, in row order; `type` is the feature's. */
export function foldWindow(aggregate: AggregateModel, type: ValueType, events: readonly Event[], t: number, rules: Rules): Answer {
  const { windowUs, hopUs, where, argument, function: f } = aggregate;
  const tail = windowUs === null || hopUs === null ? -Infinity : rules.tail(t, windowUs, hopUs);
  const inside = events.filter((e) => rules.isInside(e.eventUs, tail) && rules.isBefore(e.eventUs, t, hopUs));
  const rows = inside.filter((e) => where === null || rules.passes(evaluate(where, e.source)));
  if (f.fn === "count" || argument === null) return { value: rules.count(rows), count: 0, magnitude: 0 };
  const values = rows.map((e) => rules.read(argument.type, evaluate(argument, e.source))).filter((v) => rules.takes(v));
  const size = (v: Value): number => (f.fn === "variance" || f.fn === "stddev" ? Number(v) ** 2 : Math.abs(Number(v)));
  const compare = (a: Value, b: Value): number => rules.compareValues(argument.type, a, b);
  return { value: finish(), count: values.length, magnitude: values.reduce<number>((all, v) => all + size(v), 0) };

  function finish(): Value {
    if (f.fn === "distinctCount")
      return bounded(values.filter((v, i) => values.findIndex((w) => compare(v, w) === 0) === i).length, f.bound);
    if (f.fn === "firstN") return rules.list(values.slice(0, f.n));
    if (f.fn === "lastN") return rules.list(values.slice(-f.n));
    if (values.length === 0) return null;
    if (f.fn === "first") return values.at(0) ?? null;
    if (f.fn === "last") return values.at(-1) ?? null;
    if (f.fn === "min") return values.toSorted(compare).at(0) ?? null;
    if (f.fn === "max") return values.toSorted(compare).at(-1) ?? null;
    if (f.fn === "sum") return sum(type, values);
    if (f.fn === "avg") return total(values) / rules.averageOver(values, rows);
    if (f.fn !== "variance" && f.fn !== "stddev") return null;
    const n = values.length;
    if (n === 1 && !f.population) return null;
    const mean = total(values) / n;
    const spread = values.reduce<number>((squares, v) => squares + (Number(v) - mean) ** 2, 0) / rules.divisor(n, f.population);
    return f.fn === "stddev" ? Math.sqrt(spread) : spread;
  }
}
