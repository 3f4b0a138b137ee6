import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sample } from "@asof/testkit";
import type { PushSourceModel, RepositoryModel } from "../definition/model.ts";
import { openMemoryRegistry } from "../registry/memory-registry.ts";
import { recordIngest } from "../registry/source-state.ts";
import { updateSourceState, updateViewState } from "../registry/update-state.ts";
import { activateGeneration, forgetGenerations, recordCoverage, replaceActive } from "../registry/view-state.ts";
import type { RegistryStore } from "../store/registry.ts";
import { apply, clock, definitionOf, entryOf, materialize, plan, registryWith, stateOf, widerWindow } from "./plan.test.support.ts";
import type { PlanOptions } from "./plan.ts";

const { activity, baskets, churn, column, customer, plainFeature, profiles, repository, repositoryWith, use } = sample;
const { float64, string } = sample.type;

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
      (await plan(pinned, byNumber(repositoryWith({})))).refusals.map((r) => [r.code, r.path, r.value]),
      [["ASOF_VERSION_UNKNOWN", "feature_view.activity", 1]],
    );
    await apply(pinned, byNumber(widerWindow));
    await apply(pinned, byNumber(narrower));
    assert.deepEqual((await stateOf(pinned, "activity")).keptGenerations, [1, 2, 3]);
    const edges = (await pinned.listLineage("shop")).map((e) => `${e.from} ${e.to}`);
    assert.ok(
      edges.includes("source:baskets.spend feature:activity@v1.spend_30d") &&
        edges.includes("feature:activity@v1.spend_30d service:by_number"),
    );
  });

  test("a version may be referred to by the plan that makes it, and is the same as if it had been there before", async () => {
    const byNumber = (change: Partial<typeof activity>, version: number): RepositoryModel => ({
      ...repositoryWith({ activity: change }),
      services: [{ kind: "service", name: "by_number", views: [{ ...use(activity, { features: ["spend_30d"] }), version }], meta: {} }],
    });
    const fresh = openMemoryRegistry();
    await apply(fresh, byNumber({}, 0));
    assert.deepEqual((await stateOf(fresh, "activity")).keptGenerations, [1]);
    assert.deepEqual(
      (await plan(fresh, byNumber({ separableUs: 5_000_000 }, 2))).refusals.map((r) => [r.code, r.value]),
      [["ASOF_VERSION_UNKNOWN", 2]],
    );
    const [atOnce, inTwo] = [await registryWith(), await registryWith()];
    for (const store of [atOnce, inTwo]) await materialize(store, "activity", ["spend_30d"]);
    await apply(inTwo, repositoryWith({ activity: { separableUs: 5_000_000 } }));
    for (const store of [atOnce, inTwo]) await apply(store, byNumber({ separableUs: 5_000_000 }, 1));
    const of = async (store: RegistryStore) => [await stateOf(store, "activity"), await store.listLineage("shop")];
    assert.deepEqual(await of(atOnce), await of(inTwo));
    assert.deepEqual((await stateOf(atOnce, "activity")).keptGenerations, [1, 2]);
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

function strip(source: typeof baskets): Omit<typeof baskets, "type" | "paths" | "hive" | "csv"> {
  const { type: _type, paths: _paths, hive: _hive, csv: _csv, ...base } = source;
  return base;
}
