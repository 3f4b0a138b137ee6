import assert from "node:assert/strict";
import { AsofError, equalValues, type OnlineRow, type OnlineStore, rowSchema } from "@asof/core";
import type { ContractCase } from "./describe-contract.ts";
import {
  hardValuesFor,
  numberKey,
  orderSchema,
  permutations,
  readRows,
  readValues,
  sampleRow,
  sampleView,
  textKey,
} from "./online-store-samples.ts";

const view = sampleView({});

/** `orders` with a feature added in the middle, as the order columns see it. */
const grownSchema = rowSchema([...orderSchema.features, { name: "discount", type: { kind: "float64" } }]);
const grownView = sampleView({ schema: grownSchema, older: [orderSchema] });

/** Rows of one key from the least to the greatest, each greater than the one before by the next part of the row order. */
function ascendingRows(key: Uint8Array): OnlineRow[] {
  return [
    sampleRow(view, key, -5, 900, [9, "z"]),
    sampleRow(view, key, 1000, null, [9, "z"]),
    sampleRow(view, key, 1000, -1, [9, "z"]),
    sampleRow(view, key, 1000, 7, [null, "z"]),
    sampleRow(view, key, 1000, 7, [1, "b"]),
    sampleRow(view, key, 1000, 7, [NaN, null]),
  ];
}

export const rowCases: Readonly<Record<string, ContractCase<OnlineStore>>> = {
  "a row reads back with its times": async (store) => {
    const key = textKey("c1");
    assert.deepEqual(await store.putRows(view, [sampleRow(view, key, 1_700_000_000_123_456, null, [12.5, "x"])]), {
      written: 1,
      superseded: 0,
    });
    assert.deepEqual(await readRows(store, view, [key]), [
      { eventTimeUs: 1_700_000_000_123_456, createdTimeUs: null, values: [12.5, "x"] },
    ]);
    await store.putRows(view, [sampleRow(view, key, 1_700_000_000_123_457, -1, [13.5, "y"])]);
    assert.deepEqual(await readRows(store, view, [key]), [{ eventTimeUs: 1_700_000_000_123_457, createdTimeUs: -1, values: [13.5, "y"] }]);
  },

  "answers follow the order of requests and keys": async (store) => {
    const other = sampleView({ view: "visits" });
    await store.putRows(view, [sampleRow(view, numberKey(1), 1, null, [1, "one"]), sampleRow(view, numberKey(2), 2, null, [2, "two"])]);
    await store.putRows(other, [sampleRow(other, numberKey(1), 3, null, [10, "ten"])]);
    const results = await store.read([
      { form: "row", view: other, features: ["note"], keys: [numberKey(2), numberKey(1)] },
      { form: "row", view, features: ["amount"], keys: [numberKey(2), null, numberKey(1), numberKey(2), numberKey(3)] },
      { form: "row", view, features: ["note"], keys: [] },
    ]);
    assert.deepEqual(
      results.map((result) => result.form === "row" && result.rows.map((row) => row?.values ?? null)),
      [[null, ["ten"]], [[2], null, [1], [2], null], []],
    );
    assert.deepEqual(await store.read([]), []);
  },

  "a null key and an absent key read as null, a stored null as null values": async (store) => {
    await store.putRows(view, [sampleRow(view, numberKey(1), 1, null, [null, null])]);
    assert.deepEqual(await readRows(store, view, [null, numberKey(9), numberKey(1)]), [
      null,
      null,
      { eventTimeUs: 1, createdTimeUs: null, values: [null, null] },
    ]);
  },

  "features are answered in the order asked for, any subset": async (store) => {
    await store.putRows(view, [sampleRow(view, numberKey(1), 1, null, [5, "five"])]);
    const subsets: [string[], unknown[]][] = [
      [
        ["note", "amount"],
        ["five", 5],
      ],
      [["amount"], [5]],
      [["note"], ["five"]],
      [[], []],
      [
        ["note", "unheard_of", "note"],
        ["five", undefined, "five"],
      ],
    ];
    for (const [features, expected] of subsets) {
      const [row] = await readRows(store, view, [numberKey(1)], features);
      assert.deepEqual(row?.values, expected);
    }
  },

  "the greatest row stays, whatever the order of writing": async (store) => {
    const orders = permutations([0, 1, 2, 3, 4, 5]);
    const greatest = ascendingRows(numberKey(0))[5];
    for (let step = 0; step < 6; step++) {
      const batch = orders.flatMap((order, k) => ascendingRows(numberKey(k))[order[step] ?? 0] ?? []);
      await store.putRows(view, batch);
    }
    const rows = await readRows(
      store,
      view,
      orders.map((_, k) => numberKey(k)),
    );
    for (const row of rows) assert.deepEqual(row?.values, greatest?.values);
  },

  "of each two neighbours in the row order the greater one stays": async (store) => {
    const rows = ascendingRows(numberKey(0));
    for (let i = 0; i + 1 < rows.length; i++) {
      const [lower, upper] = [ascendingRows(numberKey(i))[i], ascendingRows(numberKey(i))[i + 1]];
      assert.ok(lower !== undefined && upper !== undefined);
      assert.deepEqual(await store.putRows(view, [lower]), { written: 1, superseded: 0 });
      assert.deepEqual(await store.putRows(view, [upper]), { written: 1, superseded: 0 }, `row ${i + 1} did not replace row ${i}`);
      assert.deepEqual(await store.putRows(view, [lower]), { written: 0, superseded: 1 }, `row ${i} replaced row ${i + 1}`);
      assert.deepEqual(await readValues(store, view, numberKey(i)), upper.values);
    }
  },

  "of several rows of one key in a call the greatest is written": async (store) => {
    for (const [k, order] of [
      [0, 1, 2, 3, 4, 5],
      [5, 4, 3, 2, 1, 0],
      [2, 5, 0, 5, 1, 3],
    ].entries()) {
      const rows = ascendingRows(numberKey(k));
      const given = order.flatMap((i) => rows[i] ?? []);
      const between = sampleRow(view, numberKey(1000 + k), 1, null, [k, "between"]);
      assert.deepEqual(await store.putRows(view, [...given.slice(0, 3), between, ...given.slice(3)]), { written: 2, superseded: 5 });
      assert.deepEqual(await readValues(store, view, numberKey(k)), rows[5]?.values);
      assert.deepEqual(await readValues(store, view, numberKey(1000 + k)), [k, "between"]);
    }
  },

  "writing the same rows again changes nothing": async (store) => {
    const rows = [1, 2, 3].map((k) => sampleRow(view, numberKey(k), 10, 20, [NaN, `note ${k}`]));
    assert.deepEqual(await store.putRows(view, rows), { written: 3, superseded: 0 });
    const before = await readRows(store, view, [numberKey(1), numberKey(2), numberKey(3)]);
    assert.deepEqual(await store.putRows(view, rows.toReversed()), { written: 0, superseded: 3 });
    assert.deepEqual(await readRows(store, view, [numberKey(1), numberKey(2), numberKey(3)]), before);
    assert.deepEqual(await store.putRows(view, []), { written: 0, superseded: 0 });
  },

  "a row of an older schema is decoded by its own fingerprint": async (store) => {
    await store.putRows(view, [sampleRow(view, numberKey(1), 1, null, [5, "five"])]);
    await store.putRows(grownView, [sampleRow(grownView, numberKey(2), 1, null, [6, "six", 0.5])]);
    const rows = await readRows(store, grownView, [numberKey(1), numberKey(2), numberKey(1)], ["discount", "note", "amount"]);
    assert.deepEqual(
      rows.map((row) => row?.values),
      [
        [undefined, "five", 5],
        [0.5, "six", 6],
        [undefined, "five", 5],
      ],
    );
  },

  "backfilling an added feature replaces the row of equal times, an older writer does not undo it": async (store) => {
    const older = sampleRow(view, numberKey(1), 10, 20, [5, "five"]);
    const grown = sampleRow(grownView, numberKey(1), 10, 20, [5, "five", 0.5]);
    const grownNull = sampleRow(grownView, numberKey(2), 10, 20, [5, "five", null]);
    await store.putRows(view, [older, { ...older, key: numberKey(2) }]);
    assert.deepEqual(await store.putRows(grownView, [grown, grownNull]), { written: 2, superseded: 0 });
    assert.deepEqual(await store.putRows(grownView, [grown, grownNull]), { written: 0, superseded: 2 });
    const olderWriter = sampleView({ schema: orderSchema, older: [grownSchema] });
    assert.deepEqual(await store.putRows(olderWriter, [older, { ...older, key: numberKey(2) }]), { written: 0, superseded: 2 });
    const rows = await readRows(store, grownView, [numberKey(1), numberKey(2)], ["discount"]);
    assert.deepEqual(
      rows.map((row) => row?.values),
      [[0.5], [null]],
    );
  },

  "ties between schemas follow the current columns, absent ones as null": async (store) => {
    // `discount` sorts between `amount` and `note`: keys of the two schemas cannot be compared byte by byte.
    await store.putRows(view, [sampleRow(view, numberKey(1), 10, null, [5, "z"]), sampleRow(view, numberKey(2), 10, null, [5, "z"])]);
    const greater = sampleRow(grownView, numberKey(1), 10, null, [5, "a", 0.5]);
    const smaller = sampleRow(grownView, numberKey(2), 10, null, [4, "z", 0.5]);
    assert.deepEqual(await store.putRows(grownView, [greater, smaller]), { written: 1, superseded: 1 });
    assert.deepEqual(await readValues(store, grownView, numberKey(1)), [5, "a", 0.5]);
    assert.deepEqual(await readValues(store, grownView, numberKey(2)), [5, "z", undefined]);
  },

  "an unknown fingerprint is ASOF_SCHEMA_UNKNOWN, never decoded": async (store) => {
    await store.putRows(grownView, [sampleRow(grownView, numberKey(1), 1, null, [5, "five", 0.5])]);
    await assert.rejects(
      async () => store.read([{ form: "row", view, features: ["amount"], keys: [numberKey(1)] }]),
      (error: unknown) =>
        error instanceof AsofError && error.code === "ASOF_SCHEMA_UNKNOWN" && error.message.includes(grownSchema.fingerprint),
    );
    assert.deepEqual(await readValues(store, grownView, numberKey(1)), [5, "five", 0.5], "the store answers after the error");
  },

  "every value type is exact": async (store) => {
    for (const { name, type, values } of hardValuesFor(store)) {
      const typed = sampleView({
        view: `typed_${name}`,
        schema: rowSchema([
          { name: "before", type: { kind: "bool" } },
          { name, type },
        ]),
      });
      const all = [...values, null];
      await store.putRows(
        typed,
        all.map((value, k) => sampleRow(typed, numberKey(k), 1, null, [true, value])),
      );
      const rows = await readRows(
        store,
        typed,
        all.map((_, k) => numberKey(k)),
        [name],
      );
      all.forEach((value, k) => {
        const got = rows[k]?.values[0];
        assert.ok(
          got !== undefined && equalValues(type, got, value),
          `${name}: ${String(value).slice(0, 50)} came back as ${String(got).slice(0, 50)}`,
        );
        assert.equal(typeof got, typeof value);
      });
    }
  },

  "a timestamp finer than the store keeps is refused, and nothing is written": async (store) => {
    if (store.capabilities.timestamps !== "seconds") return;
    const typed = sampleView({ view: "moments", schema: rowSchema([{ name: "seen", type: { kind: "timestamp" } }]) });
    const rows = [5_000_000, 5_000_001].map((value, k) => sampleRow(typed, numberKey(k), 1, null, [value]));
    await assert.rejects(store.putRows(typed, rows), (error: unknown) => error instanceof AsofError && error.code === "ASOF_VALUE_INVALID");
    assert.deepEqual(await readRows(store, typed, [numberKey(0), numberKey(1)]), [null, null]);
  },

  "one row holds every type, read feature by feature": async (store) => {
    const samples = hardValuesFor(store);
    const typed = sampleView({ view: "everything", schema: rowSchema(samples) });
    const values = samples.map((sample) => sample.values.at(-1) ?? null);
    await store.putRows(typed, [sampleRow(typed, numberKey(1), 1, null, values)]);
    for (const [i, { name, type }] of samples.entries()) {
      const [row] = await readRows(store, typed, [numberKey(1)], [name]);
      assert.ok(equalValues(type, row?.values[0] ?? null, values[i] ?? null), name);
    }
  },

  "answers and arguments are independent of the store": async (store) => {
    const blobs = sampleView({ view: "blobs", schema: rowSchema([{ name: "blob", type: { kind: "bytes" } }]) });
    const given = Buffer.from([1, 2, 3]);
    const key = Buffer.from(textKey("mutable"));
    await store.putRows(blobs, [sampleRow(blobs, key, 1, null, [given])]);
    given.fill(9);
    const first = await readValues(store, blobs, textKey("mutable"));
    key.fill(0);
    await store.putRows(blobs, [sampleRow(blobs, textKey("other"), 1, null, [new Uint8Array([7, 7, 7])])]);
    await readValues(store, blobs, textKey("other"));
    assert.deepEqual(first, [new Uint8Array([1, 2, 3])]);
    assert.deepEqual(await readValues(store, blobs, textKey("mutable")), [new Uint8Array([1, 2, 3])]);
  },

  "concurrent writers of one key end in the greatest row": async (store) => {
    const rows = Array.from({ length: 60 }, (_, n) => sampleRow(view, numberKey(1), Math.floor(n / 3), n % 3, [n, `writer ${n}`]));
    const shuffled = rows.map((row, n) => ({ row, at: (n * 37) % 60 })).toSorted((a, b) => a.at - b.at);
    const counts = await Promise.all(shuffled.map(({ row }) => store.putRows(view, [row])));
    assert.ok(counts.every(({ written, superseded }) => written + superseded === 1));
    assert.deepEqual(await readValues(store, view, numberKey(1)), [59, "writer 59"]);
  },

  "ten thousand rows in one call": async (store) => {
    const rows = Array.from({ length: 10_000 }, (_, k) => sampleRow(view, numberKey((k * 7919) % 10_000), k, null, [k, `note ${k}`]));
    assert.deepEqual(await store.putRows(view, rows), { written: 10_000, superseded: 0 });
    const read = await readRows(
      store,
      view,
      rows.map((row) => row.key),
    );
    assert.deepEqual(
      read.map((row) => row?.eventTimeUs),
      rows.map((row) => row.eventTimeUs),
    );
  },
};
