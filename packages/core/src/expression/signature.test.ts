import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anyExpression, choose, everyType, seededRandom } from "@asof/testkit";
import type { ValueType } from "../value/type.ts";
import { columnsOf } from "./columns.ts";
import type { CaseNode, ExpressionNode, Operator } from "./node.ts";
import { expressionFault } from "./signature.ts";

const bool: ValueType = { kind: "bool" };
const int32: ValueType = { kind: "int32" };
const int64: ValueType = { kind: "int64", as: "bigint" };
const float32: ValueType = { kind: "float32" };
const string: ValueType = { kind: "string" };
const list: ValueType = { kind: "list", of: int32 };

function column(type: ValueType, name = "x"): ExpressionNode {
  return { node: "column", name, type };
}

function call(op: Operator, type: ValueType, ...args: readonly ExpressionNode[]): ExpressionNode {
  return { node: "call", op, args, type };
}

function branch(when: ExpressionNode, then: ExpressionNode): CaseNode["branches"][number] {
  return { when, then };
}

test("every generated expression is well typed, and reads the columns it was given", () => {
  const columns = everyType.map((type, i) => ({ name: `c${i}`, type }));
  const names = new Set<string>();
  for (let seed = 0; seed < 1000; seed++) {
    const random = seededRandom(`signature ${seed}`);
    const node = anyExpression(random, choose(random, everyType), columns, 3);
    assert.equal(expressionFault(node), null, `seed ${seed}`);
    for (const name of columnsOf(node)) names.add(name);
  }
  assert.deepEqual(names, new Set(columns.map((c) => c.name)));
});

describe("expressionFault finds", () => {
  const cases: readonly (readonly [string, ExpressionNode, RegExp])[] = [
    ["operands of two types", call("add", int64, column(int32), column(int64)), /There is no add\(int32, int64\) of type int64/],
    ["arithmetic in float32", call("add", float32, column(float32), column(float32)), /There is no add/],
    ["a wrong number of arguments", call("not", bool, column(bool), column(bool)), /There is no not\(bool, bool\)/],
    ["a wrong result", call("length", int64, column(string)), /is of type int32, not int64/],
    ["lists in comparisons", call("eq", bool, column(list), column(list)), /There is no eq/],
    ["a cast that is not there", call("cast", string, column(float32)), /There is no cast\(float32\) of type string/],
    ["an hour of a date", call("hour", int32, column({ kind: "date" })), /There is no hour\(date\)/],
    ["columns among the values of in", call("in", bool, column(int32), column(int32)), /takes literals/],
    ["an empty coalesce", call("coalesce", int32), /There is no coalesce\(\)/],
    ["what lies deep", call("not", bool, call("and", bool, column(bool), column(int32))), /There is no and\(bool, int32\)/],
    [
      "a condition that is none",
      { node: "case", branches: [branch(column(int32), column(int32))], otherwise: column(int32), type: int32 },
      /A condition of a case expression is not a bool/,
    ],
    [
      "a branch of another type",
      { node: "case", branches: [branch(column(bool), column(int64))], otherwise: column(int32), type: int32 },
      /is of type int64, not int32/,
    ],
  ];
  for (const [title, node, fault] of cases) test(title, () => assert.match(expressionFault(node) ?? "none", fault));
});

test("the form of int64 does not matter", () => {
  assert.equal(expressionFault(call("add", { kind: "int64", as: "number" }, column(int64), column({ kind: "int64", as: "number" }))), null);
});
