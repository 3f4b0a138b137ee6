import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { RegistryChange, RegistryStore, StatisticsRecord } from "@asof/core";
import { registryStoreContract } from "@asof/testkit";
import { packagedMigrations } from "./config.ts";
import { translateError } from "./errors.ts";
import { openSqliteRegistry, openSqlRegistry } from "./registry.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-registry-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const freshPath = () => join(folder, `sub${count++}`, "registry.db");

registryStoreContract("sqlite", () => openSqliteRegistry({ path: freshPath() }));
registryStoreContract("sql", () => openSqlRegistry({ path: freshPath() }));

function put(name: string, ifRevision: number | null): RegistryChange {
  return {
    op: "put",
    ifRevision,
    project: "p",
    kind: "entity",
    name,
    repository: "r",
    dataFingerprint: "",
    metadataFingerprint: "",
    spec: { name },
  };
}

const statistics: StatisticsRecord = {
  project: "p",
  view: "v",
  feature: "f",
  runId: "1",
  origin: "on_demand",
  generation: 1,
  startUs: null,
  endUs: 5,
  computedAtUs: 6,
  statistics: { count: 1 },
};

/** A registry as format 1 was made, with a record and an edge in it. */
const formatOne = fileURLToPath(new URL("../test/fixtures/format-1.sql", import.meta.url));

const change = (name: string) => ({ changes: [put(name, 0)], ifDefinitionsVersion: null });

async function namesIn(registry: RegistryStore): Promise<readonly string[]> {
  return (await registry.snapshot("p")).records.map((record) => record.name);
}

async function makeRegistry(): Promise<string> {
  const path = freshPath();
  await using registry = await openSqliteRegistry({ path });
  await registry.commit(change("kept"), 1);
  return path;
}

describe("registry on SQLite", () => {
  test("reading makes no file; the first write makes folder, file and tables; it is there after reopening", async () => {
    const path = freshPath();
    {
      await using registry = await openSqliteRegistry({ path });
      await registry.snapshot(null);
      assert.equal(existsSync(path), false);
      await registry.commit(change("a"), 5);
    }
    await using reopened = await openSqliteRegistry({ path });
    assert.deepEqual(
      (await reopened.snapshot("p")).records.map((r) => [r.name, r.updatedAtUs]),
      [["a", 5]],
    );
  });

  for (const [kind, open] of [
    ["sqlite", openSqliteRegistry],
    ["sql", openSqlRegistry],
  ] as const) {
    test(`a file that goes away under an open ${kind} registry is an error until it is back, and none is made in its place`, async () => {
      const path = freshPath();
      await using registry = await open({ path });
      await registry.commit(change("kept"), 1);
      renameSync(path, `${path}.away`);
      for (const name of ["-wal", "-shm"]) if (existsSync(`${path}${name}`)) renameSync(`${path}${name}`, `${path}.away${name}`);
      const gone = { code: "ASOF_REGISTRY_FAILED", message: /was there and is gone/ };
      await assert.rejects(registry.snapshot(null), gone);
      await assert.rejects(registry.versions(), gone);
      await assert.rejects(registry.commit(change("lost"), 2), gone);
      assert.equal(existsSync(path), false);
      renameSync(`${path}.away`, path);
      for (const name of ["-wal", "-shm"]) if (existsSync(`${path}.away${name}`)) renameSync(`${path}.away${name}`, `${path}${name}`);
      await registry.commit(change("new"), 3);
      await using other = await open({ path });
      assert.deepEqual(await namesIn(other), ["kept", "new"]);
    });

    test(`a backup that is put in the place of an open ${kind} registry is read, and written, from then on`, async () => {
      const path = freshPath();
      {
        await using made = await open({ path });
        await made.commit(change("kept"), 1);
      }
      copyFileSync(path, `${path}.backup`);
      await using registry = await open({ path });
      await registry.commit(change("later"), 2);
      const before = { ...(await registry.versions()), identity: registry.identity };
      for (const name of ["-wal", "-shm"]) rmSync(`${path}${name}`, { force: true });
      renameSync(`${path}.backup`, path);
      assert.deepEqual(await namesIn(registry), ["kept"]);
      {
        await using other = await open({ path });
        await other.commit(change("other"), 3);
      }
      const after = { ...(await registry.versions()), identity: registry.identity };
      assert.equal(after.version, before.version, "the same number of commits");
      assert.notEqual(after.identity, before.identity, "and another registry");
      await registry.commit(change("own"), 4);
      await using other = await open({ path });
      assert.deepEqual(await namesIn(other), ["kept", "other", "own"]);
    });
  }

  test("an empty file is an empty registry", async () => {
    const path = await makeRegistry();
    writeFileSync(`${path}.empty`, "");
    await using registry = await openSqliteRegistry({ path: `${path}.empty` });
    await registry.commit(change("a"), 1);
    assert.equal((await registry.snapshot("p")).records.length, 1);
  });

  test("two connections see each other's commits", async () => {
    const path = await makeRegistry();
    await using one = await openSqliteRegistry({ path });
    await using two = await openSqliteRegistry({ path });
    await one.commit(change("a"), 1);
    assert.deepEqual(await two.commit(change("a"), 1), "conflict");
    await two.commit(change("b"), 1);
    assert.deepEqual(
      (await one.snapshot("p")).records.map((r) => r.name),
      ["a", "b", "kept"],
    );
  });

  test("runs in WAL mode and syncs every commit", async () => {
    const path = await makeRegistry();
    using database = new DatabaseSync(path);
    assert.equal(database.prepare("PRAGMA journal_mode").get()?.journal_mode, "wal");
  });

  test("a writer in another process is waited for without blocking this one, then refused by code", async () => {
    const path = await makeRegistry();
    using other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    await using registry = await openSqliteRegistry({ path, busyTimeoutMs: 5_000 });
    const pending = registry.commit(change("late"), 1);
    // A wait that blocks this process would end before the other one commits, and be refused.
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setTimeout(resolve, 10));
    other.exec("COMMIT");
    assert.deepEqual(await pending, { version: 2 });

    other.exec("BEGIN IMMEDIATE");
    await using impatient = await openSqliteRegistry({ path, busyTimeoutMs: 50 });
    await assert.rejects(impatient.commit(change("x"), 1), { code: "ASOF_REGISTRY_FAILED", message: /locked by another process/ });
    assert.equal((await impatient.snapshot("p")).records.length, 2, "readers do not wait for a writer");
    other.exec("ROLLBACK");
  });

  test("a file that is no database, another program's database and a newer format are refused and left alone", async () => {
    const path = await makeRegistry();
    const text = `${path}.txt`;
    writeFileSync(text, "project: shop\n".repeat(100));
    await assert.rejects(openSqliteRegistry({ path: text }), { code: "ASOF_REGISTRY_UNREADABLE", message: /not a SQLite database/ });
    assert.match(readFileSync(text, "utf8"), /^project: shop/);

    const foreign = `${path}.foreign`;
    {
      using database = new DatabaseSync(foreign);
      database.exec("CREATE TABLE projects (project_id TEXT)");
    }
    await assert.rejects(openSqliteRegistry({ path: foreign }), { code: "ASOF_REGISTRY_UNREADABLE", message: /something else/ });

    {
      using database = new DatabaseSync(path);
      database.exec("UPDATE registry_meta SET value = 3 WHERE key = 'format_version'");
    }
    await assert.rejects(openSqliteRegistry({ path }), { code: "ASOF_REGISTRY_VERSION", message: /format 3; this version reads 1 to 2/ });
  });

  test("a registry of format 1 is read as it is, and brought up to date by the first write", async () => {
    const path = freshPath();
    mkdirSync(dirname(path));
    {
      using database = new DatabaseSync(path);
      database.exec(readFileSync(formatOne, "utf8"));
    }
    const own = mkdtempSync(join(folder, "migrations-"));
    writeFileSync(join(own, "feature_registry.sql"), `${readFileSync(formatOne, "utf8")}\nCREATE TABLE feature_registry (runs_once);`);
    await using registry = await openSqliteRegistry({ path, migrationsFolder: own });
    await using elsewhere = await openSqliteRegistry({ path });
    assert.deepEqual(
      (await registry.snapshot("p")).records.map((r) => r.name),
      ["kept"],
    );
    assert.deepEqual(await registry.listStatistics({ project: "p", limit: 1 }), []);
    using database = new DatabaseSync(path);
    const format = () => database.prepare("SELECT value FROM registry_meta WHERE key = 'format_version'").get()?.value;
    assert.equal(format(), 1, "reading changes nothing");
    await registry.commit(change("new"), 2);
    assert.equal(format(), 2);
    await elsewhere.putStatistics([statistics], 1);
    assert.deepEqual(await registry.listStatistics({ project: "p", limit: 1 }), [statistics]);
    assert.deepEqual(
      (await elsewhere.snapshot("p")).records.map((r) => r.name),
      ["kept", "new"],
    );
    assert.deepEqual((await registry.listLineage("p")).length, 1);
  });

  test("a repository's own migration of format 1 is completed by the packaged one", async () => {
    const migrations = mkdtempSync(join(folder, "migrations-"));
    writeFileSync(join(migrations, "feature_registry.sql"), `${readFileSync(formatOne, "utf8")}\nCREATE TABLE ours (x);`);
    const path = freshPath();
    await using registry = await openSqliteRegistry({ path, migrationsFolder: migrations });
    await registry.putStatistics([statistics], 1);
    assert.deepEqual(await registry.listStatistics({ project: "p", limit: 1 }), [statistics]);
    using database = new DatabaseSync(path);
    assert.ok(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'ours'").get());
  });

  test("a missing column names the table and the migration", async () => {
    const path = await makeRegistry();
    {
      using database = new DatabaseSync(path);
      database.exec("ALTER TABLE feature_lineage DROP COLUMN details");
    }
    await assert.rejects(openSqliteRegistry({ path }), {
      code: "ASOF_REGISTRY_UNREADABLE",
      message: /lacks feature_lineage\.details.*feature_registry\.sql/,
    });
  });

  test("a truncated file is refused", async () => {
    const path = await makeRegistry();
    writeFileSync(path, readFileSync(path).subarray(0, 5000));
    await assert.rejects(
      async () => {
        await using registry = await openSqliteRegistry({ path });
        await registry.snapshot(null);
      },
      { code: "ASOF_REGISTRY_UNREADABLE" },
    );
  });

  test("a path that cannot be made is refused", async () => {
    await using registry = await openSqliteRegistry({ path: join(await makeRegistry(), "below", "registry.db") });
    await assert.rejects(registry.commit(change("a"), 1), { code: "ASOF_REGISTRY_FAILED" });
  });

  test("the driver's errors become ours: read-only, disk full", async () => {
    const path = await makeRegistry();
    using readOnly = new DatabaseSync(path, { readOnly: true });
    assert.throws(() => translated(() => readOnly.exec("DELETE FROM registry_meta"), path), { code: "ASOF_REGISTRY_READ_ONLY" });
    using full = new DatabaseSync(path);
    full.exec("PRAGMA max_page_count = 1");
    const fill = () => full.exec("INSERT INTO registry_jobs SELECT hex(randomblob(100000)), '', '', '', '', '', '', 1, 1, 1, ''");
    assert.throws(() => translated(fill, path), { code: "ASOF_REGISTRY_FULL" });
    assert.throws(() => translated(() => assert.fail("a programmer's error"), path), { name: "AssertionError" });
  });

  test("a folder that cannot be written is read, and a write is refused by code", async () => {
    const path = await makeRegistry();
    await asOrdinaryUser(async () => {
      await using registry = await openSqliteRegistry({ path });
      assert.equal((await registry.snapshot("p")).records.length, 1);
      await assert.rejects(registry.commit(change("a"), 1), { code: "ASOF_REGISTRY_READ_ONLY" });
      await using absent = await openSqliteRegistry({ path: `${path}.absent` });
      await assert.rejects(absent.commit(change("a"), 1), { code: "ASOF_REGISTRY_READ_ONLY" });
    }, path);
  });

  test("a repository's own migration is used and may add to the tables; one that lacks a table is refused and leaves none", async () => {
    const migrations = mkdtempSync(join(folder, "migrations-"));
    const sql = readFileSync(join(packagedMigrations(), "feature_registry.sql"), "utf8");
    writeFileSync(join(migrations, "feature_registry.sql"), `${sql}\nCREATE TABLE ours (x);`);
    const path = freshPath();
    {
      await using registry = await openSqliteRegistry({ path, migrationsFolder: migrations });
      await registry.commit(change("a"), 1);
    }
    using database = new DatabaseSync(path);
    assert.ok(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'ours'").get());

    writeFileSync(join(migrations, "feature_registry.sql"), sql.slice(0, sql.indexOf("-- from_node")));
    const other = freshPath();
    await using registry = await openSqliteRegistry({ path: other, migrationsFolder: migrations });
    await assert.rejects(registry.commit(change("a"), 1), { code: "ASOF_REGISTRY_UNREADABLE", message: /table feature_lineage/ });
    using left = new DatabaseSync(other);
    assert.equal(left.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n, 0);
    await using lost = await openSqliteRegistry({ path: freshPath(), migrationsFolder: join(migrations, "none") });
    await assert.rejects(lost.commit(change("a"), 1), { code: "ASOF_REGISTRY_FAILED", message: /migration/ });
  });

  test("after it was closed every call is refused", async () => {
    const path = await makeRegistry();
    const registry = await openSqliteRegistry({ path });
    await registry[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await assert.rejects(registry.versions(), { code: "ASOF_REGISTRY_FAILED", message: /closed/ });
    assert.deepEqual(readdirSync(join(path, "..")), ["registry.db"], "the WAL is folded in by the last connection");
  });
});

function translated(run: () => void, path: string): void {
  try {
    run();
  } catch (error) {
    throw translateError(error, path);
  }
}

/** Root may write everywhere, so it becomes somebody else; everybody else loses the right to write. */
async function asOrdinaryUser(run: () => Promise<void>, path: string): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  chmodSync(folder, 0o755);
  chmodSync(path, 0o444);
  chmodSync(dirname(path), 0o555);
  if (isRoot) process.seteuid?.(65_534);
  try {
    await run();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(dirname(path), 0o755);
  }
}
