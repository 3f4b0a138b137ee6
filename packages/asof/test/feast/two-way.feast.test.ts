/** The real SDK of Feast 0.67 and asof over one repository and one SQLite online store: what either writes both answer alike. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { rowSchema } from "@asof/core";
import { openSqliteOnlineStore } from "@asof/sqlite";
import { fakeClock } from "@asof/testkit";
import type { FeatureStore } from "../../src/store/feature-store.ts";
import { CompatRepository } from "./compat-repository.test.support.ts";
import { FeastSdk } from "./feast-sdk.test.support.ts";
import { askAsof, columnNames, recorded, type SdkAnswer, type SdkRequest, viewOfColumn } from "./recorded-answers.test.support.ts";

const interval = ["2024-01-01T00:00:00+00:00", "2024-01-03T00:00:00+00:00"] as const;
const at = (text: string): number => Date.parse(text) * 1000;

/** The repository, opened by both. */
interface Both {
  readonly repository: CompatRepository;
  readonly feast: FeastSdk;
  readonly strict: FeatureStore;
  readonly corrected: FeatureStore;
}

async function openBoth(): Promise<Both> {
  const repository = new CompatRepository({ materializedByFeast: false });
  const clock = fakeClock(at("2024-01-03T00:00:00Z"));
  const [strict, corrected] = [await repository.open("strict", clock), await repository.open("corrected", clock)];
  const feast = await FeastSdk.start(repository.folder);
  await feast.apply();
  return { repository, feast, strict, corrected };
}

async function close({ repository, feast, strict, corrected }: Both): Promise<void> {
  await feast[Symbol.asyncDispose]();
  await strict.close();
  await corrected.close();
  repository[Symbol.dispose]();
}

/** Values and statuses by name; the order of names within a view is Feast's own affair. */
function byName(answer: SdkAnswer): unknown {
  if (answer.error !== undefined) return answer;
  const names = columnNames(answer);
  return {
    order: names.map(viewOfColumn),
    to_dict: answer.to_dict,
    statuses: Object.fromEntries(names.map((name, i) => [name, answer.statuses?.[i]])),
  };
}

/** Asks the SDK and asof every recorded request; the answers must be equal. Returns how many values were compared. */
async function compareAll({ feast, strict, corrected }: Both): Promise<number> {
  let values = 0;
  for (const [title, { request }] of Object.entries(recorded)) {
    const feasts = await feast.read(request);
    assert.deepEqual(byName(await askAsof(strict, request)), byName(feasts), `${title}, strict`);
    values += columnNames(feasts).reduce((count, name) => count + (feasts.to_dict?.[name]?.length ?? 0), 0);
    if (feasts.error !== undefined || isRefusedByRules(request)) continue;
    const ours = await askAsof(corrected, request);
    assert.deepEqual(ours.to_dict, feasts.to_dict, `${title}, corrected`);
  }
  return values;
}

/** What asof's own rules refuse where Feast passes it over: columns that nobody uses, entity names, texts as integers, half a key. */
function isRefusedByRules({ features, feature_service, entities }: SdkRequest): boolean {
  const names = Object.keys(entities);
  const isText = Object.entries(entities).some(
    ([name, values]) => name === "driver_id" && values.some((value) => typeof value === "string"),
  );
  const isHalf = features?.some((feature) => feature.startsWith("trip_totals")) === true && !names.includes("customer_id");
  const isUnused = features?.every((feature) => feature.startsWith("global_stats")) === true;
  return isText || isHalf || isUnused || names.includes("driver") || names.includes("junk") || feature_service === "nope";
}

describe("Feast writes, both read", () => {
  let both: Both;
  before(async () => {
    both = await openBoth();
    await both.feast.materialize(...interval);
  });
  after(() => close(both));

  test("every recorded request gets the same answer from the SDK and from asof", async () => {
    const values = await compareAll(both);
    assert.ok(values >= 100);
    process.stdout.write(`written by Feast 0.67: ${Object.keys(recorded).length} requests, ${values} values equal in its SDK and asof\n`);
  });

  test("a push by Feast is answered by both, an older one too: Feast does not look at times", async () => {
    const { feast, strict, corrected } = both;
    const request = { features: ["trip_totals:amount", "trip_totals:n"], entities: { driver_id: [1001], customer_id: ["c1"] } };
    for (const [amount, ts] of [
      [77.5, "2024-01-02T12:00:00Z"],
      [66.25, "2024-01-01T12:00:00Z"],
    ] as const) {
      await feast.push("trips_push", [{ driver_id: 1001, customer_id: "c1", amount, n: 3, ts }]);
      const answer = await feast.read(request);
      assert.deepEqual(answer.to_dict?.amount, [amount]);
      assert.deepEqual(byName(await askAsof(strict, request)), byName(answer));
      assert.deepEqual((await askAsof(corrected, request)).to_dict, answer.to_dict);
    }
  });

  test("asof replaces a row of Feast by a later one only, and keeps its microseconds", async () => {
    const { feast, corrected, strict } = both;
    const request = { features: ["trip_totals:amount"], entities: { driver_id: [1002], customer_id: ["ü2"] } };
    await corrected.materialize(...interval);
    const rows = (ts: string, amount: number) => [{ driver_id: 1002, customer_id: "ü2", amount, n: 1n, ts }];
    await feast.push(
      "trips_push",
      rows("2024-01-03T00:00:00Z", 10).map((row) => ({ ...row, n: 1 })),
    );
    const clock = fakeClock(at("2024-01-04T00:00:00Z"));
    await using later = await both.repository.open("corrected", clock);
    const push = async (ts: string, amount: number) => (await later.push("trips_push", rows(ts, amount), { to: "online" })).written;
    assert.equal(await push("2024-01-03T00:00:05.250000Z", 20), 1);
    assert.deepEqual((await feast.read(request)).to_dict, {
      driver_id: [1002],
      driver_id__ts: [0],
      customer_id: ["ü2"],
      customer_id__ts: [0],
      amount: [20],
      amount__ts: [1_704_240_005],
    });
    assert.equal(await push("2024-01-03T00:00:05.249999Z", 30), 0, "earlier by a microsecond");
    assert.equal(await push("2024-01-03T00:00:05.250001Z", 40), 1, "later by a microsecond");
    assert.deepEqual((await feast.read(request)).to_dict?.amount, [40]);
    assert.deepEqual(byName(await askAsof(strict, request)), byName(await feast.read(request)));
    await feast.push("trips_push", [{ driver_id: 1002, customer_id: "ü2", amount: 50, n: 1, ts: "2024-01-03T00:00:09Z" }]);
    assert.equal(await push("2024-01-03T00:00:08Z", 60), 0, "Feast's row is later");
    assert.deepEqual((await feast.read(request)).to_dict?.amount, [50]);
  });
});

describe("asof writes, both read", () => {
  let both: Both;
  before(async () => {
    both = await openBoth();
    await both.corrected.materialize(...interval);
  });
  after(() => close(both));

  test("every recorded request gets the same answer from the SDK and from asof", async () => {
    const values = await compareAll(both);
    process.stdout.write(`written by asof: ${Object.keys(recorded).length} requests, ${values} values equal in Feast's SDK and asof\n`);
  });

  test("what asof wrote differs from what Feast writes only where Feast loses values", async () => {
    const differences: string[] = [];
    for (const { request, to_dict } of Object.values(recorded)) {
      const answer = await both.feast.read(request);
      for (const [name, values] of Object.entries(to_dict ?? {})) {
        for (const [row, value] of values.entries()) {
          const ours = answer.to_dict?.[name]?.[row];
          if (JSON.stringify(ours) !== JSON.stringify(value))
            differences.push(`${name} ${JSON.stringify(value)} → ${JSON.stringify(ours)}`);
        }
      }
    }
    assert.deepEqual(
      [...new Set(differences)],
      ['conv_rate null → {"float":"nan"}', 'trips 9007199254740992 → {"int":"9007199254740993"}'],
    );
  });

  test("tables of versions have the names that Feast gives them", async () => {
    const numbers = [0, 1, 11];
    const program = `
from feast.infra.online_stores.helpers import compute_table_id
version = lambda n: types.SimpleNamespace(name="sums", projection=types.SimpleNamespace(version_tag=None), current_version_number=n)
reply([compute_table_id("compat", version(n), True) for n in given])`;
    const names = await both.feast.run(program, numbers);
    const schema = rowSchema([{ name: "n", type: { kind: "float64" } }]);
    const path = join(both.repository.folder, "versions.db");
    await using store = await openSqliteOnlineStore({ path });
    for (const number of numbers) {
      const view = { project: "compat", view: "sums", generation: number + 1, schema, schemas: new Map([[schema.fingerprint, schema]]) };
      const row = { key: new Uint8Array([1]), eventTimeUs: 1, createdTimeUs: null, orderKey: new Uint8Array(), values: [number] };
      await store.putRows(view, [row]);
    }
    using database = new DatabaseSync(path);
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'compat%' ORDER BY rowid").all();
    assert.deepEqual(
      tables.map(({ name }) => name),
      names,
    );
  });

  test("Feast writes over it, applies again and tears down; asof follows", async () => {
    const { feast, corrected, strict, repository } = both;
    const request = { features: ["driver_stats:trips"], entities: { driver_id: [1001] } };
    await feast.materialize(...interval);
    assert.deepEqual(byName(await askAsof(strict, request)), byName(await feast.read(request)));
    await feast.apply();
    await compareAll(both);
    await feast.run("store.teardown()");
    assert.deepEqual((await askAsof(strict, request)).statuses, [["PRESENT"], ["NOT_FOUND"]]);
    await corrected.materialize("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z");
    assert.deepEqual((await askAsof(strict, request)).to_dict?.trips, [3]);
    using database = new DatabaseSync(repository.onlineStore);
    assert.ok(database.prepare("SELECT count(*) AS n FROM compat_driver_stats").get());
  });
});

test("Feast and asof write at the same time; nothing is lost and nobody fails", async () => {
  const both = await openBoth();
  try {
    const { feast, corrected } = both;
    await feast.materialize(...interval);
    await corrected.materialize(...interval);
    const clock = fakeClock(at("2024-02-01T00:00:00Z"));
    await using later = await both.repository.open("corrected", clock);
    const rounds = 60;
    const day = (i: number): string => new Date(Date.UTC(2024, 0, 5) + i * 60_000).toISOString();
    const byFeast = feast.run(
      `for i, ts in enumerate(given): store.push("trips_push", frame([dict(driver_id=1, customer_id="f%d" % i, amount=float(i), n=i, ts=ts)]), to=PushMode.ONLINE)`,
      Array.from({ length: rounds }, (_, i) => day(i)),
    );
    let isWriting = true;
    const ends = byFeast.finally(() => {
      isWriting = false;
    });
    let written = 0;
    for (let i = 0; i < rounds || (isWriting && i < 20 * rounds); i++) {
      // Feast tries a locked file anew every tenth of a second or so.
      await sleep(20);
      const row = { driver_id: 2, customer_id: `a${i % rounds}`, amount: i, n: BigInt(i), ts: day(i % rounds) };
      written += (await later.push("trips_push", [row], { to: "online", idempotencyKey: String(i) })).written;
      await askAsof(later, { features: ["trip_totals:n"], entities: { driver_id: [1], customer_id: ["f0"] } });
    }
    await ends;
    assert.ok(written >= rounds);
    const request = (driver: number, letter: string) => ({
      features: ["trip_totals:n"],
      entities: {
        driver_id: Array.from({ length: rounds }, () => driver),
        customer_id: Array.from({ length: rounds }, (_, i) => `${letter}${i}`),
      },
    });
    for (const [driver, letter] of [
      [1, "f"],
      [2, "a"],
    ] as const) {
      const answer = await feast.read(request(driver, letter));
      assert.deepEqual(
        answer.statuses?.[2],
        Array.from({ length: rounds }, () => "PRESENT"),
      );
      const ours = await askAsof(later, request(driver, letter));
      assert.deepEqual(ours.to_dict, answer.to_dict);
    }
    process.stdout.write(`Feast and asof at the same time: ${rounds} pushes by Feast, ${written} by asof, all read by both\n`);
  } finally {
    await close(both);
  }
});
