import assert from "node:assert/strict";
import type { KeyBytes, OnlineStore, OnlineView, StateWrite } from "@asof/core";
import type { ContractCase } from "./describe-contract.ts";
import {
  bytesOf,
  numberKey,
  partTexts,
  readRows,
  readState,
  readStates,
  readValues,
  sampleRow,
  sampleView,
  textKey,
  textOf,
} from "./online-store-samples.ts";

const view = sampleView({ view: "activity" });

function write(key: KeyBytes, ifVersion: number, set: Readonly<Record<string, string>>, remove: readonly string[] = []): StateWrite {
  return { key, ifVersion, set: new Map(Object.entries(set).map(([part, text]) => [part, bytesOf(text)])), remove };
}

/** Writes unconditionally by reading the version first. */
async function overwrite(
  store: OnlineStore,
  of: OnlineView,
  key: KeyBytes,
  set: Readonly<Record<string, string>>,
  remove: readonly string[] = [],
): Promise<void> {
  const version = (await readState(store, of, key))?.version ?? 0;
  assert.deepEqual(await store.putStates(of, [write(key, version, set, remove)]), []);
}

export const stateCases: Readonly<Record<string, ContractCase<OnlineStore>>> = {
  "an absent state and a null key read as null": async (store) => {
    await overwrite(store, view, numberKey(1), { h: "head" });
    const states = await readStates(store, view, [numberKey(2), null, numberKey(1)]);
    assert.deepEqual(states.map(partTexts), [null, null, { h: "head" }]);
  },

  "parts are set, replaced and removed one by one": async (store) => {
    const key = numberKey(1);
    await overwrite(store, view, key, { h: "head", "3600000000:11": "eleven", "3600000000:12": "twelve" });
    await overwrite(store, view, key, { h: "head 2", "3600000000:13": "" }, ["3600000000:11"]);
    assert.deepEqual(partTexts(await readState(store, view, key)), { h: "head 2", "3600000000:12": "twelve", "3600000000:13": "" });
    await overwrite(store, view, key, {}, ["no such part"]);
    assert.deepEqual(partTexts(await readState(store, view, key)), { h: "head 2", "3600000000:12": "twelve", "3600000000:13": "" });
  },

  "parts are left out by the beginning of their names": async (store) => {
    const key = numberKey(1);
    await overwrite(store, view, key, { h: "head", "i:0": "ids", "i:1": "more", i: "not these", "l60:i:": "nor these" });
    const read = async (without?: string) => {
      const [result] = await store.read([
        { form: "state", view, keys: [key, numberKey(2)], ...(without === undefined ? {} : { without }) },
      ]);
      assert.ok(result?.form === "state");
      assert.equal(result.states[1], null);
      return result.states[0] ?? null;
    };
    const partial = await read("i:");
    assert.deepEqual(partTexts(partial), { h: "head", i: "not these", "l60:i:": "nor these" });
    assert.equal(partial?.isPartial, true);
    const whole = await read();
    assert.equal(whole?.parts.size, 5);
    assert.equal(whole?.isPartial, false);
    assert.equal(partial?.version, whole?.version);
    assert.deepEqual(partTexts(await read("")), {});
  },

  "the version changes with every write": async (store) => {
    const key = numberKey(1);
    const versions: number[] = [];
    for (const set of [{ h: "1" }, { h: "1" }, { s: "2" }, {}]) {
      await overwrite(store, view, key, set);
      versions.push((await readState(store, view, key))?.version ?? 0);
    }
    assert.equal(new Set(versions).size, 4);
    assert.ok(!versions.includes(0));
  },

  "a write of another version changes nothing and is reported": async (store) => {
    await overwrite(store, view, numberKey(1), { h: "one" });
    await overwrite(store, view, numberKey(3), { h: "three" });
    const before = await readState(store, view, numberKey(1));
    const version = before?.version ?? 0;
    const conflicts = await store.putStates(view, [
      write(numberKey(1), 0, { h: "lost" }),
      write(numberKey(2), version, { h: "lost" }),
      write(numberKey(4), 0, { h: "four" }),
      write(numberKey(1), version + 1000, { s: "lost" }, ["h"]),
      write(numberKey(1), version, { h: "won", s: "new" }),
    ]);
    assert.deepEqual(conflicts, [0, 1, 3]);
    const states = await readStates(store, view, [1, 2, 3, 4].map(numberKey));
    assert.deepEqual(states.map(partTexts), [{ h: "won", s: "new" }, null, { h: "three" }, { h: "four" }]);
    assert.deepEqual(await store.putStates(view, []), []);
  },

  "of several writes of one key in a call all but the first conflict": async (store) => {
    const conflicts = await store.putStates(view, [
      write(numberKey(1), 0, { h: "a" }),
      write(numberKey(2), 0, { h: "b" }),
      write(numberKey(1), 0, { h: "c" }),
    ]);
    assert.deepEqual(conflicts, [2]);
    assert.deepEqual(partTexts(await readState(store, view, numberKey(1))), { h: "a" });
  },

  "a state without parts stays, a deleted one is new": async (store) => {
    const key = numberKey(1);
    await overwrite(store, view, key, { h: "a" });
    const first = (await readState(store, view, key))?.version ?? 0;
    await overwrite(store, view, key, {}, ["h"]);
    const emptied = await readState(store, view, key);
    assert.deepEqual(partTexts(emptied), {});
    assert.deepEqual(await store.putStates(view, [write(key, 0, { h: "lost" })]), [0]);
    await store.deleteKeys(view, [key]);
    assert.equal(await readState(store, view, key), null);
    assert.deepEqual(await store.putStates(view, [write(key, emptied?.version ?? 0, { h: "lost" })]), [0]);
    assert.deepEqual(await store.putStates(view, [write(key, 0, { h: "b" })]), []);
    const reborn = await readState(store, view, key);
    assert.deepEqual(partTexts(reborn), { h: "b" });
    assert.ok(![0, first, emptied?.version].includes(reborn?.version), "a version of the deleted state came back");
  },

  "concurrent compare-and-set loops lose nothing": async (store) => {
    const key = numberKey(1);
    const conflicts = { count: 0 };
    const increment = async (): Promise<void> => {
      for (;;) {
        const state = await readState(store, view, key);
        const next = String(Number(textOf(state?.parts.get("n")) ?? 0) + 1);
        // Lets the other loops read the same version.
        await new Promise((resolve) => setImmediate(resolve));
        if ((await store.putStates(view, [write(key, state?.version ?? 0, { n: next })])).length === 0) return;
        conflicts.count++;
      }
    };
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 15; i++) await increment();
      }),
    );
    assert.deepEqual(partTexts(await readState(store, view, key)), { n: "120" });
    assert.ok(conflicts.count > 0, "the loops never met");
  },

  "parts of keys that begin alike are kept apart": async (store) => {
    const keys = [new Uint8Array([97]), new Uint8Array([97, 98]), new Uint8Array([97, 98, 0]), new Uint8Array([])];
    for (const [i, key] of keys.entries())
      await overwrite(store, view, key, { b: `b of ${i}`, "b\0": `b0 of ${i}`, "": `unnamed of ${i}`, é: `é of ${i}` });
    await overwrite(store, view, keys[0] ?? new Uint8Array(), {}, ["b"]);
    const states = await readStates(store, view, keys);
    assert.deepEqual(partTexts(states[0] ?? null), { "": "unnamed of 0", "b\0": "b0 of 0", é: "é of 0" });
    for (const i of [1, 2, 3])
      assert.deepEqual(partTexts(states[i] ?? null), { "": `unnamed of ${i}`, b: `b of ${i}`, "b\0": `b0 of ${i}`, é: `é of ${i}` });
  },

  "large and many parts are exact": async (store) => {
    const key = textKey("dense");
    const set = new Map<string, Uint8Array>(Array.from({ length: 300 }, (_, n) => [`3600000000:${n}`, new Uint8Array(n * 11).fill(n)]));
    set.set("h", new Uint8Array(200_000).fill(3));
    assert.deepEqual(await store.putStates(view, [{ key, ifVersion: 0, set, remove: [] }]), []);
    const state = await readState(store, view, key);
    assert.equal(state?.parts.size, 301);
    for (const [part, bytes] of set) assert.ok(Buffer.from(bytes).equals(state?.parts.get(part) ?? new Uint8Array(1)), part);
  },

  "a state's bytes are independent of the store": async (store) => {
    // A Buffer's `slice` is a view: stores that copy with it keep the caller's bytes.
    const given = Buffer.from("abc");
    await store.putStates(view, [{ key: numberKey(1), ifVersion: 0, set: new Map([["h", given]]), remove: [] }]);
    given.fill(0);
    const first = await readState(store, view, numberKey(1));
    await overwrite(store, view, numberKey(2), { h: "xyz" });
    await readState(store, view, numberKey(2));
    assert.deepEqual(partTexts(first), { h: "abc" });
    first?.parts.get("h")?.fill(0);
    assert.deepEqual(partTexts(await readState(store, view, numberKey(1))), { h: "abc" });
  },

  "rows and states of one view and key do not meet": async (store) => {
    const key = numberKey(1);
    await store.putRows(view, [sampleRow(view, key, 1, null, [1, "row"])]);
    assert.equal(await readState(store, view, key), null);
    await overwrite(store, view, key, { h: "state" });
    assert.deepEqual(await readValues(store, view, key), [1, "row"]);
    const results = await store.read([
      { form: "state", view, keys: [key] },
      { form: "row", view, features: ["note"], keys: [key] },
    ]);
    assert.deepEqual(
      results.map((result) => result.form),
      ["state", "row"],
    );
    await store.deleteKeys(view, [key]);
    assert.deepEqual(await readRows(store, view, [key]), [null]);
    assert.equal(await readState(store, view, key), null);
  },
};
