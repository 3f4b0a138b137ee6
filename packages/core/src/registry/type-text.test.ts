import assert from "node:assert/strict";
import { test } from "node:test";
import { anyType, seededRandom } from "@asof/testkit";
import { decodeType, encodeType } from "./type-text.ts";

test("types come back from their text", () => {
  for (let seed = 0; seed < 500; seed++) {
    const type = anyType(seededRandom(`type text ${seed}`), 4);
    const text = encodeType(type, { exact: true, forms: [] });
    assert.deepEqual(decodeType(text), type, text);
  }
});

test("without exactness the JavaScript form of int64 is left out, and collected", () => {
  const forms: string[] = [];
  const type = { kind: "map", key: { kind: "int64", as: "number" }, value: { kind: "list", of: { kind: "int64", as: "bigint" } } } as const;
  assert.equal(encodeType(type, { exact: false, forms }), "map(int64, list(int64))");
  assert.deepEqual(forms, ["number", "bigint"]);
});

for (const text of [
  "",
  "qubit",
  "list",
  "list(",
  "list()",
  "list(string",
  "list(string))",
  "map(string)",
  "set(string, string)",
  "struct({  })",
  "struct({ a: string)",
  "struct({ a string })",
  'struct({ "a: string })',
  "vector(x)",
  "timestamp(ms)",
  "decimal(1)",
  `${"list(".repeat(200)}string${")".repeat(200)}`,
]) {
  test(`${text.slice(0, 40)} is no type that this version knows`, () => {
    assert.throws(() => decodeType(text), { code: "ASOF_REGISTRY_FAILED" });
  });
}
