/** Feast 0.67 in the middle of an apply while asof applies to the same registry. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { applyDefinitions, collectDefinitions, entity, featureView, float64, int64, parquet, systemClock } from "@asof/core";
import type { FeastProcess } from "@asof/testkit";
import { temporaryFolder } from "../command/command.test.support.ts";
import { listByFeast, sharedRegistries, shopYaml, startFeast } from "./feast-repo.test.support.ts";

const [, shared] = sharedRegistries;
assert.ok(shared?.name === "sql");

/** A view of asof's on a source that Feast's views read too. */
function define(description: string) {
  const user = entity("user", { key: { uid: int64() } });
  const source = parquet("stats", { path: "stats.parquet", eventTime: "at", columns: { spend: float64() }, description });
  return collectDefinitions([{ user, source, ours: featureView("ours", { entities: [user], source }, { spend: float64() }) }], "shop");
}

describe("Feast's apply to a SQL registry", () => {
  const folder = temporaryFolder({ after });
  let feast: FeastProcess;
  before(async () => {
    mkdirSync(join(folder, "data"));
    feast = await startFeast(folder, { "feature_store.yaml": shopYaml(shared) });
    await feast.run(`
from feast import Entity, FeatureView, Field, FileSource, Project, ValueType
from feast.infra.registry.sql import feature_views
from feast.types import Float64
user = Entity(name="user", join_keys=["uid"], value_type=ValueType.INT64)
source = FileSource(name="stats", path="stats.parquet", timestamp_field="at")
registry = open_store("feature_store.yaml").registry
registry.apply_project(Project(name="shop"))
registry.apply_entity(user, "shop")
registry.apply_data_source(source, "shop")
reply(True)`);
  });
  after(() => feast[Symbol.asyncDispose]());

  test("puts a new view and its first version in two transactions: asof does not write that version between them", async () => {
    await using registry = await shared.open(folder);
    // What `apply_feature_view` does first.
    await feast.run(`
theirs = FeatureView(name="theirs", entities=[user], source=source, schema=[Field(name="spend", dtype=Float64)])
registry._apply_object(feature_views, "shop", "feature_view_name", theirs, "feature_view_proto")
reply(True)`);
    const { outcome } = await applyDefinitions(registry, define("changed by asof"), "ours", { adopt: true }, systemClock);
    assert.equal(outcome.status, "applied");
    // And what it does then.
    await feast.run(`
theirs.current_version_number = 0
registry._save_version_snapshot("theirs", "shop", 0, "feature_view", theirs.to_proto().SerializeToString())
reply(True)`);
    const views = (await listByFeast(feast, "feature_store.yaml", "shop")).feature_view ?? {};
    assert.deepEqual(Object.keys(views).sort(), ["ours", "theirs"]);
    const spec = views.theirs?.spec as { readonly batchSource: { readonly description: string } } | undefined;
    assert.equal(spec?.batchSource.description, "changed by asof");
  });
});
