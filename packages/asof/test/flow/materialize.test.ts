import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AsofError, count, csv, entity, featureView, float64, int64, string, sum } from "@asof/core";
import { at, countingStore, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const profiles = csv("profiles", { path: "profiles.csv", eventTime: "ts", columns: { score: float64() } });
const profile = featureView("profile", { entities: [user], source: profiles }, { score: float64() });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64() } });
const activity = featureView(
  "activity",
  { entities: [user], source: orders },
  {
    orders_1d: count({ window: "1d" }),
    spent_ever: sum("amount"),
  },
);
const cities = csv("cities", { path: "cities.csv", columns: { city: string() } });
const place = featureView("place", { entities: [user], source: cities }, { city: string() });

for (const kind of storeKinds) {
  describe(`materialize START END (${kind})`, () => {
    test("covers both ends", async () => {
      await using project = new Project({ kind });
      project.csv("profiles.csv", "user_id,ts,score", [
        "1,2024-01-01T00:00:00Z,1",
        "2,2024-01-02T00:00:00Z,2",
        "3,2023-12-31T23:59:59.999999Z,3",
        "4,2024-01-02T00:00:00.000001Z,4",
      ]);
      const process = await project.process();
      await project.apply(process, { profile });
      const outcome = await process.store.materialize("2024-01-01", "2024-01-02");
      assert.deepEqual(
        outcome.views.map(({ view, status, rows, written }) => ({ view, status, rows, written })),
        [{ view: "profile", status: "done", rows: 2, written: 2 }],
      );
      const entities = [1, 2, 3, 4].map((user_id) => ({ user_id }));
      const { rows } = await process.store.getOnlineFeatures({ features: [profile], entities });
      assert.deepEqual(
        rows.map((row) => row.profile.score),
        [1, 2, null, null],
      );
    });

    test("overlapping and repeated intervals in any order change nothing; an older row never replaces a newer one", async () => {
      await using project = new Project({ kind });
      project.csv("profiles.csv", "user_id,ts,score", ["1,2024-01-01T00:00:00Z,1", "1,2024-01-05T00:00:00Z,5", "1,2024-01-03T00:00:00Z,3"]);
      project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-01T01:00:00Z,1", "1,2024-01-05T01:00:00Z,5", "1,2024-01-05T01:00:00Z,5"]);
      const process = await project.process();
      await project.apply(process, { profile, activity });
      for (const [start, end] of [
        ["2024-01-04", "2024-01-06"],
        ["2024-01-01", "2024-01-04"],
        ["2024-01-03", "2024-01-06"],
        ["2024-01-01", "2024-01-06"],
        ["2024-01-01", "2024-01-02"],
      ] as const) {
        await process.store.materialize(start, end);
      }
      const { rows } = await process.store.getOnlineFeatures({
        features: [profile, activity],
        entities: [{ user_id: 1 }],
        at: "2024-01-06",
      });
      assert.deepEqual(
        rows[0],
        { profile: { score: 5 }, activity: { orders_1d: 2, spent_ever: 11 } },
        "equal events without id count each",
      );
    });

    test("an end inside a tile takes nothing from what the tile held, and rows after the clock are left alone", async () => {
      await using project = new Project({ kind, nowUs: at("2024-01-05T12:00:00Z") });
      project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-05T01:10:00Z,1", "1,2024-01-05T01:50:00Z,2", "1,2024-01-05T12:30:00Z,4"]);
      const process = await project.process();
      await project.apply(process, { activity });
      await process.store.materialize("2024-01-01", "2030-01-01");
      const ask = async (t: string) =>
        (await process.store.getOnlineFeatures({ features: [activity], entities: [{ user_id: 1 }], at: t })).rows[0]?.activity;
      assert.deepEqual(await ask("2024-01-05T13:00:00Z"), { orders_1d: 2, spent_ever: 3 }, "12:30 is in the future");
      await process.store.materialize("2024-01-05", "2024-01-05T01:30:00Z");
      assert.deepEqual(await ask("2024-01-05T13:00:00Z"), { orders_1d: 2, spent_ever: 3 });
      project.clock.set(at("2024-01-05T12:30:00Z"));
      await process.store.materializeIncremental();
      assert.deepEqual(await ask("2024-01-05T13:00:00Z"), { orders_1d: 3, spent_ever: 7 });
    });

    test("replaces whole tiles: rows that left the source, and keys without a row left, are gone", async () => {
      await using project = new Project({ kind });
      project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-02T01:00:00Z,1", "2,2024-01-02T01:00:00Z,2", "2,2024-01-04T01:00:00Z,4"]);
      const process = await project.process();
      await project.apply(process, { activity });
      const ask = async () =>
        (
          await process.store.getOnlineFeatures({ features: [activity], entities: [{ user_id: 1 }, { user_id: 2 }], at: "2024-01-05" })
        ).rows.map((row) => row.activity.spent_ever);
      await process.store.materialize("2024-01-01", "2024-01-05");
      assert.deepEqual(await ask(), [1, 6]);
      project.csv("orders.csv", "user_id,ts,amount", ["2,2024-01-04T01:00:00Z,4"]);
      await process.store.materialize("2024-01-03", "2024-01-05");
      assert.deepEqual(await ask(), [1, 6], "outside of the interval nothing is replaced");
      await process.store.materialize("2024-01-01", "2024-01-05");
      assert.deepEqual(await ask(), [null, 4]);
    });

    test("a static dimension is there at every t and follows changes in place", async () => {
      await using project = new Project({ kind });
      project.csv("cities.csv", "user_id,city", ["1,Zürich", "2,Bern"]);
      const process = await project.process();
      await project.apply(process, { place });
      const ask = async (t: string) =>
        (await process.store.getOnlineFeatures({ features: [place], entities: [{ user_id: 1 }, { user_id: 2 }], at: t })).rows.map(
          (r) => r.place.city,
        );
      await process.store.materialize("2024-01-01", "2024-01-02");
      assert.deepEqual(await ask("1999-01-01"), ["Zürich", "Bern"]);
      project.csv("cities.csv", "user_id,city", ["1,Aarau", "2,Bern"]);
      project.clock.advance(1_000_000);
      await process.store.materializeIncremental();
      assert.deepEqual(await ask("2024-02-01"), ["Aarau", "Bern"]);
    });

    test("a row that left a static dimension is gone online too, until it comes back", async () => {
      await using project = new Project({ kind });
      project.csv("cities.csv", "user_id,city", ["1,Zürich", "2,Bern"]);
      const process = await project.process();
      await project.apply(process, { place });
      const ask = async () => {
        const asked = { features: [place], entities: [{ user_id: 1 }, { user_id: 2 }] } as const;
        const online = await process.store.getOnlineFeatures(asked);
        const spine = asked.entities.map((entity) => ({ ...entity, event_timestamp: "2024-02-01" }));
        const training: (string | null)[] = [];
        for await (const row of (await process.store.getHistoricalFeatures({ features: [place], spine })).rows()) training.push(row.city);
        assert.deepEqual(
          online.rows.map((row) => row.place.city),
          training,
        );
        return online.rows.map((_, i) => online.statuses[i]?.place.city);
      };
      await process.store.materialize("2024-01-01", "2024-01-02");
      for (const [rows, statuses] of [
        [["2,Bern"], ["NOT_FOUND", "PRESENT"]],
        [["2,Bern"], ["NOT_FOUND", "PRESENT"]],
        [["1,Zürich"], ["PRESENT", "NOT_FOUND"]],
        [[], ["NOT_FOUND", "NOT_FOUND"]],
        [
          ["1,Chur", "2,Bern"],
          ["PRESENT", "PRESENT"],
        ],
      ] as const) {
        project.csv("cities.csv", "user_id,city", [...rows]);
        project.clock.advance(1_000_000);
        await process.store.materializeIncremental();
        assert.deepEqual(await ask(), statuses);
      }
    });

    test("one failing view does not stop the others, and says why", async () => {
      await using project = new Project({ kind });
      project.csv("profiles.csv", "user_id,ts,score", ["1,2024-01-01T00:00:00Z,1"]);
      const process = await project.process();
      await project.apply(process, { profile, activity });
      await assert.rejects(process.store.materialize("2024-01-01", "2024-01-02"), (error) => {
        assert.ok(error instanceof AsofError);
        assert.equal(error.code, "ASOF_JOB_FAILED");
        assert.match(error.message, /1 of 2 views failed: activity: \[ASOF_SOURCE_MISSING\]/);
        return true;
      });
      const { rows } = await process.store.getOnlineFeatures({ features: [profile], entities: [{ user_id: 1 }] });
      assert.equal(rows[0]?.profile.score, 1);
      const [job] = await project.registry.listJobs("shop", 1);
      assert.equal(job?.status, "failed");
      project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-01T01:00:00Z,1"]);
      const again = await process.store.materialize("2024-01-01", "2024-01-02");
      assert.deepEqual([again.resumed, again.views.map((v) => v.status)], [true, ["done", "done"]]);
    });

    test("a second run changes nothing: no row and no tile is written again", async () => {
      const counts = { rows: 0, states: 0, calls: 0, parts: [] as string[] };
      await using project = new Project({ kind, wrap: (online) => countingStore(online, counts) });
      project.csv("profiles.csv", "user_id,ts,score", ["1,2024-01-01T00:00:00Z,1", "2,2024-01-01T00:00:00Z,2"]);
      const process = await project.process();
      await project.apply(process, { profile });
      await process.store.materialize("2024-01-01", "2024-01-02");
      assert.equal(counts.rows, 2);
      await process.store.materialize("2024-01-01", "2024-01-02");
      assert.equal(counts.rows, 2);
    });

    test("bad intervals and names are refused before anything happens", async () => {
      await using project = new Project({ kind });
      project.csv("profiles.csv", "user_id,ts,score", ["1,2024-01-01T00:00:00Z,1"]);
      const process = await project.process();
      await assert.rejects(process.store.materialize("2024-01-01", "2024-01-02"), /ASOF_NOT_APPLIED/);
      await project.apply(process, { profile });
      await assert.rejects(process.store.materialize("2024-01-02", "2024-01-01"), /ASOF_TIME_INVALID.*after its end/);
      await assert.rejects(process.store.materialize("2024-01-01", "2024-01-02", { views: ["nobody"] }), /ASOF_FEATURE_UNKNOWN.*profile/);
      assert.deepEqual(await project.registry.listJobs("shop", 10), []);
      await assert.rejects(process.store.materialize("2030-01-01", "2031-01-01"), /later than the clock/);
    });

    test("a deleted view is not materialized", async () => {
      await using project = new Project({ kind });
      project.csv("profiles.csv", "user_id,ts,score", ["1,2024-01-01T00:00:00Z,1"]);
      project.csv("orders.csv", "user_id,ts,amount", []);
      const process = await project.process();
      await project.apply(process, { profile, activity });
      await process.store.materialize("2024-01-01", "2024-01-02");
      await project.apply(process, { profile });
      const outcome = await process.store.materialize("2024-01-01", "2024-01-03");
      assert.deepEqual(
        outcome.views.map((v) => v.view),
        ["profile"],
      );
    });
  });
}
