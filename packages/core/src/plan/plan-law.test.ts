import assert from "node:assert/strict";
import { test } from "node:test";
import { chance, choose, sample, seededRandom, times } from "@asof/testkit";
import type { PlainViewModel, RepositoryModel, RequestViewModel, ServiceModel, WindowedViewModel } from "../definition/model.ts";
import { viewRegistry } from "../flow/registry-view.ts";
import type { Random } from "../platform/random.ts";
import { canonicalJson } from "../registry/canonical-json.ts";
import { encodeDefinition } from "../registry/encode-definition.ts";
import { lineageOfService, lineageOfVersion, lineageOfView } from "../registry/lineage.ts";
import { openMemoryRegistry } from "../registry/memory-registry.ts";
import { modelsFromSnapshot, servedViewOf } from "../registry/models.ts";
import { updateViewState } from "../registry/update-state.ts";
import { activateGeneration, recordCoverage, replaceActive } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import { decodeViewVersion, parseVersion } from "../registry/view-version.ts";
import type { RegistryStore } from "../store/registry.ts";
import { applyPlan } from "./apply-plan.ts";
import { planChanges } from "./plan-changes.ts";
import { objectsOf } from "./write.ts";

const { activity, baskets, churn, column, customer, plainFeature, profiles, trend, use } = sample;
const { float64, int64, int64AsNumber, string } = sample.type;
const clock = { nowUs: () => 1 };

/** Any valid repository near the sample: objects present or not, each part one of a few variants. */
function anyRepository(random: Random): RepositoryModel {
  const entity = { ...customer, keys: [column("customer_id", choose(random, [int64, int64AsNumber, string]), false)] };
  const profileSource = { ...profiles, paths: [choose(random, ["a.csv", "b.csv"])], eventTime: choose(random, ["t", null]) };
  const basketSource = { ...baskets, columns: chance(random, 0.5) ? baskets.columns : [...baskets.columns, column("extra", float64)] };
  const pool = [...churn.features, plainFeature("plan", choose(random, [string, float64]))];
  const kept = pool.filter(() => chance(random, 0.7));
  const churnView: PlainViewModel = {
    ...churn,
    entities: [entity],
    source: profileSource,
    ttlUs: choose(random, [null, 1_000_000]),
    features: kept.length > 0 ? kept : pool.slice(0, 1),
    meta: { owner: choose(random, ["x", "y"]) },
  };
  const activityView: WindowedViewModel = {
    ...activity,
    entities: [entity],
    source: basketSource,
    separableUs: choose(random, [1, 2]),
    features: chance(random, 0.5) ? activity.features : activity.features.slice(0, 1),
  };
  const trendView: RequestViewModel = {
    ...trend,
    inputs: [use(activityView, { features: ["spend_30d"] })],
    source: choose(random, ["f", "g"]),
  };
  const views = [churnView, ...(chance(random, 0.8) ? [activityView, ...(chance(random, 0.5) ? [trendView] : [])] : [])];
  const service: ServiceModel = {
    kind: "service",
    name: "churn_v1",
    views: views.map((view) => use(view, chance(random, 0.5) ? {} : { features: [view.features[0]?.name ?? ""] })),
    meta: {},
  };
  const sources = views.some((v) => v.name === "activity") ? [profileSource, basketSource] : [profileSource];
  return { project: "shop", entities: [entity], sources, views, services: chance(random, 0.7) ? [service] : [] };
}

/** As jobs and people do: some views are materialized, some versions activated. */
async function runJobs(store: RegistryStore, random: Random): Promise<void> {
  for (const record of (await store.snapshot("shop")).records) {
    if (record.kind !== "view_state" || decodeViewState(record.spec, record.name).deleted || chance(random, 0.5)) continue;
    const [isFinished, isActivated] = [chance(random, 0.5), chance(random, 0.3)];
    await updateViewState(
      store,
      "shop",
      record.name,
      (state) => {
        const generation = state.registeredGeneration;
        const features = (state.schemas.get(generation)?.at(-1)?.features ?? []).map((f) => f.name);
        const covered = recordCoverage(state, generation, features, { fromUs: null, toUs: 5 });
        if (isFinished && covered.replaceWhenReady) return replaceActive(covered, { pinned: new Set(), nowUs: 1 });
        return isActivated ? activateGeneration(covered, generation) : covered;
      },
      clock,
    );
  }
}

async function checkRegistered(store: RegistryStore, model: RepositoryModel): Promise<void> {
  const snapshot = await store.snapshot("shop");
  const models = modelsFromSnapshot(snapshot);
  const registered = [...models.entities.values(), ...models.sources.values(), ...models.views.values(), ...models.services.values()];
  const text = (object: Parameters<typeof encodeDefinition>[0]) => canonicalJson({ name: object.name, ...encodeDefinition(object).spec });
  assert.deepEqual(
    registered.map(text).toSorted(),
    objectsOf(model)
      .map((o) => text(o.model))
      .toSorted(),
    "the registry holds what is defined",
  );
  const versions = snapshot.records.flatMap((record) => {
    if (record.kind !== "view_version") return [];
    const { view, version } = parseVersion(record.name);
    return lineageOfVersion(servedViewOf(view, decodeViewVersion(record.name, record.spec)), version ?? -1);
  });
  const derived = [...model.views.flatMap(lineageOfView), ...model.services.flatMap(lineageOfService), ...versions];
  const edges = derived.map((e) => `${e.from} ${e.to}`);
  assert.deepEqual(
    (await store.listLineage("shop")).map((e) => `${e.from} ${e.to}`),
    edges.toSorted(),
    "and its lineage",
  );
}

interface Served {
  readonly generation: number;
  readonly covered: number;
  readonly meaning: string;
  /** The meaning of every version that is kept, by generation. */
  readonly kept: ReadonlyMap<number, string>;
}

/** What is served is never emptied: where reads were answered, they are answered with the same meaning, until another version is activated. */
async function servedMeanings(store: RegistryStore): Promise<ReadonlyMap<string, Served>> {
  const { views, versions, states } = viewRegistry("shop", await store.snapshot("shop"));
  const meaningOf = (model: PlainViewModel | WindowedViewModel): string => encodeDefinition(model).dataFingerprint;
  return new Map(
    [...views].map(([name, { model, online, coverage }]) => {
      const kept = new Map([...(versions.get(name)?.values() ?? [])].map((v) => [v.online.generation, meaningOf(v.model)]));
      assert.deepEqual([...kept.keys()], states.get(name)?.keptGenerations, "every version that is kept has its definition");
      return [name, { generation: online.generation, covered: coverage.size, meaning: meaningOf(model), kept }];
    }),
  );
}

test("whatever the repository was: the plan applied gives what is defined, planned again gives nothing, and what is served stays served", async (t) => {
  const seen = { applied: 0, refused: 0, recreated: 0, version: 0, restart: 0, keep: 0, back: 0, inPlace: 0, deleted: 0 };
  for (const seed of times(150, (i) => i)) {
    const random = seededRandom(`plan ${seed}`);
    const store = openMemoryRegistry();
    let former: RepositoryModel | null = null;
    let current: RepositoryModel | null = null;
    for (let step = 0; step < 6; step++) {
      // Going back to what was applied before the last change is what people do.
      const model: RepositoryModel = former !== null && chance(random, 0.2) ? former : anyRepository(random);
      const snapshot = await store.snapshot("shop");
      const before = await servedMeanings(store);
      const plan = planChanges(snapshot, model, "main", { recreate: chance(random, 0.4) });
      if (plan.refusals.length > 0) {
        seen.refused++;
        await assert.rejects(applyPlan(store, plan, clock));
        assert.deepEqual(await store.snapshot("shop"), snapshot, `seed ${seed}: a refused plan changes nothing`);
        continue;
      }
      await applyPlan(store, plan, clock);
      seen.applied++;
      [former, current] = [current, model];
      await checkRegistered(store, model);
      const again = planChanges(await store.snapshot("shop"), model, "main");
      assert.deepEqual([again.entries, again.refusals], [[], []], `seed ${seed}, step ${step}: nothing is left to do`);
      const after = await servedMeanings(store);
      for (const [name, was] of before) {
        const is = after.get(name);
        const online = plan.entries.find((e) => e.kind === "feature_view" && e.name === name)?.implies.online;
        if (is === undefined) assert.equal(online, "remove");
        else if (was.covered > 0)
          assert.equal(is.generation, was.generation, `seed ${seed}, step ${step}: ${name} was served and still is`);
        if (online !== "rebuild" && online !== "new_version" && online !== "keep") continue;
        assert.equal(is?.meaning, was.meaning, `seed ${seed}, step ${step}: ${name} keeps its meaning until another version is activated`);
        for (const [generation, meaning] of is?.kept ?? []) {
          if (was.kept.has(generation)) assert.equal(meaning, was.kept.get(generation), `seed ${seed}, step ${step}: so does each version`);
        }
      }
      for (const { action, implies } of plan.entries) {
        if (action === "recreated") seen.recreated++;
        if (action === "deleted") seen.deleted++;
        if (implies.online === "restart") seen.restart++;
        if (implies.online === "new_version") seen.version++;
        if (implies.online === "keep") implies.versions?.active === implies.versions?.next ? seen.keep++ : seen.back++;
        if (action === "changed" && implies.online === "add_features") seen.inPlace++;
      }
      await runJobs(store, random);
    }
  }
  t.diagnostic(
    `plan outcomes: ${Object.entries(seen)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ")}`,
  );
  for (const [name, count] of Object.entries(seen)) assert.ok(count >= 5, `${name} came up only ${count} times`);
});
