/** Feast 0.67 with `enable_online_feature_view_versioning`: each version of a view has a table of its own, and both read the one that is served. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  collectDefinitions,
  decodeViewState,
  entity,
  featureView,
  float32,
  int64,
  parquet,
  type RepositoryModel,
  repositoryFromSnapshot,
  type ViewState,
  viewStateKey,
} from "@asof/core";
import type { FeastProcess } from "@asof/testkit";
import type { FeatureStore } from "../../src/store/feature-store.ts";
import { openFeatureStore } from "../../src/store/open.ts";
import { temporaryFolder } from "../command/command.test.support.ts";
import { askAsof } from "../feast/recorded-answers.test.support.ts";
import { type SharedRegistry, sharedRegistries, startFeast } from "./feast-repo.test.support.ts";

const day = 86_400_000_000;
const now = Date.UTC(2026, 0, 10) * 1000;
const use = { sharedOnlineStore: true, onlineVersioning: true };

const applied = `
from datetime import datetime, timedelta, timezone
import pandas as pd
from feast import Entity, FeatureView, Field, FileSource, Project, ValueType
from feast.types import Float64, Int64

now = datetime(2026, 1, 10, tzinfo=timezone.utc)
# One row is older than what is materialized at first.
times = [now, now - timedelta(days=3)]
pd.DataFrame({"uid": [1, 2], "spend": [1.5, 2.5], "age": [7, 8], "event_timestamp": times}).to_parquet("data/stats.parquet")
user = Entity(name="user", join_keys=["uid"], value_type=ValueType.INT64)
source = FileSource(name="stats", path="data/stats.parquet", timestamp_field="event_timestamp")

def view(*names):
    schema = [Field(name="spend", dtype=Float64), *(Field(name=name, dtype=Int64) for name in names)]
    return FeatureView(name="spending", entities=[user], source=source, ttl=timedelta(days=900), schema=schema)

def apply(view):
    open_store("feature_store.yaml").apply([view])

def materialize(days):
    open_store("feature_store.yaml").materialize(now - timedelta(days=days), now, feature_views=["spending"])

def ask():
    answer = open_store("feature_store.yaml").get_online_features(["spending:spend"], [{"uid": 1}, {"uid": 2}]).to_dict()
    return answer["spend"]

open_store("feature_store.yaml").apply([Project(name="shop"), user, source, view()])
materialize(1)
reply(True)
`;

/** The view with another type of a feature, which is another meaning and so another version. */
function narrowed(): RepositoryModel {
  const user = entity("user", { key: { uid: int64() } });
  const columns = { spend: float32(), age: int64() };
  const source = parquet("stats", { path: "data/stats.parquet", eventTime: "event_timestamp", columns });
  return collectDefinitions(
    [{ user, source, spending: featureView("spending", { entities: [user], source, ttl: "900d" }, columns) }],
    "shop",
  );
}

for (const shared of sharedRegistries) {
  describe(`tables of versions, ${shared.name}`, () => {
    const folder = temporaryFolder({ after });
    let feast: FeastProcess;
    before(async () => {
      mkdirSync(join(folder, "data"));
      feast = await startFeast(folder, { "feature_store.yaml": yamlOf(shared) });
      await feast.run(applied);
    });
    after(() => feast[Symbol.asyncDispose]());

    const registered = async (): Promise<{ readonly model: RepositoryModel; readonly state: ViewState }> => {
      await using registry = await shared.open(folder, use);
      const [record] = await registry.read([viewStateKey("shop", "spending")]);
      const state = decodeViewState(record?.spec ?? null, "spending");
      return { model: repositoryFromSnapshot(await registry.snapshot("shop"), "shop"), state };
    };
    const withStore = async <T>(run: (store: FeatureStore) => Promise<T>, model?: RepositoryModel): Promise<T> => {
      await using store = await openFeatureStore({ repo: folder, definitions: model ?? (await registered()).model, environment: {} });
      return await run(store);
    };
    const generations = async () => {
      const { activeGeneration, registeredGeneration, keptGenerations, coverage } = (await registered()).state;
      return [activeGeneration, registeredGeneration, keptGenerations, [...coverage].flatMap(([g, of]) => (of.size > 0 ? [g] : []))];
    };
    const answersOfBoth = async () => {
      const request = { features: ["spending:spend"], entities: { uid: [1, 2] } };
      const asof = (await withStore((store) => askAsof(store, request))).to_dict?.spend;
      return [asof, await feast.run("reply(ask())")];
    };
    const assertBoth = async (expected: readonly unknown[]) => assert.deepEqual(await answersOfBoth(), [expected, expected]);

    test("a version that Feast made and did not fill is served empty by both, and asof does not take it for filled", async () => {
      await feast.run('apply(view("age")); reply(True)');
      assert.deepEqual(await generations(), [2, 2, [2], []]);
      await assertBoth([null, null]);
      const outcome = await withStore(({ session }) =>
        session.materialize({ mode: "incremental", views: ["spending"], startUs: null, endUs: now }),
      );
      assert.deepEqual(
        outcome.views.map(({ status, written }) => [status, written]),
        [["done", 2]],
      );
      await assertBoth([1.5, 2.5]);
      assert.deepEqual(await generations(), [2, 2, [2], [2]]);
    });

    test("asof follows Feast to the next one too, and what Feast materializes of it counts", async () => {
      await feast.run('apply(view("age", "more")); reply(True)');
      assert.deepEqual(await generations(), [3, 3, [2, 3], [2]]);
      await assertBoth([null, null]);
      await feast.run(`
frame = pd.read_parquet("data/stats.parquet"); frame["more"] = [1, 2]; frame.to_parquet("data/stats.parquet")
materialize(1); reply(True)`);
      const { state } = await registered();
      assert.deepEqual(state.coverage.get(3)?.get("spend"), { fromUs: now - day, toUs: now });
      await assertBoth([1.5, null]);
    });

    test("a version of asof's gets a number, and so a table, that Feast gave to none", async () => {
      await withStore(async ({ session }) => session.apply(await session.plan({ adopt: true })), narrowed());
      assert.deepEqual(await generations(), [3, 4, [2, 3, 4], [2, 3]]);
      await assertBoth([1.5, null]);
      const refused = withStore(({ session }) => session.activate("spending", 3), narrowed());
      await assert.rejects(refused, { code: "ASOF_VERSION_NOT_READY" });
    });

    test("where Feast goes over to it, nothing of the former one counts as its own", async () => {
      await feast.run(`
store = open_store("feature_store.yaml")
pinned = store.get_feature_view("spending"); pinned.version = "v3"
store.apply([pinned])
reply(True)`);
      assert.deepEqual(await generations(), [4, 4, [2, 3, 4], [2, 3]]);
      await withStore(({ session }) => session.materialize({ mode: "interval", views: ["spending"], startUs: null, endUs: now }));
      await assertBoth([1.5, 2.5]);
      await withStore(({ session }) => session.activate("spending", 2, { force: true }));
      await assertBoth([1.5, null]);
      assert.deepEqual(await generations(), [3, 4, [2, 3, 4], [2, 3, 4]]);
    });
  });
}

function yamlOf(shared: SharedRegistry): string {
  const registry = shared.name === "file" ? "registry:\n  path: data/registry.pb" : shared.yaml;
  return `project: shop
provider: local
${registry}
  enable_online_feature_view_versioning: true
online_store: { type: sqlite, path: data/online.db }
offline_store: { type: dask }
entity_key_serialization_version: 3
`;
}
