import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chance, choose, int, seededRandom, shuffle, times } from "@asof/testkit";
import type { Random } from "../platform/random.ts";
import type { StoredState } from "../store/online.ts";
import { equalAggregate } from "../value/equality-float.ts";
import { floorTo } from "../value/time.ts";
import {
  eventOf,
  expectedValue,
  interestingTimes,
  onceById,
  randomFeatures,
  randomRow,
  randomTime,
  readOne,
  resultTypeOf,
  type TestFeature,
  type TestRow,
  viewOf,
  writeState,
} from "./window-model.test.support.ts";
import { alignHandover, compileWindowedView, type KeyState, type WindowProgram } from "./window-program.ts";

const seeds = 2000;
const span = 150;
const hour = 3_600_000_000;

/** How often something happened that the laws are about: a run in which it did not proves nothing. */
const seen = { promised: 0, inHead: 0, incomplete: 0, exact: 0, errors: 0, duplicates: 0, refused: 0, touched: 0, moved: 0, expired: 0 };

/** One key: its state, stored and decoded at random points, and beside it the rows that ought to be in it. */
class Simulation {
  readonly random: Random;
  readonly features: readonly TestFeature[];
  readonly program: WindowProgram;
  readonly unitUs: number;
  readonly baseUs: number;
  readonly separableUs: number;
  readonly mode: "batch" | "live" | "both";
  handoverUs: number | null;
  stored: StoredState = { version: 0, parts: new Map() };
  state: KeyState | null = null;
  /** The batch table, with rows that were not materialized yet. */
  table: TestRow[] = [];
  fresh = new Set<TestRow>();
  /** What is in the layers. */
  batch: TestRow[] = [];
  live: TestRow[] = [];
  log: TestRow[] = [];
  readonly jobs: { covers: (blockUs: number) => boolean; endUs: number }[] = [];
  newestUs = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(random: Random) {
    this.random = random;
    this.unitUs = choose(random, [1, 1, hour, 60_000_000]);
    this.baseUs = choose(random, [0, 0, -1_000_000_000_000_000, 1_700_000_000_000_000]);
    this.baseUs = floorTo(this.baseUs, this.unitUs);
    this.separableUs = choose(random, [0, 7, 25, 400]) * this.unitUs;
    this.features = randomFeatures(random, this.unitUs);
    this.program = compileWindowedView(viewOf(this.features, this.separableUs));
    this.mode = choose(random, ["batch", "live", "both", "both"]);
    this.handoverUs = this.mode === "both" ? this.time() : null;
  }

  time(): number {
    return randomTime(this.random, this.baseUs, this.unitUs, span);
  }

  row(): TestRow {
    const id = chance(this.random, 0.5) ? `e${this.#count++}` : `a rather long event id, number ${this.#count++}`;
    return randomRow(this.random, this.time(), id);
  }

  step(): void {
    if (this.mode !== "live" && chance(this.random, 0.5)) this.materialize();
    else if (this.mode !== "batch") this.push();
    if (this.mode === "both" && chance(this.random, 0.1)) this.moveHandover();
    if (chance(this.random, 0.25) && this.state !== null) this.state = this.program.compact(this.state);
    if (chance(this.random, 0.6)) this.reopen();
  }

  addToTable(): void {
    const limitUs = this.handoverUs ?? Number.POSITIVE_INFINITY;
    const rows = times(int(this.random, 0, 12), () => this.row()).filter((row) => row.eventTimeUs < limitUs);
    for (const row of rows) {
      const kept = chance(this.random, 0.5) ? row : { ...row, eventId: null };
      const copies = chance(this.random, 0.1) ? [kept, { ...kept }] : [kept];
      for (const copy of copies) {
        this.table.push(copy);
        this.fresh.add(copy);
      }
    }
    if (chance(this.random, 0.1)) this.table = this.table.filter(() => chance(this.random, 0.8));
  }

  materialize(): void {
    this.addToTable();
    const isLate = chance(this.random, 0.3);
    const fromUs = isLate || chance(this.random, 0.4) ? null : floorTo(this.time(), this.program.blockUs);
    const endUs = Math.min(Math.max(this.time(), fromUs ?? this.baseUs), (this.handoverUs ?? Number.POSITIVE_INFINITY) - 1);
    if (fromUs !== null && endUs < fromUs) return;
    this.replace(fromUs, endUs, isLate);
  }

  replace(fromUs: number | null, endUs: number, touchedOnly: boolean): void {
    const { blockUs } = this.program;
    const lowUs = fromUs ?? Number.NEGATIVE_INFINITY;
    const rows = this.table.filter((row) => lowUs <= row.eventTimeUs && row.eventTimeUs <= endUs);
    const touched = new Set(rows.filter((row) => this.fresh.has(row)).map((row) => floorTo(row.eventTimeUs, blockUs)));
    const covers = (block: number): boolean => block >= lowUs && block <= endUs && (!touchedOnly || touched.has(block));
    const reach = (block: number, end: number): number => Math.min(end, block + blockUs - 1);
    const isAccepted = (block: number): boolean =>
      covers(block) && this.jobs.every((job) => !job.covers(block) || reach(block, job.endUs) <= reach(block, endUs));
    const blocks = new Set([...this.batch, ...rows].map((row) => floorTo(row.eventTimeUs, blockUs)));
    if ([...blocks].some((block) => covers(block) && !isAccepted(block))) seen.refused++;
    if (touchedOnly && touched.size > 0) seen.touched++;
    const inAccepted = (row: TestRow): boolean => isAccepted(floorTo(row.eventTimeUs, blockUs));
    const entering = onceById(rows.filter(inAccepted));
    this.batch = [...this.batch.filter((row) => !inAccepted(row)), ...entering];
    for (const row of rows) if (inAccepted(row)) this.fresh.delete(row);
    const events = rows.map((row) =>
      eventOf(this.program, row, this.fresh.has(row) || (touchedOnly && touched.has(floorTo(row.eventTimeUs, blockUs)))),
    );
    this.jobs.push({ covers, endUs });
    this.state = this.program.replaceBatch(this.state, { events, rangeFromUs: fromUs, batchEndUs: endUs, touchedOnly });
    this.noteNewest(entering);
  }

  push(): void {
    const lowUs = this.handoverUs ?? Number.NEGATIVE_INFINITY;
    const fresh = times(int(this.random, 0, 10), () => this.row()).filter((row) => row.eventTimeUs >= lowUs);
    const replayed = this.live.filter(() => chance(this.random, 0.2));
    const known = new Set(this.live.map((row) => row.eventId));
    const given = shuffle(this.random, [...fresh, ...replayed, ...(chance(this.random, 0.3) ? fresh : [])]);
    const result = this.program.addLive(
      this.state,
      given.map((row) => eventOf(this.program, row)),
    );
    this.state = result.state;
    assert.equal(result.folded + result.duplicates + result.expired + result.beforeHandover, given.length);
    seen.duplicates += result.duplicates;
    seen.expired += result.expired;
    const added = onceById(given).filter((row) => !known.has(row.eventId));
    this.live.push(...added);
    this.log.push(...added);
    this.noteNewest(added);
  }

  /** The batch table catches up with the log, and brings from now on what the log brought before. */
  moveHandover(): void {
    const movedUs = alignHandover([this.program], Math.max(this.time(), this.handoverUs ?? 0));
    if (this.state === null || movedUs <= (this.handoverUs ?? 0)) return;
    const caughtUp = this.log.filter((row) => row.eventTimeUs >= (this.handoverUs ?? 0) && row.eventTimeUs < movedUs);
    this.table.push(...caughtUp);
    this.handoverUs = movedUs;
    this.replace(null, movedUs - 1, false);
    this.state = this.program.dropLiveBefore(this.state, movedUs);
    this.live = this.live.filter((row) => row.eventTimeUs >= movedUs);
    seen.moved++;
    const [stale] = caughtUp;
    if (stale === undefined) return;
    const refused = this.program.addLive(this.state, [eventOf(this.program, { ...stale, eventId: "stale" })]);
    assert.equal(refused.beforeHandover, 1);
  }

  noteNewest(rows: readonly TestRow[]): void {
    for (const row of rows) this.newestUs = Math.max(this.newestUs, row.eventTimeUs);
  }

  /** Writes the state and reads it again, as another process would. */
  reopen(): void {
    if (this.state === null) return;
    this.stored = writeState(this.program, this.stored, this.state);
    this.state = this.program.decodeState(this.stored);
    // A key without events is not stored, so nothing is known of the jobs that found none.
    if (this.state === null) this.jobs.length = 0;
  }

  check(): void {
    const rows = [...this.batch, ...this.live];
    for (const tUs of interestingTimes(this.random, rows, this.features, 4)) {
      for (const feature of this.features) this.checkRead(feature, rows, tUs);
    }
  }

  checkRead(feature: TestFeature, rows: readonly TestRow[], tUs: number): void {
    const isPromised = tUs >= this.newestUs - this.separableUs;
    const expected = expectedValue(feature, rows, tUs);
    const got = readOne(this.program, this.state, tUs, feature.name);
    if (got.error !== null) {
      seen.errors++;
      if (isPromised) assert.equal(got.error, expected.error, `${feature.name} at ${tUs}`);
      return;
    }
    if (isPromised) {
      seen.promised++;
      if (tUs <= this.newestUs) seen.inHead++;
      assert.equal(got.incomplete, false, `${feature.name} at ${tUs} is complete`);
    } else if (got.incomplete) seen.incomplete++;
    else seen.exact++;
    if (got.incomplete) return;
    assert.equal(expected.error, null, `${feature.name} at ${tUs} is an error`);
    const verdict = equalAggregate(feature.fn, resultTypeOf(feature), expected.value, got.value, expected);
    assert.notEqual(verdict, "different", `${feature.name} at ${tUs}: expected ${String(expected.value)}, got ${String(got.value)}`);
  }
}

describe("windowed state", () => {
  test("equals a brute-force fold, whatever the order of materialize, push, replay, late rows, compaction and reopening", () => {
    for (let seed = 0; seed < seeds; seed++) {
      const simulation = new Simulation(seededRandom(`window ${seed}`));
      try {
        for (const _ of times(int(simulation.random, 1, 8), () => null)) {
          simulation.step();
          simulation.check();
        }
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
    for (const [what, count] of Object.entries(seen)) assert.ok(count >= 50, `${what} happened ${count} times only`);
  });
});
