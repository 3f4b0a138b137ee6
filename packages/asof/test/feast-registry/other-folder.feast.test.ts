/** asof and Feast 0.67 called from another folder, by a link to the repository: places beside it, `../shared`, are the same for both. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { FeastProcess } from "@asof/testkit";
import { openFeatureStore } from "../../src/store/open.ts";
import { assertDone, runAsof } from "../command/command.test.support.ts";
import { prepareFeast } from "./feast-repo.test.support.ts";

const applied = `
from datetime import datetime, timedelta
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, Project, ValueType
from feast.types import Float64
now = datetime(2026, 1, 10)
pd.DataFrame({"uid": [1, 2], "spend": [1.5, 2.5], "event_timestamp": [now, now]}).to_parquet(given + "/../shared/stats.parquet")
user = Entity(name="user", join_keys=["uid"], value_type=ValueType.INT64)
source = FileSource(name="stats", path="../shared/stats.parquet", timestamp_field="event_timestamp")
spending = FeatureView(name="spending", entities=[user], ttl=timedelta(days=900), source=source, schema=[Field(name="spend", dtype=Float64)])
store = FeatureStore(repo_path=given)
store.apply([Project(name="shop"), user, source, spending])
store.materialize(now - timedelta(days=1), now)
reply(True)
`;

describe("a repository that is called by a link", () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "asof-other-folder-")));
  const [repo, link, elsewhere] = [join(root, "team/a/repo"), join(root, "link"), join(root, "elsewhere")];
  let feast: FeastProcess;
  before(async () => {
    for (const folder of [repo, join(root, "team/a/shared"), elsewhere]) mkdirSync(folder, { recursive: true });
    symlinkSync(repo, link);
    const yaml = `project: shop
provider: local
registry: ../shared/registry.pb
online_store: { type: sqlite, path: ../shared/online.db }
offline_store: { type: dask }
entity_key_serialization_version: 3
`;
    writeFileSync(join(repo, "feature_store.yaml"), yaml);
    feast = await FeastProcess.start(elsewhere);
    await prepareFeast(feast);
    await feast.run(applied, link);
  });
  after(async () => {
    await feast[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true });
  });
  const run = async (...args: readonly string[]) => assertDone(await runAsof(["-c", link, ...args], { cwd: elsewhere }));

  test("has its registry, its stores and its files where Feast has them", async () => {
    assertDone(await runAsof(["import", "feast", "."], { cwd: repo }));
    assert.match(await run("plan"), /^No changes/);
    const online = JSON.parse(await run("get-online-features", "-f", "spending:spend", "-e", "uid=2", "--json"));
    assert.match(JSON.stringify(online), /2\.5/);
    assert.match(await run("materialize", "2026-01-01", "2026-01-12"), /spending/);
    await using store = await openFeatureStore({ repo: link, environment: {} });
    assert.deepEqual((await store.session.registry()).views.size, 1);
    assert.deepEqual(
      await feast.run(
        `reply([str(end) for _, end in FeatureStore(repo_path=given).get_feature_view("spending").materialization_intervals])`,
        link,
      ),
      ["2026-01-10 00:00:00+00:00", "2026-01-12 00:00:00+00:00"],
    );
    assert.ok(existsSync(join(root, "team/a/shared/registry.pb.asof")), "asof wrote beside Feast's file");
    assert.deepEqual([readdirSync(elsewhere), readdirSync(root).sort()], [[], ["elsewhere", "link", "team"]]);
  });
});
