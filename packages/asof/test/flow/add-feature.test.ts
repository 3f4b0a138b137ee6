import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AsofError, count, csv, entity, featureView, float64, int64, push, string, sum } from "@asof/core";
import { at, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const profiles = csv("profiles", { path: "profiles.csv", eventTime: "ts", columns: { score: float64(), plan: string() } });
const options = { entities: [user], source: profiles };
const narrow = featureView("profile", options, { score: float64() });
const wide = featureView("profile", options, { score: float64(), plan: string() });
const clicks = push("clicks", { eventTime: "ts", columns: { amount: float64() } });
const windows = { entities: [user], source: clicks };
const few = featureView("activity", windows, { clicks: count({ window: "1d" }) });
const many = featureView("activity", windows, { clicks: count({ window: "1d" }), spent: sum("amount", { window: "1d" }), ever: count() });
const now = at("2024-01-10");

for (const kind of storeKinds) {
  describe(`adding a feature in place (${kind})`, () => {
    test("it is NOT_FOUND until materialized, then there; the others are served throughout", async () => {
      await using project = new Project({ kind, nowUs: now });
      project.csv("profiles.csv", "user_id,ts,score,plan", ["1,2024-01-01T00:00:00Z,1,free", "2,2024-01-01T00:00:00Z,2,paid"]);
      const process = await project.process();
      await project.apply(process, { profile: narrow });
      await process.store.materialize("2024-01-01", "2024-01-02");
      await project.apply(process, { profile: wide });
      const ask = async () => {
        const answer = await process.store.getOnlineFeatures({ features: [wide], entities: [{ user_id: 1 }] });
        return [answer.rows[0]?.profile.score, answer.rows[0]?.profile.plan, answer.statuses[0]?.profile.plan];
      };
      assert.deepEqual(await ask(), [1, null, "NOT_FOUND"]);
      await process.store.materializeIncremental();
      assert.deepEqual(await ask(), [1, "free", "PRESENT"], "rows that are as new are written again for it");
      await project.apply(process, { profile: narrow });
      await assert.rejects(
        process.store.getOnlineFeatures({ features: [wide], entities: [{ user_id: 1 }] }),
        (error) => error instanceof AsofError && error.code === "ASOF_NOT_APPLIED" && error.path === "profile:plan",
      );
    });

    test("a job that failed before the feature was there does not skip it", async () => {
      await using project = new Project({ kind, nowUs: now });
      project.csv("profiles.csv", "user_id,ts,score,plan", ["1,2024-01-01T00:00:00Z,1,free"]);
      const broken = featureView(
        "broken",
        { entities: [user], source: csv("absent", { path: "absent.csv", eventTime: "ts", columns: { x: float64() } }) },
        { x: float64() },
      );
      const process = await project.process();
      await project.apply(process, { profile: narrow, broken });
      await assert.rejects(process.store.materialize("2024-01-01", "2024-01-02"), /ASOF_JOB_FAILED/);
      await project.apply(process, { profile: wide, broken });
      await assert.rejects(process.store.materialize("2024-01-01", "2024-01-02"), /ASOF_JOB_FAILED/);
      const { rows } = await process.store.getOnlineFeatures({ features: [wide], entities: [{ user_id: 1 }] });
      assert.equal(rows[0]?.profile.plan, "free");
    });

    test("a windowed view fills it from the log; what is pushed in between counts once", async () => {
      await using project = new Project({ kind, nowUs: now });
      const process = await project.process();
      await project.apply(process, { activity: few });
      const click = (ts: string, amount: number) => process.store.push(clicks, [{ user_id: 1, ts, amount }]);
      await click("2024-01-08T12:00:00Z", 1);
      await click("2024-01-09T12:00:00Z", 2);
      await project.apply(process, { activity: many });
      await click("2024-01-09T13:00:00Z", 4);
      const ask = async () => {
        const answer = await process.store.getOnlineFeatures({ features: [many], entities: [{ user_id: 1 }] });
        const values = answer.rows[0]?.activity;
        return [values?.clicks, values?.spent, values?.ever, answer.statuses[0]?.activity.spent];
      };
      assert.deepEqual(await ask(), [2, null, null, "NOT_FOUND"]);
      await process.store.materializeIncremental();
      assert.deepEqual(await ask(), [2, 6, 3, "PRESENT"]);
    });

    test("a windowed view over a table and pushes fills it on both sides of the handover", async () => {
      await using project = new Project({ kind, nowUs: now });
      project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-09T10:00:00Z,1", "1,2024-01-09T22:00:00Z,2"]);
      const source = push("orders", { batch: csv("table", { path: "orders.csv", eventTime: "ts", columns: { amount: float64() } }) });
      const before = featureView("bought", { entities: [user], source }, { orders: count({ window: "1d" }) });
      const process = await project.process();
      await project.apply(process, { bought: before });
      await process.store.materializeIncremental();
      project.clock.advance(3_600_000_000);
      await process.store.push("orders", [{ user_id: 1, ts: "2024-01-10T00:10:00Z", amount: 4 }]);
      const bought = featureView(
        "bought",
        { entities: [user], source },
        { orders: count({ window: "1d" }), spent: sum("amount", { window: "2d" }), ever: count() },
      );
      await project.apply(process, { bought });
      await process.store.materializeIncremental();
      const { rows } = await process.store.getOnlineFeatures({ features: [bought], entities: [{ user_id: 1 }] });
      assert.deepEqual(rows[0]?.bought, { orders: 3, spent: 7, ever: 3 });
    });

    test("another process meets the new schema: reads reload the registry, writers too", async () => {
      await using project = new Project({ kind, nowUs: now });
      project.csv("profiles.csv", "user_id,ts,score,plan", ["1,2024-01-01T00:00:00Z,1,free"]);
      const first = await project.process();
      const second = await project.process();
      await project.apply(first, { profile: narrow });
      await first.store.materialize("2024-01-01", "2024-01-02");
      const ask = async () =>
        (await second.store.getOnlineFeatures({ features: [narrow], entities: [{ user_id: 1 }] })).rows[0]?.profile.score;
      assert.equal(await ask(), 1);
      await project.apply(first, { profile: wide });
      await first.store.materializeIncremental();
      assert.equal(await ask(), 1, "within the second in which it does not look");
    });

    test("a schema that no registry knows is an error, never a wrong value", async () => {
      await using project = new Project({ kind, nowUs: now });
      const process = await project.process();
      await project.apply(process, { profile: narrow });
      const online = (await process.session.registry()).views.get("profile")?.online ?? assert.fail();
      const schema = { ...online.schema, fingerprint: "00000000deadbeef" };
      const stray = { ...online, schema, schemas: new Map([[schema.fingerprint, schema]]) };
      const { online: store } = process.session.runtime;
      const key = store.keys.row.encoder([{ name: "user_id", type: { kind: "int64", as: "number" } }])([7]) ?? assert.fail();
      await store.putRows(stray, [{ key, eventTimeUs: now, createdTimeUs: null, orderKey: new Uint8Array(), values: [99] }]);
      await assert.rejects(process.store.getOnlineFeatures({ features: [narrow], entities: [{ user_id: 7 }] }), /ASOF_SCHEMA_UNKNOWN/);
    });
  });
}
