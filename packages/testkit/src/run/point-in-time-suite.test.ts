import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { plantedBugs } from "../bugs/planted-bugs.ts";
import { fromJsonText } from "../generate/case.ts";
import { generateRun } from "../generate/default-run.ts";
import { failingCases } from "../generate/failing-cases.ts";
import { canJoin } from "../generate/join-cases.ts";
import { askCase, askTogether, hasFailed } from "./ask-case.ts";
import type { CorpusEntry } from "./corpus.ts";
import { isolateFailure } from "./isolate-failure.ts";
import { oracleEngine } from "./oracle-engine.test.support.ts";
import { pointInTimeSuite } from "./point-in-time-suite.ts";

// An engine that is right passes all of it: files, logs, mappings, several cases in one retrieval, bounds, reports.
pointInTimeSuite("oracle", async () => oracleEngine(), { seed: "suite", cases: 300, casesPerShape: 5 });

test("a wrong engine is found out, and the failing retrieval ends as one small case in the corpus", async () => {
  const folder = mkdtempSync(join(tmpdir(), "asof-corpus-"));
  try {
    for (const name of ["ttl open", "null skipped", "tail exclusive", "event folded twice", "spine sorted by time"]) {
      const bug = plantedBugs.find((b) => b.name === name);
      await using engine = oracleEngine(bug?.replaces);
      let told: string | null = null;
      for (const group of generateRun({ seed: "wrong", cases: 400, casesPerShape: 8 })) {
        if (!group.cases.every(canJoin)) continue;
        const verdict = await askTogether(engine, group.cases, group.seed);
        if (!hasFailed(verdict)) continue;
        told = await isolateFailure(engine, group.seed, group.cases, verdict, folder);
        break;
      }
      assert.match(told ?? "", /^seed wrong\/\d+, shrunk in \d+ attempts and filed as .*failed-[0-9a-f]{12}\.json:\n/, name);
      const file = /filed as (.*\.json)/.exec(told ?? "")?.[1] ?? "";
      const { case: minimal } = fromJsonText<CorpusEntry>(readFileSync(file, "utf8"));
      const rows = Object.values(minimal.tables).flatMap((t) => [...t.batch, ...t.log]);
      assert.ok(minimal.plan.views.length === 1 && rows.length <= 3 && minimal.spine.rows.length <= 2, `${name}: ${rows.length} rows`);
      assert.ok(hasFailed(await askCase(engine, minimal, "again")), `${name}: the filed case does not fail`);
      assert.ok(!hasFailed(await askCase(oracleEngine(), minimal, "right")), `${name}: the filed case fails on a right engine too`);
    }
    assert.equal(readdirSync(folder).length, 5);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("an engine that answers where an error is due is found out", async () => {
  const [overflow] = failingCases(1);
  assert.ok(overflow !== undefined);
  await using engine = oracleEngine({ read: (_type, value) => (typeof value === "bigint" ? 1n : value) });
  const verdict = await askCase(engine, overflow, "overflow");
  assert.deepEqual(verdict.faults, ["expected ASOF_SUM_OVERFLOW, but there was an answer"]);
});
