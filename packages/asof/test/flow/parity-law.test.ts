import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { printType, sha256Hex, type ValueType } from "@asof/core";
import { openDuckDbEngine } from "@asof/duckdb/test-engine";
import {
  findMinimalParity,
  fromJsonText,
  KillSwitch,
  type OfflineEngine,
  type ParityCase,
  randomErasureCase,
  randomParityCase,
  runSchedule,
  type ScheduleOutcome,
  times,
  toJsonText,
  unorderedOnlineStore,
} from "@asof/testkit";
import { RealWorld, type StoreKind, type WorldOptions } from "./parity-driver.test.support.ts";

const schedules = Number(process.env.ASOF_PARITY_CASES ?? 200);
const seed = process.env.ASOF_PARITY_SEED ?? "real";
/** Schedules under way at once: they mostly wait for small queries. */
const atOnce = 4;
const corpus = join(import.meta.dirname, "parity-corpus");

interface Outcome extends ScheduleOutcome {
  readonly values: number;
  readonly identical: number;
  readonly hidden: number;
}

let worlds = 0;

async function run(engine: OfflineEngine, one: ParityCase, kind: StoreKind, weaken?: WorldOptions["weaken"]): Promise<Outcome> {
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
async function judge(...given: Parameters<typeof run>): Promise<Outcome> {
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
async function report(engine: OfflineEngine, name: string, one: ParityCase, kind: StoreKind, outcome: Outcome): Promise<string> {
  const fault = faultOf(outcome.mismatches);
  const { minimal } = await findMinimalParity(one, async (c) => faultOf((await judge(engine, c, kind)).mismatches) === fault, 200);
  const text = toJsonText(minimal);
  const path = join(corpus, `failed-${sha256Hex(text).slice(0, 12)}.json`);
  await mkdir(corpus, { recursive: true });
  await writeFile(path, `${text}\n`);
  const { mismatches } = await judge(engine, minimal, kind);
  return `seed ${name} on ${kind}, shrunk and filed as ${path}:\n${mismatches.slice(0, 5).join("\n")}\nat first:\n${outcome.mismatches.slice(0, 3).join("\n")}`;
}

/** Runs all schedules, some at once, until one says that it is enough. */
async function forEachSchedule(
  visit: (i: number, name: string, one: ParityCase) => Promise<boolean>,
  make = randomParityCase,
  count = schedules,
): Promise<void> {
  let next = 0;
  let goesOn = true;
  const work = async (): Promise<void> => {
    while (goesOn && next < count) {
      const i = next++;
      const name = `${seed}/${i}`;
      if (!(await visit(i, name, make(name)))) goesOn = false;
    }
  };
  await Promise.all(times(atOnce, work));
}

const kindOf = (i: number): StoreKind => (i % 2 === 0 ? "memory" : "lmdb");

test(`${schedules} schedules of seed ${seed}: what is served equals what is trained`, { timeout: 1_200_000 }, async (t) => {
  await using engine = await openDuckDbEngine();
  const total = { values: 0, identical: 0, reads: 0, kills: 0, inFlight: 0 };
  const failed: { readonly name: string; readonly one: ParityCase; readonly kind: StoreKind; readonly outcome: Outcome }[] = [];
  await forEachSchedule(async (i, name, one) => {
    const outcome = await judge(engine, one, kindOf(i));
    total.values += outcome.values;
    total.identical += outcome.identical;
    total.reads += outcome.reads;
    total.kills += outcome.kills;
    total.inFlight += outcome.killsInFlight;
    if (outcome.mismatches.length > 0) failed.push({ name, one, kind: kindOf(i), outcome });
    return true;
  });
  t.diagnostic(`mismatches ${failed.length === 0 ? 0 : "in some"} of ${total.values}, bit-identical ${total.identical}`);
  t.diagnostic(`${schedules} schedules, ${total.reads} reads, ${total.kills} kills, ${total.inFlight} of them with a write in flight`);
  const told: string[] = [];
  for (const [i, { name, one, kind, outcome }] of failed.entries()) {
    told.push(i < 2 ? await report(engine, name, one, kind, outcome) : `seed ${name} on ${kind}: ${outcome.mismatches[0]}`);
  }
  assert.deepEqual(told, [], `${failed.length} schedules fail:\n${told.join("\n\n")}`);
  assert.ok(total.values >= schedules * 50, "the schedules compare too little");
  assert.ok(total.kills >= schedules, "too few processes died");
  assert.ok(total.inFlight * 2 >= total.kills, "less than half of the kills hit a write in flight");
});

test("the same with keys that are erased and lifted in between: nothing of them is seen, and both sides agree", async (t) => {
  await using engine = await openDuckDbEngine();
  const count = Math.ceil(schedules / 2);
  const total = { values: 0, hidden: 0, reads: 0, kills: 0 };
  const told: string[] = [];
  await forEachSchedule(
    async (i, name, one) => {
      const outcome = await judge(engine, one, kindOf(i));
      total.values += outcome.values;
      total.hidden += outcome.hidden;
      total.reads += outcome.reads;
      total.kills += outcome.kills;
      if (outcome.mismatches.length > 0) {
        const text = `seed ${name} on ${kindOf(i)}`;
        told.push(told.length < 2 ? await report(engine, text, one, kindOf(i), outcome) : `${text}: ${outcome.mismatches[0]}`);
      }
      return true;
    },
    randomErasureCase,
    count,
  );
  t.diagnostic(
    `${count} schedules, ${total.reads} reads, ${total.values} values, ${total.hidden} of them of erased keys, ${total.kills} kills`,
  );
  assert.deepEqual(told, [], told.join("\n\n"));
  assert.ok(total.hidden >= count * 5, "too few values of erased keys were asked for");
});

/** Whether a store in Feast's layout takes the keys of all views, and timestamps as fine as they are here. */
function fitsFeast({ world }: ParityCase): boolean {
  const types = ["string", "bytes", "int32", "int64"];
  const isFine = (type: ValueType): boolean => /timestamp(?!\(s\))/.test(printType(type));
  return world.plan.views.every(({ view, keys }) =>
    view.form === "plain"
      ? keys.every((key) => types.includes(key.type.kind)) && !view.features.some((feature) => isFine(feature.type))
      : true,
  );
}

test("schedules on the store in Feast's layout, of the worlds that it takes", { timeout: 600_000 }, async (t) => {
  await using engine = await openDuckDbEngine();
  const count = Math.ceil(schedules / 4);
  const total = { schedules: 0, values: 0, kills: 0 };
  const told: string[] = [];
  await forEachSchedule(
    async (i, name, one) => {
      if (!fitsFeast(one)) return true;
      const outcome = await judge(engine, one, "sqlite");
      total.schedules++;
      total.values += outcome.values;
      total.kills += outcome.kills;
      if (outcome.mismatches.length > 0)
        told.push(told.length < 1 ? await report(engine, name, one, "sqlite", outcome) : `seed ${name}: ${outcome.mismatches[0]}`);
      return total.schedules < count && i < schedules * 4;
    },
    (name) => randomParityCase(`${name}/feast`),
    schedules * 4,
  );
  t.diagnostic(`${total.schedules} schedules, ${total.values} values, ${total.kills} kills`);
  assert.deepEqual(told, [], told.join("\n\n"));
  assert.ok(total.schedules >= count && total.values >= count * 50, "the schedules compare too little");
});

test("without the order check the same schedules fail on both stores", { timeout: 600_000 }, async (t) => {
  await using engine = await openDuckDbEngine();
  for (const kind of ["memory", "lmdb"] as const) {
    let failed = 0;
    let tried = 0;
    await forEachSchedule(async (_i, _name, one) => {
      const { mismatches } = await judge(engine, one, kind, unorderedOnlineStore);
      tried++;
      if (mismatches.length > 0) failed++;
      return failed < 3;
    });
    t.diagnostic(`${kind}: ${failed} of the first ${tried} schedules fail`);
    assert.ok(failed >= 3, `${kind}: the order check is not needed by these schedules`);
  }
});

test("schedules that failed once succeed on both stores", async (t) => {
  await using engine = await openDuckDbEngine();
  const files = (await readdir(corpus).catch(() => [])).filter((name) => name.endsWith(".json"));
  for (const file of files) {
    const one = fromJsonText<ParityCase>(await readFile(join(corpus, file), "utf8"));
    for (const kind of ["memory", "lmdb"] as const) assert.deepEqual((await judge(engine, one, kind)).mismatches, [], `${file} on ${kind}`);
  }
  t.diagnostic(`${files.length} schedules of the corpus`);
});
