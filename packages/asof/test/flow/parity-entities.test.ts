import assert from "node:assert/strict";
import { test } from "node:test";
import { count, csv, date, decimal, entity, featureView, float64, referenceOf, requestView, timestamp, uuid } from "@asof/core";
import { at, Project, storeKinds } from "./project.test.support.ts";

const visit = entity("visit", { key: { day: date(), start: timestamp(), price: decimal(10, 2), id: uuid() } });
const visits = csv("visits", { path: "visits.csv", eventTime: "ts", columns: { amount: float64() } });
const latest = featureView("latest", { entities: [visit], source: visits }, { amount: float64() });
const totals = featureView("totals", { entities: [visit], source: visits }, { visits: count() });
const doubled = requestView(
  "doubled",
  { inputs: [latest], request: { factor: decimal(5, 2) } },
  { amount: float64() },
  ({ latest, request }) => ({
    amount: latest.amount === null ? null : latest.amount * Number(request.factor),
  }),
);

const id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
const t = at("2024-01-05");

// Feast's entity keys, which the SQLite store has, take none of these types.
for (const kind of storeKinds.filter((k) => k !== "sqlite")) {
  test(`training and serving read one entity however it is written (${kind})`, async () => {
    await using project = new Project({ kind, nowUs: t });
    project.csv("visits.csv", "day,start,price,id,ts,amount", [`2024-01-01,2024-01-01T10:00:00Z,1.50,${id},2024-01-02,7`]);
    const process = await project.process();
    await project.apply(process, { latest, totals, doubled });
    const { store } = process;
    await store.materialize("2024-01-01", "2024-01-05");
    const written = { day: "2024-01-01", start: "2024-01-01T12:00:00+02:00", price: "1.5", id: id.toUpperCase() };
    const exact = { day: "2024-01-01", start: at("2024-01-01T10:00:00Z"), price: "1.50", id };
    const offline: unknown[] = [];
    const onOffline = (_row: number, values: readonly unknown[]): void => void offline.push(...values);
    const asked = [referenceOf(latest), referenceOf(totals)];
    const report = await store.session.compareParity({ asked, entities: [written, exact], atUs: t, onOffline });
    assert.deepEqual(report.mismatches, []);
    assert.deepEqual(offline, [7, 1, 7, 1]);
    // Keys renamed on a request view reach the spine under their new names.
    const { id: visit_id, ...others } = exact;
    const renamed = { asked: [referenceOf(doubled.withKeys({ id: "visit_id" }))], entities: [{ ...others, visit_id, factor: "2" }] };
    const second = await store.session.compareParity({ ...renamed, atUs: t });
    assert.deepEqual([second.compared, second.mismatches], [1, []]);
  });
}
