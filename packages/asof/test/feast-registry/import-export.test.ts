import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openMemoryRegistry } from "@asof/core";
import { FeastRegistryFile } from "@asof/feast";
import { exportFeastRegistry } from "../../src/project/export-registry.ts";
import { assertFailed, runAsof } from "../command/command.test.support.ts";

const scratch = mkdtempSync(join(tmpdir(), "asof-import-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const golden = new URL("../../../feast/test/golden/", import.meta.url);

let count = 0;

/** The repository that Feast applied, with its registry as Feast left it. */
function feastRepo(kind: "file" | "sql" = "file"): string {
  const folder = join(scratch, `repo${count++}`);
  cpSync(new URL("feature_repo", golden), folder, { recursive: true });
  mkdirSync(join(folder, "data"), { recursive: true });
  copyFileSync(new URL("registry.pb", golden), join(folder, "data/registry.pb"));
  copyFileSync(new URL("registry_sql.db", golden), join(folder, "data/registry.db"));
  const yaml = join(folder, "feature_store.yaml");
  const sql = "registry:\n  registry_type: sql\n  path: sqlite:///data/registry.db";
  if (kind === "sql") writeFileSync(yaml, readFileSync(yaml, "utf8").replace("registry: data/registry.pb", sql));
  return folder;
}

interface Imported {
  readonly written: readonly string[];
  readonly imported: Readonly<Record<string, readonly string[]>>;
  readonly unsupported: readonly { readonly kind: string; readonly name: string }[];
  readonly notes: readonly string[];
}

describe("asof import feast", () => {
  for (const kind of ["file", "sql"] as const) {
    test(`writes definitions that plan as no change, ${kind}; the registry's bytes stay`, async () => {
      const folder = feastRepo(kind);
      const before = readFileSync(join(folder, kind === "file" ? "data/registry.pb" : "data/registry.db"));
      const ran = await runAsof(["import", "feast", "."], { cwd: folder });
      assert.equal(ran.status, 0, ran.stderr);
      assert.match(ran.stdout, /Imported project compat: 2 entities, 4 sources, 3 feature views, 1 services\./);
      assert.match(ran.stdout, /on demand feature view boosted: its transformation is Python\. Write it as a requestView/);
      const plan = await runAsof(["plan"], { cwd: folder });
      assert.equal(plan.status, 0, plan.stderr);
      assert.match(plan.stdout, /^No changes: project "compat", repository "compat" is as registered \(10 objects\)/);
      assert.ok(
        readFileSync(join(folder, kind === "file" ? "data/registry.pb" : "data/registry.db")).equals(before),
        "reading changes nothing",
      );
      assert.match(readFileSync(join(folder, "features/driver-src.ts"), "utf8"), /export const driverStats = featureView\("driver_stats"/);
      assert.match(readFileSync(join(folder, "UNSUPPORTED.md"), "utf8"), /```python\n@on_demand_feature_view/);
      const apply = await runAsof(["apply"], { cwd: folder });
      assert.equal(apply.status, 0, apply.stderr);
      const python =
        /Feast's on demand feature view "boosted" is in the registry, and asof does not run it: its transformation is Python\. Write it as a requestView/;
      const service =
        /Feast's feature service "driver_service" .* it uses "boosted", which asof does not have\. Write "boosted" in TypeScript/;
      const asked = [
        ["get-online-features -f boosted:x -e driver_id=1", "ASOF_FEATURE_UNKNOWN", python],
        ["why boosted:x -e driver_id=1", "ASOF_FEATURE_UNKNOWN", python],
        ["describe boosted", "ASOF_FEATURE_UNKNOWN", python],
        ["feature-views describe boosted", "ASOF_OBJECT_UNKNOWN", python],
        ["get-online-features -s driver_service -e driver_id=1", "ASOF_SERVICE_UNKNOWN", service],
        ["feature-services describe driver_service", "ASOF_OBJECT_UNKNOWN", service],
      ] as const;
      for (const [line, code, says] of asked) assertFailed(await runAsof(line.split(" "), { cwd: folder }), { status: 2, code, says });
    });
  }

  test("a yaml with one key that asof does not know goes on with the stores and the versions that it names, and shows no secret", async () => {
    const folder = feastRepo();
    const versioned = "registry:\n  path: data/registry.pb\n  enable_online_feature_view_versioning: true";
    const online = `online_store:\n  type: sqlite\n  path: \${ONLINE_FOLDER}/online.db\noffline_store: { type: bigquery }\nour_own_key: 1\n`;
    const yaml = `project: compat\nprovider: local\n${versioned}\n${online}`;
    writeFileSync(join(folder, "feature_store.yaml"), yaml);
    const ran = await runAsof(["import", "feast", "."], { cwd: folder, environment: { ONLINE_FOLDER: "secret_place" } });
    assert.equal(ran.status, 0, ran.stderr);
    const written = readFileSync(join(folder, "feature_store.asof.yaml"), "utf8");
    assert.match(written, /^registry:\n {2}path: data\/registry\.pb\n {2}enable_online_feature_view_versioning: true$/m);
    assert.match(written, /^online_store:\n {2}type: sqlite\n {2}path: \$\{ONLINE_FOLDER\}\/online\.db$/m);
    assert.doesNotMatch(written, /bigquery|our_own_key|secret_place/);
    const plan = await runAsof(["--feature-store-yaml", "feature_store.asof.yaml", "plan"], {
      cwd: folder,
      environment: { ONLINE_FOLDER: "data" },
    });
    assert.match(plan.stdout, /^No changes/, plan.stderr);
  });

  test("a yaml without an online store gets the one that Feast takes then", async () => {
    const folder = feastRepo();
    writeFileSync(join(folder, "feature_store.yaml"), "project: compat\nprovider: local\nregistry: data/registry.pb");
    copyFileSync(new URL("online_store.db", golden), join(folder, "data/online.db"));
    const ran = await runAsof(["import", "feast", "."], { cwd: folder });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /`online_store` was added to feature_store\.yaml/);
    const asked = await runAsof(["get-online-features", "-f", "global_stats:load", "--json"], { cwd: folder });
    assert.match(asked.stdout, /"load"/, asked.stderr);
    const yaml = readFileSync(join(folder, "feature_store.yaml"), "utf8");
    assert.match(yaml, /^online_store:\n {2}type: sqlite\n {2}path: data\/online\.db$/m);
  });

  test("a bare registry becomes a project of its own, with a yaml that names Feast's registry", async () => {
    const folder = feastRepo();
    const ran = await runAsof(["import", "feast", "data/registry.pb", "--out", "imported", "--json"], { cwd: folder });
    assert.equal(ran.status, 0, ran.stderr);
    const told = JSON.parse(ran.stdout) as Imported;
    assert.ok(told.written.includes("feature_store.yaml") && told.written.includes("features/entities.ts"));
    assert.deepEqual(told.imported.feature_views, ["driver_stats", "global_stats", "trip_totals"]);
    assert.equal(told.unsupported.length, 8);
    assert.equal(told.notes.length, 1);
    const plan = await runAsof(["plan", "--skip-source-validation"], { cwd: join(folder, "imported") });
    assert.match(plan.stdout, /^No changes/, plan.stderr);
  });

  test("files that are there stay, and nothing is written beside them", async () => {
    const folder = feastRepo();
    mkdirSync(join(folder, "features"));
    writeFileSync(join(folder, "features/entities.ts"), "// mine\n");
    const ran = await runAsof(["import", "feast", "."], { cwd: folder });
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /\[ASOF_OUTPUT_FAILED\] features\/entities\.ts is there already; nothing was written/);
    assert.throws(() => readFileSync(join(folder, "UNSUPPORTED.md")));
  });

  test("a package of another name gets its repository named; an online store that asof does not open gets a yaml beside", async () => {
    const named = feastRepo();
    writeFileSync(join(named, "package.json"), '{ "name": "rides", "type": "module" }\n');
    assert.equal((await runAsof(["import", "feast", "."], { cwd: named })).status, 0);
    assert.match(readFileSync(join(named, "feature_store.yaml"), "utf8"), /\nrepository: compat\n$/);
    assert.match((await runAsof(["plan"], { cwd: named })).stdout, /^No changes/);

    const redis = feastRepo();
    const yaml = join(redis, "feature_store.yaml");
    writeFileSync(yaml, readFileSync(yaml, "utf8").replace(/online_store:\n(\s+.*\n)+?(?=\w)/, "online_store:\n  type: redis\n"));
    const ran = await runAsof(["import", "feast", "."], { cwd: redis });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /use feature_store\.asof\.yaml/);
    assert.match(ran.stdout, /\nNext: asof --feature-store-yaml feature_store\.asof\.yaml plan\n$/);
    const plan = await runAsof(["--feature-store-yaml", "feature_store.asof.yaml", "plan"], { cwd: redis });
    assert.match(plan.stdout, /^No changes/, plan.stderr);
  });

  test("what is no registry, and a project that is not there, are refused by code", async () => {
    const folder = feastRepo();
    const fault = async (...argv: readonly string[]) => (await runAsof(["import", "feast", ...argv], { cwd: folder })).stderr;
    assert.match(await fault("nowhere"), /\[ASOF_CONFIG_MISSING\]/);
    assert.match(await fault("features.py"), /\[ASOF_REGISTRY_UNREADABLE\]/);
    assert.match(await fault("sqlite:///nowhere.db"), /\[ASOF_REGISTRY_UNREADABLE\].*nowhere\.db.*it is not there/);
    writeFileSync(join(folder, "empty.pb"), "");
    assert.match(await fault("empty.pb"), /\[ASOF_REGISTRY_UNREADABLE\].*it holds no project; run `feast apply` first/);
    assert.match(await fault("postgresql://host/db"), /\[ASOF_REGISTRY_UNREADABLE\].*postgresql:\/\//);
    assert.match(await fault("data/registry.pb", "--project", "compt"), /\[ASOF_OBJECT_UNKNOWN\].*Did you mean "compat"\?/);
  });
});

describe("asof export registry", () => {
  test("a registry of any type becomes Feast's file, which asof opens as it was", async () => {
    const folder = feastRepo("sql");
    assert.equal((await runAsof(["import", "feast", "."], { cwd: folder })).status, 0);
    const ran = await runAsof(["export", "registry", "--out", "exported.pb"], { cwd: folder });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /Wrote exported\.pb: 19 objects for Feast, \d+ records of asof's/);
    const file = FeastRegistryFile.decode(readFileSync(join(folder, "exported.pb")));
    assert.deepEqual([...file.iterate("on_demand_feature_view")].map(({ name }) => name).sort(), ["boosted", "plus"]);
    const yaml = join(folder, "feature_store.yaml");
    writeFileSync(yaml, readFileSync(yaml, "utf8").replace(/registry:\n(\s+.*\n)+?(?=\w)/, "registry: exported.pb\n"));
    assert.match((await runAsof(["plan"], { cwd: folder })).stdout, /^No changes/);
    const again = await runAsof(["export", "registry", "--out", "exported.pb"], { cwd: folder });
    assert.match(again.stderr, /\[ASOF_OUTPUT_FAILED\].*is there already/);
    const before = readFileSync(join(folder, "exported.pb"));
    await assert.rejects(exportFeastRegistry(openMemoryRegistry(), join(folder, "exported.pb"), 0), {
      code: "ASOF_OUTPUT_FAILED",
    });
    assert.deepEqual(readFileSync(join(folder, "exported.pb")), before, "a file that came meanwhile stays");
    const own = join(folder, "new/exported.pb");
    assert.deepEqual(await exportFeastRegistry(openMemoryRegistry(), own, 0), { records: 0, feastObjects: 0 });
  });

  test("records go out as JSON, to standard output or a file", async () => {
    const folder = feastRepo();
    const ran = await runAsof(["export", "registry", "--format", "json"], { cwd: folder });
    const { records } = JSON.parse(ran.stdout) as { records: { kind: string }[] };
    assert.equal(records.filter((record) => record.kind === "feature_view").length, 3);
    assert.equal((await runAsof(["export", "registry", "--format", "json", "--out", "r.json"], { cwd: folder })).status, 0);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "r.json"), "utf8")), JSON.parse(ran.stdout));
  });
});
