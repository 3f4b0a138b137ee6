import assert from "node:assert/strict";
import { sample } from "@asof/testkit";
import type { PlainViewModel, RepositoryModel } from "../definition/model.ts";
import type { Clock } from "../platform/clock.ts";
import { openMemoryRegistry } from "../registry/memory-registry.ts";
import { servedViewOf } from "../registry/models.ts";
import { updateViewState, viewStateKey } from "../registry/update-state.ts";
import { recordCoverage, type ViewState } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import { decodeViewVersion, parseVersion } from "../registry/view-version.ts";
import type { RegistryStore } from "../store/registry.ts";
import { applyDefinitions, applyPlan } from "./apply-plan.ts";
import type { Plan, PlanEntry, PlanOptions } from "./plan.ts";
import { planChanges } from "./plan-changes.ts";

const { activity, repository, repositoryWith } = sample;
export const clock: Clock = { nowUs: () => 1_000_000 };
const dayUs = 86_400_000_000;

export async function registryWith(model: RepositoryModel = repository, owner = "main"): Promise<RegistryStore> {
  const store = openMemoryRegistry();
  await applyDefinitions(store, model, owner, {}, clock);
  return store;
}

export const plan = async (store: RegistryStore, model: RepositoryModel, options: PlanOptions = {}, owner = "main"): Promise<Plan> =>
  planChanges(await store.snapshot("shop"), model, owner, options);

export async function apply(store: RegistryStore, model: RepositoryModel, options: PlanOptions = {}, owner = "main"): Promise<Plan> {
  const made = await plan(store, model, options, owner);
  const outcome = await applyPlan(store, made, clock);
  assert.equal(outcome.status, made.entries.length === 0 ? "unchanged" : "applied");
  return made;
}

export function entryOf(made: Plan, name: string): PlanEntry {
  const found = made.entries.find((e) => e.name === name);
  assert.ok(found, `an entry for ${name} in ${made.entries.map((e) => e.name).join(", ")}`);
  return found;
}

export async function stateOf(store: RegistryStore, view: string): Promise<ViewState> {
  const [record] = await store.read([viewStateKey("shop", view)]);
  assert.ok(record);
  return decodeViewState(record.spec, view);
}

/** The definition in a version's record. */
export async function definitionOf(store: RegistryStore, name: string): Promise<unknown> {
  const [record] = await store.read([{ project: "shop", kind: "view_version", name }]);
  return record === null || record === undefined ? null : servedViewOf(parseVersion(name).view, decodeViewVersion(name, record.spec));
}

/** As a job does: the registered generation covers January. */
export async function materialize(store: RegistryStore, view: string, features: readonly string[]): Promise<void> {
  await updateViewState(store, "shop", view, (s) => recordCoverage(s, s.registeredGeneration, features, { fromUs: null, toUs: 10 }), clock);
}

export const widerWindow = repositoryWith({
  activity: {
    features: activity.features.map((f) =>
      f.kind === "aggregate" && f.name === "spend_30d" ? { ...f, aggregate: { ...f.aggregate, windowUs: 60 * dayUs } } : f,
    ),
  },
});

export const churnWith = (...features: PlainViewModel["features"]) => repositoryWith({ churn: { features } });
