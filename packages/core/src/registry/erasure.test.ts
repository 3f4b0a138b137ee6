import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { decodeErasure, type Erasure, encodeErasure, erasureIdOf, secretIdOf } from "./erasure.ts";

const secret = new Uint8Array(32).fill(7);
const hashed = (text: string): string => createHmac("sha256", secret).update(text).digest("hex");

test("an erasure's id is the keyed hash of project, names and values: a change of it forgets every erasure", () => {
  assert.equal(erasureIdOf(secret, "shop", ["customer_id"], [900]), hashed('["shop",["customer_id"]]["900"]'));
  assert.equal(erasureIdOf(secret, "shop", ["b", "a"], ["x", new Uint8Array([1, 255])]), hashed('["shop",["a","b"]]["01ff","x"]'));
  assert.equal(secretIdOf(secret), hashed("asof erasure secret").slice(0, 16));
});

test("a key is the same key as int32, int64 or text, and in any order of its parts; another project's is another", () => {
  const id = erasureIdOf(secret, "shop", ["a", "b"], [900, "x"]);
  assert.equal(erasureIdOf(secret, "shop", ["a", "b"], [900n, "x"]), id);
  assert.equal(erasureIdOf(secret, "shop", ["b", "a"], ["x", "900"]), id);
  const others = [
    erasureIdOf(secret, "shop", ["a", "b"], ["x", 900]),
    erasureIdOf(secret, "mall", ["a", "b"], [900, "x"]),
    erasureIdOf(secret, "shop", ["a", "c"], [900, "x"]),
    erasureIdOf(new Uint8Array(32).fill(8), "shop", ["a", "b"], [900, "x"]),
    erasureIdOf(secret, "shop", ["a", "b"], ['900","x', ""]),
  ];
  assert.equal(new Set([id, ...others]).size, 6);
  assert.equal(erasureIdOf(secret, "shop", ["a", "b"], [900, null]), null, "nobody has such a key");
});

test("a record reads back, and a damaged one is refused", () => {
  const erasure: Erasure = { id: "ab".repeat(32), keys: ["a"], secretId: "01".repeat(8), erasedAtUs: 5, untilUs: null };
  for (const one of [erasure, { ...erasure, untilUs: 7 }]) assert.deepEqual(decodeErasure(one.id, encodeErasure(one)), one);
  for (const spec of [null, {}, { keys: "a", secretId: "", erasedAtUs: 1, untilUs: null }]) {
    assert.throws(() => decodeErasure(erasure.id, spec), { code: "ASOF_REGISTRY_FAILED" });
  }
});
