import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { applyDefinitions, collectDefinitions, entity, int64, repositoryFromSnapshot, systemClock } from "@asof/core";
import { openSqliteRegistry, openSqlRegistry } from "./registry.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-sql-registry-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const golden = new URL("../../feast/test/golden/registry_sql.db", import.meta.url);

let count = 0;

/** A registry as Feast made it. */
function feastDatabase(): string {
  const path = join(folder, `registry${count++}.db`);
  copyFileSync(golden, path);
  return path;
}

/** What Feast's tables hold. */
function feastRows(path: string): Readonly<Record<string, unknown>> {
  using database = new DatabaseSync(path, { readOnly: true });
  const names = [
    "projects",
    "entities",
    "data_sources",
    "feature_views",
    "stream_feature_views",
    "on_demand_feature_views",
    "feature_services",
  ];
  const kept = ["saved_datasets", "permissions", "managed_infra", "feature_view_version_history", "validation_references"];
  return Object.fromEntries([...names, ...kept].map((name) => [name, database.prepare(`SELECT * FROM ${name} ORDER BY 1, 2, 3`).all()]));
}

describe("registry in Feast's SQL schema", () => {
  test("reading a database of Feast's changes no byte of it", async () => {
    const path = feastDatabase();
    {
      await using registry = await openSqlRegistry({ path });
      const model = repositoryFromSnapshot(await registry.snapshot("compat"), "compat");
      assert.equal(model.views.length, 3);
      assert.deepEqual(await registry.versions(), { version: 1, definitionsVersion: 1 });
      assert.equal((await registry.unsupported("compat")).length, 7);
      assert.deepEqual(await registry.versions(), { version: 1, definitionsVersion: 1 });
    }
    assert.ok(readFileSync(path).equals(readFileSync(golden)));
  });

  test("a write of asof's state leaves every row of Feast's as it was", async () => {
    const path = feastDatabase();
    await using registry = await openSqlRegistry({ path });
    const job = { id: "1", project: "compat", kind: "materialize", status: "running", parameters: {}, progress: {}, error: null } as const;
    await registry.putJob({ ...job, startedAtUs: 1, updatedAtUs: 1, finishedAtUs: null, owner: "host:1" });
    assert.deepEqual(feastRows(path), feastRows(golden.pathname));
    assert.equal((await registry.getJob("1"))?.status, "running");
    assert.deepEqual(await registry.versions(), { version: 1, definitionsVersion: 1 }, "what Feast wrote was taken over for good");
  });

  test("a row that Feast writes is noticed, taken over once, and gets a number of its own", async () => {
    const path = feastDatabase();
    await using registry = await openSqlRegistry({ path });
    const { outcome } = await applyDefinitions(
      registry,
      repositoryFromSnapshot(await registry.snapshot("compat"), "compat"),
      "compat",
      {},
      systemClock,
    );
    assert.equal(outcome.status, "unchanged");
    await registry.addLineage([]);
    using feast = new DatabaseSync(path);
    const numbers: number[] = [(await registry.versions()).version];
    for (const write of ["DELETE FROM feature_services", "DELETE FROM feature_views WHERE feature_view_name = 'global_stats'"]) {
      feast.exec(write);
      numbers.push((await registry.versions()).version);
      numbers.push((await registry.versions()).version);
    }
    assert.deepEqual(numbers, [1, 2, 2, 3, 3]);
    await registry.addLineage([]);
    assert.equal((await registry.versions()).version, 3, "the same content under the same number");
    const left = repositoryFromSnapshot(await registry.snapshot("compat"), "compat");
    assert.deepEqual([left.services, left.views.map(({ name }) => name)], [[], ["driver_stats", "trip_totals"]]);
    const removed = (await registry.changesSince(1)).filter(({ op }) => op === "delete").map(({ key }) => key.name);
    assert.deepEqual(
      removed.sort(),
      ["global_src", "global_stats", "mapped_service"].filter((name) => removed.includes(name)),
    );
  });

  for (const [what, damage] of [
    ["cut short", "substr(feature_view_proto, 1, length(feature_view_proto) - 3)"],
    ["no blob", "'nothing'"],
  ]) {
    test(`an object that is ${what} is named with its table, and refuses its own project alone until it is repaired`, async () => {
      const path = feastDatabase();
      const uid = entity("user", { key: { uid: int64() } });
      const other = (more: Readonly<Record<string, unknown>>) => collectDefinitions([{ uid, ...more }], "other");
      using database = new DatabaseSync(path);
      const where = "WHERE feature_view_name = 'driver_stats'";
      const kept = database.prepare(`SELECT feature_view_proto AS bytes FROM feature_views ${where}`).get()?.bytes;
      database.exec(`UPDATE feature_views SET feature_view_proto = ${damage} ${where}`);
      await using registry = await openSqlRegistry({ path });
      const refused = { code: "ASOF_REGISTRY_UNREADABLE", message: /table feature_views .*"driver_stats" .*"compat".* Restore this row/ };
      await assert.rejects(registry.snapshot("compat"), refused);
      await assert.rejects(registry.read([{ project: "compat", kind: "entity", name: "driver" }]), refused);
      await assert.rejects(registry.unsupported("compat"), refused);
      await assert.rejects(applyDefinitions(registry, { ...other({}), project: "compat" }, "compat", {}, systemClock), refused);
      assert.equal((await applyDefinitions(registry, other({}), "other", {}, systemClock)).outcome.status, "applied");
      await using later = await openSqlRegistry({ path });
      await assert.rejects(later.snapshot("compat"), refused, "the other project's write does not settle it");
      database.prepare(`UPDATE feature_views SET feature_view_proto = ? ${where}`).run(kept as Uint8Array);
      assert.equal(repositoryFromSnapshot(await later.snapshot("compat"), "compat").views.length, 3);
      const more = { item: entity("item", { key: { item_id: int64() } }) };
      assert.equal((await applyDefinitions(later, other(more), "other", {}, systemClock)).outcome.status, "applied");
      assert.equal(
        repositoryFromSnapshot(await registry.snapshot("compat"), "compat").views.length,
        3,
        "also where another process took it over",
      );
    });
  }

  test("is kept in step also where it is opened as asof's own type; asof's own gets Feast's tables, filled", async () => {
    const path = feastDatabase();
    await using same = await openSqliteRegistry({ path });
    assert.equal(same.type, "sql");
    const own = join(folder, "own.db");
    const model = repositoryFromSnapshot(await same.snapshot("compat"), "compat");
    {
      await using registry = await openSqliteRegistry({ path: own });
      assert.equal(registry.type, "sqlite");
      await applyDefinitions(registry, model, "compat", {}, systemClock);
    }
    await using registry = await openSqlRegistry({ path: own });
    await registry.addLineage([]);
    using database = new DatabaseSync(own);
    const views = database.prepare("SELECT feature_view_name AS name FROM feature_views ORDER BY 1").all();
    assert.deepEqual(
      views.map(({ name }) => name),
      ["driver_stats", "global_stats", "trip_totals"],
    );
    const metadata = database.prepare("SELECT metadata_key AS name FROM feast_metadata WHERE project_id = 'compat' ORDER BY 1").all();
    assert.deepEqual(
      metadata.map(({ name }) => name),
      ["last_updated_timestamp", "project_uuid"],
    );
    assert.deepEqual(database.prepare("SELECT * FROM registry_feast_changes").all(), []);
  });

  test("a locked database and one of something else are refused by code", async () => {
    const path = feastDatabase();
    using other = new DatabaseSync(path);
    other.exec("BEGIN EXCLUSIVE");
    await assert.rejects(openSqlRegistry({ path, busyTimeoutMs: 60 }), {
      code: "ASOF_REGISTRY_FAILED",
      message: /locked by another process/,
    });
    other.exec("ROLLBACK");
    const foreign = join(folder, "foreign.db");
    {
      using database = new DatabaseSync(foreign);
      database.exec("CREATE TABLE projects (project_id TEXT)");
    }
    await assert.rejects(openSqlRegistry({ path: foreign }), { code: "ASOF_REGISTRY_UNREADABLE", message: /something else/ });
  });
});
