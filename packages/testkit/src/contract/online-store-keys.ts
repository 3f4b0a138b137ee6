import assert from "node:assert/strict";
import type { KeyBytes, OnlineStore } from "@asof/core";
import type { ContractCase } from "./describe-contract.ts";
import {
  bytesOf,
  keyTexts,
  listAllKeys,
  numberKey,
  partTexts,
  readRows,
  readState,
  readStates,
  readValues,
  sampleRow,
  sampleView,
  textKey,
} from "./online-store-samples.ts";

const view = sampleView({});

/** Longer than any store takes as a key of its own; they differ in the last byte only. */
const longKeys: readonly KeyBytes[] = [1, 2, 3].map((last) => {
  const key = new Uint8Array(6000).fill(120);
  key[5999] = last;
  return key;
});

export const keyCases: Readonly<Record<string, ContractCase<OnlineStore>>> = {
  "projects, views and generations do not see each other": async (store) => {
    const views = [
      sampleView({ project: "a", view: "b" }),
      sampleView({ project: "a", view: "bc" }),
      sampleView({ project: "ab", view: "c" }),
      sampleView({ project: "a", view: "b", generation: 2 }),
      sampleView({ project: "a", view: "b", generation: 258 }),
      sampleView({ project: "a", view: "é日本" }),
      sampleView({ project: "a", view: "b\0" }),
      sampleView({ project: "", view: "ab" }),
      sampleView({ project: "ab", view: "" }),
      sampleView({ project: "x".repeat(3000), view: "b" }),
    ];
    const key = numberKey(1);
    for (const [n, of] of views.entries()) {
      assert.deepEqual(await store.putRows(of, [sampleRow(of, key, 1, null, [n, "row"])]), { written: 1, superseded: 0 });
      assert.deepEqual(await store.putStates(of, [{ key, ifVersion: 0, set: new Map([["h", bytesOf(`state ${n}`)]]), remove: [] }]), []);
    }
    const results = await store.read(views.map((of) => ({ form: "row", view: of, features: ["amount"], keys: [key] })));
    assert.deepEqual(
      results.map((result) => result.form === "row" && result.rows[0]?.values[0]),
      views.map((_, n) => n),
    );
    // Twice where a store keeps rows and states apart: a real view has only one of the two.
    for (const of of views) assert.deepEqual([...new Set(keyTexts(await listAllKeys(store, of)))], keyTexts([key]));
    await store.truncate(views[0] ?? view);
    for (const [n, of] of views.entries()) {
      assert.deepEqual(await readValues(store, of, key), n === 0 ? null : [n, "row"]);
      assert.deepEqual(partTexts(await readState(store, of, key)), n === 0 ? null : { h: `state ${n}` });
    }
  },

  "a deleted row may be followed by an older one": async (store) => {
    await store.putRows(
      view,
      [1, 2, 3].map((k) => sampleRow(view, numberKey(k), 100, null, [k, "new"])),
    );
    await store.deleteKeys(view, [numberKey(1), numberKey(3), numberKey(77)]);
    assert.deepEqual(
      (await readRows(store, view, [1, 2, 3].map(numberKey))).map((row) => row?.values ?? null),
      [null, [2, "new"], null],
    );
    assert.deepEqual(await store.putRows(view, [sampleRow(view, numberKey(1), 50, null, [1, "old"])]), { written: 1, superseded: 0 });
    assert.deepEqual(await readValues(store, view, numberKey(1)), [1, "old"]);
    await store.deleteKeys(view, []);
  },

  "a truncated view is empty and can be filled again": async (store) => {
    const rows = Array.from({ length: 3000 }, (_, k) => sampleRow(view, numberKey(k), 100, null, [k, "first"]));
    await store.putRows(view, rows);
    await store.putRows(
      view,
      longKeys.map((key) => sampleRow(view, key, 100, null, [0, "long"])),
    );
    await store.putStates(
      view,
      longKeys.map((key) => ({ key, ifVersion: 0, set: new Map([["h", bytesOf("h")]]), remove: [] })),
    );
    await store.truncate(view);
    assert.deepEqual(await listAllKeys(store, view), []);
    assert.ok((await readRows(store, view, [numberKey(0), numberKey(2999), ...longKeys])).every((row) => row === null));
    assert.ok((await readStates(store, view, longKeys)).every((state) => state === null));
    assert.deepEqual(await store.putRows(view, [sampleRow(view, numberKey(5), 1, null, [5, "again"])]), { written: 1, superseded: 0 });
    assert.deepEqual(await readValues(store, view, numberKey(5)), [5, "again"]);
    await store.truncate(sampleView({ view: "never written" }));
  },

  "all keys of a view are listed, rows' and states'": async (store) => {
    const rowKeys = [...Array.from({ length: 2500 }, (_, k) => numberKey(k)), new Uint8Array(), new Uint8Array([255, 255]), ...longKeys];
    await store.putRows(
      view,
      rowKeys.map((key) => sampleRow(view, key, 1, null, [1, "x"])),
    );
    assert.deepEqual(keyTexts(await listAllKeys(store, view)), keyTexts(rowKeys));
    const windowed = sampleView({ view: "activity" });
    await store.putStates(
      windowed,
      rowKeys.map((key) => ({
        key,
        ifVersion: 0,
        set: new Map([
          ["h", bytesOf("h")],
          ["3600000000:1", bytesOf("s")],
        ]),
        remove: [],
      })),
    );
    assert.deepEqual(keyTexts(await listAllKeys(store, windowed)), keyTexts(rowKeys));
    assert.deepEqual(await listAllKeys(store, sampleView({ view: "never written" })), []);
  },

  "keys may be deleted while they are listed": async (store) => {
    const keys = Array.from({ length: 3500 }, (_, k) => numberKey(k));
    await store.putRows(
      view,
      keys.map((key) => sampleRow(view, key, 1, null, [1, "x"])),
    );
    const seen: KeyBytes[] = [];
    for await (const page of store.listKeys(view)) {
      assert.ok(page.length > 0, "an empty page");
      seen.push(...page);
      await store.deleteKeys(view, page);
    }
    assert.deepEqual(keyTexts(seen), keyTexts(keys));
    assert.deepEqual(await listAllKeys(store, view), []);
  },

  "very long keys are exact": async (store) => {
    await store.putRows(
      view,
      longKeys.map((key, n) => sampleRow(view, key, 10, null, [n, "row"])),
    );
    await store.putStates(
      view,
      longKeys.map((key, n) => ({ key, ifVersion: 0, set: new Map([["h", bytesOf(`state ${n}`)]]), remove: [] })),
    );
    assert.deepEqual(
      (await readRows(store, view, longKeys)).map((row) => row?.values),
      [
        [0, "row"],
        [1, "row"],
        [2, "row"],
      ],
    );
    assert.deepEqual((await readStates(store, view, longKeys)).map(partTexts), [{ h: "state 0" }, { h: "state 1" }, { h: "state 2" }]);
    const [first, second] = longKeys;
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(
      await store.putRows(view, [sampleRow(view, first, 9, null, [7, "old"]), sampleRow(view, second, 11, null, [8, "new"])]),
      {
        written: 1,
        superseded: 1,
      },
    );
    await store.deleteKeys(view, [first]);
    assert.deepEqual(
      (await readRows(store, view, longKeys)).map((row) => row?.values ?? null),
      [null, [8, "new"], [2, "row"]],
    );
    assert.deepEqual((await readStates(store, view, longKeys)).map(partTexts), [null, { h: "state 1" }, { h: "state 2" }]);
    assert.deepEqual(await readValues(store, view, textKey("x".repeat(5999))), null);
  },

  "keys of every length are kept apart": async (store) => {
    // Around the limits of stores, where a long key changes its form.
    const lengths = [0, 1, 2, 255, 256, 511, 512, 1000, ...Array.from({ length: 350 }, (_, n) => 1650 + n), 2048, 4096, 65_536];
    const keys = lengths.map((length) => new Uint8Array(length).fill(1));
    await store.putRows(
      view,
      keys.map((key, n) => sampleRow(view, key, 1, null, [n, "row"])),
    );
    await store.putStates(
      view,
      keys.map((key, n) => ({ key, ifVersion: 0, set: new Map([["part", bytesOf(String(n))]]), remove: [] })),
    );
    assert.deepEqual(
      (await readRows(store, view, keys, ["amount"])).map((row) => row?.values[0]),
      keys.map((_, n) => n),
    );
    assert.deepEqual(
      (await readStates(store, view, keys)).map(partTexts),
      keys.map((_, n) => ({ part: String(n) })),
    );
    await store.deleteKeys(view, keys);
    assert.deepEqual(await listAllKeys(store, view), []);
  },
};
