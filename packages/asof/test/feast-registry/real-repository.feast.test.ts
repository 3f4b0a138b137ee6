/** What repositories of Feast's hold beside the tidy case, with the real SDK: names as it gives them, views that asof leaves out, twins of Python's views. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  applyDefinitions,
  collectDefinitions,
  decodeViewState,
  entity,
  featureService,
  featureView,
  float64,
  int64,
  parquet,
  type RepositoryModel,
  repositoryFromSnapshot,
  requestView,
  systemClock,
  viewStateKey,
} from "@asof/core";
import type { FeastProcess } from "@asof/testkit";
import { openFeatureStore } from "../../src/store/open.ts";
import { runAsof, temporaryFolder } from "../command/command.test.support.ts";
import { askAsof } from "../feast/recorded-answers.test.support.ts";
import { type FeastListing, listByFeast, type SharedRegistry, sharedRegistries, startFeast } from "./feast-repo.test.support.ts";

/** Python finds the source of functions in files only. */
const features = `
from datetime import timedelta
from feast import BatchFeatureView, Entity, FeatureService, FeatureView, Field, FileSource, Project, RequestSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Decimal, Float64, Json

user = Entity(name="der Nutzer", join_keys=["uid"], value_type=ValueType.INT64)
source = FileSource(path="data/user stats.parquet", timestamp_field="event_timestamp")
spending = FeatureView(name="spending", entities=[user], ttl=timedelta(days=900), source=source, schema=[Field(name="spend", dtype=Float64)])
# asof has no decimals without a scale, so it has none of this view.
exact = FeatureView(name="exact", entities=[user], source=source, schema=[Field(name="note", dtype=Json), Field(name="price", dtype=Decimal)])
extra = RequestSource(name="extra", schema=[Field(name="more", dtype=Float64)])

@on_demand_feature_view(sources=[spending, extra], schema=[Field(name="total", dtype=Float64)], mode="python")
def total(inputs):
    return {"total": [(s or 0) + m for s, m in zip(inputs["spend"], inputs["more"])]}

computed = BatchFeatureView(name="computed", entities=[user], source=source, schema=[Field(name="spend", dtype=Float64)], mode="python", udf=lambda df: df, udf_string="identity")
both = FeatureService(name="model a/b", features=[spending, total])
ALL = [Project(name="shop"), user, source, spending, exact, extra, total, computed, both]
`;

const applied = `
from datetime import datetime, timedelta
import pandas as pd

def ask(request):
    store = open_store("feature_store.yaml")
    try:
        features = store.get_feature_service(request["feature_service"]) if "feature_service" in request else request["features"]
        return {"to_dict": store.get_online_features(features, request["entities"]).to_dict(include_event_timestamps=True)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}

now = datetime(2026, 1, 10)
pd.DataFrame({"uid": [1, 2], "spend": [1.5, 2.5], "note": ["{}", "{}"], "event_timestamp": [now, now]}).to_parquet("data/user stats.parquet")
sys.path.insert(0, ".")
import features
store = open_store("feature_store.yaml")
store.apply(features.ALL)
store.materialize(now - timedelta(days=1), now, feature_views=["spending"])
reply(True)
`;

/** The repository's definitions in TypeScript, with Python's two views written anew under their names. */
function rewritten(): RepositoryModel {
  const user = entity("der Nutzer", { key: { uid: int64() } });
  const source = parquet("data/user stats.parquet", {
    path: "data/user stats.parquet",
    eventTime: "event_timestamp",
    columns: { spend: float64() },
  });
  const spending = featureView("spending", { entities: [user], source, ttl: "900d" }, { spend: float64() });
  const total = requestView(
    "total",
    { inputs: [spending], request: { more: float64() } },
    { total: float64() },
    ({ spending, request }) => ({
      total: (spending.spend ?? 0) + request.more,
    }),
  );
  const computed = featureView("computed", { entities: [user], source }, { spend: float64() });
  const both = featureService("model a/b", [spending, total], { owner: "ml@shop" });
  return collectDefinitions([{ user, source, spending, total, computed, both }], "shop");
}

function withoutService(listing: FeastListing): FeastListing {
  return { ...listing, feature_service: {} };
}

for (const shared of sharedRegistries) {
  describe(`a repository as teams have it, ${shared.name}`, () => {
    const folder = temporaryFolder({ after });
    let feast: FeastProcess;
    before(async () => {
      mkdirSync(join(folder, "data"));
      feast = await startFeast(folder, { "feature_store.yaml": yamlOf(shared), "features.py": features });
      await feast.run(applied);
    });
    after(() => feast[Symbol.asyncDispose]());

    test("a source that is called by its path, and names of several words, are imported", async () => {
      const ran = await runAsof(["import", "feast", "."], { cwd: folder });
      assert.equal(ran.status, 0, ran.stderr);
      assert.match(ran.stdout, /1 entities, 1 sources, 1 feature views, 0 services/);
      const plan = await runAsof(["plan"], { cwd: folder });
      assert.match(plan.stdout, /^No changes/, plan.stderr);
      const text = readFileSync(join(folder, "features/data-user-stats-parquet.ts"), "utf8");
      assert.match(text, /dataUserStatsParquet = parquet\("data\/user stats\.parquet"/);
      assert.doesNotMatch(text, /note/, "a view that asof leaves out says nothing of the columns");
    });

    test("strict refuses versions that Feast does not serve, in its words", async () => {
      await using store = await openFeatureStore({ repo: folder, definitions: rewritten(), environment: {} });
      const request = { features: ["spending@v0:spend"], entities: { uid: [1] } };
      const [{ statuses: _, ...asof }, sdk] = [await askAsof(store, request), await feast.run("reply(ask(given))", request)];
      assert.deepEqual(asof, sdk);
      assert.match(asof.error ?? "", /ValueError: Version-qualified ref 'spending@v0' not supported/);
    });

    test("Python's views stay in Feast and in its services where TypeScript has them too, and both answer alike", async () => {
      const earlier = await listByFeast(feast, "feature_store.yaml", "shop");
      await using store = await openFeatureStore({ repo: folder, definitions: rewritten(), environment: {} });
      await store.session.apply(await store.session.plan());
      const later = await listByFeast(feast, "feature_store.yaml", "shop");
      assert.deepEqual(withoutService(later), withoutService(earlier));
      const changed = structuredClone(earlier.feature_service) as Record<string, { spec: { owner: string } }>;
      const service = changed["model a/b"];
      assert.ok(service !== undefined);
      service.spec.owner = "ml@shop";
      assert.deepEqual(later.feature_service, changed);
      const request = { feature_service: "model a/b", entities: { uid: [1, 2, 3], more: [10, 20, 30] } };
      const [{ statuses: _, ...asof }, sdk] = [await askAsof(store, request), await feast.run("reply(ask(given))", request)];
      assert.deepEqual(asof, sdk);
      assert.deepEqual(asof.to_dict?.total, [11.5, 22.5, 30]);
    });

    test("what Feast then changes beside does not take asof's views away", async () => {
      await feast.run(`
store = open_store("feature_store.yaml")
view = store.get_feature_view("spending")
view.description = "changed by Feast"
store.apply([view])
service = store.get_feature_service("model a/b")
service.tags = {"by": "Feast"}
store.apply([service])
reply(True)`);
      await using registry = await shared.open(folder);
      const model = repositoryFromSnapshot(await registry.snapshot("shop"), "shop");
      assert.deepEqual(
        model.views.map((view) => `${view.name} ${view.form}`),
        ["computed plain", "spending plain", "total request"],
      );
      const [service] = model.services;
      assert.deepEqual(
        service?.views.map((view) => view.name),
        ["spending", "total"],
      );
      assert.deepEqual(service?.meta, { owner: "ml@shop", tags: { by: "Feast" } });
      const { plan } = await applyDefinitions(registry, rewritten(), "shop", {}, systemClock);
      assert.deepEqual(
        plan.entries.map((entry) => `${entry.action} ${entry.kind} ${entry.name}`),
        ["changed feature_view spending", "changed feature_service model a/b"],
      );
    });

    test("what Feast materializes into its own table covers nothing of a version that has another one", async () => {
      const source = parquet("fresh source", {
        path: "data/user stats.parquet",
        eventTime: "event_timestamp",
        columns: { spend: float64() },
      });
      const user = entity("der Nutzer", { key: { uid: int64() } });
      const fresh = collectDefinitions([{ fresh: featureView("fresh", { entities: [user], source }, { spend: float64() }) }], "shop");
      await using registry = await shared.open(folder, { sharedOnlineStore: true });
      const apply = () => applyDefinitions(registry, fresh, "fresh", { adopt: true }, systemClock);
      const covered = async (): Promise<boolean> => {
        const [record] = await registry.read([viewStateKey("shop", "fresh")]);
        const state = decodeViewState(record?.spec ?? null, "fresh");
        return (state.coverage.get(state.activeGeneration)?.size ?? 0) > 0;
      };
      const materialize = () =>
        feast.run(`
store = open_store("feature_store.yaml")
# Feast's tables are made by its apply.
store.apply([store.get_feature_view("fresh")])
store.materialize(now - timedelta(days=1), now, feature_views=["fresh"])
reply(True)`);
      await apply();
      await materialize();
      assert.equal(await covered(), true, "the first version has Feast's table");
      await feast.run('open_store("feature_store.yaml").registry.delete_feature_view("fresh", "shop"); reply(True)');
      await apply();
      await materialize();
      assert.equal(await covered(), false, "the second one has not");
    });

    test("a view that Feast disables keeps its definition and its rows", async () => {
      await feast.run(`
store = open_store("feature_store.yaml")
view = store.get_feature_view("spending")
view.enabled = False
# Feast's SQL registry takes a view for unchanged where only this differs.
view.description = "out of use"
store.registry.apply_feature_view(view, "shop")
store.registry.commit()
reply(True)`);
      await using registry = await shared.open(folder);
      const views = repositoryFromSnapshot(await registry.snapshot("shop"), "shop").views;
      assert.ok(views.some((view) => view.name === "spending"));
      const listed = await registry.unsupported("shop");
      assert.equal(listed.find((object) => object.name === "spending")?.why, "it is disabled");
    });
  });
}

function yamlOf(shared: SharedRegistry): string {
  return `project: shop
provider: local
${shared.yaml}
online_store: { type: sqlite, path: data/online.db }
offline_store: { type: dask }
entity_key_serialization_version: 3
feast_compatibility: strict
`;
}
