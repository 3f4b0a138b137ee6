import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chance, int, seededRandom, times } from "@asof/testkit";
import {
  eventOf,
  interestingTimes,
  randomFeatures,
  randomRow,
  randomTime,
  readOne,
  type TestFeature,
  viewOf,
} from "./window-model.test.support.ts";
import { compileWindowedView } from "./window-program.ts";

const feature: TestFeature = { name: "total", fn: { fn: "sum" }, column: "i", windowUs: 100, hopUs: 10, condition: null };

describe("explain", () => {
  const program = compileWindowedView(viewOf([feature, { ...feature, name: "ever", windowUs: null, hopUs: null }], 15));
  const row = (eventTimeUs: number, i: number | null) => ({ ...randomRow(seededRandom(0), eventTimeUs, `e${eventTimeUs}`), values: { i } });
  const batch = [row(2, 1), row(3, 2), row(14, 4)].map((r) => eventOf(program, r));
  const live = [row(57, 8), row(61, 16), row(70, null)].map((r) => eventOf(program, r));
  const state = program.addLive(program.replaceBatch(null, { events: batch, rangeFromUs: null, batchEndUs: 20 }), live).state;

  test("lists boundaries, tiles and raw events of both layers", () => {
    const why = program.explain(state, 65, "total");
    assert.deepEqual(
      { ...why, tiles: [], events: [] },
      {
        ...{ feature: "total", tUs: 65, tailUs: -40, windowUs: 100, hopUs: 10, value: 31, isIncomplete: false, reasons: [] },
        ...{ tiles: [], events: [] },
      },
    );
    assert.deepEqual(why.tiles, []);
    assert.deepEqual(
      why.events.map(({ layer, eventTimeUs, value }) => [layer, eventTimeUs, value]),
      [
        ["batch", 2, 1],
        ["batch", 3, 2],
        ["batch", 14, 4],
        ["live", 57, 8],
        ["live", 61, 16],
      ],
    );
    const later = program.addLive(program.decodeState(null), [...live, eventOf(program, row(90, 32))]).state;
    const cut = program.explain(later, 59, "total");
    assert.deepEqual([cut.value, cut.isIncomplete, cut.reasons], [8, false, []]);
    assert.deepEqual(cut.tiles, [{ layer: "live", startUs: 50, endUs: 60, minEventUs: 57, maxEventUs: 57, isCut: false, value: 8 }]);
    assert.equal(program.explain(later, 57, "total").value, null);
    assert.deepEqual(program.explain(later, 60, "ever").reasons, ["cut"], "the day holds 57 and 61");
    assert.deepEqual(program.explain(later, 91, "ever", { fromUs: 5 }).reasons, ["coverage"]);
    assert.deepEqual(program.explain(null, 91, "ever").value, null);
  });

  test("adds up to the value that a read gives", () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = seededRandom(`explain ${seed}`);
      const features = randomFeatures(random, 1).map(
        (f): TestFeature => ({ ...f, fn: chance(random, 0.5) ? { fn: "count" } : { fn: "sum" }, column: "i" }),
      );
      const any = compileWindowedView(viewOf(features, int(random, 0, 30)));
      const rows = times(int(random, 0, 30), (n) => randomRow(random, randomTime(random, 0, 1, 150), `e${n}`));
      const built = any.addLive(
        null,
        rows.map((r) => eventOf(any, r)),
      ).state;
      for (const tUs of interestingTimes(random, rows, features, 6)) {
        for (const { name, fn } of features) {
          const why = any.explain(built, tUs, name);
          const read = readOne(any, built, tUs, name);
          assert.deepEqual([why.value, why.isIncomplete, why.reasons.length > 0], [read.value, read.incomplete, read.incomplete]);
          const taken = why.events.filter((event) => event.isTaken).map((event) => (fn.fn === "count" ? 1 : Number(event.value)));
          const sum = [...why.tiles.map((tile) => Number(tile.value)), ...taken].reduce((a, b) => a + b, 0);
          assert.equal(sum, Number(read.value), `seed ${seed}: ${name} at ${tUs}`);
        }
      }
    }
  });
});
