import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { count, csv, derive, entity, featureView, float64, int64, push, sum } from "@asof/core";
import { at, collect, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const columns = { amount: float64() };
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns });
const options = { entities: [user], source: orders };
const clicks = push("clicks", { eventTime: "ts", columns });
const doubled = featureView("view", options, { value: derive((o) => o.amount.times(2)) });
const tripled = featureView("view", options, { value: derive((o) => o.amount.times(3)) });
const plain = featureView("view", options, { amount: float64() });
const day = featureView("activity", options, { spent: sum("amount", { window: "1d" }) });
const week = featureView("activity", options, { spent: sum("amount", { window: "7d" }), orders: count({ window: "7d" }) });
const live1 = featureView("live", { entities: [user], source: clicks }, { spent: sum("amount", { window: "1d" }) });
const live2 = featureView("live", { entities: [user], source: clicks }, { spent: sum("amount", { window: "2d" }) });

async function open(kind: (typeof storeKinds)[number], definitions: Readonly<Record<string, unknown>>) {
  const project = new Project({ kind, nowUs: at("2024-01-10") });
  project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-04T06:00:00Z,1", "1,2024-01-09T06:00:00Z,10"]);
  const process = await project.process();
  await project.apply(process, definitions);
  return { project, process };
}

for (const kind of storeKinds) {
  describe(`definitions that change (${kind})`, () => {
    test("with --recreate another meaning is built beside the served one, then switched to", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await process.store.materialize("2024-01-01", "2024-01-10");
      await project.apply(process, { view: tripled }, { recreate: true });
      const other = await project.process();
      const ask = async (view: typeof doubled, who = process) =>
        (await who.store.getOnlineFeatures({ features: [view], entities: [{ user_id: 1 }] })).rows[0]?.view.value;
      assert.equal(await ask(tripled), 20, "served under its old definition meanwhile");
      assert.equal(await ask(doubled, other), 20);
      await process.store.materialize("2024-01-09", "2024-01-10");
      assert.equal(await ask(tripled), 30);
      assert.equal(await ask(doubled, other), 20, "another process answers from what it knows for up to a second");
      project.clock.advance(1_000_001);
      assert.equal(await ask(doubled, other), 30);
      const state = (await process.session.registry(true)).states.get("view");
      assert.deepEqual([state?.activeGeneration, state?.retiredGenerations], [2, [1]]);
      project.clock.advance(1_000_000);
      await process.store.materializeIncremental();
      assert.deepEqual((await process.session.registry(true)).states.get("view")?.retiredGenerations, [], "emptied by a later job");
      const gone = await process.session.runtime.online.listKeys({ ...viewOf(await process.session.registry(), "view"), generation: 1 });
      assert.deepEqual(await collect(gone), []);
    });

    test("a registry that was lost and made anew with other definitions is filled: what is stored under their numbers is removed", async () => {
      const { project, process } = await open(kind, { doubled, day });
      await using _ = project;
      project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-09T06:00:00Z,10", "2,2024-01-09T06:00:00Z,5", "3,2024-01-08T06:00:00Z,7"]);
      await process.store.materialize("2024-01-01", "2024-01-10");
      project.loseRegistry();
      const anew = await project.process();
      await project.apply(anew, { plain, week });
      project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-09T06:00:00Z,-10", "2,2024-01-09T06:00:00Z,5"]);
      await anew.store.materialize("2024-01-01", "2024-01-10");
      const ask = async (user_id: number) =>
        (await anew.store.getOnlineFeatures({ features: [plain, week], entities: [{ user_id }], at: "2024-01-10" })).rows[0];
      assert.deepEqual(await ask(1), { view: { amount: -10 }, activity: { spent: -10, orders: 1 } });
      assert.deepEqual(await ask(2), { view: { amount: 5 }, activity: { spent: 5, orders: 1 } });
      assert.deepEqual(await ask(3), { view: { amount: null }, activity: { spent: null, orders: 0 } });
    });

    test("a switched generation is not emptied while others may still read it", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await process.store.materialize("2024-01-01", "2024-01-10");
      const other = await project.process();
      const ask = async () =>
        (await other.store.getOnlineFeatures({ features: [doubled], entities: [{ user_id: 1 }] })).rows[0]?.view.value;
      assert.equal(await ask(), 20);
      await project.apply(process, { view: tripled }, { recreate: true });
      await process.store.materializeIncremental();
      await process.store.materializeIncremental();
      project.clock.advance(900_000);
      await process.store.materializeIncremental();
      assert.equal(await ask(), 20, "never emptied under a reader");
    });

    test("a windowed view of another window; a feature that it adds is NOT_FOUND until then", async () => {
      const { project, process } = await open(kind, { activity: day });
      await using _ = project;
      await process.store.materialize("2024-01-01", "2024-01-10");
      await project.apply(process, { activity: week }, { recreate: ["activity"] });
      const ask = async () => {
        const answer = await process.store.getOnlineFeatures({ features: [week], entities: [{ user_id: 1 }], at: "2024-01-10" });
        return [answer.rows[0]?.activity.spent, answer.rows[0]?.activity.orders, answer.statuses[0]?.activity.orders];
      };
      assert.deepEqual(await ask(), [10, null, "NOT_FOUND"]);
      await process.store.materializeIncremental("2024-01-10");
      assert.deepEqual(await ask(), [11, 2, "PRESENT"]);
    });

    test("what is pushed while a generation is built reaches both", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      const process = await project.process();
      await project.apply(process, { live: live1 });
      await process.store.push(clicks, [{ user_id: 1, ts: "2024-01-08T12:00:00Z", amount: 1 }]);
      await project.apply(process, { live: live2 }, { recreate: true });
      await process.store.push(clicks, [{ user_id: 1, ts: "2024-01-09T12:00:00Z", amount: 10 }]);
      const ask = async () => {
        const answer = await process.store.getOnlineFeatures({ features: [live2], entities: [{ user_id: 1 }], at: "2024-01-10" });
        return [answer.rows[0]?.live.spent, answer.statuses[0]?.live.spent];
      };
      assert.deepEqual(await ask(), [10, "PRESENT"]);
      await process.store.materializeIncremental();
      assert.deepEqual(await ask(), [11, "PRESENT"]);
    });

    test("a removed feature never comes back as another one of its name", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      await process.store.materialize("2024-01-01", "2024-01-10");
      await project.apply(process, { view: plain });
      await project.apply(process, { view: tripled }, { recreate: true });
      const ask = async () => {
        const answer = await process.store.getOnlineFeatures({ features: [tripled], entities: [{ user_id: 1 }] });
        return [answer.rows[0]?.view.value ?? null, answer.statuses[0]?.view.value];
      };
      assert.deepEqual(await ask(), [null, "NOT_FOUND"], "never 20");
      await process.store.materializeIncremental();
      assert.deepEqual(await ask(), [30, "PRESENT"]);
    });

    test("a view that is deleted and defined anew starts empty", async () => {
      const { project, process } = await open(kind, { view: doubled, activity: day });
      await using _ = project;
      await process.store.materialize("2024-01-01", "2024-01-10");
      await project.apply(process, { activity: day });
      await assert.rejects(process.store.getOnlineFeatures({ features: [doubled], entities: [{ user_id: 1 }] }), /ASOF_NOT_APPLIED/);
      await project.apply(process, { activity: day, view: tripled });
      const { statuses } = await process.store.getOnlineFeatures({ features: [tripled], entities: [{ user_id: 1 }] });
      assert.equal(statuses[0]?.view.value, "NOT_FOUND");
    });

    test("a job of the old definition that ends after the change says so and harms nothing", async () => {
      const { project, process } = await open(kind, { view: doubled });
      await using _ = project;
      const other = await project.process();
      let isChanged = false;
      const running = other.session.materialize({
        ...{ mode: "interval", startUs: null, endUs: at("2024-01-10"), views: null },
        onView: () => {
          if (isChanged) return;
          isChanged = true;
          changing = project.apply(process, { view: tripled });
        },
      });
      let changing: Promise<unknown> = Promise.resolve();
      const outcome = await running;
      await changing;
      const { rows } = await process.store.getOnlineFeatures({ features: [tripled], entities: [{ user_id: 1 }] });
      assert.ok(rows[0]?.view.value === null || outcome.views[0]?.status === "done");
      assert.notEqual(rows[0]?.view.value, 20);
    });
  });
}

function viewOf(registry: Awaited<ReturnType<Awaited<ReturnType<Project["process"]>>["session"]["registry"]>>, name: string) {
  return registry.views.get(name)?.online ?? assert.fail(`no view ${name}`);
}
