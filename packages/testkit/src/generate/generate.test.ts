import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../oracle/data.ts";
import { oracle } from "../oracle/oracle.ts";
import { type Case, fromJsonText, toJsonText } from "./case.ts";
import { generateRun } from "./default-run.ts";
import { failingCases } from "./failing-cases.ts";
import { canJoin, joinCases } from "./join-cases.ts";
import { findMinimal, shrink } from "./shrink.ts";

const few = { seed: "generate.test", cases: 300, casesPerShape: 10 };
const answersOf = (one: Case): readonly (readonly Answer[])[] => oracle(one.plan, one.tables, one.spine.rows);

test("a seed makes the same cases, and they survive JSON exactly", () => {
  const [first, second] = [[...generateRun(few)], [...generateRun(few)]];
  assert.ok(first.flatMap((g) => g.cases).length >= few.cases);
  assert.deepEqual(first, second);
  const text = toJsonText(first);
  assert.deepEqual(fromJsonText(text), first);
  assert.equal(toJsonText(fromJsonText(text)), text);
});

test("cases answered together give what each gives alone", () => {
  for (const group of generateRun({ ...few, cases: 100 })) {
    if (!group.cases.every(canJoin)) continue;
    assert.deepEqual(answersOf(joinCases(group.cases)), group.cases.flatMap(answersOf));
  }
});

test("cases that must fail have no answer", () => {
  const codes = failingCases(3).map((one) => {
    try {
      return answersOf(one).length;
    } catch (error) {
      return error instanceof Error && "code" in error ? error.code : error;
    }
  });
  assert.deepEqual(codes, [...Array(3).fill("ASOF_SUM_OVERFLOW"), ...Array(3).fill("ASOF_DISTINCT_BOUND")]);
});

test("shrinking ends in a case without anything to spare", async () => {
  const seesNaN = (one: Case): boolean => one.spine.rows.length > 0 && answersOf(one).some((row) => row.some((a) => Number.isNaN(a.value)));
  const found = [...generateRun(few)].flatMap((g) => g.cases).find(seesNaN);
  assert.ok(found !== undefined, "no case shows NaN");
  const { minimal, attempts } = await findMinimal(found, seesNaN);
  assert.ok(attempts < 1_000);
  assert.equal(minimal.plan.views.length, 1);
  assert.equal(minimal.plan.views[0]?.features.length, 1);
  assert.equal(minimal.spine.rows.length, 1);
  assert.ok(Object.values(minimal.tables).flatMap((t) => [...t.batch, ...t.log]).length <= 2);
  for (const simpler of shrink(minimal)) assert.ok(!seesNaN(simpler), "a simpler case fails too");
});
