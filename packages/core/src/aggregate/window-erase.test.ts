import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRandom, times } from "@asof/testkit";
import type { StoredState } from "../store/online.ts";
import { isEmptied } from "./state-codec.ts";
import { eventOf, randomRow, type TestFeature, type TestRow, viewOf, writeState } from "./window-model.test.support.ts";
import { compileWindowedView } from "./window-program.ts";

const second = 1_000_000;
const hour = 3600 * second;
const nothing: StoredState = { version: 0, parts: new Map() };

const base = { column: null, condition: null };
const count: TestFeature = { ...base, name: "n", fn: { fn: "count" }, windowUs: 24 * hour, hopUs: hour };
const ever: TestFeature = { ...base, name: "ever", fn: { fn: "count" }, windowUs: null, hopUs: null };
const program = compileWindowedView(viewOf([count, ever], 120 * second));
const grown = compileWindowedView(viewOf([count, ever, { ...ever, name: "more" }], 120 * second), {
  schema: compileWindowedView(viewOf([count, ever, { ...ever, name: "more" }], 120 * second)).schema,
  schemas: new Map([[program.schema.fingerprint, null]]),
});

const rowAt = (us: number, eventId: string | null = null): TestRow => ({
  ...randomRow(seededRandom(us), us, eventId),
  values: { i: 1, s: "a" },
});
const events = (rows: readonly TestRow[]) => rows.map((row) => eventOf(program, row));
const valuesAt = (stored: StoredState, tUs: number, using = program) => {
  const { values, incomplete } = using.read(using.decodeState(stored), tUs, { fromUs: null });
  return values.map((value, i) => (incomplete[i] === true ? "incomplete" : value));
};

/** A state with events of both layers, segments, ids and a head. */
function filled(): StoredState {
  const live = program.addLive(null, events(times(500, (i) => rowAt(i * 60 * second, `e${i}`)))).state;
  const both = program.replaceBatch(live, {
    events: events(times(50, (i) => rowAt(i * 600 * second))),
    rangeFromUs: null,
    batchEndUs: 9 * hour,
    pulledAtUs: 1,
  });
  return writeState(program, nothing, both);
}

const erasedTo = 10 * hour;

describe("an erased state", () => {
  test("has no event and no part left but its mark, and reads as the empty window", () => {
    const before = filled();
    assert.ok(before.parts.size > 3);
    const after = writeState(program, before, program.erase(program.decodeState(before), erasedTo));
    assert.deepEqual([...after.parts.keys()], ["x"]);
    assert.ok(isEmptied(after) && !isEmptied(before));
    assert.deepEqual(valuesAt(after, 11 * hour), [0, 0]);
    assert.deepEqual(valuesAt(after, 11 * hour, grown), [0, 0, 0], "under a later schema too");
    assert.deepEqual(program.encodeState(after, program.erase(program.decodeState(after), erasedTo)), { set: new Map(), remove: [] });
  });

  test("of a key that nothing is stored of keeps events out as well", () => {
    const marked = writeState(program, nothing, program.erase(null, erasedTo));
    const pushed = program.addLive(program.decodeState(marked), events([rowAt(erasedTo, "a"), rowAt(5, "b")]));
    assert.deepEqual([pushed.folded, pushed.erased], [0, 2]);
    assert.deepEqual([...writeState(program, marked, pushed.state).parts.keys()], ["x"]);
  });

  test("refuses old events of either layer for ever, and folds later ones", () => {
    let stored = writeState(program, filled(), program.erase(program.decodeState(filled()), erasedTo));
    const replay = program.addLive(program.decodeState(stored), events(times(500, (i) => rowAt(i * 60 * second, `e${i}`))), {
      fromUs: null,
      toUs: erasedTo,
    });
    assert.equal(replay.erased, 500);
    stored = writeState(program, stored, program.compact(replay.state, erasedTo));
    const reread = program.replaceBatch(program.decodeState(stored), {
      events: events([rowAt(hour), rowAt(erasedTo), rowAt(erasedTo + 1), rowAt(erasedTo + 2)]),
      rangeFromUs: null,
      batchEndUs: 11 * hour,
      pulledAtUs: 2,
    });
    stored = writeState(program, stored, reread);
    assert.deepEqual(valuesAt(stored, 12 * hour), [2, 2]);
    const later = program.addLive(program.decodeState(stored), events([rowAt(erasedTo, "old"), rowAt(erasedTo + 3, "e1")]));
    assert.deepEqual([later.folded, later.erased], [1, 1]);
    stored = writeState(program, stored, later.state);
    assert.deepEqual(valuesAt(stored, 12 * hour), [3, 3]);
    assert.ok(stored.parts.has("x"), "the mark stays");
  });

  test("a mark never moves back", () => {
    const marked = writeState(program, nothing, program.erase(null, erasedTo));
    const again = writeState(program, marked, program.erase(program.decodeState(marked), hour));
    assert.equal(program.addLive(program.decodeState(again), events([rowAt(erasedTo, "a")])).erased, 1);
    const raised = writeState(program, marked, program.erase(program.decodeState(marked), erasedTo + hour));
    assert.equal(program.addLive(program.decodeState(raised), events([rowAt(erasedTo + hour, "a")])).erased, 1);
  });
});
