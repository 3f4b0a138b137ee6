import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  AsofError,
  csv,
  date,
  entity,
  featureService,
  featureView,
  float64,
  int64,
  list,
  nullable,
  requestView,
  sum,
  timestamp,
} from "@asof/core";
import { at, collect, Project, untyped } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64() } });
const totals = featureView("totals", { entities: [user], source: orders }, { spent: sum("amount", { window: "30d" }) });
const profile = featureView("profile", { entities: [user], source: orders }, { amount: float64() });
const seen: unknown[] = [];
const echo = requestView(
  "echo",
  {
    inputs: [totals],
    request: {
      whole: int64(),
      small: int64({ as: "number" }),
      day: date(),
      when: nullable(timestamp()),
      scores: nullable(list(float64())),
    },
  },
  { text: float64(), at: timestamp() },
  (input) => {
    seen.push(input);
    return { text: input.totals.spent, at: input.t };
  },
);
const ratio = requestView(
  "ratio",
  { inputs: [totals, profile], request: { price: float64() } },
  { ratio: float64() },
  ({ totals: t, profile: p, request }) => ({
    ratio: t.spent === null || p.amount === null ? null : request.price / t.spent + p.amount,
  }),
);
const twice = requestView("twice", { inputs: [ratio] }, { twice: float64() }, ({ ratio: r }) => ({
  twice: r.ratio === null ? null : r.ratio * 2,
}));
const strict = requestView("strict", { inputs: [totals] }, { value: float64() }, ({ totals: t }) => {
  if (t.spent === null) throw new Error("nothing spent");
  return { value: t.spent };
});
const lenient = requestView("lenient", { inputs: [totals], onError: "null" }, { value: float64(), other: float64() }, ({ totals: t }) => {
  if (t.spent === null) throw new Error("nothing spent");
  return { value: t.spent, other: 1 };
});
const all = featureService("all", [ratio, twice, lenient]);

async function open() {
  const project = new Project({ nowUs: at("2024-01-10") + 7 });
  project.csv("orders.csv", "user_id,ts,amount", ["1,2024-01-05T00:00:00Z,4", "1,2024-01-06T00:00:00Z,6"]);
  const process = await project.process();
  await project.apply(process, { totals, profile, echo, ratio, twice, strict, lenient, all });
  await process.store.materialize("2024-01-01", "2024-01-10");
  return { project, store: process.store };
}

describe("request views", () => {
  test("the same function gives the same on training rows and on requests, outputs only", async () => {
    const { project, store } = await open();
    await using _ = project;
    const entities = [1, 2].map((user_id) => ({ user_id, price: 20 }));
    const { rows, statuses } = await store.getOnlineFeatures({ service: all, entities });
    assert.deepEqual(rows[0], { ratio: { ratio: 8 }, twice: { twice: 16 }, lenient: { value: 10, other: 1 } });
    assert.deepEqual(rows[1], { ratio: { ratio: null }, twice: { twice: null }, lenient: { value: null, other: null } });
    assert.equal(statuses[1]?.lenient.other, "NULL_VALUE");
    await using training = await store.getHistoricalFeatures({
      service: all,
      spine: entities.map((row) => ({ ...row, event_timestamp: project.clock.nowUs() })),
    });
    assert.deepEqual(
      training.columns.map((c) => c.name),
      ["user_id", "price", "event_timestamp", "ratio", "twice", "value", "other"],
    );
    const trained = await collect(training.rows());
    assert.deepEqual(
      trained.map((row) => [row.ratio, row.twice, row.value, row.other]),
      [
        [8, 16, 10, 1],
        [null, null, null, null],
      ],
    );
  });

  test("an output that is not declared fails in both paths, instead of leaving the declared one null", async () => {
    const { project, store } = await open();
    await using _ = project;
    const wrong = (): { value: number } => untyped<{ value: number }>({ valeu: 1 });
    const misspelt = requestView("misspelt", { inputs: [totals] }, { value: float64() }, wrong);
    const fails = { code: "ASOF_REQUEST_VIEW_FAILED", message: /misspelt.*"valeu", which is not declared \(value\)/ };
    await assert.rejects(store.getOnlineFeatures({ features: [misspelt], entities: [{ user_id: 1 }] }), fails);
    await using training = await store.getHistoricalFeatures({
      features: [misspelt],
      spine: [{ user_id: 1, event_timestamp: project.clock.nowUs() }],
    });
    await assert.rejects(collect(training.rows()), fails);
  });

  test("inputs are normalized to their types in both paths, absent is null, and t is the same instant", async () => {
    const { project, store } = await open();
    await using _ = project;
    const given = untyped<{
      user_id: number;
      whole: bigint;
      small: number;
      day: string;
      when: number | null;
      scores: (number | null)[];
    }>({ user_id: 1, whole: 12, small: 7n, day: new Date("2024-02-29"), scores: [1, null, 2] });
    seen.length = 0;
    await store.getOnlineFeatures({ features: [echo], entities: [given] });
    await using training = await store.getHistoricalFeatures({
      features: [echo],
      spine: [{ ...given, when: null, event_timestamp: project.clock.nowUs() }],
    });
    const [trained] = await collect(training.rows());
    const expected = {
      t: at("2024-01-10") + 7,
      totals: { spent: 10 },
      request: { whole: 12n, small: 7, day: "2024-02-29", when: null, scores: [1, null, 2] },
    };
    assert.deepEqual(seen, [expected, expected]);
    assert.equal(trained?.at, at("2024-01-10") + 7);
  });

  test("times of the spine that are finer than microseconds are floored for t", async () => {
    const { project, store } = await open();
    await using _ = project;
    seen.length = 0;
    const sql =
      "SELECT 1::BIGINT AS user_id, 12::BIGINT AS whole, 7::INTEGER AS small, DATE '2024-02-29' AS day, NULL::TIMESTAMP AS \"when\", " +
      "[1.0::DOUBLE] AS scores, make_timestamp_ns(1704844800000007999) AS event_timestamp";
    await using training = await store.getHistoricalFeatures({ features: [echo], spine: { sql } });
    await collect(training.rows());
    const [input] = seen as { t: number; request: { whole: unknown } }[];
    assert.deepEqual([input?.t, input?.request.whole], [1_704_844_800_000_007, 12n]);
  });

  test("a throw fails the request or the retrieval and names view and row", async () => {
    const { project, store } = await open();
    await using _ = project;
    const isNamed = (error: unknown): boolean =>
      error instanceof AsofError &&
      error.code === "ASOF_REQUEST_VIEW_FAILED" &&
      /"strict" failed on row 1: nothing spent/.test(error.message);
    const entities = [{ user_id: 1 }, { user_id: 2 }];
    await assert.rejects(store.getOnlineFeatures({ features: [strict], entities }), isNamed);
    await using training = await store.getHistoricalFeatures({
      features: [strict],
      spine: entities.map((row) => ({ ...row, event_timestamp: project.clock.nowUs() })),
    });
    await assert.rejects(collect(training.rows()), isNamed);
  });

  test("a request field of another type, or one that is missing, is an error in both paths", async () => {
    const { project, store } = await open();
    await using _ = project;
    const wrong = { user_id: 1, price: untyped<number>("20") };
    await assert.rejects(store.getOnlineFeatures({ features: [ratio], entities: [wrong] }), /ASOF_VALUE_INVALID.*price/);
    await assert.rejects(
      store.getHistoricalFeatures({ features: [ratio], spine: [{ ...wrong, event_timestamp: 0 }] }),
      /ASOF_SPINE_INVALID.*price/,
    );
    const missing = { user_id: 1 } as { user_id: number; price: number };
    await assert.rejects(store.getOnlineFeatures({ features: [ratio], entities: [missing] }), /ASOF_REQUEST_INVALID.*lacks "price"/);
    await assert.rejects(
      store.getHistoricalFeatures({ features: [ratio], spine: [{ ...missing, event_timestamp: 0 }] }),
      /ASOF_SPINE_INVALID.*price/,
    );
  });
});
