/** `asof init`: a whole project or nothing, with data of this week, labels that fit it, and answers as of now. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { parseInstant } from "@asof/core";
import { openDuckDbOfflineStore } from "@asof/duckdb";
import { writeProject } from "../../src/project/write-project.ts";
import { assertDone, assertFailed, listFiles, runAsof, startAsof, temporaryFolder } from "./command.test.support.ts";
import { readOnly } from "./obstacles.test.support.ts";

const repository = resolve(import.meta.dirname, "../../../..");
const weekUs = 7 * 86_400_000_000;
const dayUs = 86_400_000_000;

/** Rows of a query over a project's files. */
async function query(folder: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  await using store = await openDuckDbOfflineStore({ repositoryPath: folder, logFolder: join(folder, "log") });
  const plan = { spine: { timeColumn: "asof_time", keys: [] }, views: [], knowledge: "event", bounds: false } as const;
  await using result = await store.retrieve(plan, { kind: "sql", query: `select *, timestamptz 'epoch' as asof_time from (${sql})` });
  const rows: Record<string, unknown>[] = [];
  for await (const batch of result.batches()) {
    for (let row = 0; row < batch.rowCount; row++) rows.push(Object.fromEntries(batch.columns.map((c) => [c.name, c.get(row)])));
  }
  return rows;
}

const extent = "select min(event_timestamp) as first, max(event_timestamp) as last from read_parquet('data/baskets.parquet')";

describe("asof init", () => {
  test("writes a project with data of this week, which answers as of now", async (t) => {
    const cwd = temporaryFolder(t);
    const written = await runAsof(["init", "my-shop", "--json"], { cwd });
    const { project, shiftedWeeks } = JSON.parse(assertDone(written));
    assert.equal(project, "my_shop");
    const shop = join(cwd, "my-shop");
    const [{ first, last } = {}] = await query(shop, extent);
    const nowUs = Date.now() * 1000;
    assert.ok(Number(last) <= nowUs && Number(last) > nowUs - weekUs, String(last));
    assert.equal(Number(first), parseInstant("2017-01-01T11:53:26Z") + shiftedWeeks * weekUs);
    assert.deepEqual(readdirSync(cwd), ["my-shop"]);

    assertDone(await runAsof(["apply"], { cwd: shop }));
    assertDone(await runAsof(["materialize-incremental"], { cwd: shop }));
    const ask = ["get-online-features", "-s", "churn_v1", "-e", "customer_id=900", "-e", "amount=25", "--json"];
    const { rows, statuses } = JSON.parse(assertDone(await runAsof(ask, { cwd: shop })));
    assert.ok(rows[0].churn_features.tenure_months > 10 && rows[0].behavioral_features.baskets_lifetime > 600);
    assert.equal(rows[0].customer_demographics.age, "35-44");
    for (const view of ["churn_features", "customer_demographics"]) {
      assert.deepEqual(new Set(Object.values(statuses[0][view])), new Set(["PRESENT"]), view);
    }
    assert.ok(!Object.values(statuses[0].behavioral_features).includes("INCOMPLETE"));
  });

  test("--keep-dates leaves the year 2017 as it is", async (t) => {
    const cwd = temporaryFolder(t);
    assert.match(
      assertDone(await runAsof(["init", "shop", "--keep-dates"], { cwd })),
      /^ {2}npx asof materialize-incremental 2018-01-01$/m,
    );
    const hash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
    assert.equal(hash(join(cwd, "shop/data/baskets.parquet")), hash(join(repository, "examples/predictflow/data/baskets.parquet")));
  });

  test("pins asof and Node, names the project, and leaves out what belongs to the repository", async (t) => {
    const shop = join(temporaryFolder(t), "shop");
    await writeProject(shop, { project: "shop", keepDates: true, nowUs: 0 });
    const manifest = JSON.parse(readFileSync(join(shop, "package.json"), "utf8"));
    const { version } = JSON.parse(readFileSync(join(repository, "packages/asof/package.json"), "utf8"));
    assert.deepEqual([manifest.dependencies.asof, manifest.type], [version, "module"]);
    assert.match(manifest.devDependencies.node, /^\^24\./);
    assert.match(readFileSync(join(shop, "feature_store.yaml"), "utf8"), /^project: shop$/m);
    assert.deepEqual(listFiles(shop), [
      ".gitignore",
      "README.md",
      "data/README.md",
      "data/baskets.parquet",
      "data/demographics.parquet",
      "feature_store.yaml",
      "feature_store/registry.ts",
      "features/app_activity.ts",
      "features/behavioral_features.ts",
      "features/customer_features.ts",
      "features/labels.ts",
      "features/services.ts",
      "labels.sql",
      "migrations/feature_registry.sql",
      "package.json",
      "test/features.test.ts",
      "test/service.test.ts",
      "tsconfig.json",
    ]);
  });

  test("fills an empty folder, also the one it is started in", async (t) => {
    const shop = join(temporaryFolder(t), "shop");
    mkdirSync(shop);
    assertDone(await runAsof(["init", ".", "--keep-dates"], { cwd: shop }));
    assert.ok(listFiles(shop).includes("labels.sql"));
    assertFailed(await runAsof(["init", "."], { cwd: shop }), {
      status: 1,
      code: "ASOF_OUTPUT_FAILED",
      says: /exists and is not empty\. Choose another name/,
    });
  });

  test("that fails or is interrupted leaves nothing", async (t) => {
    const cwd = temporaryFolder(t);
    writeFileSync(join(cwd, "file"), "");
    for (const [name, code, status] of [
      ["file", "ASOF_OUTPUT_FAILED", 1],
      ["file/below", "ASOF_OUTPUT_FAILED", 1],
      [".hidden", "ASOF_NAME_INVALID", 2],
      ["two words", "ASOF_NAME_INVALID", 2],
    ] as const) {
      assertFailed(await runAsof(["init", name], { cwd }), { status, code });
    }
    const { through } = readOnly(cwd);
    assertFailed(await runAsof(["init", "deep/shop"], { cwd, through }), {
      status: 1,
      code: "ASOF_OUTPUT_FAILED",
      says: /nothing of it was left/,
    });
    const running = startAsof(["init", "a/b/shop"], { cwd });
    // The draft appears beside the folder while it is being written.
    while (!listFiles(cwd).some((file) => file.includes("baskets.parquet")) && running.child.exitCode === null)
      await new Promise(setImmediate);
    running.child.kill("SIGINT");
    const { status } = await running.ended;
    if (status === 130) assert.deepEqual(readdirSync(cwd), ["file"]);
    else assert.equal(status, 0, "it was faster than the signal");
  });
});

describe("labels.sql", () => {
  test("keeps 28 days of history and of future, whatever week the data are moved to", async (t) => {
    const folder = join(temporaryFolder(t), "shop");
    await writeProject(folder, { project: "shop", keepDates: true, nowUs: 0 });
    const text = readFileSync(join(folder, "labels.sql"), "utf8").replace(/order by[^)]*$/, "");
    const months = new Set<number>();
    for (let weeks = 0; weeks < 104; weeks += 5) {
      const shifted = text.replaceAll(
        "read_parquet('data/baskets.parquet')",
        `(select customer_id, event_timestamp + interval ${weeks * 7} day as event_timestamp from read_parquet('data/baskets.parquet'))`,
      );
      const [row = {}] = await query(
        folder,
        `select count(distinct event_timestamp) as months, min(event_timestamp) as first, max(event_timestamp) as last,
           bool_and(event_timestamp = date_trunc('month', event_timestamp)) as on_first, avg(churned::int) as churned from (${shifted})`,
      );
      const shiftUs = weeks * weekUs;
      assert.ok(Number(row.first) >= parseInstant("2017-01-01T11:53:26Z") + shiftUs + 56 * dayUs, `${weeks} weeks: history`);
      assert.ok(Number(row.last) <= parseInstant("2018-01-01T04:01:20Z") + shiftUs - 28 * dayUs, `${weeks} weeks: future`);
      assert.equal(row.on_first, true);
      assert.ok(Number(row.churned) > 0.1 && Number(row.churned) < 0.3, `${weeks} weeks: ${row.churned}`);
      months.add(Number(row.months));
    }
    assert.deepEqual([...months].sort(), [10, 9]);
  });
});

test("the example's migration is the registry's own", () => {
  const read = (path: string): string => readFileSync(join(repository, path), "utf8");
  assert.equal(read("examples/predictflow/migrations/feature_registry.sql"), read("packages/sqlite/migrations/feature_registry.sql"));
});
