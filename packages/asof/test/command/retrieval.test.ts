/** Training sets that are asked for without a spine, written in parts, and with labels, by the real command. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertDone, assertFailed, listFiles, runAsof, startAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

const retrieve = "get-historical-features";

describe("rows that the history tells", () => {
  const shop = writeShop(temporaryFolder({ after }));
  const run = (...args: string[]) => runAsof([retrieve, ...args], { cwd: shop });
  const json = async (...args: string[]) => JSON.parse(assertDone(await run(...args, "--json")));

  test("--between prints a row for every change", async () => {
    const { rows } = await json("-f", "activity:spend_1d", "--between", "2024-01-10T08:00:00Z", "2024-01-10T09:31:00Z");
    assert.deepEqual(rows, [
      { customer_id: "1", event_timestamp: "2024-01-10T08:00:00.000001Z", spend_1d: 10 },
      { customer_id: "1", event_timestamp: "2024-01-10T09:30:00.000001Z", spend_1d: 12.5 },
    ]);
  });

  test("--latest-as-of prints a row for every key", async () => {
    const { rows } = await json("-f", "profile:tier", "--latest-as-of", "2024-01-05");
    assert.deepEqual(
      rows.map((row: Record<string, unknown>) => [row.customer_id, row.tier]),
      [
        ["1", "basic"],
        ["2", "basic"],
        ["9007199254740993", "gold"],
      ],
    );
    assert.match(assertDone(await run("-f", "profile:tier", "--latest-as-of", "2024-01-05", "--sql")), /-- made by SELECT DISTINCT/);
  });

  test("they do not go with each other, with a spine, or with request fields", async () => {
    const both = ["-f", "profile:tier", "--between", "2024-01-01", "2024-01-02", "--latest-as-of", "2024-01-05"];
    assertFailed(await run(...both), {
      status: 2,
      code: "ASOF_USAGE",
      says: /More than one spine is given: --between and --latest-as-of\./,
    });
    assertFailed(await run("-f", "profile:tier", "--between", "2024-01-01"), { status: 2, code: "ASOF_USAGE", says: /takes two times/ });
    const backwards = await run("-f", "profile:tier", "--between", "2024-01-02", "2024-01-01");
    assertFailed(backwards, { status: 2, code: "ASOF_USAGE", says: /--between 2024-01-02 2024-01-01 holds no instant/ });
    const fields = await run("-s", "everything", "--latest-as-of", "2024-01-05");
    assertFailed(fields, { status: 2, code: "ASOF_REQUEST_INVALID", says: /"amount" is a request field/ });
  });
});

describe("results in a folder", () => {
  const shop = writeShop(temporaryFolder({ after }));
  const run = (...args: string[]) => runAsof([retrieve, "-f", "profile:tier", "--spine", "labels.csv", ...args], { cwd: shop });

  test("in parts and partitions, which say what they are and can be read again", async () => {
    const ended = JSON.parse(assertDone(await run("--out", "train", "--partition-by", "label", "--rows-per-file", "1", "--json")));
    assert.deepEqual([ended.rows, ended.files], [2, 2]);
    const parts = ["label=false/asof-00000.parquet", "label=true/asof-00000.parquet"];
    assert.deepEqual(listFiles(join(shop, "train")), parts);
    const text = assertDone(await run("--out", "months/", "--partition-by", "month", "--format", "csv"));
    assert.match(text, /^2 rows × 5 columns → .*months\/ \(/);
    assert.deepEqual(listFiles(join(shop, "months")), ["month=2024-01/asof-00000.csv"]);
    const spine = "select * from read_parquet('train/**/*.parquet', hive_partitioning = true)";
    const again = assertDone(await runAsof([retrieve, "-f", "profile:score", "--spine", spine, "--json"], { cwd: shop }));
    assert.deepEqual(
      JSON.parse(again)
        .rows.map((row: Record<string, unknown>) => [row.customer_id, row.label, row.tier])
        .sort(),
      [
        ["1", "true", "gold"],
        ["2", "false", "basic"],
      ],
    );
  });

  test("is refused where it is not empty, unless --overwrite", async () => {
    assertFailed(await run("--out", "train/"), { status: 1, code: "ASOF_OUTPUT_FAILED", says: /"[^"]*train\/" is not empty/ });
    assertDone(await run("--out", "train/", "--overwrite"));
    assert.deepEqual(listFiles(join(shop, "train")), ["asof-00000.parquet"]);
  });

  test("wrong flags say what is wanted", async () => {
    const cases: readonly (readonly [readonly string[], string, RegExp])[] = [
      [["--out", "x.parquet", "--partition-by", "month"], "ASOF_USAGE", /named like a file.*--out DIR\//],
      [["--out", "x.txt"], "ASOF_USAGE", /ends neither in \.parquet nor in \.csv\. Name the file so, or write DIR\//],
      [
        ["--out", "x/", "--partition-by", "mnth"],
        "ASOF_REQUEST_INVALID",
        /no column "mnth" to partition it by\. It has: .*year, month or day/,
      ],
      [["--out", "x/", "--rows-per-file", "few"], "ASOF_USAGE", /--rows-per-file is "few", not a whole number/],
    ];
    for (const [args, code, says] of cases) {
      const ended = await run(...args);
      assert.equal(ended.status, 2, ended.stderr);
      assert.match(ended.stderr, new RegExp(`error \\[${code}\\]`));
      assert.match(ended.stderr, says);
    }
    assert.equal(existsSync(join(shop, "x")), false);
  });
});

describe("labels", () => {
  const shop = writeShop(temporaryFolder({ after }));
  const labelFiles = {
    "features/labels.ts": `
import { csv, label, bool } from "asof";
import { customer } from "./shop.ts";
const cancellations = csv("cancellations", { path: "data/cancellations.csv", eventTime: "event_timestamp", columns: { left: bool() } });
export const churn = label("churn", { entities: [customer], source: cancellations, delay: "5d" }, { left: bool() });
`,
    "data/cancellations.csv":
      "customer_id,event_timestamp,left\n1,2024-01-12T00:00:00Z,true\n2,2024-01-10T00:00:00Z,false\n1,2024-01-16T00:00:00Z,false\n",
  };
  writeFiles(shop, labelFiles);
  const run = (...args: string[]) => runAsof(args, { cwd: shop });
  const train = [retrieve, "-f", "profile:tier", "--label", "churn", "--spine"];
  const spine =
    "select * from (values (1::bigint, timestamptz '2024-01-10'), (2, timestamptz '2024-01-11'), (1, timestamptz '2024-01-12')) v(customer_id, event_timestamp)";

  test("are planned, applied, listed and described", async () => {
    assert.match(assertDone(await run("plan")), /^\+ label "churn"$/m);
    assertDone(await run("apply"));
    assert.match(assertDone(await run("labels", "list")), /^churn +customer +cancellations +5d +1/m);
    assert.match(assertDone(await run("labels", "describe", "churn")), /delay: 5d\nttl: no limit\ncolumns:\n {2}left: bool/);
  });

  test("show where what they stand on is described", async () => {
    for (const described of [
      ["data-sources", "cancellations"],
      ["entities", "customer"],
    ] as const) {
      const object = JSON.parse(assertDone(await run(described[0], "describe", described[1], "--json")));
      assert.deepEqual(object.labels, ["churn"]);
    }
  });

  test("come beside features; what is not final is counted, dropped or refused", async () => {
    const kept = assertDone(await run(...train, spine, "--out", "train.parquet"));
    assert.match(kept, /^3 rows × 4 columns/);
    assert.match(kept, /churn: 1 rows have no final label yet: its source is known until 2024-01-16T00:00:00Z\./);
    assert.match(kept, /churn: 1 labels were there at their row's time already; a ttl shorter than the delay excludes them\./);
    const { rows, report } = JSON.parse(assertDone(await run(...train, spine, "--immature", "drop", "--json")));
    assert.deepEqual(
      rows.map((row: Record<string, unknown>) => [row.customer_id, row.left]),
      [
        ["1", true],
        ["2", false],
      ],
    );
    assert.equal(report.droppedRows, 1);
    const refused = await run(...train, spine, "--immature", "error");
    assertFailed(refused, { status: 1, code: "ASOF_LABELS_IMMATURE", says: /not final yet for 1 of 3 rows, the first: row 2/ });
    const known = JSON.parse(assertDone(await run(...train, spine, "--labels-known-until", "2024-02-01", "--json")));
    assert.deepEqual(
      known.rows.map((row: Record<string, unknown>) => row.left),
      [true, false, false],
    );
  });

  test("are no features, and a wrong name is told", async () => {
    const leak = await run(retrieve, "-f", "churn:left", "--spine", spine);
    assertFailed(leak, { status: 2, code: "ASOF_REQUEST_INVALID", says: /"churn" is a label: .*it would leak/ });
    const typo = await run(retrieve, "-f", "profile:tier", "--label", "churm", "--spine", spine);
    assertFailed(typo, { status: 2, code: "ASOF_OBJECT_UNKNOWN", says: /No label "churm".*Did you mean "churn"\?/ });
  });
});

describe("views without entities", () => {
  const shop = writeShop(temporaryFolder({ after }));
  writeFiles(shop, {
    "features/rates.ts": `
import { csv, featureView, float64 } from "asof";
const rates = csv("rates", { path: "data/rates.csv", eventTime: "event_timestamp", columns: { rate: float64() } });
export const market = featureView("market", { source: rates }, { rate: float64() });
`,
    "data/rates.csv": "event_timestamp,rate\n2024-01-01T00:00:00Z,1\n2024-01-05T00:00:00Z,2\n",
  });
  const run = (...args: string[]) => runAsof(args, { cwd: shop });

  test("need no -e: online, in training, between and latest", async () => {
    assertDone(await run("apply"));
    assertDone(await run("materialize", "2024-01-01", "2024-01-10", "-v", "market"));
    const online = JSON.parse(assertDone(await run("get-online-features", "-f", "market:rate", "--json")));
    assert.deepEqual(online.rows, [{ market: { rate: 2 } }]);
    const ask = async (...args: string[]) => JSON.parse(assertDone(await run(retrieve, "-f", "market:rate", "--json", ...args))).rows;
    assert.deepEqual(await ask("-d", '[{"event_timestamp":"2024-01-03"}]'), [{ event_timestamp: "2024-01-03T00:00:00Z", rate: 1 }]);
    assert.deepEqual(await ask("--latest-as-of", "2024-01-03"), [{ event_timestamp: "2024-01-03T00:00:00Z", rate: 1 }]);
    assert.deepEqual(await ask("--between", "2024-01-02", "2024-01-06"), [{ event_timestamp: "2024-01-05T00:00:00Z", rate: 2 }]);
  });
});

describe("Ctrl-C while a folder is written", () => {
  test("leaves what was there, and nothing beside it", async (t) => {
    const shop = writeShop(temporaryFolder(t));
    const spine = "select 1::bigint as customer_id, timestamptz '2024-01-11' as event_timestamp, range as n from range(20000)";
    const args = [retrieve, "-f", "profile:tier", "--spine", spine, "--out", "train/", "--overwrite"];
    assertDone(await runAsof([...args, "--rows-per-file", "15000"], { cwd: shop }));
    const before = listFiles(shop);
    const running = startAsof([...args, "--rows-per-file", "1"], { cwd: shop });
    // Progress is said every two seconds only; the files tell at once.
    while (listFiles(shop).length === before.length && running.child.exitCode === null) await sleep(1);
    running.child.kill("SIGINT");
    assertFailed(await running.ended, { status: 130, code: "ASOF_INTERRUPTED" });
    assert.deepEqual(listFiles(shop), before);
  });
});
