import assert from "node:assert/strict";
import { test } from "node:test";
import { anyValue, everyType, seededRandom, times } from "@asof/testkit";
import { equalValues } from "./equality.ts";
import { compareValue } from "./order.ts";
import { printType } from "./type.ts";

test("equality is exact, with NaN equal to itself and −0 to 0", () => {
  assert.ok(equalValues({ kind: "float64" }, Number.NaN, Number.NaN));
  assert.ok(equalValues({ kind: "float64" }, -0, 0));
  assert.ok(!equalValues({ kind: "float64" }, 0.1 + 0.2, 0.3));
  assert.ok(!equalValues({ kind: "float64" }, Number.NaN, null));
  assert.ok(!equalValues({ kind: "int64", as: "bigint" }, 2n ** 53n, 2n ** 53n + 1n));
  assert.ok(equalValues({ kind: "int64", as: "bigint" }, 5n, 5));
  assert.ok(!equalValues({ kind: "bool" }, false, null));
  assert.ok(equalValues({ kind: "bool" }, null, null));
  assert.ok(equalValues({ kind: "bytes" }, new Uint8Array([1]), Buffer.from([1])));
  assert.ok(equalValues({ kind: "list", of: { kind: "float64" } }, [Number.NaN, null, -0], [Number.NaN, null, 0]));
  assert.ok(!equalValues({ kind: "list", of: { kind: "float64" } }, [1], [1, null]));
});

test("equality agrees with the order", () => {
  const random = seededRandom("equality");
  for (const type of everyType) {
    const values = [null, ...times(60, () => anyValue(random, type))];
    for (const a of values) for (const b of values) assert.equal(equalValues(type, a, b), compareValue(type, a, b) === 0, printType(type));
  }
});
