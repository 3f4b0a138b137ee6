import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AsofError, defaultFlowSettings, modelOf, openMemoryRegistry, systemClock, systemRandom, validateRepository } from "@asof/core";
import { openDuckDbOfflineStore } from "@asof/duckdb";
import { openLmdbOnlineStore } from "@asof/lmdb";
import { applyDefinitions } from "../../../core/src/plan/apply-plan.ts";
import { loadDefinitions } from "../store/definitions.ts";
import { featureStoreOf } from "../store/feature-store.ts";
import { Session } from "../store/session.ts";

const repo = "/work/main/examples/predictflow";
const dir = mkdtempSync(join(tmpdir(), "smoke-"));
const t0 = performance.now();
const lap = (s: string) => console.log(((performance.now() - t0) / 1000).toFixed(2), s);
const registry = openMemoryRegistry();
const offline = await openDuckDbOfflineStore({ repositoryPath: repo, logFolder: join(dir, "log") });
const online = await openLmdbOnlineStore({ path: join(dir, "online") });
const definitions = await loadDefinitions(repo, ["features/**/*.ts"], "predictflow");
lap("loaded");
console.log(validateRepository(definitions));
const r = await applyDefinitions(registry, definitions, "predictflow", {}, systemClock);
lap("applied " + r.outcome.status);
const session = new Session({
  runtime: {
    project: "predictflow",
    registry,
    offline,
    online,
    clock: systemClock,
    random: systemRandom,
    owner: "x:1",
    isOwnerAlive: () => true,
    settings: defaultFlowSettings,
  },
  repositoryPath: repo,
  repositoryName: "predictflow",
  definitions: async () => definitions,
  close: async () => {
    await offline[Symbol.asyncDispose]();
    await online[Symbol.asyncDispose]();
  },
});
await using store = featureStoreOf(session);
try {
  const { readFileSync } = await import("node:fs");
  const asked = await session.ask({ service: "churn_v1" });
  const training = await session.getHistorical({ asked, spine: { kind: "sql", query: readFileSync(join(repo, "labels.sql"), "utf8") } });
  lap("training " + JSON.stringify(training.report));
  console.log(await training.write(join(dir, "train.parquet"), "parquet"));
  let n = 0;
  for await (const row of training.rows()) {
    if (n++ < 1) console.log(row);
  }
  lap("read " + n);
  await training[Symbol.asyncDispose]();
  const out = await store.materialize("2017-01-01", "2017-12-01T10:07:33Z", {});
  lap("materialized");
  console.log(out.views.map((v) => [v.view, v.status, v.rows, v.written, v.error]));
  const ids = Array.from({ length: 1000 }, (_, i) => ({ customer_id: i + 1, amount: 25 }));
  const answer = await session.getOnline(asked, ids, Date.parse("2017-12-01T10:07:33.5Z") * 1000);
  lap("online");
  console.log(answer.rows[899], answer.statuses[899], answer.incompleteCount);
  for (const t of ["2017-12-01T10:07:33.5Z", "2017-12-01T11:03:00Z", "2017-12-12T23:59:00Z"]) {
    const p = await session.compareParity({ asked, entities: ids, atUs: Date.parse(t) * 1000 });
    lap(`parity mismatches ${p.mismatches.length} of ${p.compared}, bit-identical ${p.identical}`);
    console.log(p.mismatches.slice(0, 5), [...new Set(p.mismatches.map((m) => m.feature))]);
  }
} catch (e) {
  console.error(e);
  if (e instanceof AsofError) console.error(e.cause);
}
