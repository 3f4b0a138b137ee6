import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sample } from "@asof/testkit";
import type { ExpressionNode, Operator } from "../expression/node.ts";
import { openMemoryRegistry } from "../registry/memory-registry.ts";
import { updateViewState } from "../registry/update-state.ts";
import { recordMaterialized } from "../registry/view-state.ts";
import { applyDefinitions } from "./apply-plan.ts";
import { printExpressionText } from "./expression-text.ts";
import { planChanges } from "./plan-changes.ts";
import { planToJson } from "./plan-json.ts";
import { renderPlan } from "./render-plan.ts";

const { activity, churn, column, columnNode, plainFeature, profiles, repository, repositoryWith } = sample;
const { bool, float64, int64, string } = sample.type;
const clock = { nowUs: () => 1 };

async function changedPlan(recreate: boolean) {
  const store = openMemoryRegistry();
  await applyDefinitions(store, repository, "main", {}, clock);
  await updateViewState(store, "shop", "activity", (s) => recordMaterialized(s, 1), clock);
  const model = repositoryWith({
    profiles: { ...profiles, columns: [...profiles.columns, column("odd name", string)] },
    churn: { ttlUs: null, features: [...churn.features, plainFeature("odd name", string)], meta: { owner: "growth" } },
    activity: {
      features: activity.features.map((f) =>
        f.kind === "aggregate" ? { ...f, aggregate: { ...f.aggregate, windowUs: null, hopUs: null } } : f,
      ),
    },
  });
  return planChanges(await store.snapshot("shop"), model, "main", { recreate });
}

describe("a plan as text", () => {
  test("of a new repository tells what each object is made of", async () => {
    const plan = planChanges(await openMemoryRegistry().snapshot("shop"), repository, "main");
    assert.equal(
      renderPlan(plan),
      `+ project "shop"
+ entity "customer"
    keys.customer_id: int64 as number
+ source "baskets"
    columns.items: int64 as number
    columns.spend: float64
    columns.used_coupon: bool
    type: parquet
+ source "profiles"
    columns.charges: float64
    columns.plan: string
    columns.tenure: int64
    type: csv
+ feature view "activity"
    features.coupons_90d: int64 as number = count() over 90d where used_coupon = true
    features.spend_30d: float64 = sum(spend) over 30d
    source: baskets
    → compute spend_30d, coupons_90d
    → lineage: 2 edges added
+ feature view "churn"
    features.charges: float64
    features.per_month: float64 = case when tenure > "9007199254740993" then "NaN" else charges / tenure end
    features.tenure: int64
    source: profiles
    ttl: 30d
    → compute tenure, charges, per_month
    → lineage: 4 edges added
+ feature view "trend"
    features.ratio: float64
    inputs.activity: activity: spend_30d
    request.amount: float64
    → lineage: 2 edges added
+ feature service "churn_v1"
    views.churn: churn: all features, keys {"customer_id":"buyer_id"}, max age 1d
    views.recent: activity: coupons_90d, as recent
    views.trend: trend: all features
    → services affected: churn_v1
    → lineage: 5 edges added

8 created, 0 changed, 0 recreated, 0 deleted, 0 unchanged in project "shop", repository "main".
`,
    );
  });

  test("of changes tells each field before and after and what it implies", async () => {
    assert.equal(
      renderPlan(await changedPlan(true)),
      `~ source "profiles"
    columns."odd name": string
± feature view "activity" (recreated)
    features.coupons_90d.hop: 1d → none
    features.coupons_90d.window: 90d → lifetime
    features.spend_30d.hop: 1d → none
    features.spend_30d.window: 30d → lifetime
    → compute spend_30d, coupons_90d
    → online: version v1 is built beside v0, which is served until it is ready
    → services affected: churn_v1
~ feature view "churn"
    features."odd name": string
    ttl: 30d → no limit
    tags.tier: gold → (removed)
    → compute odd name
    → online: in place; the new features are absent until materialized
    → services affected: churn_v1
    → lineage: 2 edges added

0 created, 2 changed, 1 recreated, 0 deleted, 4 unchanged in project "shop", repository "main".
`,
    );
  });

  test("of a version says what is served until when", async () => {
    const text = renderPlan(await changedPlan(false));
    assert.match(text, /→ online: version v1 is made beside v0; v0 is served until `asof activate activity@v1`\n/);
    assert.match(text, /0 created, 3 changed, 0 recreated/);
  });

  test("ends with what is refused, and with the sum", async () => {
    const store = openMemoryRegistry();
    await applyDefinitions(store, repository, "main", {}, clock);
    const others = { ...repositoryWith({ churn: { ttlUs: null } }) };
    const text = renderPlan(planChanges(await store.snapshot("shop"), others, "other"));
    assert.match(text, /^Refused: \[ASOF_NOT_OWNER\] .*"churn"/);
    assert.match(text, /Refused: 1\. Nothing can be applied to project "shop", repository "other"\.\n$/);
  });

  test("of nothing says so", async () => {
    const store = openMemoryRegistry();
    await applyDefinitions(store, repository, "main", {}, clock);
    const plan = planChanges(await store.snapshot("shop"), repository, "main");
    assert.equal(renderPlan(plan), 'No changes: project "shop", repository "main" is as registered (7 objects).\n');
  });

  test("is coloured only when asked", async () => {
    const plan = await changedPlan(true);
    const colored = renderPlan(plan, { color: true });
    assert.ok(colored.includes('\u001b[35m± feature view "activity" (recreated)\u001b[0m'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences are what is removed.
    assert.equal(colored.replace(/\u001b\[\d+m/g, ""), renderPlan(plan));
  });
});

test("a plan as JSON has everything a script needs and survives its text", async () => {
  const json = planToJson(await changedPlan(false));
  assert.deepEqual(JSON.parse(JSON.stringify(json)), json);
  assert.partialDeepStrictEqual(json, {
    project: "shop",
    repository: "main",
    definitionsVersion: 1,
    summary: { created: 0, changed: 3, recreated: 0, deleted: 0, unchanged: 4 },
    warnings: [],
    refusals: [],
  });
  const recreated = planToJson(await changedPlan(true));
  assert.partialDeepStrictEqual(recreated, {
    summary: { recreated: 1 },
    entries: [
      { action: "changed", kind: "source", name: "profiles" },
      {
        action: "recreated",
        kind: "feature_view",
        name: "activity",
        part: "data",
        differences: [
          { path: "features.coupons_90d.aggregate.hopUs", part: "data", before: 86_400_000_000, after: null },
          { path: "features.coupons_90d.aggregate.windowUs", part: "data", before: 7_776_000_000_000, after: null },
        ],
        implies: {
          recompute: ["spend_30d", "coupons_90d"],
          online: "rebuild",
          versions: { active: 0, next: 1 },
          services: ["churn_v1"],
        },
      },
      {},
    ],
  });
});

test("expressions are printed as people write them", () => {
  const call = (op: Operator, ...args: ExpressionNode[]): ExpressionNode => ({ node: "call", op, args, type: float64 });
  const literal = (value: bigint): ExpressionNode => ({ node: "literal", type: int64, value });
  const [a, b] = [columnNode("a", float64), columnNode("b c", float64)];
  assert.equal(printExpressionText(call("mul", call("add", a, b), literal(2n))), '(a + "b c") * "2"');
  assert.equal(printExpressionText(call("not", call("isNull", a))), "not a is null");
  assert.equal(printExpressionText(call("in", a, literal(1n), literal(2n))), 'a in ("1", "2")');
  assert.equal(printExpressionText({ ...call("cast", a), type: bool }), "cast(a as bool)");
  assert.equal(printExpressionText(call("neg", call("least", a, b))), '-least(a, "b c")');
});
