import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { sha256Hex } from "@asof/core";
import { openDuckDbEngine } from "@asof/duckdb/test-engine";
import {
  findMinimalParity,
  KillSwitch,
  type OfflineEngine,
  type ParityCase,
  randomParityCase,
  runSchedule,
  type ScheduleOutcome,
  times,
  toJsonText,
} from "@asof/testkit";
import { RealWorld, type StoreKind, type WorldOptions } from "./parity-driver.test.support.ts";

/** Schedules of the law in all: half of them on the store in memory, half on LMDB. */
export const schedules = Number(process.env.ASOF_PARITY_CASES ?? 200);
const seed = process.env.ASOF_PARITY_SEED ?? "real";
/** Schedules under way at once: they mostly wait for small queries. */
const atOnce = 4;
/** Schedules that failed once, shrunk. */
export const parityCorpus = join(import.meta.dirname, "parity-corpus");

export interface ParityOutcome extends ScheduleOutcome {
  readonly values: number;
  readonly identical: number;
  readonly hidden: number;
}

let worlds = 0;

async function run(engine: OfflineEngine, one: ParityCase, kind: StoreKind, weaken?: WorldOptions["weaken"]): Promise<ParityOutcome> {
  const kills = new KillSwitch();
  const folder = await mkdtemp(join(tmpdir(), "asof-parity-"));
  try {
    const name = `world_${worlds++}`;
    await using world = await RealWorld.open(one, { engine, kind, folder, name, kills, ...(weaken === undefined ? {} : { weaken }) });
    return { ...(await runSchedule(one, kills, world)), ...world.compared };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The outcome, or the error as a mismatch: an error is no answer either. */
export async function judge(...given: Parameters<typeof run>): Promise<ParityOutcome> {
  try {
    return await run(...given);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { mismatches: [text], reads: 0, kills: 0, killsInFlight: 0, values: 0, identical: 0, hidden: 0 };
  }
}

/** The kind of fault: shrinking must not wander off to another. */
const faultOf = ([first = ""]: readonly string[]): string =>
  / \((?<status>[A-Z_]+)\)$/.exec(first)?.groups?.status ?? first.split("\n")[0] ?? "";

/** Shrinks a failing schedule, files it and tells about it. */
export async function report(
  engine: OfflineEngine,
  name: string,
  one: ParityCase,
  kind: StoreKind,
  outcome: ParityOutcome,
): Promise<string> {
  const fault = faultOf(outcome.mismatches);
  const { minimal } = await findMinimalParity(one, async (c) => faultOf((await judge(engine, c, kind)).mismatches) === fault, 200);
  const text = toJsonText(minimal);
  const path = join(parityCorpus, `failed-${sha256Hex(text).slice(0, 12)}.json`);
  await mkdir(parityCorpus, { recursive: true });
  await writeFile(path, `${text}\n`);
  const { mismatches } = await judge(engine, minimal, kind);
  return `seed ${name} on ${kind}, shrunk and filed as ${path}:\n${mismatches.slice(0, 5).join("\n")}\nat first:\n${outcome.mismatches.slice(0, 3).join("\n")}`;
}

/** Runs all schedules of `which`, some at once, until one says that it is enough. */
export async function forEachSchedule(
  visit: (i: number, name: string, one: ParityCase) => Promise<boolean>,
  make = randomParityCase,
  which: readonly number[] = times(schedules, (i) => i),
): Promise<void> {
  const left = which.values();
  let goesOn = true;
  const work = async (): Promise<void> => {
    for (const i of left) {
      if (!goesOn) return;
      const name = `${seed}/${i}`;
      if (!(await visit(i, name, make(name)))) goesOn = false;
    }
  };
  await Promise.all(times(atOnce, work));
}

/** The store of a schedule of the law. */
export const kindOf = (i: number): StoreKind => (i % 2 === 0 ? "memory" : "lmdb");

/**
 * The parity law on one kind of store: of all schedules those that are this store's. Each kind has a test file of its own, so that they
 * run side by side.
 */
export function parityLaw(kind: StoreKind): void {
  const own = times(schedules, (i) => i).filter((i) => kindOf(i) === kind);
  test(`${own.length} schedules of seed ${seed} on ${kind}: what is served equals what is trained`, (t) => checkLaw(t, own, kind));
}

async function checkLaw(t: TestContext, own: readonly number[], kind: StoreKind): Promise<void> {
  await using engine = await openDuckDbEngine();
  const total = { values: 0, identical: 0, reads: 0, kills: 0, inFlight: 0 };
  const failed: { readonly name: string; readonly one: ParityCase; readonly outcome: ParityOutcome }[] = [];
  const visit = async (_i: number, name: string, one: ParityCase): Promise<boolean> => {
    const outcome = await judge(engine, one, kind);
    total.values += outcome.values;
    total.identical += outcome.identical;
    total.reads += outcome.reads;
    total.kills += outcome.kills;
    total.inFlight += outcome.killsInFlight;
    if (outcome.mismatches.length > 0) failed.push({ name, one, outcome });
    return true;
  };
  await forEachSchedule(visit, randomParityCase, own);
  t.diagnostic(`mismatches ${failed.length === 0 ? 0 : "in some"} of ${total.values}, bit-identical ${total.identical}`);
  t.diagnostic(`${own.length} schedules, ${total.reads} reads, ${total.kills} kills, ${total.inFlight} of them with a write in flight`);
  const told: string[] = [];
  for (const [i, { name, one, outcome }] of failed.entries()) {
    told.push(i < 2 ? await report(engine, name, one, kind, outcome) : `seed ${name} on ${kind}: ${outcome.mismatches[0]}`);
  }
  assert.deepEqual(told, [], `${failed.length} schedules fail:\n${told.join("\n\n")}`);
  assert.ok(total.values >= own.length * 50, "the schedules compare too little");
  assert.ok(total.kills >= own.length, "too few processes died");
  assert.ok(total.inFlight * 2 >= total.kills, "less than half of the kills hit a write in flight");
}
