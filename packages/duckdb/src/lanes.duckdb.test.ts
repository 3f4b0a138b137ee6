import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JoinPlan, SpineInput, ViewJoin } from "@asof/core";
import { int64, parquetSource, plainJoin, planOf, secondUs, windowedJoin, windowFeature } from "../test/support/models.ts";
import { openTestStore, retrieveRows, type TestStore } from "../test/support/store.ts";

/** 2024-03-10T12:00:00Z */
const noon = 1_710_072_000 * secondUs;
const spine: SpineInput = { kind: "file", format: "parquet", path: "spine.parquet" };

/** A source with ties, whose values tell the view they belong to. */
async function makeView(fixture: TestStore, view: number, rows: number): Promise<ViewJoin> {
  await fixture.sql(
    `COPY (SELECT (i % 97)::BIGINT AS id, make_timestamptz(${noon} + (i // 3) * 1000) AS ts, ${view} * 1000000 + i AS f FROM range(${rows}) r(i)) TO '{folder}/s${view}.parquet'`,
  );
  const source = parquetSource(`s${view}.parquet`, { name: `s${view}`, columns: { f: int64 } });
  return plainJoin({ name: `v${view}`, prefix: `v${view}__`, keys: { id: int64 }, source, features: { f: int64 } });
}

async function makeSpine(fixture: TestStore, rows: number): Promise<void> {
  await fixture.sql(
    `COPY (SELECT (i % 101)::BIGINT AS id, make_timestamptz(${noon} + i * 1000) AS event_timestamp FROM range(${rows}) r(i)) TO '{folder}/spine.parquet'`,
  );
}

describe("views joined at the same time", () => {
  test("give what they give one after the other", async () => {
    await using together = await openTestStore();
    await makeSpine(together, 20_000);
    const joins: ViewJoin[] = [];
    for (let view = 0; view < 5; view++) joins.push(await makeView(together, view, 30_000 + view));
    const plan = planOf(joins);
    const rows = await retrieveRows(together.store, plan, spine);
    assert.equal(rows.length, 20_000);
    assert.equal(rows[19_999]?.v4__f, 4_000_000n + BigInt(latestRow(19_999)));

    for (const [view, join] of joins.entries()) {
      const alone = await retrieveRows(together.store, planOf([join]), spine);
      assert.deepEqual(
        rows.map((row) => row[`v${view}__f`]),
        alone.map((row) => row[`v${view}__f`]),
      );
    }
  });

  test("end with the failure of one of them and leave the store working", async () => {
    await using fixture = await openTestStore();
    await makeSpine(fixture, 1000);
    const good = await makeView(fixture, 0, 3_000_000);
    const plan: JoinPlan = planOf([good, overflowing(), await makeView(fixture, 2, 1000)]);
    await assert.rejects(fixture.store.retrieve(plan, spine), { code: "ASOF_EXPRESSION_FAILED", message: /overflow/i });
    assert.equal((await retrieveRows(fixture.store, planOf([good]), spine)).length, 1000);
  });
});

/** Number of the greatest row of the spine row's key at its time: of a tie of equal times the greatest value wins. */
function latestRow(spineRow: number): number {
  const key = spineRow % 101;
  for (let i = Math.min(spineRow * 3 + 2, 30_003); i >= 0; i--) if (i % 97 === key) return i;
  return -1;
}

/** A windowed view over the first source with an argument that leaves int64. */
function overflowing(): ViewJoin {
  const f = { node: "column", name: "f", type: int64 } as const;
  const limit = { node: "literal", type: int64, value: 9_223_372_036_854_775_807n } as const;
  const feature = windowFeature({ fn: "max" }, null, { windowUs: 3600 * secondUs, hopUs: 10 * secondUs }, int64);
  const argument = { node: "call", op: "add", args: [f, limit], type: int64 } as const;
  return windowedJoin({
    name: "broken",
    keys: { id: int64 },
    source: parquetSource("s0.parquet", { name: "s0", columns: { f: int64 } }),
    features: { big: { ...feature, aggregate: { ...feature.aggregate, argument } } },
  });
}
