import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sample } from "@asof/testkit";
import { openMemoryRegistry } from "../registry/memory-registry.ts";
import { modelsFromSnapshot } from "../registry/models.ts";
import { updateViewState, viewStateKey } from "../registry/update-state.ts";
import { applyPlan } from "./apply-plan.ts";
import { apply, churnWith, clock, entryOf, materialize, plan, registryWith, stateOf, widerWindow } from "./plan.test.support.ts";
import { teardownPlan } from "./teardown-plan.ts";

const { activity, churn, customer, plainFeature, profiles, repository, repositoryWith, trend, use } = sample;
const { string } = sample.type;
const dayUs = 86_400_000_000;

describe("plan and apply", () => {
  test("a new repository: everything is created, applied in one commit, and then as registered", async () => {
    const store = openMemoryRegistry();
    const made = await apply(store, repository);
    assert.deepEqual(
      made.entries.map((e) => `${e.action} ${e.kind} ${e.name}`),
      [
        "created project shop",
        "created entity customer",
        "created source baskets",
        "created source profiles",
        "created feature_view activity",
        "created feature_view churn",
        "created feature_view trend",
        "created feature_service churn_v1",
      ],
    );
    const snapshot = await store.snapshot("shop");
    assert.equal(snapshot.version, 1);
    assert.deepEqual(modelsFromSnapshot(snapshot).views.get("churn"), churn);
    assert.deepEqual(
      (await stateOf(store, "churn")).schemas.get(1)?.[0]?.features.map((f) => f.name),
      ["charges", "per_month", "tenure"],
    );
    assert.equal((await store.read([viewStateKey("shop", "trend")]))[0], null, "a request view stores nothing");
    const again = await plan(store, repository);
    assert.deepEqual([again.entries, again.changes, again.unchanged], [[], [], 7]);
    assert.deepEqual(await applyPlan(store, again, clock), { status: "unchanged" });
    assert.equal((await store.versions()).version, 1, "a re-apply writes nothing");
  });

  test("a changed description, tag, owner or order implies nothing and touches no state", async () => {
    const store = await registryWith();
    const features = churn.features.map((f) => ({ ...f, meta: { description: `about ${f.name}` } })).toReversed();
    const changed = repositoryWith({
      customer: { ...customer, meta: { owner: "ops" } },
      churn: { features, meta: { tags: { tier: "silver" } } },
    });
    const made = await apply(store, changed);
    assert.deepEqual(
      made.entries.map((e) => [e.action, e.name, e.part]),
      [
        ["changed", "customer", "metadata"],
        ["changed", "churn", "metadata"],
      ],
    );
    for (const { implies } of made.entries) {
      assert.deepEqual(implies, { recompute: [], online: "nothing", versions: null, services: [], lineage: { added: [], removed: [] } });
    }
    assert.deepEqual(
      entryOf(made, "churn").differences.map((d) => [d.path, d.part, d.before ?? null, d.after ?? null]),
      [
        ["featureOrder", "metadata", ["tenure", "charges", "per_month"], ["per_month", "charges", "tenure"]],
        ["features.charges", "metadata", null, { description: "about charges" }],
        ["features.per_month.description", "metadata", null, "about per_month"],
        ["features.per_month.owner", "metadata", "pricing", null],
        ["features.tenure", "metadata", null, { description: "about tenure" }],
        ["owner", "metadata", "growth", null],
        ["tags.tier", "metadata", "gold", "silver"],
      ],
    );
    assert.deepEqual((await stateOf(store, "churn")).lastGeneration, 1);
    assert.equal(made.changes.length, 2);
  });

  test("another JavaScript form of an int64 recomputes nothing, and stored rows are read in it", async () => {
    const store = await registryWith();
    await materialize(store, "churn", ["tenure"]);
    const made = await apply(store, churnWith(plainFeature("tenure", sample.type.int64AsNumber), ...churn.features.slice(1)));
    assert.equal(entryOf(made, "churn").part, "metadata");
    const types = (await stateOf(store, "churn")).schemas
      .get(1)
      ?.flatMap((s) => s.features)
      .filter((f) => f.name === "tenure")
      .map((f) => f.type);
    assert.deepEqual(types, [{ kind: "int64", as: "number" }]);
  });

  test("a feature is added in place, also to a materialized view", async () => {
    const store = await registryWith();
    await materialize(store, "churn", ["tenure", "charges", "per_month"]);
    const made = await apply(store, churnWith(...churn.features, plainFeature("plan", string)));
    const entry = entryOf(made, "churn");
    assert.deepEqual(
      [entry.action, entry.implies.recompute, entry.implies.online, entry.implies.services],
      ["changed", ["plan"], "add_features", ["churn_v1"]],
    );
    assert.deepEqual(
      entry.differences.map((d) => d.path),
      ["features.plan"],
    );
    const state = await stateOf(store, "churn");
    assert.deepEqual([state.activeGeneration, state.keptGenerations], [1, [1]]);
    assert.deepEqual(
      state.schemas.get(1)?.map((s) => s.features.length),
      [3, 4],
      "rows of both schemas can be read",
    );
    assert.deepEqual([...(state.coverage.get(1)?.keys() ?? [])], ["tenure", "charges", "per_month"], "the new feature is not covered");
  });

  test("a feature that nobody uses is removed in place; one that is used is refused with its users", async () => {
    const store = await registryWith(
      repositoryWith({
        service: ({ churn: view, trend: request }) => ({
          ...sample.churnService,
          views: [use(view, { features: ["tenure"] }), use(request)],
        }),
      }),
    );
    await materialize(store, "churn", ["tenure", "charges", "per_month"]);
    const withoutCharges = repositoryWith({
      churn: { features: churn.features.filter((f) => f.name === "tenure") },
      service: ({ churn: view, trend: request }) => ({
        ...sample.churnService,
        views: [use(view, { features: ["tenure"] }), use(request)],
      }),
    });
    const made = await apply(store, withoutCharges);
    assert.deepEqual([entryOf(made, "churn").action, entryOf(made, "churn").implies.online], ["changed", "nothing"]);
    assert.deepEqual([...((await stateOf(store, "churn")).coverage.get(1)?.keys() ?? [])], ["tenure"]);

    const withoutSpend = {
      ...withoutCharges,
      views: withoutCharges.views.map((v) => (v.name === "activity" ? { ...activity, features: activity.features.slice(1) } : v)),
    };
    const refused = await plan(store, withoutSpend);
    assert.deepEqual(
      refused.refusals.map((r) => [r.code, r.path]),
      [["ASOF_IN_USE", "feature_view.activity.features.spend_30d"]],
    );
    assert.match(
      refused.refusals[0]?.message ?? "",
      /feature "activity:spend_30d": it is used by feature view "trend" of repository "main"/,
    );
    await assert.rejects(applyPlan(store, refused, clock), { code: "ASOF_IN_USE" });
  });

  test("who uses a whole view uses each feature, until the same plan makes it pick", async () => {
    const store = await registryWith();
    const features = churn.features.slice(0, 2);
    const refused = await plan(store, churnWith(...features));
    assert.match(refused.refusals[0]?.message ?? "", /"churn:per_month".*feature service "churn_v1"/);
    const picked = repositoryWith({
      churn: { features },
      service: (v) => ({ ...sample.churnService, views: [use(v.churn, { features: ["tenure"] }), use(v.activity), use(v.trend)] }),
    });
    assert.deepEqual((await plan(store, picked)).refusals, []);
  });

  test("ttl is applied when values are read: a change is in place and names the services", async () => {
    const store = await registryWith();
    await materialize(store, "churn", ["tenure"]);
    const made = await apply(store, repositoryWith({ churn: { ttlUs: null } }));
    assert.deepEqual(entryOf(made, "churn").differences, [{ path: "ttlUs", part: "data", before: 30 * dayUs, after: null }]);
    assert.deepEqual(entryOf(made, "churn").implies, {
      recompute: [],
      online: "nothing",
      versions: null,
      services: ["churn_v1"],
      lineage: { added: [], removed: [] },
    });
  });
});

describe("what apply meets", () => {
  test("a plan whose registry has moved on is a conflict that changes nothing", async () => {
    const store = await registryWith();
    const one = await plan(store, churnWith(...churn.features, plainFeature("plan", string)));
    const two = await plan(store, widerWindow);
    await applyPlan(store, one, clock);
    const before = await store.snapshot("shop");
    assert.deepEqual(await applyPlan(store, two, clock), { status: "conflict" });
    assert.deepEqual(await store.snapshot("shop"), before);
  });

  test("a view materialized between plan and apply is not overwritten: conflict, and the new plan makes a version", async () => {
    const store = await registryWith();
    const made = await plan(store, widerWindow);
    await materialize(store, "activity", ["spend_30d"]);
    assert.deepEqual(await applyPlan(store, made, clock), { status: "conflict" });
    assert.equal(entryOf(made, "activity").implies.online, "restart");
    assert.equal(entryOf(await plan(store, widerWindow), "activity").implies.online, "new_version");
  });

  test("lineage follows the definitions and leaves the edges of others", async () => {
    const store = await registryWith();
    const edges = async () => (await store.listLineage("shop")).map((e) => `${e.from} > ${e.to}`);
    assert.deepEqual(await edges(), [
      "feature:activity.coupons_90d > service:churn_v1",
      "feature:activity.spend_30d > feature:trend.ratio",
      "feature:churn.charges > service:churn_v1",
      "feature:churn.per_month > service:churn_v1",
      "feature:churn.tenure > service:churn_v1",
      "feature:trend.ratio > service:churn_v1",
      "request:trend.amount > feature:trend.ratio",
      "source:baskets.spend > feature:activity.spend_30d",
      "source:baskets.used_coupon > feature:activity.coupons_90d",
      "source:profiles.charges > feature:churn.charges",
      "source:profiles.charges > feature:churn.per_month",
      "source:profiles.tenure > feature:churn.per_month",
      "source:profiles.tenure > feature:churn.tenure",
    ]);
    await store.addLineage([
      { project: "shop", from: "feature:churn.charges", to: "training_set:1", recordedBy: "retrieval", recordedAtUs: 1, details: {} },
    ]);
    const made = await apply(store, repositoryWith({ churn: { features: churn.features.slice(0, 1) }, service: () => null }));
    assert.equal(entryOf(made, "churn").implies.lineage.removed.length, 3);
    assert.deepEqual(await edges(), [
      "feature:activity.spend_30d > feature:trend.ratio",
      "feature:churn.charges > training_set:1",
      "request:trend.amount > feature:trend.ratio",
      "source:baskets.spend > feature:activity.spend_30d",
      "source:baskets.used_coupon > feature:activity.coupons_90d",
      "source:profiles.tenure > feature:churn.tenure",
    ]);
  });

  test("a source without event time is warned about at every plan", async () => {
    const store = openMemoryRegistry();
    const model = repositoryWith({ profiles: { ...profiles, eventTime: null, createdTime: null } });
    for (const made of [await apply(store, model), await plan(store, model)]) {
      assert.deepEqual(
        made.warnings.map((w) => w.path),
        ["source.profiles"],
      );
      assert.match(made.warnings[0]?.message ?? "", /cannot be checked for leakage/);
    }
  });

  test("a view that comes back never gets an old generation", async () => {
    const store = await registryWith();
    await materialize(store, "activity", ["spend_30d"]);
    const withoutActivity = { ...repository, views: [churn], services: [], sources: [profiles] };
    const made = await apply(store, withoutActivity);
    assert.deepEqual(
      made.entries.map((e) => [e.action, e.name, e.implies.online]),
      [
        ["deleted", "churn_v1", "nothing"],
        ["deleted", "activity", "remove"],
        ["deleted", "trend", "nothing"],
        ["deleted", "baskets", "nothing"],
      ],
    );
    const gone = await stateOf(store, "activity");
    assert.deepEqual([gone.deleted, gone.retiredGenerations, gone.coverage.size], [true, [1], 0]);
    await assert.rejects(
      updateViewState(store, "shop", "activity", (s) => s, clock),
      { code: "ASOF_NOT_APPLIED" },
    );
    await apply(store, repository);
    assert.equal((await stateOf(store, "activity")).activeGeneration, 2);
  });

  test("a view that turns into a request view and back", async () => {
    const store = await registryWith();
    const asRequest = { ...trend, name: "activity", inputs: [use(churn)] };
    const turned = { ...repository, views: [churn, asRequest], services: [], sources: [profiles] };
    assert.equal(entryOf(await apply(store, turned), "activity").implies.online, "remove");
    await apply(store, repository);
    assert.equal((await stateOf(store, "activity")).activeGeneration, 2);
  });
});

describe("teardown", () => {
  test("deletes what the repository manages, in one commit, and the project when nothing is left", async () => {
    const store = await registryWith();
    const made = teardownPlan(await store.snapshot("shop"), "shop", "main");
    assert.deepEqual(
      made.entries.map((e) => e.name),
      ["churn_v1", "activity", "churn", "trend", "baskets", "profiles", "customer", "shop"],
    );
    await applyPlan(store, made, clock);
    const left = await store.snapshot("shop");
    assert.deepEqual(
      left.records.map((r) => r.kind),
      ["view_state", "view_state"],
    );
    assert.deepEqual(await store.listLineage("shop"), []);
    const again = teardownPlan(left, "shop", "main");
    assert.deepEqual(again.entries, []);
    await apply(store, repository);
    assert.equal((await stateOf(store, "churn")).activeGeneration, 2);
  });
});
