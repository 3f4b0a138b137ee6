/** A view that asof has just applied, which has no rows yet, asked for by Feast 0.67. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { collectDefinitions, count, entity, featureView, float64, int64, parquet } from "@asof/core";
import type { FeastProcess } from "@asof/testkit";
import { openFeatureStore } from "../../src/store/open.ts";
import { temporaryFolder } from "../command/command.test.support.ts";
import { sharedRegistries, shopYaml, startFeast } from "./feast-repo.test.support.ts";

const user = entity("user", { key: { uid: int64({ as: "number" }) } });
const source = parquet("stats", { path: "stats.parquet", eventTime: "at", columns: { spend: float64() } });
const spending = featureView("spending", { entities: [user], source, ttl: "900d" }, { spend: float64() });
const activity = featureView("activity", { entities: [user], source }, { visits: count({ window: "7d" }) });

for (const shared of sharedRegistries) {
  describe(`a view without rows (${shared.name})`, () => {
    const folder = temporaryFolder({ after });
    let feast: FeastProcess;
    before(async () => {
      mkdirSync(join(folder, "data"));
      feast = await startFeast(folder, { "feature_store.yaml": shopYaml(shared, "data/online.db") });
    });
    after(() => feast[Symbol.asyncDispose]());

    test("reads as no value, and what Feast writes of it asof reads", async () => {
      const definitions = collectDefinitions([{ user, source, spending, activity }], "shop");
      await using store = await openFeatureStore({ repo: folder, definitions, environment: {} });
      const plan = await store.session.plan({ skipSourceValidation: true });
      assert.equal(await store.session.apply(plan), "applied");
      const asked = { features: [spending], entities: [{ uid: 1 }] } as const;
      assert.deepEqual((await store.getOnlineFeatures(asked)).rows, [{ spending: { spend: null } }]);
      const answers = await feast.run(`
import pandas as pd
from datetime import datetime, timezone
store = open_store("feature_store.yaml")
ask = lambda: store.get_online_features(features=["spending:spend"], entity_rows=[{"uid": 1}]).to_dict()["spend"]
answers = [ask()]
store.write_to_online_store("spending", pd.DataFrame({"uid": [1], "spend": [2.5], "at": [datetime(2026, 1, 10, tzinfo=timezone.utc)]}))
reply(answers + [ask()])`);
      assert.deepEqual(answers, [[null], [2.5]]);
      assert.deepEqual((await store.getOnlineFeatures(asked)).rows, [{ spending: { spend: 2.5 } }]);
    });
  });
}
