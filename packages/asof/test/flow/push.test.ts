import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AsofError, count, csv, decodeSourceState, entity, featureView, float64, int64, last, push, string, sum } from "@asof/core";
import { at, collect, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const columns = { amount: float64(), note: string() };
const clicks = push("clicks", { eventTime: "ts", columns });
const latest = featureView("latest", { entities: [user], source: clicks, ttl: "30d" }, { amount: float64(), note: string() });
const totals = featureView(
  "totals",
  { entities: [user], source: clicks },
  { clicks: count(), spent_1d: sum("amount", { window: "1d" }), note: last("note") },
);
const named = push("named", { eventTime: "ts", eventId: "id", columns });
const namedTotals = featureView("named_totals", { entities: [user], source: named }, { clicks: count() });
const history = csv("history", { path: "history.csv", eventTime: "ts", columns });
const both = push("both", { batch: history });
const bothTotals = featureView("both_totals", { entities: [user], source: both }, { spent: sum("amount"), note: last("note") });
const bothLatest = featureView("both_latest", { entities: [user], source: both }, { note: string() });

const row = (user_id: number, ts: string, amount: number | null = 1, note: string | null = null) => ({ user_id, ts, amount, note });

for (const kind of storeKinds) {
  describe(`push (${kind})`, () => {
    test("reaches every view of the source and the offline log; training and serving agree", async () => {
      await using project = new Project({ kind });
      const process = await project.process();
      await project.apply(process, { latest, totals });
      const counts = await process.store.push(clicks, [
        row(1, "2024-02-29T10:00:00Z", 1, "a"),
        row(1, "2024-02-29T11:00:00Z", 2, null),
        row(2, "2024-02-29T10:00:00Z"),
      ]);
      assert.deepEqual(counts, { rows: 3, heldBack: 0, beforeHandover: 0, outsideHistory: 0, erased: 0, written: 4 });
      const entities = [{ user_id: 1 }, { user_id: 2 }, { user_id: 3 }];
      const { rows, statuses } = await process.store.getOnlineFeatures({ features: [latest, totals], entities });
      assert.deepEqual(rows[0], { latest: { amount: 2, note: null }, totals: { clicks: 2, spent_1d: 3, note: "a" } });
      assert.deepEqual(rows[2]?.totals, { clicks: 0, spent_1d: null, note: null }, "covered from the beginning: no NOT_FOUND");
      assert.equal(statuses[2]?.latest.amount, "NOT_FOUND");
      await using training = await process.store.getHistoricalFeatures({
        features: [latest, totals],
        fullFeatureNames: true,
        spine: entities.map((e) => ({ ...e, event_timestamp: project.clock.nowUs() })),
      });
      const trained = await collect(training.rows());
      assert.deepEqual(
        trained.map((r) => [r.latest__amount, r.totals__clicks, r.totals__spent_1d, r.totals__note]),
        rows.map((r) => [r.latest.amount, r.totals.clicks, r.totals.spent_1d, r.totals.note]),
      );
    });

    test("a row that cannot be taken refuses the whole push", async () => {
      await using project = new Project({ kind });
      const process = await project.process();
      await project.apply(process, { latest, totals });
      const refused = (bad: Readonly<Record<string, unknown>>, code: string, path: string) =>
        assert.rejects(
          process.store.push("clicks", [row(1, "2024-02-29T10:00:00Z"), bad]),
          (error) => error instanceof AsofError && error.code === code && error.path === path,
          path,
        );
      const { note: _, ...short } = row(1, "2024-02-29T10:00:00Z");
      await refused(short, "ASOF_PUSH_INVALID", "rows[1].note");
      await refused({ ...row(1, "2024-02-29T10:00:00Z"), more: 1 }, "ASOF_PUSH_INVALID", "rows[1].more");
      await refused({ ...row(1, "2024-02-29T10:00:00Z"), amount: "1" }, "ASOF_VALUE_INVALID", "rows[1].amount");
      await refused({ ...row(1, "2024-02-29T10:00:00Z"), ts: null }, "ASOF_VALUE_INVALID", "rows[1].ts");
      await assert.rejects(process.store.push("nobody", []), /ASOF_OBJECT_UNKNOWN.*clicks/);
      const { statuses } = await process.store.getOnlineFeatures({ features: [latest], entities: [{ user_id: 1 }] });
      assert.equal(statuses[0]?.latest.amount, "NOT_FOUND");
    });

    test("a replay with its idempotency key or event id folds nothing twice, and loses no tie that it won", async () => {
      await using project = new Project({ kind });
      const process = await project.process();
      await project.apply(process, { latest, totals, namedTotals });
      const send = (note: string, key: string) =>
        process.store.push(clicks, [row(1, "2024-02-29T10:00:00Z", 1, note)], { idempotencyKey: key });
      await send("first", "k1");
      project.clock.advance(1_000_000);
      await send("second", "k2");
      project.clock.advance(1_000_000);
      await send("first", "k1");
      const { rows } = await process.store.getOnlineFeatures({ features: [latest, totals], entities: [{ user_id: 1 }] });
      assert.deepEqual(rows[0], { latest: { amount: 1, note: "second" }, totals: { clicks: 2, spent_1d: 2, note: "second" } });
      await using training = await process.store.getHistoricalFeatures({
        features: [latest, totals],
        fullFeatureNames: true,
        spine: [{ user_id: 1, event_timestamp: project.clock.nowUs() }],
      });
      const [trained] = await collect(training.rows());
      assert.deepEqual([trained?.latest__note, trained?.totals__clicks, trained?.totals__note], ["second", 2, "second"]);
      for (const id of ["x", "y", "x"]) await process.store.push(named, [{ ...row(1, "2024-02-29T10:00:00Z"), id }]);
      const answer = await process.store.getOnlineFeatures({ features: [namedTotals], entities: [{ user_id: 1 }] });
      assert.equal(answer.rows[0]?.named_totals.clicks, 2);
    });

    test("what the log has of a push is looked up once, however many views and held-back rows it feeds", async (context) => {
      await using project = new Project({ kind });
      const process = await project.process();
      await project.apply(process, { latest, totals });
      const send = (first: string, later: string) =>
        process.store.push(clicks, [row(1, "2024-02-29T10:00:00Z", 1, first), row(1, "2024-03-02T10:00:00Z", 2, later)], {
          idempotencyKey: "k",
        });
      await send("first", "later");
      const pull = context.mock.method(process.session.runtime.offline, "pull");
      const counts = await send("changed", "changed");
      assert.equal(pull.mock.callCount(), 1);
      assert.deepEqual({ heldBack: counts.heldBack, written: counts.written }, { heldBack: 1, written: 0 });
      const read = () => process.store.getOnlineFeatures({ features: [latest, totals], entities: [{ user_id: 1 }] });
      assert.deepEqual((await read()).rows[0]?.latest, { amount: 1, note: "first" });
      project.clock.set(at("2024-03-02T10:00:01Z"));
      assert.deepEqual((await read()).rows[0], { latest: { amount: 2, note: "later" }, totals: { clicks: 2, spent_1d: 2, note: "later" } });
    });

    test("without a key every push is new", async () => {
      await using project = new Project({ kind });
      const process = await project.process();
      await project.apply(process, { totals });
      for (let i = 0; i < 2; i++) await process.store.push(clicks, [row(1, "2024-02-29T10:00:00Z")]);
      const { rows } = await process.store.getOnlineFeatures({ features: [totals], entities: [{ user_id: 1 }] });
      assert.equal(rows[0]?.totals.clicks, 2);
    });

    test("to the log alone, then materialized late by another run; to online alone, outside the history", async () => {
      await using project = new Project({ kind });
      const process = await project.process();
      await project.apply(process, { totals, latest });
      const ask = async () =>
        (await process.store.getOnlineFeatures({ features: [totals], entities: [{ user_id: 1 }] })).rows[0]?.totals.clicks;
      await process.store.push(clicks, [row(1, "2024-02-29T10:00:00Z")]);
      await process.store.materializeIncremental();
      project.clock.advance(3_600_000_000);
      await process.store.push(clicks, [row(1, "2024-01-10T10:00:00Z")], { to: "offline" });
      assert.equal(await ask(), 1);
      await process.store.materializeIncremental();
      assert.equal(await ask(), 2, "a late row of the log");
      const outside = await process.store.push(clicks, [row(1, "2024-02-29T12:00:00Z")], { to: "online" });
      assert.equal(outside.outsideHistory, 1);
      const { records } = await process.session.runtime.registry.snapshot(null);
      const state = records.find((r) => r.kind === "source_state" && r.name === "clicks");
      assert.equal(decodeSourceState(state?.spec ?? null, "clicks").onlineOnlyRows, 1);
      assert.equal(await ask(), 3);
      const report = await process.session.compareParity({
        asked: [
          {
            view: (await process.session.definitions()).views.find((v) => v.name === "totals") ?? assert.fail(),
            name: "totals",
            features: ["clicks"],
            keys: {},
            maxAgeUs: null,
          },
        ],
        entities: [{ user_id: 1 }],
        atUs: project.clock.nowUs(),
      });
      assert.deepEqual(
        report.mismatches.map((m) => [m.feature, m.offline, m.online]),
        [["totals:clicks", 2, 3]],
        "exempt from the law, and seen by the comparison",
      );
    });

    test("with a batch side pushes count from the end of the materialized batch on; the handover moves until the first push", async () => {
      await using project = new Project({ kind });
      project.csv("history.csv", "user_id,ts,amount,note", [
        "1,2024-01-01T00:00:00Z,1,a",
        "1,2024-02-01T00:00:00Z,2,b",
        "1,2024-02-20T00:00:00Z,4,c",
      ]);
      const process = await project.process();
      await project.apply(process, { bothTotals, bothLatest });
      const ask = async () => {
        const { rows } = await process.store.getOnlineFeatures({ features: [bothTotals, bothLatest], entities: [{ user_id: 1 }] });
        return [rows[0]?.both_totals.spent, rows[0]?.both_totals.note, rows[0]?.both_latest.note];
      };
      await assert.rejects(process.store.push(both, [row(1, "2024-02-29T10:00:00Z")]), /ASOF_HANDOVER_UNSET/);
      await process.store.materialize("2024-01-01", "2024-01-15");
      await process.store.materialize("2024-01-15", "2024-02-10");
      assert.deepEqual(await ask(), [3, "b", "b"], "nothing was pushed yet, so the second interval counts");
      const end = at("2024-02-10");
      const counts = await process.store.push(both, [
        { ...row(1, "2024-02-10", 8, "at the end") },
        { ...row(1, "2024-02-10T00:00:00.000001Z", 16, "pushed") },
      ]);
      assert.deepEqual([counts.rows, counts.beforeHandover], [2, 1], "the end itself is the batch's");
      assert.deepEqual(await ask(), [19, "pushed", "pushed"]);
      await process.store.materialize("2024-01-01", "2024-02-28");
      assert.deepEqual(await ask(), [19, "pushed", "pushed"], "batch rows from the handover on are the log's part");
      assert.equal((await process.session.registry(true)).handoverOf("both"), end + 1);
      await using training = await process.store.getHistoricalFeatures({
        features: [bothTotals.pick("spent"), bothLatest],
        spine: [{ user_id: 1, event_timestamp: project.clock.nowUs() }],
      });
      const [trained] = await collect(training.rows());
      assert.deepEqual([trained?.spent, trained?.note], [19, "pushed"]);
    });

    test("a newer push is cut off at t, although it was ingested first", async () => {
      await using project = new Project({ kind });
      const process = await project.process();
      await project.apply(process, { totals });
      await process.store.push(clicks, [row(1, "2024-02-29T10:01:30Z", 2)]);
      await process.store.push(clicks, [row(1, "2024-02-29T10:00:00Z", 1)]);
      const ask = async (t: string) => {
        const answer = await process.store.getOnlineFeatures({ features: [totals], entities: [{ user_id: 1 }], at: t });
        return [answer.rows[0]?.totals.spent_1d, answer.statuses[0]?.totals.spent_1d];
      };
      assert.deepEqual(await ask("2024-02-29T10:01:30Z"), [1, "PRESENT"], "the event at t is not included");
      assert.deepEqual(await ask("2024-02-29T10:01:31Z"), [3, "PRESENT"]);
      assert.deepEqual(await ask("2024-02-29T10:00:00Z"), [null, "NULL_VALUE"]);
      await process.store.push(clicks, [row(1, "2024-02-29T10:50:00Z", 4)]);
      const before = process.store.incompleteReads;
      assert.equal((await ask("2024-02-29T10:01:00Z"))[1], "INCOMPLETE", "older than the separable head, inside a tile");
      assert.equal(process.store.incompleteReads, before + 3, "every feature of the row is counted");
    });
  });
}
