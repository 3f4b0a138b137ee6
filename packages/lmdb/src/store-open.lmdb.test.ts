import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { AsofError, type ErrorCode, type OnlineRow, type OnlineStore, type OnlineView, rowSchema } from "@asof/core";
import { openLmdbOnlineStore } from "@asof/lmdb";
import * as lmdb from "lmdb";

const root = await mkdtemp(join(tmpdir(), "asof-lmdb-open-"));
after(() => rm(root, { recursive: true, force: true }));
let folders = 0;
const freshFolder = (): string => join(root, `store-${folders++}`);

const schema = rowSchema([{ name: "text", type: { kind: "string" } }]);
const view: OnlineView = { project: "shop", view: "notes", generation: 1, schema, schemas: new Map([[schema.fingerprint, schema]]) };

function note(key: number, text: string, eventTimeUs = 1): OnlineRow {
  return { key: new Uint8Array([key >> 8, key]), eventTimeUs, createdTimeUs: null, orderKey: new Uint8Array(), values: [text] };
}

async function readText(store: OnlineStore, key: number): Promise<unknown> {
  const [result] = await store.read([{ form: "row", view, features: ["text"], keys: [new Uint8Array([key >> 8, key])] }]);
  return result?.form === "row" ? (result.rows[0]?.values[0] ?? null) : null;
}

const coded =
  (code: ErrorCode, path: string) =>
  (error: unknown): boolean =>
    error instanceof AsofError && error.code === code && error.message.includes(path) && error.fix !== undefined;

test("what was written is there after closing and opening again", async () => {
  const path = freshFolder();
  {
    await using store = await openLmdbOnlineStore({ path: join(path, "deep", "er") });
    await store.putRows(view, [note(1, "one")]);
  }
  await using store = await openLmdbOnlineStore({ path: join(path, "deep", "er") });
  assert.equal(await readText(store, 1), "one");
});

test("closing waits for the writes that were begun", async () => {
  const path = freshFolder();
  const store = await openLmdbOnlineStore({ path });
  const writes = Array.from({ length: 30 }, (_, n) => store.putRows(view, [note(n, `note ${n}`)]));
  await store[Symbol.asyncDispose]();
  assert.deepEqual(
    (await Promise.all(writes)).map(({ written }) => written),
    writes.map(() => 1),
  );
  await store[Symbol.asyncDispose]();
  await assert.rejects(async () => store.putRows(view, [note(1, "late")]), /is closed/);
  assert.throws(() => store.read([]), /is closed/);
  await using reopened = await openLmdbOnlineStore({ path });
  assert.equal(await readText(reopened, 29), "note 29");
});

test("two stores of one process share a folder", async () => {
  const path = freshFolder();
  await using one = await openLmdbOnlineStore({ path });
  await using two = await openLmdbOnlineStore({ path });
  await one.putRows(view, [note(1, "from one")]);
  assert.equal(await readText(two, 1), "from one");
  await two.putRows(view, [note(1, "from two", 2)]);
  assert.equal(await readText(one, 1), "from two");
  await using reader = await openLmdbOnlineStore({ path, readOnly: true });
  assert.equal(await readText(reader, 1), "from two");
  await assert.rejects(reader.putRows(view, [note(2, "x")]), coded("ASOF_STORE_READ_ONLY", path));
  await assert.rejects(reader.truncate(view), coded("ASOF_STORE_READ_ONLY", path));
});

test("a folder open for reading only is not opened for writing in the same process", async () => {
  const path = freshFolder();
  await (await openLmdbOnlineStore({ path }))[Symbol.asyncDispose]();
  {
    await using reader = await openLmdbOnlineStore({ path, readOnly: true });
    assert.equal(await readText(reader, 1), null);
    await assert.rejects(openLmdbOnlineStore({ path }), coded("ASOF_STORE_READ_ONLY", path));
  }
  await using writer = await openLmdbOnlineStore({ path });
  await writer.putRows(view, [note(1, "one")]);
});

test("values beyond every buffer are exact", async () => {
  await using store = await openLmdbOnlineStore({ path: freshFolder() });
  const huge = "é".repeat(10_000_000);
  await store.putRows(view, [note(1, huge), note(2, "small")]);
  assert.equal(await readText(store, 1), huge);
  assert.equal(await readText(store, 2), "small");
  assert.equal(await readText(store, 1), huge);
  const part = new Uint8Array(18_000_000).fill(5);
  await store.putStates(view, [{ key: new Uint8Array([9]), ifVersion: 0, set: new Map([["h", part]]), remove: [] }]);
  const [result] = await store.read([{ form: "state", view, keys: [new Uint8Array([9])] }]);
  assert.ok(result?.form === "state" && Buffer.from(part).equals(result.states[0]?.parts.get("h") ?? new Uint8Array()));
});

test("a store at its size limit refuses writes, answers reads, and takes writes again after a deletion", async () => {
  const path = freshFolder();
  await using store = await openLmdbOnlineStore({ path, mapSizeMaxBytes: 1_000_000 });
  let stored = 0;
  await assert.rejects(
    async () => {
      for (; stored < 1000; stored++) await store.putRows(view, [note(stored, "x".repeat(20_000))]);
    },
    coded("ASOF_STORE_FULL", path),
  );
  assert.ok(stored > 20 && stored < 50, `${stored} rows of 20 kB went into 1 MB`);
  assert.equal(await readText(store, stored), null, "the refused write changed nothing");
  assert.equal(await readText(store, 0), "x".repeat(20_000));
  await store.deleteKeys(view, [note(0, "").key, note(1, "").key]);
  assert.deepEqual(await store.putRows(view, [note(500, "y".repeat(20_000))]), { written: 1, superseded: 0 });
  for (let round = 0; round < 200; round++) await store.putRows(view, [note(500, "y".repeat(20_000 + round), round + 2)]);
  assert.ok((await stat(join(path, "data.mdb"))).size < 2_000_000, "freed pages are used again");
  await store.truncate(view);
  assert.deepEqual(await store.putRows(view, [note(1, "x".repeat(500_000))]), { written: 1, superseded: 0 });
});

test("a write that fails does not take others of the same turn with it", async () => {
  const path = freshFolder();
  await using store = await openLmdbOnlineStore({ path, mapSizeMaxBytes: 1_000_000 });
  const results = await Promise.allSettled([
    store.putRows(view, [note(1, "before")]),
    store.putRows(view, [note(2, "x".repeat(2_000_000))]),
    store.putRows(view, [note(3, "after")]),
  ]);
  assert.deepEqual(
    results.map((result) => result.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual([await readText(store, 1), await readText(store, 2), await readText(store, 3)], ["before", null, "after"]);
});

test("a network file system is refused before anything is made", async () => {
  const path = freshFolder();
  for (const type of ["nfs4", "cifs", "9p", "fuse.sshfs", "ceph"]) {
    await assert.rejects(openLmdbOnlineStore({ path }, { probeFileSystem: async () => type }), coded("ASOF_STORE_FILESYSTEM", type));
  }
  await assert.rejects(stat(path), /ENOENT/);
  for (const type of ["ext4", "fuse.fuse-overlayfs", "tmpfs", null]) {
    await (await openLmdbOnlineStore({ path }, { probeFileSystem: async () => type }))[Symbol.asyncDispose]();
  }
});

test("a newer format is refused, by writers and readers", async () => {
  const path = freshFolder();
  await (await openLmdbOnlineStore({ path }))[Symbol.asyncDispose]();
  const database = lmdb.open<Uint8Array, Uint8Array>({
    path,
    noSubdir: false,
    encoding: "binary",
    keyEncoding: "binary",
    overlappingSync: false,
  });
  await database.put(new Uint8Array([0]), Buffer.from(JSON.stringify({ store: "asof online", format: 2 })));
  await database.close();
  await assert.rejects(openLmdbOnlineStore({ path }), coded("ASOF_STORE_VERSION", path));
  await assert.rejects(openLmdbOnlineStore({ path, readOnly: true }), coded("ASOF_STORE_VERSION", path));
});

test("folders that are not a store of ours are refused", async () => {
  const foreign = freshFolder();
  const database = lmdb.open<string, string>({ path: foreign, noSubdir: false, overlappingSync: false });
  await database.put("someone", "else's");
  await database.close();
  await assert.rejects(openLmdbOnlineStore({ path: foreign }), coded("ASOF_STORE_FAILED", foreign));

  const garbage = freshFolder();
  await mkdir(garbage);
  await writeFile(join(garbage, "data.mdb"), "garbage ".repeat(2000));
  await assert.rejects(openLmdbOnlineStore({ path: garbage }), coded("ASOF_STORE_FAILED", garbage));
  await writeFile(join(garbage, "data.mdb"), "short");
  await assert.rejects(openLmdbOnlineStore({ path: garbage }), coded("ASOF_STORE_FAILED", garbage));

  const file = freshFolder();
  await writeFile(file, "");
  await assert.rejects(openLmdbOnlineStore({ path: file }), coded("ASOF_STORE_FAILED", file));
  const absent = freshFolder();
  await assert.rejects(openLmdbOnlineStore({ path: absent, readOnly: true }), coded("ASOF_STORE_FAILED", absent));
  await assert.rejects(stat(absent), /ENOENT/);
});

test("a folder that nobody can make is refused", { skip: process.platform !== "linux" }, async () => {
  await assert.rejects(openLmdbOnlineStore({ path: "/sys/asof-store" }), coded("ASOF_STORE_READ_ONLY", "/sys/asof-store"));
  await assert.rejects(openLmdbOnlineStore({ path: "/proc/asof-store/online" }), (error: unknown) => error instanceof AsofError);
});

test("wrong settings are refused by name", async () => {
  await assert.rejects(
    openLmdbOnlineStore({ path: "" }),
    (error: unknown) => error instanceof AsofError && error.code === "ASOF_CONFIG_INVALID",
  );
  for (const mapSizeMaxBytes of [0, -1, 1.5, Number.NaN, 1000]) {
    const path = freshFolder();
    await assert.rejects(
      openLmdbOnlineStore({ path, mapSizeMaxBytes }),
      (error: unknown) =>
        error instanceof AsofError && error.code === "ASOF_CONFIG_INVALID" && error.path === "online_store.map_size_max_bytes",
    );
  }
});

test("a store whose folder goes away fails until it is back, and writes nothing where nobody finds it", async () => {
  const path = freshFolder();
  await using store = await openLmdbOnlineStore({ path });
  await store.putRows(view, [note(1, "one")]);
  await rename(path, `${path}-away`);
  const gone = coded("ASOF_STORE_FAILED", path);
  await assert.rejects(store.putRows(view, [note(2, "lost")]), gone);
  await assert.rejects(store.truncate(view), gone);
  await setTimeout(1001);
  await assert.rejects(async () => readText(store, 1), gone);
  await rename(`${path}-away`, path);
  assert.equal(await readText(store, 1), "one");
  await store.putRows(view, [note(2, "two")]);
  await using other = await openLmdbOnlineStore({ path });
  assert.deepEqual([await readText(other, 1), await readText(other, 2)], ["one", "two"]);
});

test("a store that is put in the place of the open one is read and written from then on", async () => {
  const path = freshFolder();
  {
    await using made = await openLmdbOnlineStore({ path });
    await made.putRows(view, [note(1, "yesterday")]);
  }
  await cp(path, `${path}-backup`, { recursive: true });
  await using store = await openLmdbOnlineStore({ path });
  await store.putRows(view, [note(1, "today", 2)]);
  await rm(path, { recursive: true });
  await cp(`${path}-backup`, path, { recursive: true });
  // A file that has just come may still be written: the store waits until it has stayed the same for a while.
  await assert.rejects(store.putRows(view, [note(2, "two")]), coded("ASOF_STORE_FAILED", path));
  await setTimeout(1001);
  assert.equal(await readText(store, 1), "yesterday");
  await Promise.all([store.putRows(view, [note(2, "two")]), store.putRows(view, [note(3, "three")])]);
  await using other = await openLmdbOnlineStore({ path });
  assert.deepEqual([await readText(other, 1), await readText(other, 2), await readText(other, 3)], ["yesterday", "two", "three"]);
});
