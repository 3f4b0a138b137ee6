import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sample } from "@asof/testkit";
import type { PlainViewModel, RepositoryModel, ServiceModel } from "../definition/model.ts";
import type { Clock } from "../platform/clock.ts";
import { openMemoryRegistry } from "../registry/memory-registry.ts";
import { modelsFromSnapshot } from "../registry/models.ts";
import { updateViewState, viewStateKey } from "../registry/update-state.ts";
import { recordCoverage } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import type { RegistryStore } from "../store/registry.ts";
import { applyDefinitions, applyPlan } from "./apply-plan.ts";
import type { Plan, PlanOptions } from "./plan.ts";
import { planChanges } from "./plan-changes.ts";
import { teardownPlan } from "./teardown-plan.ts";

const { churn, column, customer, plainFeature, profiles, repository, repositoryWith, use } = sample;
const clock: Clock = { nowUs: () => 1_000_000 };

/** Marketing's own view on growth's entity and source, and a service over both repositories' views. */
const ranking: PlainViewModel = { ...churn, name: "ranking", features: [plainFeature("charges", sample.type.float64)], meta: {} };
const mailing: ServiceModel = { kind: "service", name: "mailing", views: [use(churn, { features: ["tenure"] }), use(ranking)], meta: {} };
const marketing: RepositoryModel = {
  project: "shop",
  entities: [customer],
  sources: [profiles],
  views: [churn, ranking],
  services: [mailing],
};

async function twoRepositories(): Promise<RegistryStore> {
  const store = openMemoryRegistry();
  await applyDefinitions(store, repository, "growth", {}, clock);
  await applyDefinitions(store, marketing, "marketing", {}, clock);
  return store;
}

const plan = async (store: RegistryStore, model: RepositoryModel, owner: string, options: PlanOptions = {}): Promise<Plan> =>
  planChanges(await store.snapshot("shop"), model, owner, options);

async function ownersOf(store: RegistryStore): Promise<Record<string, string>> {
  const { records } = await store.snapshot("shop");
  return Object.fromEntries(records.filter((r) => r.repository !== "").map((r) => [r.name, r.repository]));
}

describe("two repositories in one project", () => {
  test("what both define alike stays with the first; each deletes only its own", async () => {
    const store = await twoRepositories();
    assert.deepEqual(await ownersOf(store), {
      customer: "growth",
      churn_v1: "growth",
      activity: "growth",
      churn: "growth",
      trend: "growth",
      baskets: "growth",
      profiles: "growth",
      ranking: "marketing",
      mailing: "marketing",
    });
    assert.deepEqual((await plan(store, repository, "growth")).entries, []);
    const made = await plan(store, { ...marketing, views: [churn], services: [] }, "marketing");
    assert.deepEqual(
      made.entries.map((e) => [e.action, e.name]),
      [
        ["deleted", "mailing"],
        ["deleted", "ranking"],
      ],
    );
    await applyPlan(store, made, clock);
    assert.equal(modelsFromSnapshot(await store.snapshot("shop")).views.has("churn"), true);
  });

  test("defining another repository's object otherwise is refused; a copy with another description is left alone", async () => {
    const store = await twoRepositories();
    const redefined = await plan(store, { ...marketing, views: [{ ...churn, ttlUs: null }, ranking] }, "marketing");
    assert.deepEqual(
      redefined.refusals.map((r) => [r.code, r.path, r.value]),
      [["ASOF_NOT_OWNER", "feature_view.churn", "growth"]],
    );
    assert.match(redefined.refusals[0]?.fix ?? "", /--adopt/);
    await assert.rejects(applyPlan(store, redefined, clock), { code: "ASOF_NOT_OWNER" });
    const described = await plan(store, { ...marketing, entities: [{ ...customer, meta: { description: "ours" } }] }, "marketing");
    assert.deepEqual([described.entries, described.refusals.length, described.warnings.map((w) => w.path)], [[], 0, ["entity.customer"]]);
  });

  test("--adopt takes over, all or by name, with or without a change", async () => {
    const store = await twoRepositories();
    const one = await plan(store, marketing, "marketing", { adopt: ["churn"] });
    assert.deepEqual(
      one.entries.map((e) => [e.action, e.name, e.adoptedFrom, e.differences.length]),
      [["changed", "churn", "growth", 0]],
    );
    await applyPlan(store, one, clock);
    assert.equal((await ownersOf(store)).churn, "marketing");
    const all = await plan(store, { ...marketing, views: [{ ...churn, ttlUs: null }, ranking] }, "marketing", { adopt: true });
    assert.deepEqual(
      all.entries.map((e) => [e.name, e.adoptedFrom, e.part]),
      [
        ["customer", "growth", "metadata"],
        ["profiles", "growth", "metadata"],
        ["churn", null, "data"],
      ],
    );
    await applyPlan(store, all, clock);
    const back = await plan(store, repository, "growth");
    assert.deepEqual(
      back.refusals.map((r) => r.path),
      ["feature_view.churn"],
      "the former owner is a guest now",
    );
    assert.equal(back.entries.length, 0, "and does not delete what it no longer manages");
  });

  test("deleting what the other uses is refused with the users", async () => {
    const store = await twoRepositories();
    const made = await plan(store, { ...repository, entities: [], sources: [], views: [], services: [] }, "growth");
    assert.deepEqual(made.refusals.map((r) => [r.code, r.path, r.value]).toSorted(), [
      ["ASOF_IN_USE", "entity.customer", 'feature view "ranking" of repository "marketing"'],
      ["ASOF_IN_USE", "feature_view.churn", 'feature service "mailing" of repository "marketing"'],
      ["ASOF_IN_USE", "source.profiles", 'feature view "ranking" of repository "marketing"'],
    ]);
    await assert.rejects(
      applyPlan(store, made, clock),
      (error: Error) => /3 changes are refused/.test(error.message) && /"mailing"/.test(error.message),
    );
    const teardown = teardownPlan(await store.snapshot("shop"), "shop", "growth");
    assert.equal(teardown.refusals.length, 3);
    assert.ok(!teardown.entries.some((e) => e.kind === "project"), "the project is not empty afterwards");
  });

  test("removing a feature that the other reads is refused, one that it does not read is not", async () => {
    const store = await twoRepositories();
    const without = (name: string) =>
      repositoryWith({ churn: { features: churn.features.filter((f) => f.name !== name) }, service: () => null });
    assert.match(
      (await plan(store, without("tenure"), "growth")).refusals[0]?.message ?? "",
      /"churn:tenure".*"mailing" of repository "marketing"/,
    );
    assert.deepEqual((await plan(store, without("per_month"), "growth")).refusals, []);
  });

  test("a source that changes changes the other's view too: it is written under its own repository, beside what is served", async () => {
    const store = await twoRepositories();
    const moved = repositoryWith({ profiles: { ...profiles, paths: ["new.csv"] } });
    const made = await plan(store, moved, "growth");
    const entry = made.entries.find((e) => e.name === "ranking");
    assert.deepEqual([entry?.action, entry?.repository, entry?.implies.services], ["changed", "marketing", ["mailing"]]);

    await updateViewState(store, "shop", "ranking", (s) => recordCoverage(s, 1, ["charges"], { fromUs: null, toUs: 1 }), clock);
    const beside = await plan(store, moved, "growth");
    assert.deepEqual(beside.entries.find((e) => e.name === "ranking")?.implies.online, "new_version");
    await applyPlan(store, beside, clock);
    const [record] = await store.read([viewStateKey("shop", "ranking")]);
    assert.deepEqual(decodeViewState(record?.spec ?? null, "ranking").keptGenerations, [1, 2]);
    assert.equal((await ownersOf(store)).ranking, "marketing");
    assert.deepEqual((await plan(store, moved, "growth")).entries, [], "then everything is as registered");

    const narrower = repositoryWith({
      profiles: { ...profiles, paths: ["new.csv"], columns: [column("tenure", sample.type.int64)] },
      churn: { features: churn.features.slice(0, 1) },
      service: () => null,
    });
    const lost = await plan(store, narrower, "growth");
    assert.match(
      lost.refusals.find((r) => r.path === "source.profiles.columns")?.message ?? "",
      /loses column "charges", used by feature view "ranking"/,
    );
  });

  test("a project is shared: its description is set by whoever gives one", async () => {
    const store = await twoRepositories();
    const made = await plan(store, marketing, "marketing", { projectDescription: "The shop." });
    assert.deepEqual(
      made.entries.map((e) => [e.action, e.kind, e.part]),
      [["changed", "project", "metadata"]],
    );
    await applyPlan(store, made, clock);
    assert.deepEqual((await plan(store, repository, "growth")).entries, []);
  });
});
