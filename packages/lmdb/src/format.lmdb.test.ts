import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type OnlineView, rowPacker, rowSchema, sha256Hex } from "@asof/core";
import { openLmdbOnlineStore } from "@asof/lmdb";
import * as lmdb from "lmdb";

const root = await mkdtemp(join(tmpdir(), "asof-lmdb-format-"));
after(() => rm(root, { recursive: true, force: true }));

const schema = rowSchema([{ name: "amount", type: { kind: "float64" } }]);
const view: OnlineView = { project: "shop", view: "orders", generation: 258, schema, schemas: new Map([[schema.fingerprint, schema]]) };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function text(content: string): string {
  return hex(Buffer.from(content));
}

test("keys and values lie in the file as documented: a change needs a new format version and a migration", async () => {
  const path = join(root, "store");
  const row = { key: new Uint8Array([7, 8]), eventTimeUs: 1_000_000, createdTimeUs: null, orderKey: new Uint8Array(), values: [1.5] };
  const longKey = new Uint8Array(1701).fill(1);
  {
    await using store = await openLmdbOnlineStore({ path });
    await store.putRows(view, [row, { ...row, key: longKey }]);
    const set = new Map([
      ["h", new Uint8Array([1, 2])],
      ["3600000000:1", new Uint8Array([3])],
    ]);
    await store.putStates(view, [
      { key: row.key, ifVersion: 0, set, remove: [] },
      { key: longKey, ifVersion: 0, set: new Map(), remove: [] },
    ]);
  }
  const database = lmdb.open<Uint8Array, Uint8Array>({
    path,
    noSubdir: false,
    encoding: "binary",
    keyEncoding: "binary",
    overlappingSync: false,
  });
  const entries = Object.fromEntries([...database.getRange({})].map(({ key, value }) => [hex(key), hex(value)]));
  await database.close();

  const id = "062907af16bd798a" + "00000102";
  const longHash = sha256Hex(longKey);
  const packed = hex(rowPacker(view).pack(row));
  // The version is that of the transaction: some number as float64.
  const version = entries[`20${id}0002070800`]?.slice(0, 16);
  assert.deepEqual(entries, {
    "00": text('{"store":"asof online","format":1}'),
    [`01${id}`]: text('{"project":"shop","view":"orders","generation":258}'),
    [`10${id}0708`]: packed,
    [`11${id}${longHash}`]: `a5060000${hex(longKey)}${packed}`,
    [`20${id}0002070800`]: `${version}0200${"01"}${text("h")}${"0c"}${text("3600000000:1")}`,
    [`20${id}0002070801${text("h")}`]: "0102",
    [`20${id}0002070801${text("3600000000:1")}`]: "03",
    [`21${id}${longHash}00`]: `${version}0000${hex(longKey)}`,
  });
});
