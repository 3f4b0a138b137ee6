/** A process of Feast 0.67 that writes the registry's file from what it read before asof wrote: what asof did meanwhile stands. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import {
  applyDefinitions,
  decodeViewState,
  type RegistryStore,
  recordCoverage,
  repositoryFromSnapshot,
  systemClock,
  updateViewState,
  viewStateKey,
} from "@asof/core";
import { openFileRegistry } from "@asof/feast";
import type { FeastProcess } from "@asof/testkit";
import { assertDone, assertFailed, runAsof } from "../command/command.test.support.ts";
import { applyFeastRepo, copyFeastRepo, listByFeast, sharedRegistries, startFeast } from "./feast-repo.test.support.ts";

const [shared] = sharedRegistries;
assert.ok(shared?.name === "file");

const folder = mkdtempSync(join(tmpdir(), "asof-outdated-"));
const registryPath = join(folder, "data/registry.pb");
let feast: FeastProcess;
before(async () => {
  copyFeastRepo(folder, shared);
  // With this cache Feast looks at the file again once in a day only; without it, once in the middle of each of its changes.
  const yaml = readFileSync(join(folder, "feature_store.yaml"), "utf8");
  const cached = "registry:\n  path: data/registry.pb\n  cache_mode: thread\n  cache_ttl_seconds: 86400";
  writeFileSync(join(folder, "cached.yaml"), yaml.replace(shared.yaml, cached));
  feast = await startFeast(folder);
});
after(async () => {
  await feast[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) => runAsof(args, { cwd: folder });
const json = async (...args: readonly string[]) => JSON.parse(assertDone(await run(...args, "--json")));

/** Feast reads the registry now, and keeps it. */
const feastReads = () =>
  feast.run(`
outdated = open_store("cached.yaml")
outdated.registry.refresh("compat")
reply(True)`);

/** The registry's file alone, as somebody would copy it. */
async function openAlone(): Promise<RegistryStore> {
  const alone = join(mkdtempSync(join(folder, "alone-")), "registry.pb");
  copyFileSync(registryPath, alone);
  return openFileRegistry({ path: alone });
}

/** Whether the file alone knows of what was done by asof's jobs. */
async function aloneHasJob(): Promise<boolean> {
  await using alone = await openAlone();
  return (await alone.getJob("1")) !== null;
}

async function erasuresIn(registry: RegistryStore): Promise<number> {
  return (await registry.snapshot("compat")).records.filter((record) => record.kind === "erasure").length;
}

describe("asof delete, and then a write by a Feast that read the registry before", () => {
  const online = () => json("get-online-features", "-f", "driver_stats:trips", "-e", "driver_id=1001", "--at", "2024-01-02T12:00:00Z");
  const offline = () => json("get-historical-features", "-f", "driver_stats:trips", "-e", "driver_id=1001", "--at", "2024-01-02T12:00:00Z");
  const amount = () =>
    json("get-online-features", "-f", "trip_totals:amount", "-e", "driver_id=1001", "-e", "customer_id=c1", "--at", "2024-01-02T12:30:00Z");

  test("leaves the key erased in retrievals, materializations and pushes", async () => {
    await applyFeastRepo(feast);
    assertDone(await run("import", "feast", "."));
    assertDone(await run("apply"));
    assertDone(await run("materialize", "2024-01-01", "2024-01-03"));
    assert.equal(typeof (await online()).rows[0].driver_stats.trips, "string", JSON.stringify(await online()));
    const known = JSON.stringify(await offline());
    await feastReads();
    assertDone(await run("delete", "--entity", "driver_id=1001", "--yes"));
    assert.notEqual(JSON.stringify(await offline()), known);

    await feast.run(`
outdated.registry.apply_entity(feast.Entity(name="shop", join_keys=["shop_id"], value_type=feast.ValueType.STRING), "compat")
reply(True)`);
    {
      await using alone = await openAlone();
      assert.equal(await erasuresIn(alone), 0, "Feast's file has no erasure any more");
    }
    const isErased = async (): Promise<void> => {
      assert.equal((await online()).rows[0].driver_stats.trips, null);
      assert.equal((await amount()).rows[0].trip_totals.amount, null);
      assert.doesNotMatch(JSON.stringify(await offline()), /"trips":"?\d/);
      assert.match(assertDone(await run("delete", "--list")), /driver_id/);
    };
    await isErased();
    const entities = assertDone(await run("entities", "list"));
    assert.match(entities, /^shop /m, "Feast's own change is there");

    // Feast brings its rows of the key back into the store that both read, and writes the registry again.
    await feast.run(`
from datetime import datetime, timezone
outdated.materialize(datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2024, 1, 3, tzinfo=timezone.utc), feature_views=["driver_stats"])
reply(True)`);
    await isErased();
    const row = { driver_id: 1001, customer_id: "c1", amount: 5, n: 1, ts: "2024-01-02T12:00:00Z" };
    writeFileSync(join(folder, "rows.json"), JSON.stringify([row]));
    assert.match(assertDone(await run("push", "trips_push", "--rows", "rows.json", "--to", "online")), /1 of an erased key/);
    assertDone(await run("materialize", "2024-01-01", "2024-01-03"));
    await isErased();
    {
      await using alone = await openAlone();
      assert.equal(await erasuresIn(alone), 1, "asof's next write has put it back");
    }
    assert.ok((await listByFeast(feast)).entity?.shop !== undefined);
  });

  test("is not undone by a backup of the registry either; only lifting ends it", async () => {
    const backup = readFileSync(registryPath);
    assertDone(await run("delete", "--entity", "driver_id=1002", "--yes"));
    writeFileSync(registryPath, backup);
    {
      await using registry = await openFileRegistry({ path: registryPath });
      assert.equal(await erasuresIn(registry), 2);
    }
    assertDone(await run("delete", "--lift", "--entity", "driver_id=1002"));
    const [lifted, standing] = (await json("delete", "--list")).map((e: { untilUs: unknown }) => e.untilUs === null).sort();
    assert.deepEqual([lifted, standing], [false, true]);
  });
});

describe("whatever else asof wrote meanwhile", () => {
  const model = async (registry: RegistryStore) => repositoryFromSnapshot(await registry.snapshot("compat"), "compat");
  const start = Date.parse("2024-01-01") * 1000;

  /** A changed view, a new one, a service less, what was materialized, a job, an edge and statistics. */
  const asofWrites = async (): Promise<void> => {
    await using registry = await openFileRegistry({ path: registryPath });
    const { views, services, ...rest } = await model(registry);
    const changed = views.map((view) =>
      view.name === "driver_stats" ? { ...view, meta: { ...view.meta, description: "changed by asof" } } : view,
    );
    const [stats] = views;
    assert.ok(stats !== undefined);
    const copy = { ...stats, name: "driver_copy" };
    const left = services.filter((service) => service.name !== "mapped_service");
    await applyDefinitions(registry, { ...rest, views: [...changed, copy], services: left }, "compat", {}, systemClock);
    const cover = (view: string) =>
      updateViewState(
        registry,
        "compat",
        view,
        (s) =>
          recordCoverage(
            s,
            1,
            stats.features.map((f) => f.name),
            { fromUs: start, toUs: start + 1 },
          ),
        systemClock,
      );
    await cover("driver_stats");
    await cover("driver_copy");
    const job = { id: "1", project: "compat", kind: "materialize", status: "succeeded", parameters: {}, progress: {} } as const;
    await registry.putJob({ ...job, error: null, startedAtUs: 1, updatedAtUs: 1, finishedAtUs: 1, owner: "host:1" });
    await registry.addLineage([
      {
        project: "compat",
        from: "feature:driver_stats.trips",
        to: "training_set:1",
        recordedBy: "retrieval",
        recordedAtUs: 1,
        details: {},
      },
    ]);
    const run1 = { project: "compat", view: "driver_stats", feature: "trips", runId: "1", origin: "on_demand", generation: 1 } as const;
    await registry.putStatistics([{ ...run1, startUs: null, endUs: null, computedAtUs: 1, statistics: { count: 1 } }], 5);
  };
  const isComplete = async (): Promise<void> => {
    await using registry = await openFileRegistry({ path: registryPath, sharedOnlineStore: true });
    const { views, services } = await model(registry);
    assert.deepEqual(
      views.map((view) => [view.name, view.meta.description]),
      [
        ["driver_copy", "driver statistics"],
        ["driver_stats", "changed by asof"],
        ["trip_totals", "changed by Feast"],
      ],
    );
    assert.deepEqual(services, []);
    const stateOf = async (view: string) => {
      const [record] = await registry.read([viewStateKey("compat", view)]);
      return decodeViewState(record?.spec ?? null, view);
    };
    assert.equal((await stateOf("driver_stats")).coverage.get(1)?.get("trips")?.toUs, start + 86_400_000_000);
    assert.equal((await stateOf("driver_copy")).coverage.get(1)?.get("trips")?.toUs, start + 1);
    assert.equal((await registry.getJob("1"))?.status, "succeeded");
    assert.ok((await registry.listLineage("compat")).some((edge) => edge.to === "training_set:1"));
    assert.equal((await registry.listStatistics({ project: "compat", limit: 5 })).length, 1);
  };

  beforeEach(async () => {
    for (const beside of ["", ".asof"]) rmSync(`${registryPath}${beside}`, { force: true });
    await applyFeastRepo(feast);
  });

  for (const isFirst of [true, false]) {
    test(`stands, and what Feast did stands beside it, ${isFirst ? "the first time that asof writes" : "later on"}`, async () => {
      if (!isFirst) {
        await using registry = await openFileRegistry({ path: registryPath });
        await registry.addLineage([]);
      }
      await feastReads();
      await asofWrites();
      await feast.run(`
from datetime import datetime, timezone
trips = outdated.registry.get_feature_view("trip_totals", "compat", allow_cache=True)
trips.description = "changed by Feast"
outdated.registry.apply_feature_view(trips, "compat")
outdated.registry.delete_feature_view("global_stats", "compat")
stats = outdated.registry.get_feature_view("driver_stats", "compat", allow_cache=True)
outdated.registry.apply_materialization(stats, "compat", datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2024, 1, 2, tzinfo=timezone.utc))
reply(True)`);

      assert.equal(await aloneHasJob(), false, "Feast wrote what it had read before");
      await isComplete();
      {
        await using registry = await openFileRegistry({ path: registryPath, sharedOnlineStore: true });
        await registry.addLineage([]);
      }
      assert.equal(await aloneHasJob(), true);
      await isComplete();
      const listed = await listByFeast(feast);
      assert.deepEqual(Object.keys(listed.feature_view ?? {}).sort(), ["driver_copy", "driver_stats", "trip_totals"]);
      assert.deepEqual(Object.keys(listed.feature_service ?? {}), ["driver_service"]);
      const views = listed.feature_view as Readonly<Record<string, { readonly spec: { readonly description?: string } }>>;
      assert.equal(views.driver_stats?.spec.description, "changed by asof");
      assert.equal(views.trip_totals?.spec.description, "changed by Feast");
    });
  }

  test("is not taken for part of a registry that was made anew, nor of one that was put in its place", async () => {
    {
      await using registry = await openFileRegistry({ path: registryPath });
      const { views, ...rest } = await model(registry);
      await applyDefinitions(registry, { ...rest, views, services: [] }, "compat", {}, systemClock);
    }
    const other = join(folder, "other.pb");
    copyFileSync(registryPath, other);
    {
      await using registry = await openFileRegistry({ path: other });
      await registry.addLineage([]);
    }
    rmSync(registryPath);
    await applyFeastRepo(feast);
    {
      await using registry = await openFileRegistry({ path: registryPath });
      assert.equal((await model(registry)).services.length, 1, "made anew by Feast");
      await registry.addLineage([]);
    }
    await feast.run(`
store = open_store("feature_store.yaml")
reply(True)`);
    copyFileSync(other, registryPath);
    await feast.run(`
store = open_store("feature_store.yaml")
store.registry.apply_entity(feast.Entity(name="shop", join_keys=["shop_id"], value_type=feast.ValueType.STRING), "compat")
reply(True)`);
    await using registry = await openFileRegistry({ path: registryPath });
    const { services, entities } = await model(registry);
    assert.equal(services.length, 0, "put in its place, and written by Feast");
    assert.ok(entities.some((entity) => entity.name === "shop"));
  });

  test("is asked for by code where the copy is damaged, and not passed over", async () => {
    {
      await using registry = await openFileRegistry({ path: registryPath });
      await registry.addLineage([]);
    }
    const copy = `${registryPath}.asof`;
    writeFileSync(copy, readFileSync(copy).subarray(0, 5000));
    {
      await using registry = await openFileRegistry({ path: registryPath });
      assert.ok((await registry.snapshot("compat")).records.length > 0, "what asof wrote last needs no copy");
    }
    await feastReads();
    await feast.run(`
outdated.registry.apply_entity(feast.Entity(name="shop", join_keys=["shop_id"], value_type=feast.ValueType.STRING), "compat")
reply(True)`);
    writeFileSync(copy, readFileSync(copy).subarray(0, 5000));
    assertFailed(await run("feature-views", "list"), {
      status: 1,
      code: "ASOF_REGISTRY_UNREADABLE",
      says: /registry\.pb\.asof.*Or remove it/,
    });
    rmSync(copy);
    assertDone(await run("feature-views", "list"));
    assert.ok(!existsSync(copy), "reading makes none");
  });
});
