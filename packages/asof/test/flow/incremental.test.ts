import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { count, csv, entity, featureView, float64, int64, sum } from "@asof/core";
import { at, countingStore, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const columns = { amount: float64() };
const known = csv("known", { path: "known.csv", eventTime: "ts", createdTime: "created", columns });
const last = featureView("last", { entities: [user], source: known }, { amount: float64() });
const totals = featureView("totals", { entities: [user], source: known }, { spent: sum("amount"), orders_1d: count({ window: "1d" }) });
const blind = csv("blind", { path: "blind.csv", eventTime: "ts", columns });
const blindTotals = featureView("blind_totals", { entities: [user], source: blind }, { spent: sum("amount") });
const short = featureView("short", { entities: [user], source: blind, ttl: "1d" }, { amount: float64() });

const minute = 60_000_000;

for (const kind of storeKinds) {
  describe(`materialize-incremental (${kind})`, () => {
    test("the first run reads all of history: what ttl hides at its end is visible at an earlier t", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      project.csv("blind.csv", "user_id,ts,amount", ["1,2024-01-01T00:00:00Z,1"]);
      const process = await project.process();
      await project.apply(process, { short });
      await process.store.materializeIncremental();
      const ask = async (t: string) => {
        const answer = await process.store.getOnlineFeatures({ features: [short], entities: [{ user_id: 1 }], at: t });
        return [answer.rows[0]?.short.amount, answer.statuses[0]?.short.amount];
      };
      assert.deepEqual(await ask("2024-01-01T12:00:00Z"), [1, "PRESENT"]);
      assert.deepEqual(await ask("2024-01-10"), [null, "OUTSIDE_MAX_AGE"]);
    });

    test("picks up late rows by created time, as far back as the overlap", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      const rows = ["1,2024-01-09T00:00:00Z,1,2024-01-09T00:00:00Z", "2,2024-01-09T12:00:00Z,2,2024-01-09T23:00:00Z"];
      project.csv("known.csv", "user_id,ts,amount,created", rows);
      const process = await project.process();
      await project.apply(process, { last, totals });
      await process.store.materializeIncremental();
      const ask = async () => {
        const answer = await process.store.getOnlineFeatures({
          features: [last, totals],
          entities: [1, 2, 3, 4].map((user_id) => ({ user_id })),
          at: project.clock.nowUs(),
        });
        return answer.rows.map((row) => [row.last.amount, row.totals.spent]);
      };
      assert.deepEqual(await ask(), [
        [1, 1],
        [2, 2],
        [null, null],
        [null, null],
      ]);
      // Late by days; known after the cursor (23:00), or within the overlap of 10 min before it, or earlier than that.
      rows.push("3,2024-01-02T00:00:00Z,30,2024-01-10T00:05:00Z", "3,2024-01-02T00:00:00Z,3,2024-01-09T22:50:00Z");
      rows.push("4,2024-01-02T00:00:00Z,4,2024-01-09T22:49:59Z", "1,2024-01-08T00:00:00Z,10,2024-01-10T00:05:00Z");
      project.csv("known.csv", "user_id,ts,amount,created", rows);
      project.clock.advance(10 * minute);
      await process.store.materializeIncremental();
      assert.deepEqual(await ask(), [
        [1, 11],
        [2, 2],
        [30, 33],
        [null, null],
      ]);
    });

    test("a run over another interval does not carry the cursor past late rows", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      const rows = ["1,2024-01-02T00:00:00Z,1,2024-01-02T00:00:00Z"];
      project.csv("known.csv", "user_id,ts,amount,created", rows);
      const process = await project.process();
      await project.apply(process, { totals });
      await process.store.materialize("2024-01-01", "2024-01-03");
      rows.push("1,2024-01-01T12:00:00Z,10,2024-01-04T00:00:00Z", "1,2024-01-05T00:00:00Z,100,2024-01-06T00:00:00Z");
      project.csv("known.csv", "user_id,ts,amount,created", rows);
      await process.store.materialize("2024-01-03", "2024-01-07");
      const ask = async () =>
        (await process.store.getOnlineFeatures({ features: [totals], entities: [{ user_id: 1 }] })).rows[0]?.totals.spent;
      assert.equal(await ask(), 101, "the row of 1 January is late and outside");
      await process.store.materializeIncremental();
      assert.equal(await ask(), 111);
    });

    test("without created time it looks back", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      const rows = ["1,2024-01-09T00:00:00Z,1"];
      project.csv("blind.csv", "user_id,ts,amount", rows);
      const process = await project.process();
      await project.apply(process, { blindTotals });
      await process.store.materializeIncremental("2024-01-10");
      rows.push("1,2024-01-09T12:00:00Z,10", "1,2024-01-07T00:00:00Z,100");
      project.csv("blind.csv", "user_id,ts,amount", rows);
      await process.store.materializeIncremental("2024-01-10");
      const ask = async () =>
        (await process.store.getOnlineFeatures({ features: [blindTotals], entities: [{ user_id: 1 }] })).rows[0]?.blind_totals.spent;
      assert.equal(await ask(), 11, "one day back by default, not three");
      await process.store.materialize("2024-01-01", "2024-01-10");
      assert.equal(await ask(), 111);
    });

    test("writes exactly the touched (key, tile) pairs", async () => {
      const counts = { rows: 0, states: 0, calls: 0, parts: [] as string[] };
      await using project = new Project({ kind, nowUs: at("2024-03-10"), wrap: (online) => countingStore(online, counts) });
      const rows = Array.from({ length: 60 }, (_, i) => {
        const day = new Date(Date.UTC(2024, 0, 1 + i)).toISOString();
        return [1, 2, 3].map((key) => `${key},${day},1,${day}`);
      }).flat();
      project.csv("known.csv", "user_id,ts,amount,created", rows);
      const process = await project.process();
      await project.apply(process, { totals });
      await process.store.materializeIncremental("2024-03-05");
      assert.equal(counts.states, 3);
      counts.states = 0;
      counts.parts = [];
      await process.store.materializeIncremental("2024-03-06");
      assert.equal(counts.states, 0, "nothing new: nothing is written");
      rows.push("2,2024-01-02T06:00:00Z,5,2024-03-06T00:00:00Z");
      project.csv("known.csv", "user_id,ts,amount,created", rows);
      await process.store.materializeIncremental("2024-03-07");
      assert.equal(counts.states, 1, "one key was touched");
      const tiles = counts.parts.filter((part) => part !== "h");
      assert.deepEqual(tiles, ["bL:616"], "of 60 days the segment of 2 January alone is written");
      const { rows: answers } = await process.store.getOnlineFeatures({ features: [totals], entities: [{ user_id: 1 }, { user_id: 2 }] });
      assert.deepEqual(
        answers.map((row) => row.totals.spent),
        [60, 65],
      );
    });

    test("a row without created time is picked up too", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-10") });
      const rows = ["1,2024-01-09T00:00:00Z,1,2024-01-09T00:00:00Z"];
      project.csv("known.csv", "user_id,ts,amount,created", rows);
      const process = await project.process();
      await project.apply(process, { totals });
      await process.store.materializeIncremental();
      rows.push("1,2024-01-02T00:00:00Z,10,");
      project.csv("known.csv", "user_id,ts,amount,created", rows);
      await process.store.materializeIncremental();
      const { rows: answers } = await process.store.getOnlineFeatures({ features: [totals], entities: [{ user_id: 1 }] });
      assert.equal(answers[0]?.totals.spent, 11);
    });
  });
}
