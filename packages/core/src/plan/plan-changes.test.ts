import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sample } from "@asof/testkit";
import type { PlainViewModel, PushSourceModel, RepositoryModel } from "../definition/model.ts";
import type { Clock } from "../platform/clock.ts";
import { openMemoryRegistry } from "../registry/memory-registry.ts";
import { modelsFromSnapshot, servedViewOf } from "../registry/models.ts";
import { recordIngest } from "../registry/source-state.ts";
import { updateSourceState, updateViewState, viewStateKey } from "../registry/update-state.ts";
import { activateGeneration, forgetGenerations, recordCoverage, replaceActive, type ViewState } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import { decodeViewVersion, parseVersion } from "../registry/view-version.ts";
import type { RegistryStore } from "../store/registry.ts";
import { applyDefinitions, applyPlan } from "./apply-plan.ts";
import type { Plan, PlanEntry, PlanOptions } from "./plan.ts";
import { planChanges } from "./plan-changes.ts";
import { teardownPlan } from "./teardown-plan.ts";

const { activity, baskets, churn, column, customer, plainFeature, profiles, repository, repositoryWith, trend, use } = sample;
const { float64, string } = sample.type;
const clock: Clock = { nowUs: () => 1_000_000 };
const dayUs = 86_400_000_000;

async function registryWith(model: RepositoryModel = repository, owner = "main"): Promise<RegistryStore> {
  const store = openMemoryRegistry();
  await applyDefinitions(store, model, owner, {}, clock);
  return store;
}

const plan = async (store: RegistryStore, model: RepositoryModel, options: PlanOptions = {}, owner = "main"): Promise<Plan> =>
  planChanges(await store.snapshot("shop"), model, owner, options);

async function apply(store: RegistryStore, model: RepositoryModel, options: PlanOptions = {}, owner = "main"): Promise<Plan> {
  const made = await plan(store, model, options, owner);
  const outcome = await applyPlan(store, made, clock);
  assert.equal(outcome.status, made.entries.length === 0 ? "unchanged" : "applied");
  return made;
}

function entryOf(made: Plan, name: string): PlanEntry {
  const found = made.entries.find((e) => e.name === name);
  assert.ok(found, `an entry for ${name} in ${made.entries.map((e) => e.name).join(", ")}`);
  return found;
}

async function stateOf(store: RegistryStore, view: string): Promise<ViewState> {
  const [record] = await store.read([viewStateKey("shop", view)]);
  assert.ok(record);
  return decodeViewState(record.spec, view);
}

/** The definition in a version's record. */
async function definitionOf(store: RegistryStore, name: string): Promise<unknown> {
  const [record] = await store.read([{ project: "shop", kind: "view_version", name }]);
  return record === null || record === undefined ? null : servedViewOf(parseVersion(name).view, decodeViewVersion(name, record.spec));
}

/** As a job does: the registered generation covers January. */
async function materialize(store: RegistryStore, view: string, features: readonly string[]): Promise<void> {
  await updateViewState(store, "shop", view, (s) => recordCoverage(s, s.registeredGeneration, features, { fromUs: null, toUs: 10 }), clock);
}

const widerWindow = repositoryWith({
  activity: {
    features: activity.features.map((f) =>
      f.kind === "aggregate" && f.name === "spend_30d" ? { ...f, aggregate: { ...f.aggregate, windowUs: 60 * dayUs } } : f,
    ),
  },
});

const churnWith = (...features: PlainViewModel["features"]) => repositoryWith({ churn: { features } });

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

describe("a change of meaning", () => {
  test("before anything was materialized the view starts over in a new generation", async () => {
    const store = await registryWith();
    const made = await apply(store, widerWindow);
    const entry = entryOf(made, "activity");
    assert.deepEqual([entry.action, entry.implies.online, entry.implies.recompute], ["changed", "restart", ["spend_30d", "coupons_90d"]]);
    const state = await stateOf(store, "activity");
    assert.deepEqual([state.activeGeneration, state.retiredGenerations], [2, [1]]);
    await assert.rejects(
      updateViewState(store, "shop", "activity", (s) => recordCoverage(s, 1, ["spend_30d"], { fromUs: 1, toUs: 2 }), clock),
      { code: "ASOF_NOT_APPLIED" },
      "a job of the old definition cannot report what it wrote",
    );
  });

  test("of a materialized view makes a version beside the active one, which stays what is served", async () => {
    const store = await registryWith();
    await materialize(store, "activity", ["spend_30d", "coupons_90d"]);
    const made = await apply(store, widerWindow, { recreate: ["churn"], nowUs: 7 });
    const entry = entryOf(made, "activity");
    assert.deepEqual(
      [entry.action, entry.implies.online, entry.implies.versions, entry.implies.services, entry.implies.recompute],
      ["changed", "new_version", { active: 0, next: 1 }, ["churn_v1"], ["spend_30d", "coupons_90d"]],
      "another view's name behind --recreate does not cover it",
    );
    const state = await stateOf(store, "activity");
    assert.deepEqual([state.activeGeneration, state.registeredGeneration, state.replaceWhenReady], [1, 2, false]);
    assert.deepEqual([state.coverage.get(1)?.size, state.coverage.get(2), state.createdAtUs.get(2)], [2, undefined, 7]);
    assert.deepEqual(await definitionOf(store, "activity@v0"), activity, "the definition of the active one is kept");
    assert.match(
      (await plan(store, widerWindow)).warnings[0]?.message ?? "",
      /"activity" is served as version v0; .*is v1.*asof activate activity@v1/,
    );
  });

  test("once more: the version in between is kept if it has data or a service names it, else given up", async () => {
    const narrower = repositoryWith({ activity: { separableUs: 5_000_000 } });
    const given = await registryWith();
    await materialize(given, "activity", ["spend_30d"]);
    await apply(given, widerWindow);
    await apply(given, narrower);
    assert.deepEqual((await stateOf(given, "activity")).keptGenerations, [1, 3]);
    const filled = await registryWith();
    await materialize(filled, "activity", ["spend_30d"]);
    await apply(filled, widerWindow);
    await materialize(filled, "activity", ["spend_30d"]);
    await apply(filled, narrower);
    assert.deepEqual((await stateOf(filled, "activity")).keptGenerations, [1, 2, 3]);
    const pinned = await registryWith();
    await materialize(pinned, "activity", ["spend_30d"]);
    const byNumber = (model: RepositoryModel): RepositoryModel => ({
      ...model,
      services: [{ kind: "service", name: "by_number", views: [{ ...use(activity, { features: ["spend_30d"] }), version: 1 }], meta: {} }],
    });
    assert.deepEqual(
      (await plan(pinned, byNumber(widerWindow))).refusals.map((r) => [r.code, r.path, r.value]),
      [["ASOF_VERSION_UNKNOWN", "feature_view.activity", 1]],
      "a version is made first, and then referred to",
    );
    await apply(pinned, widerWindow);
    await apply(pinned, byNumber(widerWindow));
    await apply(pinned, byNumber(narrower));
    assert.deepEqual((await stateOf(pinned, "activity")).keptGenerations, [1, 2, 3]);
    const edges = (await pinned.listLineage("shop")).map((e) => `${e.from} ${e.to}`);
    assert.ok(
      edges.includes("source:baskets.spend feature:activity@v1.spend_30d") &&
        edges.includes("feature:activity@v1.spend_30d service:by_number"),
    );
  });

  test("a feature may go with a new version though a service reads it of an older one, not in place", async () => {
    const store = await registryWith();
    await materialize(store, "activity", ["spend_30d", "coupons_90d"]);
    const byNumber = (change: Partial<typeof activity>): RepositoryModel => ({
      ...repositoryWith({ activity: change }),
      services: [
        { kind: "service", name: "by_number", views: [{ ...use(activity, { features: ["coupons_90d"] }), version: 0 }], meta: {} },
      ],
    });
    await apply(store, byNumber({}));
    const less = activity.features.slice(0, 1);
    assert.deepEqual(
      (await plan(store, byNumber({ features: less }))).refusals.map((r) => r.code),
      ["ASOF_IN_USE"],
    );
    await apply(store, byNumber({ features: less, separableUs: 5_000_000 }));
    assert.deepEqual((await stateOf(store, "activity")).keptGenerations, [1, 2]);
  });

  test("a view that is deleted takes the records and the lineage of its versions along", async () => {
    const store = await registryWith();
    await materialize(store, "activity", ["spend_30d"]);
    await apply(store, widerWindow);
    assert.notEqual(await definitionOf(store, "activity@v0"), null);
    await apply(store, { ...repository, views: [churn], services: [] });
    assert.equal(await definitionOf(store, "activity@v0"), null);
    assert.deepEqual(
      (await store.listLineage("shop")).filter((e) => e.to.includes("@v")),
      [],
    );
    await apply(store, repository);
    assert.deepEqual((await stateOf(store, "activity")).keptGenerations, [3], "numbers are never used again");
  });

  test("rows that were pushed count as materialized", async () => {
    const pushed: PushSourceModel = { ...strip(baskets), type: "push", batch: null };
    const withPush = (): RepositoryModel => {
      const view = { ...activity, source: pushed };
      return { ...repository, sources: [pushed, profiles], views: [churn, view], services: [] };
    };
    const store = await registryWith(withPush());
    await updateSourceState(store, "shop", "baskets", (s) => recordIngest(s, 5), clock);
    const changed = { ...withPush(), views: [churn, { ...activity, source: pushed, separableUs: 1_000_000 }] };
    assert.equal(entryOf(await plan(store, changed), "activity").implies.online, "new_version");
  });

  test("with --recreate the version takes the active one's place when it is ready, which is then retired", async () => {
    const store = await registryWith();
    await materialize(store, "activity", ["spend_30d", "coupons_90d"]);
    const made = await apply(store, widerWindow, { recreate: true });
    const entry = entryOf(made, "activity");
    assert.deepEqual(
      [entry.action, entry.implies.online, entry.implies.versions, entry.implies.services],
      ["recreated", "rebuild", { active: 0, next: 1 }, ["churn_v1"]],
    );
    const building = await stateOf(store, "activity");
    assert.deepEqual([building.activeGeneration, building.registeredGeneration, building.replaceWhenReady], [1, 2, true]);
    assert.deepEqual([...(building.coverage.get(1)?.keys() ?? [])], ["spend_30d", "coupons_90d"], "what is served stays covered");
    assert.deepEqual(await definitionOf(store, "activity@v0"), activity);
    assert.match(
      (await plan(store, widerWindow)).warnings[0]?.message ?? "",
      /"activity" is served as version v0.*materialize` has filled v1/,
    );
    await materialize(store, "activity", ["spend_30d"]);
    await updateViewState(store, "shop", "activity", (s) => replaceActive(s, { pinned: new Set(), nowUs: 1 }), clock);
    const switched = await stateOf(store, "activity");
    assert.deepEqual([switched.activeGeneration, switched.keptGenerations, switched.retiredGenerations], [2, [2], [1]]);
    await updateViewState(store, "shop", "activity", (s) => forgetGenerations(s, [1]), clock);
    assert.deepEqual((await stateOf(store, "activity")).retiredGenerations, []);
  });

  test("a name behind --recreate or --adopt that nothing has is refused, with the one that was meant", async () => {
    const store = await registryWith();
    const fails = (options: PlanOptions, message: RegExp) =>
      assert.rejects(plan(store, repository, options), { code: "ASOF_OBJECT_UNKNOWN", exitCode: 2, message });
    await fails({ recreate: ["activty"] }, /no feature view "activty" to recreate\. Did you mean "activity"\?/);
    await fails({ adopt: ["churn_v1", "nothing_of_it"] }, /no object "nothing_of_it" to adopt\. Known are: .*churn_v1/);
    assert.equal((await plan(store, repository, { recreate: ["activity"], adopt: ["churn_v1"] })).entries.length, 0);
  });

  test("going back to the definition of a version that is kept makes none; another change builds beside the same active one", async () => {
    const store = await registryWith();
    await materialize(store, "activity", ["spend_30d"]);
    await apply(store, widerWindow, { recreate: true });
    await apply(store, repositoryWith({ activity: { separableUs: 5_000_000 } }), { recreate: true });
    const rebuilt = await stateOf(store, "activity");
    assert.deepEqual([rebuilt.activeGeneration, rebuilt.keptGenerations, rebuilt.retiredGenerations], [1, [1, 3], [2]]);
    const back = await apply(store, repository);
    assert.deepEqual(
      [entryOf(back, "activity").implies.online, entryOf(back, "activity").implies.versions],
      ["keep", { active: 0, next: 0 }],
    );
    const kept = await stateOf(store, "activity");
    assert.deepEqual(
      [kept.activeGeneration, kept.registeredGeneration, kept.keptGenerations, kept.retiredGenerations, kept.replaceWhenReady],
      [1, 1, [1], [2, 3], false],
    );
    assert.equal(kept.coverage.get(1)?.size, 1);
  });

  test("going back to a version that is not active keeps the active one active", async () => {
    const store = await registryWith();
    await materialize(store, "activity", ["spend_30d"]);
    await apply(store, widerWindow);
    await materialize(store, "activity", ["spend_30d"]);
    await updateViewState(store, "shop", "activity", (s) => activateGeneration(s, 2), clock);
    const back = await apply(store, repository);
    assert.deepEqual(entryOf(back, "activity").implies.versions, { active: 1, next: 0 });
    const state = await stateOf(store, "activity");
    assert.deepEqual([state.activeGeneration, state.registeredGeneration, state.keptGenerations], [2, 1, [1, 2]]);
    const wider = widerWindow.views.find((v) => v.name === "activity");
    assert.deepEqual(await definitionOf(store, "activity@v1"), wider, "what is active has its definition");
  });

  test("a name that stored rows still hold cannot come back in place", async () => {
    const store = await registryWith(repositoryWith({ service: () => null }));
    await materialize(store, "churn", ["tenure", "charges"]);
    await apply(store, repositoryWith({ churn: { features: churn.features.slice(0, 1) }, service: () => null }));
    const made = await plan(
      store,
      repositoryWith({ churn: { features: [...churn.features.slice(0, 1), plainFeature("charges", float64)] }, service: () => null }),
    );
    assert.equal(entryOf(made, "churn").implies.online, "new_version");
  });

  test("a source that moves changes its views; a column that a plain view does not use does not", async () => {
    const store = await registryWith();
    await materialize(store, "churn", ["tenure"]);
    const moved = await plan(store, repositoryWith({ profiles: { ...profiles, paths: ["new/*.csv"] } }));
    assert.deepEqual(entryOf(moved, "churn").implies.versions, { active: 0, next: 1 });
    assert.deepEqual(
      entryOf(moved, "churn").differences.map((d) => d.path),
      ["source.fingerprint"],
    );
    assert.deepEqual(entryOf(moved, "profiles").implies.services, ["churn_v1"]);
    const wider = await apply(
      store,
      repositoryWith({ profiles: { ...profiles, columns: [...profiles.columns, column("extra", string)] } }),
    );
    assert.deepEqual(
      wider.entries.map((e) => [e.name, e.differences.map((d) => d.path)]),
      [["profiles", ["columns.extra"]]],
    );
  });

  test("another key of the entity changes every view on it", async () => {
    const store = await registryWith();
    const made = await plan(store, repositoryWith({ customer: { ...customer, keys: [column("customer_id", string, false)] } }));
    assert.deepEqual(
      made.entries.map((e) => e.name),
      ["customer", "activity", "churn"],
    );
    assert.equal(entryOf(made, "churn").implies.online, "restart");
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

function strip(source: typeof baskets): Omit<typeof baskets, "type" | "paths" | "hive" | "csv"> {
  const { type: _type, paths: _paths, hive: _hive, csv: _csv, ...base } = source;
  return base;
}
