import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chance, choose, int, seededRandom, shuffle, times } from "@asof/testkit";
import { AsofError } from "../error/error.ts";
import type { Random } from "../platform/random.ts";
import type { StoredState } from "../store/online.ts";
import { equalAggregate } from "../value/equality-float.ts";
import {
  eventOf,
  expectedValue,
  interestingTimes,
  onceById,
  randomFeatures,
  randomRow,
  randomTime,
  resultTypeOf,
  type TestFeature,
  type TestRow,
  viewOf,
  writeState,
} from "./window-model.test.support.ts";
import { compileWindowedView, type WindowProgram, windowSchema } from "./window-program.ts";

const seen = { undefinedReads: 0, filledReads: 0, keptReads: 0, rebuilt: 0 };

/** Two versions of a view: features are added and others dropped, some keep their place, some their name. */
function randomVersions(random: Random): { before: WindowProgram; after: WindowProgram; features: TestFeature[]; kept: Set<string> } {
  const unitUs = choose(random, [1, 3_600_000_000]);
  const separableUs = choose(random, [0, 25]) * unitUs;
  const old = randomFeatures(random, unitUs);
  const added = randomFeatures(random, unitUs).map((feature) => ({ ...feature, name: `new_${feature.name}` }));
  const survivors = old.filter(() => chance(random, 0.7));
  const features = shuffle(random, [...survivors, ...added]);
  const [viewBefore, viewAfter] = [viewOf(old, separableUs), viewOf(features, separableUs)];
  const [first, second] = [windowSchema(viewBefore), windowSchema(viewAfter)];
  const schemas = new Map([first, second].map((schema) => [schema.fingerprint, schema]));
  const kept = new Set(survivors.map((feature) => feature.name));
  const before = compileWindowedView(viewBefore, { schema: first, schemas });
  return { before, after: compileWindowedView(viewAfter, { schema: second, schemas }), features, kept };
}

class Upgrade {
  readonly random: Random;
  readonly versions: ReturnType<typeof randomVersions>;
  stored: StoredState = { version: 0, parts: new Map() };
  readonly table: TestRow[] = [];
  readonly log: TestRow[] = [];
  newestUs = Number.NEGATIVE_INFINITY;
  readonly endUs = 1_000_000_000_000_000;
  #count = 0;

  constructor(random: Random) {
    this.random = random;
    this.versions = randomVersions(random);
  }

  rows(): TestRow[] {
    const unitUs = choose(this.random, [1, 1_000_000, 3_600_000_000]);
    return times(int(this.random, 0, 10), () => {
      const row = randomRow(this.random, randomTime(this.random, 0, unitUs, 150), `e${this.#count++}`);
      this.newestUs = Math.max(this.newestUs, row.eventTimeUs);
      return row;
    });
  }

  push(program: WindowProgram): void {
    const given = shuffle(this.random, [...this.rows(), ...this.log.filter(() => chance(this.random, 0.2))]);
    const { state } = program.addLive(
      program.decodeState(this.stored),
      given.map((row) => eventOf(program, row)),
    );
    this.stored = writeState(program, this.stored, state);
    this.log.splice(0, this.log.length, ...onceById([...this.log, ...given]));
  }

  materialize(program: WindowProgram): void {
    this.table.push(...this.rows().map((row) => ({ ...row, eventId: null })));
    const events = this.table.map((row) => eventOf(program, row));
    const state = program.replaceBatch(program.decodeState(this.stored), { events, rangeFromUs: null, batchEndUs: this.endUs });
    this.stored = writeState(program, this.stored, state);
  }

  step(program: WindowProgram): void {
    if (chance(this.random, 0.5)) this.push(program);
    if (chance(this.random, 0.3)) this.materialize(program);
  }

  check(isFilled: boolean): void {
    const { after, features, kept } = this.versions;
    const rows = [...this.table, ...this.log];
    const state = after.decodeState(this.stored);
    for (const tUs of interestingTimes(this.random, rows, features, 5)) {
      for (const feature of features) {
        const name = `${feature.name} at ${tUs}`;
        const expected = expectedValue(feature, rows, tUs);
        try {
          const { values, incomplete } = after.read(state, tUs, { fromUs: null }, [feature.name]);
          const [value] = values;
          const isExpected = kept.has(feature.name) || isFilled;
          if (value === undefined) {
            assert.ok(!isExpected, `${name} is there`);
            seen.undefinedReads++;
            continue;
          }
          if (tUs >= this.newestUs) assert.equal(incomplete[0], false, name);
          if (incomplete[0] === true) continue;
          if (kept.has(feature.name)) seen.keptReads++;
          else if (isFilled) seen.filledReads++;
          const verdict = equalAggregate(feature.fn, resultTypeOf(feature), expected.value, value, expected);
          assert.notEqual(verdict, "different", `${name}: expected ${String(expected.value)}, got ${String(value)}`);
        } catch (error) {
          if (!(error instanceof AsofError)) throw error;
          if (tUs >= this.newestUs) assert.equal(error.code, expected.error, name);
        }
      }
    }
  }
}

describe("features added in place", () => {
  test("are undefined, never wrong, until filled in; the others stay exact throughout", () => {
    for (let seed = 0; seed < 500; seed++) {
      const upgrade = new Upgrade(seededRandom(`upgrade ${seed}`));
      const { random } = upgrade;
      const { before, after } = upgrade.versions;
      try {
        for (const _ of times(int(random, 1, 4), () => null)) upgrade.step(before);
        upgrade.check(false);
        for (const _ of times(int(random, 0, 2), () => null)) {
          upgrade.push(after);
          upgrade.check(false);
        }
        // What a backfill read of the log, while pushes go on.
        const read = [...upgrade.log];
        if (chance(random, 0.5)) upgrade.push(after);
        upgrade.materialize(after);
        const { state } = after.addLive(
          after.decodeState(upgrade.stored),
          shuffle(random, read).map((row) => eventOf(after, row)),
          { fromUs: null, toUs: upgrade.endUs },
        );
        upgrade.stored = writeState(after, upgrade.stored, state);
        if (read.length > 0) seen.rebuilt++;
        upgrade.check(true);
        for (const _ of times(int(random, 0, 3), () => null)) upgrade.step(after);
        upgrade.check(true);
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
    for (const [what, count] of Object.entries(seen)) assert.ok(count >= 200, `${what} happened ${count} times only`);
  });

  const feature = (name: string, fn: "count" | "sum"): TestFeature => ({
    ...{ name, fn: { fn }, column: fn === "sum" ? "i" : null, windowUs: 100, hopUs: 10, condition: null },
  });
  const [old, grown] = [viewOf([feature("n", "count")], 0), viewOf([feature("n", "count"), feature("total", "sum")], 0)];
  const schemas = new Map([old, grown].map((view) => [windowSchema(view).fingerprint, null]));
  const before = compileWindowedView(old);
  const after = compileWindowedView(grown, { schema: windowSchema(grown), schemas });
  const nothing: StoredState = { version: 0, parts: new Map() };
  const rows = [5, 15, 25, 35].map((us) => ({ ...randomRow(seededRandom(us), us, `e${us}`), values: { i: us } }));
  const within = (program: WindowProgram, fromUs: number, toUs: number) =>
    rows.filter((row) => row.eventTimeUs >= fromUs && row.eventTimeUs <= toUs).map((row) => eventOf(program, row));
  const totals = (stored: StoredState): unknown[] =>
    [40, 140].map((tUs) => after.read(after.decodeState(stored), tUs, { fromUs: null }, ["total"]).values[0]);

  test("are filled part by part from the batch table", () => {
    const replace = (program: WindowProgram, stored: StoredState, rangeFromUs: number, batchEndUs: number): StoredState => {
      const events = within(program, rangeFromUs, batchEndUs);
      return writeState(program, stored, program.replaceBatch(program.decodeState(stored), { events, rangeFromUs, batchEndUs }));
    };
    let stored = replace(before, nothing, -100, 39);
    assert.deepEqual(totals(stored), [undefined, null], "later windows never held the old events");
    stored = replace(after, stored, 20, 39);
    assert.deepEqual(totals(stored), [undefined, null]);
    stored = replace(after, stored, -100, 19);
    assert.deepEqual(totals(stored), [80, null]);
  });

  test("are filled part by part from the log, each event once, or by a moved handover", () => {
    const add = (program: WindowProgram, stored: StoredState, fromUs: number, toUs: number, copies: number): StoredState => {
      const events = times(copies, () => within(program, fromUs, toUs)).flat();
      return writeState(program, stored, program.addLive(program.decodeState(stored), events, { fromUs, toUs }).state);
    };
    const start = add(before, nothing, -100, 39, 1);
    let stored = add(after, start, -100, 19, 2);
    stored = add(after, stored, -100, 19, 1);
    assert.deepEqual(totals(stored), [undefined, null]);
    stored = add(after, stored, 20, 39, 2);
    assert.deepEqual(totals(stored), [80, null]);
    const moved = after.decodeState(start);
    assert.ok(moved !== null);
    assert.deepEqual(totals(writeState(after, start, after.dropLiveBefore(moved, 20))), [undefined, null]);
    const movedOn = after.decodeState(start);
    assert.ok(movedOn !== null);
    assert.deepEqual(totals(writeState(after, start, after.dropLiveBefore(movedOn, 40))), [null, null]);
  });

  test("are filled in from thousands of logged events, of which some came before and some after", () => {
    const many = times(2500, (i) => ({ ...randomRow(seededRandom(i), i % 90, `m${i}`), values: { i: 1 } }));
    const add = (program: WindowProgram, stored: StoredState, from: number, to: number): StoredState => {
      const events = many.slice(from, to).map((row) => eventOf(program, row));
      return writeState(program, stored, program.addLive(program.decodeState(stored), events).state);
    };
    let stored = add(before, add(before, nothing, 0, 200), 200, 230);
    for (let from = 230; from < 2500; from += 227) stored = add(after, stored, from, Math.min(from + 227, 2500));
    const { state } = after.addLive(
      after.decodeState(stored),
      many.map((row) => eventOf(after, row)),
      { fromUs: null, toUs: 100 },
    );
    assert.deepEqual(after.read(state, 95, { fromUs: null }).values, [2500, 2500]);
  });

  test("are filled in where more events share the newest instant than the head holds", () => {
    const coarse: TestFeature = { ...feature("coarse", "count"), hopUs: 20 };
    const wider = viewOf([feature("n", "count"), feature("total", "sum"), coarse], 0);
    const stored = { schema: windowSchema(wider), schemas: new Map([...schemas, [windowSchema(wider).fingerprint, null]]) };
    const program = compileWindowedView(wider, stored);
    const ties = times(1300, (i) => ({ ...randomRow(seededRandom(i), i === 0 ? 21 : 25, `t${i}`), values: { i: 1 } }));
    const add = (writer: WindowProgram, state: StoredState, from: number, to: number): StoredState => {
      const events = ties.slice(from, to).map((row) => eventOf(writer, row));
      return writeState(writer, state, writer.addLive(writer.decodeState(state), events).state);
    };
    const grew = add(program, add(before, nothing, 0, 1100), 1100, 1300);
    const events = ties.map((row) => eventOf(program, row));
    const { state } = program.addLive(program.decodeState(grew), events, { fromUs: null, toUs: 100 });
    const filled = writeState(program, grew, state);
    const read = (tUs: number) => program.read(program.decodeState(filled), tUs, { fromUs: null });
    assert.deepEqual(
      [read(25).values, read(25).incomplete],
      [
        [1, 1, 1],
        [false, false, false],
      ],
    );
    assert.deepEqual(
      [read(26).values, read(26).incomplete],
      [
        [1300, 1300, 1300],
        [false, false, false],
      ],
    );
  });

  test("ask for the registry where the schema is not known, and keep states when only the order changes", () => {
    const random = seededRandom("schema");
    const features = randomFeatures(random, 1);
    const program = compileWindowedView(viewOf(features, 0));
    const other = compileWindowedView(viewOf([...features, { ...(features[0] as TestFeature), name: "more" }], 0));
    const row = randomRow(random, 5, "a");
    const stored = writeState(program, { version: 0, parts: new Map() }, program.addLive(null, [eventOf(program, row)]).state);
    assert.throws(() => other.decodeState(stored), /\[ASOF_SCHEMA_UNKNOWN\] A state of view "activity"/);
    const reordered = compileWindowedView(viewOf(features.toReversed(), 0));
    assert.equal(reordered.schema.fingerprint, program.schema.fingerprint);
    const state = reordered.decodeState(stored);
    assert.ok(state !== null);
    assert.deepEqual(reordered.encodeState(stored, state), { set: new Map(), remove: [] });
  });
});
