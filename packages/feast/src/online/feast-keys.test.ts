import assert from "node:assert/strict";
import { test } from "node:test";
import { AsofError } from "@asof/core";
import { feastKeys } from "./feast-keys.ts";

const hexOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString("hex"));

test("rows lie under Feast's entity keys, sorted by name; a null part is no key", () => {
  const parts = [
    { name: "driver_id", type: { kind: "int64", as: "number" } },
    { name: "customer_id", type: { kind: "string" } },
  ] as const;
  const encode = feastKeys.row.encoder(parts);
  const bytes = encode([1001, "c1"]);
  assert.equal(
    hexOf(bytes),
    "02000000020000000b000000637573746f6d65725f696402000000090000006472697665725f6964020000000200000063310400000008000000e903000000000000",
  );
  assert.deepEqual(feastKeys.row.decoder(parts)(bytes ?? new Uint8Array()), [1001, "c1"]);
  assert.equal(encode([null, "c1"]), null);
});

test("a view without entities has Feast's dummy key", () => {
  const bytes = feastKeys.row.encoder([])([]);
  assert.equal(hexOf(bytes), "01000000020000000a0000005f5f64756d6d795f69640200000000000000");
  assert.deepEqual(feastKeys.row.decoder([])(bytes ?? new Uint8Array()), []);
});

test("types that Feast refuses in keys are refused for rows, not for states", () => {
  const parts = [{ name: "id", type: { kind: "uuid" } }] as const;
  assert.throws(
    () => feastKeys.row.encoder(parts),
    (error: unknown) => error instanceof AsofError && error.code === "ASOF_COLUMN_TYPE",
  );
  assert.ok(feastKeys.state.encoder(parts)(["00000000-0000-0000-0000-000000000001"]));
});
