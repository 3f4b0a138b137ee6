/** Names that are nearly right: what was meant is said, whatever the command and whatever it names. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertDone, assertFailed, runAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

const shop = writeShop(temporaryFolder({ after }));

before(async () => {
  writeFiles(shop, { "rows.json": '[{ "customer_id": 1, "event_timestamp": "2024-01-01T00:00:00Z", "page": "start" }]\n' });
  assertDone(await runAsof(["apply"], { cwd: shop }));
  assertDone(await runAsof(["materialize", "2024-01-01", "2024-01-11"], { cwd: shop }));
});

/** Command line → what it should have named. */
const cases: Readonly<Record<string, string>> = {
  "why profile:teir -e customer_id=1": "tier",
  "why profil:tier -e customer_id=1": "profile",
  "why profile:tier -e custmer_id=1": "customer_id",
  "describe profil": "profile",
  "describe profile:teir": "tier",
  "versions list profil": "profile",
  "versions drop profil@v0": "profile",
  "activate profil": "profile",
  "activate profil@v0": "profile",
  "diff profil": "profile",
  "lineage profil": "profile",
  "lineage profile:teir": "profile:tier",
  "statistics compute profil": "profile",
  "statistics list profile:teir": "tier",
  "materialize-incremental -v profil": "profile",
  "push click --rows rows.json": "clicks",
  "get-online-features -s everythin -e customer_id=1": "everything",
  "get-online-features -f profil:tier -e customer_id=1": "profile",
  "get-online-features -f profile:teir -e customer_id=1": "tier",
  "get-online-features -f profile:tier -e custmer_id=1": "customer_id",
  "get-online-features -f profil@v0:tier -e customer_id=1": "profile",
  "get-historical-features -s everythin --spine labels.csv": "everything",
  "get-historical-features -f profile:teir --spine labels.csv": "tier",
  "entities describe custmer": "customer",
  "data-sources describe profils": "profiles",
  "feature-views describe profil": "profile",
  "features describe profile:teir": "profile:tier",
  "feature-services describe everythin": "everything",
  "projects describe shopp": "shop",
  "delete --entity custmer_id=1 --dry-run": "customer_id",
  "apply --recreate profil": "profile",
  "apply --adopt profil": "profile",
};

test("a name that is nearly right is followed by the one that was meant", async () => {
  for (const [line, meant] of Object.entries(cases)) {
    const ended = await runAsof(line.split(" "), { cwd: shop });
    const [, code = ""] = /^error \[(\w+)\]/m.exec(ended.stderr) ?? [];
    assertFailed(ended, { status: 2, code });
    assert.ok(ended.stderr.includes(`Did you mean "${meant}"?`), `${line}: ${ended.stderr}`);
  }
});

test("one that is like nothing is followed by what there is, or where to look", async () => {
  const ended = await runAsof("get-online-features -f profile:qwertyuiop -e customer_id=1".split(" "), { cwd: shop });
  assertFailed(ended, { status: 2, code: "ASOF_FEATURE_UNKNOWN", says: /It has: tier, score\. Fix the reference/ });
  assert.ok(!ended.stderr.includes("Did you mean"));
});
