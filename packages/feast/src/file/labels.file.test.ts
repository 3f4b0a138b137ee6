import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  applyDefinitions,
  bool,
  collectDefinitions,
  entity,
  featureView,
  float64,
  int64,
  label,
  modelsFromSnapshot,
  parquet,
  systemClock,
} from "@asof/core";
import { openFileRegistry } from "./store.ts";

test("labels live in Feast's file beside what Feast has objects for, and are there when it is opened again", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "asof-labels-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "registry.pb");
  const customer = entity("customer", { key: { customer_id: int64() } });
  const outcomes = parquet("outcomes", { path: "outcomes.parquet", eventTime: "ts", columns: { left: bool(), amount: float64() } });
  const spend = featureView("spend", { entities: [customer], source: outcomes }, { amount: float64() });
  const churn = label("churn", { entities: [customer], source: outcomes, delay: "30d" }, { left: bool() });
  const apply = async (definitions: Readonly<Record<string, unknown>>): Promise<string> => {
    await using registry = await openFileRegistry({ path });
    const { outcome } = await applyDefinitions(registry, collectDefinitions([definitions], "shop"), "main", {}, systemClock);
    return outcome.status;
  };
  assert.equal(await apply({ spend, churn }), "applied");
  assert.equal(await apply({ spend, churn }), "unchanged");
  {
    await using registry = await openFileRegistry({ path });
    const { labels } = modelsFromSnapshot(await registry.snapshot("shop"));
    assert.deepEqual(
      [...labels.values()].map((l) => [l.name, l.delayUs, l.source.name]),
      [["churn", 30 * 86_400_000_000, "outcomes"]],
    );
  }
  assert.equal(await apply({ spend }), "applied");
  await using registry = await openFileRegistry({ path });
  assert.equal(modelsFromSnapshot(await registry.snapshot("shop")).labels.size, 0);
});
