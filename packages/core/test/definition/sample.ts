/** A small sound repository, and builders without types, for tests of validation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  collectDefinitions,
  type ErrorCode,
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

/** A wrong definition and the one issue that it leads to. */
export interface Case {
  readonly made: () => unknown;
  readonly code: ErrorCode;
  readonly path: string;
  readonly message: RegExp;
  readonly fix?: RegExp;
}

/** One test per case: the issue is there, in whole sentences, and no other but the `companions`, which show the fault elsewhere. */
export function reportsEach(cases: Readonly<Record<string, Case>>, companions: Readonly<Record<string, readonly string[]>> = {}): void {
  for (const [name, { made, code, path, message, fix }] of Object.entries(cases)) {
    test(`reports ${name}, and only that`, () => {
      const issues = issuesIn(made());
      const [issue] = issues.filter((i) => i.path === path);
      assert.ok(issue !== undefined, `no issue at ${path} among ${JSON.stringify(issues, null, 2)}`);
      assert.equal(issue.code, code);
      assert.match(issue.message, message);
      assert.match(issue.fix, fix ?? /./);
      for (const text of [issue.message, issue.fix]) assert.match(text, /[.?]$/, `"${text}" is no sentence`);
      assert.deepEqual(
        issues.filter((i) => i !== issue).map((i) => `${i.code} ${i.path}`),
        companions[name] ?? [],
      );
    });
  }
}
