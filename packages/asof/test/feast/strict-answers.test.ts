import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { AsofError, FeastException, type Value } from "@asof/core";
import { fakeClock } from "@asof/testkit";
import type { FeatureStore } from "../../src/store/feature-store.ts";
import { CompatRepository, golden } from "./compat-repository.test.support.ts";

/** A request to the SDK of Feast 0.67 and its answer, or what it raised. */
interface RecordedCase {
  readonly request: {
    readonly features?: readonly string[];
    readonly feature_service?: string;
    readonly entities: Readonly<Record<string, readonly unknown[]>>;
    readonly full_feature_names?: boolean;
    readonly include_feature_view_version_metadata?: boolean;
  };
  readonly to_dict?: Readonly<Record<string, readonly unknown[]>>;
  readonly statuses?: readonly (readonly string[])[];
  readonly error?: string;
}

const recorded: { readonly sdk: Readonly<Record<string, RecordedCase>> } = JSON.parse(
  readFileSync(new URL("responses_sdk.json", golden), "utf8"),
);

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

/** The view that a column comes from, where Feast's order is its own affair within the view. */
const viewOfFeature = (name: string): string => {
  if (name.includes("__")) return name.slice(0, name.indexOf("__"));
  const views: Readonly<Record<string, string>> = {
    amount: "trip_totals",
    n: "trip_totals",
    load: "global_stats",
    boosted_rate: "boosted",
    trips_plus: "plus",
  };
  return name.endsWith("_id") ? name : (views[name] ?? "driver_stats");
};

/** A value in the form of the recording. */
function recordedForm(name: string, value: Value): unknown {
  if (value instanceof Uint8Array) return { bytes_b64: Buffer.from(value).toString("base64") };
  if (name.endsWith("last_seen") && typeof value === "number")
    return { datetime: new Date(value / 1000).toISOString().replace(".000Z", "+00:00") };
  if (typeof value === "bigint") return BigInt(Number(value)) === value ? Number(value) : { int: String(value) };
  return value;
}

describe("feast_compatibility: strict answers what Feast's SDK answers", () => {
  for (const [title, { request, to_dict, statuses, error }] of Object.entries(recorded.sdk)) {
    if (leftOut[title] !== undefined) continue;
    test(title, async () => {
      const ask = () =>
        store.getOnlineFeaturesAsFeast({
          features: request.features,
          service: request.feature_service,
          entities: request.entities,
          fullFeatureNames: request.full_feature_names,
        });
      if (error !== undefined) {
        await assert.rejects(ask, (raised: unknown) => {
          assert.ok(raised instanceof AsofError && raised.cause instanceof FeastException, String(raised));
          assert.equal(`${raised.cause.name}: ${raised.cause.message}`, error);
          return true;
        });
        return;
      }
      const answer = await ask();
      const got = Object.entries(answer.toDict({ includeEventTimestamps: true }));
      const forms = got.map(([name, values]) => [name, values.map((value) => recordedForm(name, value))]);
      assert.deepEqual(Object.fromEntries(forms), to_dict);
      const feastNames = Object.keys(to_dict ?? {}).filter((name) => !name.endsWith("__ts"));
      const names = answer.columns.map((column) => column.name);
      assert.deepEqual(names.map(viewOfFeature), feastNames.map(viewOfFeature), "the order of keys and views");
      assert.deepEqual(
        feastNames.map((name) => answer.columns.find((column) => column.name === name)?.statuses),
        statuses,
      );
    });
  }

  test("every recorded case is compared or left out for a reason", () => {
    const titles = Object.keys(recorded.sdk);
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
