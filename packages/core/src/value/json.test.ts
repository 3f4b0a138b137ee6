import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anyValue, everyType, seededRandom, times } from "@asof/testkit";
import { equalValues } from "./equality.ts";
import { valueFromJson, valueFromText, valueToJson } from "./json.ts";
import { printType, type Value, type ValueType } from "./type.ts";

const int64: ValueType = { kind: "int64", as: "bigint" };
const safe: ValueType = { kind: "int64", as: "number" };

test("every value survives JSON", () => {
  const random = seededRandom("json");
  for (const type of everyType) {
    for (const value of [null, ...times(300, () => anyValue(random, type))]) {
      const json: unknown = JSON.parse(JSON.stringify(valueToJson(type, value)));
      const message = `${printType(type)} ${JSON.stringify(json)}`;
      assert.ok(equalValues(type, valueFromJson(type, true, json, "x"), value), message);
    }
  }
});

test("the JSON form is the documented one", () => {
  assert.equal(valueToJson(int64, 5n), "5");
  assert.equal(valueToJson(safe, 5), 5);
  assert.equal(valueToJson({ kind: "float64" }, Number.NaN), "NaN");
  assert.equal(valueToJson({ kind: "float64" }, Number.NEGATIVE_INFINITY), "-Infinity");
  assert.ok(Object.is(valueToJson({ kind: "float64" }, -0), 0));
  assert.equal(valueToJson({ kind: "bytes" }, new Uint8Array([0, 255])), "AP8=");
  assert.equal(valueToJson({ kind: "timestamp" }, -1), "1969-12-31T23:59:59.999999Z");
  assert.deepEqual(valueToJson({ kind: "list", of: int64 }, [1n, null]), ["1", null]);
});

describe("valueFromJson", () => {
  const refused: readonly (readonly [ValueType, unknown])[] = [
    [int64, "5.0"],
    [int64, " 5"],
    [int64, ""],
    [int64, "9223372036854775808"],
    [safe, "9007199254740992"],
    [{ kind: "int32" }, "2147483648"],
    [{ kind: "float64" }, "1.5"],
    [{ kind: "float64" }, "nan"],
    [{ kind: "bytes" }, "A"],
    [{ kind: "bytes" }, "AP8"],
    [{ kind: "bytes" }, "A!8="],
    [{ kind: "bytes" }, "AP9="],
    [{ kind: "list", of: int64 }, "[]"],
  ];
  for (const [type, json] of refused) {
    test(`refuses ${JSON.stringify(json)} as ${printType(type)}`, () => {
      assert.throws(() => valueFromJson(type, true, json, "x"), { code: "ASOF_VALUE_INVALID" });
    });
  }
});

describe("valueFromText", () => {
  const read: readonly (readonly [ValueType, string, Value])[] = [
    [{ kind: "bool" }, "true", true],
    [{ kind: "bool" }, "false", false],
    [int64, "-9223372036854775808", -(2n ** 63n)],
    [int64, "+5", 5n],
    [safe, "900", 900],
    [{ kind: "float64" }, "1.5e3", 1500],
    [{ kind: "float64" }, ".5", 0.5],
    [{ kind: "float64" }, "-Infinity", Number.NEGATIVE_INFINITY],
    [{ kind: "string" }, "null", "null"],
    [{ kind: "string" }, "", ""],
    [int64, "null", null],
    [{ kind: "timestamp" }, "2024-01-01", 1_704_067_200_000_000],
    [{ kind: "decimal", precision: 5, scale: 2 }, "1.5", "1.50"],
    [{ kind: "list", of: int64 }, '[1, "2", null]', [1n, 2n, null]],
  ];
  for (const [type, text, expected] of read) {
    test(`reads ${JSON.stringify(text)} as ${printType(type)}`, () => assert.deepEqual(valueFromText(type, text, "x"), expected));
  }
  const refused: readonly (readonly [ValueType, string])[] = [
    [{ kind: "bool" }, "yes"],
    [int64, "5.5"],
    [{ kind: "float64" }, "1e999"],
    [{ kind: "float64" }, ""],
    [{ kind: "float64" }, "0x10"],
    [{ kind: "list", of: int64 }, "1,2"],
  ];
  for (const [type, text] of refused) {
    test(`refuses ${JSON.stringify(text)} as ${printType(type)}`, () => {
      assert.throws(() => valueFromText(type, text, "x"), { code: "ASOF_VALUE_INVALID", path: "x" });
    });
  }
});
