import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Value, ValueType } from "../value/type.ts";
import type { ExpressionNode, Operator } from "./node.ts";
import { canFail, simplifyExpression } from "./simplify.ts";

const bool: ValueType = { kind: "bool" };
const int64: ValueType = { kind: "int64", as: "bigint" };
const float64: ValueType = { kind: "float64" };
const x: ExpressionNode = { node: "column", name: "x", type: int64 };
const p: ExpressionNode = { node: "column", name: "p", type: bool };
const yes = literal(bool, true);
const no = literal(bool, false);
const unknown = literal(bool, null);
const product = call("mul", int64, x, x);
const large = call("gt", bool, product, literal(int64, 5n));
const overflow = call("add", int64, literal(int64, 2n ** 63n - 1n), literal(int64, 1n));

function literal(type: ValueType, value: Value): ExpressionNode {
  return { node: "literal", type, value };
}

function call(op: Operator, type: ValueType, ...args: readonly ExpressionNode[]): ExpressionNode {
  return { node: "call", op, args, type };
}

function choice(branches: readonly (readonly [ExpressionNode, ExpressionNode])[], otherwise: ExpressionNode): ExpressionNode {
  return { node: "case", branches: branches.map(([when, then]) => ({ when, then })), otherwise, type: otherwise.type };
}

describe("simplifyExpression", () => {
  const cases: readonly (readonly [string, ExpressionNode, ExpressionNode])[] = [
    [
      "calculates constants",
      call("mul", int64, literal(int64, 2n), call("add", int64, literal(int64, 1n), literal(int64, 2n))),
      literal(int64, 6),
    ],
    ["lets null swallow what it meets", call("add", int64, literal(int64, null), product), literal(int64, null)],
    ["lets false decide and", call("and", bool, large, no), no],
    ["lets true decide or", call("or", bool, large, yes), yes],
    ["drops what does not matter to and", call("and", bool, yes, p, yes), p],
    ["drops what does not matter to or", call("or", bool, no, p), p],
    ["keeps null in logic", call("and", bool, p, unknown), call("and", bool, p, unknown)],
    ["merges nested logic", call("and", bool, call("and", bool, p, large), p), call("and", bool, p, large, p)],
    ["does not merge or into and", call("and", bool, call("or", bool, p, large), p), call("and", bool, call("or", bool, p, large), p)],
    [
      "cuts coalesce at the first literal",
      call("coalesce", int64, literal(int64, null), x, literal(int64, 1n), product),
      call("coalesce", int64, x, literal(int64, 1n)),
    ],
    ["leaves a coalesce of one", call("coalesce", int64, literal(int64, null), x), x],
    ["gives null for a coalesce of nulls", call("coalesce", int64, literal(int64, null)), literal(int64, null)],
    [
      "drops branches that are never taken",
      choice(
        [
          [no, product],
          [unknown, product],
          [p, x],
        ],
        x,
      ),
      choice([[p, x]], x),
    ],
    [
      "ends a case at a branch that is always taken",
      choice(
        [
          [p, x],
          [yes, literal(int64, 1n)],
          [p, product],
        ],
        x,
      ),
      choice([[p, x]], literal(int64, 1n)),
    ],
    ["leaves a case without branches", choice([[no, product]], x), x],
    ["knows a null", call("isNull", bool, literal(int64, null)), yes],
    ["gives null for a division by zero", call("div", float64, literal(float64, 1), literal(float64, 0)), literal(float64, null)],
  ];
  for (const [title, node, expected] of cases) test(title, () => assert.deepEqual(simplifyExpression(node), expected));

  test("fails where a constant overflows, even where no row would come", () => {
    for (const node of [overflow, choice([[no, overflow]], x), call("and", bool, no, call("eq", bool, overflow, x))]) {
      assert.throws(() => simplifyExpression(node), { code: "ASOF_EXPRESSION_FAILED", message: /9223372036854775807 \+ 1/ });
    }
  });
});

test("integer arithmetic can fail, nothing else", () => {
  assert.ok(canFail(product));
  assert.ok(canFail(large));
  assert.ok(canFail(choice([[p, product]], x)));
  assert.ok(canFail(call("neg", int64, x)));
  const f: ExpressionNode = { node: "column", name: "f", type: float64 };
  for (const node of [x, p, call("mul", float64, f, f), call("mod", int64, x, x), call("cast", { kind: "int32" }, x)])
    assert.ok(!canFail(node));
});
