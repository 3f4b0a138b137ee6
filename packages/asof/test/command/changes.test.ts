/** Changes to a project that serves: what is refused with which exit code, and what goes on being answered meanwhile. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { assertDone, assertFailed, copyProject, runAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { shopFiles, writeShop } from "./shop.test.support.ts";

const definitions = shopFiles["features/shop.ts"] ?? "";

/** A project that was applied and materialized; each test takes a copy. */
const template = await (async () => {
  const shop = writeShop(temporaryFolder({ after }));
  assertDone(await runAsof(["apply"], { cwd: shop }));
  assertDone(await runAsof(["materialize", "2024-01-01", "2024-01-11"], { cwd: shop }));
  return shop;
})();

async function readSpend(shop: string): Promise<unknown> {
  const read = ["get-online-features", "-f", "activity", "-e", "customer_id=1", "--at", "2024-01-11", "--json"];
  return JSON.parse(assertDone(await runAsof(read, { cwd: shop }))).rows[0].activity;
}

describe("a change of what stored values mean", () => {
  test("is refused with 3, and built beside what is served with --recreate", async (t) => {
    const shop = copyProject(t, template);
    writeFileSync(join(shop, "features/shop.ts"), definitions.replace('window: "1d"', 'window: "2d"'));
    const says = /features\.spend_1d\.window \(1d → 2d\)\. Run again with `--recreate`/;
    for (const command of ["plan", "apply"]) {
      assertFailed(await runAsof([command], { cwd: shop }), { status: 3, code: "ASOF_RECREATE_REQUIRED", says });
    }
    assertDone(await runAsof(["apply", "--recreate", "activity"], { cwd: shop }));
    assert.deepEqual(await readSpend(shop), { spend_1d: 12.5, baskets_7d: 2 }, "the old generation is served");
    assertDone(await runAsof(["materialize", "2024-01-01", "2024-01-11", "-v", "activity"], { cwd: shop }));
    assert.match(assertDone(await runAsof(["feature-views", "describe", "activity"], { cwd: shop })), /^ {2}generation: 2$/m);
  });
});

describe("two repositories in one project", () => {
  /** A second repository in the same folder: a service over a view of the first. */
  function addRepository(shop: string, service: string): readonly string[] {
    const yaml = readFileSync(join(shop, "feature_store.yaml"), "utf8");
    writeFiles(shop, { "other.yaml": `${yaml}repository: other\ndefinitions: other/*.ts\n`, "other/service.ts": service });
    return ["--feature-store-yaml", "other.yaml"];
  }

  test("what another's service uses cannot be deleted: 3, and the service is named", async (t) => {
    const shop = copyProject(t, template);
    const other = addRepository(
      shop,
      `import { featureService } from "asof"; import { profile } from "../features/shop.ts"; export const ranking = featureService("ranking", [profile]);`,
    );
    assert.match(assertDone(await runAsof(["apply", ...other], { cwd: shop })), /^\+ feature service "ranking"$[\s\S]*Applied 1 change /m);
    writeFileSync(
      join(shop, "features/shop.ts"),
      definitions.replace("[profile, activity, ratio]", "[activity, ratio]").replace("export const profile =", "const unused ="),
    );
    const says = /feature view "profile".*ranking/s;
    assertFailed(await runAsof(["apply"], { cwd: shop }), { status: 3, code: "ASOF_IN_USE", says });
  });

  test("what another manages is changed by taking it over only", async (t) => {
    const shop = copyProject(t, template);
    const other = addRepository(shop, definitions.replace('ttl: "30d"', 'ttl: "20d"'));
    const refused = await runAsof(["apply", ...other], { cwd: shop });
    assertFailed(refused, { status: 3, code: "ASOF_NOT_OWNER", says: /"profile".*--adopt/s });
    const adopted = await runAsof(["plan", ...other, "--adopt", "profile", "--recreate", "--json"], { cwd: shop });
    const { entries } = JSON.parse(assertDone(adopted));
    assert.deepEqual(
      entries.map((e: { name: string; adoptedFrom: string }) => [e.name, e.adoptedFrom]),
      [["profile", "shop"]],
    );
  });
});

test("why ends with 4 where an online-only push made the two sides differ", async (t) => {
  const shop = copyProject(t, template);
  const rows = `{"customer_id": 1, "event_timestamp": "2024-01-10T10:00:00Z", "page": "a"}`;
  const push = async (to: string) => runAsof(["push", "clicks", "--rows", "-", "--to", to], { cwd: shop, input: rows });
  assertDone(await push("both"));
  const why = ["why", "clicked:clicks_1h", "-e", "customer_id=1", "--at", "2024-01-10T10:30:00Z"];
  assert.match(assertDone(await runAsof(why, { cwd: shop })), /^training +1 /m);
  assertDone(await push("online"));
  const differing = await runAsof(why, { cwd: shop });
  assert.equal(differing.status, 4, differing.stderr);
  assert.match(differing.stdout, /^training +1 [\s\S]*^serving +2 [\s\S]*The two sides differ\./m);
});

test("a feature that is added is absent until it is materialized, the others stay", async (t) => {
  const shop = copyProject(t, template);
  writeFileSync(
    join(shop, "features/shop.ts"),
    definitions.replace("baskets_7d:", 'spend_7d: sum("spend", { window: "7d" }),\n  baskets_7d:'),
  );
  assert.match(assertDone(await runAsof(["apply"], { cwd: shop })), /→ online: in place/);
  assert.deepEqual(await readSpend(shop), { spend_1d: 12.5, spend_7d: null, baskets_7d: 2 });
  assertDone(await runAsof(["materialize", "2024-01-01", "2024-01-11", "-v", "activity"], { cwd: shop }));
  assert.deepEqual(await readSpend(shop), { spend_1d: 12.5, spend_7d: 12.5, baskets_7d: 2 });
});
