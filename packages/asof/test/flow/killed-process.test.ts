import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ViewReference } from "@asof/core";
import { chance, int, seededRandom } from "@asof/testkit";
import { writeParquet } from "../command/obstacles.test.support.ts";
import { killedDefinitions, killMoments, openKilled } from "./killed-process.test.support.ts";
import { at } from "./project.test.support.ts";

const program = join(import.meta.dirname, "killed-process.test.support.ts");
const yamlOf = (online: "lmdb" | "sqlite"): string => `project: killed
provider: local
registry:
  registry_type: sqlite
  path: registry.db
offline_store:
  type: duckdb
online_store:
  type: ${online}
  path: online
entity_key_serialization_version: 3
`;

/** Orders of 200 users over ten days, with ties and rows that became known late. */
function orders(seed: string): readonly string[] {
  const random = seededRandom(seed);
  return Array.from({ length: 1500 }, () => {
    const us = Date.UTC(2024, 0, 1) + int(random, 0, 10 * 24) * 3_600_000;
    const created = us + (chance(random, 0.2) ? 86_400_000 : 0);
    const [ts, known] = [new Date(us).toISOString(), new Date(created).toISOString()];
    return `${int(random, 0, 199)},${ts},${int(random, 1, 9)},shop ${int(random, 1, 3)},${known}`;
  });
}

interface Death {
  readonly signal: string | null;
  readonly writes: number;
  readonly isInFlight: boolean;
}

/** Runs the program until it kills itself. */
function runUntilDeath(folder: string, start: string, end: string, killAt: number, moment: string): Promise<Death> {
  const child = spawn(process.execPath, ["--conditions=source", program, folder, start, end, String(killAt), moment], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  child.stdout.on("data", (text) => {
    told += String(text);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_code, signal) => {
      const words = told.trim().split("\n");
      const begun = words.filter((word) => word === "begin").length;
      resolve({ signal, writes: begun, isInFlight: begun > words.filter((word) => word === "end").length });
    });
  });
}

for (const online of ["lmdb", "sqlite"] as const)
  test(`a materialization into ${online} killed with SIGKILL, again and again, ends in the parity law`, { timeout: 300_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "asof-killed-"));
    try {
      const rows = orders("killed");
      // Parquet: guessing the form of a CSV file would take most of the time of every process.
      const write = async (shown: readonly string[]): Promise<void> => {
        const path = join(folder, "orders.csv");
        writeFileSync(path, ["user_id,ts,amount,shop,created", ...shown, ""].join("\n"));
        await writeParquet(join(folder, "orders.parquet"), `select * replace (amount::double as amount) from read_csv('${path}')`);
      };
      writeFileSync(join(folder, "feature_store.yaml"), yamlOf(online));
      await write(rows.slice(0, 1200));
      {
        await using session = await openKilled(folder);
        await session.apply(await session.plan());
      }
      const deaths: Death[] = [];
      for (const [i, moment] of [...killMoments, ...killMoments].entries()) {
        // Half of the way more rows arrive, so that what the dead left behind is older than the source.
        if (i === killMoments.length) await write(rows);
        deaths.push(await runUntilDeath(folder, "2024-01-01", i % 2 === 0 ? "2024-01-11" : "2024-01-08", (i * 2) % 5, moment));
      }
      assert.ok(
        deaths.every((death) => death.signal === "SIGKILL"),
        JSON.stringify(deaths),
      );
      const inFlight = deaths.filter((death) => death.isInFlight).length;
      t.diagnostic(`${deaths.length} processes killed, ${inFlight} with a write in flight`);
      assert.ok(inFlight * 2 >= deaths.length, "less than half of the kills hit a write in flight");

      await using session = await openKilled(folder);
      const jobs = await session.runtime.registry.listJobs("killed", 100);
      assert.ok(jobs.every((job) => job.status !== "succeeded"));
      const outcome = await session.materialize({ mode: "interval", startUs: at("2024-01-01"), endUs: at("2024-01-11"), views: null });
      assert.deepEqual(
        outcome.views.map((view) => view.status),
        ["done", "done"],
      );
      const asked = killedDefinitions.views.map(
        (view): ViewReference => ({ view, name: view.name, features: null, keys: {}, maxAgeUs: null }),
      );
      const entities = Array.from({ length: 202 }, (_, user_id) => ({ user_id }));
      const newest = at("2024-01-11");
      await session[Symbol.asyncDispose]();
      await using reopened = await openKilled(folder);
      const report = await reopened.compareParity({
        asked,
        entities,
        atUs: [newest, newest + 1, newest + 3_600_000_000, at("2024-01-13T05:00:00Z")],
      });
      t.diagnostic(`mismatches ${report.mismatches.length} of ${report.compared}, bit-identical ${report.identical}`);
      assert.deepEqual(report.mismatches, []);
      assert.equal(report.compared, 202 * 4 * 5);
      const running = (await reopened.runtime.registry.listJobs("killed", 100)).filter((job) => job.status === "running");
      assert.ok(running.length < deaths.length, "jobs of dead processes are noticed");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
