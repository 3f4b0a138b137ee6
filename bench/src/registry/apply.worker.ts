import { applyPlan, planChanges, systemClock, validateRepository } from "@asof/core";
import { openSqliteRegistry } from "@asof/sqlite";
import { replyFromWorker, startTimer, workerArguments } from "../worker-process.ts";
import { defineMany } from "./definitions.ts";

/** Validates, plans and applies a repository into an empty registry, as `asof apply` does after its files are loaded. */
const { path, views } = workerArguments<{ readonly path: string; readonly views: number }>();
const definitions = defineMany(views);
await using registry = await openSqliteRegistry({ path });
const stop = startTimer();
const issues = validateRepository(definitions);
const plan = planChanges(await registry.snapshot("bench"), definitions, "bench");
const outcome = await applyPlan(registry, plan, systemClock);
const time = stop();
const { records } = await registry.snapshot("bench");
replyFromWorker({
  ...time,
  checksum: `${issues.length} issues, ${outcome.status}, ${records.filter((r) => r.kind === "feature_view").length} views`,
});
