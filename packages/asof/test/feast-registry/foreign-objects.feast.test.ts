/** Every kind of object that Feast 0.67 keeps and asof does not run: none of asof's commands changes a byte of it, and Feast reads it as before. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FeastProcess } from "@asof/testkit";
import { assertDone, runAsof, temporaryFolder } from "../command/command.test.support.ts";
import { type SharedRegistry, sharedRegistries, startFeast } from "./feast-repo.test.support.ts";

/** Python finds the source of functions in files only. */
const features = `
from datetime import timedelta
from feast import (BatchFeatureView, Entity, FeatureService, FeatureView, Field, FileSource, KafkaSource, LabelView, Project, PushSource,
                   RequestSource, StreamFeatureView, ValueType)
from feast.data_format import JsonFormat
from feast.feature_logging import LoggingConfig
from feast.infra.offline_stores.file_source import FileLoggingDestination
from feast.on_demand_feature_view import on_demand_feature_view
from feast.permissions.action import AuthzedAction
from feast.permissions.permission import Permission
from feast.permissions.policy import RoleBasedPolicy
from feast.types import Float64, Int64, String

user = Entity(name="user", join_keys=["uid"], value_type=ValueType.INT64)
source = FileSource(name="stats", path="data/stats.parquet", timestamp_field="event_timestamp")
spending = FeatureView(name="spending", entities=[user], ttl=timedelta(days=900), source=source, schema=[Field(name="spend", dtype=Float64)])
extra = RequestSource(name="extra", schema=[Field(name="more", dtype=Float64)])

@on_demand_feature_view(sources=[spending, extra], schema=[Field(name="total", dtype=Float64)], mode="python", tags={"b": "1", "a": "2"})
def total(inputs):
    return {"total": [(s or 0) + m for s, m in zip(inputs["spend"], inputs["more"])]}

def clicked(df):
    return df

clicks_source = KafkaSource(name="clicks_kafka", kafka_bootstrap_servers="broker.example:9092", topic="clicks", timestamp_field="event_timestamp",
    batch_source=source, message_format=JsonFormat("uid long, event_timestamp timestamp, spend double"))
clicks = StreamFeatureView(name="clicks", entities=[user], ttl=timedelta(days=1), mode="pandas", source=clicks_source, timestamp_field="event_timestamp",
    online=True, udf=clicked, udf_string="def clicked(df):\\n    return df\\n", schema=[Field(name="spend", dtype=Float64)])
computed = BatchFeatureView(name="computed", entities=[user], source=source, schema=[Field(name="spend", dtype=Float64)], mode="python",
    udf=lambda df: df, udf_string="identity")
labels_source = PushSource(name="labels_push", batch_source=source)
labels = LabelView(name="labels", source=labels_source, entities=[user], schema=[Field(name="uid", dtype=Int64), Field(name="churned", dtype=String)],
    tags={"z": "1", "y": "2"}, reference_feature_view="spending")
model = FeatureService(name="model", features=[spending, total], tags={"b": "1", "a": "2"},
    logging_config=LoggingConfig(destination=FileLoggingDestination(path="data/logs"), sample_rate=0.5))
reader = Permission(name="reader", types=[FeatureView], name_patterns=["spend.*"], policy=RoleBasedPolicy(roles=["reader"]),
    actions=[AuthzedAction.READ_ONLINE], required_tags={"team": "rides"})
ALL = [Project(name="shop"), user, source, spending, extra, total, clicks_source, clicks, computed, labels_source, labels, model, reader]
`;

const applied = `
from datetime import datetime, timedelta, timezone
from unittest.mock import MagicMock
import pandas as pd
# Feast keeps a profiler as the bytes of a function; the library that runs it is not needed for that.
for name in ["great_expectations", "great_expectations.core", "great_expectations.dataset"]: sys.modules[name] = MagicMock()
from feast.dqm.profilers.ge_profiler import GEProfiler
from feast.infra.offline_stores.file_source import SavedDatasetFileStorage
from feast.saved_dataset import SavedDataset, ValidationReference

now = datetime(2026, 1, 10)
pd.DataFrame({"uid": [1, 2], "spend": [1.5, 2.5], "event_timestamp": [now, now]}).to_parquet("data/stats.parquet")
sys.path.insert(0, ".")
import features
store = open_store("feature_store.yaml")
store.apply(features.ALL)
dataset = SavedDataset(name="january", features=["spending:spend"], join_keys=["uid"], storage=SavedDatasetFileStorage("data/january.parquet"), tags={"b": "1", "a": "2"})
store.registry.apply_saved_dataset(dataset, "shop")
store.registry.apply_validation_reference(ValidationReference(name="expected", dataset_name="january", profiler=GEProfiler(lambda df: df)), "shop")
store.registry.commit()

KINDS = dict(stream="stream_feature_views", on_demand="on_demand_feature_views", label="label_views", service="feature_services",
             saved_dataset="saved_datasets", validation_reference="validation_references", permission="permissions")

# Some of what Feast reads gets the time of the reading as its time of creation.
def foreign():
    registry = open_store("feature_store.yaml").registry
    registry.refresh("shop")
    found = {}
    for kind, listed in KINDS.items():
        for o in getattr(registry, f"list_{listed}")(project="shop"):
            found[f"{kind} {o.name}"] = without_times(MessageToDict(o.to_proto()))
    for view in registry.list_feature_views("shop"):
        if view.name == "computed": found["computed"] = without_times(MessageToDict(view.to_proto()))
    return found

def ask():
    answer = open_store("feature_store.yaml").get_online_features(["total:total"], [{"uid": 1, "more": 10.0}, {"uid": 2, "more": 20.0}]).to_dict()
    return answer["total"]
reply(True)
`;

/** A view and a service of asof's beside Feast's. */
const added = (spend: string): string => `import { derive, featureService, featureView, float64 } from "asof";
import { user } from "./entities.ts";
import { stats } from "./stats.ts";
export const ours = featureView("ours", { entities: [user], source: stats }, { spend: ${spend} });
export const ourModel = featureService("our_model", [ours]);
`;

for (const shared of sharedRegistries) {
  describe(`what asof does not run, ${shared.name}`, () => {
    const folder = temporaryFolder({ after });
    let feast: FeastProcess;
    before(async () => {
      mkdirSync(join(folder, "data"));
      feast = await startFeast(folder, { "feature_store.yaml": yamlOf(shared), "features.py": features });
      await feast.run(applied);
    });
    after(() => feast[Symbol.asyncDispose]());

    const run = async (...args: readonly string[]) => assertDone(await runAsof(args, { cwd: folder }));
    const bytes = async () => {
      await using registry = await shared.open(folder);
      const found = await registry.feastObjects("shop");
      return new Map(found.map((o) => [`${o.kind} ${o.name}`, Buffer.from(o.bytes).toString("hex")]));
    };

    test("stays byte for byte whatever asof does beside it, and Feast reads and runs it as before", async () => {
      const [seen, stored] = [(await feast.run("reply(foreign())")) as object, await bytes()];
      assert.deepEqual(Object.keys(seen).sort(), foreignNames);
      await run("import", "feast", ".");
      const steps: readonly (() => Promise<unknown>)[] = [
        () => run("plan"),
        () => run("feature-views", "list"),
        async () => {
          writeFileSync(join(folder, "features/ours.ts"), added("float64()"));
          await run("apply");
        },
        () => run("materialize", "2026-01-01", "2026-01-11"),
        async () => {
          writeFileSync(join(folder, "features/ours.ts"), added("derive((row) => row.spend.times(2))"));
          await run("apply");
        },
        () => run("versions", "ours"),
        () => run("delete", "--entity", "uid=2", "--yes"),
        async () => {
          rmSync(join(folder, "features/ours.ts"));
          await run("apply");
        },
      ];
      for (const [at, step] of steps.entries()) {
        await step();
        const now = await bytes();
        for (const name of storedNames) assert.equal(now.get(name), stored.get(name), `${name} after step ${at}`);
      }
      assert.deepEqual(await feast.run("reply(foreign())"), seen);
      assert.deepEqual(await feast.run("reply(ask())"), [11.5, 20]);
    });
  });
}

const storedNames = [
  "data_source clicks_kafka",
  "data_source extra",
  "feature_service model",
  "feature_view computed",
  "label_view labels",
  "on_demand_feature_view total",
  "permission reader",
  "saved_dataset january",
  "stream_feature_view clicks",
  "validation_reference expected",
];

const foreignNames = [
  "computed",
  "label labels",
  "on_demand total",
  "permission reader",
  "saved_dataset january",
  "service model",
  "stream clicks",
  "validation_reference expected",
];

function yamlOf(shared: SharedRegistry): string {
  return `project: shop
provider: local
${shared.yaml}
online_store: { type: sqlite, path: data/online.db }
offline_store: { type: dask }
entity_key_serialization_version: 3
`;
}
