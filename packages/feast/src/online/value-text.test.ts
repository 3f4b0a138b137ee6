import assert from "node:assert/strict";
import { test } from "node:test";
import { printPythonFloat } from "./value-text.ts";

/** Printed by Python 3.11. */
const printed: readonly (readonly [number, string])[] = [
  [0.0, "0.0"],
  [-0, "-0.0"],
  [1.0, "1.0"],
  [-1.0, "-1.0"],
  [0.1, "0.1"],
  [0.33, "0.33"],
  [1e16, "1e+16"],
  [9999999999999998.0, "9999999999999998.0"],
  [1000000000000000.0, "1000000000000000.0"],
  [1.2345678901234568e17, "1.2345678901234568e+17"],
  [0.0001, "0.0001"],
  [9.9e-5, "9.9e-05"],
  [1e-5, "1e-05"],
  [1.5e-7, "1.5e-07"],
  [1e300, "1e+300"],
  [5e-324, "5e-324"],
  [1.7976931348623157e308, "1.7976931348623157e+308"],
  [0.30000001192092896, "0.30000001192092896"],
  [100.0, "100.0"],
  [12345.678, "12345.678"],
  [1e22, "1e+22"],
  [1e21, "1e+21"],
  [0.000123, "0.000123"],
  [9007199254740992.0, "9007199254740992.0"],
  [0.001, "0.001"],
  [0.3333333333333333, "0.3333333333333333"],
  [-2.5e-10, "-2.5e-10"],
];

test("floats are printed as Python's str() prints them", () => {
  for (const [value, text] of printed) assert.equal(printPythonFloat(value), text);
  assert.equal(printPythonFloat(Number.NaN), "nan");
  assert.equal(printPythonFloat(Number.POSITIVE_INFINITY), "inf");
  assert.equal(printPythonFloat(Number.NEGATIVE_INFINITY), "-inf");
});
