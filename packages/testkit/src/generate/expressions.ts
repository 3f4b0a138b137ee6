import {
  type CallNode,
  type ColumnModel,
  type ExpressionNode,
  isOrderable,
  type Operator,
  type Random,
  type Value,
  type ValueType,
} from "@asof/core";
import { chance, choose, int, times } from "../random/seeded-random.ts";
import { ordinaryValue, randomValue } from "./values.ts";

const bool: ValueType = { kind: "bool" };
const int32: ValueType = { kind: "int32" };

/** A column of a source as an expression. */
export function columnNode(column: Pick<ColumnModel, "name" | "type">): ExpressionNode {
  return { node: "column", name: column.name, type: column.type };
}

/** A filter over one or two of the columns: true, false or null from row to row. Null where no column can be compared. */
export function randomFilter(random: Random, columns: readonly ColumnModel[]): ExpressionNode | null {
  const usable = columns.filter((c) => isOrderable(c.type));
  if (usable.length === 0) return null;
  const one = randomComparison(random, choose(random, usable));
  if (chance(random, 0.6)) return one;
  if (chance(random, 0.3)) return call("not", bool, one);
  return call(choose(random, ["and", "or"] as const), bool, one, randomComparison(random, choose(random, usable)));
}

/** An expression over the columns, of whatever type comes out. Never fails: no integer arithmetic that could overflow. */
export function randomDerived(random: Random, columns: readonly ColumnModel[]): ExpressionNode {
  const column = choose(random, columns);
  const self = columnNode(column);
  const fallback = literal(column.type, ordinaryValue(column.type));
  const floats = columns.filter((c) => c.type.kind === "float64");
  const choices: ExpressionNode[] = [
    call("coalesce", column.type, self, fallback),
    // biome-ignore lint/suspicious/noThenProperty: the name of the contract's field.
    { node: "case", branches: [{ when: call("isNull", bool, self), then: fallback }], otherwise: self, type: column.type },
  ];
  if (isOrderable(column.type)) choices.push(randomComparison(random, column));
  if (column.type.kind === "string")
    choices.push(call("concat", column.type, self, literal(column.type, "x")), call("length", int32, self));
  if (floats.length > 0)
    choices.push(call("add", { kind: "float64" }, columnNode(choose(random, floats)), literal({ kind: "float64" }, 0.5)));
  if (floats.length > 0) choices.push(call("neg", { kind: "float64" }, columnNode(choose(random, floats))));
  return choose(random, choices);
}

function randomComparison(random: Random, column: ColumnModel): ExpressionNode {
  const self = columnNode(column);
  const other = (): ExpressionNode => literal(column.type, finiteValue(random, column.type));
  const choices: (() => ExpressionNode)[] = [
    () => call(choose(random, ["gt", "ge", "lt", "le", "eq", "ne"] as const), bool, self, other()),
    () => call(choose(random, ["gt", "ge", "lt", "le", "eq", "ne"] as const), bool, self, other()),
    () => call("isNull", bool, self),
    () => call("in", bool, self, ...times(int(random, 1, 3), other)),
  ];
  if (column.type.kind === "bool") choices.push(() => self);
  if (column.type.kind === "string") choices.push(() => call("startsWith", bool, self, literal(column.type, "a")));
  return choose(random, choices)();
}

function finiteValue(random: Random, type: ValueType): Value {
  const value = randomValue(random, type);
  return typeof value === "number" && !Number.isFinite(value) ? 1 : value;
}

function call(op: Operator, type: ValueType, ...args: readonly ExpressionNode[]): CallNode {
  return { node: "call", op, args, type };
}

function literal(type: ValueType, value: Value): ExpressionNode {
  return { node: "literal", type, value };
}
