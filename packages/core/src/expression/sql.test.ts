import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { printType, type Value, type ValueType } from "../value/type.ts";
import type { ExpressionDialect } from "./dialect.ts";
import type { CaseNode, ExpressionNode, Operator } from "./node.ts";
import { printExpression } from "./sql.ts";

const bool: ValueType = { kind: "bool" };
const int32: ValueType = { kind: "int32" };
const int64: ValueType = { kind: "int64", as: "bigint" };
const float32: ValueType = { kind: "float32" };
const float64: ValueType = { kind: "float64" };
const string: ValueType = { kind: "string" };
const timestamp: ValueType = { kind: "timestamp" };

/** Prints names instead of an engine's SQL, so that what core decides is seen. */
const dialect: ExpressionDialect = {
  name: "names",
  typeName: printType,
  literal: (_type, value) => (typeof value === "string" ? `'${value}'` : String(value).toUpperCase()),
  checkedArithmetic: (op, left, right) => `${op}(${left}, ${right})`,
  tryCast: (sql, to) => `try(${sql} to ${printType(to)})`,
  truncate: (sql) => `trunc(${sql})`,
  onlyMatching: (sql, pattern) => `match(${sql}, ${pattern})`,
  decimalToText: (sql) => `text(${sql})`,
  textToBytes: (sql) => `bytes(${sql})`,
  translate: (sql, from, to) => `translate(${sql}, ${from[0]}, ${to[0]})`,
  trimSpaces: (sql) => `trim(${sql})`,
  countCodePoints: (sql) => `length(${sql})`,
  substring: (sql, start, count) => `substring(${sql}, ${start}, ${count})`,
  startsWith: (sql, part) => `starts(${sql}, ${part})`,
  endsWith: (sql, part) => `ends(${sql}, ${part})`,
  contains: (sql, part) => `contains(${sql}, ${part})`,
  replace: (sql, search, by) => `replace(${sql}, ${search}, ${by})`,
  timePart: (part, sql, of) => `${part}(${of} ${sql})`,
  timestampToDate: (sql) => `date(${sql})`,
  dateToTimestamp: (sql) => `micros(${sql})`,
};

function col(name: string, type: ValueType): ExpressionNode {
  return { node: "column", name, type };
}

function literal(type: ValueType, value: Value): ExpressionNode {
  return { node: "literal", type, value };
}

function call(op: Operator, type: ValueType, ...args: readonly ExpressionNode[]): ExpressionNode {
  return { node: "call", op, args, type };
}

function branch(when: ExpressionNode, then: ExpressionNode): CaseNode["branches"][number] {
  return { when, then };
}

const [a, b, c] = ["a", "b", "c"].map((name) => col(name, int64)) as [ExpressionNode, ExpressionNode, ExpressionNode];
const p = col("p", bool);
const risky = call("gt", bool, call("mul", int64, a, b), literal(int64, 3n));

describe("printExpression", () => {
  const cases: readonly (readonly [string, ExpressionNode, string])[] = [
    ["checks integers", call("add", int64, a, b), "add(a, b)"],
    ["uses operators for floats", call("add", float64, col("x", float64), col("y", float64)), "(x + y)"],
    ["gives null for a zero divisor", call("div", float64, col("x", float64), col("y", float64)), "(x / NULLIF(y, 0))"],
    ["takes no rest of −1", call("mod", int64, a, literal(int64, -1n)), "(a % 1)"],
    [
      "takes no rest of an unknown −1",
      call("mod", int64, a, b),
      "(a % (CASE b WHEN 0 THEN CAST(NULL AS int64) WHEN -1 THEN 1 ELSE b END))",
    ],
    ["prints plain logic plainly", call("and", bool, p, call("isNull", bool, a), call("not", bool, p)), "(p AND (a IS NULL) AND (NOT p))"],
    ["guards what may overflow in and", call("and", bool, p, risky), "(CASE WHEN NOT p THEN FALSE ELSE (p AND (mul(a, b) > 3)) END)"],
    ["guards what may overflow in or", call("or", bool, p, risky), "(CASE WHEN p THEN TRUE ELSE (p OR (mul(a, b) > 3)) END)"],
    ["needs no guard for the first", call("and", bool, risky, p), "((mul(a, b) > 3) AND p)"],
    ["prints coalesce", call("coalesce", int64, a, b), "COALESCE(a, b)"],
    [
      "guards what may overflow in coalesce",
      call("coalesce", int64, a, call("neg", int64, b)),
      "(CASE WHEN a IS NOT NULL THEN a ELSE (-(b)) END)",
    ],
    ["compares two for the least", call("least", int64, a, b), "(CASE WHEN a <= b THEN a WHEN a > b THEN b END)"],
    [
      "merges nested choices and tests columns alone for null",
      call("greatest", int64, call("greatest", int64, a, b), literal(int64, 7n), c),
      "(CASE WHEN a IS NULL OR b IS NULL OR c IS NULL THEN CAST(NULL AS int64) ELSE GREATEST(a, b, 7, c) END)",
    ],
    ["widens by a cast that optimizers understand", call("cast", int64, col("i", int32)), "CAST(i AS int64)"],
    ["narrows by one that they do not", call("cast", int32, a), "try(a to int32)"],
    ["rounds integers twice for float32", call("cast", float32, a), "CAST(CAST(a AS float64) AS float32)"],
    ["truncates", call("cast", int32, col("x", float64)), "try(trunc(x) to int32)"],
    ["accepts plain numbers only", call("cast", int64, col("s", string)), "try(match(s, [+-]?[0-9]+) to int64)"],
    [
      "keeps text finite",
      call("cast", float64, col("s", string)),
      "NULLIF(NULLIF(try(match(s, [+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?) to float64), INFINITY), -INFINITY)",
    ],
    ["clamps literal positions", call("substring", string, col("s", string), literal(int32, -4), literal(int32, -1)), "substring(s, 1, 0)"],
    [
      "clamps other positions",
      call("substring", string, col("s", string), a),
      "substring(s, (CASE WHEN a IS NULL THEN CAST(NULL AS int64) ELSE GREATEST(LEAST(a, 2147483647), 1) END), null)",
    ],
    ["counts from the first to the second instant", call("microsBetween", int64, col("t", timestamp), col("u", timestamp)), "sub(u, t)"],
    ["changes plain letters only", call("lower", string, col("s", string)), "translate(s, A, a)"],
    ["types null", literal(string, null), "CAST(NULL AS string)"],
    ["simplifies first", call("and", bool, risky, literal(bool, false)), "FALSE"],
  ];
  for (const [title, node, sql] of cases)
    test(title, () =>
      assert.equal(
        printExpression(node, dialect, (name) => name),
        sql,
      ),
    );

  test("prints a case with its conditions", () => {
    const node: ExpressionNode = { node: "case", branches: [branch(p, a)], otherwise: b, type: int64 };
    assert.equal(
      printExpression(node, dialect, (name) => `"${name}"`),
      '(CASE WHEN "p" THEN "a" ELSE "b" END)',
    );
  });

  test("refuses what is wrongly typed and constants that overflow", () => {
    assert.throws(() => printExpression(call("add", int64, a, p), dialect, (name) => name), /There is no add/);
    const overflow = call("mul", int64, literal(int64, 2n ** 62n), literal(int64, 2n));
    assert.throws(() => printExpression(overflow, dialect, (name) => name), { code: "ASOF_EXPRESSION_FAILED" });
  });
});
