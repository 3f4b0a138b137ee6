import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { featureStoreOf } from "../../src/store/feature-store.ts";
import { clicked, erasedUser, latest, newest, openDeletion, otherUser, perShop, totals } from "./killed-deletion.test.support.ts";
import { at, collect } from "./project.test.support.ts";

const program = join(import.meta.dirname, "killed-deletion.test.support.ts");
const yaml = `project: killed
provider: local
registry:
  registry_type: sqlite
  path: data/registry.db
offline_store:
  type: duckdb
online_store:
  type: lmdb
  path: data/online
`;

const clicks = Array.from({ length: 6 }, (_, i) => ({
  ...{ user_id: i % 2 === 0 ? erasedUser : otherUser, shop_id: i === 4 ? null : "s1" },
  ...{ ts: at("2024-01-05T00:00:00Z") + i, id: `c${i}`, amount: i },
}));

async function prepare(folder: string): Promise<void> {
  writeFileSync(join(folder, "feature_store.yaml"), yaml);
  const rows = [erasedUser, otherUser].flatMap((user) => [`${user},2024-01-01T00:00:00Z,1`, `${user},2024-01-02T00:00:00Z,2`]);
  writeFileSync(join(folder, "orders.csv"), ["user_id,ts,amount", ...rows, ""].join("\n"));
  await using session = await openDeletion(folder);
  await session.apply(await session.plan());
  const store = featureStoreOf(session);
  for (const [i, click] of clicks.entries()) await store.push("clicks", [click], { idempotencyKey: `k${i}` });
  await store.materialize("2024-01-01", "2024-01-31");
}

/** Values of both users on both sides, and whether the key is erased. */
async function look(folder: string) {
  await using session = await openDeletion(folder);
  const store = featureStoreOf(session);
  const features = [latest, totals, clicked, newest] as const;
  const users = [erasedUser, otherUser];
  const { rows } = await store.getOnlineFeatures({ features, entities: users.map((user_id) => ({ user_id })) });
  const spine = users.map((user_id) => ({ user_id, event_timestamp: session.runtime.clock.nowUs() }));
  await using training = await store.getHistoricalFeatures({ features, spine, fullFeatureNames: true });
  const trained = (await collect(training.rows())).map((r) => [r.latest__amount, r.totals__spent, r.clicked__clicks, r.newest__amount]);
  const served = rows.map((r) => [r.latest.amount, r.totals.spent, r.clicked.clicks, r.newest.amount]);
  const shops = await store.getOnlineFeatures({ features: [perShop], entities: [{ shop_id: "s1" }] });
  return { served, trained, shop: shops.rows[0]?.per_shop.clicks, isErased: (await session.registry(true)).erasures.length > 0 };
}

function run(folder: string, killAt: number, moment: string): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, ["--conditions=source", program, folder, String(killAt), moment], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_code, signal) => resolve(signal));
  });
}

const filesWith = (folder: string, text: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text));

const everything = [2, 3, 3, 4];
const nothing = [null, null, 0, null];

test("a deletion killed with SIGKILL at every step shows nothing once it has begun, and ends where it should", {
  timeout: 300_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "asof-killed-deletion-"));
  try {
    await prepare(folder);
    assert.deepEqual((await look(folder)).served, [everything, [2, 3, 3, 5]]);
    let kills = 0;
    const moments = ["before", "during", "after"];
    for (let killAt = 0; ; killAt++) {
      if ((await run(folder, killAt, moments[killAt % 3] ?? "")) === null) break;
      kills++;
      const { served, trained, shop, isErased } = await look(folder);
      const expected = isErased ? nothing : everything;
      assert.deepEqual([served[0], trained[0]], [expected, expected], `killed at call ${killAt}`);
      assert.deepEqual([served[1], trained[1], shop], [[2, 3, 3, 5], [2, 3, 3, 5], 5], `others, killed at call ${killAt}`);
    }
    t.diagnostic(`${kills} processes killed`);
    assert.ok(kills >= 8);
    {
      await using session = await openDeletion(folder);
      const report = await session.deleteEntity({ entity: { user_id: erasedUser } });
      assert.deepEqual(
        [report.online.map((o) => o.rows + o.states), report.logs],
        [report.online.map(() => 0), []],
        "nothing is left to remove",
      );
      const store = featureStoreOf(session);
      for (const [i, click] of clicks.entries()) await store.push("clicks", [click], { idempotencyKey: `k${i}` });
      await store.materialize("2024-01-01", "2024-01-31");
    }
    const { served, trained, shop } = await look(folder);
    assert.deepEqual([served, trained, shop], [[nothing, [2, 3, 3, 5]], [nothing, [2, 3, 3, 5]], 5]);
    assert.deepEqual(
      filesWith(join(folder, "data"), erasedUser).filter((path) => !path.includes("/online/")),
      [],
      "no file of the registry or the log has the key",
    );
    assert.ok(filesWith(join(folder, "data/log"), otherUser).length > 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
