import assert from "node:assert/strict";
import { test } from "node:test";
import { anyExpression, choose, everyType, seededRandom, times } from "@asof/testkit";
import type { ExpressionNode } from "../expression/node.ts";
import { isStruct, isValueList, isValueMap } from "../value/struct.ts";
import type { Value } from "../value/type.ts";
import { canonicalJson } from "./canonical-json.ts";
import { decodeExpression, encodeExpression } from "./expression-json.ts";
import { readObject } from "./read-json.ts";

const stored = (node: ExpressionNode) => canonicalJson(encodeExpression(node, { exact: true, forms: [] }));

test("any expression comes back as it was", () => {
  const columns = everyType.map((type, i) => ({ name: `c${i}`, type }));
  const operators = new Set<string>();
  for (const seed of times(1_500, (i) => i)) {
    const random = seededRandom(`expression ${seed}`);
    const node = anyExpression(random, choose(random, everyType), columns, 3);
    const decoded = decodeExpression(readObject(JSON.parse(stored(node)), "expression"));
    assert.deepEqual(decoded, withoutNegativeZero(node, operators), `seed ${seed}`);
    assert.equal(stored(decoded), stored(node));
  }
  assert.ok(operators.size > 35, `${operators.size} operators came up`);
});

test("what this version does not know is refused with its path", () => {
  const decode = (json: Parameters<typeof readObject>[0]) => decodeExpression(readObject(json, "f"));
  assert.throws(() => decode({ node: "call", op: "quantum", args: [], type: "bool" }), { code: "ASOF_REGISTRY_FAILED", path: "f.op" });
  assert.throws(() => decode({ node: "call", op: "toString", args: [], type: "bool" }), { code: "ASOF_REGISTRY_FAILED" });
  assert.throws(() => decode({ node: "lambda", type: "bool" }), { code: "ASOF_REGISTRY_FAILED", path: "f.node" });
  assert.throws(() => decode({ node: "literal", type: "qubit", value: 1 }), { code: "ASOF_REGISTRY_FAILED", message: /qubit/ });
});

/** −0 is stored as 0. Notes the operators on the way. */
function withoutNegativeZero(node: ExpressionNode, operators: Set<string>): ExpressionNode {
  const inner = (child: ExpressionNode) => withoutNegativeZero(child, operators);
  switch (node.node) {
    case "column":
      return node;
    case "literal":
      return { ...node, value: positiveZero(node.value) };
    case "call":
      operators.add(node.op);
      return { ...node, args: node.args.map(inner) };
    case "case": {
      // biome-ignore lint/suspicious/noThenProperty: the model's name for a branch's value; nodes are never awaited.
      const branches = node.branches.map((b) => ({ when: inner(b.when), then: inner(b.then) }));
      return { ...node, branches, otherwise: inner(node.otherwise) };
    }
  }
}

function positiveZero(value: Value): Value {
  if (value === 0) return 0;
  if (isValueList(value)) return value.map(positiveZero);
  if (isValueMap(value)) return new Map([...value].map(([key, mapped]) => [positiveZero(key), positiveZero(mapped)]));
  return isStruct(value) ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, positiveZero(field)])) : value;
}
