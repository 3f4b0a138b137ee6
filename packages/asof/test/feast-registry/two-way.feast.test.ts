import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  applyDefinitions,
  decodeViewState,
  type RepositoryModel,
  recordCoverage,
  repositoryFromSnapshot,
  systemClock,
  updateViewState,
  viewStateKey,
} from "@asof/core";
import type { FeastUse } from "@asof/feast";
import type { FeastProcess } from "@asof/testkit";
import { applyFeastRepo, copyFeastRepo, listByFeast, sharedRegistries, startFeast } from "./feast-repo.test.support.ts";

const names = (objects: readonly { readonly name: string }[]): readonly string[] => objects.map((object) => object.name);

for (const shared of sharedRegistries) {
  const folder = mkdtempSync(join(tmpdir(), `asof-feast-${shared.name}-`));
  const open = (use?: Partial<FeastUse>) => shared.open(folder, use);
  let feast: FeastProcess;

  before(async () => {
    copyFeastRepo(folder, shared);
    feast = await startFeast(folder);
    await applyFeastRepo(feast);
  });
  after(async () => {
    await feast[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const definitions = async (): Promise<RepositoryModel> => {
    await using registry = await open();
    return repositoryFromSnapshot(await registry.snapshot("compat"), "compat");
  };

  describe(`a registry of Feast's, ${shared.name}`, () => {
    test("is opened as Feast left it, and what asof cannot run is listed", async () => {
      await using registry = await open();
      const model = repositoryFromSnapshot(await registry.snapshot("compat"), "compat");
      assert.deepEqual(names(model.entities), ["customer", "driver"]);
      assert.deepEqual(names(model.sources), ["driver_src", "global_src", "trips_push", "trips_src"]);
      assert.deepEqual(names(model.views), ["driver_stats", "global_stats", "trip_totals"]);
      assert.deepEqual(names(model.services), ["mapped_service"]);
      const listed = (await registry.unsupported("compat")).map(({ kind, name }) => `${kind} ${name}`);
      assert.deepEqual(listed, [
        "data_source clicks_kafka",
        "data_source req",
        "feature_service driver_service",
        "on_demand_feature_view boosted",
        "on_demand_feature_view plus",
        "permission reader",
        "stream_feature_view click_agg",
      ]);
    });

    test("plans as no change what was read from it", async () => {
      await using registry = await open();
      const { outcome } = await applyDefinitions(registry, await definitions(), "compat", {}, systemClock);
      assert.equal(outcome.status, "unchanged");
    });

    test("one object that asof changes is the only one that Feast finds changed", async () => {
      const earlier = await listByFeast(feast);
      const model = await definitions();
      const views = model.views.map((view) =>
        view.name === "driver_stats" ? { ...view, meta: { ...view.meta, description: "changed by asof" } } : view,
      );
      {
        await using registry = await open();
        const { plan } = await applyDefinitions(registry, { ...model, views }, "compat", {}, systemClock);
        assert.deepEqual(
          plan.entries.map((entry) => `${entry.action} ${entry.kind} ${entry.name}`),
          ["changed feature_view driver_stats"],
        );
      }
      const later = await listByFeast(feast);
      const changed = structuredClone(earlier) as Record<string, Record<string, { spec: { description: string } }>>;
      const spec = changed.feature_view?.driver_stats?.spec;
      assert.ok(spec !== undefined);
      spec.description = "changed by asof";
      assert.deepEqual(later, changed);
    });

    test("what Feast changes beside is seen, under a new version, and asof's own records survive Feast's writing", async () => {
      const job = {
        id: "1",
        project: "compat",
        kind: "materialize",
        status: "running",
        parameters: {},
        progress: {},
        error: null,
      } as const;
      await using registry = await open();
      await registry.putJob({ ...job, startedAtUs: 1, updatedAtUs: 1, finishedAtUs: null, owner: "host:1" });
      const earlier = await registry.versions();
      await feast.run(`
store, m = open_repo("feature_store.yaml")
from datetime import timedelta
keys = [feast.Field(name="driver_id", dtype=feast.types.Int64), feast.Field(name="customer_id", dtype=feast.types.String)]
totals = feast.FeatureView(name="trip_totals", entities=[m.driver, m.customer], ttl=timedelta(hours=1), source=m.trips_push,
                           schema=[*keys, feast.Field(name="n", dtype=feast.types.Int64)], tags={"kind": "changed by Feast"})
store.apply([totals, feast.Entity(name="shop", join_keys=["shop_id"], value_type=feast.ValueType.STRING)])
store.registry.delete_feature_service("mapped_service", "compat")
reply(True)`);
      const later = await registry.versions();
      assert.ok(later.version > earlier.version && later.definitionsVersion > earlier.definitionsVersion);
      const model = repositoryFromSnapshot(await registry.snapshot("compat"), "compat");
      assert.deepEqual(names(model.entities), ["customer", "driver", "shop"]);
      assert.deepEqual(names(model.services), []);
      const totals = model.views.find((view) => view.name === "trip_totals");
      assert.deepEqual(totals?.meta.tags, { kind: "changed by Feast" });
      assert.deepEqual(names(totals?.features ?? []), ["n"]);
      assert.equal(totals?.form === "plain" ? totals.ttlUs : 0, 3_600_000_000);
      const changed = (await registry.changesSince(earlier.version)).map(({ key, op }) => `${op} ${key.kind} ${key.name}`);
      for (const change of ["put entity shop", "put feature_view trip_totals", "delete feature_service mapped_service"])
        assert.ok(changed.includes(change), change);
      assert.equal((await registry.getJob("1"))?.status, "running");
      assert.equal(model.views.find((view) => view.name === "driver_stats")?.meta.description, "changed by asof");
    });

    test("what Feast materialized counts as covered where asof reads the same store, and what asof did is told to Feast", async () => {
      await feast.run(`
from datetime import datetime, timezone
store = open_store("feature_store.yaml")
store.materialize(datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2024, 1, 3, tzinfo=timezone.utc), feature_views=["driver_stats"])
reply(True)`);
      const [start, end, later] = ["2024-01-01", "2024-01-03", "2024-01-05"].map((day) => Date.parse(day) * 1000);
      assert.ok(start !== undefined && end !== undefined && later !== undefined);
      {
        await using own = await open();
        const [record] = await own.read([viewStateKey("compat", "driver_stats")]);
        assert.equal(decodeViewState(record?.spec ?? null, "driver_stats").coverage.size, 0, "of a store of its own asof knows better");
      }
      await using registry = await open({ sharedOnlineStore: true });
      const [record] = await registry.read([viewStateKey("compat", "driver_stats")]);
      const state = decodeViewState(record?.spec ?? null, "driver_stats");
      assert.deepEqual(state.coverage.get(1)?.get("conv_rate"), { fromUs: start, toUs: end });
      assert.deepEqual(state.cursor.get(1), { createdUs: null, eventUs: end });
      const features = [...(state.coverage.get(1)?.keys() ?? [])];
      assert.equal(features.length, 10);
      await updateViewState(
        registry,
        "compat",
        "driver_stats",
        (s) => recordCoverage(s, 1, features, { fromUs: start, toUs: later }),
        systemClock,
      );
      const listed = await listByFeast(feast);
      assert.deepEqual(listed.feature_view?.driver_stats?.meta, {
        materializationIntervals: [
          { startTime: "2024-01-01T00:00:00Z", endTime: "2024-01-03T00:00:00Z" },
          { startTime: "2024-01-03T00:00:00Z", endTime: "2024-01-05T00:00:00Z" },
        ],
        state: "AVAILABLE_ONLINE",
      });
    });
  });
}
