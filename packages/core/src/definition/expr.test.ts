import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExpressionNode } from "../expression/node.ts";
import { expressionFault } from "../expression/signature.ts";
import { printType } from "../value/type.ts";
import { expressionPayload } from "./expr.ts";
import { caseWhen, coalesce, greatest, least, literal } from "./functions.ts";
import { list } from "./nested-types.ts";
import { parquet } from "./source.ts";
import { bool, bytes, date, decimal, float32, float64, int32, int64, nullable, string, timestamp, uuid } from "./value-types.ts";

const row = parquet("s", {
  path: "p",
  columns: {
    f: float64(),
    g: float32(),
    i: int32(),
    n: int64({ as: "number" }),
    b: int64(),
    d: decimal(10, 2),
    e: decimal(6, 4),
    s: string(),
    t: timestamp(),
    u: uuid(),
    x: bytes(),
    day: date(),
    yes: bool(),
    maybe: nullable(float64()),
    tags: list(string()),
  },
}).row;

/** A short form: `add(f, cast<float64>(n))`. */
function show(expression: unknown): string {
  const payload = expressionPayload(expression);
  assert.ok(payload !== null, "not an expression");
  assert.deepEqual(payload.faults, []);
  assert.equal(expressionFault(payload.node), null);
  return print(payload.node);
}

function print(node: ExpressionNode): string {
  switch (node.node) {
    case "column":
      return node.name;
    case "literal":
      return `${node.value === null ? "null" : String(node.value)}:${printType(node.type)}`;
    case "call":
      return `${node.op}${node.op === "cast" ? `<${printType(node.type)}>` : ""}(${node.args.map(print).join(", ")})`;
    case "case":
      return `case(${node.branches.map((b) => `${print(b.when)} → ${print(b.then)}`).join(", ")}, ${print(node.otherwise)})`;
  }
}

function typeOf(expression: unknown): string {
  const type = expressionPayload(expression)?.node.type;
  if (type === undefined) return "none";
  return type.kind === "int64" ? `int64 as ${type.as}` : printType(type);
}

/** The sentences that a misuse leads to; JavaScript callers see no types. */
function faultsOf(expression: unknown): readonly string[] {
  const payload = expressionPayload(expression);
  assert.ok(payload?.poisoned === true, "no fault was found");
  return payload.faults.map((f) => f.message);
}

/** Calls a method as JavaScript would: without types. */
function call(on: object, method: string, ...args: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(on, method), on, args);
}

describe("arithmetic", () => {
  test("brings both sides to one type", () => {
    assert.equal(show(row.f.plus(row.n)), "add(f, cast<float64>(n))");
    assert.equal(show(row.i.times(row.i)), "mul(cast<int64>(i), cast<int64>(i))");
    assert.equal(show(row.g.minus(row.g)), "sub(cast<float64>(g), cast<float64>(g))");
    assert.equal(show(row.n.div(row.i)), "div(cast<float64>(n), cast<float64>(i))");
    assert.equal(show(row.b.mod(row.n)), "mod(b, cast<int64>(n))");
    assert.equal(show(row.g.neg()), "neg(cast<float64>(g))");
    assert.equal(show(row.i.abs()), "abs(cast<int64>(i))");
    assert.equal(show(row.f.floor().plus(row.f.ceil())), "add(floor(f), ceil(f))");
  });

  test("integers give int64 in the form that holds both sides", () => {
    assert.deepEqual([row.i.plus(row.i), row.n.plus(row.i), row.b.plus(row.n), row.n.plus(row.b), row.b.plus(row.f)].map(typeOf), [
      "int64 as number",
      "int64 as number",
      "int64 as bigint",
      "int64 as bigint",
      "float64",
    ]);
  });

  test("a literal takes the type of the other side", () => {
    assert.equal(show(row.f.plus(1)), "add(f, 1:float64)");
    assert.equal(show(row.n.plus(1)), "add(n, 1:int64)");
    assert.equal(show(row.b.plus(1)), "add(b, 1:int64)");
    assert.equal(show(row.i.plus(5_000_000_000)), "add(cast<int64>(i), 5000000000:int64)");
    assert.equal(show(row.g.plus(0.1)), "add(cast<float64>(g), 0.1:float64)");
    assert.equal(show(row.n.div(0.5)), "div(cast<float64>(n), 0.5:float64)");
    assert.equal(show(row.n.plus(literal(0.5))), "add(cast<float64>(n), 0.5:float64)");
    assert.deepEqual(faultsOf(row.n.plus(0.5)), ["The literal is 0.5, which is not of type int64."]);
  });
});

describe("comparison", () => {
  test("brings both sides to one type, without rounding a literal", () => {
    assert.equal(show(row.i.lt(row.n)), "lt(cast<int64>(i), n)");
    assert.equal(show(row.n.gt(1.5)), "gt(cast<float64>(n), 1.5:float64)");
    assert.equal(show(row.i.eq(5_000_000_000)), "eq(cast<int64>(i), 5000000000:int64)");
    assert.equal(show(row.g.ge(0.1)), "ge(cast<float64>(g), 0.1:float64)");
    assert.equal(show(row.d.le("9.999")), "le(cast<decimal(11, 3)>(d), 9.999:decimal(11, 3))");
    assert.equal(show(row.d.eq(row.e)), "eq(cast<decimal(12, 4)>(d), cast<decimal(12, 4)>(e))");
    assert.equal(show(row.s.ne("x")), "ne(s, x:string)");
    assert.equal(show(row.yes.eq(false)), "eq(yes, false:bool)");
    assert.equal(show(row.t.ge("1970-01-01T00:00:01Z")), "ge(t, 1000000:timestamp)");
    assert.equal(show(row.t.lt(new Date(1))), "lt(t, 1000:timestamp)");
    assert.equal(show(row.day.gt("2024-02-29")), "gt(day, 2024-02-29:date)");
    assert.equal(show(row.u.eq("123E4567-E89B-12D3-A456-426614174000")), "eq(u, 123e4567-e89b-12d3-a456-426614174000:uuid)");
    assert.equal(show(row.x.eq(new Uint8Array([1]))), "eq(x, 1:bytes)");
    assert.equal(show(row.n.between(1, row.i)), "and(ge(n, 1:int64), le(n, cast<int64>(i)))");
  });

  test("in takes literals, widened together", () => {
    assert.equal(show(row.s.in(["a", "b"])), "in(s, a:string, b:string)");
    assert.equal(show(row.n.in([1, 2.5])), "in(cast<float64>(n), 1:float64, 2.5:float64)");
    assert.equal(show(row.d.in(["1", "2.125"])), "in(cast<decimal(11, 3)>(d), 1.000:decimal(11, 3), 2.125:decimal(11, 3))");
  });

  test("null is tested, never compared", () => {
    assert.equal(show(row.maybe.isNull().or(row.tags.isNotNull())), "or(isNull(maybe), not(isNull(tags)))");
    assert.deepEqual(faultsOf(call(row.f, "eq", null)), ["null cannot stand here: a value is needed."]);
  });
});

describe("text, time, cast and choices", () => {
  test("text", () => {
    assert.equal(show(row.s.trim().lower().concat("-", row.s.upper())), "concat(lower(trim(s)), -:string, upper(s))");
    assert.equal(
      show(row.s.substring(1, 3).length().plus(row.s.length())),
      "add(cast<int64>(length(substring(s, 1:int32, 3:int32))), cast<int64>(length(s)))",
    );
    assert.equal(
      show(row.s.startsWith("a").and(row.s.endsWith("b")).and(row.s.contains(row.s)).and(row.s.replace("a", "b").eq("c"))),
      "and(and(and(startsWith(s, a:string), endsWith(s, b:string)), contains(s, s)), eq(replace(s, a:string, b:string), c:string))",
    );
  });

  test("time", () => {
    const parts = [
      row.t.year(),
      row.t.month(),
      row.t.day(),
      row.t.hour(),
      row.t.minute(),
      row.t.second(),
      row.t.dayOfWeek(),
      row.day.dayOfYear(),
    ];
    assert.deepEqual(
      parts.map(typeOf),
      parts.map(() => "int32"),
    );
    assert.equal(show(row.t.toDate().eq(row.day)), "eq(toDate(t), day)");
    assert.equal(show(row.t.microsBetween(0)), "microsBetween(t, 0:timestamp)");
    assert.equal(typeOf(row.t.microsBetween(row.t)), "int64 as number");
  });

  test("cast", () => {
    assert.equal(show(row.s.cast(float64())), "cast<float64>(s)");
    assert.equal(show(row.f.cast(float64())), "f");
    assert.equal(typeOf(row.n.cast(int64())), "int64 as bigint");
    assert.match(faultsOf(call(row.f, "cast", string()))[0] ?? "", /no cast from column "f" \(float64\) to string/);
    assert.match(faultsOf(call(row.f, "cast", "float64"))[0] ?? "", /a type such as float64\(\) is needed/);
  });

  test("coalesce, least, greatest and literals", () => {
    assert.equal(show(coalesce(row.maybe, 0)), "coalesce(maybe, 0:float64)");
    assert.equal(show(coalesce(row.n, row.b, 1)), "coalesce(cast<int64>(n), b, cast<int64>(1:int64))");
    assert.equal(show(least(row.i, 7)), "least(i, 7:int32)");
    assert.equal(show(greatest(row.t, "1970-01-01T00:00:01Z")), "greatest(t, 1000000:timestamp)");
    assert.deepEqual([literal(1), literal(1n), literal("a"), literal(true), literal(new Date(0)), literal(1, int32())].map(typeOf), [
      "float64",
      "int64 as bigint",
      "string",
      "bool",
      "timestamp",
      "int32",
    ]);
  });

  test("case", () => {
    assert.equal(
      show(caseWhen(row.f.gt(100), "high").when(row.yes, row.s).otherwise(null)),
      "case(gt(f, 100:float64) → high:string, yes → s, null:string)",
    );
    assert.equal(show(caseWhen(row.yes, row.n).otherwise(row.f)), "case(yes → cast<float64>(n), f)");
    assert.equal(show(caseWhen(row.yes, 1).otherwise(0)), "case(yes → 1:float64, 0:float64)");
    const open = caseWhen(row.yes, row.n);
    assert.deepEqual(faultsOf(call(open, "otherwise", 0.5)), ["The literal is 0.5, which is not of type int64."]);
    assert.deepEqual(faultsOf(call(open, "otherwise", row.s)), ['column "s" (string) cannot stand here: a value of type int64 is needed.']);
  });
});

describe("misuse from JavaScript becomes a fault, never a throw", () => {
  test("operands of a wrong kind", () => {
    assert.deepEqual(faultsOf(call(row.f, "plus", row.s)), ['column "s" (string) cannot stand here: a number is needed.']);
    assert.deepEqual(faultsOf(call(row.s, "plus", 1)), ['column "s" (string) cannot stand here: a number is needed.']);
    assert.deepEqual(faultsOf(call(row.f, "plus", "1")), ['The literal is the text "1", which is not of type float64.']);
    assert.deepEqual(faultsOf(call(row.f, "gt", row.s)), [
      'column "s" (string) cannot stand here: something comparable with column "f" (float64) is needed.',
    ]);
    assert.deepEqual(faultsOf(call(row.f, "and", row.yes)), ['column "f" (float64) cannot stand here: a condition is needed.']);
    assert.deepEqual(faultsOf(call(row.yes, "and", row.f)), ['column "f" (float64) cannot stand here: a condition is needed.']);
    assert.deepEqual(faultsOf(call(row.yes, "lt", true)), [
      'true cannot stand here: something comparable with column "yes" (bool) is needed.',
    ]);
    assert.deepEqual(faultsOf(call(row.tags, "eq", row.tags)), [
      'column "tags" (list(string)) cannot stand here: something comparable with column "tags" (list(string)) is needed.',
    ]);
    assert.deepEqual(faultsOf(call(row.f, "year")), ['column "f" (float64) cannot stand here: a timestamp or date is needed.']);
    assert.deepEqual(faultsOf(call(row.day, "hour")), ['column "day" (date) cannot stand here: a timestamp is needed.']);
    assert.deepEqual(faultsOf(call(row.s, "concat", row.f)), ['column "f" (float64) cannot stand here: text is needed.']);
    assert.deepEqual(faultsOf(call(row.s, "substring", row.f)), ['column "f" (float64) cannot stand here: a whole number is needed.']);
    assert.deepEqual(faultsOf(call(row.s, "in", [])), ["[] cannot stand here: a list of at least one literal is needed."]);
    assert.deepEqual(faultsOf(call(row.s, "in", [null])), ["null cannot stand here: a list of literals without null is needed."]);
    assert.deepEqual(faultsOf(call(row.s, "in", ["a", 1])), ["The literal is 1, which is not of type string."]);
  });

  test("an unknown column, with a guess", () => {
    const unknown = Reflect.get(row, "spnd");
    const payload = expressionPayload(call(call(unknown, "plus", 1) as object, "gt", row.s));
    assert.deepEqual(
      payload?.faults.map((f) => f.code),
      ["ASOF_COLUMN_UNKNOWN"],
    );
    assert.equal(Reflect.get(row, "then"), undefined);
    assert.equal(JSON.stringify(Object.keys(row)).includes("maybe"), true);
  });

  test("every fault of an expression is kept, each once", () => {
    const wrong = call(row.f, "plus", "a") as object;
    const both = call(call(row.yes, "and", call(wrong, "gt", 1)) as object, "or", call(row.s, "eq", 1));
    assert.deepEqual(faultsOf(both), [
      'The literal is the text "a", which is not of type float64.',
      "The literal is 1, which is not of type string.",
    ]);
  });
});
