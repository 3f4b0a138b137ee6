import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { AsofError, collectDefinitions } from "@asof/core";
import { entity, type FeatureStore, featureService, featureView, int64, openFeatureRegistry, openFeatureStore, push, string } from "asof";

const customer = entity("customer", { key: { customer_id: int64() } });
const clicks = push("clicks", { eventTime: "ts", columns: { page: string() } });
const lastClick = featureView("last_click", { entities: [customer], source: clicks }, { page: string() });
const service = featureService("service", [lastClick]);

const folder = mkdtempSync(join(tmpdir(), "asof-misuse-"));
writeFileSync(
  join(folder, "feature_store.yaml"),
  "project: misuse\nprovider: local\nregistry: {registry_type: memory}\nonline_store: {type: memory}\noffline_store: {type: duckdb}\n",
);
const store = await openFeatureStore({
  repo: folder,
  definitions: collectDefinitions([{ customer, clicks, lastClick, service }], "misuse"),
});
await store.session.apply(await store.session.plan());

after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Calls a method as JavaScript may: with anything. */
function call(
  method: {
    [Name in keyof FeatureStore]: FeatureStore[Name] extends (...args: never) => Promise<unknown> ? Name : never;
  }[keyof FeatureStore],
  ...values: readonly unknown[]
): Promise<unknown> {
  return Reflect.apply(store[method], store, values);
}

/** Opens a store as JavaScript may, and closes what was opened. */
async function open(options: unknown): Promise<void> {
  const opened: FeatureStore = await Reflect.apply(openFeatureStore, undefined, [options]);
  await opened.close();
}

const spine = [{ customer_id: 1n, event_timestamp: "2020-01-01" }];
const entities = [{ customer_id: 1n }];
const row = { customer_id: 1n, ts: "2020-01-01", page: "home" };

const misuses: readonly [string, () => Promise<unknown>, string, string][] = [
  ["nothing at all", () => call("getOnlineFeatures"), "ASOF_REQUEST_INVALID", "query"],
  ["neither service nor features", () => call("getOnlineFeatures", { entities }), "ASOF_REQUEST_INVALID", "service"],
  ["both", () => call("getOnlineFeatures", { service, features: [lastClick], entities }), "ASOF_REQUEST_INVALID", "service"],
  ["a service's name", () => call("getOnlineFeatures", { service: "service", entities }), "ASOF_REQUEST_INVALID", "service"],
  ["a view as service", () => call("getOnlineFeatures", { service: lastClick, entities }), "ASOF_REQUEST_INVALID", "service"],
  ["a service as view", () => call("getOnlineFeatures", { features: [service], entities }), "ASOF_REQUEST_INVALID", "features[0]"],
  ["features as text", () => call("getOnlineFeatures", { features: "last_click", entities }), "ASOF_REQUEST_INVALID", "features"],
  ["no features", () => call("getOnlineFeatures", { features: [], entities }), "ASOF_REQUEST_INVALID", "features"],
  [
    "a feature that is not",
    () => call("getOnlineFeatures", { features: [Reflect.apply(lastClick.pick, lastClick, ["pages"])], entities }),
    "ASOF_FEATURE_UNKNOWN",
    "features.last_click.pick",
  ],
  ["rows that are one row", () => call("getOnlineFeatures", { service, entities: entities[0] }), "ASOF_REQUEST_INVALID", "entities"],
  ["no rows", () => call("getOnlineFeatures", { service }), "ASOF_REQUEST_INVALID", "entities"],
  ["a row that is null", () => call("getOnlineFeatures", { service, entities: [null] }), "ASOF_REQUEST_INVALID", "entities[0].customer_id"],
  ["a spine that is missing", () => call("getHistoricalFeatures", { service }), "ASOF_SPINE_INVALID", "spine"],
  ["a spine that is a number", () => call("getHistoricalFeatures", { service, spine: 5 }), "ASOF_SPINE_INVALID", "spine"],
  ["a spine row that is null", () => call("getHistoricalFeatures", { service, spine: [null] }), "ASOF_SPINE_INVALID", "spine[0]"],
  [
    "misspelt knowledge, which would leak",
    () => call("getHistoricalFeatures", { service, spine, knowledge: "Created" }),
    "ASOF_REQUEST_INVALID",
    "knowledge",
  ],
  [
    "a time column that is none",
    () => call("getHistoricalFeatures", { service, spine, timeColumn: 1 }),
    "ASOF_REQUEST_INVALID",
    "timeColumn",
  ],
  ["a push without source", () => call("push", null, [row]), "ASOF_PUSH_INVALID", "source"],
  ["a push of one row", () => call("push", clicks, row), "ASOF_PUSH_INVALID", "rows"],
  ["a pushed row that is null", () => call("push", clicks, [row, null]), "ASOF_PUSH_INVALID", "rows[1]"],
  ["a push to nowhere", () => call("push", clicks, [row], { to: "onlin" }), "ASOF_PUSH_INVALID", "to"],
  ["a key that is no text", () => call("push", clicks, [row], { idempotencyKey: 7 }), "ASOF_PUSH_INVALID", "idempotencyKey"],
  ["times that are none", () => call("materialize", null, undefined), "ASOF_TIME_INVALID", "start"],
  ["no end", () => call("materialize", "2020-01-01"), "ASOF_TIME_INVALID", "end"],
  ["an end that is none", () => call("materializeIncremental", "soon"), "ASOF_TIME_INVALID", "end"],
  ["a time of a request that is none", () => call("getOnlineFeatures", { service, entities, at: null }), "ASOF_TIME_INVALID", "at"],
  ["a moment that is none", () => call("getHistoricalFeatures", { service, latestAsOf: "soon" }), "ASOF_TIME_INVALID", "latestAsOf"],
  [
    "an interval's start that is none",
    () => call("getHistoricalFeatures", { service, between: { start: {}, end: "2020-01-01" } }),
    "ASOF_TIME_INVALID",
    "between.start",
  ],
  ["a misspelt time, which would mean now", () => call("getOnlineFeatures", { service, entities, asOf: "2020-01-01" }), ...unknown("asOf")],
  [
    "a misspelt name of knowledge, which would leak",
    () => call("getHistoricalFeatures", { service, spine, knowlege: "created" }),
    ...unknown("knowlege"),
  ],
  ["a misspelt dry run, which would erase", () => call("deleteEntity", { customer_id: 1n }, { dryrun: true }), ...unknown("dryrun")],
  ["a dry run that is no flag", () => call("deleteEntity", { customer_id: 1n }, { dryRun: "yes" }), "ASOF_REQUEST_INVALID", "dryRun"],
  ["options of an erasure that are a flag", () => call("deleteEntity", { customer_id: 1n }, true), "ASOF_REQUEST_INVALID", "options"],
  ["views as text", () => call("materializeIncremental", undefined, { views: "last_click" }), "ASOF_REQUEST_INVALID", "views"],
  ["options that are null", () => call("materialize", "2020-01-01", "2020-01-02", null), "ASOF_REQUEST_INVALID", "options"],
  ["a signal that is none", () => call("materializeIncremental", undefined, { signal: {} }), "ASOF_REQUEST_INVALID", "signal"],
  [
    "a signal of a retrieval that is none",
    () => call("getHistoricalFeatures", { service, spine, signal: {} }),
    "ASOF_REQUEST_INVALID",
    "signal",
  ],
  [
    "a column's type that is none",
    () => call("getHistoricalFeatures", { service, spine, spineColumns: { label: "bool" } }),
    "ASOF_REQUEST_INVALID",
    "spineColumns.label",
  ],
  [
    "a time in a spine that is none",
    () => call("getHistoricalFeatures", { service, spine: [{ customer_id: 1n, event_timestamp: "soon" }] }),
    "ASOF_SPINE_INVALID",
    "spine[0].event_timestamp",
  ],
  ["options of a push that are text", () => call("push", clicks, [row], "online"), "ASOF_PUSH_INVALID", "options"],
  ["no request of Feast's", () => call("getOnlineFeaturesAsFeast"), "ASOF_REQUEST_INVALID", "request"],
  [
    "a feature's name of Feast's that is no list",
    () => call("getOnlineFeaturesAsFeast", { features: "last_click:page", entities: { customer_id: [1n] } }),
    "ASOF_REQUEST_INVALID",
    "features",
  ],
  [
    "entities of Feast's as rows",
    () => call("getOnlineFeaturesAsFeast", { service: "service", entities }),
    "ASOF_REQUEST_INVALID",
    "entities",
  ],
  [
    "a column of Feast's that is one value",
    () => call("getOnlineFeaturesAsFeast", { service: "service", entities: { customer_id: 1n } }),
    "ASOF_REQUEST_INVALID",
    "entities.customer_id",
  ],
  ["versions of what is no view", () => call("versions", 5), "ASOF_REQUEST_INVALID", "features[0]"],
  ["a version that is text", () => call("activate", lastClick, { version: "v1" }), "ASOF_REQUEST_INVALID", "version"],
  ["no version to drop", () => call("dropVersion", lastClick), "ASOF_REQUEST_INVALID", "version"],
  ["a version below 0", () => call("dropVersion", lastClick, -1), "ASOF_REQUEST_INVALID", "version"],
  ["a view to drop that is none", () => call("dropVersion", null, 0), "ASOF_REQUEST_INVALID", "features[0]"],
  ["a feature that is no text", () => call("getStatistics", lastClick, { feature: 5 }), "ASOF_REQUEST_INVALID", "feature"],
  ["a limit of none", () => call("getStatistics", lastClick, { limit: 0 }), "ASOF_REQUEST_INVALID", "limit"],
  ["a start of figures that is none", () => call("computeStatistics", lastClick, { start: "soon" }), "ASOF_TIME_INVALID", "start"],
  ["a folder instead of options", () => open("shop"), "ASOF_REQUEST_INVALID", "options"],
  ["a folder that is a number", () => open({ repo: 5 }), "ASOF_REQUEST_INVALID", "repo"],
  ["a misspelt folder, which would mean this one", () => open({ repository: folder }), ...unknown("repository")],
  ["views instead of definitions", () => open({ repo: folder, definitions: { lastClick } }), "ASOF_REQUEST_INVALID", "definitions"],
  ["a clock that is a function", () => open({ repo: folder, clock: Date.now }), "ASOF_REQUEST_INVALID", "clock"],
  ["a clock without now", () => open({ repo: folder, clock: {} }), "ASOF_REQUEST_INVALID", "clock"],
  [
    "a registry of a folder that is none",
    () => Reflect.apply(openFeatureRegistry, undefined, [{ repo: null }]),
    "ASOF_REQUEST_INVALID",
    "repo",
  ],
];

function unknown(option: string): ["ASOF_REQUEST_INVALID", string] {
  return ["ASOF_REQUEST_INVALID", `options.${option}`];
}

describe("calls that JavaScript lets through", () => {
  for (const [title, run, code, path] of misuses) {
    test(`${title}: ${code}`, async () => {
      // A rejection, never a throw of the call itself: callers handle one of both.
      const error = await run().then(
        () => null,
        (e: unknown) => e,
      );
      assert.ok(error instanceof AsofError, `gave ${String(error)}`);
      assert.equal(error.code, code);
      if (path !== "") assert.equal(error.path, path);
      assert.notEqual(error.fix ?? error.issues[0]?.fix ?? "", "", "an error says what to do");
    });
  }

  test("the same calls written properly work, and nothing was stored by the wrong ones", async () => {
    const { statuses } = await store.getOnlineFeatures({ service, entities });
    assert.equal(statuses[0]?.last_click.page, "NOT_FOUND");
    assert.equal((await store.push(clicks, [row])).written, 1);
    const { rows } = await store.getOnlineFeatures({ features: [lastClick], entities });
    assert.equal(rows[0]?.last_click.page, "home");
  });

  test("a store that was closed says so, whatever it is asked, and can be closed twice", async () => {
    const other = await openFeatureStore({ repo: folder, definitions: collectDefinitions([{ lastClick, service }], "misuse") });
    await other.session.apply(await other.session.plan());
    await other.getOnlineFeatures({ service, entities });
    await other.close();
    await other.close();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => other.getOnlineFeatures({ service, entities }),
      () => other.getOnlineFeaturesAsFeast({ service: "service", entities: { customer_id: [1n] } }),
      () => other.getHistoricalFeatures({ service, spine }),
      () => other.materialize("2020-01-01", "2020-01-02"),
      () => other.materializeIncremental(),
      () => other.push(clicks, [row]),
      () => other.deleteEntity({ customer_id: 1n }),
      () => other.liftErasure({ customer_id: 1n }),
      () => other.computeStatistics(lastClick),
      () => other.getStatistics(lastClick),
      () => other.versions(),
      () => other.activate(lastClick),
      () => other.dropVersion(lastClick, 0),
    ];
    for (const run of calls) await assert.rejects(run, { code: "ASOF_STORE_FAILED", message: /was closed\. Open it again/ });
  });

  test("a training set that is closed while somebody reads it says so, at once or when the next rows are wanted", async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({ customer_id: BigInt(i), event_timestamp: "2020-01-02" }));
    const training = await store.getHistoricalFeatures({ service, spine: many });
    const rows = training.rows()[Symbol.asyncIterator]();
    const readAll = async (): Promise<void> => {
      while (!(await rows.next()).done);
    };
    const reading = assert.rejects(readAll(), { code: "ASOF_QUERY_FAILED", message: /was closed/ });
    await training.close();
    await reading;
  });

  test("a training set that was closed says so, also when it is closed twice", async () => {
    const training = await store.getHistoricalFeatures({ service, spine: [{ customer_id: 1n, event_timestamp: "2020-01-02" }] });
    await assert.rejects(Reflect.apply(training.writeCsv, training, []), { code: "ASOF_OUTPUT_FAILED", path: "path" });
    await training.close();
    await training.close();
    const closed = { code: "ASOF_QUERY_FAILED", message: /was closed/ };
    await assert.rejects(training.rows()[Symbol.asyncIterator]().next(), closed);
    await assert.rejects(training.arrow(), closed);
    await assert.rejects(training.writeCsv(join(folder, "late.csv")), closed);
  });
});
