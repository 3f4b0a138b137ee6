import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AsofError, collectDefinitions } from "@asof/core";
import { count, entity, featureView, float64, list, push, timestamp, uuid } from "../../src/index.ts";
import { openFeatureStore } from "../../src/store/open.ts";

const person = entity("person", { key: { id: uuid() } });
const columns = { seen: timestamp(), days: list(timestamp()), cut: timestamp({ precision: "s" }), amount: float64() };
const visits = push("visits", { eventTime: "ts", columns });

/** What a plan of these definitions against the SQLite store raises; null where it is made. */
async function faultOf(definitions: Readonly<Record<string, unknown>>): Promise<AsofError | null> {
  const folder = mkdtempSync(join(tmpdir(), "asof-refused-"));
  try {
    writeFileSync(join(folder, "feature_store.yaml"), "project: shop\nonline_store: sqlite\n");
    await using store = await openFeatureStore({ repo: folder, definitions: collectDefinitions([definitions], "shop"), environment: {} });
    await store.session.plan();
    return null;
  } catch (error) {
    assert.ok(error instanceof AsofError, String(error));
    return error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("keys and timestamps that Feast's layout cannot keep are refused when definitions are planned", async () => {
  const keyed = featureView("keyed", { entities: [person], source: visits }, { amount: float64() });
  const key = await faultOf({ keyed });
  assert.equal(key?.code, "ASOF_COLUMN_TYPE");
  assert.match(key?.message ?? "", /join key id has the type uuid/);
  const fine = featureView("fine", { entities: [], source: visits }, { seen: timestamp(), days: list(timestamp()) });
  const faults = await faultOf({ fine });
  assert.deepEqual(
    faults?.issues.map((issue) => issue.path),
    ["views.fine.seen", "views.fine.days"],
  );
  assert.match(faults?.message ?? "", /keeps whole seconds.*timestamp\(\{ precision: "s" \}\)/s);
});

test("timestamps of whole seconds are taken, and windowed views of any key: their state is asof's own", async () => {
  const cut = featureView("cut", { entities: [], source: visits }, { cut: timestamp({ precision: "s" }), amount: float64() });
  const often = featureView("often", { entities: [person], source: visits }, { visits_7d: count({ window: "7d" }) });
  assert.equal(await faultOf({ cut, often }), null);
});
