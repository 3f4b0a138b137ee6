import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chance, choose, int, seededRandom, times } from "@asof/testkit";
import type { Random } from "../platform/random.ts";
import type { StoredState } from "../store/online.ts";
import { equalAggregate } from "../value/equality-float.ts";
import { floorTo } from "../value/time.ts";
import {
  eventOf,
  expectedValue,
  interestingTimes,
  randomFeatures,
  randomRow,
  randomTime,
  readOne,
  resultTypeOf,
  type TestRow,
  viewOf,
  writeState,
} from "./window-model.test.support.ts";
import { type BatchReplacement, compileWindowedView, type WindowProgram } from "./window-program.ts";

const nothing: StoredState = { version: 0, parts: new Map() };

/** A materialization of a table as it was at some time. */
function randomJob(
  random: Random,
  program: WindowProgram,
  rows: readonly TestRow[],
  known: ReadonlySet<TestRow>,
  pulledAtUs: number,
): BatchReplacement {
  const time = (): number => choose(random, [randomTime(random, 0, 1, 150), 149, -1]);
  const touchedOnly = chance(random, 0.3);
  const rangeFromUs = touchedOnly || chance(random, 0.5) ? null : floorTo(time(), program.blockUs);
  const batchEndUs = Math.max(time(), rangeFromUs ?? -200);
  const inRange = rows.filter((row) => (rangeFromUs ?? row.eventTimeUs) <= row.eventTimeUs && row.eventTimeUs <= batchEndUs);
  return { events: inRange.map((row) => eventOf(program, row, !known.has(row))), rangeFromUs, batchEndUs, touchedOnly, pulledAtUs };
}

function run(program: WindowProgram, stored: StoredState, job: BatchReplacement): StoredState {
  return writeState(program, stored, program.replaceBatch(program.decodeState(stored), job));
}

describe("concurrent materializations", () => {
  test("of a table that only grows commute, however far each read", () => {
    for (let seed = 0; seed < 600; seed++) {
      const random = seededRandom(`concurrent ${seed}`);
      const features = randomFeatures(random, 1).map((feature) => ({
        ...feature,
        windowUs: feature.windowUs ?? 100,
        hopUs: feature.hopUs ?? 10,
      }));
      const separableUs = choose(random, [0, 20]);
      const program = compileWindowedView(viewOf(features, separableUs));
      const add = (): TestRow[] => times(int(random, 0, 12), () => randomRow(random, randomTime(random, 0, 1, 150), null));
      const tables = [add()];
      for (let i = 0; i < 2; i++) tables.push([...(tables.at(-1) ?? []), ...add()]);
      const [first = [], second = [], third = []] = tables;
      const base = chance(random, 0.5) ? run(program, nothing, randomJob(random, program, first, new Set(), 1)) : nothing;
      const jobs = [randomJob(random, program, second, new Set(first), 2), randomJob(random, program, third, new Set(first), 3)] as const;
      const one = run(program, run(program, base, jobs[0]), jobs[1]);
      const other = run(program, run(program, base, jobs[1]), jobs[0]);
      const inOrder = program.decodeState(one);
      const reversed = program.decodeState(other);
      for (const tUs of interestingTimes(random, third, features, 8)) {
        for (const feature of features) {
          const a = readOne(program, inOrder, tUs, feature.name);
          const b = readOne(program, reversed, tUs, feature.name);
          if (a.incomplete || b.incomplete || (a.error !== b.error && tUs < 150 - separableUs)) continue;
          assert.equal(a.error, b.error, `seed ${seed}`);
          const all = expectedValue({ ...feature, windowUs: null }, third, 1e6);
          const verdict = equalAggregate(feature.fn, resultTypeOf(feature), a.value, b.value, all);
          assert.notEqual(verdict, "different", `seed ${seed}: ${feature.name} at ${tUs}: ${String(a.value)} and ${String(b.value)}`);
        }
      }
    }
  });

  test("the farther reading stays, and so does the later of two that read as far", () => {
    const program = compileWindowedView(
      viewOf([{ name: "n", fn: { fn: "count" }, column: null, windowUs: 100, hopUs: 10, condition: null }], 0),
    );
    const random = seededRandom("rows");
    const rows = [1, 2, 3, 13, 14].map((us) => randomRow(random, us, null));
    const job = (count: number, batchEndUs: number, pulledAtUs: number): BatchReplacement => ({
      ...{ rangeFromUs: 0, batchEndUs, pulledAtUs },
      events: rows
        .filter((row) => row.eventTimeUs <= batchEndUs)
        .slice(0, count)
        .map((row) => eventOf(program, row)),
    });
    const countAfter = (...jobs: BatchReplacement[]): unknown => {
      const stored = jobs.reduce((state, next) => run(program, state, next), nothing);
      return program.read(program.decodeState(stored), 50, { fromUs: null }).values[0];
    };
    assert.equal(countAfter(job(9, 14, 5), job(9, 13, 5)), 5, "block 10 was read to 14");
    assert.equal(countAfter(job(9, 13, 5), job(9, 14, 5)), 5);
    assert.equal(countAfter(job(9, 14, 5), job(1, 14, 4)), 5, "the later reading stays");
    assert.equal(countAfter(job(1, 14, 4), job(9, 14, 5)), 5);
    assert.equal(countAfter(job(9, 14, 5), job(1, 13, 6)), 3, "block 0 is whole in both, and was read later; block 10 stays");
    assert.equal(countAfter(job(9, 14, 4), job(2, 14, 5)), 2, "rows that vanished are gone");
  });
});
