import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRandom, shuffle, times } from "@asof/testkit";
import type { ExpressionNode } from "../expression/node.ts";
import type { StoredState } from "../store/online.ts";
import { sha256Hex } from "../value/hash.ts";
import { columnNode, eventOf, randomRow, type TestFeature, type TestRow, viewOf, writeState } from "./window-model.test.support.ts";
import { compileWindowedView, type WindowProgram } from "./window-program.ts";

const second = 1_000_000;
const hour = 3600 * second;
const day = 24 * hour;
const nothing: StoredState = { version: 0, parts: new Map() };

const base = { column: null, condition: null };
const count: TestFeature = { ...base, name: "n", fn: { fn: "count" }, windowUs: 7 * day, hopUs: hour };
const total: TestFeature = { ...base, name: "total", fn: { fn: "sum" }, column: "i", windowUs: 30 * day, hopUs: day };
const shops: TestFeature = { ...base, name: "shops", fn: { fn: "distinctCount", bound: 100 }, column: "s", windowUs: 3 * day, hopUs: hour };
const ever: TestFeature = { ...base, name: "ever", fn: { fn: "count" }, windowUs: null, hopUs: null };

function rowAt(eventTimeUs: number, eventId: string | null = null): TestRow {
  return { ...randomRow(seededRandom(eventTimeUs), eventTimeUs, eventId), values: { i: 1, s: "a" } };
}

function push(program: WindowProgram, stored: StoredState, rows: readonly TestRow[]) {
  const outcome = program.addLive(
    program.decodeState(stored),
    rows.map((row) => eventOf(program, row)),
  );
  return {
    ...outcome,
    changed: [...program.encodeState(stored, outcome.state).set.keys()],
    stored: writeState(program, stored, outcome.state),
  };
}

function valuesAt(program: WindowProgram, stored: StoredState, tUs: number): unknown[] {
  const { values, incomplete } = program.read(program.decodeState(stored), tUs, { fromUs: null });
  return values.map((value, i) => (incomplete[i] === true ? "incomplete" : value));
}

describe("stored window state", () => {
  const program = compileWindowedView(viewOf([count, total, shops, ever], 120 * second));

  test("of a dense key: an event rewrites the head alone, a closed hop adds to one segment", () => {
    let { stored } = push(
      program,
      nothing,
      times(2000, (i) => rowAt(i * second, `e${i}`)),
    );
    const writes = times(3000, (i) => {
      const next = push(program, stored, [rowAt((2000 + i) * second, `e${2000 + i}`)]);
      stored = next.stored;
      return next.changed;
    });
    assert.ok(writes.every((parts) => parts.includes("h")));
    const others = writes.map((parts) => parts.filter((part) => part !== "h"));
    assert.ok(others.filter((parts) => parts.length > 0).length < 60, "ids go out some sixty at a time, tiles once an hour");
    assert.deepEqual(new Set(others.flat()), new Set(["l3600000000:0", "i:1", "i:2", "i:3", "i:4"]));
    assert.ok((stored.parts.get("h")?.length ?? 0) < 6000, "the head holds 120 s of events and at most 64 ids");
    assert.deepEqual(valuesAt(program, stored, 5000 * second), [5000, 5000, 1, 5000]);
  });

  test("knows every id again, from the head, waiting, and in chunks", () => {
    const rows = times(5000, (i) => rowAt(i * second, i % 2 === 0 ? `e${i}` : `an event id of more than fifteen bytes, ${i}`));
    const first = push(program, nothing, rows);
    assert.equal(first.folded, 5000);
    const replay = push(program, first.stored, shuffle(seededRandom("replay"), rows));
    assert.deepEqual([replay.folded, replay.duplicates, replay.changed], [0, 5000, []]);
    for (const row of shuffle(seededRandom("single"), rows).slice(0, 100)) assert.equal(push(program, first.stored, [row]).duplicates, 1);
    const news = times(100, (i) => rowAt(i * second, `new ${i}`));
    for (const row of news) assert.equal(push(program, first.stored, [row]).folded, 1);
  });

  test("folds more events of one instant than the head holds, and reads at that instant without them", () => {
    const rows = [rowAt(hour - 5, "before"), ...times(1500, (i) => rowAt(hour + 7, `e${i}`))];
    for (const order of [rows, rows.toReversed(), shuffle(seededRandom("ties"), rows)]) {
      let { stored } = push(program, nothing, order.slice(0, 700));
      for (const from of [700, 1100, 1300]) stored = push(program, stored, order.slice(from, from === 700 ? 1100 : from + 201)).stored;
      assert.deepEqual(valuesAt(program, stored, hour + 7), [1, 1, 1, 1]);
      assert.deepEqual(valuesAt(program, stored, hour + 8), [1501, 1501, 1, 1501]);
      stored = push(program, stored, [rowAt(hour + 9, "after")]).stored;
      assert.deepEqual(valuesAt(program, stored, hour + 9), [1501, 1501, 1, 1501]);
      assert.deepEqual(valuesAt(program, stored, hour + 10), [1502, 1502, 1, 1502]);
      const burst = times(1100, (i) => rowAt(hour + 20, `second ${i}`));
      stored = push(program, push(program, stored, burst).stored, [rowAt(hour + 20, "one more")]).stored;
      assert.deepEqual(valuesAt(program, stored, hour + 20), [1502, 1502, 1, 1502]);
      assert.deepEqual(valuesAt(program, stored, hour + 21), [2603, 2603, 1, 2603]);
    }
    const events = rows.map((row) => eventOf(program, row));
    const state = program.replaceBatch(null, { events, rangeFromUs: null, batchEndUs: hour + 7 });
    assert.deepEqual(valuesAt(program, writeState(program, nothing, state), hour + 7), [1, 1, 1, 1]);
  });

  test("tells what it cannot know: a cut inside a folded tile, and whether a tile begins at t", () => {
    const alone = compileWindowedView(viewOf([count], 0));
    const { stored } = push(alone, nothing, [rowAt(5, "a"), rowAt(20, "b"), rowAt(2 * hour, "c")]);
    const at = (tUs: number) => alone.read(alone.decodeState(stored), tUs, { fromUs: null });
    assert.deepEqual([at(5).values, at(5).incomplete], [[0], [false]], "the tile begins at t: nothing of it counts");
    assert.deepEqual([at(6).values, at(6).incomplete], [[2], [true]], "the tile lies across t: it counts whole");
    assert.deepEqual([at(21).values, at(21).incomplete], [[2], [false]]);
    assert.deepEqual(
      [5, 6, 21, 2 * hour, 3 * hour].map((tUs) => at(tUs).eventTimeUs),
      [null, 5, 20, 20, 2 * hour],
    );
  });

  test("forgets rows that vanished from the batch table, and keys without any", () => {
    const replace = (stored: StoredState, times_: readonly number[], rangeFromUs: number | null, batchEndUs: number): StoredState => {
      const events = times_.map((us) => eventOf(program, rowAt(us)));
      return writeState(program, stored, program.replaceBatch(program.decodeState(stored), { events, rangeFromUs, batchEndUs }));
    };
    let stored = replace(nothing, [day + 1, 2 * day + 1, 40 * day], null, 40 * day);
    stored = replace(stored, [], 2 * day, 40 * day);
    assert.deepEqual(valuesAt(program, stored, 41 * day), [0, null, 0, 1]);
    assert.equal(program.read(program.decodeState(stored), 41 * day, { fromUs: null }).eventTimeUs, day + 1);
    stored = replace(stored, [], null, 40 * day);
    assert.deepEqual(valuesAt(program, stored, 41 * day), [0, null, 0, 0]);
    assert.deepEqual([...stored.parts.keys()], ["h"]);
    assert.equal(program.read(program.decodeState(stored), 41 * day, { fromUs: null }).eventTimeUs, null);
    assert.deepEqual(replace(nothing, [], null, day), { version: 1, parts: new Map() }, "no events, nothing stored");
  });

  test("compacted stays bounded, forgets ids that cannot matter, and calls older reads incomplete", () => {
    const windows = compileWindowedView(viewOf([count, total], 120 * second));
    let stored = nothing;
    for (let d = 0; d < 400; d++) {
      const state = windows.decodeState(stored);
      const rows = times(6, (i) => rowAt(d * day + i * hour, `e${d}-${i}`));
      const added = windows.addLive(
        state,
        rows.map((row) => eventOf(windows, row)),
      );
      stored = writeState(windows, stored, windows.compact(added.state));
    }
    assert.ok(stored.parts.size < 20, `${stored.parts.size} parts`);
    assert.deepEqual(
      [...stored.parts.keys()].filter((part) => part.startsWith("i:")),
      ["i:2"],
    );
    const endUs = 399 * day + 6 * hour;
    assert.deepEqual(valuesAt(windows, stored, endUs), [42, 186]);
    assert.deepEqual(valuesAt(windows, stored, 200 * day), ["incomplete", "incomplete"]);
    const late = push(windows, stored, [rowAt(100 * day, "late"), rowAt(399 * day + 1, "recent")]);
    assert.deepEqual([late.folded, late.expired], [1, 1]);
    assert.deepEqual(valuesAt(windows, late.stored, endUs), [43, 187]);
    const old = push(windows, late.stored, [rowAt(390 * day - 15 * day, "for the longer window only"), rowAt(399 * day + 2, "newer")]);
    assert.deepEqual(valuesAt(windows, old.stored, endUs), [44, 189]);
    const hourly = old.changed.filter((part) => part.startsWith("l3600000000:"));
    assert.deepEqual(hourly, [`l3600000000:${Math.floor((399 * day) / (32 * hour))}`], "no expired tile comes back");
  });

  test("keeps ids as long as the youngest of those stored together can matter", () => {
    const windows = compileWindowedView(viewOf([count], 0));
    const recent = times(65, (i) => rowAt(77 * day + i, `e${i}`));
    let { stored } = push(windows, nothing, recent);
    stored = push(windows, stored, [rowAt(71 * day, "late")]).stored;
    assert.ok(stored.parts.has("i:0"), "the late event's id was the last to go out");
    const newer = push(windows, stored, [rowAt(80 * day, "newer")]);
    stored = writeState(windows, newer.stored, windows.compact(newer.state));
    assert.equal(windows.read(windows.decodeState(stored), 71 * day, { fromUs: null }).incomplete[0], true, "tiles were dropped");
    assert.equal(push(windows, stored, recent).duplicates, 65);
  });

  test("evaluates an argument only in rows that some feature folds", () => {
    const i = columnNode("i");
    const view = viewOf(
      [{ ...count, name: "squares", column: "i", fn: { fn: "sum" }, condition: { node: columnNode("b"), holds: () => true } }],
      0,
    );
    const [squares] = view.features;
    assert.ok(squares?.kind === "aggregate");
    const argument: ExpressionNode = { node: "call", op: "mul", args: [i, i], type: i.type };
    const overflowing = compileWindowedView({ ...view, features: [{ ...squares, aggregate: { ...squares.aggregate, argument } }] });
    const row = (b: boolean) => eventOf(overflowing, { ...rowAt(5, "a"), values: { i: 2 ** 52, b } });
    assert.equal(overflowing.read(overflowing.addLive(null, [row(false)]).state, 10, { fromUs: null }).values[0], null);
    assert.throws(() => overflowing.addLive(null, [row(true)]), /ASOF_EXPRESSION_FAILED/);
  });

  test("an event from a wrong clock expires nothing that is read now", () => {
    const windows = compileWindowedView(viewOf([count], 0));
    const rows = [rowAt(day, "a"), rowAt(3650 * day, "future")].map((row) => eventOf(windows, row));
    const compacted = windows.compact(windows.addLive(null, rows).state, 2 * day);
    assert.deepEqual(windows.read(compacted, 2 * day, { fromUs: null }).values, [1]);
    assert.deepEqual(windows.read(compacted, 2 * day, { fromUs: null }).incomplete, [false]);
  });

  test("damaged, newer or foreign bytes are refused with a code", () => {
    const { stored } = push(
      program,
      nothing,
      times(200, (i) => rowAt(i * hour, `e${i}`)),
    );
    const changed = (part: string, change: (bytes: Uint8Array) => Uint8Array): StoredState => {
      const bytes = stored.parts.get(part) ?? new Uint8Array();
      return { version: 1, parts: new Map([...stored.parts, [part, change(Uint8Array.from(bytes))]]) };
    };
    assert.throws(() => program.decodeState(changed("h", (bytes) => bytes.slice(0, -3))), /\[ASOF_STORE_FAILED\].*damaged/);
    assert.throws(() => program.decodeState({ version: 1, parts: new Map([["b1:1", Uint8Array.of(1)]]) }), /\[ASOF_STORE_FAILED\]/);
    assert.throws(() => program.decodeState(changed("h", (bytes) => bytes.with(0, 2))), /\[ASOF_STORE_VERSION\].*format 2/);
    assert.throws(() => program.decodeState(changed("h", (bytes) => bytes.with(1, ~(bytes[1] ?? 0) & 255))), /\[ASOF_SCHEMA_UNKNOWN\]/);
    const torn = program.decodeState(changed("l3600000000:0", (bytes) => bytes.slice(0, 9)));
    assert.throws(() => program.read(torn, 40 * hour, { fromUs: null }), /\[ASOF_STORE_FAILED\].*damaged/);
  });

  test("an absent state is the empty window; what precedes the coverage is incomplete", () => {
    assert.deepEqual(program.decodeState(null), null);
    assert.deepEqual(program.decodeState(nothing), null);
    const read = (fromUs: number | null) => program.read(null, 10 * day, { fromUs });
    assert.deepEqual(read(null), { values: [0, null, 0, 0], incomplete: [false, false, false, false], eventTimeUs: null });
    assert.deepEqual(read(5 * day).incomplete, [true, true, false, true]);
    const { stored } = push(program, nothing, [rowAt(9 * day, "a")]);
    assert.deepEqual(program.read(program.decodeState(stored), 10 * day, { fromUs: 5 * day }).incomplete, [true, true, false, true]);
    assert.throws(
      () => program.read(null, 0, { fromUs: null }, ["nope"]),
      /\[ASOF_FEATURE_UNKNOWN\].*"activity" has no feature "nope". It has: n, total, shops, ever/,
    );
  });

  test("keeps its bytes: a failure here asks for a new format version and for reading the one before", () => {
    const rows = [rowAt(-5, "x"), rowAt(3 * hour, "y"), rowAt(3 * hour + 1, "a rather long event id"), rowAt(2 * day, "z")];
    const batch = [rowAt(-40 * day), rowAt(-2 * hour)].map((row) => eventOf(program, row));
    const state = program.addLive(
      program.replaceBatch(null, { events: batch, rangeFromUs: null, batchEndUs: -6, pulledAtUs: 7 }),
      rows.map((row) => eventOf(program, row)),
    ).state;
    const stored = writeState(program, nothing, state);
    const golden = [...stored.parts].map(([part, bytes]) => `${part} ${bytes.length} ${sha256Hex(bytes).slice(0, 16)}`).sort();
    assert.deepEqual(golden, [
      "b3600000000:-30 12 ff76a7fca5af3b4f",
      "b86400000000:-2 9 9f2e2afa45064bd1",
      "bL:-2 8 bd1ea1d1f0f598a9",
      "h 278 2a40ecb6cf116622",
      "l3600000000:-1 16 60ff440dfe49e2ab",
      "l86400000000:-1 14 df3b2e40ca50e566",
      "lL:-1 13 f5fab68b4e3d3c38",
    ]);
  });
});
