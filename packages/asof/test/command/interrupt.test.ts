/** Ctrl-C and kill -9 in the middle of things: what is left is whole, and the same command goes on. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  assertDone,
  assertFailed,
  copyProject,
  listFiles,
  type Running,
  runAsof,
  startAsof,
  temporaryFolder,
  writeFiles,
} from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

/** A query that counts for minutes, and says nothing of it beforehand. */
const endless =
  "select 1::bigint as customer_id, timestamptz '2024-01-11' as event_timestamp, 5.0 as amount from range(1000000) a, range(1000000) b where hash(a.range, b.range) = 0";

async function interrupt(running: Running): Promise<void> {
  running.child.kill("SIGINT");
  const { status, stderr } = await running.ended;
  assert.equal(status, 130, stderr);
}

function isRegistered(shop: string): boolean {
  return existsSync(join(shop, "data/registry.db"));
}

describe("Ctrl-C in apply", () => {
  test("while a definition file waits", async (t) => {
    const shop = writeShop(temporaryFolder(t));
    writeFiles(shop, {
      "features/slow.ts": `process.stderr.write("loading\\n");\nsetInterval(() => undefined, 1000);\nawait new Promise(() => undefined);\n`,
    });
    const running = startAsof(["apply"], { cwd: shop });
    await running.sees("loading");
    await interrupt(running);
    assertFailed(await running.ended, { status: 130, code: "ASOF_INTERRUPTED" });
    assert.equal(isRegistered(shop), false);
    rmSync(join(shop, "features/slow.ts"));
    assertDone(await runAsof(["apply"], { cwd: shop }));
  });

  test("while the sources are looked at", async (t) => {
    const shop = writeShop(temporaryFolder(t));
    writeFiles(shop, {
      "features/slow.ts": `
        import { featureView, float64, sql } from "asof";
        import { customer } from "./shop.ts";
        const slow = sql("slow", { query: ${JSON.stringify(endless)}, eventTime: "event_timestamp", columns: { amount: float64() } });
        export const view = featureView("slow", { entities: [customer], source: slow }, { amount: float64() });
        process.stderr.write("loaded\\n");`,
    });
    const running = startAsof(["apply"], { cwd: shop });
    await running.sees("loaded");
    await sleep(700);
    await interrupt(running);
    assertFailed(await running.ended, { status: 130, code: "ASOF_INTERRUPTED" });
    assert.equal(isRegistered(shop), false);
  });
});

describe("Ctrl-C in a retrieval", () => {
  test("leaves the file of before as it was, and nothing beside it", async (t) => {
    const shop = writeShop(temporaryFolder(t));
    assertDone(await runAsof(["apply"], { cwd: shop }));
    writeFileSync(join(shop, "train.parquet"), "of before");
    const files = listFiles(shop);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const running = startAsof(["get-historical-features", "-s", "everything", "--spine", endless, "--out", "train.parquet"], {
        cwd: shop,
      });
      await running.sees("reading the spine");
      await sleep(500);
      running.child.kill(signal);
      assertFailed(await running.ended, { status: 130, code: "ASOF_INTERRUPTED" });
    }
    assert.deepEqual(listFiles(shop), files);
    assert.equal(readFileSync(join(shop, "train.parquet"), "utf8"), "of before");
  });

  test("while it waits for rows on standard input", async (t) => {
    const shop = writeShop(temporaryFolder(t));
    assertDone(await runAsof(["apply"], { cwd: shop }));
    for (const args of [
      ["get-historical-features", "-s", "everything", "--spine", "-"],
      ["push", "clicks", "--rows", "-"],
    ]) {
      const running = startAsof(args, { cwd: shop, input: null });
      await sleep(1_000);
      running.child.kill("SIGINT");
      assertFailed(await running.ended, { status: 130, code: "ASOF_INTERRUPTED" });
    }
  });
});

const rows = 400_000;
const partitions = 20;

/** A project with one source of many rows, cut into small partitions. */
function writeBusyShop(folder: string): string {
  const shop = writeShop(folder);
  const query = `select (i % 5000)::bigint as customer_id, timestamptz '2024-01-01' + to_seconds(i * 3) as event_timestamp, (i % 97)::double as spend from range(${rows}) t(i)`;
  writeFiles(shop, {
    "feature_store.yaml": `${readFileSync(join(shop, "feature_store.yaml"), "utf8")}materialization:\n  partition_rows_max: ${rows / partitions}\n`,
    "features/busy.ts": `
      import { count, featureView, float64, sql, sum } from "asof";
      import { customer } from "./shop.ts";
      const events = sql("events", { query: ${JSON.stringify(query)}, eventTime: "event_timestamp", columns: { spend: float64() } });
      export const busy = featureView("busy", { entities: [customer], source: events }, { spend_7d: sum("spend", { window: "7d" }), ever: count() });`,
  });
  return shop;
}

/** How many partitions of the view the newest job has done. */
function partitionsDone(shop: string): number {
  const database = new DatabaseSync(join(shop, "data/registry.db"), { readOnly: true });
  try {
    const row = database.prepare("SELECT progress FROM registry_jobs ORDER BY started_at_us DESC LIMIT 1").get();
    return JSON.parse(String(row?.progress ?? "{}")).busy?.done ?? 0;
  } finally {
    database.close();
  }
}

async function untilPartition(shop: string, wanted: number): Promise<void> {
  for (let i = 0; partitionsDone(shop) < wanted; i++) {
    assert.ok(i < 3_000, `partition ${wanted} is not reached`);
    await sleep(20);
  }
}

describe("materialize", async () => {
  const template = writeBusyShop(temporaryFolder({ after: (run) => process.on("exit", run) }));
  assertDone(await runAsof(["apply"], { cwd: template }));
  const command = ["materialize", "2024-01-01", "2024-03-01", "-v", "busy"];
  const expected = { busy: { spend_7d: null, ever: rows / 5000 } };

  const readAfter = async (shop: string): Promise<void> => {
    const read = ["get-online-features", "-f", "busy", "-e", "customer_id=0,4999", "--at", "2024-02-29", "--json"];
    const answered = JSON.parse(assertDone(await runAsof(read, { cwd: shop })));
    assert.deepEqual(answered.rows, [expected, expected]);
  };

  test("Ctrl-C keeps finished partitions, says so, and the same command goes on", async (t) => {
    const shop = copyProject(t, template);
    const running = startAsof(command, { cwd: shop });
    await untilPartition(shop, 2);
    await interrupt(running);
    assertFailed(await running.ended, {
      status: 130,
      code: "ASOF_INTERRUPTED",
      says: /finished partitions are kept\. Run the same command again/,
    });
    assert.match(assertDone(await runAsof(["jobs"], { cwd: shop })), / interrupted .*busy \d+ of 20$/m);
    const done = partitionsDone(shop);
    const again = await runAsof(command, { cwd: shop });
    assert.match(assertDone(again), /^Went on where an earlier run had ended\.\nVIEW/);
    assert.match(again.stderr, new RegExp(`^busy: [1-9][\\d,]* rows, partition ${done + 1} of ${partitions}$`, "m"));
    await readAfter(shop);
  });

  test("kill -9 loses the partition under way, and no more", async (t) => {
    const shop = copyProject(t, template);
    const running = startAsof(command, { cwd: shop });
    await untilPartition(shop, 3);
    running.child.kill("SIGKILL");
    assert.equal((await running.ended).status, 137);
    const done = partitionsDone(shop);
    assert.match(
      assertDone(await runAsof(["doctor"], { cwd: shop })),
      /^warning +jobs +1 ended without saying so; the same command resumes them/m,
    );
    const again = await runAsof([...command, "--json"], { cwd: shop });
    const { resumed, views } = JSON.parse(assertDone(again));
    assert.deepEqual([resumed, views[0].done, views[0].rows], [true, partitions, rows]);
    assert.ok(done >= 3 && done < partitions);
    const jobs = JSON.parse(assertDone(await runAsof(["jobs", "--json"], { cwd: shop })));
    assert.deepEqual(
      jobs.map((job: { status: string; error: string | null }) => [job.status, job.error]),
      [
        ["succeeded", null],
        ["interrupted", "its process is gone"],
      ],
    );
    await readAfter(shop);
  });

  test("an incremental run up to now that was ended goes on as well", async (t) => {
    const shop = copyProject(t, template);
    const incremental = ["materialize-incremental", "-v", "busy"];
    const running = startAsof(incremental, { cwd: shop });
    await untilPartition(shop, 2);
    await interrupt(running);
    const again = await runAsof([...incremental, "--json"], { cwd: shop });
    const { resumed, views } = JSON.parse(assertDone(again));
    assert.equal(resumed, true);
    assert.deepEqual([views[0].status, views[0].rows], ["done", rows]);
  });
});
