import type { ExpressionNode, Operator } from "../expression/node.ts";
import { type Json, valueFromJson, valueToJson } from "../value/json.ts";
import type { ValueType } from "../value/type.ts";
import { isJsonArray } from "./canonical-json.ts";
import { memberOf, objectAt, objectsAt, refuse, type StoredObject, textAt } from "./read-json.ts";
import { decodeType, type Encoding, encodeType } from "./type-text.ts";

/** An expression as JSON, exactly; int64 literals are text whatever their JavaScript form. */
export function encodeExpression(node: ExpressionNode, encoding: Encoding): Json {
  const type = encodeType(node.type, encoding);
  switch (node.node) {
    case "column":
      return { node: "column", name: node.name, type };
    case "literal":
      return { node: "literal", type, value: int64AsText(node.type, valueToJson(node.type, node.value)) };
    case "call":
      return { node: "call", op: node.op, args: node.args.map((arg) => encodeExpression(arg, encoding)), type };
    case "case":
      return {
        node: "case",
        branches: node.branches.map((b) => ({ when: encodeExpression(b.when, encoding), value: encodeExpression(b.then, encoding) })),
        otherwise: encodeExpression(node.otherwise, encoding),
        type,
      };
  }
}

/** Reads what {@link encodeExpression} wrote. */
export function decodeExpression(object: StoredObject): ExpressionNode {
  const type = decodeType(textAt(object, "type"));
  const kind = textAt(object, "node");
  switch (kind) {
    case "column":
      return { node: "column", name: textAt(object, "name"), type };
    case "literal":
      return { node: "literal", type, value: valueFromJson(type, true, memberOf(object, "value"), `${object.path}.value`) };
    case "call":
      return { node: "call", op: decodeOperator(object), args: objectsAt(object, "args").map(decodeExpression), type };
    case "case":
      return {
        node: "case",
        branches: objectsAt(object, "branches").map((b) => ({
          when: decodeExpression(objectAt(b, "when")),
          // biome-ignore lint/suspicious/noThenProperty: the model's name for a branch's value; nodes are never awaited.
          then: decodeExpression(objectAt(b, "value")),
        })),
        otherwise: decodeExpression(objectAt(object, "otherwise")),
        type,
      };
    default:
      return refuse(`${object.path}.node`, "a kind of expression that this version knows", kind);
  }
}

function decodeOperator(object: StoredObject): Operator {
  const op = textAt(object, "op");
  return isOperator(op) ? op : refuse(`${object.path}.op`, "an operator that this version knows", op);
}

function isOperator(text: string): text is Operator {
  return Object.hasOwn(operators, text);
}

/** Exhaustive by its type: a new operator does not compile until it stands here. */
const operators: Readonly<Record<Operator, true>> = {
  add: true,
  sub: true,
  mul: true,
  div: true,
  mod: true,
  neg: true,
  abs: true,
  floor: true,
  ceil: true,
  least: true,
  greatest: true,
  eq: true,
  ne: true,
  lt: true,
  le: true,
  gt: true,
  ge: true,
  and: true,
  or: true,
  not: true,
  isNull: true,
  coalesce: true,
  in: true,
  cast: true,
  lower: true,
  upper: true,
  trim: true,
  length: true,
  concat: true,
  substring: true,
  startsWith: true,
  endsWith: true,
  contains: true,
  replace: true,
  year: true,
  month: true,
  day: true,
  hour: true,
  minute: true,
  second: true,
  dayOfWeek: true,
  dayOfYear: true,
  toDate: true,
  microsBetween: true,
};

function int64AsText(type: ValueType, json: Json): Json {
  if (type.kind === "list") return isJsonArray(json) ? json.map((item) => int64AsText(type.of, item)) : json;
  return type.kind === "int64" && typeof json === "number" ? String(json) : json;
}
