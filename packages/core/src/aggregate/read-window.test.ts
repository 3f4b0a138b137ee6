import assert from "node:assert/strict";
import { test } from "node:test";
import { distinctCount, sum } from "../definition/aggregates.ts";
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
