import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { count, entity, featureView, float64, int64, push, sum } from "@asof/core";
import { at, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const clicks = push("clicks", { eventTime: "ts", columns: { amount: float64() } });
const others = push("others", { eventTime: "ts", columns: { amount: float64() } });
const latest = featureView("latest", { entities: [user], source: clicks }, { amount: float64() });
const totals = featureView("totals", { entities: [user], source: clicks }, { clicks: count({ window: "1d" }) });
const unrelated = featureView("unrelated", { entities: [user], source: others }, { amount: float64() });
const now = at("2024-03-01T12:00:00Z");
const minute = 60_000_000;

for (const kind of storeKinds) {
  describe(`rows later than the clock (${kind})`, () => {
    test("are held back, counted, and there when they are due", async () => {
      await using project = new Project({ kind, nowUs: now });
      const process = await project.process();
      await project.apply(process, { latest, totals });
      const counts = await process.store.push(clicks, [
        { user_id: 1, ts: now, amount: 1 },
        { user_id: 1, ts: now + minute, amount: 2 },
        { user_id: 1, ts: now + 2 * minute, amount: 3 },
      ]);
      assert.deepEqual(counts, { rows: 3, heldBack: 2, beforeHandover: 0, outsideHistory: 0, erased: 0, written: 2 });
      const ask = async () => {
        const { rows } = await process.store.getOnlineFeatures({ features: [latest, totals], entities: [{ user_id: 1 }] });
        return [rows[0]?.latest.amount, rows[0]?.totals.clicks];
      };
      assert.deepEqual(await ask(), [1, 0], "a later row neither shows nor hides");
      project.clock.set(now + minute);
      assert.deepEqual(await ask(), [2, 1]);
      project.clock.set(now + 2 * minute + 1);
      assert.deepEqual(await ask(), [3, 3]);
      const [record] = await project.registry.read([{ project: "shop", kind: "held_rows", name: "clicks" }]);
      assert.deepEqual(record?.spec, { dueUs: null, rows: [] });
    });

    test("survive the process that held them, and a replay holds nothing twice", async () => {
      await using project = new Project({ kind, nowUs: now });
      const first = await project.process();
      await project.apply(first, { totals });
      for (let i = 0; i < 2; i++) await first.store.push(clicks, [{ user_id: 1, ts: now + minute, amount: 1 }], { idempotencyKey: "k" });
      await first.store.close();
      const second = await project.process();
      project.clock.set(now + 2 * minute);
      const { rows } = await second.store.getOnlineFeatures({ features: [totals], entities: [{ user_id: 1 }] });
      assert.equal(rows[0]?.totals.clicks, 1);
    });

    test("are held as the log has them, and one by key: ids of different keys are different events", async () => {
      await using project = new Project({ kind, nowUs: now });
      const { session, store } = await project.process();
      const source = push("named", { eventTime: "ts", eventId: "id", columns: { amount: float64() } });
      const plain = featureView("plain", { entities: [user], source }, { amount: float64() });
      const live = featureView("live", { entities: [user], source }, { spent: sum("amount", { window: "1d" }) });
      await project.apply({ session, store, owner: "" }, { plain, live });
      const give = async (user_id: number, id: string, amount: number, to: "offline" | "both") => {
        await store.push(source, [{ user_id, ts: now + minute, amount, id }], { to });
        project.clock.advance(1);
      };
      await give(1, "a", 1, "offline");
      await give(1, "b", 2, "both");
      await give(1, "a", 4, "both");
      await give(2, "b", 8, "both");
      project.clock.set(now + 2 * minute);
      const asked = await session.ask({ features: ["plain", "live"] });
      const entities = [{ user_id: 1 }, { user_id: 2 }];
      const { rows } = await session.getOnline(asked, entities);
      assert.deepEqual(rows, [
        { plain: { amount: 2 }, live: { spent: 3 } },
        { plain: { amount: 8 }, live: { spent: 8 } },
      ]);
      assert.deepEqual((await session.compareParity({ asked, entities, atUs: [now + 2 * minute] })).mismatches, []);
    });

    test("maxFutureSkew lets them in", async () => {
      await using project = new Project({ kind, nowUs: now, settings: { maxFutureSkewUs: minute } });
      const process = await project.process();
      await project.apply(process, { latest });
      const counts = await process.store.push(clicks, [
        { user_id: 1, ts: now + minute, amount: 1 },
        { user_id: 2, ts: now + minute + 1, amount: 1 },
      ]);
      assert.equal(counts.heldBack, 1);
    });

    test("a source that is deleted takes its held rows along", async () => {
      await using project = new Project({ kind, nowUs: now });
      const process = await project.process();
      await project.apply(process, { latest, unrelated });
      await process.store.push(clicks, [{ user_id: 1, ts: now + minute, amount: 1 }]);
      await process.store.push(others, [{ user_id: 1, ts: now, amount: 5 }]);
      await project.apply(process, { unrelated });
      project.clock.set(now + 2 * minute);
      const { rows } = await process.store.getOnlineFeatures({ features: [unrelated], entities: [{ user_id: 1 }] });
      assert.equal(rows[0]?.unrelated.amount, 5);
    });

    test("more than a thousand are refused: a clock is wrong", async () => {
      await using project = new Project({ kind, nowUs: now });
      const process = await project.process();
      await project.apply(process, { latest });
      const rows = Array.from({ length: 1001 }, (_, i) => ({ user_id: i, ts: now + minute, amount: 1 }));
      await assert.rejects(process.store.push(clicks, rows), /ASOF_PUSH_INVALID.*hold back 1001 rows/);
    });
  });
}
