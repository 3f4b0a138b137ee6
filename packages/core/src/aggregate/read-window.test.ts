import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { count, distinctCount, sum } from "../definition/aggregates.ts";
import { modelOf } from "../definition/definition.ts";
import { entity } from "../definition/entity.ts";
import { featureView } from "../definition/feature-view.ts";
import type { WindowedViewModel } from "../definition/model.ts";
import { parquet } from "../definition/source.ts";
import { int64 } from "../definition/value-types.ts";
import { compileWindowedView } from "./window-program.ts";

const customer = entity("customer", { key: { id: int64() } });
const clicks = parquet("clicks", { path: "c.parquet", eventTime: "ts", columns: { page: int64() } });
const view = featureView(
  "view",
  { entities: [customer], source: clicks },
  { total: sum("page"), pages: distinctCount("page", { bound: 1 }) },
);

test("a value that cannot be given is an error that names its feature and says what to do", () => {
  const program = compileWindowedView(modelOf(view) as WindowedViewModel);
  const event = (page: bigint, eventTimeUs: number) => ({ eventTimeUs, createdTimeUs: null, eventId: `${eventTimeUs}`, values: [page] });
  const { state } = program.addLive(null, [event(2n ** 63n - 1n, 1), event(1n, 2)]);
  const read = (name: string) => () => program.read(state, 10, { fromUs: null }, [name]);
  assert.throws(read("total"), {
    code: "ASOF_SUM_OVERFLOW",
    path: "total",
    message: /Feature "total": The sum .*int64\. Cast the argument/,
  });
  assert.throws(read("pages"), { code: "ASOF_DISTINCT_BOUND", path: "pages", fix: /Raise the `bound`/ });
});

describe("reads before the newest event", () => {
  const hopUs = 3_600_000_000;
  const counted = featureView("counted", { entities: [customer], source: clicks }, { clicks: count({ window: "12h" }) });
  const program = compileWindowedView(modelOf(counted) as WindowedViewModel);
  /** Events one after the other in one hop, all within the separable 120 s. */
  const stateOf = (events: number) =>
    program.addLive(
      null,
      Array.from({ length: events }, (_, i) => ({ eventTimeUs: hopUs + i, createdTimeUs: null, eventId: `${i}`, values: [] })),
    ).state;
  const read = (events: number, eventsBefore: number) => {
    const { values, incomplete } = program.read(stateOf(events), hopUs + eventsBefore, { fromUs: null });
    return { value: values[0], incomplete: incomplete[0] };
  };

  test("at most 1,024 events of a key are separable: the oldest of them is the last exact cut", () => {
    assert.deepEqual(read(1_024, 1), { value: 1, incomplete: false });
    assert.deepEqual(read(1_500, 1_500 - 1_024), { value: 476, incomplete: false });
    assert.deepEqual(read(1_500, 1_400), { value: 1_400, incomplete: false });
  });

  test("an earlier cut is marked, and knows some events too many, none too few", () => {
    for (const eventsBefore of [475, 1]) {
      const { value, incomplete } = read(1_500, eventsBefore);
      assert.equal(incomplete, true);
      assert.ok(Number(value) >= eventsBefore && Number(value) <= 476, `gave ${String(value)}`);
    }
  });
});
