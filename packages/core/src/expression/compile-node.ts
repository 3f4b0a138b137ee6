import { assert } from "../error/error.ts";
import { valueComparison } from "../value/order.ts";
import { printType, type Value, type ValueType } from "../value/type.ts";
import { canCast, castFunction } from "./cast.ts";
import type { CallNode, CaseNode, ExpressionNode, LiteralNode, Operator } from "./node.ts";
import {
  arithmetic,
  type BinaryFunction,
  divide,
  numberFunction,
  replaceText,
  substringOf,
  textComparison,
  textFunction,
  timeFunction,
  type UnaryFunction,
} from "./operators.ts";

/** A compiled part of an expression. Inside, an int64 is a number where it is safe, or a bigint, whatever its declared form. */
export type Evaluator = (row: readonly Value[]) => Value;

/** Where each column lies in a row. */
export type ColumnLayout = ReadonlyMap<string, number>;

/** Compiles a node as it is, without simplifying it first. A wrongly typed node is a programmer's error. */
export function compileNode(node: ExpressionNode, layout: ColumnLayout): Evaluator {
  switch (node.node) {
    case "column":
      return compileColumn(node.name, layout);
    case "literal": {
      const value = node.value;
      return () => value;
    }
    case "call":
      return compileCall(node, layout);
    case "case":
      return compileCase(node, layout);
  }
}

function compileColumn(name: string, layout: ColumnLayout): Evaluator {
  const index = layout.get(name);
  assert(index !== undefined, `an expression reads column "${name}", which the row lacks`);
  return (row) => row[index] ?? null;
}

function compileCase(node: CaseNode, layout: ColumnLayout): Evaluator {
  const branches = node.branches.map((branch) => ({ when: compileNode(branch.when, layout), value: compileNode(branch.then, layout) }));
  const otherwise = compileNode(node.otherwise, layout);
  return (row) => {
    for (const branch of branches) if (branch.when(row) === true) return branch.value(row);
    return otherwise(row);
  };
}

function compileCall(node: CallNode, layout: ColumnLayout): Evaluator {
  const args = node.args.map((arg) => compileNode(arg, layout));
  switch (node.op) {
    case "and":
      return compileLogic(args, false);
    case "or":
      return compileLogic(args, true);
    case "coalesce":
      return compileCoalesce(args);
    case "isNull":
      return mapOne(args, node, (arg) => (row) => arg(row) === null);
    case "in":
      return compileIn(node, args);
    case "concat":
      return mapAll(args, (texts) => texts.join(""));
    case "least":
    case "greatest":
      return compileChoice(node, args);
    case "substring":
      return mapAll(args, ([text = null, start = null, length]) => substringOf(String(text), start, length));
    case "replace":
      return mapAll(args, ([text, search, by]) => replaceText(String(text), String(search), String(by)));
    default:
      return node.args.length === 1 ? compileUnary(node, args) : compileBinary(node, args);
  }
}

/** SQL's three-valued logic, from left to right: what follows the deciding operand is not evaluated. */
function compileLogic(args: readonly Evaluator[], deciding: boolean): Evaluator {
  return (row) => {
    let result: Value = !deciding;
    for (const arg of args) {
      const value = arg(row);
      if (value === deciding) return deciding;
      if (value === null) result = null;
    }
    return result;
  };
}

function compileCoalesce(args: readonly Evaluator[]): Evaluator {
  return (row) => {
    for (const arg of args) {
      const value = arg(row);
      if (value !== null) return value;
    }
    return null;
  };
}

/** The first argument is looked up among the others, which are literals. */
function compileIn(node: CallNode, args: readonly Evaluator[]): Evaluator {
  const values = node.args.slice(1).map((arg) => literalOf(arg).value);
  const members = new Set(values.filter((value) => value !== null).map(memberKey));
  const missing = values.includes(null) ? null : false;
  return mapOne(args.slice(0, 1), node, (arg) => (row) => {
    const value = arg(row);
    return value === null ? null : members.has(memberKey(value)) || missing;
  });
}

function literalOf(node: ExpressionNode): LiteralNode {
  assert(node.node === "literal", "the values of `in` are literals");
  return node;
}

/** Equal values have the same key in a Set, which takes NaN as equal to itself and −0 as equal to 0. */
function memberKey(value: Value): Value {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}

function compileChoice(node: CallNode, args: readonly Evaluator[]): Evaluator {
  const compare = valueComparison(node.type);
  const wanted = node.op === "least" ? -1 : 1;
  return mapAll(args, (values) => values.reduce((best, value) => (Math.sign(compare(value, best)) === wanted ? value : best)));
}

/** Evaluates every argument; null if any is null, else what `apply` makes of them. */
function mapAll(args: readonly Evaluator[], apply: (values: readonly Value[]) => Value): Evaluator {
  return (row) => {
    const values = args.map((arg) => arg(row));
    return values.includes(null) ? null : apply(values);
  };
}

function mapOne(args: readonly Evaluator[], node: CallNode, make: (arg: Evaluator) => Evaluator): Evaluator {
  const [arg, ...others] = args;
  assert(arg !== undefined && others.length === 0, `${node.op} takes one argument`);
  return make(arg);
}

function compileUnary(node: CallNode, args: readonly Evaluator[]): Evaluator {
  const apply = unaryFunction(node);
  return mapOne(args, node, (arg) => (row) => {
    const value = arg(row);
    return value === null ? null : apply(value);
  });
}

function unaryFunction(node: CallNode): UnaryFunction {
  const from = node.args[0]?.type ?? node.type;
  if (node.op === "not") return (value) => value !== true;
  if (node.op === "cast") {
    assert(canCast(from, node.type), `no cast from ${printType(from)} to ${printType(node.type)}`);
    return castFunction(from, node.type);
  }
  const apply = numberFunction(node.op, from) ?? textFunction(node.op) ?? timeFunction(node.op, from);
  assert(apply !== null, `${node.op} does not take one argument of type ${printType(from)}`);
  return apply;
}

function compileBinary(node: CallNode, args: readonly Evaluator[]): Evaluator {
  const [left, right, ...others] = args;
  const apply = binaryFunction(node.op, node.args[0]?.type ?? node.type);
  assert(
    left !== undefined && right !== undefined && others.length === 0 && apply !== null,
    `${node.op} does not take ${args.length} arguments`,
  );
  return (row) => {
    const a = left(row);
    const b = right(row);
    return a === null || b === null ? null : apply(a, b);
  };
}

function binaryFunction(op: Operator, type: ValueType): BinaryFunction | null {
  switch (op) {
    case "add":
    case "sub":
    case "mul":
    case "mod":
      return arithmetic(op, type);
    case "div":
      return divide;
    case "microsBetween": {
      const subtract = arithmetic("sub", { kind: "int64", as: "bigint" });
      return (from, to) => subtract(to, from);
    }
    default:
      return comparison(op, type) ?? textComparison(op);
  }
}

function comparison(op: Operator, type: ValueType): BinaryFunction | null {
  const compare = valueComparison(type);
  switch (op) {
    case "eq":
      return (a, b) => compare(a, b) === 0;
    case "ne":
      return (a, b) => compare(a, b) !== 0;
    case "lt":
      return (a, b) => compare(a, b) < 0;
    case "le":
      return (a, b) => compare(a, b) <= 0;
    case "gt":
      return (a, b) => compare(a, b) > 0;
    case "ge":
      return (a, b) => compare(a, b) >= 0;
    default:
      return null;
  }
}
