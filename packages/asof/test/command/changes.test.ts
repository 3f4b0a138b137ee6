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
  const changed = definitions.replace('spend_1d: sum("spend", { window: "1d" })', 'spend_1d: sum("spend", { window: "2d" })');

  test("makes a version beside the active one, which is activated when it is materialized", async (t) => {
    const shop = copyProject(t, template);
    const run = async (...args: readonly string[]) => runAsof(args, { cwd: shop });
    writeFileSync(join(shop, "features/shop.ts"), changed);
    const planned = assertDone(await run("apply"));
    assert.match(
      planned,
      /features\.spend_1d\.window: 1d → 2d[\s\S]*→ online: version v1 is made beside v0; v0 is served until `asof activate activity@v1`/,
    );
    assert.match(assertDone(await run("plan")), /Warning: Feature view "activity" is served as version v0/);
    assert.deepEqual(await readSpend(shop), { spend_1d: 12.5, baskets_7d: 2 }, "the active one is served");
    assertFailed(await run("activate", "activity", "--force"), {
      status: 3,
      code: "ASOF_VERSION_NOT_READY",
      says: /activity@v1 has no data/,
    });
    const json = await run("activate", "activity", "--force", "--json");
    assert.deepEqual([JSON.parse(json.stderr).error.path, JSON.parse(json.stderr).error.value], ["activity@v1", "1"]);
    const filled = JSON.parse(assertDone(await run("materialize", "2024-01-01", "2024-01-11", "-v", "activity", "--json")));
    assert.deepEqual(
      filled.views.map((v: { view: string }) => v.view),
      ["activity", "activity@v1"],
    );
    const both = ["-f", "activity@v0:spend_1d", "-f", "activity@v1:spend_1d", "-e", "customer_id=1"];
    const read = JSON.parse(assertDone(await run("get-online-features", ...both, "--at", "2024-01-11", "--json")));
    assert.deepEqual(read.rows[0], { "activity@v0": { spend_1d: 12.5 }, "activity@v1": { spend_1d: 12.5 } });
    const trained = JSON.parse(
      assertDone(await run("get-historical-features", ...both, "--at", "2024-01-12T08:30:00Z", "--full-feature-names", "--json")),
    );
    assert.deepEqual([trained.rows[0]["activity@v0__spend_1d"], trained.rows[0]["activity@v1__spend_1d"]], [null, 12.5]);
    const one = ["-f", "activity:spend_1d", "-e", "customer_id=1", "--at", "2024-01-11"];
    for (const command of ["get-online-features", "get-historical-features"]) {
      assert.match(
        assertDone(await run(command, ...one)),
        /^activity: the active version v0 answers; what is defined is v1, asked for as activity@v1\.$/m,
      );
    }
    assert.match(assertDone(await run("why", "activity@v1:spend_1d", "-e", "customer_id=1", "--at", "2024-01-11")), /The two sides agree/);
    const listed = assertDone(await run("versions", "activity"));
    assert.match(listed, /^activity@v0 +active +\S+ +to \S+ +2 *$/m);
    assert.match(listed, /^activity@v1 +pending +\S+ +to \S+ +2 +spend_1d *$/m);
    assert.match(assertDone(await run("diff", "activity@v0", "activity@v1")), /features\.spend_1d\.window: 1d → 2d$/m);
    const compared = JSON.parse(assertDone(await run("diff", "activity", "--json")));
    assert.deepEqual([compared.from, compared.to, compared.differences[0].path], [0, 1, "features.spend_1d.aggregate.windowUs"]);
    assert.match(
      assertDone(await run("activate", "activity")),
      /activity@v1 is active; before it was v0\. Services that answer with it: everything\./,
    );
    assert.match(assertDone(await run("feature-views", "describe", "activity")), /^ {2}version: v1$[\s\S]*^ {2}kept_beside:\n {4}- v0$/m);
    assertFailed(await run("versions", "drop", "activity@v1"), { status: 3, code: "ASOF_IN_USE", says: /it is active/ });
    assertDone(await run("versions", "drop", "activity@v0"));
    const dropped = JSON.parse(assertDone(await run("versions", "activity", "--json")));
    assert.deepEqual(
      dropped.map((v: { version: number; status: string }) => [v.version, v.status]),
      [
        [0, "dropped"],
        [1, "active"],
      ],
    );
  });

  test("with --recreate takes the active one's place as soon as it is materialized", async (t) => {
    const shop = copyProject(t, template);
    writeFileSync(join(shop, "features/shop.ts"), changed);
    assert.match(assertDone(await runAsof(["apply", "--recreate", "activity"], { cwd: shop })), /± feature view "activity" \(recreated\)/);
    assert.deepEqual(await readSpend(shop), { spend_1d: 12.5, baskets_7d: 2 }, "the active one is served");
    assertDone(await runAsof(["materialize", "2024-01-01", "2024-01-11", "-v", "activity"], { cwd: shop }));
    assert.match(assertDone(await runAsof(["feature-views", "describe", "activity"], { cwd: shop })), /^ {2}version: v1$/m);
  });

  test("wrong use of versions ends with what is right", async (t) => {
    const shop = copyProject(t, template);
    const fails = async (args: readonly string[], expected: Parameters<typeof assertFailed>[1]) =>
      assertFailed(await runAsof(args, { cwd: shop }), expected);
    const unknown = { status: 2, code: "ASOF_VERSION_UNKNOWN", says: /has no version v7\. Kept are: v0/ };
    await fails(["get-online-features", "-f", "activity@v7:spend_1d", "-e", "customer_id=1"], unknown);
    await fails(["get-historical-features", "-f", "activity@v7:spend_1d", "-e", "customer_id=1"], unknown);
    await fails(["materialize-incremental", "-v", "activity@v7"], unknown);
    await fails(["activate", "activity@v7"], unknown);
    await fails(["diff", "activity@v0", "activity@v7"], unknown);
    await fails(["diff", "activity@v0", "profile@v0"], { status: 2, code: "ASOF_USAGE", says: /are two views/ });
    await fails(["versions", "drop", "activity"], { status: 2, code: "ASOF_USAGE", says: /names no version/ });
    await fails(["versions", "nothing"], { status: 2, code: "ASOF_FEATURE_UNKNOWN", says: /"nothing"/ });
    await fails(["activate", "ratio"], { status: 2, code: "ASOF_FEATURE_UNKNOWN", says: /"ratio"/ });
    for (const text of ["0", "V0", "x", ""]) {
      const wrong = {
        status: 2,
        code: "ASOF_VERSION_UNKNOWN",
        says: /names no version of feature view "activity"\. Kept are: v0\. .*activity@v0/,
      };
      await fails(["activate", `activity@${text}`], wrong);
      await fails(["diff", `activity@${text}`], wrong);
      await fails(["materialize-incremental", "-v", `activity@${text}`], wrong);
      await fails(["get-online-features", "-f", `activity@${text}:spend_1d`, "-e", "customer_id=1"], wrong);
    }
    await fails(["why", "activity@v7:spend_1d", "-e", "customer_id=1"], unknown);
    assert.match(assertDone(await runAsof(["activate", "activity"], { cwd: shop })), /activity@v0 is active already/);
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

describe("two projects in one registry", () => {
  /** A project of its own in a folder beside the shop, over the shop's registry and stores: a service over a view of the shop. */
  function addProject(shop: string): string {
    const yaml = (shopFiles["feature_store.yaml"] ?? "").replace("project: shop", "project: ads").replaceAll("data/", "../shop/data/");
    writeFiles(shop, {
      "../ads/package.json": shopFiles["package.json"] ?? "",
      "../ads/feature_store.yaml": yaml,
      "../ads/features/ads.ts": `import { featureService, from } from "asof"; import { profile } from "../../shop/features/shop.ts";
        export const ranking = featureService("ranking", [from("shop", profile).pick("tier")]);`,
    });
    return join(shop, "../ads");
  }

  const sharing = (shop: string, shared: string): string =>
    definitions
      .replace('path: "data/profiles.csv"', `path: ${JSON.stringify(join(shop, "data/profiles.csv"))}`)
      .replace('ttl: "30d",', `ttl: "30d", ${shared}`);

  test("a service uses what the owner shares; what is not shared, or is used, is refused with 3", async (t) => {
    const shop = writeShop(temporaryFolder(t));
    const ads = addProject(shop);
    const [inShop, inAds] = [shop, ads].map(
      (cwd) =>
        async (...args: readonly string[]) =>
          runAsof(args, { cwd }),
    );
    assert.ok(inShop !== undefined && inAds !== undefined);
    writeFileSync(join(shop, "features/shop.ts"), sharing(shop, ""));
    assertDone(await inShop("apply"));
    const unshared = { status: 3, code: "ASOF_NOT_SHARED", says: /"shop\/profile", which its owner, repository "shop" of project "shop"/ };
    assertFailed(await inAds("apply"), unshared);
    writeFileSync(join(shop, "features/shop.ts"), sharing(shop, 'shared: ["ads"],'));
    assert.match(assertDone(await inShop("apply")), /~ feature view "profile" \(metadata only\)\n {4}shared: ads/);
    assertDone(await inShop("materialize", "2024-01-01", "2024-01-11"));
    assert.match(assertDone(await inAds("apply")), /^\+ feature service "ranking"[\s\S]*Applied 2 changes/m);
    const one = ["-e", "customer_id=1", "--at", "2024-01-11", "--json"];
    const online = JSON.parse(assertDone(await inAds("get-online-features", "-s", "ranking", ...one)));
    assert.deepEqual(online.rows[0], { profile: { tier: "gold" } });
    const trained = JSON.parse(assertDone(await inAds("get-historical-features", "-f", "shop/profile@v0:tier", ...one)));
    assert.equal(trained.rows[0].tier, "gold");
    assert.match(assertDone(await inAds("feature-services", "describe", "ranking")), /- "?shop\/profile: tier/);
    assert.match(assertDone(await inShop("feature-views", "describe", "profile")), /shared_with:\n {2}- ads/);
    assertFailed(await inAds("why", "shop/profile:tier", "-e", "customer_id=1"), {
      status: 2,
      code: "ASOF_USAGE",
      says: /belongs to project "shop"/,
    });
    const inUse = { status: 3, code: "ASOF_IN_USE", says: /feature service "ranking" of project "ads"/ };
    writeFileSync(join(shop, "features/shop.ts"), sharing(shop, ""));
    assertFailed(await inShop("apply"), inUse);
    assertFailed(await inShop("teardown", "--yes"), inUse);
    assertFailed(await inAds("get-online-features", "-f", "shop/activity:spend_1d", ...one.slice(0, -1)), {
      status: 3,
      code: "ASOF_NOT_SHARED",
      says: /not shared/,
    });
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
