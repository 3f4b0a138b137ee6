import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { count, csv, entity, explainValue, featureView, float64, int64, sum, type ViewReference } from "@asof/core";
import { at, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64() } });
const latest = featureView("latest", { entities: [user], source: orders, ttl: "2d" }, { amount: float64() });
const totals = featureView("totals", { entities: [user], source: orders }, { spent: sum("amount", { window: "1d" }), orders: count() });
const header = "user_id,ts,amount";
const t = at("2024-01-05T12:00:00Z");

async function open(kind: (typeof storeKinds)[number]) {
  const project = new Project({ kind, nowUs: t });
  project.csv("orders.csv", header, [
    "1,2024-01-01T00:00:00Z,1",
    "1,2024-01-04T12:30:00Z,2",
    "1,2024-01-05T11:00:00Z,4",
    "1,2024-01-05T12:00:00Z,8",
    "2,2024-01-05T11:00:00Z,16",
  ]);
  const process = await project.process();
  await project.apply(process, { latest, totals });
  await process.store.materialize("2024-01-01", "2024-01-05T12:00:00Z");
  const { session } = process;
  const views = (await session.definitions()).views;
  const asked = views.map((view): ViewReference => ({ view, name: view.name, features: null, keys: {}, maxAgeUs: null }));
  const explain = async (view: string, feature: string, atUs = t) =>
    explainValue(
      session.runtime,
      await session.historicalContext(),
      await session.registry(),
      { view, feature, entity: { user_id: 1 }, atUs },
      (references, entities, us) => session.getOnline(references, entities, us),
    );
  return { project, process, asked, explain };
}

for (const kind of storeKinds) {
  describe(`why and parity (${kind})`, () => {
    test("why tells rows, boundaries and both sides of a plain value", async () => {
      const { project, explain } = await open(kind);
      await using _ = project;
      const answer = await explain("latest", "amount");
      assert.deepEqual(answer.boundaries, { form: "as-of", fromUs: at("2024-01-03T12:00:00Z"), toUs: t, hopUs: null, windowUs: null });
      assert.deepEqual([answer.offline, answer.online.value, answer.online.status, answer.verdict], [8, 8, "PRESENT", "equal"]);
      assert.equal(answer.rowCount, 4);
      assert.deepEqual(
        answer.rows.map((row) => [row.eventTimeUs, row.used]),
        [
          [at("2024-01-01"), false],
          [at("2024-01-04T12:30:00Z"), false],
          [at("2024-01-05T11:00:00Z"), false],
          [t, true],
        ],
      );
      assert.match(answer.rows[0]?.reason ?? "", /ttl/);
    });

    test("why tells events, tail and tiles of a windowed value", async () => {
      const { project, explain } = await open(kind);
      await using _ = project;
      const answer = await explain("totals", "spent");
      assert.deepEqual(answer.boundaries, {
        form: "window",
        fromUs: at("2024-01-04T12:00:00Z"),
        toUs: t,
        hopUs: 3_600_000_000,
        windowUs: 86_400_000_000,
      });
      assert.deepEqual([answer.offline, answer.online.value, answer.verdict], [6, 6, "equal"]);
      assert.deepEqual(
        answer.rows.map((row) => row.used),
        [false, true, true, false],
      );
      assert.match(answer.rows[3]?.reason ?? "", /exactly at/);
      assert.notEqual(answer.state, null);
    });

    test("the report counts what it compared, and names what differs", async () => {
      const { project, process, asked } = await open(kind);
      await using _ = project;
      const entities = [1, 2, 3].map((user_id) => ({ user_id }));
      const good = await process.session.compareParity({ asked, entities, atUs: [t, t + 1, at("2024-01-05T23:30:00Z")] });
      assert.deepEqual([good.compared, good.identical, good.mismatches], [3 * 3 * 3, 27, []]);
      project.csv("orders.csv", header, ["1,2024-01-05T11:00:00Z,4", "2,2024-01-05T11:00:00Z,15"]);
      const bad = await process.session.compareParity({ asked, entities, atUs: t });
      assert.deepEqual(
        bad.mismatches.map((m) => [m.feature, m.entity.user_id, m.offline, m.online, m.status]),
        [
          ["latest:amount", 1, 4, 8, "PRESENT"],
          ["totals:spent", 1, 4, 6, "PRESENT"],
          ["totals:orders", 1, 1, 3, "PRESENT"],
          ["latest:amount", 2, 15, 16, "PRESENT"],
          ["totals:spent", 2, 15, 16, "PRESENT"],
        ],
      );
      assert.equal(bad.compared - bad.mismatches.length, bad.identical);
    });
  });
}
