import { assert } from "../error/error.ts";
import { isOrderable, printType, sameType, type ValueKind, type ValueType } from "../value/type.ts";
import { canCast } from "./cast.ts";
import { childrenOf } from "./columns.ts";
import type { CallNode, CaseNode, ExpressionNode, Operator } from "./node.ts";

/** Types of the arguments in, type of the result out; null where the operator does not take them. The result may differ in the form of int64. */
type Signature = (args: readonly ValueType[], result: ValueType) => ValueType | null;

const bool: ValueType = { kind: "bool" };
const int32: ValueType = { kind: "int32" };
const int64: ValueType = { kind: "int64", as: "bigint" };
const string: ValueType = { kind: "string" };
const date: ValueType = { kind: "date" };

const integers: readonly ValueKind[] = ["int32", "int64"];
const numbers: readonly ValueKind[] = ["int32", "int64", "float64"];

const signatures: Readonly<Record<Operator, Signature>> = {
  add: alike(2, numbers),
  sub: alike(2, numbers),
  mul: alike(2, numbers),
  mod: alike(2, numbers),
  div: alike(2, ["float64"]),
  neg: alike(1, [...numbers, "float32"]),
  abs: alike(1, [...numbers, "float32"]),
  floor: alike(1, [...numbers, "float32"]),
  ceil: alike(1, [...numbers, "float32"]),
  least: choice,
  greatest: choice,
  eq: compared,
  ne: compared,
  lt: compared,
  le: compared,
  gt: compared,
  ge: compared,
  and: logic,
  or: logic,
  not: fixed([["bool"]], bool),
  isNull: (args) => (args.length === 1 ? bool : null),
  coalesce: (args, result) => (args.length > 0 && args.every((arg) => sameType(arg, result)) ? result : null),
  in: ([first, ...others]) => (isScalar(first) && others.length > 0 && others.every((other) => sameType(first, other)) ? bool : null),
  cast: ([from, ...others], to) => (from !== undefined && others.length === 0 && canCast(from, to) ? to : null),
  lower: fixed([["string"]], string),
  upper: fixed([["string"]], string),
  trim: fixed([["string"]], string),
  length: fixed([["string"]], int32),
  concat: (args) => (args.length > 0 && args.every((arg) => arg.kind === "string") ? string : null),
  substring: (args) =>
    (args.length === 2 ? fixed([["string"], integers], string) : fixed([["string"], integers, integers], string))(args, string),
  startsWith: fixed([["string"], ["string"]], bool),
  endsWith: fixed([["string"], ["string"]], bool),
  contains: fixed([["string"], ["string"]], bool),
  replace: fixed([["string"], ["string"], ["string"]], string),
  year: fixed([["timestamp", "date"]], int32),
  month: fixed([["timestamp", "date"]], int32),
  day: fixed([["timestamp", "date"]], int32),
  dayOfWeek: fixed([["timestamp", "date"]], int32),
  dayOfYear: fixed([["timestamp", "date"]], int32),
  hour: fixed([["timestamp"]], int32),
  minute: fixed([["timestamp"]], int32),
  second: fixed([["timestamp"]], int32),
  toDate: fixed([["timestamp"]], date),
  microsBetween: fixed([["timestamp"], ["timestamp"]], int64),
};

/** Where an expression breaks the types of its operators, as a sentence, or null. The typed builders cannot make such a one. */
export function expressionFault(node: ExpressionNode): string | null {
  for (const child of childrenOf(node)) {
    const fault = expressionFault(child);
    if (fault !== null) return fault;
  }
  if (node.node === "call") return callFault(node);
  return node.node === "case" ? caseFault(node) : null;
}

/** Stops a programmer's error before it becomes SQL or a function. */
export function assertTyped(node: ExpressionNode): void {
  const fault = expressionFault(node);
  assert(fault === null, fault ?? "");
}

function callFault(node: CallNode): string | null {
  const types = node.args.map((arg) => arg.type);
  const result = signatures[node.op](types, node.type);
  const call = `${node.op}(${types.map(printType).join(", ")})`;
  if (result === null) return `There is no ${call} of type ${printType(node.type)}.`;
  if (node.op === "in" && node.args.slice(1).some((arg) => arg.node !== "literal"))
    return `${call} takes literals after the first argument.`;
  return sameType(result, node.type) ? null : `${call} is of type ${printType(result)}, not ${printType(node.type)}.`;
}

function caseFault(node: CaseNode): string | null {
  if (node.branches.some((branch) => branch.when.type.kind !== "bool")) return "A condition of a case expression is not a bool.";
  const values = [...node.branches.map((branch) => branch.then), node.otherwise];
  const other = values.find((value) => !sameType(value.type, node.type));
  return other === undefined ? null : `A value of a case expression is of type ${printType(other.type)}, not ${printType(node.type)}.`;
}

function isScalar(type: ValueType | undefined): type is ValueType {
  return type !== undefined && isOrderable(type);
}

/** `count` arguments of one of the kinds, and a result of the same type. */
function alike(count: number, kinds: readonly ValueKind[]): Signature {
  return (args, result) =>
    args.length === count && args.every((arg) => sameType(arg, result)) && kinds.includes(result.kind) ? result : null;
}

function fixed(kinds: readonly (readonly ValueKind[])[], result: ValueType): Signature {
  return (args) => (args.length === kinds.length && args.every((arg, i) => kinds[i]?.includes(arg.kind)) ? result : null);
}

function choice(args: readonly ValueType[], result: ValueType): ValueType | null {
  return args.length > 0 && isOrderable(result) && args.every((arg) => sameType(arg, result)) ? result : null;
}

function compared([left, right, ...others]: readonly ValueType[]): ValueType | null {
  return isScalar(left) && isScalar(right) && others.length === 0 && sameType(left, right) ? bool : null;
}

function logic(args: readonly ValueType[]): ValueType | null {
  return args.length > 0 && args.every((arg) => arg.kind === "bool") ? bool : null;
}
