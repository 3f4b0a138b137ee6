import assert from "node:assert/strict";
import { type OnlineRow, type OnlineStore, type OnlineTombstone, rowSchema } from "@asof/core";
import type { ContractCase } from "./describe-contract.ts";
import {
  bytesOf,
  numberKey,
  orderSchema,
  partTexts,
  permutations,
  readRows,
  readState,
  readValues,
  sampleRow,
  sampleView,
} from "./online-store-samples.ts";

const view = sampleView({});
const erasedUs = 1000;
const createdUs = 50;

function tombstone(key: Uint8Array, eventTimeUs = erasedUs, createdTimeUs: number | null = createdUs): OnlineTombstone {
  return { key, eventTimeUs, createdTimeUs };
}

/** Rows that must lose against a tombstone of 1000 and 50, and the least that wins. */
function rowsAround(key: Uint8Array): { readonly losing: readonly OnlineRow[]; readonly winning: readonly OnlineRow[] } {
  return {
    losing: [
      sampleRow(view, key, 999, 9000, [9, "z"]),
      sampleRow(view, key, erasedUs, null, [9, "z"]),
      sampleRow(view, key, erasedUs, createdUs, [NaN, "zzz"]),
      sampleRow(view, key, -5, null, [null, null]),
    ],
    winning: [sampleRow(view, key, erasedUs, createdUs + 1, [null, null]), sampleRow(view, key, erasedUs + 1, null, [1, "a"])],
  };
}

const longKey = new Uint8Array(6000).fill(120);

export const tombstoneCases: Readonly<Record<string, ContractCase<OnlineStore>>> = {
  "a tombstone hides the row and every row that is not greater": async (store) => {
    for (const key of [numberKey(1), longKey]) {
      const { losing } = rowsAround(key);
      await store.putRows(view, [sampleRow(view, key, 500, null, [5, "five"]), sampleRow(view, numberKey(2), 500, null, [6, "six"])]);
      assert.deepEqual(await store.putTombstones(view, [tombstone(key)]), { removed: 1 });
      assert.deepEqual(await readRows(store, view, [key]), [null]);
      assert.deepEqual(await store.putRows(view, losing), { written: 0, superseded: losing.length });
      assert.deepEqual(await readRows(store, view, [key]), [null]);
      assert.deepEqual(await readValues(store, view, numberKey(2)), [6, "six"], "other keys keep their rows");
    }
  },

  "a greater row is written over a tombstone": async (store) => {
    for (const [n, winner] of [0, 1].entries()) {
      const key = numberKey(10 + n);
      await store.putTombstones(view, [tombstone(key)]);
      const row = rowsAround(key).winning[winner];
      assert.ok(row !== undefined);
      assert.deepEqual(await store.putRows(view, [row]), { written: 1, superseded: 0 });
      assert.deepEqual(await readValues(store, view, key), row.values);
    }
  },

  "a tombstone without a created time loses to rows that have one": async (store) => {
    const key = numberKey(1);
    await store.putTombstones(view, [tombstone(key, erasedUs, null)]);
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, erasedUs, null, [9, "z"])]), { written: 0, superseded: 1 });
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, erasedUs, -7, [1, "a"])]), { written: 1, superseded: 0 });
  },

  "a key without a row gets a tombstone, which holds": async (store) => {
    const key = numberKey(1);
    assert.deepEqual(await store.putTombstones(view, [tombstone(key)]), { removed: 0 });
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, 10, null, [1, "a"])]), { written: 0, superseded: 1 });
    assert.deepEqual(await readRows(store, view, [key]), [null]);
    assert.deepEqual(await store.putTombstones(view, []), { removed: 0 });
  },

  "a tombstone replaces later rows too, and the higher of two stays": async (store) => {
    const key = numberKey(1);
    await store.putRows(view, [sampleRow(view, key, 5000, 1, [5, "five"])]);
    assert.deepEqual(await store.putTombstones(view, [tombstone(key)]), { removed: 1 });
    assert.deepEqual(await readRows(store, view, [key]), [null]);
    assert.deepEqual(await store.putTombstones(view, [tombstone(key, 2000, null)]), { removed: 0 });
    assert.deepEqual(await store.putTombstones(view, [tombstone(key)]), { removed: 0 }, "a lower one changes nothing");
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, 1999, null, [1, "a"])]), { written: 0, superseded: 1 });
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, 2000, 0, [1, "a"])]), { written: 1, superseded: 0 });
  },

  "a tombstone that keeps later rows replaces only those of times that are not greater": async (store) => {
    const { losing, winning } = rowsAround(numberKey(1));
    for (const [n, row] of [...losing, ...winning].entries()) {
      const key = numberKey(50 + n);
      await store.putRows(view, [{ ...row, key }]);
      const isKept = n >= losing.length;
      assert.deepEqual(await store.putTombstones(view, [tombstone(key)], { keepLater: true }), { removed: isKept ? 0 : 1 });
      assert.deepEqual(await readRows(store, view, [key]).then(([stored]) => stored !== null), isKept, `row ${n}`);
    }
    const key = numberKey(49);
    assert.deepEqual(await store.putTombstones(view, [tombstone(key)], { keepLater: true }), { removed: 0 });
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, 10, null, [1, "a"])]), { written: 0, superseded: 1 });
  },

  "rows and tombstones commute but for rows that a tombstone removed": async (store) => {
    const orders = permutations([0, 1, 2]);
    for (const [k, order] of orders.entries()) {
      const key = numberKey(100 + k);
      const [lower, upper] = [sampleRow(view, key, 900, null, [1, "lower"]), sampleRow(view, key, 950, null, [2, "upper"])];
      for (const step of order) {
        if (step === 2) await store.putTombstones(view, [tombstone(key)]);
        else await store.putRows(view, [step === 0 ? lower : upper]);
      }
      assert.deepEqual(await readRows(store, view, [key]), [null], `order ${order.join()}`);
    }
  },

  "backfilling an added feature does not undo a tombstone": async (store) => {
    const grown = sampleView({
      schema: rowSchema([...orderSchema.features, { name: "discount", type: { kind: "float64" } }]),
      older: [orderSchema],
    });
    const key = numberKey(1);
    await store.putRows(view, [sampleRow(view, key, erasedUs, createdUs, [5, "five"])]);
    await store.putTombstones(view, [tombstone(key)]);
    const row = sampleRow(grown, key, erasedUs, createdUs, [5, "five", 0.5]);
    assert.deepEqual(await store.putRows(grown, [row]), { written: 0, superseded: 1 });
    assert.deepEqual(await readRows(store, grown, [key], ["discount", "note"]), [null]);
  },

  "tombstones go with deleted keys and truncated views, and leave states and other views alone": async (store) => {
    const key = numberKey(1);
    const other = sampleView({ view: "visits" });
    await store.putRows(other, [sampleRow(other, key, 1, null, [1, "other"])]);
    await store.putStates(view, [{ key, ifVersion: 0, set: new Map([["h", bytesOf("state")]]), remove: [] }]);
    await store.putTombstones(view, [tombstone(key)]);
    assert.deepEqual(partTexts(await readState(store, view, key)), { h: "state" });
    assert.deepEqual(await readValues(store, other, key), [1, "other"]);
    await store.deleteKeys(view, [key]);
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, 1, null, [1, "back"])]), { written: 1, superseded: 0 });
    await store.putTombstones(view, [tombstone(key)]);
    await store.truncate(view);
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, 1, null, [1, "back"])]), { written: 1, superseded: 0 });
  },
};
