import assert from "node:assert/strict";
import { test } from "node:test";
import { type OnlineStore, type OnlineView, openMemoryOnlineStore, rowSchema, validateRepository } from "@asof/core";
import { fromJsonText, toJsonText } from "../generate/case.ts";
import { times } from "../random/seeded-random.ts";
import { faultyOnlineStore, KillSwitch, SimulatedKill, unorderedOnlineStore } from "./faulty-online-store.ts";
import { randomParityCase } from "./generate-parity.ts";
import { isIngest, isSameWork, type ParityCase } from "./parity-case.ts";
import { PlainDriver } from "./plain-driver.test.support.ts";
import { promisedReads } from "./promised-reads.ts";
import { runSchedule, type ScheduleOutcome } from "./run-schedule.ts";
import { findMinimalParity, shrinkParity } from "./shrink-parity.ts";

const cases = times(400, (i) => randomParityCase(`test/${i}`));

/** Runs a schedule on one memory store, which outlives the processes that open it. */
async function run(one: ParityCase, weaken: (store: OnlineStore) => OnlineStore = (store) => store): Promise<ScheduleOutcome> {
  await using memory = openMemoryOnlineStore();
  const kills = new KillSwitch();
  return await runSchedule(one, kills, new PlainDriver(one, () => faultyOnlineStore(weaken(memory), kills)));
}

test("a seed decides the schedule, which survives JSON, reads only what is promised and has valid definitions", () => {
  assert.deepEqual(randomParityCase("test/7"), cases[7]);
  for (const one of cases) {
    assert.deepEqual(fromJsonText(toJsonText(one)), one);
    const promised = promisedReads(one);
    const reads = one.steps.filter((step) => step.kind === "read");
    assert.ok(reads.length > 0 && reads.every((step) => promised.get(step)?.length === step.atUs.length));
    const views = one.world.plan.views.map((v) => v.view);
    const unique = <T extends { readonly name: string }>(list: readonly T[]): T[] => [...new Map(list.map((x) => [x.name, x])).values()];
    const model = {
      project: "p",
      entities: unique(views.flatMap((v) => v.entities)),
      sources: unique(views.map((v) => v.source)),
      views,
      services: [],
    };
    const issues = validateRepository(model).filter((issue) => !/paths|query/.test(issue.path));
    assert.deepEqual(issues, []);
  }
});

test("schedules hold every kind of step, and every kill is followed by the same work again", () => {
  const steps = cases.flatMap((one) => one.steps);
  for (const kind of ["arrive", "materialize", "materialize-incremental", "push", "die", "reopen", "read"]) {
    assert.ok(steps.filter((step) => step.kind === kind).length >= 50, kind);
  }
  assert.ok(steps.filter((step) => step.kind === "read" && step.views === "windowed").length >= 50);
  for (const { steps: own } of cases) {
    for (const [i, step] of own.entries()) {
      if (!isIngest(step) || step.kill === null) continue;
      assert.ok(own.slice(i + 1).some((later) => isIngest(later) && later.kill === null && isSameWork(step, later)));
    }
  }
});

test("a sound store and driver survive every schedule, and most kills hit a write in flight", async (t) => {
  const total = { reads: 0, kills: 0, inFlight: 0 };
  for (const [i, one] of cases.entries()) {
    const outcome = await run(one);
    if (outcome.mismatches.length > 0) {
      const { minimal } = await findMinimalParity(one, async (candidate) => (await run(candidate)).mismatches.length > 0);
      assert.fail(`seed test/${i}: ${outcome.mismatches[0]}\n${toJsonText(minimal.steps)}\n${toJsonText(minimal.world.tables)}`);
    }
    total.reads += outcome.reads;
    total.kills += outcome.kills;
    total.inFlight += outcome.killsInFlight;
  }
  t.diagnostic(`${cases.length} schedules, ${total.reads} reads, ${total.kills} kills, ${total.inFlight} of them with a write in flight`);
  assert.ok(total.kills >= 200);
  assert.ok(total.inFlight * 2 >= total.kills);
});

test("without the order check the same schedules fail, and a failing one shrinks", async (t) => {
  let failed = 0;
  let first: ParityCase | null = null;
  for (const one of cases) {
    const outcome = await run(one, unorderedOnlineStore);
    if (outcome.mismatches.length === 0) continue;
    failed++;
    first ??= one;
  }
  t.diagnostic(`${failed} of ${cases.length} schedules fail without the order check`);
  assert.ok(failed >= 40);
  assert.ok(first !== null);
  const fails = async (one: ParityCase): Promise<boolean> => (await run(one, unorderedOnlineStore)).mismatches.length > 0;
  const { minimal } = await findMinimalParity(first, fails);
  assert.ok(minimal.steps.length < first.steps.length && minimal.steps.length <= 6, `${minimal.steps.length} steps`);
  for (const simpler of shrinkParity(minimal)) assert.ok(!(await fails(simpler)));
});

test("a kill before, in the middle of and after a write leaves none, half or all of it, and the process dead", async () => {
  const schema = rowSchema([{ name: "x", type: { kind: "int32" } }]);
  const view: OnlineView = { project: "p", view: "v", generation: 1, schema, schemas: new Map([[schema.fingerprint, schema]]) };
  const rows = times(4, (i) => ({ key: Uint8Array.of(i), eventTimeUs: 1, createdTimeUs: null, orderKey: new Uint8Array(), values: [i] }));
  for (const [at, expected] of [
    ["before", 0],
    ["middle", 2],
    ["after", 4],
  ] as const) {
    await using memory = openMemoryOnlineStore();
    const kills = new KillSwitch();
    const store = faultyOnlineStore(memory, kills);
    kills.arm({ write: 1, at });
    await store.truncate(view);
    await assert.rejects(store.putRows(view, rows), SimulatedKill);
    await assert.rejects(store.putRows(view, rows), SimulatedKill);
    assert.throws(() => store.read([]), SimulatedKill);
    assert.deepEqual([kills.isDead, kills.kills, kills.killsInFlight], [true, 1, 1]);
    kills.revive();
    await assert.rejects(store.deleteKeys(view, []), SimulatedKill, "a store of the dead process writes again");
    const next = faultyOnlineStore(memory, kills);
    const keys = rows.map((row) => row.key);
    const [result] = await next.read([{ form: "row", view, features: ["x"], keys }]);
    assert.equal(result?.form === "row" ? result.rows.filter((row) => row !== null).length : -1, expected);
  }
});
