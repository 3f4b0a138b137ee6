import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AsofError } from "../error/error.ts";
import type { Value, ValueType } from "../value/type.ts";
import { readKeyAsFeast } from "./feast-key.ts";

const int64: ValueType = { kind: "int64", as: "bigint" };
const int32: ValueType = { kind: "int32" };
const text: ValueType = { kind: "string" };
const time: ValueType = { kind: "timestamp", precision: "s" };
const bytes: ValueType = { kind: "bytes" };

// Each as `python_values_to_proto_values` of Feast 0.67 gives it.
const values: readonly (readonly [ValueType, unknown, Value])[] = [
  [int64, 2.9, 2n],
  [int64, -2.9, -2n],
  [int64, -0.5, 0n],
  [int64, true, 1n],
  [int64, "1_0", 10n],
  [int64, " +7 ", 7n],
  [int64, Number.NaN, null],
  [int64, [1], null],
  [int64, { a: 1 }, null],
  [int64, null, null],
  [{ kind: "int64", as: "number" }, "12", 12],
  [int32, 5n, 5],
  [text, 1, "1"],
  [text, 2n ** 60n, "1152921504606846976"],
  [text, 1.5, "1.5"],
  [text, 1e-7, "1e-07"],
  [text, true, "True"],
  [text, Number.NaN, null],
  [time, 5, 5_000_000],
  [time, "5", 5_000_000],
  [time, new Date(1500), 1_000_000],
];

const errors: readonly (readonly [ValueType, unknown, string])[] = [
  [int64, 2n ** 70n, "ValueError: Value out of range: 1180591620717411303424"],
  [int32, 2 ** 31, "ValueError: Value out of range: 2147483648"],
  [int64, "1.5", "ValueError: invalid literal for int() with base 10: '1.5'"],
  [int64, "", "ValueError: invalid literal for int() with base 10: ''"],
  [int64, "a'b", `ValueError: invalid literal for int() with base 10: "a'b"`],
  [int64, Number.POSITIVE_INFINITY, "OverflowError: cannot convert float infinity to integer"],
  [time, "x", "ValueError: invalid literal for int() with base 10: 'x'"],
  [bytes, "x", "AssertionError: Type `<class 'str'>` not in {<class 'bytes'>}"],
];

describe("a join key under strict", () => {
  for (const [type, given, read] of values) {
    test(`${type.kind}: ${printed(given)} is ${printed(read)}`, () => assert.deepEqual(readKeyAsFeast(type, given, "k"), read));
  }
  for (const [type, given, message] of errors) {
    test(`${type.kind}: ${printed(given)} is refused in Feast's words`, () => {
      assert.throws(
        () => readKeyAsFeast(type, given, "entities.k[0]"),
        (error) => error instanceof AsofError && error.path === "entities.k[0]" && error.message.startsWith(`[${error.code}] ${message}`),
      );
    });
  }
});

function printed(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? String(value));
}
