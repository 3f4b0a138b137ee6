import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  AsofError,
  count,
  csv,
  entity,
  featureView,
  float64,
  int64,
  materialize,
  type OnlineStore,
  type PulledBatch,
  push,
  string,
  sum,
} from "@asof/core";
import { at, type Process, Project, storeKinds } from "./project.test.support.ts";

// A process that knows nothing of an erasure is in the middle of an ingest while another one erases: nothing may stay behind.

const user = entity("user", { key: { user_id: string() } });
const shop = entity("shop", { key: { shop_id: int64({ as: "number" }) } });
const columns = { amount: float64() };
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns });
const clicks = push("clicks", { eventTime: "ts", eventId: "id", columns });
const latest = featureView("latest", { entities: [user], source: orders }, { amount: float64() });
const totals = featureView("totals", { entities: [user], source: orders }, { spent: sum("amount") });
const clicked = featureView("clicked", { entities: [user], source: clicks }, { amount: float64() });
const clickTotals = featureView("click_totals", { entities: [user], source: clicks }, { clicks: count() });
const pairs = featureView("pairs", { entities: [user, shop], source: clicks }, { amount: float64() });
const pairTotals = featureView("pair_totals", { entities: [user, shop], source: clicks }, { clicks: count() });
const views = { latest, totals, clicked, clickTotals, pairs, pairTotals };

const erased = "zaphod-beeblebrox-900";
const now = at("2024-03-01T00:00:00Z");
const click = { user_id: erased, shop_id: 1, ts: now - 5, id: "c1", amount: 5 };

/** A project whose online store does something before its n-th write, once. */
function interruptible(kind: (typeof storeKinds)[number]) {
  let before: (() => Promise<void>) | null = null;
  let writesLeft = 0;
  const interrupt = async (): Promise<void> => {
    if (before === null || writesLeft-- > 0) return;
    const run = before;
    before = null;
    await run();
  };
  const wrap = (online: OnlineStore): OnlineStore =>
    new Proxy(online, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name !== "putRows" && name !== "putStates") return member.bind(target);
        return async (...given: unknown[]): Promise<unknown> => {
          await interrupt();
          return Reflect.apply(member, target, given);
        };
      },
    });
  const project = new Project({ kind, nowUs: now, wrap });
  return {
    project,
    at: (writes: number, run: () => Promise<void>): void => {
      writesLeft = writes;
      before = run;
    },
    isDone: (): boolean => before === null,
  };
}

/** What the online store itself has of the key, read past every erasure. */
async function stored(project: Project, process: Process): Promise<readonly string[]> {
  const registry = await process.session.registry(true);
  const { online } = process.session.runtime;
  const found: string[] = [];
  for (const [name, { model, online: view }] of registry.views) {
    for await (const keys of online.listKeys(view)) {
      const [result] = await online.read([
        model.form === "plain" ? { form: "row", view, features: [], keys } : { form: "state", view, keys },
      ]);
      for (const [i, key] of keys.entries()) {
        if (!Buffer.from(key).includes(erased)) continue;
        if (result?.form === "row" && result.rows[i] !== null) found.push(name);
        if (result?.form === "state" && [...(result.states[i]?.parts.keys() ?? [])].some((part) => part !== "x")) found.push(name);
      }
    }
  }
  const log = join(project.folder, "log");
  const files = readdirSync(log, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return [...found, ...files.map((f) => join(f.parentPath, f.name)).filter((path) => readFileSync(path).includes(erased))];
}

for (const kind of storeKinds) {
  describe(`an erasure during an ingest of another process (${kind})`, () => {
    for (const writes of [0, 1, 2, 3]) {
      test(`a push before its write ${writes}`, async () => {
        const { project, at: interruptAt, isDone } = interruptible(kind);
        await using _ = project;
        const [pushing, erasing] = [await project.process(), await project.process()];
        await project.apply(pushing, views);
        await pushing.store.push(clicks, [{ ...click, user_id: "other", id: "c0" }]);
        interruptAt(writes, async () => {
          await erasing.store.deleteEntity({ user_id: erased });
        });
        await pushing.store.push(clicks, [click]);
        assert.ok(isDone());
        assert.deepEqual(await stored(project, erasing), []);
      });
    }

    for (const writes of [0, 1]) {
      test(`a materialization before its write ${writes}`, async () => {
        const { project, at: interruptAt, isDone } = interruptible(kind);
        await using _ = project;
        project.csv("orders.csv", "user_id,ts,amount", [`${erased},2024-02-01T00:00:00Z,1`, "other,2024-02-02T00:00:00Z,2"]);
        const [reading, erasing] = [await project.process(), await project.process()];
        await project.apply(reading, views);
        await reading.store.push(clicks, [{ ...click, user_id: "other", id: "c0" }]);
        interruptAt(writes, async () => {
          await erasing.store.deleteEntity({ user_id: erased });
        });
        await reading.store.materialize("2024-01-01", "2024-03-01");
        assert.ok(isDone());
        assert.deepEqual(await stored(project, erasing), []);
        const { rows } = await reading.store.getOnlineFeatures({ features: [latest, totals], entities: [{ user_id: "other" }] });
        assert.deepEqual(rows[0], { latest: { amount: 2 }, totals: { spent: 2 } }, "the others are there");
      });
    }
  });
}

test("a materialization goes on with the log as it is after a file of it was replaced", async () => {
  await using project = new Project({ nowUs: now });
  const [reading, erasing] = [await project.process(), await project.process()];
  await project.apply(reading, { clicked, clickTotals, pairs });
  await reading.store.push(clicks, [click, { ...click, user_id: "other", id: "c2" }]);
  const { runtime } = reading.session;
  let pulls = 0;
  // What the engine says of a file that went between being listed and being read.
  const offline = new Proxy(runtime.offline, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (name !== "pull") return member.bind(target);
      return async function* (...given: unknown[]): AsyncGenerator<PulledBatch> {
        if (pulls++ === 0) {
          await erasing.store.deleteEntity({ user_id: erased });
          throw new AsofError("ASOF_SOURCE_MISSING", 'Source "clicks" is not there.');
        }
        yield* Reflect.apply(target.pull, target, given);
      };
    },
  });
  const { views } = await materialize({ ...runtime, offline }, { mode: "interval", startUs: now - 1e9, endUs: now, views: null });
  assert.deepEqual(
    views.map(({ view, status, error }) => [view, status, error]),
    [
      ["click_totals", "done", null],
      ["clicked", "done", null],
      ["pairs", "done", null],
    ],
  );
  assert.deepEqual(await stored(project, erasing), []);
  const { rows } = await reading.store.getOnlineFeatures({ features: [clickTotals], entities: [{ user_id: "other" }] });
  assert.deepEqual(rows[0], { click_totals: { clicks: 1 } });
});
