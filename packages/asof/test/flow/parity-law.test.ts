import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openDuckDbEngine } from "@asof/duckdb/test-engine";
import {
  findMinimalParity,
  KillSwitch,
  type OfflineEngine,
  type ParityCase,
  randomParityCase,
  runSchedule,
  toJsonText,
} from "@asof/testkit";
import { RealWorld, type StoreKind } from "./parity-driver.test.support.ts";

const count = Number(process.env["ASOF_PARITY_CASES"] ?? 100);
const first = Number(process.env["ASOF_PARITY_FROM"] ?? 0);
let n = 0;
async function run(engine: OfflineEngine, one: ParityCase, kind: StoreKind) {
  const kills = new KillSwitch();
  const folder = mkdtempSync(join(tmpdir(), "asof-parity-"));
  try {
    await using world = await RealWorld.open(one, { engine, kind, folder, name: `w${n++}`, kills });
    return { ...(await runSchedule(one, kills, world)), ...world.compared };
  } catch (e) {
    return { mismatches: [`ERR ${(e as Error).stack}`], reads: 0, kills: 0, killsInFlight: 0, values: 0, identical: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
test("try", async (t) => {
  await using engine = await openDuckDbEngine();
  const total = { failed: 0, values: 0, kills: 0, inFlight: 0 };
  const start = Date.now();
  for (let i = first; i < first + count; i++) {
    const one = randomParityCase(`real/${i}`);
    const o = await run(engine, one, i % 2 ? "lmdb" : "memory");
    total.values += o.values;
    total.kills += o.kills;
    total.inFlight += o.killsInFlight;
    if (o.mismatches.length) {
      total.failed++;
      console.log(i, o.mismatches.length, o.mismatches[0]?.slice(0, 900));
      if (process.env["SHRINK"]) {
        const { minimal } = await findMinimalParity(one, async (c) => (await run(engine, c, "memory")).mismatches.some((m) => !m.includes("NOT_FOUND") && !m.startsWith("ERR")), 300);
        console.log(
          toJsonText(minimal.steps).replace(/\s+/g, " "),
          toJsonText(minimal.world.tables).replace(/\s+/g, " "),
          toJsonText(minimal.world.plan.views.map((v) => [v.view, v.features.map((f) => f.feature.name), v.history.handoverUs])).replace(/\s+/g, " ").replaceAll(', "nullable": true, "meta": {}', ""),
          (await run(engine, minimal, "memory")).mismatches,
        );
      }
    }
  }
  console.log(total, (Date.now() - start) / count, "ms per case");
  assert.ok(true);
});
