import assert from "node:assert/strict";
import { test } from "node:test";
import { sample } from "@asof/testkit";
import { openMemoryRegistry } from "../registry/memory-registry.ts";
import { updateViewState, viewStateKey } from "../registry/update-state.ts";
import { recordMaterialized } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import { createFeatureRegistry } from "./create-feature-registry.ts";

const { activity, churn, churnService, plainFeature } = sample;
const clock = { nowUs: () => 42 };
const config = { project: "shop", repository: "main" };

test("registers views and services with what they stand on, deletes nothing, and is idempotent", async () => {
  const store = openMemoryRegistry();
  const registry = createFeatureRegistry(store, config, clock);
  assert.deepEqual(await registry.registerFeature(churn), { changed: true });
  assert.deepEqual(await registry.registerFeature(churn), { changed: false });
  await registry.registerFeature(churnService);
  await registry.registerFeature({ ...churn, features: [...churn.features, plainFeature("plan", sample.type.string)] });
  const names = (await store.snapshot("shop")).records.filter((r) => r.repository === "main").map((r) => r.name);
  assert.deepEqual(names.toSorted(), ["activity", "baskets", "churn", "churn_v1", "customer", "profiles", "trend"]);
  await updateViewState(store, "shop", "activity", (s) => recordMaterialized(s, 1), clock);
  assert.deepEqual(await registry.registerFeature({ ...activity, separableUs: 1 }), { changed: true });
  const [state] = await store.read([viewStateKey("shop", "activity")]);
  assert.deepEqual(decodeViewState(state?.spec ?? null, "activity").keptGenerations, [1, 2], "what is materialized stays served");
});

test("lists features with owner, services and repository, by view, service, entity, owner and tag", async () => {
  const registry = createFeatureRegistry(openMemoryRegistry(), config, clock);
  assert.deepEqual(await registry.getFeatures(), []);
  await registry.registerFeature(churnService);
  const all = await registry.getFeatures();
  assert.deepEqual(
    all.map((f) => f.reference),
    ["activity:spend_30d", "activity:coupons_90d", "churn:tenure", "churn:charges", "churn:per_month", "trend:ratio"],
  );
  assert.deepEqual(
    all.find((f) => f.name === "per_month"),
    {
      project: "shop",
      view: "churn",
      name: "per_month",
      reference: "churn:per_month",
      type: { kind: "float64" },
      entities: ["customer"],
      source: "profiles",
      owner: "pricing",
      description: null,
      tags: { tier: "gold" },
      services: ["churn_v1"],
      repository: "main",
      fingerprint: all.find((f) => f.name === "tenure")?.fingerprint,
    },
  );
  const listed = async (filter: Parameters<typeof registry.getFeatures>[0]) => (await registry.getFeatures(filter)).map((f) => f.name);
  assert.deepEqual(await listed({ view: "trend" }), ["ratio"]);
  assert.deepEqual(await listed({ owner: "pricing" }), ["per_month"]);
  assert.deepEqual(await listed({ tags: { tier: "gold" }, owner: "growth" }), ["tenure", "charges"]);
  assert.deepEqual(await listed({ tags: { toString: "x" } }), []);
  assert.deepEqual((await listed({ entity: "customer" })).length, 6, "a request view is about the entities of its inputs");
  assert.deepEqual((await listed({ service: "churn_v1" })).length, 6, "what feeds a request view is used by its services");
  assert.deepEqual(await listed({ service: "none" }), []);
});

test("records lineage once, beside what apply recorded", async () => {
  const store = openMemoryRegistry();
  const registry = createFeatureRegistry(store, config, clock);
  await registry.registerFeature(churn);
  const fact = { from: "feature:churn.tenure", to: "training_set:2026-11", recordedBy: "retrieval", details: { rows: 10 } };
  await registry.recordLineage([fact, fact]);
  const recorded = (await store.listLineage("shop")).filter((e) => e.recordedBy === "retrieval");
  assert.deepEqual(recorded, [{ ...fact, project: "shop", recordedAtUs: 42 }]);
  assert.equal((await store.listLineage("shop")).length, 5);
});
