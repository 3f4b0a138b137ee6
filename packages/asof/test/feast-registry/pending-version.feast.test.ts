import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  activateGeneration,
  applyDefinitions,
  collectDefinitions,
  decodeViewState,
  entity,
  featureService,
  featureView,
  float32,
  float64,
  int64,
  parquet,
  recordCoverage,
  repositoryFromSnapshot,
  string,
  systemClock,
  updateViewState,
  type ViewState,
  viewStateKey,
} from "@asof/core";
import type { FeastRegistryStore } from "@asof/feast";
import type { FeastProcess } from "@asof/testkit";
import { temporaryFolder } from "../command/command.test.support.ts";
import { listByFeast, sharedRegistries, shopYaml, startFeast } from "./feast-repo.test.support.ts";

/** The first definition and one with another type of a column, which is another meaning and so a version. */
function defineShop(version: 0 | 1) {
  const customer = entity("customer", { key: { customer_id: int64() } });
  const source = { path: "data/profiles.parquet", eventTime: "at" };
  const view = { entities: [customer], ttl: "30d" } as const;
  const narrow = { spend: float32(), city: string() };
  const wide = { spend: float64(), city: string(), visits: int64() };
  const profile =
    version === 0
      ? featureView("profile", { ...view, source: parquet("profiles", { ...source, columns: narrow }) }, narrow)
      : featureView("profile", { ...view, source: parquet("profiles", { ...source, columns: wide }) }, wide);
  return collectDefinitions([{ customer, profile, churn: featureService("churn", [profile]) }], "shop");
}

const day = 86_400_000_000;
const start = Date.UTC(2026, 0, 1) * 1000;

for (const shared of sharedRegistries) {
  const folder = temporaryFolder({ after });
  const open = () => shared.open(folder, { sharedOnlineStore: true });
  let feast: FeastProcess;

  before(async () => {
    feast = await startFeast(folder, { "feature_store.yaml": shopYaml(shared) });
  });
  after(() => feast[Symbol.asyncDispose]());

  const apply = async (version: 0 | 1): Promise<string> => {
    await using registry = await open();
    return (await applyDefinitions(registry, defineShop(version), "shop", {}, systemClock)).outcome.status;
  };
  const change = async (next: (state: ViewState) => ViewState): Promise<void> => {
    await using registry = await open();
    await updateViewState(registry, "shop", "profile", next, systemClock);
  };
  const stateIn = async (registry: FeastRegistryStore): Promise<ViewState> => {
    const [record] = await registry.read([viewStateKey("shop", "profile")]);
    return decodeViewState(record?.spec ?? null, "profile");
  };
  /** What Feast finds: types of the view, of its copy in the service, its number and how far it is materialized. */
  const seenByFeast = async () => {
    const found = await listByFeast(feast, "feature_store.yaml", "shop");
    const view = found.feature_view?.profile as {
      readonly spec: { readonly features: readonly Field[] };
      readonly meta: {
        readonly currentVersionNumber?: number;
        readonly materializationIntervals?: readonly { readonly endTime: string }[];
      };
    };
    const service = found.feature_service?.churn?.spec as { readonly features: readonly { readonly featureColumns: readonly Field[] }[] };
    const typesOf = (fields: readonly Field[]) => fields.map((field) => `${field.name} ${field.valueType}`);
    return {
      view: typesOf(view.spec.features),
      service: typesOf(service.features[0]?.featureColumns ?? []),
      version: view.meta.currentVersionNumber ?? 0,
      ends: (view.meta.materializationIntervals ?? []).map((interval) => interval.endTime),
    };
  };
  const versionsInFeast = () =>
    feast.run(`
registry = open_store("feature_store.yaml").registry
found = {}
for record in registry.list_feature_view_versions("profile", "shop"):
    number = record["version_number"]
    found[number] = [f.name + " " + f.dtype.to_value_type().name for f in registry.get_feature_view_by_version("profile", "shop", number).features]
reply(found)`);
  const v0 = ["spend FLOAT", "city STRING"];
  const v1 = ["spend DOUBLE", "city STRING", "visits INT64"];

  describe(`a version that is not active yet, ${shared.name}`, () => {
    test("stands in Feast's history, and its view stays what is served", async () => {
      await apply(0);
      await change((state) => recordCoverage(state, 1, ["spend", "city"], { fromUs: start, toUs: start + day }));
      assert.equal(await apply(1), "applied");
      assert.deepEqual(await seenByFeast(), { view: v0, service: v0, version: 0, ends: ["2026-01-02T00:00:00Z"] });
      assert.deepEqual(await versionsInFeast(), { 0: v0, 1: v1 });
    });

    test("is left as it is by what Feast materializes of the served one", async () => {
      await feast.run(`
from datetime import datetime, timezone
registry = open_store("feature_store.yaml").registry
view = registry.get_feature_view("profile", "shop")
registry.apply_materialization(view, "shop", datetime(2026, 1, 2, tzinfo=timezone.utc), datetime(2026, 1, 4, tzinfo=timezone.utc))
reply(True)`);
      {
        await using registry = await open();
        const state = await stateIn(registry);
        assert.deepEqual([state.activeGeneration, state.registeredGeneration], [1, 2]);
        assert.equal(state.coverage.get(1)?.get("city")?.toUs, start + 3 * day);
        assert.equal(state.coverage.get(2), undefined);
      }
      assert.equal(await apply(1), "unchanged");
    });

    test("waits beside what Feast redefines, and is there again when it is applied", async () => {
      await feast.run(`
store = open_store("feature_store.yaml")
view = store.registry.get_feature_view("profile", "shop"); view.description = "seen by Feast"; store.apply([view])
reply(True)`);
      {
        await using registry = await open();
        const state = await stateIn(registry);
        assert.deepEqual([state.activeGeneration, state.registeredGeneration, state.keptGenerations], [1, 1, [1, 2]]);
        const [view] = repositoryFromSnapshot(await registry.snapshot("shop"), "shop").views;
        assert.equal(view?.meta.description, "seen by Feast");
        assert.deepEqual(
          view?.features.map((feature) => feature.name),
          ["spend", "city"],
        );
      }
      assert.equal(await apply(1), "applied");
      await using registry = await open();
      const state = await stateIn(registry);
      assert.deepEqual([state.activeGeneration, state.registeredGeneration, state.lastGeneration], [1, 2, 2]);
      assert.deepEqual((await seenByFeast()).view, v0);
    });

    test("becomes Feast's view when it is activated, with its own intervals", async () => {
      await change((state) => recordCoverage(state, 2, ["spend", "city", "visits"], { fromUs: start, toUs: start + 2 * day }));
      assert.deepEqual((await seenByFeast()).view, v0);
      await change((state) => activateGeneration(state, 2));
      assert.deepEqual(await seenByFeast(), { view: v1, service: v1, version: 1, ends: ["2026-01-03T00:00:00Z"] });
      assert.equal(await apply(1), "unchanged");
      await change((state) => activateGeneration(state, 1));
      assert.deepEqual(await seenByFeast(), { view: v0, service: v0, version: 0, ends: ["2026-01-04T00:00:00Z"] });
      assert.deepEqual(await versionsInFeast(), { 0: v0, 1: v1 });
    });
  });
}

interface Field {
  readonly name: string;
  readonly valueType: string;
}
