/** A small sound repository, and builders without types, for tests of validation. */
import {
  collectDefinitions,
  entity,
  featureView,
  float64,
  type Issue,
  int64,
  list,
  parquet,
  string,
  sum,
  validateRepository,
} from "@asof/core";

export const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
export const baskets = parquet("baskets", {
  path: "data/baskets.parquet",
  eventTime: "at",
  columns: { spend: float64(), items: int64({ as: "number" }), plan: string(), tags: list(string()) },
});
export const people = parquet("people", { path: "p.parquet", columns: { age: string() } });
export const on = { entities: [customer], source: baskets };
export const sound = featureView("sound", on, { spend: float64(), plan: string() });
export const windowed = featureView("windowed", on, { spend_7d: sum("spend", { window: "7d" }) });

export function issuesIn(...exported: readonly unknown[]): readonly Issue[] {
  return validateRepository(collectDefinitions([Object.fromEntries(exported.map((e, i) => [`e${i}`, e]))], "shop"));
}

/** A builder as JavaScript calls it: with anything. */
export function loose(builder: (...args: never[]) => unknown): (...args: readonly unknown[]) => unknown {
  return (...args) => Reflect.apply(builder, undefined, args);
}
