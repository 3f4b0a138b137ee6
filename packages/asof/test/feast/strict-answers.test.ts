import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AsofError } from "@asof/core";
import { fakeClock } from "@asof/testkit";
import type { FeatureStore } from "../../src/store/feature-store.ts";
import { CompatRepository } from "./compat-repository.test.support.ts";
import { askAsof, columnNames, recorded, viewOfColumn } from "./recorded-answers.test.support.ts";

/** Cases that are not compared, with the reason. */
const leftOut: Readonly<Record<string, string>> = {};

const repository = new CompatRepository({ materializedByFeast: true });
/** Long after every event: Feast does not mind. */
const clock = fakeClock(Date.parse("2026-06-01T00:00:00Z") * 1000);
let store: FeatureStore;
before(async () => {
  store = await repository.open("strict", clock);
});
after(async () => {
  await store?.close();
  repository[Symbol.dispose]();
});

describe("feast_compatibility: strict answers what Feast's SDK answers", () => {
  for (const [title, { request, to_dict, statuses: feasts, error }] of Object.entries(recorded)) {
    if (leftOut[title] !== undefined) continue;
    test(title, async () => {
      const { statuses, ...answer } = await askAsof(store, request);
      assert.deepEqual(answer, error === undefined ? { to_dict } : { error });
      const [names, feastNames] = [columnNames(answer), columnNames({ ...(to_dict === undefined ? {} : { to_dict }) })];
      assert.deepEqual(names.map(viewOfColumn), feastNames.map(viewOfColumn), "the order of keys and views");
      assert.deepEqual(
        feasts?.map((_, i) => statuses?.[names.indexOf(feastNames[i] ?? "")]),
        feasts,
      );
    });
  }

  test("every recorded case is compared or left out for a reason", () => {
    const titles = Object.keys(recorded);
    assert.deepEqual(
      Object.keys(leftOut).filter((title) => !titles.includes(title)),
      [],
      "left out, but not recorded",
    );
    assert.ok(titles.length >= 31);
    process.stdout.write(
      `feast_compatibility: ${titles.length - Object.keys(leftOut).length} of ${titles.length} recorded answers compared\n`,
    );
  });
});

test("typed answers follow strict, too: no ttl, PRESENT nulls; corrected applies asof's rules to the same rows", async () => {
  const features = ["driver_stats:trips", "driver_stats:city"];
  const entities = [1001, 1002, 9999].map((driver_id) => ({ driver_id }));
  const asked = await store.session.ask({ features });
  const strict = await store.session.getOnline(asked, entities);
  assert.deepEqual(
    strict.statuses.map((row) => row.driver_stats?.city),
    ["PRESENT", "PRESENT", "NOT_FOUND"],
  );
  assert.equal(strict.rows[0]?.driver_stats?.trips, 3n);
  await using corrected = await repository.open("corrected", clock);
  const late = await corrected.session.getOnline(asked, entities);
  assert.deepEqual(
    late.statuses.map((row) => row.driver_stats?.city),
    ["OUTSIDE_MAX_AGE", "OUTSIDE_MAX_AGE", "NOT_FOUND"],
  );
  const early = await corrected.session.getOnline(asked, entities, Date.parse("2024-01-03T00:00:00Z") * 1000);
  assert.deepEqual(
    early.statuses.map((row) => row.driver_stats?.city),
    ["PRESENT", "NULL_VALUE", "NOT_FOUND"],
  );
});

test("corrected answers in Feast's shape keep the order of the request and say what is wrong in asof's words", async () => {
  await using corrected = await repository.open("corrected", fakeClock(Date.parse("2024-01-03T00:00:00Z") * 1000));
  const request = { features: ["driver_stats:trips", "driver_stats:acc_rate"], entities: { driver_id: [1002, 1001] } };
  const answer = await corrected.getOnlineFeaturesAsFeast(request);
  assert.deepEqual(answer.toDict(), { driver_id: [1002, 1001], trips: [null, 3n], acc_rate: [null, 0.33] });
  assert.deepEqual(
    answer.columns.map((column) => column.statuses),
    [
      ["PRESENT", "PRESENT"],
      ["NULL_VALUE", "PRESENT"],
      ["NULL_VALUE", "PRESENT"],
    ],
  );
  const wrong = [
    { ...request, entities: { driver_id: [1], junk: [1] } },
    { ...request, entities: { driver_id: [1, 2], junk: [1] } },
    { ...request, entities: { customer_id: ["c"] } },
  ];
  for (const bad of wrong) {
    await assert.rejects(
      corrected.getOnlineFeaturesAsFeast(bad),
      (error: unknown) => error instanceof AsofError && error.code === "ASOF_REQUEST_INVALID",
    );
  }
});
