import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "./hash.ts";

test("text is hashed as its UTF-8 bytes", () => {
  assert.equal(sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(sha256Hex("é😀"), sha256Hex(new TextEncoder().encode("é😀")));
});
