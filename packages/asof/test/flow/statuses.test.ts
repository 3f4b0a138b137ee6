import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AsofError, count, csv, entity, featureService, featureView, float64, int64, string, sum } from "@asof/core";
import { at, Project, storeKinds, untyped } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64() } });
const pair = entity("pair", { key: { left: string(), right: string() } });
const profiles = csv("profiles", { path: "profiles.csv", eventTime: "ts", columns: { plan: string(), score: float64() } });
const profile = featureView("profile", { entities: [user], source: profiles, ttl: "2d" }, { plan: string(), score: float64() });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64() } });
const activity = featureView(
  "activity",
  { entities: [user], source: orders },
  {
    orders_1d: count({ window: "1d" }),
    spent_1d: sum("amount", { window: "1d" }),
  },
);
const links = csv("links", { path: "links.csv", eventTime: "ts", columns: { weight: float64() } });
const link = featureView("link", { entities: [pair], source: links }, { weight: float64() });
const world = csv("world", { path: "world.csv", eventTime: "ts", columns: { mood: string() } });
const mood = featureView("mood", { source: world }, { mood: string() });
const all = featureService("all", [profile, activity]);
const definitions = { user, pair, profile, activity, link, mood, all };

async function open(kind: (typeof storeKinds)[number]) {
  const project = new Project({ kind });
  project.csv("profiles.csv", "user_id,ts,plan,score", [
    "1,2024-02-01T00:00:00Z,free,1.5",
    "2,2024-02-01T00:00:00Z,,2.5",
    "3,2024-02-01T00:00:00Z,old,0",
    "3,2024-02-01T12:00:00Z,,",
    "4,2024-02-03T00:00:00Z,late,9",
  ]);
  project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-31T06:00:00Z,10", "1,2024-01-31T23:00:00Z,", "2,2024-02-01T00:00:00Z,7"]);
  project.csv("links.csv", "left,right,ts,weight", ["a,b,2024-02-01T00:00:00Z,1", "ab,,2024-02-01T00:00:00Z,2"]);
  project.csv("world.csv", "ts,mood", ["2024-02-01T00:00:00Z,calm"]);
  const process = await project.process();
  await project.apply(process, definitions);
  await process.store.materialize("2024-01-01", "2024-02-02");
  return { project, ...process };
}

const column = <T>(rows: readonly Readonly<Record<string, Readonly<Record<string, T>>>>[], view: string, feature: string) =>
  rows.map((row) => row[view]?.[feature]);

for (const kind of storeKinds) {
  describe(`statuses of online reads (${kind})`, () => {
    test("PRESENT, NULL_VALUE, NOT_FOUND and a newer null that hides an older value", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const entities = [3n, 1n, 2n, 9n].map((user_id) => ({ user_id }));
      const answer = await store.getOnlineFeatures({ features: [profile], entities, at: "2024-02-02" });
      assert.deepEqual(column(answer.rows, "profile", "plan"), [null, "free", null, null]);
      assert.deepEqual(column(answer.statuses, "profile", "plan"), ["NULL_VALUE", "PRESENT", "NULL_VALUE", "NOT_FOUND"]);
      assert.deepEqual(column(answer.statuses, "profile", "score"), ["NULL_VALUE", "PRESENT", "PRESENT", "NOT_FOUND"]);
      const times = answer.eventTimes.map((row) => row.profile);
      assert.deepEqual(times, [at("2024-02-01T12:00:00Z"), at("2024-02-01"), at("2024-02-01"), null]);
    });

    test("the ttl window is closed at both ends", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const ask = async (us: number) => {
        const answer = await store.getOnlineFeatures({ features: [profile], entities: [{ user_id: 1n }], at: us });
        return [answer.rows[0]?.profile.plan, answer.statuses[0]?.profile.plan];
      };
      assert.deepEqual(await ask(at("2024-02-01")), ["free", "PRESENT"], "the row's own instant");
      assert.deepEqual(await ask(at("2024-02-03")), ["free", "PRESENT"], "exactly ttl old");
      assert.deepEqual(await ask(at("2024-02-03") + 1), [null, "OUTSIDE_MAX_AGE"]);
      assert.deepEqual(await ask(at("2024-02-01") - 1), [null, "INCOMPLETE"], "what was visible before the stored row is not known");
      assert.equal(store.incompleteReads, 2, "both features were counted");
    });

    test("maxAge of a use tightens the ttl", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const fresh = featureService("fresh", [profile.maxAge("1h")]);
      const ask = async (us: number) =>
        (await store.getOnlineFeatures({ service: fresh, entities: [{ user_id: 1n }], at: us })).statuses[0]?.profile.plan;
      assert.deepEqual([await ask(at("2024-02-01T01:00:00Z")), await ask(at("2024-02-01T01:00:00Z") + 1)], ["PRESENT", "OUTSIDE_MAX_AGE"]);
    });

    test("a windowed view inside its coverage has no NOT_FOUND, and outside of it is INCOMPLETE", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const entities = [1n, 2n, 9n].map((user_id) => ({ user_id }));
      const now = await store.getOnlineFeatures({ features: [activity], entities, at: "2024-02-01" });
      assert.deepEqual(column(now.rows, "activity", "orders_1d"), [2, 0, 0]);
      assert.deepEqual(column(now.rows, "activity", "spent_1d"), [10, null, null], "the event at t does not count");
      assert.deepEqual(column(now.statuses, "activity", "spent_1d"), ["PRESENT", "NULL_VALUE", "NULL_VALUE"]);
      const later = await store.getOnlineFeatures({ features: [activity], entities, at: "2024-02-02" });
      assert.deepEqual(column(later.rows, "activity", "orders_1d"), [0, 1, 0]);
    });

    test("coverage begins where the first materialization began, in whole tiles", async () => {
      await using project = new Project({ kind });
      project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-01T06:00:00Z,10", "1,2024-01-20T06:00:00Z,5"]);
      const { store, session } = await project.process();
      await project.apply({ store, session, owner: "" }, { activity });
      const before = await store.getOnlineFeatures({ features: [activity], entities: [{ user_id: 1n }], at: "2024-01-21" });
      assert.deepEqual(
        [before.rows[0]?.activity.orders_1d, before.statuses[0]?.activity.orders_1d],
        [null, "NOT_FOUND"],
        "nothing is covered",
      );
      await store.materialize("2024-01-10T00:30:00Z", "2024-01-20T12:00:00Z");
      const ask = async (us: number) => {
        const answer = await store.getOnlineFeatures({ features: [activity], entities: [{ user_id: 2n }], at: us });
        return answer.statuses[0]?.activity.orders_1d;
      };
      assert.equal(await ask(at("2024-01-11")), "PRESENT", "the tile of 00:30 is read from its start");
      assert.equal(await ask(at("2024-01-11") - 1), "INCOMPLETE");
    });

    test("any null key part gives nulls; key parts are not glued together", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const entities = untyped<{ left: string; right: string }[]>([
        { left: "a", right: "b" },
        { left: "ab", right: "" },
        { left: "a", right: null },
        { left: null, right: null },
      ]);
      const answer = await store.getOnlineFeatures({ features: [link], entities, at: "2024-02-02" });
      assert.deepEqual(column(answer.rows, "link", "weight"), [1, null, null, null]);
      assert.deepEqual(column(answer.statuses, "link", "weight"), ["PRESENT", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]);
      const windowed = await store.getOnlineFeatures({
        features: [activity],
        entities: [{ user_id: untyped<bigint>(null) }],
        at: "2024-02-02",
      });
      assert.deepEqual(windowed.rows[0]?.activity, { orders_1d: null, spent_1d: null }, "also counts are null, as in training");
    });

    test("a view without entities answers every row", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const answer = await store.getOnlineFeatures({ features: [mood], entities: [{}, {}], at: "2024-02-02" });
      assert.deepEqual(column(answer.rows, "mood", "mood"), ["calm", "calm"]);
    });

    test("answers keep the order of rows and features, duplicates too", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const entities = [2n, 1n, 2n].map((user_id) => ({ user_id }));
      const service = featureService("mixed", [activity.pick("spent_1d", "orders_1d"), profile.pick("score", "plan")]);
      const answer = await store.getOnlineFeatures({ service, entities, at: "2024-02-02" });
      assert.deepEqual(column(answer.rows, "profile", "score"), [2.5, 1.5, 2.5]);
      assert.deepEqual(Object.keys(answer.rows[0] ?? {}), ["activity", "profile"]);
      assert.deepEqual(Object.keys(answer.rows[0]?.profile ?? {}), ["score", "plan"]);
      assert.deepEqual(Object.keys(answer.statuses[0]?.activity ?? {}), ["spent_1d", "orders_1d"]);
    });

    test("without `at` the clock decides", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const ask = async () => {
        const answer = await store.getOnlineFeatures({ features: [profile], entities: [{ user_id: 1n }] });
        return [answer.asOfUs, answer.statuses[0]?.profile.plan];
      };
      project.clock.set(at("2024-02-03"));
      assert.deepEqual(await ask(), [at("2024-02-03"), "PRESENT"]);
      project.clock.advance(1);
      assert.deepEqual(await ask(), [at("2024-02-03") + 1, "OUTSIDE_MAX_AGE"]);
    });

    test("wrong requests are refused with the row and the field", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const ask = (row: unknown) =>
        store.getOnlineFeatures({ features: [profile], entities: [{ user_id: 1n }, row as { user_id: bigint }], at: "2024-02-02" });
      const refused = (row: unknown, code: string, path: string) =>
        assert.rejects(ask(row), (error) => error instanceof AsofError && error.code === code && error.path === path, JSON.stringify(path));
      await refused({}, "ASOF_REQUEST_INVALID", "entities[1].user_id");
      await refused({ user_id: "1" }, "ASOF_VALUE_INVALID", "entities[1].user_id");
      await refused({ user_id: 1.5 }, "ASOF_VALUE_INVALID", "entities[1].user_id");
      await refused({ user_id: 1n, surplus: 1 }, "ASOF_REQUEST_INVALID", "entities[1].surplus");
      const number = await ask({ user_id: 2 });
      assert.equal(number.rows[1]?.profile.score, 2.5, "a whole number is a key too");
    });

    test("views that are asked for without a service are checked", async () => {
      const { project, store } = await open(kind);
      await using _ = project;
      const wrong = profile.pick("plann" as "plan");
      const entities = [{ user_id: 1n }];
      await assert.rejects(store.getOnlineFeatures({ features: [wrong], entities }), /ASOF_FEATURE_UNKNOWN/);
      await assert.rejects(
        store.getHistoricalFeatures({ features: [wrong], spine: [{ user_id: 1n, event_timestamp: "2024-02-02" }] }),
        /ASOF_FEATURE_UNKNOWN/,
      );
      await assert.rejects(store.getOnlineFeatures({ features: [profile, profile], entities }), /ASOF_NAME_DUPLICATE/);
    });
  });
}
