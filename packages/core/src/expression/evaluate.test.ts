import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Value, ValueType } from "../value/type.ts";
import { compileExpression, compileFilter } from "./evaluate.ts";
import type { CaseNode, ExpressionNode, Operator } from "./node.ts";

const bool: ValueType = { kind: "bool" };
const int32: ValueType = { kind: "int32" };
const int64: ValueType = { kind: "int64", as: "bigint" };
const safe: ValueType = { kind: "int64", as: "number" };
const float64: ValueType = { kind: "float64" };
const string: ValueType = { kind: "string" };
const timestamp: ValueType = { kind: "timestamp" };
const date: ValueType = { kind: "date" };
const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

/** An operator applied to columns that hold the given values, so that nothing is calculated beforehand. */
function apply(op: Operator, result: ValueType, ...operands: readonly (readonly [ValueType, Value])[]): Value {
  const args = operands.map(([type], i): ExpressionNode => ({ node: "column", name: `c${i}`, type }));
  const layout = new Map(operands.map((_, i) => [`c${i}`, i]));
  return compileExpression({ node: "call", op, args, type: result }, layout)(operands.map(([, value]) => value));
}

function literal(type: ValueType, value: Value): ExpressionNode {
  return { node: "literal", type, value };
}

function column(name: string, type: ValueType): ExpressionNode {
  return { node: "column", name, type };
}

function call(op: Operator, type: ValueType, ...args: readonly ExpressionNode[]): ExpressionNode {
  return { node: "call", op, args, type };
}

function branch(when: ExpressionNode, then: ExpressionNode): CaseNode["branches"][number] {
  return { when, then };
}

describe("arithmetic", () => {
  const cases: readonly (readonly [Operator, ValueType, Value, Value, Value])[] = [
    ["add", int64, MAX, -1n, MAX - 1n],
    ["mul", int64, 3037000499n, 3037000499n, 9223372030926249001n],
    ["sub", int64, MIN, MIN, 0n],
    ["mod", int64, -7n, 3n, -1n],
    ["mod", int64, 7n, -3n, 1n],
    ["mod", int64, MIN, -1n, 0n],
    ["mod", int64, 5n, 0n, null],
    ["mod", int32, -6, 3, 0],
    ["add", int32, 2147483646, 1, 2147483647],
    ["mul", int32, 0, -5, 0],
    ["add", float64, 1e308, 1e308, Number.POSITIVE_INFINITY],
    ["sub", float64, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN],
    ["mod", float64, -5.5, 2, -1.5],
    ["mod", float64, 5, Number.POSITIVE_INFINITY, 5],
    ["mod", float64, 5, -0, null],
    ["div", float64, 1, 4, 0.25],
    ["div", float64, 1, 0, null],
    ["div", float64, 1, -0, null],
    ["div", float64, Number.NaN, 2, Number.NaN],
    ["add", int64, null, 1n, null],
  ];
  for (const [op, type, a, b, expected] of cases) {
    test(`${a} ${op} ${b} in ${type.kind}`, () => assert.ok(Object.is(apply(op, type, [type, a], [type, b]), expected)));
  }

  const overflows: readonly (readonly [Operator, ValueType, ...Value[]])[] = [
    ["add", int64, MAX, 1n],
    ["sub", int64, MIN, 1n],
    ["mul", int64, 3037000500n, 3037000500n],
    ["mul", int64, MIN, -1n],
    ["neg", int64, MIN],
    ["abs", int64, MIN],
    ["add", int32, 2147483647, 1],
    ["mul", int32, 65536, 65536],
    ["neg", int32, -2147483648],
    ["abs", int32, -2147483648],
  ];
  for (const [op, type, ...values] of overflows) {
    test(`${values.join(` ${op} `)} (${op}) overflows ${type.kind}`, () => {
      assert.throws(() => apply(op, type, ...values.map((value) => [type, value] as const)), {
        code: "ASOF_EXPRESSION_FAILED",
        message: new RegExp(`leaves the range of ${type.kind}\\. Cast`),
      });
    });
  }

  test("an int64 is exact inside an expression whatever its form, and refused as a number only at the end", () => {
    const n = column("n", safe);
    const layout = new Map([["n", 0]]);
    const square = call("mul", safe, n, n);
    const back = call("sub", safe, square, call("mul", safe, n, call("sub", safe, n, literal(safe, 1))));
    assert.equal(compileExpression(back, layout)([2 ** 31 + 1]), 2 ** 31 + 1);
    assert.equal(compileExpression(call("gt", bool, square, literal(safe, 5)), layout)([2 ** 31]), true);
    assert.throws(() => compileExpression(square, layout)([2 ** 31]), { code: "ASOF_EXPRESSION_FAILED", message: /beyond ±\(2\^53 - 1\)/ });
    assert.throws(() => compileExpression(square, layout)([2 ** 33]), {
      code: "ASOF_EXPRESSION_FAILED",
      message: /leaves the range of int64/,
    });
    assert.equal(compileExpression({ ...square, type: int64 }, layout)([2 ** 31]), 2n ** 62n);
    assert.equal(compileExpression({ ...square, type: int64 }, layout)([3]), 9n);
  });
});

describe("comparison", () => {
  const cases: readonly (readonly [Operator, ValueType, Value, Value, Value])[] = [
    ["eq", float64, Number.NaN, Number.NaN, true],
    ["gt", float64, Number.NaN, Number.POSITIVE_INFINITY, true],
    ["eq", float64, -0, 0, true],
    ["lt", float64, -0, 0, false],
    ["lt", string, "\uFFFD", "😀", true],
    ["lt", string, "Z", "a", true],
    ["eq", string, "é", "e\u0301", false],
    ["ge", int64, 2n ** 53n, 2n ** 53n + 1n, false],
    ["ne", bool, true, false, true],
    ["le", date, "1969-12-31", "1970-01-01", true],
    ["gt", { kind: "decimal", precision: 5, scale: 2 }, "-9.00", "-10.00", true],
    ["eq", int64, null, null, null],
  ];
  for (const [op, type, a, b, expected] of cases) {
    test(`${JSON.stringify(String(a))} ${op} ${JSON.stringify(String(b))}`, () =>
      assert.equal(apply(op, bool, [type, a], [type, b]), expected));
  }

  test("least and greatest give null if any argument is null; NaN is greatest", () => {
    assert.equal(apply("least", float64, [float64, 1], [float64, null], [float64, 2]), null);
    assert.equal(apply("least", float64, [float64, 1], [float64, Number.NaN], [float64, 2]), 1);
    assert.equal(apply("greatest", float64, [float64, 1], [float64, Number.NaN], [float64, 2]), Number.NaN);
    assert.equal(apply("greatest", string, [string, "\uFFFD"], [string, "😀"]), "😀");
  });

  test("in finds what is equal, whatever its form", () => {
    const among = (type: ValueType, value: Value, ...values: readonly Value[]) =>
      compileExpression(call("in", bool, column("x", type), ...values.map((v) => literal(type, v))), new Map([["x", 0]]))([value]);
    assert.equal(among(float64, Number.NaN, 1, Number.NaN), true);
    assert.equal(among(float64, -0, 0), true);
    assert.equal(among(int64, 5n, 5n, 6n), true);
    assert.equal(among(int64, MAX, MAX - 1n), false);
    assert.equal(among(safe, 5, 5n), true);
    assert.equal(among({ kind: "bytes" }, new Uint8Array([1, 255]), new Uint8Array([1, 255])), true);
    assert.equal(among({ kind: "bytes" }, new Uint8Array([1]), new Uint8Array([1, 255])), false);
    assert.equal(among(string, null, "a"), null);
    assert.equal(among(int32, 1, 2, null), null);
  });
});

describe("logic", () => {
  const values = [true, false, null];
  for (const a of values) {
    for (const b of values) {
      test(`${a} with ${b}`, () => {
        const and = a === false || b === false ? false : a === null || b === null ? null : true;
        const or = a === true || b === true ? true : a === null || b === null ? null : false;
        assert.equal(apply("and", bool, [bool, a], [bool, b]), and);
        assert.equal(apply("or", bool, [bool, a], [bool, b]), or);
        assert.equal(apply("not", bool, [bool, a]), a === null ? null : !a);
      });
    }
  }

  test("goes from left to right and stops where the answer is known", () => {
    const x = column("x", int64);
    const layout = new Map([["x", 0]]);
    const overflows = call("gt", bool, call("mul", int64, x, x), literal(int64, 3n));
    const small = call("lt", bool, x, literal(int64, 1000n));
    assert.equal(compileExpression(call("and", bool, small, overflows), layout)([MAX]), false);
    assert.throws(() => compileExpression(call("and", bool, overflows, small), layout)([MAX]), { code: "ASOF_EXPRESSION_FAILED" });
    assert.equal(compileExpression(call("or", bool, call("not", bool, small), overflows), layout)([MAX]), true);
    assert.equal(compileExpression(call("coalesce", int64, x, call("mul", int64, x, x)), layout)([MAX]), MAX);
    const guarded: ExpressionNode = {
      node: "case",
      branches: [branch(small, call("mul", int64, x, x))],
      otherwise: x,
      type: int64,
    };
    assert.equal(compileExpression(guarded, layout)([MAX]), MAX);
    assert.equal(compileExpression(guarded, layout)([30n]), 900n);
  });

  test("a filter passes true alone", () => {
    const passes = compileFilter(column("x", bool), new Map([["x", 0]]));
    assert.deepEqual(
      values.map((value) => passes([value])),
      [true, false, false],
    );
  });

  test("a null condition counts as false", () => {
    const node: ExpressionNode = {
      node: "case",
      branches: [branch(column("x", bool), literal(int32, 1))],
      otherwise: literal(int32, 2),
      type: int32,
    };
    const run = compileExpression(node, new Map([["x", 0]]));
    assert.deepEqual(
      values.map((value) => run([value])),
      [1, 2, 2],
    );
  });
});

describe("text", () => {
  const cases: readonly (readonly [Operator, ValueType, Value, ...(readonly (readonly [ValueType, Value])[])])[] = [
    ["lower", string, "aÄİß", [string, "AÄİß"]],
    ["upper", string, "AäßI", [string, "aäßi"]],
    ["trim", string, "a\t", [string, "  a\t "]],
    ["trim", string, "", [string, "   "]],
    ["length", int32, 3, [string, "e\u0301😀"]],
    ["length", int32, 0, [string, ""]],
    ["substring", string, "😀b", [string, "a😀bc"], [int32, 2], [int32, 2]],
    ["substring", string, "abc", [string, "abc"], [int32, -5]],
    ["substring", string, "ab", [string, "abc"], [int32, -5], [int32, 2]],
    ["substring", string, "", [string, "abc"], [int32, 1], [int32, -1]],
    ["substring", string, "", [string, "abc"], [int32, 4]],
    ["substring", string, "bc", [string, "abc"], [int64, 2n], [int64, MAX]],
    ["substring", string, null, [string, "abc"], [int32, null]],
    ["concat", string, "abc", [string, "a"], [string, "b"], [string, "c"]],
    ["concat", string, null, [string, "a"], [string, null]],
    ["startsWith", bool, true, [string, "abc"], [string, ""]],
    ["endsWith", bool, true, [string, "abc"], [string, "bc"]],
    ["contains", bool, false, [string, "abc"], [string, "B"]],
    ["replace", string, "xbx", [string, "aba"], [string, "a"], [string, "x"]],
    ["replace", string, "aba", [string, "aba"], [string, ""], [string, "x"]],
    ["replace", string, "$&$1", [string, "a"], [string, "a"], [string, "$&$1"]],
    ["replace", string, "ba", [string, "aaa"], [string, "aa"], [string, "b"]],
  ];
  for (const [op, result, expected, ...args] of cases) {
    test(`${op}(${args.map(([, value]) => JSON.stringify(String(value))).join(", ")})`, () =>
      assert.equal(apply(op, result, ...args), expected));
  }
});

describe("time", () => {
  test("parts are those of UTC and floor before 1970", () => {
    const parts = ["year", "month", "day", "hour", "minute", "second", "dayOfWeek", "dayOfYear"] as const;
    const of = (us: number) => parts.map((part) => apply(part, int32, [timestamp, us]));
    assert.deepEqual(of(0), [1970, 1, 1, 0, 0, 0, 4, 1]);
    assert.deepEqual(of(-1), [1969, 12, 31, 23, 59, 59, 3, 365]);
    assert.deepEqual(of(1_709_208_000_999_999), [2024, 2, 29, 12, 0, 0, 4, 60]);
    assert.deepEqual(of(1_735_603_200_000_000), [2024, 12, 31, 0, 0, 0, 2, 366]);
    assert.equal(apply("dayOfWeek", int32, [date, "2024-03-03"]), 7);
    assert.equal(apply("dayOfYear", int32, [date, "0001-12-31"]), 365);
    assert.equal(apply("year", int32, [date, "9999-01-01"]), 9999);
  });

  test("toDate floors, microsBetween goes from the first to the second, exactly", () => {
    assert.equal(apply("toDate", date, [timestamp, -1]), "1969-12-31");
    assert.equal(apply("microsBetween", safe, [timestamp, 5], [timestamp, 3]), -2);
    const [first, last] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
    assert.equal(apply("microsBetween", int64, [timestamp, first], [timestamp, last]), 2n ** 54n - 2n);
  });
});

test("a column that the row lacks, or a wrongly typed node, stops at compile time", () => {
  assert.throws(() => compileExpression(column("x", bool), new Map()), /reads column "x", which the row lacks/);
  assert.throws(
    () => compileExpression(call("add", string, literal(string, "a"), literal(string, "b")), new Map()),
    /There is no add\(string, string\)/,
  );
});
