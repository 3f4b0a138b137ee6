import { assert } from "../error/error.ts";
import type { ValueType } from "../value/type.ts";
import type { ExpressionDialect, TimePart } from "./dialect.ts";
import type { CallNode, CaseNode, ExpressionNode, LiteralNode } from "./node.ts";
import { assertTyped } from "./signature.ts";
import { canFail, simplifyExpression } from "./simplify.ts";
import { printCast } from "./sql-cast.ts";

const int64: ValueType = { kind: "int64", as: "bigint" };
const comparisonSigns = { eq: "=", ne: "<>", lt: "<", le: "<=", gt: ">", ge: ">=" } as const;
const floatSigns = { add: "+", sub: "-", mul: "*" } as const;
const upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const lowerLetters = upperLetters.toLowerCase();
/** No text has more code points. */
const LENGTH_MAX = 2147483647;

/**
 * Prints an expression as SQL with the meaning that `compileExpression` gives it. `column` prints a column of the row: in the
 * form of its type that {@link ExpressionDialect} lists (a timestamp as int64 microseconds, floats without −0 do not matter). The result can
 * stand anywhere; it has the SQL form of the expression's type. Integer overflow is an error of the engine.
 */
export function printExpression(node: ExpressionNode, dialect: ExpressionDialect, column: (name: string) => string): string {
  assertTyped(node);
  return new Printer(dialect, column).print(simplifyExpression(node));
}

class Printer {
  readonly #dialect: ExpressionDialect;
  readonly #column: (name: string) => string;

  constructor(dialect: ExpressionDialect, column: (name: string) => string) {
    this.#dialect = dialect;
    this.#column = column;
  }

  print(node: ExpressionNode): string {
    switch (node.node) {
      case "column":
        return this.#column(node.name);
      case "literal":
        return this.#printLiteral(node);
      case "call":
        return this.#printCall(node);
      case "case":
        return this.#printCase(node);
    }
  }

  #printLiteral({ type, value }: LiteralNode): string {
    return value === null ? `CAST(NULL AS ${this.#dialect.typeName(type)})` : this.#dialect.literal(type, value);
  }

  #printCase(node: CaseNode): string {
    const branches = node.branches.map((branch) => `WHEN ${this.print(branch.when)} THEN ${this.print(branch.then)}`);
    return `(CASE ${branches.join(" ")} ELSE ${this.print(node.otherwise)} END)`;
  }

  #printCall(node: CallNode): string {
    const args = node.args.map((arg) => this.print(arg));
    const [first = "", second = "", third = ""] = args;
    switch (node.op) {
      case "add":
      case "sub":
      case "mul":
        return isInteger(node.type)
          ? this.#dialect.checkedArithmetic(node.op, first, second)
          : `(${first} ${floatSigns[node.op]} ${second})`;
      case "div":
        return `(${first} / NULLIF(${second}, ${this.#zero(node.type)}))`;
      case "mod":
        return this.#printMod(node, first, second);
      case "neg":
        return `(-(${first}))`;
      case "abs":
        return `ABS(${first})`;
      case "floor":
      case "ceil":
        return isInteger(node.type) ? first : `${node.op === "floor" ? "FLOOR" : "CEIL"}(${first})`;
      case "least":
      case "greatest":
        return this.#printChoice(node);
      case "eq":
      case "ne":
      case "lt":
      case "le":
      case "gt":
      case "ge":
        return `(${first} ${comparisonSigns[node.op]} ${second})`;
      case "and":
      case "or":
        return this.#printLogic(node, args);
      case "not":
        return `(NOT ${first})`;
      case "isNull":
        return `(${first} IS NULL)`;
      case "coalesce":
        return this.#printCoalesce(node, args);
      case "in":
        return `(${first} IN (${args.slice(1).join(", ")}))`;
      case "cast":
        return `${printCast(first, typeOf(node.args[0]), node.type, this.#dialect)}`;
      case "concat":
        return `(${args.join(" || ")})`;
      case "replace":
        return this.#dialect.replace(first, second, third);
      case "microsBetween":
        return this.#dialect.checkedArithmetic("sub", second, first);
      default:
        return this.#printText(node, first, second);
    }
  }

  #printText(node: CallNode, text: string, part: string): string {
    switch (node.op) {
      case "lower":
        return this.#dialect.translate(text, upperLetters, lowerLetters);
      case "upper":
        return this.#dialect.translate(text, lowerLetters, upperLetters);
      case "trim":
        return this.#dialect.trimSpaces(text);
      case "length":
        return this.#dialect.countCodePoints(text);
      case "substring":
        return this.#printSubstring(node, text);
      case "startsWith":
        return this.#dialect.startsWith(text, part);
      case "endsWith":
        return this.#dialect.endsWith(text, part);
      case "contains":
        return this.#dialect.contains(text, part);
      default:
        return this.#printTime(node, text);
    }
  }

  #printTime(node: CallNode, instant: string): string {
    const of = typeOf(node.args[0]).kind;
    assert(of === "timestamp" || of === "date", `${node.op} takes a timestamp or date`);
    if (node.op === "toDate") return of === "date" ? instant : this.#dialect.timestampToDate(instant);
    return this.#dialect.timePart(timePartOf(node), instant, of);
  }

  /** A zero divisor gives null. Engines refuse the smallest integer % −1, so that −1 becomes 1, which gives the same rest. */
  #printMod(node: CallNode, dividend: string, divisor: string): string {
    const zero = this.#zero(node.type);
    if (!isInteger(node.type)) return `(${dividend} % NULLIF(${divisor}, ${zero}))`;
    const one = this.#dialect.literal(node.type, 1);
    const minusOne = this.#dialect.literal(node.type, -1);
    const right = node.args[1];
    // Zero was folded to null.
    if (right?.node === "literal") return `(${dividend} % ${Number(right.value) === -1 ? one : divisor})`;
    const nothing = `CAST(NULL AS ${this.#dialect.typeName(node.type)})`;
    return `(${dividend} % (CASE ${divisor} WHEN ${zero} THEN ${nothing} WHEN ${minusOne} THEN ${one} ELSE ${divisor} END))`;
  }

  #zero(type: ValueType): string {
    return this.#dialect.literal(type, 0);
  }

  /**
   * Engines' own functions skip nulls. Two arguments are compared, which is null where either is; more of them are printed once
   * as a test and once as a value, so that chains stay short, unless one may fail: an engine need not evaluate all tests.
   */
  #printChoice(node: CallNode): string {
    const nodes = flatten(node, node.op);
    const args = nodes.map((arg) => this.print(arg));
    if (nodes.length > 2 && !nodes.some(canFail)) {
      const tests = args.filter((_, i) => nodes[i]?.node !== "literal").map((arg) => `${arg} IS NULL`);
      const name = node.op === "least" ? "LEAST" : "GREATEST";
      return `(CASE WHEN ${tests.join(" OR ")} THEN CAST(NULL AS ${this.#dialect.typeName(node.type)}) ELSE ${name}(${args.join(", ")}) END)`;
    }
    const [keep, change] = node.op === "least" ? ["<=", ">"] : [">=", "<"];
    return args.reduce((best, arg) => `(CASE WHEN ${best} ${keep} ${arg} THEN ${best} WHEN ${best} ${change} ${arg} THEN ${arg} END)`);
  }

  /**
   * From left to right where it matters: an operand that may fail is evaluated only if no earlier one decided. Each operand but the last is
   * then printed twice.
   */
  #printLogic(node: CallNode, args: readonly string[]): string {
    const plain = `(${args.join(node.op === "and" ? " AND " : " OR ")})`;
    if (!node.args.slice(1).some(canFail)) return plain;
    const guards = args.slice(0, -1).map((arg) => (node.op === "and" ? `WHEN NOT ${arg} THEN FALSE` : `WHEN ${arg} THEN TRUE`));
    return `(CASE ${guards.join(" ")} ELSE ${plain} END)`;
  }

  /** Engines calculate parts of COALESCE that occur twice for every row, but leave CASE alone. */
  #printCoalesce(node: CallNode, args: readonly string[]): string {
    if (!node.args.slice(1).some(canFail)) return `COALESCE(${args.join(", ")})`;
    const tests = args.slice(0, -1).map((arg) => `WHEN ${arg} IS NOT NULL THEN ${arg}`);
    return `(CASE ${tests.join(" ")} ELSE ${args.at(-1)} END)`;
  }

  #printSubstring(node: CallNode, text: string): string {
    const [, start, count] = node.args;
    assert(start !== undefined, "substring takes a start");
    return this.#dialect.substring(text, this.#printPosition(start, 1), count === undefined ? null : this.#printPosition(count, 0));
  }

  /**
   * A number of code points, not less than `min`; as int64. It is moved into the range rather than tested for lying there: DuckDB may
   * calculate a substring for values of rows that it has left out, and refuses those far out of range.
   */
  #printPosition(node: ExpressionNode, min: number): string {
    if (node.node === "literal") return this.#dialect.literal(int64, Math.min(Math.max(Number(node.value), min), LENGTH_MAX));
    const position = printCast(this.print(node), node.type, int64, this.#dialect);
    const [low, high] = [min, LENGTH_MAX].map((bound) => this.#dialect.literal(int64, bound));
    const nothing = `CAST(NULL AS ${this.#dialect.typeName(int64)})`;
    return `(CASE WHEN ${position} IS NULL THEN ${nothing} ELSE GREATEST(LEAST(${position}, ${high}), ${low}) END)`;
  }
}

/** The arguments of nested calls of one operator. */
function flatten(node: ExpressionNode, op: CallNode["op"]): readonly ExpressionNode[] {
  return node.node === "call" && node.op === op ? node.args.flatMap((arg) => flatten(arg, op)) : [node];
}

function isInteger(type: ValueType): boolean {
  return type.kind === "int32" || type.kind === "int64";
}

function typeOf(node: ExpressionNode | undefined): ValueType {
  assert(node !== undefined, "an operator lacks its argument");
  return node.type;
}

const timeParts: readonly TimePart[] = ["year", "month", "day", "hour", "minute", "second", "dayOfWeek", "dayOfYear"];

function timePartOf(node: CallNode): TimePart {
  const part = timeParts.find((name) => name === node.op);
  assert(part !== undefined, `${node.op} has no SQL`);
  return part;
}
