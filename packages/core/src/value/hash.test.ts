import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { compileHmacSha256, sha256Hex } from "./hash.ts";

test("text is hashed as its UTF-8 bytes", () => {
  assert.equal(sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(sha256Hex("é😀"), sha256Hex(new TextEncoder().encode("é😀")));
});

test("keyed hashes are those of RFC 4231, for secrets and texts of any length", () => {
  const hmac = compileHmacSha256(Buffer.from("Jefe"));
  assert.equal(hmac("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  for (const secretBytes of [0, 1, 32, 63, 64, 65, 200]) {
    const secret = new Uint8Array(secretBytes).fill(secretBytes);
    const own = compileHmacSha256(secret);
    for (const text of ["", "a", "é😀", "x".repeat(63), "x".repeat(5000)]) {
      assert.equal(own(text), createHmac("sha256", secret).update(text).digest("hex"));
    }
  }
});
