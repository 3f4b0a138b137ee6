import { canCast, type ExpressionNode, isOrderable, type Operator, type Random, sameType, type Value, type ValueType } from "@asof/core";
import { chance, choose, int, times } from "../random/seeded-random.ts";
import { anyValue, everyType } from "./any-value.ts";

/** A column that generated expressions may read. */
export interface ExpressionColumn {
  readonly name: string;
  readonly type: ValueType;
}

const bool: ValueType = { kind: "bool" };
const int32: ValueType = { kind: "int32" };
const int64: ValueType = { kind: "int64", as: "bigint" };
const float64: ValueType = { kind: "float64" };
const string: ValueType = { kind: "string" };
const timestamp: ValueType = { kind: "timestamp" };
const date: ValueType = { kind: "date" };
/** Columns of whole seconds are timestamps like others inside expressions. */
const scalars = everyType.filter((type) => isOrderable(type) && !(type.kind === "timestamp" && type.precision !== undefined));

/** Makes one expression of the wanted type; `inner` makes a smaller one of any type. */
type Maker = (inner: (type: ValueType) => ExpressionNode, random: Random, type: ValueType) => ExpressionNode;

/**
 * A well-typed expression over the columns, with every operator and cast that the type can come from. `depth` bounds the nesting.
 * Integer arithmetic may overflow.
 */
export function anyExpression(random: Random, type: ValueType, columns: readonly ExpressionColumn[], depth: number): ExpressionNode {
  const usable = columns.filter((column) => sameType(column.type, type));
  if (depth <= 0 || chance(random, 0.1)) {
    if (usable.length > 0 && chance(random, 0.75)) {
      const column = choose(random, usable);
      return { node: "column", name: column.name, type: column.type };
    }
    return literal(type, chance(random, 0.05) ? null : anyValue(random, type));
  }
  const inner = (wanted: ValueType): ExpressionNode => anyExpression(random, wanted, columns, depth - 1);
  const own = makers[type.kind] ?? [];
  const makerList = own.length > 0 && chance(random, 0.75) ? own : generic(type);
  return choose(random, makerList)(inner, random, type);
}

function literal(type: ValueType, value: Value): ExpressionNode {
  return { node: "literal", type, value };
}

function call(op: Operator, type: ValueType, ...args: readonly ExpressionNode[]): ExpressionNode {
  return { node: "call", op, args, type };
}

/** Operators that give every type (of scalars, where they compare). */
function generic(type: ValueType): readonly Maker[] {
  const choices: Maker[] = [
    (inner) => call("coalesce", type, inner(type), inner(type)),
    // biome-ignore lint/suspicious/noThenProperty: the node's name for a branch's value; nodes are never awaited.
    (inner) => ({ node: "case", branches: [{ when: inner(bool), then: inner(type) }], otherwise: inner(type), type }),
    (inner, random) => ({
      node: "case",
      // biome-ignore lint/suspicious/noThenProperty: as above.
      branches: times(int(random, 1, 3), () => ({ when: inner(bool), then: inner(type) })),
      otherwise: inner(type),
      type,
    }),
  ];
  if (!isOrderable(type)) return choices;
  const sources = scalars.filter((from) => canCast(from, type) && !sameType(from, type));
  const cast: Maker = (inner, random) => call("cast", type, inner(choose(random, sources)));
  if (sources.length > 0) choices.push(cast, cast, cast);
  choices.push(
    (inner, random) => call(choose(random, ["least", "greatest"]), type, inner(type), inner(type)),
    (inner, random) => call(choose(random, ["least", "greatest"]), type, ...times(int(random, 2, 4), () => inner(type))),
  );
  return choices;
}

const arithmetic: Maker = (inner, random, type) => call(choose(random, ["add", "sub", "mul", "mod"]), type, inner(type), inner(type));
const ofOneNumber: Maker = (inner, random, type) => call(choose(random, ["neg", "abs", "floor", "ceil"]), type, inner(type));

const comparison: Maker = (inner, random) => {
  const type = choose(random, scalars);
  return call(choose(random, ["eq", "ne", "lt", "le", "gt", "ge"]), bool, inner(type), inner(type));
};

/** Overflow beside a constant is what optimizers like to calculate away. */
const comparedArithmetic: Maker = (inner, random) => {
  const type = choose(random, [int32, int64, float64]);
  const constant = () => literal(type, anyValue(random, type));
  const calculation = call(
    choose(random, ["add", "sub", "mul"]),
    type,
    ...(chance(random, 0.5) ? [inner(type), constant()] : [constant(), inner(type)]),
  );
  return call(choose(random, ["eq", "ne", "lt", "le", "gt", "ge"]), bool, calculation, constant());
};

/** A cast that may have no result, beside a constant: optimizers like to convert the constant instead. */
const comparedCast: Maker = (inner, random) => {
  const type = choose(random, scalars);
  const sources = scalars.filter((from) => canCast(from, type) && !sameType(from, type));
  if (sources.length === 0) return comparison(inner, random, bool);
  const cast = call("cast", type, inner(choose(random, sources)));
  return call(choose(random, ["eq", "ne", "lt", "le", "gt", "ge"]), bool, cast, literal(type, anyValue(random, type)));
};

const membership: Maker = (inner, random) => {
  const type = choose(random, scalars);
  return call("in", bool, inner(type), ...times(int(random, 1, 4), () => literal(type, anyValue(random, type))));
};

const logic: Maker = (inner, random) => call(choose(random, ["and", "or"]), bool, ...times(int(random, 2, 3), () => inner(bool)));

const textTest: Maker = (inner, random) =>
  call(choose(random, ["startsWith", "endsWith", "contains"]), bool, inner(string), piece(inner, random));

/** Often so short that it occurs. */
function piece(inner: (type: ValueType) => ExpressionNode, random: Random): ExpressionNode {
  return chance(random, 0.6) ? literal(string, choose(random, ["", "a", "e", " ", "é", "\u0301", "1", "😀"])) : inner(string);
}

const position: Maker = (inner, random) =>
  chance(random, 0.7) ? literal(int32, int(random, -2, 9)) : inner(choose(random, [int32, int64]));

const textFunction: Maker = (inner, random) => call(choose(random, ["lower", "upper", "trim"]), string, inner(string));
const timePart: Maker = (inner, random) =>
  call(choose(random, ["year", "month", "day", "dayOfWeek", "dayOfYear"]), int32, inner(choose(random, [timestamp, date])));

const makers: Readonly<Partial<Record<ValueType["kind"], readonly Maker[]>>> = {
  bool: [
    comparison,
    comparison,
    comparedArithmetic,
    comparedCast,
    membership,
    logic,
    logic,
    textTest,
    (inner) => call("not", bool, inner(bool)),
    (inner, random) => call("isNull", bool, inner(choose(random, everyType))),
  ],
  int32: [
    arithmetic,
    ofOneNumber,
    timePart,
    (inner) => call("length", int32, inner(string)),
    (inner, random) => call(choose(random, ["hour", "minute", "second"]), int32, inner(timestamp)),
  ],
  int64: [arithmetic, arithmetic, ofOneNumber, (inner, _random, type) => call("microsBetween", type, inner(timestamp), inner(timestamp))],
  float32: [ofOneNumber],
  float64: [arithmetic, ofOneNumber, (inner) => call("div", float64, inner(float64), inner(float64))],
  string: [
    textFunction,
    (inner, random) => call("concat", string, ...times(int(random, 1, 3), () => inner(string))),
    (inner, random) => call("substring", string, inner(string), position(inner, random, int32)),
    (inner, random) => call("substring", string, inner(string), position(inner, random, int32), position(inner, random, int32)),
    (inner, random) => call("replace", string, inner(string), piece(inner, random), piece(inner, random)),
  ],
  date: [(inner) => call("toDate", date, inner(timestamp))],
};
