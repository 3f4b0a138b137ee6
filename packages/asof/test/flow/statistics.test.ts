import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  AsofError,
  count,
  csv,
  derive,
  entity,
  featureView,
  float64,
  int64,
  type KeptStatistics,
  push,
  requestView,
  string,
  sum,
} from "@asof/core";
import { at, Project } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64(), kind: string() } });
const last = featureView("last", { entities: [user], source: orders }, { amount: float64(), kind: string() });
const totals = featureView("totals", { entities: [user], source: orders }, { spent: sum("amount"), orders_1d: count({ window: "1d" }) });
const clicks = push("clicks", { eventTime: "ts", columns: { page: string() } });
const clicked = featureView("clicked", { entities: [user], source: clicks }, { page: string() });
const next = requestView("next", { inputs: [last] }, { more: float64() }, ({ last: l }) => ({ more: (l.amount ?? 0) + 1 }));

const header = "user_id,ts,amount,kind";
const rows = ["1,2024-01-01T00:00:00Z,1,a", "1,2024-01-02T00:00:00Z,,b", "2,2024-01-02T12:00:00Z,4,a"];

async function shop(settings = {}) {
  const project = new Project({ nowUs: at("2024-01-03"), settings });
  project.csv("orders.csv", header, rows);
  const process = await project.process();
  await project.apply(process, { last, totals, clicked, next });
  return { project, process, store: process.store };
}

const figuresOf = (all: readonly KeptStatistics[], feature: string) => all.find((s) => s.feature === feature)?.figures;

describe("statistics of a materialization", () => {
  test("describe what was read, under the job, half-open over both ends", async () => {
    const { project, store } = await shop();
    await using _ = project;
    const { jobId, views } = await store.materialize("2024-01-01", "2024-01-02T12:00:00Z");
    assert.deepEqual(
      views.map((v) => v.statisticsError),
      [null, null, null],
    );
    const all = await store.getStatistics(last);
    assert.deepEqual(
      all.map((s) => [s.feature, s.origin, s.runId, s.rows, s.basis, s.version]),
      [
        ["amount", "materialize", jobId, 3, "rows", 0],
        ["kind", "materialize", jobId, 3, "rows", 0],
      ],
    );
    assert.deepEqual([all[0]?.startUs, all[0]?.endUs], [at("2024-01-01"), at("2024-01-02T12:00:00Z") + 1]);
    assert.deepEqual([figuresOf(all, "amount")?.nulls, figuresOf(all, "amount")?.mean], [1, 2.5]);
    const windows = await store.getStatistics("totals");
    assert.deepEqual(
      windows.map((s) => [s.feature, s.basis, s.rows, s.figures.min, s.figures.max]),
      [
        ["orders_1d", "values_at_end", 2, "1", "1"],
        ["spent", "values_at_end", 2, 1, 4],
      ],
    );
    assert.deepEqual(await store.getStatistics(clicked), [], "a job that finds no row keeps nothing");
  });

  test("an incremental run adds a point over its own interval; a replayed job replaces its own", async () => {
    const { project, store } = await shop();
    await using _ = project;
    await store.materializeIncremental();
    project.csv("orders.csv", header, [...rows, "2,2024-01-03T06:00:00Z,100,c"]);
    project.clock.advance(86_400_000_000);
    await store.materializeIncremental();
    const series = await store.getStatistics(last, { feature: "amount", limit: 10 });
    assert.deepEqual(
      series.map((s) => [s.rows, s.figures.max]),
      [
        [3, 100],
        [3, 4],
      ],
    );
    assert.equal((await store.getStatistics(last, { feature: "amount" })).length, 1);
  });

  test("are switched off by a setting, and on or off by an option", async () => {
    const { project, store } = await shop({ statistics: false });
    await using _ = project;
    await store.materializeIncremental();
    assert.deepEqual(await store.getStatistics(last), []);
    await store.materialize("2024-01-01", "2024-01-03", { statistics: true });
    assert.equal((await store.getStatistics(last)).length, 2);
    const on = await shop();
    await using __ = on.project;
    await on.store.materializeIncremental(undefined, { statistics: false });
    assert.deepEqual(await on.store.getStatistics(last), []);
  });

  test("that fail leave the rows in the store, and the outcome says why", async () => {
    const { project, process, store } = await shop();
    await using _ = project;
    const { runtime } = process.session;
    const fault = new AsofError("ASOF_OUT_OF_MEMORY", "No memory is left.", { fix: "Give more." });
    Object.assign(runtime.offline, { computeStatistics: () => Promise.reject(fault) });
    const { views } = await store.materialize("2024-01-01", "2024-01-03", { views: ["last"] });
    assert.equal(views[0]?.status, "done");
    assert.match(views[0]?.statisticsError ?? "", /ASOF_OUT_OF_MEMORY/);
    const { rows: online } = await store.getOnlineFeatures({ features: [last], entities: [{ user_id: 2 }] });
    assert.equal(online[0]?.last.amount, 4);
  });
});

describe("statistics on demand", () => {
  test("cover the interval asked for, by default all up to now, and are kept", async () => {
    const { project, store } = await shop();
    await using _ = project;
    const all = await store.computeStatistics(last);
    assert.deepEqual(
      [figuresOf(all, "kind")?.distinct, all[0]?.origin, all[0]?.startUs, all[0]?.endUs],
      [2, "on_demand", null, at("2024-01-03")],
    );
    project.clock.advance(1);
    const day = await store.computeStatistics("last", { start: "2024-01-01", end: "2024-01-02" });
    assert.deepEqual([day[0]?.rows, figuresOf(day, "amount")?.mean], [1, 1]);
    const kept = await store.getStatistics(last, { limit: 10 });
    assert.deepEqual(
      kept.filter((s) => s.feature === "amount").map((s) => s.rows),
      [1, 3],
    );
    assert.deepEqual((await store.computeStatistics(last, { start: "2023-01-01", end: "2023-01-02" }))[0]?.rows, 0);
  });

  test("refuse what has no values at rest, by code and with the nearest name", async () => {
    const { project, store } = await shop();
    await using _ = project;
    await assert.rejects(store.computeStatistics("lost"), { code: "ASOF_FEATURE_UNKNOWN" });
    await assert.rejects(store.computeStatistics(next), { code: "ASOF_FEATURE_UNKNOWN" });
    await assert.rejects(store.getStatistics(last, { feature: "amont" }), { code: "ASOF_FEATURE_UNKNOWN", message: /mean "amount"/ });
    await assert.rejects(store.computeStatistics("last@v7"), { code: "ASOF_VERSION_UNKNOWN" });
    // @ts-expect-error: a view or its name
    await assert.rejects(store.computeStatistics(5), { code: "ASOF_REQUEST_INVALID" });
  });

  test("belong to a version; a view that is deleted takes them along", async () => {
    const { project, process, store } = await shop();
    await using _ = project;
    await store.materializeIncremental();
    const changed = featureView("last", { entities: [user], source: orders }, { amount: derive((o) => o.amount.times(3)), kind: string() });
    await project.apply(process, { last: changed, totals, clicked });
    await store.computeStatistics("last@v1");
    assert.deepEqual(
      [(await store.getStatistics("last@v1", { limit: 9 })).length, (await store.getStatistics("last@v0", { limit: 9 })).length],
      [2, 2],
    );
    await project.apply(process, { totals, clicked });
    assert.deepEqual(await project.registry.listStatistics({ project: process.session.runtime.project, view: "last", limit: 9 }), []);
  });

  test("tell nothing of an erased key: what was kept is forgotten, what comes later leaves it out", async () => {
    const { project, store } = await shop();
    await using _ = project;
    await store.materializeIncremental();
    assert.equal((await store.getStatistics(last, { feature: "amount" }))[0]?.figures.max, 4);
    await store.deleteEntity({ user_id: 2 });
    assert.deepEqual([await store.getStatistics(last), await store.getStatistics(totals)], [[], []]);
    assert.deepEqual(figuresOf(await store.computeStatistics(last), "amount")?.max, 1);
    assert.deepEqual(figuresOf(await store.computeStatistics(totals), "spent")?.count, 1);
  });
});
