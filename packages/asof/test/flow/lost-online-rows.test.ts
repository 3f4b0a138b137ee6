/** An online store that was deleted, or whose place another one took, is filled as far as the registry says that it reaches. */
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { count, csv, entity, featureView, float64, int64, sum } from "@asof/core";
import type { FeatureStore } from "../../src/store/feature-store.ts";
import { at, type Process, Project } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64() } });
const last = featureView("last", { entities: [user], source: orders }, { amount: float64() });
const totals = featureView("totals", { entities: [user], source: orders }, { spent: sum("amount"), orders_7d: count({ window: "7d" }) });

const rows = ["1,2024-01-01T00:00:00Z,1", "2,2024-01-03T00:00:00Z,2", "1,2024-01-05T00:00:00Z,4", "1,2024-01-09T12:00:00Z,8"];

for (const kind of ["lmdb", "sqlite"] as const) {
  describe(`online rows that were lost (${kind})`, () => {
    async function ask({ store }: Process): Promise<readonly unknown[]> {
      const entities = [{ user_id: 1 }, { user_id: 2 }];
      const answer = await store.getOnlineFeatures({ features: [last, totals], entities, at: at("2024-01-10") });
      return answer.rows.map((row) => [row.last.amount, row.totals.spent, row.totals.orders_7d]);
    }

    const ways: Readonly<Record<string, (store: FeatureStore) => Promise<unknown>>> = {
      "an incremental run": (store) => store.materializeIncremental(),
      "an incremental run to an earlier end": (store) => store.materializeIncremental("2024-01-06"),
      "a run over a later part": (store) => store.materialize("2024-01-08", "2024-01-10"),
      "a run over an earlier part": (store) => store.materialize("2024-01-01", "2024-01-02"),
    };
    for (const [title, run] of Object.entries(ways)) {
      test(`are all there again after ${title}`, async () => {
        await using project = new Project({ kind, nowUs: at("2024-01-10") });
        project.csv("orders.csv", "user_id,ts,amount", rows);
        const before = await project.process();
        await project.apply(before, { last, totals });
        await before.store.materializeIncremental();
        const expected = [
          [8, 13, 2],
          [2, 2, 1],
        ];
        assert.deepEqual(await ask(before), expected);
        await before.store.close();
        for (const name of readdirSync(project.folder)) {
          if (name.startsWith("online")) rmSync(join(project.folder, name), { recursive: true });
        }
        const after = await project.process();
        await run(after.store);
        assert.deepEqual(await ask(after), expected);
      });
    }
  });
}
