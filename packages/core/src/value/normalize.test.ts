import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anyValue, everyType, seededRandom, times } from "@asof/testkit";
import { equalValues } from "./equality.ts";
import { normalizeValue } from "./normalize.ts";
import { printType, type Value, type ValueType } from "./type.ts";

const int64: ValueType = { kind: "int64", as: "bigint" };
const safe: ValueType = { kind: "int64", as: "number" };
const money: ValueType = { kind: "decimal", precision: 5, scale: 2 };
const uuid = "123e4567-e89b-12d3-a456-426614174000";

describe("normalizeValue accepts", () => {
  const cases: readonly (readonly [ValueType, unknown, Value])[] = [
    [{ kind: "bool" }, true, true],
    [{ kind: "int32" }, -2147483648, -2147483648],
    [{ kind: "int32" }, 7n, 7],
    [{ kind: "int32" }, -0, 0],
    [int64, 2n ** 63n - 1n, 2n ** 63n - 1n],
    [int64, -(2n ** 63n), -(2n ** 63n)],
    [int64, 5, 5n],
    [safe, 5n, 5],
    [safe, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [{ kind: "float32" }, 0.1, Math.fround(0.1)],
    [{ kind: "float32" }, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [{ kind: "float64" }, Number.NaN, Number.NaN],
    [{ kind: "float64" }, -0, 0],
    [{ kind: "float64" }, 3n, 3],
    [{ kind: "string" }, "😀", "😀"],
    [{ kind: "bytes" }, new Uint8Array(), new Uint8Array()],
    [{ kind: "timestamp" }, new Date(1500), 1_500_000],
    [{ kind: "timestamp" }, "1969-12-31T23:59:59.999999999Z", -1],
    [{ kind: "timestamp" }, -0.5, -1],
    [{ kind: "timestamp" }, 5n, 5],
    [{ kind: "date" }, "2024-02-29", "2024-02-29"],
    [{ kind: "date" }, new Date("1969-12-31T23:59:59.999Z"), "1969-12-31"],
    [money, "12.3", "12.30"],
    [money, "-0", "0.00"],
    [money, "+007.10", "7.10"],
    [money, 12.5, "12.50"],
    [money, 1e-2, "0.01"],
    [money, -3n, "-3.00"],
    [money, "1.50000", "1.50"],
    [money, "15e-1", "1.50"],
    [{ kind: "decimal", precision: 38, scale: 0 }, 10n ** 38n - 1n, "9".repeat(38)],
    [{ kind: "uuid" }, uuid.toUpperCase(), uuid],
    [{ kind: "list", of: { kind: "int32" } }, [1, null, undefined], [1, null, null]],
    [{ kind: "list", of: { kind: "float32" } }, new Float32Array([1.5]), [1.5]],
    [{ kind: "list", of: int64 }, new BigInt64Array([5n]), [5n]],
    [{ kind: "list", of: { kind: "list", of: { kind: "bool" } } }, [[true], []], [[true], []]],
  ];
  for (const [type, value, expected] of cases) {
    test(`${printType(type)} ${describeValue(value)}`, () => {
      const actual = normalizeValue(type, false, value, "x");
      assert.deepEqual(actual, expected);
      if (typeof expected === "number") assert.ok(Object.is(actual, expected));
    });
  }

  test("null and undefined as null where nullable, and nothing else", () => {
    assert.equal(normalizeValue(int64, true, undefined, "x"), null);
    assert.equal(normalizeValue(int64, true, null, "x"), null);
    for (const value of [null, undefined])
      assert.throws(() => normalizeValue(int64, false, value, "row 3.id"), {
        code: "ASOF_VALUE_INVALID",
        path: "row 3.id",
        message: /row 3\.id is null/,
      });
  });

  test("every value in the form of its type, unchanged", () => {
    const random = seededRandom("normalize");
    for (const type of everyType) {
      for (const value of times(200, () => anyValue(random, type))) {
        assert.ok(equalValues(type, normalizeValue(type, false, value, "x"), value), `${printType(type)} ${describeValue(value)}`);
      }
    }
  });
});

describe("normalizeValue refuses", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const cases: readonly (readonly [ValueType, unknown])[] = [
    [{ kind: "bool" }, 1],
    [{ kind: "bool" }, "true"],
    [{ kind: "int32" }, 2147483648],
    [{ kind: "int32" }, 1.5],
    [{ kind: "int32" }, "1"],
    [{ kind: "int32" }, Number.NaN],
    [{ kind: "int32" }, 10n ** 30n],
    [int64, 2n ** 63n],
    [int64, -(2n ** 63n) - 1n],
    [int64, 2 ** 53],
    [int64, "5"],
    [int64, 0.5],
    [safe, 2n ** 53n],
    [safe, Number.POSITIVE_INFINITY],
    [{ kind: "float32" }, 1e39],
    [{ kind: "float64" }, "1"],
    [{ kind: "float64" }, 2n ** 53n + 1n],
    [{ kind: "float64" }, true],
    [{ kind: "string" }, 5],
    [{ kind: "string" }, "a\ud800"],
    [{ kind: "string" }, "\udc00\ud800"],
    [{ kind: "bytes" }, "YQ=="],
    [{ kind: "bytes" }, [1]],
    [{ kind: "timestamp" }, "yesterday"],
    [{ kind: "timestamp" }, new Date(Number.NaN)],
    [{ kind: "timestamp" }, 2n ** 60n],
    [{ kind: "timestamp" }, true],
    [{ kind: "date" }, "2023-02-29"],
    [{ kind: "date" }, "2023-02-28T00:00:00Z"],
    [{ kind: "date" }, new Date(Number.NaN)],
    [{ kind: "date" }, 5],
    [money, "1.005"],
    [money, "1000"],
    [money, 0.1 + 0.2],
    [money, "abc"],
    [money, ""],
    [money, "."],
    [money, Number.NaN],
    [money, "1e9999"],
    [{ kind: "uuid" }, uuid.replaceAll("-", "")],
    [{ kind: "uuid" }, `{${uuid}}`],
    [{ kind: "list", of: int64 }, "5"],
    [{ kind: "list", of: int64 }, { length: 1 }],
    [{ kind: "list", of: int64 }, new DataView(new ArrayBuffer(8))],
    [{ kind: "string" }, circular],
    [{ kind: "string" }, Object.create(null)],
    [{ kind: "string" }, () => "a"],
    [{ kind: "string" }, Symbol("a")],
  ];
  for (const [type, value] of cases) {
    test(`${printType(type)} ${describeValue(value)}`, () => {
      assert.throws(() => normalizeValue(type, true, value, "rows[2].x"), {
        code: "ASOF_VALUE_INVALID",
        path: "rows[2].x",
        message: /rows\[2\]\.x is .* Give |Remove /,
      });
    });
  }

  test("an element of a list by its index", () => {
    assert.throws(() => normalizeValue({ kind: "list", of: int64 }, true, [1, "x"], "tags"), { path: "tags[1]" });
  });

  test("with a message that is well-formed text, whatever was given", () => {
    assert.throws(
      () => normalizeValue({ kind: "string" }, true, "a\ud800", "x"),
      (error: Error) => error.message.isWellFormed(),
    );
  });
});

function describeValue(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" ? Object.prototype.toString.call(value) : String(value);
}
