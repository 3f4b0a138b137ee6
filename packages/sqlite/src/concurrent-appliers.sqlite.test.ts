import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { applyDefinitions, type EntityModel, type RepositoryModel, systemClock, updateState } from "@asof/core";
import { openSqliteRegistry } from "./registry.ts";

/** This file runs itself as the appliers: `node … worker PATH INDEX`. */
const [, , role, path = "", index = ""] = process.argv;
const processes = 8;
const rounds = 100;
const counter = { project: "shop", kind: "source_state", name: "counter" } as const;

/** What a repository defines after a round: one entity that changes in every round, and one that is added in every tenth. */
function repositoryAfter(repository: string, round: number): RepositoryModel {
  const entity = (name: string, description: string): EntityModel => ({
    kind: "entity",
    name,
    keys: [{ name: "id", type: { kind: "string" }, nullable: false, meta: {} }],
    meta: { description },
  });
  const added = Array.from({ length: Math.floor(round / 10) }, (_, i) => entity(`${repository}_${i}`, ""));
  return { project: "shop", entities: [entity(repository, `round ${round}`), ...added], sources: [], views: [], services: [] };
}

async function applyRounds(repository: string): Promise<void> {
  await using registry = await openSqliteRegistry({ path, busyTimeoutMs: 120_000 });
  for (let round = 1; round <= rounds; round++) {
    const { outcome } = await applyDefinitions(registry, repositoryAfter(repository, round), repository, {}, systemClock);
    assert.equal(outcome.status, "applied");
    await updateState(registry, counter, (spec) => (typeof spec === "number" ? spec : 0) + 1, systemClock);
  }
}

if (role === "worker") await applyRounds(`repository_${index}`);
else {
  test(`${processes} processes apply ${rounds} times each to one registry, and nothing is lost`, { timeout: 300_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "asof-appliers-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "new", "registry.db");
    const startedMs = performance.now();
    const workers = Array.from({ length: processes }, (_, i) =>
      fork(import.meta.filename, ["worker", file, String(i)], { execArgv: ["--conditions=source"], stdio: "inherit" }),
    );
    const codes = await Promise.all(workers.map(async (worker) => (await once(worker, "exit"))[0]));
    assert.deepEqual(
      codes,
      workers.map(() => 0),
    );
    t.diagnostic(`${processes * rounds} applies and ${processes * rounds} counts in ${Math.round(performance.now() - startedMs)} ms`);

    await using registry = await openSqliteRegistry({ path: file });
    const snapshot = await registry.snapshot("shop");
    const entities = snapshot.records.filter((r) => r.kind === "entity");
    assert.equal(entities.length, processes * (1 + rounds / 10), "every object of every repository is there");
    for (let i = 0; i < processes; i++) {
      const repository = `repository_${i}`;
      const own = entities.find((r) => r.name === repository);
      assert.equal(own?.revision, rounds, `${repository} was written once per round`);
      assert.deepEqual(own?.spec, {
        data: { kind: "entity", keys: [{ name: "id", type: "string" }] },
        metadata: { description: `round ${rounds}`, keys: {} },
      });
      assert.equal(entities.filter((r) => r.repository === repository).length, 1 + rounds / 10);
    }
    assert.equal(snapshot.records.find((r) => r.kind === "source_state")?.spec, processes * rounds, "every count arrived");
    assert.equal(snapshot.definitionsVersion, processes * rounds, "one commit per apply");
    assert.equal(snapshot.version, 2 * processes * rounds);
  });
}
