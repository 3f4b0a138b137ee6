import { canCast } from "../expression/cast.ts";
import type { ExpressionNode, Operator } from "../expression/node.ts";
import { isOrderable, printType, type ValueType } from "../value/type.ts";
import {
  arithmeticType,
  boolType,
  castNode,
  commonType,
  float64Type,
  int32Type,
  isFloat,
  isInteger,
  literalNode,
  literalTypeBeside,
  poisoned,
  safeIntegerType,
  showOperand,
  stringType,
  wrongOperand,
} from "./expr-coerce.ts";
import { attachPayload, type ExpressionPayload, type Fault, payloadOf } from "./payload.ts";
import { valuePayload } from "./value-types.ts";

/**
 * The one runtime form of every typed expression. It has the methods of all kinds; the interfaces in expr-types.ts show those
 * that fit. Nothing throws: a misuse becomes a fault that the view reports, and the expression is poisoned.
 */
class ExpressionHandle {
  readonly kind = "expression";
  readonly #self: ExpressionPayload;

  constructor(payload: ExpressionPayload) {
    this.#self = payload;
    attachPayload(this, payload);
    Object.freeze(this);
  }

  isNull() {
    return this.#call("isNull", boolType, []);
  }
  isNotNull() {
    return this.isNull().not();
  }
  cast(to: unknown) {
    const target = valuePayload(to);
    const type = this.#self.node.type;
    if (this.#self.poisoned) return this;
    if (target === null) return this.#fail(wrongOperand(to, "a type such as float64()"));
    if (target.type.kind === "timestamp" && target.type.precision !== undefined) {
      const message = "Expressions calculate in microseconds; whole seconds are declared on a column.";
      return this.#fail({ code: "ASOF_COLUMN_TYPE", message, fix: "Cast to timestamp()." });
    }
    if (!canCast(type, target.type)) {
      const message = `There is no cast from ${showOperand(this)} to ${printType(target.type)} that every engine agrees on.`;
      return this.#fail({ code: "ASOF_COLUMN_TYPE", message, fix: "Cast to another type, or change the column in the source." });
    }
    return this.#with([...this.#self.faults, ...target.faults], castNode(this.#self.node, target.type));
  }

  plus(other: unknown) {
    return this.#arithmetic("add", other);
  }
  minus(other: unknown) {
    return this.#arithmetic("sub", other);
  }
  times(other: unknown) {
    return this.#arithmetic("mul", other);
  }
  div(other: unknown) {
    return this.#arithmetic("div", other);
  }
  mod(other: unknown) {
    return this.#arithmetic("mod", other);
  }
  neg() {
    return this.#numberFunction("neg");
  }
  abs() {
    return this.#numberFunction("abs");
  }
  floor() {
    return this.#numberFunction("floor");
  }
  ceil() {
    return this.#numberFunction("ceil");
  }

  eq(other: unknown) {
    return this.#compare("eq", other);
  }
  ne(other: unknown) {
    return this.#compare("ne", other);
  }
  lt(other: unknown) {
    return this.#compare("lt", other);
  }
  le(other: unknown) {
    return this.#compare("le", other);
  }
  gt(other: unknown) {
    return this.#compare("gt", other);
  }
  ge(other: unknown) {
    return this.#compare("ge", other);
  }
  between(low: unknown, high: unknown) {
    return this.ge(low).and(this.le(high));
  }
  in(values: unknown) {
    if (this.#self.poisoned) return this;
    if (!Array.isArray(values) || values.length === 0) return this.#fail(wrongOperand(values, "a list of at least one literal"));
    const wrong = values.find((v) => v === null || v === undefined || payloadOf(v) !== null);
    if (wrong !== undefined || values.includes(undefined)) return this.#fail(wrongOperand(wrong, "a list of literals without null"));
    const own = this.#self.node.type;
    let type: ValueType | null = own;
    for (const value of values) type = type === null ? null : commonType(type, literalTypeBeside(value, own, "comparison"));
    if (type === null || !isOrderable(type)) return this.#fail(wrongOperand(values, `a list of literals of type ${printType(own)}`));
    return this.#build("in", boolType, [castNode(this.#self.node, type), ...values.map((v) => literalOf(v, type ?? own))]);
  }

  and(other: unknown) {
    return this.#logic("and", other);
  }
  or(other: unknown) {
    return this.#logic("or", other);
  }
  not() {
    return this.#require((type) => type.kind === "bool", "a condition") ?? this.#call("not", boolType, []);
  }

  lower() {
    return this.#text("lower", stringType, []);
  }
  upper() {
    return this.#text("upper", stringType, []);
  }
  trim() {
    return this.#text("trim", stringType, []);
  }
  length() {
    return this.#text("length", int32Type, []);
  }
  concat(...others: readonly unknown[]) {
    return this.#text("concat", stringType, others);
  }
  substring(start: unknown, length?: unknown) {
    const wrong = this.#require((type) => type.kind === "string", "text");
    if (wrong !== null) return wrong;
    const positions = (length === undefined ? [start] : [start, length]).map((p) => integerOperand(p));
    return this.#build("substring", stringType, [this.#self, ...positions]);
  }
  startsWith(prefix: unknown) {
    return this.#text("startsWith", boolType, [prefix]);
  }
  endsWith(suffix: unknown) {
    return this.#text("endsWith", boolType, [suffix]);
  }
  contains(part: unknown) {
    return this.#text("contains", boolType, [part]);
  }
  replace(search: unknown, by: unknown) {
    return this.#text("replace", stringType, [search, by]);
  }

  year() {
    return this.#datePart("year");
  }
  month() {
    return this.#datePart("month");
  }
  day() {
    return this.#datePart("day");
  }
  dayOfWeek() {
    return this.#datePart("dayOfWeek");
  }
  dayOfYear() {
    return this.#datePart("dayOfYear");
  }
  hour() {
    return this.#timePart("hour", int32Type);
  }
  minute() {
    return this.#timePart("minute", int32Type);
  }
  second() {
    return this.#timePart("second", int32Type);
  }
  toDate() {
    return this.#timePart("toDate", { kind: "date" });
  }
  microsBetween(other: unknown) {
    const wrong = this.#require((type) => type.kind === "timestamp", "a timestamp");
    return wrong ?? this.#build("microsBetween", safeIntegerType, [this.#self, this.#operand(other, { kind: "timestamp" }, "comparison")]);
  }

  /** Columns of a result keep their type under the functions of this group, except that arithmetic widens. */
  #numberFunction(op: "neg" | "abs" | "floor" | "ceil"): ExpressionHandle {
    const { node } = this.#self;
    const wrong = this.#require((type) => isInteger(type) || isFloat(type), "a number");
    const type = arithmeticType(node.type, node.type) ?? node.type;
    return wrong ?? this.#build(op, type, [castNode(node, type)]);
  }

  #arithmetic(op: "add" | "sub" | "mul" | "div" | "mod", other: unknown): ExpressionHandle {
    const own = this.#self;
    const wrong = this.#require((type) => isInteger(type) || isFloat(type), "a number");
    if (wrong !== null) return wrong;
    const right = this.#operand(other, own.node.type, op === "div" ? "comparison" : "arithmetic");
    if (own.poisoned || right.poisoned) return this.#build(op, float64Type, [own, right]);
    const type = op === "div" ? float64Type : arithmeticType(own.node.type, right.node.type);
    if (type === null || arithmeticType(own.node.type, right.node.type) === null) {
      return this.#fail(wrongOperand(other, "a number"), right.faults);
    }
    return this.#build(op, type, [asType(own, type), asType(right, type)]);
  }

  #compare(op: "eq" | "ne" | "lt" | "le" | "gt" | "ge", other: unknown): ExpressionHandle {
    const own = this.#self;
    const right = this.#operand(other, own.node.type, "comparison");
    if (own.poisoned || right.poisoned) return this.#build(op, boolType, [own, right]);
    const type = commonType(own.node.type, right.node.type);
    const comparable = type !== null && isOrderable(type) && (type.kind !== "bool" || op === "eq" || op === "ne");
    if (!comparable) return this.#fail(wrongOperand(other, `something comparable with ${showOperand(this)}`), right.faults);
    return this.#build(op, boolType, [asType(own, type), asType(right, type)]);
  }

  #logic(op: "and" | "or", other: unknown): ExpressionHandle {
    const wrong = this.#require((type) => type.kind === "bool", "a condition");
    if (wrong !== null) return wrong;
    const right = this.#operand(other, boolType, "comparison");
    const isCondition = this.#self.poisoned || right.poisoned || right.node.type.kind === "bool";
    if (!isCondition) return this.#fail(wrongOperand(other, "a condition"), right.faults);
    return this.#build(op, boolType, [this.#self, right]);
  }

  #text(op: Operator, result: ValueType, others: readonly unknown[]): ExpressionHandle {
    const wrong = this.#require((type) => type.kind === "string", "text");
    if (wrong !== null) return wrong;
    const operands = others.map((o) => this.#operand(o, stringType, "comparison"));
    for (const [i, o] of operands.entries()) {
      if (!this.#self.poisoned && !o.poisoned && o.node.type.kind !== "string")
        return this.#fail(wrongOperand(others[i], "text"), o.faults);
    }
    return this.#build(op, result, [this.#self, ...operands]);
  }

  #datePart(op: Operator): ExpressionHandle {
    const wrong = this.#require((type) => type.kind === "timestamp" || type.kind === "date", "a timestamp or date");
    return wrong ?? this.#call(op, int32Type, []);
  }

  #timePart(op: Operator, result: ValueType): ExpressionHandle {
    return this.#require((type) => type.kind === "timestamp", "a timestamp") ?? this.#call(op, result, []);
  }

  #call(op: Operator, type: ValueType, others: readonly ExpressionPayload[]): ExpressionHandle {
    return this.#build(op, type, [this.#self, ...others]);
  }

  #build(op: Operator, type: ValueType, args: readonly (ExpressionPayload | ExpressionNode)[]): ExpressionHandle {
    const parts = args.map((a) => ("of" in a ? a : expressionOf(a)));
    const faults = [...new Set([...this.#self.faults, ...parts.flatMap((p) => p.faults)])];
    if (this.#self.poisoned || parts.some((p) => p.poisoned)) return new ExpressionHandle(poisoned(faults));
    return this.#with(faults, Object.freeze({ node: "call", op, args: Object.freeze(parts.map((p) => p.node)), type }));
  }

  #with(faults: readonly Fault[], node: ExpressionNode): ExpressionHandle {
    return new ExpressionHandle({ of: "expression", node, poisoned: this.#self.poisoned, faults });
  }

  #fail(fault: Fault, more: readonly Fault[] = []): ExpressionHandle {
    return new ExpressionHandle(poisoned([...new Set([...this.#self.faults, ...more, fault])]));
  }

  /** Beside a poisoned expression, whose type means nothing, only the faults of other expressions are worth reporting. */
  #operand(value: unknown, beside: ValueType, use: "comparison" | "arithmetic"): ExpressionPayload {
    return this.#self.poisoned ? (expressionPayload(value) ?? this.#self) : operandOf(value, beside, use);
  }

  /** What is wrong with this expression's own kind, or null. */
  #require(fits: (type: ValueType) => boolean, wanted: string): ExpressionHandle | null {
    return this.#self.poisoned || fits(this.#self.node.type) ? null : this.#fail(wrongOperand(this, wanted));
  }
}

/** The user's form of an expression. */
export function makeExpression(payload: ExpressionPayload): object {
  return new ExpressionHandle(payload);
}

/** A sound expression around a node. */
export function expressionOf(node: ExpressionNode, faults: readonly Fault[] = []): ExpressionPayload {
  return { of: "expression", node, poisoned: false, faults };
}

/** The plain data behind an expression, or null for anything else. */
export function expressionPayload(value: unknown): ExpressionPayload | null {
  const payload = payloadOf(value);
  return payload?.of === "expression" ? payload : null;
}

/** An expression, or a literal in the type it takes beside `other`. */
export function operandOf(value: unknown, other: ValueType, use: "comparison" | "arithmetic"): ExpressionPayload {
  return expressionPayload(value) ?? literalOf(value, literalTypeBeside(value, other, use));
}

function literalOf(value: unknown, type: ValueType): ExpressionPayload {
  if (value === null || value === undefined) {
    return poisoned([{ ...wrongOperand(value, "a value"), fix: "Use .isNull() or .isNotNull() to test for null." }]);
  }
  const literal = literalNode(value, type);
  return "node" in literal ? expressionOf(literal) : poisoned([literal]);
}

function integerOperand(value: unknown): ExpressionPayload {
  const operand = operandOf(value, int32Type, "arithmetic");
  return operand.poisoned || isInteger(operand.node.type) ? operand : poisoned([wrongOperand(value, "a whole number")]);
}

function asType(operand: ExpressionPayload, type: ValueType): ExpressionPayload {
  return { ...operand, node: castNode(operand.node, type) };
}
