import assert from "node:assert/strict";
import { test } from "node:test";
import { anyValue, seededRandom, times } from "@asof/testkit";
import { decimalToUnscaled, fitsPrecision, parseUnscaled, unscaledToDecimal } from "./decimal.ts";

test("decimals and their digits are inverse", () => {
  const random = seededRandom("decimal");
  for (const [precision, scale] of [
    [1, 0],
    [5, 2],
    [18, 18],
    [38, 0],
    [38, 9],
    [38, 38],
  ] as const) {
    for (const decimal of times(200, () => String(anyValue(random, { kind: "decimal", precision, scale })))) {
      const unscaled = decimalToUnscaled(decimal);
      assert.equal(unscaledToDecimal(unscaled, scale), decimal);
      assert.equal(parseUnscaled(decimal, scale), unscaled);
      assert.ok(fitsPrecision(unscaled, precision), decimal);
    }
  }
});

test("text is read exactly or not at all", () => {
  assert.equal(parseUnscaled("1e3", 2), 100000n);
  assert.equal(parseUnscaled("-1.5e-2", 3), -15n);
  assert.equal(parseUnscaled("1.", 1), 10n);
  assert.equal(parseUnscaled("0e9999", 2), 0n);
  assert.equal(parseUnscaled("0.001", 2), null);
  assert.equal(parseUnscaled("100e-2", 0), 1n);
  assert.equal(parseUnscaled("150e-2", 0), null);
  assert.equal(parseUnscaled("1e-9999", 2), null);
  for (const text of ["", "-", ".5", "1,5", "0x1", "1e", "NaN", "1 ", "1e99999"]) assert.equal(parseUnscaled(text, 2), null, text);
});

test("a precision holds that many digits", () => {
  assert.ok(fitsPrecision(999n, 3));
  assert.ok(fitsPrecision(-999n, 3));
  assert.ok(!fitsPrecision(1000n, 3));
  assert.ok(!fitsPrecision(-1000n, 3));
});
