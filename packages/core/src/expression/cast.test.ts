import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everyType } from "@asof/testkit";
import { isNumeric, printType, type Value, type ValueType } from "../value/type.ts";
import { canCast, castFunction } from "./cast.ts";

const int32: ValueType = { kind: "int32" };
const int64: ValueType = { kind: "int64", as: "bigint" };
const float32: ValueType = { kind: "float32" };
const float64: ValueType = { kind: "float64" };
const string: ValueType = { kind: "string" };
const money: ValueType = { kind: "decimal", precision: 5, scale: 2 };
const fine: ValueType = { kind: "decimal", precision: 38, scale: 9 };
const timestamp: ValueType = { kind: "timestamp" };
const date: ValueType = { kind: "date" };
const uuid = "123e4567-e89b-12d3-a456-426614174000";

describe("cast", () => {
  const cases: readonly (readonly [ValueType, Value, ValueType, Value])[] = [
    [float64, 2.9, int32, 2],
    [float64, -2.9, int64, -2],
    [float64, -0.5, int64, 0],
    [float64, Number.NaN, int64, null],
    [float64, Number.POSITIVE_INFINITY, int64, null],
    [float64, 2 ** 63, int64, null],
    [float64, -(2 ** 63), int64, -(2n ** 63n)],
    [float64, 2147483648, int32, null],
    [float64, 2147483647.9, int32, 2147483647],
    [float64, 1e39, float32, null],
    [float64, Number.NEGATIVE_INFINITY, float32, Number.NEGATIVE_INFINITY],
    [float64, 0.1, float32, Math.fround(0.1)],
    [int64, 2n ** 53n + 1n, float64, 2 ** 53],
    [int64, 2n ** 31n, int32, null],
    [int64, -(2n ** 31n), int32, -(2 ** 31)],
    [int64, 2n ** 53n, timestamp, null],
    [int64, -5n, timestamp, -5],
    [int64, 999n, money, "999.00"],
    [int64, 1000n, money, null],
    [int64, 2n ** 63n - 1n, fine, "9223372036854775807.000000000"],
    [money, "-9.99", int32, -9],
    [money, "9.99", float64, 9.99],
    [fine, "12345678901234567890.123456789", float64, 12345678901234567000],
    [fine, "1.005000000", money, "1.01"],
    [fine, "-1.005000000", money, "-1.01"],
    [fine, "-1.004999999", money, "-1.00"],
    [fine, "-0.004000000", money, "0.00"],
    [fine, "999.995000000", money, null],
    [money, "-0.50", string, "-0.50"],
    [{ kind: "bool" }, true, int32, 1],
    [{ kind: "bool" }, false, string, "false"],
    [string, "true", { kind: "bool" }, true],
    [string, "True", { kind: "bool" }, null],
    [string, "+0012", int32, 12],
    [string, "-0", int64, 0],
    [string, "9223372036854775808", int64, null],
    [string, "1.0", int64, null],
    [string, " 1", int64, null],
    [string, "1\n", int64, null],
    [string, "", int64, null],
    [string, "1_000", int64, null],
    [string, "5.e3", float64, 5000],
    [string, ".5", float64, 0.5],
    [string, ".", float64, null],
    [string, "1e400", float64, null],
    [string, "-1e-400", float64, 0],
    [string, "NaN", float64, null],
    [string, "1e39", float32, null],
    [string, "1.005", money, "1.01"],
    [string, "1e2", money, null],
    [string, "999.995", money, null],
    [string, "2024-02-29", date, "2024-02-29"],
    [string, "2023-02-29", date, null],
    [string, "2024-2-29", date, null],
    [string, "0000-01-01", date, null],
    [string, uuid.toUpperCase(), { kind: "uuid" }, uuid],
    [string, uuid.replaceAll("-", ""), { kind: "uuid" }, null],
    [string, "é", { kind: "bytes" }, new Uint8Array([0xc3, 0xa9])],
    [date, "1969-12-31", timestamp, -86_400_000_000],
    [date, "2255-06-05", timestamp, 9_007_113_600_000_000],
    [date, "2255-06-06", timestamp, null],
    [date, "1684-07-29", timestamp, -9_007_113_600_000_000],
    [date, "1684-07-28", timestamp, null],
    [timestamp, -1, date, "1969-12-31"],
    [timestamp, -1, int64, -1],
  ];
  for (const [from, value, to, expected] of cases) {
    test(`${printType(from)} ${JSON.stringify(String(value))} to ${printType(to)}`, () => {
      assert.ok(canCast(from, to));
      const actual = castFunction(from, to)(value);
      assert.deepEqual(typeof expected === "bigint" && typeof actual === "number" ? BigInt(actual) : actual, expected);
    });
  }
});

test("what engines do not agree on cannot be cast", () => {
  const refused: readonly (readonly [ValueType, ValueType])[] = [
    [float64, string],
    [float64, money],
    [float32, { kind: "bool" }],
    [int32, { kind: "bool" }],
    [timestamp, string],
    [string, timestamp],
    [{ kind: "bytes" }, string],
    [date, int32],
    [timestamp, float64],
    [{ kind: "bool" }, money],
    [
      { kind: "list", of: int32 },
      { kind: "list", of: int64 },
    ],
  ];
  for (const [from, to] of refused) assert.ok(!canCast(from, to), `${printType(from)} to ${printType(to)}`);
  for (const type of everyType) assert.ok(canCast(type, type));
  const numbers = everyType.filter(isNumeric);
  const isFloat = (type: ValueType) => type.kind === "float32" || type.kind === "float64";
  for (const from of numbers) for (const to of numbers) assert.equal(canCast(from, to), !(isFloat(from) && to.kind === "decimal"));
});
