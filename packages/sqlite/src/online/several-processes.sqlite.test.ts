import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { compileOrderKey, type OnlineRow, type OnlineStore, type OnlineView, rowSchema } from "@asof/core";
import { seededRandom, shuffle } from "@asof/testkit";
import { openSqliteOnlineStore } from "./store.ts";

/** This file runs itself as the writers: `node … writer PATH INDEX`. */
const [, , role, path = "", index = "0"] = process.argv;
const processes = 3;
const keys = 40;
/** Rows of each key, with event times 1, 2, …; two rows of each time, which the value decides between. */
const rowsPerKey = 20;

const schema = rowSchema([
  { name: "place", type: { kind: "int64", as: "number" } },
  { name: "text", type: { kind: "string" } },
]);
const encodeOrder = compileOrderKey(schema.features.map(({ type }) => type));
const view: OnlineView = { project: "several", view: "rows", generation: 1, schema, schemas: new Map([[schema.fingerprint, schema]]) };
const counter: OnlineView = { ...view, view: "counter" };

const keyOf = (n: number): Uint8Array => new Uint8Array([1, n]);

function rowOf(key: number, place: number): OnlineRow {
  const eventTimeUs = Math.floor(place / 2) + 1;
  const values = [place, `row ${place}`];
  return { key: keyOf(key), eventTimeUs, createdTimeUs: null, orderKey: encodeOrder(values), values };
}

/** Writes all rows of all keys, some at a time, in an order of its own, and adds to a counter in between. */
async function write(store: OnlineStore, seed: string): Promise<void> {
  const rows = Array.from({ length: keys * rowsPerKey }, (_, i) => rowOf(i % keys, Math.floor(i / keys)));
  const shuffled = shuffle(seededRandom(seed), rows);
  for (let from = 0; from < shuffled.length; from += 25) {
    await store.putRows(view, shuffled.slice(from, from + 25));
    await increment(store);
  }
}

async function increment(store: OnlineStore): Promise<void> {
  for (;;) {
    const [result] = await store.read([{ form: "state", view: counter, keys: [keyOf(0)] }]);
    const state = result?.form === "state" ? (result.states[0] ?? null) : null;
    const next = Number(new TextDecoder().decode(state?.parts.get("n")) || 0) + 1;
    const set = new Map([["n", new TextEncoder().encode(String(next))]]);
    const conflicts = await store.putStates(counter, [{ key: keyOf(0), ifVersion: state?.version ?? 0, set, remove: [] }]);
    if (conflicts.length === 0) return;
  }
}

async function readPlaces(store: OnlineStore): Promise<readonly unknown[]> {
  const all = Array.from({ length: keys }, (_, key) => keyOf(key));
  const [result] = await store.read([{ form: "row", view, features: ["place", "text"], keys: all }]);
  return result?.form === "row" ? result.rows.map((row) => row?.values) : [];
}

async function startWriters(file: string): Promise<readonly ChildProcess[]> {
  const writers = Array.from({ length: processes }, (_, i) =>
    fork(import.meta.filename, ["writer", file, String(i)], { execArgv: ["--conditions=source"] }),
  );
  await Promise.all(writers.map((writer) => once(writer, "message")));
  for (const writer of writers) writer.send("go");
  return writers;
}

if (role === "writer") {
  await using store = await openSqliteOnlineStore({ path });
  process.send?.("ready");
  await once(process, "message");
  await write(store, `writer ${index}`);
  process.disconnect();
} else {
  test(`${processes} processes write the same keys in orders of their own: each ends in its greatest row, and no count is lost`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "asof-several-"));
    try {
      const file = join(folder, "online.db");
      const writers = await startWriters(file);
      const codes = await Promise.all(writers.map(async (writer) => (await once(writer, "exit"))[0]));
      assert.deepEqual(codes, [0, 0, 0]);
      await using store = await openSqliteOnlineStore({ path: file });
      const last = rowsPerKey - 1;
      assert.deepEqual(
        await readPlaces(store),
        Array.from({ length: keys }, () => [last, `row ${last}`]),
      );
      const [result] = await store.read([{ form: "state", view: counter, keys: [keyOf(0)] }]);
      const state = result?.form === "state" ? result.states[0] : null;
      assert.equal(new TextDecoder().decode(state?.parts.get("n")), String((processes * keys * rowsPerKey) / 25));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("a writer that is killed leaves whole rows, and the others go on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "asof-several-"));
    try {
      const file = join(folder, "online.db");
      const [killed, ...others] = await startWriters(file);
      await sleep(60);
      killed?.kill("SIGKILL");
      const codes = await Promise.all(others.map(async (writer) => (await once(writer, "exit"))[0]));
      assert.deepEqual(codes, [0, 0]);
      await using store = await openSqliteOnlineStore({ path: file });
      for (const values of await readPlaces(store)) assert.deepEqual(values, [rowsPerKey - 1, `row ${rowsPerKey - 1}`]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
