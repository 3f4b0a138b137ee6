import assert from "node:assert/strict";
import { test } from "node:test";
import { AsofError } from "../error/error.ts";
import type { OnlineRow, OnlineView } from "./online.ts";
import { rowPacker, rowReader } from "./packed-row.ts";
import { rowSchema } from "./row-schema.ts";

const schema = rowSchema([
  { name: "amount", type: { kind: "float64" } },
  { name: "note", type: { kind: "string" } },
  { name: "visits", type: { kind: "int64", as: "number" } },
]);
const view: OnlineView = { project: "shop", view: "orders", generation: 1, schema, schemas: new Map([[schema.fingerprint, schema]]) };

function row(eventTimeUs: number, createdTimeUs: number | null): OnlineRow {
  return { key: new Uint8Array([1]), eventTimeUs, createdTimeUs, orderKey: new Uint8Array(), values: [1.5, "né", null] };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("the stored form is the documented one: a change needs a new format version of every store that uses it, and a migration", () => {
  assert.equal(schema.fingerprint, "90f97698814de7a6");
  const values = "04" + "000000000000f83f" + "03000000" + "0000000000000000" + "6ec3a9";
  assert.equal(
    hex(rowPacker(view).pack(row(1_700_000_000_123_456, null))),
    `${schema.fingerprint}40222018240a0600${"0000000000000080"}${values}`,
  );
  assert.equal(hex(rowPacker(view).pack(row(-1, 1))), `${schema.fingerprint}ffffffffffffffff${"0100000000000000"}${values}`);
});

test("a fingerprint covers names, types and their order, not the JavaScript form of int64", () => {
  const of = (...features: Parameters<typeof rowSchema>[0]): string => rowSchema(features).fingerprint;
  const a = { name: "a", type: { kind: "int64", as: "bigint" } } as const;
  const b = { name: "b", type: { kind: "int64", as: "bigint" } } as const;
  assert.equal(of(a), of({ name: "a", type: { kind: "int64", as: "number" } }));
  assert.equal(new Set([of(a), of(b), of(a, b), of(b, a), of({ name: "a", type: { kind: "int32" } }), of()]).size, 6);
  assert.match(of(a), /^[0-9a-f]{16}$/);
});

test("a row inside a larger buffer is read at its offset", () => {
  const packed = rowPacker(view).pack(row(5, 7));
  const shifted = new Uint8Array(packed.length + 3);
  shifted.set(packed, 3);
  assert.deepEqual(rowReader(view, ["note", "visits", "amount", "gone"])(shifted, 3), {
    eventTimeUs: 5,
    createdTimeUs: 7,
    values: ["né", null, 1.5, undefined],
  });
});

test("a row cut short is ASOF_STORE_FAILED, never half an answer", () => {
  const packed = rowPacker(view).pack(row(5, 7));
  const read = rowReader(view, ["amount", "note"]);
  for (let length = 0; length < packed.length; length++) {
    assert.throws(
      () => read(packed.slice(0, length), 0),
      (error: unknown) => error instanceof AsofError && error.code === "ASOF_STORE_FAILED",
      `${length} bytes`,
    );
  }
});

test("the order key is read only between rows of equal times", () => {
  const packer = rowPacker(view);
  const stored = packer.pack(row(10, 10));
  const unread = (given: OnlineRow): OnlineRow => ({
    ...given,
    get orderKey(): Uint8Array {
      throw new Error("the order key was read");
    },
  });
  for (const [given, expected] of [
    [row(9, 99), false],
    [row(11, null), true],
    [row(10, null), false],
    [row(10, 11), true],
    [row(10, 10), false],
  ] as const) {
    assert.equal(packer.replaces(unread(given), packer.pack(given), stored, 0), expected);
  }
  const tie = unread({ ...row(10, 10), values: [2, "other", null] });
  assert.throws(() => packer.replaces(tie, packer.pack(tie), stored, 0), /the order key was read/);
});

test("readers are compiled once per view and array of names", () => {
  const names = ["amount"];
  assert.equal(rowReader(view, names), rowReader(view, names));
  assert.notEqual(rowReader({ ...view }, names), rowReader(view, names));
});
