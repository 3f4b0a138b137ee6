import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { collectDefinitions, planChanges, renderPlan, validateRepository } from "@asof/core";
import { bool, count, csv, derive, entity, featureService, featureView, float64, int64, label, parquet, requestView, string } from "asof";
import { openTestStore } from "asof/testing";

const customer = entity("customer", { key: { customer_id: int64({ as: "number" }) } });
const profiles = parquet("profiles", { path: "profiles.parquet", eventTime: "ts", columns: { tier: string() } });
const outcomes = parquet("outcomes", {
  path: "outcomes.parquet",
  eventTime: "ts",
  createdTime: "created",
  columns: { left: bool(), amount: float64() },
});

const profile = featureView("profile", { entities: [customer], source: profiles }, { tier: string() });
const churn = label(
  "churn",
  { entities: [customer], source: outcomes, delay: "10d", owner: "growth@shop" },
  {
    left: bool({ description: "cancelled" }),
    lost: derive((o) => o.amount.times(2)),
  },
);
const fresh = label("fresh", { entities: [customer], source: outcomes, delay: "10d", ttl: "9d" }, { amount: float64() });

const rows = {
  profiles: [{ customer_id: 1, ts: "2024-01-01", tier: "basic" }],
  outcomes: [
    // Told late: at first it did not look like it, then it did, and much later it was corrected.
    { customer_id: 1, ts: "2024-01-05", created: "2024-01-05", left: false, amount: 1 },
    { customer_id: 1, ts: "2024-01-05", created: "2024-01-11", left: true, amount: 2 },
    { customer_id: 1, ts: "2024-01-05", created: "2024-01-20", left: false, amount: 3 },
    { customer_id: 2, ts: "2023-12-01", created: "2023-12-01", left: true, amount: 4 },
  ],
};

const open = (now = "2024-03-01") => openTestStore({ definitions: { profile, churn, fresh }, now, rows });

async function collect<Row>(set: { rows(): AsyncIterable<Row> }): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of set.rows()) all.push(row);
  return all;
}

const spine = [
  { customer_id: 1, event_timestamp: "2023-12-27" },
  { customer_id: 1, event_timestamp: "2024-01-01" },
  { customer_id: 1, event_timestamp: "2024-01-10" },
  { customer_id: 1, event_timestamp: "2024-01-11" },
  { customer_id: 2, event_timestamp: "2024-01-01" },
];

describe("labels", () => {
  test("are what was known a delay after the row's time, and not what was corrected later; typed columns of their own", async () => {
    await using store = await open();
    await using set = await store.getHistoricalFeatures({ features: [profile], labels: [churn], spine });
    const all = await collect(set);
    const first = all[0];
    assert.ok(first !== undefined);
    const typed: { tier: string | null; left: boolean | null; lost: number | null } = first;
    assert.ok("left" in typed);
    assert.deepEqual(
      all.map((r) => [r.tier, r.left, r.lost]),
      [
        [null, false, 2],
        ["basic", true, 4],
        // Ends exactly where the source is known to: the correction counts, since it was known by then.
        ["basic", false, 6],
        ["basic", null, null],
        [null, true, 8],
      ],
    );
    assert.deepEqual(set.report.labels, {
      churn: { knownUntilUs: Date.parse("2024-01-20") * 1000, immature: 1, notAfterRow: 2 },
    });
    assert.equal(set.report.droppedRows, 0);
  });

  test("do not count rows older than their ttl", async () => {
    await using store = await open();
    await using set = await store.getHistoricalFeatures({ features: [profile], labels: [fresh], spine });
    assert.deepEqual(
      (await collect(set)).map((r) => r.amount),
      [1, 2, null, null, null],
    );
    assert.equal(set.report.labels.fresh?.notAfterRow, 0);
  });

  test("that are not final are kept as null, dropped and counted, or an error that names rows", async () => {
    await using store = await open();
    const asked = { features: [profile], labels: [churn], spine } as const;
    await using dropped = await store.getHistoricalFeatures({ ...asked, immature: "drop" });
    assert.deepEqual(
      (await collect(dropped)).map((r) => r.left),
      [false, true, false, true],
    );
    assert.deepEqual([dropped.report.spineRows, dropped.report.droppedRows], [5, 1]);
    await assert.rejects(store.getHistoricalFeatures({ ...asked, immature: "error" }), {
      code: "ASOF_LABELS_IMMATURE",
      message: /Label "churn" is not final yet for 1 of 5 rows, the first: row 3\./,
    });
    await using told = await store.getHistoricalFeatures({ ...asked, immature: "error", labelsKnownUntil: "2024-02-01" });
    assert.equal((await collect(told))[3]?.left, false);
  });

  test("are never known beyond now, whatever rows or callers say", async () => {
    await using store = await open("2024-01-12");
    const asked = { features: [profile], labels: [churn], spine } as const;
    await using set = await store.getHistoricalFeatures({ ...asked, labelsKnownUntil: "2025-01-01" });
    assert.deepEqual(
      (await collect(set)).map((r) => r.left),
      [false, true, null, null, true],
    );
    assert.equal(set.report.labels.churn?.knownUntilUs, Date.parse("2024-01-12") * 1000);
  });

  test("come out with full names, beside every kind of rows, through request views", async () => {
    const stage = requestView("stage", { inputs: [profile] }, { stage: string() }, ({ profile: p }) => ({ stage: p.tier ?? "none" }));
    await using store = await openTestStore({ definitions: { profile, churn, stage }, now: "2024-03-01", rows });
    await using latest = await store.getHistoricalFeatures({
      features: [profile, stage],
      labels: [churn],
      latestAsOf: "2024-01-01",
      fullFeatureNames: true,
    });
    assert.deepEqual(await collect(latest), [
      {
        customer_id: 1,
        event_timestamp: Date.parse("2024-01-01") * 1000,
        profile__tier: "basic",
        churn__left: true,
        churn__lost: 4,
        stage__stage: "basic",
      },
    ]);
    await using changes = await store.getHistoricalFeatures({
      features: [profile],
      labels: [churn],
      between: { start: "2024-01-01", end: "2024-02-01" },
    });
    assert.deepEqual(
      (await collect(changes)).map((r) => r.left),
      [true],
    );
  });
});

describe("a label is no feature", () => {
  const fault = (definitions: Readonly<Record<string, unknown>>) =>
    validateRepository(collectDefinitions([definitions], "shop")).map((i) => `${i.path}: ${i.message}`);

  test("in services, request views and requests, by types and at run time", async () => {
    // @ts-expect-error: a label is no view.
    const service = featureService("service", [profile, churn]);
    assert.match(fault({ service }).join("\n"), /feature_services\.service\.views\[1\]: This is the label "churn".*it would leak/);
    // @ts-expect-error: nor an input.
    const request = requestView("request", { inputs: [churn] }, { x: float64() }, () => ({ x: 1 }));
    assert.match(fault({ request }).join("\n"), /This is the label "churn"/);
    await using store = await open();
    // @ts-expect-error: nor is it asked for among features.
    await assert.rejects(store.getHistoricalFeatures({ features: [churn], spine }), {
      code: "ASOF_REQUEST_INVALID",
      message: /it would leak/,
    });
    // @ts-expect-error: and a view is no label.
    await assert.rejects(store.getHistoricalFeatures({ features: [profile], labels: [profile], spine }), {
      code: "ASOF_REQUEST_INVALID",
      path: "labels",
    });
    await assert.rejects(store.session.ask({ features: ["churn:left"] }), { code: "ASOF_REQUEST_INVALID", message: /"churn" is a label/ });
  });

  test("a definition says what is wrong with it", () => {
    const undated = csv("undated", { path: "u.csv", columns: { left: bool() } });
    // @ts-expect-error: no delay.
    const timeless = label("timeless", { entities: [customer], source: undated }, { left: bool() });
    const folded = label(
      "folded",
      { entities: [customer], source: outcomes, delay: "1d" },
      {
        // @ts-expect-error: no aggregates.
        n: count({ window: "1d" }),
      },
    );
    // @ts-expect-error: no such column.
    const misspelt = label("misspelt", { entities: [customer], source: outcomes, delay: "1d" }, { lef: bool() });
    const text = fault({
      timeless,
      folded,
      misspelt,
      twice: [label("churn", { entities: [customer], source: outcomes, delay: "1d" }, { left: bool() }), churn],
    }).join("\n");
    assert.match(text, /labels\.timeless\.delay: A label needs a delay/);
    assert.match(text, /labels\.timeless\.source: A label needs the event time/);
    assert.match(text, /labels\.folded\.features\.n: Label "n" is an aggregate/);
    assert.match(text, /labels\.misspelt\.features\.lef: .*no column "lef"/);
    assert.match(text, /labels\.churn: 2|Two different labels are called "churn"/);
  });

  test("names that are taken, and keys that are missing", async () => {
    await using store = await open();
    const asked = { features: [profile], labels: [churn] } as const;
    await assert.rejects(store.getHistoricalFeatures({ ...asked, spine: spine.map((row) => ({ ...row, left: true })) }), {
      code: "ASOF_NAME_COLLISION",
      message: /Label "churn:left" comes out as "left", and so does the spine's column "left"/,
    });
    const call = (query: object): Promise<unknown> => Reflect.apply(store.getHistoricalFeatures, store, [{ ...asked, ...query }]);
    await assert.rejects(call({ spine, immature: "dorp" }), { code: "ASOF_REQUEST_INVALID", path: "immature" });
    await assert.rejects(call({ spine, labels: "churn" }), { code: "ASOF_REQUEST_INVALID", path: "labels" });
    const market = featureView("market", { source: profiles }, { tier: string() });
    await assert.rejects(store.getHistoricalFeatures({ features: [market], labels: [churn], latestAsOf: "2024-01-01" }), {
      code: "ASOF_SPINE_INVALID",
      message: /no column for the key "customer_id" of label "churn"/,
    });
  });
});

describe("the registry knows labels", () => {
  test("plan, registry and lineage: created, changed, read back, used for a training set, deleted", async () => {
    await using store = await open();
    const { session } = store;
    const registered = (await session.registry(true)).models.labels.get("churn");
    assert.equal(registered?.delayUs, 10 * 86_400_000_000);
    assert.deepEqual(
      [registered?.features.map((f) => f.name), registered?.meta.owner, registered?.source.name],
      [["left", "lost"], "growth@shop", "outcomes"],
    );
    assert.deepEqual((await session.plan({ skipSourceValidation: true })).entries, []);
    const edges = async () => (await session.runtime.registry.listLineage(session.runtime.project)).map((e) => `${e.from} → ${e.to}`);
    assert.ok((await edges()).includes("source:outcomes.left → label:churn.left"));
    assert.ok((await edges()).includes("source:outcomes.amount → label:churn.lost"));
    const folder = mkdtempSync(join(tmpdir(), "asof-labels-"));
    try {
      const path = join(folder, "train.parquet");
      await using set = await store.getHistoricalFeatures({ features: [profile], labels: [churn], spine, immature: "drop" });
      assert.deepEqual(await set.writeParquet(path), { rows: 4, files: 1 });
      assert.ok((await edges()).includes(`label:churn.left → training_set:${path}`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a change of the delay is planned as a change of the label, and what is defined no longer is deleted", async () => {
    await using store = await open();
    const { session } = store;
    const snapshot = await session.runtime.registry.snapshot(session.runtime.project);
    const plan = (definitions: Readonly<Record<string, unknown>>) =>
      renderPlan(planChanges(snapshot, collectDefinitions([definitions], session.runtime.project), session.repositoryName));
    const longer = label(
      "churn",
      { entities: [customer], source: outcomes, delay: "20d", owner: "growth@shop" },
      {
        left: bool({ description: "cancelled" }),
        lost: derive((o) => o.amount.times(2)),
      },
    );
    assert.match(plan({ profile, churn: longer, fresh }), /^~ label "churn"\n {4}delay: 10d → 20d\n\n0 created, 1 changed/);
    assert.match(plan({ profile, churn }), /^- label "fresh"$/m);
    assert.match(plan({ profile }), /^- source "outcomes"$/m);
  });
});
