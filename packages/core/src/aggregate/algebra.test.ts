import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anyValue, chance, choose, everyType, int, seededRandom, shuffle, times } from "@asof/testkit";
import { acceptsArgument, aggregateResultType } from "../definition/aggregate-type.ts";
import type { AggregateFunction } from "../definition/model.ts";
import { AsofError } from "../error/error.ts";
import type { Random } from "../platform/random.ts";
import { asBuffer, ByteWriter } from "../value/bytes.ts";
import { equalAggregate } from "../value/equality-float.ts";
import type { Value, ValueType } from "../value/type.ts";
import { type Aggregate, aggregateOf } from "./algebra.ts";
import { type NaiveRow, naiveFold } from "./naive-fold.test.support.ts";

const functions: readonly AggregateFunction[] = [
  { fn: "count" },
  { fn: "sum" },
  { fn: "avg" },
  { fn: "min" },
  { fn: "max" },
  { fn: "variance", population: false },
  { fn: "variance", population: true },
  { fn: "stddev", population: false },
  { fn: "stddev", population: true },
  { fn: "first" },
  { fn: "last" },
  { fn: "firstN", n: 3 },
  { fn: "lastN", n: 3 },
  { fn: "distinctCount", bound: 5 },
];

const cases = functions.flatMap((fn): { fn: AggregateFunction; type: ValueType | null }[] =>
  fn.fn === "count" ? [{ fn, type: null }] : everyType.filter((type) => acceptsArgument(fn, type)).map((type) => ({ fn, type })),
);

/** Rows with many ties in the order; values repeat, so that distinct counts stay near their bound. */
function randomRows(random: Random, type: ValueType | null): NaiveRow[] {
  const domain = type === null ? [true] : times(int(random, 1, 8), () => tame(anyValue(random, type)));
  return times(int(random, 0, 20), () => ({
    eventTimeUs: choose(random, [-5, 0, 0, 3, 1_700_000_000_000_000]),
    createdTimeUs: choose(random, [null, -1, 7]),
    orderKey: Uint8Array.from(choose(random, [[], [0], [1], [1, 0]])),
    value: chance(random, 0.15) ? null : choose(random, domain),
  }));
}

/** Sums of floats near the end of their range depend on the order of additions by more than rounding, in SQL too. */
function tame(value: Value): Value {
  return typeof value === "number" && Math.abs(value) > 1e100 && Number.isFinite(value) ? value / 1e200 : value;
}

function fold(algebra: Aggregate<unknown>, rows: readonly NaiveRow[], isCount: boolean): unknown {
  let state = algebra.init();
  for (const row of rows) {
    if (isCount) state = algebra.update(state, null, row);
    else if (row.value !== null) state = algebra.update(state, row.value, row);
  }
  return state;
}

function encode(algebra: Aggregate<unknown>, state: unknown): Uint8Array {
  const writer = new ByteWriter(1);
  writer.writeByte(0xee);
  algebra.write(writer, state);
  writer.writeByte(0xee);
  return writer.take();
}

function decode(algebra: Aggregate<unknown>, bytes: Uint8Array): unknown {
  const cursor = { at: 1 };
  const state = algebra.read(asBuffer(bytes), cursor);
  assert.equal(cursor.at, bytes.length - 1, "a state says itself where it ends");
  return state;
}

/** Cuts rows into parts at random, folds each, and joins the parts in random order, some of them after a stored round trip. */
function foldInParts(random: Random, algebra: Aggregate<unknown>, rows: readonly NaiveRow[], isCount: boolean): unknown {
  const parts: NaiveRow[][] = times(int(random, 1, 5), () => []);
  for (const row of shuffle(random, rows)) choose(random, parts).push(row);
  let states = parts.map((part) => fold(algebra, part, isCount));
  while (states.length > 1) {
    const [a, b, ...rest] = shuffle(random, states);
    const before = encode(algebra, b);
    const merged = algebra.merge(chance(random, 0.5) ? a : decode(algebra, encode(algebra, a)), b);
    assert.deepEqual(encode(algebra, b), before, "merge leaves its second argument alone");
    states = [merged, ...rest];
  }
  return states[0];
}

function outcome(algebra: Aggregate<unknown>, state: unknown): { value: Value; error: string | null } {
  try {
    return { value: algebra.finalize(state), error: null };
  } catch (error) {
    assert(error instanceof AsofError);
    return { value: null, error: error.code };
  }
}

function assertResult(fn: AggregateFunction, type: ValueType | null, rows: readonly NaiveRow[], got: ReturnType<typeof outcome>): void {
  const expected = naiveFold(fn, type, rows);
  assert.equal(got.error, expected.error);
  const verdict = equalAggregate(fn, aggregateResultType(fn, type), expected.value, got.value, expected);
  assert.notEqual(verdict, "different", `expected ${String(expected.value)}, got ${String(got.value)}`);
}

describe("aggregate algebra", () => {
  test("split anywhere and joined in any order, a fold is the fold of the whole", () => {
    let checked = 0;
    const errors = new Set<string>();
    for (const { fn, type } of cases) {
      for (let seed = 0; seed < 24; seed++) {
        const name = `${fn.fn} of ${JSON.stringify(type)}, seed ${seed}`;
        const random = seededRandom(name);
        const rows = randomRows(random, type);
        const algebra = aggregateOf(fn, type);
        const isCount = fn.fn === "count";
        try {
          const whole = outcome(algebra, fold(algebra, rows, isCount));
          if (whole.error !== null) errors.add(whole.error);
          assertResult(fn, type, rows, whole);
          assertResult(fn, type, rows, outcome(algebra, foldInParts(random, algebra, rows, isCount)));
        } catch (error) {
          throw new Error(`${name}: ${String(error)}`, { cause: error });
        }
        checked++;
      }
    }
    assert.ok(checked >= 2000, `${checked} cases`);
    assert.deepEqual([...errors].sort(), ["ASOF_DISTINCT_BOUND", "ASOF_SUM_OVERFLOW", "ASOF_VALUE_INVALID"]);
  });

  test("the empty state is neutral, and stored states read back to the same bytes", () => {
    for (const { fn, type } of cases) {
      const random = seededRandom(`neutral ${fn.fn} ${JSON.stringify(type)}`);
      const algebra = aggregateOf(fn, type);
      const isCount = fn.fn === "count";
      for (const rows of times(8, () => randomRows(random, type))) {
        const state = (): unknown => fold(algebra, rows, isCount);
        const bytes = encode(algebra, state());
        assert.deepEqual(encode(algebra, decode(algebra, bytes)), bytes);
        assert.deepEqual(encode(algebra, algebra.merge(algebra.init(), state())), bytes);
        assert.deepEqual(encode(algebra, algebra.merge(state(), algebra.init())), bytes);
        outcome(algebra, state());
      }
    }
  });

  test("empty folds: count and distinct count 0, lists empty, else null", () => {
    for (const { fn, type } of cases) {
      const algebra = aggregateOf(fn, type);
      const expected = fn.fn === "count" || fn.fn === "distinctCount" ? 0 : fn.fn === "firstN" || fn.fn === "lastN" ? [] : null;
      assert.deepEqual(algebra.finalize(algebra.init()), expected, fn.fn);
    }
  });
});

const order = { eventTimeUs: 0, createdTimeUs: null, orderKey: new Uint8Array() };

function foldValues(fn: AggregateFunction, type: ValueType, values: readonly Value[]): Value {
  const algebra = aggregateOf(fn, type);
  return algebra.finalize(values.reduce<unknown>((state, value) => algebra.update(state, value, order), algebra.init()));
}

describe("sum", () => {
  const int64: ValueType = { kind: "int64", as: "bigint" };
  const max = 2n ** 63n - 1n;

  test("is exact beyond int64 in between", () => {
    assert.equal(foldValues({ fn: "sum" }, int64, [max, max, -max, -1n]), max - 1n);
    assert.equal(
      foldValues({ fn: "sum" }, { kind: "decimal", precision: 38, scale: 0 }, ["9".repeat(38), "1", "-2"]),
      `${"9".repeat(37)}8`,
    );
  });

  test("out of range is an error that says how to go on", () => {
    assert.throws(
      () => foldValues({ fn: "sum" }, int64, [max, 1n]),
      /\[ASOF_SUM_OVERFLOW\].*9223372036854775808 leaves the range of int64/,
    );
    const safe = Number.MAX_SAFE_INTEGER;
    assert.throws(() => foldValues({ fn: "sum" }, { kind: "int64", as: "number" }, [safe, 1]), /\[ASOF_VALUE_INVALID\].*9007199254740992/);
    assert.throws(
      () => foldValues({ fn: "sum" }, { kind: "decimal", precision: 38, scale: 2 }, [`${"9".repeat(36)}.99`, "0.01"]),
      /ASOF_SUM_OVERFLOW/,
    );
  });
});

describe("variance", () => {
  const spread = (values: readonly number[], population = false): Value =>
    foldValues({ fn: "variance", population }, { kind: "float64" }, values);

  test("of values far from zero keeps its digits", () => {
    assert.equal(spread([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]), 30);
  });

  test("of one value is null in a sample and 0 in a population, also of a huge one", () => {
    assert.equal(spread([1e300]), null);
    assert.equal(spread([1e300], true), 0);
    assert.equal(spread([3], true), 0);
  });

  test("of huge values is infinite, of infinite ones not a number, in any order", () => {
    assert.equal(spread([1e300, -1e300, 1]), Number.POSITIVE_INFINITY);
    assert.equal(spread([1, -1e300, 1e300]), Number.POSITIVE_INFINITY);
    assert.equal(spread([Number.POSITIVE_INFINITY, 1e300, 2]), Number.NaN);
    assert.equal(spread([2, Number.NaN]), Number.NaN);
  });
});

describe("min and max", () => {
  test("NaN is greatest, −0 is returned as 0", () => {
    assert.equal(foldValues({ fn: "max" }, { kind: "float64" }, [Number.NaN, Number.POSITIVE_INFINITY]), Number.NaN);
    assert.equal(foldValues({ fn: "min" }, { kind: "float64" }, [Number.NaN, 3]), 3);
    assert.ok(Object.is(foldValues({ fn: "min" }, { kind: "float64" }, [-0]), 0));
  });
});

describe("distinct count", () => {
  const count = (type: ValueType, values: readonly Value[]): Value => foldValues({ fn: "distinctCount", bound: 3 }, type, values);

  test("counts by the equality of values", () => {
    assert.equal(count({ kind: "float64" }, [Number.NaN, Number.NaN, 0, -0]), 2);
    assert.equal(count({ kind: "bytes" }, [Uint8Array.of(0, 255), Uint8Array.of(0, 255), Uint8Array.of()]), 2);
    assert.equal(count({ kind: "string" }, ["é", "e\u0301", "é"]), 2);
  });

  test("is exact at the bound and an error above it", () => {
    assert.equal(count({ kind: "int32" }, [1, 2, 3, 1]), 3);
    assert.throws(() => count({ kind: "int32" }, [1, 2, 3, 4]), /\[ASOF_DISTINCT_BOUND\].*more than 3/);
  });
});
