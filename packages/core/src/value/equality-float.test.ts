import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { int, seededRandom, shuffle, times } from "@asof/testkit";
import { equalAggregate } from "./equality-float.ts";
import type { Value } from "./type.ts";

const float64 = { kind: "float64" } as const;
const U = 2 ** -53;
const bounds = { n: 100, absSum: 1 };

function verdict(fn: string, a: Value, b: Value, options: { n?: number; absSum?: number; population?: boolean } = {}): string {
  const { n = 100, absSum = 1, population = false } = options;
  return equalAggregate({ fn, population }, float64, a, b, { n, absSum });
}

describe("equalAggregate", () => {
  test("says identical only of the same bits", () => {
    assert.equal(verdict("sum", 1.5, 1.5), "identical");
    assert.equal(verdict("sum", Number.NaN, Number.NaN), "identical");
    assert.equal(verdict("sum", null, null), "identical");
    assert.equal(verdict("sum", 0, -0), "equal");
    assert.equal(verdict("max", 0, -0), "equal");
  });

  test("allows the stated bound and not the next float beyond it", () => {
    const cases = [
      { fn: "sum", bound: 200 * U, population: false },
      { fn: "avg", bound: 2 * U, population: false },
      { fn: "variance", bound: (800 * U) / 99, population: false },
      { fn: "variance", bound: (800 * U) / 100, population: true },
    ];
    for (const { fn, bound, population } of cases) {
      assert.equal(verdict(fn, 0, bound, { population }), "equal", fn);
      assert.equal(verdict(fn, bound, 0, { population }), "equal", fn);
      assert.equal(verdict(fn, 0, bound * (1 + 4 * U), { population }), "different", fn);
    }
    const square = (1600 * U) / 99;
    assert.equal(verdict("stddev", 0, Math.sqrt(square) * (1 - 4 * U)), "equal");
    assert.equal(verdict("stddev", 0, Math.sqrt(square) * (1 + 4 * U)), "different");
  });

  test("counts fewer than 8 values as 8", () => {
    assert.equal(verdict("sum", 0, 16 * U, { n: 1 }), "equal");
    assert.equal(verdict("sum", 0, 17 * U, { n: 1 }), "different");
  });

  test("is exact for every other function, type and for nulls", () => {
    for (const fn of ["min", "max", "first", "last", "count", "distinctCount"]) assert.equal(verdict(fn, 1, 1 + 2 * U), "different", fn);
    assert.equal(verdict("sum", 1, null), "different");
    assert.equal(verdict("sum", null, 0), "different");
    assert.equal(equalAggregate({ fn: "sum" }, { kind: "int64", as: "number" }, 1, 2, { n: 100, absSum: 2 ** 60 }), "different");
    assert.equal(equalAggregate({ fn: "sum" }, { kind: "int64", as: "bigint" }, 1n, 2n, { n: 100, absSum: 2 ** 60 }), "different");
    assert.equal(equalAggregate({ fn: "lastN" }, { kind: "list", of: float64 }, [1], [1 + 2 * U], bounds), "different");
    assert.equal(equalAggregate({ fn: "lastN" }, { kind: "list", of: float64 }, [Number.NaN], [Number.NaN], bounds), "identical");
  });

  test("takes infinities by value and NaN as NaN, whatever the bound", () => {
    const wide = { absSum: Number.POSITIVE_INFINITY };
    assert.equal(verdict("sum", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, wide), "identical");
    assert.equal(verdict("sum", Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, wide), "different");
    assert.equal(verdict("sum", Number.POSITIVE_INFINITY, Number.MAX_VALUE, wide), "different");
    assert.equal(verdict("sum", Number.NaN, 1, wide), "different");
    assert.equal(verdict("sum", 1, Number.NaN, wide), "different");
  });

  test("has no tolerance when nothing was added up", () => {
    assert.equal(verdict("sum", 0, 5e-324, { absSum: 0 }), "different");
  });
});

test("any two orders of summation are equal, and a lost value is noticed", () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = seededRandom(`sum ${seed}`);
    const values = times(int(random, 1, 300), () => (random.next() - 0.5) * 10 ** int(random, -3, 6));
    const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
    const [a, b] = [sum(values), sum(shuffle(random, values))];
    const n = values.length;
    const absSum = sum(values.map(Math.abs));
    assert.notEqual(equalAggregate({ fn: "sum" }, float64, a, b, { n, absSum }), "different", `seed ${seed}`);
    assert.notEqual(equalAggregate({ fn: "avg" }, float64, a / n, b / n, { n, absSum }), "different", `seed ${seed}`);
    const lost = values.toSorted((x, y) => Math.abs(y) - Math.abs(x))[0] ?? 0;
    assert.equal(equalAggregate({ fn: "sum" }, float64, a, b - lost, { n, absSum }), "different", `seed ${seed}`);
  }
});

test("two ways to a variance are equal within its bound", () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = seededRandom(`variance ${seed}`);
    const shift = 10 ** int(random, -3, 6);
    const values = times(int(random, 2, 200), () => shift + random.next());
    const [a, b] = [welford(values), twoPasses(values)];
    const square = values.reduce((total, x) => total + x * x, 0);
    const folded = { n: values.length, absSum: square };
    const [x, y] = [a / (values.length - 1), b / (values.length - 1)];
    assert.notEqual(equalAggregate({ fn: "variance", population: false }, float64, x, y, folded), "different", `seed ${seed}`);
    assert.notEqual(
      equalAggregate({ fn: "stddev", population: false }, float64, Math.sqrt(x), Math.sqrt(y), folded),
      "different",
      `seed ${seed}`,
    );
  }
});

function welford(values: readonly number[]): number {
  let mean = 0;
  let squares = 0;
  for (const [i, x] of values.entries()) {
    const delta = x - mean;
    mean += delta / (i + 1);
    squares += delta * (x - mean);
  }
  return squares;
}

function twoPasses(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((total, x) => total + (x - mean) ** 2, 0);
}
