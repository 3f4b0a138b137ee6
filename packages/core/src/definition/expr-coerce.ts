import { AsofError, printValue, sentenceOf } from "../error/error.ts";
import type { ExpressionNode, LiteralNode } from "../expression/node.ts";
import { normalizeValue } from "../value/normalize.ts";
import { printType, printTypeBy, type ValueType } from "../value/type.ts";
import { type ExpressionPayload, type Fault, payloadOf } from "./payload.ts";

export const boolType: ValueType = { kind: "bool" };
export const float64Type: ValueType = { kind: "float64" };
export const int32Type: ValueType = { kind: "int32" };
export const safeIntegerType: ValueType = { kind: "int64", as: "number" };
export const stringType: ValueType = { kind: "string" };
const bigintType: ValueType = { kind: "int64", as: "bigint" };

export function isInteger(type: ValueType): boolean {
  return type.kind === "int32" || type.kind === "int64";
}

export function isFloat(type: ValueType): boolean {
  return type.kind === "float32" || type.kind === "float64";
}

/** Type of arithmetic on two numbers: float64 with any float, else int64, as bigint if either is; null where there is none. */
export function arithmeticType(a: ValueType, b: ValueType): ValueType | null {
  const numbers = (isInteger(a) || isFloat(a)) && (isInteger(b) || isFloat(b));
  if (!numbers) return null;
  if (isFloat(a) || isFloat(b)) return float64Type;
  return isBigint(a) || isBigint(b) ? bigintType : safeIntegerType;
}

/** The type both sides are brought to for comparison, `coalesce`, `case` and the like; null where there is none. */
export function commonType(a: ValueType, b: ValueType): ValueType | null {
  if (sameForm(a, b)) return a;
  if (a.kind === "decimal" && b.kind === "decimal") {
    const scale = Math.max(a.scale, b.scale);
    const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
    return whole + scale > 38 ? null : { kind: "decimal", precision: whole + scale, scale };
  }
  return arithmeticType(a, b);
}

function isBigint(type: ValueType): boolean {
  return type.kind === "int64" && type.as === "bigint";
}

/** Equal in every respect, the JavaScript form of int64 included. */
export function sameForm(a: ValueType, b: ValueType): boolean {
  return printForm(a) === printForm(b);
}

function printForm(type: ValueType): string {
  return printTypeBy(type, (scalar) => (scalar.kind === "int64" ? `int64 as ${scalar.as}` : printType(scalar)));
}

/** The node in another type: itself, a literal rewritten, or a cast. */
export function castNode(node: ExpressionNode, type: ValueType): ExpressionNode {
  if (sameForm(node.type, type)) return node;
  if (node.node === "literal" && node.value === null) return { node: "literal", type, value: null };
  return Object.freeze({ node: "call", op: "cast", args: Object.freeze([node]), type });
}

/** A literal of a type, or a fault where the value does not fit it. */
export function literalNode(value: unknown, type: ValueType): LiteralNode | Fault {
  try {
    return Object.freeze({ node: "literal", type, value: normalizeValue(type, true, value, "The literal") });
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    return { code: "ASOF_COLUMN_TYPE", value, message: sentenceOf(error), fix: literalFix(value, type) };
  }
}

function literalFix(value: unknown, type: ValueType): string {
  if (typeof value === "number" && isInteger(type) && !Number.isInteger(value)) return `Write literal(${value}) to calculate in float64.`;
  return `Give a literal of type ${printType(type)}, or cast the column first.`;
}

/** The type of a literal that stands alone: `number` is float64, `bigint` int64. Null for what cannot be a literal. */
export function freeLiteralType(value: unknown): ValueType | null {
  switch (typeof value) {
    case "boolean":
      return boolType;
    case "number":
      return float64Type;
    case "bigint":
      return bigintType;
    case "string":
      return stringType;
    default:
      if (value instanceof Date) return { kind: "timestamp" };
      return value instanceof Uint8Array ? { kind: "bytes" } : null;
  }
}

/**
 * The type that a literal takes beside a column of type `other`. In comparisons a literal that is not exact in the column's
 * type widens both sides (`items > 1.5`); in arithmetic and choices it must fit, so that result types do not depend on values.
 */
export function literalTypeBeside(value: unknown, other: ValueType, use: "comparison" | "arithmetic"): ValueType {
  if (other.kind === "float32" && typeof value === "number") return float64Type;
  if (other.kind === "decimal") return decimalTypeOf(value, other);
  if (use === "comparison" && typeof value === "number" && isInteger(other) && !Number.isInteger(value)) return float64Type;
  if (other.kind === "int32" && (typeof value === "number" || typeof value === "bigint") && !fitsInt32(value)) return safeIntegerType;
  return other;
}

function fitsInt32(value: number | bigint): boolean {
  return value >= -2147483648 && value <= 2147483647;
}

/** The smallest decimal that holds a literal exactly, so that `price.gt("9.999")` is not refused beside decimal(10, 2). */
function decimalTypeOf(value: unknown, other: ValueType & { readonly kind: "decimal" }): ValueType {
  const match = /^-?([0-9]+)(?:\.([0-9]+))?$/.exec(String(value));
  if (match === null) return other;
  const whole = Math.max(match[1]?.length ?? 1, other.precision - other.scale);
  const scale = Math.max(match[2]?.length ?? 0, other.scale);
  return whole + scale > 38 ? other : { kind: "decimal", precision: whole + scale, scale };
}

/** Stands for an expression in which a fault was found; further faults about it would be noise. */
export function poisoned(faults: readonly Fault[]): ExpressionPayload {
  return { of: "expression", node: { node: "literal", type: { kind: "bool" }, value: null }, poisoned: true, faults };
}

export function wrongOperand(value: unknown, wanted: string): Fault {
  const what = showOperand(value);
  return { code: "ASOF_COLUMN_TYPE", value: what, message: `${what} cannot stand here: ${wanted} is needed.`, fix: `Give ${wanted}.` };
}

/** An operand as messages name it. */
export function showOperand(value: unknown): string {
  const payload = payloadOf(value);
  if (payload?.of === "value") return `the type ${printType(payload.type)}`;
  if (payload?.of !== "expression") return typeof value === "function" ? "a function" : printValue(value);
  const { node } = payload;
  const type = printType(node.type);
  return node.node === "column" ? `column "${node.name}" (${type})` : `an expression of type ${type}`;
}
