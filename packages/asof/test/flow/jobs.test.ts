import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AsofError, count, csv, entity, featureView, float64, int64, type MaterializeProgress, sum } from "@asof/core";
import { faultyOnlineStore, KillSwitch } from "@asof/testkit";
import { at, countingStore, Project, storeKinds } from "./project.test.support.ts";

const user = entity("user", { key: { user_id: int64({ as: "number" }) } });
const orders = csv("orders", { path: "orders.csv", eventTime: "ts", columns: { amount: float64() } });
const latest = featureView("latest", { entities: [user], source: orders }, { amount: float64() });
const totals = featureView("totals", { entities: [user], source: orders }, { spent: sum("amount"), orders_7d: count({ window: "7d" }) });
const header = "user_id,ts,amount";
const users = Array.from({ length: 40 }, (_, i) => i);
const rows = users.flatMap((id) => [`${id},2024-01-02T00:00:00Z,${id}`, `${id},2024-01-03T00:00:00Z,1`]);
const settings = { partitionRowsMax: 10 };

async function expectAll(store: Awaited<ReturnType<Project["process"]>>["store"]): Promise<void> {
  const answer = await store.getOnlineFeatures({
    features: [latest, totals],
    entities: users.map((user_id) => ({ user_id })),
    at: "2024-01-04",
  });
  assert.deepEqual(
    answer.rows.map((row) => [row.latest.amount, row.totals.spent, row.totals.orders_7d]),
    users.map((id) => [1, id + 1, 2]),
  );
}

for (const kind of storeKinds) {
  describe(`jobs (${kind})`, () => {
    test("work is cut into partitions; progress is told and kept", async () => {
      await using project = new Project({ kind, settings });
      project.csv("orders.csv", header, rows);
      const process = await project.process();
      await project.apply(process, { latest });
      const told: MaterializeProgress[] = [];
      await process.store.materialize("2024-01-01", "2024-01-04", { onProgress: (progress) => told.push(progress) });
      assert.deepEqual(told.at(-1), { view: "latest", status: "done", rows: 40, done: 8, of: 8 });
      const [job] = await project.registry.listJobs("shop", 1);
      assert.equal(job?.status, "succeeded");
      assert.equal(JSON.parse(JSON.stringify(job?.progress)).latest.done, 8);
    });

    test("an abort ends cleanly; the same call goes on where it was and repeats no partition", async () => {
      const counts = { rows: 0, states: 0, calls: 0, parts: [] as string[] };
      await using project = new Project({ kind, settings, wrap: (online) => countingStore(online, counts) });
      project.csv("orders.csv", header, rows);
      const process = await project.process();
      await project.apply(process, { latest, totals });
      const controller = new AbortController();
      const onProgress = ({ view, done }: MaterializeProgress) => {
        if (view === "totals" && done === 3) controller.abort();
      };
      await assert.rejects(
        process.store.materialize("2024-01-01", "2024-01-04", { signal: controller.signal, onProgress }),
        (error) => error instanceof AsofError && error.code === "ASOF_INTERRUPTED",
      );
      const [job] = await project.registry.listJobs("shop", 1);
      assert.equal(job?.status, "interrupted");
      const statesBefore = counts.states;
      const outcome = await process.store.materialize("2024-01-01", "2024-01-04");
      assert.equal(outcome.resumed, true);
      assert.equal(counts.states, 40, "every key once, over both runs");
      assert.ok(statesBefore > 0 && statesBefore < 40);
      assert.equal(counts.rows, 40);
      await expectAll(process.store);
    });

    test("a process that died is noticed; another one resumes its job", async () => {
      const kills = new KillSwitch();
      await using project = new Project({ kind, settings, wrap: (online) => faultyOnlineStore(online, kills) });
      project.csv("orders.csv", header, rows);
      const first = await project.process();
      await project.apply(first, { latest, totals });
      kills.arm({ write: 10, at: "middle" });
      await assert.rejects(first.store.materialize("2024-01-01", "2024-01-04"), { name: "SimulatedKill" });
      const [dead] = await project.registry.listJobs("shop", 1);
      await project.registry.putJob({ ...(dead ?? assert.fail()), status: "running", finishedAtUs: null });
      project.kill(first);
      kills.revive();
      const second = await project.process();
      const outcome = await second.store.materialize("2024-01-01", "2024-01-04");
      assert.equal(outcome.resumed, true);
      await expectAll(second.store);
      const jobs = await project.registry.listJobs("shop", 5);
      assert.deepEqual(jobs.map((job) => job.status).sort(), ["interrupted", "succeeded"]);
    });

    test("a source that changed meanwhile is done anew, not gone on with", async () => {
      await using project = new Project({ kind, settings });
      project.csv("orders.csv", header, rows);
      const process = await project.process();
      await project.apply(process, { latest, totals });
      const controller = new AbortController();
      const onProgress = ({ view, done }: MaterializeProgress) => {
        if (view === "totals" && done === 3) controller.abort();
      };
      await assert.rejects(process.store.materialize("2024-01-01", "2024-01-04", { signal: controller.signal, onProgress }));
      project.csv("orders.csv", header, [...rows, ...users.map((id) => `${id},2024-01-03T12:00:00Z,100`)]);
      await process.store.materialize("2024-01-01", "2024-01-04");
      const { rows: answers } = await process.store.getOnlineFeatures({
        features: [latest, totals],
        entities: users.map((user_id) => ({ user_id })),
        at: "2024-01-04",
      });
      assert.ok(answers.every((row) => row.latest.amount === 100 && row.totals.orders_7d === 3));
    });

    test("an end in the future is the clock's at each run: a run that goes on later leaves nothing out", async () => {
      await using project = new Project({ kind, settings, nowUs: at("2024-01-02T12:00:00Z") });
      project.csv("orders.csv", header, rows);
      const process = await project.process();
      await project.apply(process, { totals, latest });
      const controller = new AbortController();
      const onProgress = ({ done }: MaterializeProgress) => {
        if (done === 3) controller.abort();
      };
      await assert.rejects(process.store.materialize("2024-01-01", "2030-01-01", { signal: controller.signal, onProgress }));
      project.clock.set(at("2024-01-05"));
      await process.store.materialize("2024-01-01", "2030-01-01");
      await expectAll(process.store);
    });

    test("two processes run the same job at once", async () => {
      await using project = new Project({ kind, settings });
      project.csv("orders.csv", header, rows);
      const processes = [await project.process(), await project.process()];
      const [first, second] = processes;
      if (first === undefined || second === undefined) assert.fail();
      await project.apply(first, { latest, totals });
      await Promise.all(processes.map(({ store }) => store.materialize("2024-01-01", "2024-01-04")));
      for (const { store } of processes) await expectAll(store);
      await Promise.all([first.store.materialize("2024-01-01", "2024-01-03"), second.store.materialize("2024-01-02", "2024-01-04")]);
      for (const { store } of processes) await expectAll(store);
    });
  });
}
