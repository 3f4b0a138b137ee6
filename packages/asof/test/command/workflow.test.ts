/** The way through a project: every command as a process of its own, in the order in which people use them. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { assertDone, assertFailed, listFiles, runAsof, temporaryFolder } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

describe("a project from plan to teardown", () => {
  const shop = writeShop(temporaryFolder({ after }));
  const run = (...args: string[]) => runAsof(args, { cwd: shop });
  const json = async (...args: string[]) => JSON.parse(assertDone(await run(...args, "--json")));

  test("plan says what apply would do and changes nothing", async () => {
    const files = listFiles(shop);
    const text = assertDone(await run("plan"));
    assert.match(text, /^\+ feature view "activity"$/m);
    assert.match(text, /^ {4}features\.spend_1d: float64 = sum\(spend\) over 1d$/m);
    assert.match(text, /10 created, 0 changed, 0 recreated, 0 deleted/);
    assert.equal((await json("plan")).entries.length, 10);
    assert.deepEqual(
      listFiles(shop).filter((file) => !file.startsWith("data/online/")),
      files,
    );
  });

  test("apply does it once", async () => {
    assert.match(assertDone(await run("apply")), /Applied 10 changes to project shop\.\n$/);
    assert.match(assertDone(await run("apply")), /No changes: project "shop"/);
    assert.equal((await json("apply")).status, "unchanged");
  });

  test("before a materialization online values are not found, and doctor says what to run", async () => {
    const { statuses } = await json("get-online-features", "-f", "profile:tier", "-e", "customer_id=1");
    assert.deepEqual(statuses, [{ profile: { tier: "NOT_FOUND" } }]);
    const doctor = await run("doctor");
    assert.match(assertDone(doctor), /^warning\s+view profile\s+not materialized yet; run `asof materialize-incremental`$/m);
  });

  test("materialize copies an interval, progress goes to standard error as lines", async () => {
    const ended = await run("materialize", "2024-01-01", "2024-01-10T09:00:00Z");
    assert.match(assertDone(ended), /^VIEW +STATUS +ROWS READ +WRITTEN\nactivity +done +2 +2\nclicked +done +0 +0\nprofile +done +3 +3\n/);
    assert.match(ended.stderr, /^activity: reading\n/);
    assert.ok(!ended.stderr.includes("\u001b") && !ended.stderr.includes("\r"));
    const { rows, statuses, eventTimes, at } = await json(
      ...[
        "get-online-features",
        "-s",
        "everything",
        "-e",
        "customer_id=1,2,9007199254740993",
        "-e",
        "amount=5",
        "--at",
        "2024-01-10T09:00:00Z",
      ],
    );
    assert.equal(at, "2024-01-10T09:00:00Z");
    assert.deepEqual(rows, [
      { profile: { tier: "gold", score: 0.75 }, activity: { spend_1d: 10, baskets_7d: 1 }, ratio: { share: 0.5 } },
      { profile: { tier: "basic", score: null }, activity: { spend_1d: 1, baskets_7d: 0 }, ratio: { share: 5 } },
      { profile: { tier: "gold", score: 1 }, activity: { spend_1d: null, baskets_7d: 0 }, ratio: { share: null } },
    ]);
    assert.equal(statuses[1].profile.score, "NULL_VALUE");
    assert.deepEqual(eventTimes[0], { profile: "2024-01-10T00:00:00Z", activity: "2024-01-10T08:00:00Z" });
  });

  test("materialize-incremental takes what is new", async () => {
    const { views, resumed } = await json("materialize-incremental", "-v", "activity", "2024-01-11");
    assert.deepEqual([views.length, views[0].view, views[0].status, resumed], [1, "activity", "done", false]);
    const { rows } = await json("get-online-features", "-f", "activity:spend_1d", "-e", "customer_id=1", "--at", "2024-01-10T10:00:00Z");
    assert.deepEqual(rows, [{ activity: { spend_1d: 12.5 } }]);
    assertDone(await run("materialize-incremental"));
  });

  test("tables are for people", async () => {
    const text = assertDone(
      await run("get-online-features", "-f", "profile", "-e", "customer_id=1", "-e", "customer_id=2", "--at", "2024-01-10"),
    );
    assert.equal(
      text,
      [
        "customer_id=1",
        "FEATURE        VALUE  STATUS   EVENT TIME",
        "profile:tier   gold   PRESENT  2024-01-10T00:00:00Z",
        "profile:score  0.75   PRESENT  2024-01-10T00:00:00Z",
        "customer_id=2",
        "FEATURE        VALUE  STATUS      EVENT TIME",
        "profile:tier   basic  PRESENT     2024-01-05T00:00:00Z",
        "profile:score  null   NULL_VALUE  2024-01-05T00:00:00Z",
        "as of 2024-01-10T00:00:00Z",
        "",
      ].join("\n"),
    );
  });

  test("a training set from every kind of spine", async () => {
    const expected = [
      ["1", "gold", 12.5],
      ["2", "basic", null],
    ];
    const keep = (rows: Record<string, unknown>[]) => rows.map((r) => [r.customer_id, r.tier, r.spend_1d]);
    const service = ["get-historical-features", "-s", "everything"];
    const sql = "select * from read_csv('labels.csv')";
    const labels = readFileSync(join(shop, "labels.csv"), "utf8");
    const rows = `[{"customer_id": 1, "event_timestamp": "2024-01-11T00:00:00Z", "amount": 5}, {"customer_id": 2, "event_timestamp": "2024-01-11", "amount": 5}]`;
    const entities = ["-e", "customer_id=1,2", "-e", "amount=5", "--at", "2024-01-11"];
    for (const spine of [["--spine", "labels.csv"], ["--spine", sql], ["-d", rows], entities]) {
      assert.deepEqual(keep((await json(...service, ...spine)).rows), expected, spine.join(" "));
    }
    const piped = await runAsof([...service, "--spine", "-", "--json"], { cwd: shop, input: labels });
    assert.deepEqual(keep(JSON.parse(assertDone(piped)).rows), expected);
    const table = assertDone(await run(...service, "--spine", "labels.csv", "--full-feature-names"));
    assert.match(table, /^customer_id +event_timestamp +amount +label +profile__tier /);
    assert.match(table, /^ +1 +2024-01-11T00:00:00Z +5 +true +gold /m);
  });

  test("a written set is a whole file, leaves a note on what was known later, and a line of lineage", async () => {
    const ended = await run("get-historical-features", "-s", "everything", "--spine", "labels.csv", "--out", "train.parquet");
    assert.match(assertDone(ended), /^2 rows × 9 columns → .*train\.parquet \(\d+\.\d s\)\nprofile: 1 values were known only after/);
    const again = await json("get-historical-features", "-f", "profile:tier", "--spine", "train.parquet", "--full-feature-names");
    assert.deepEqual(
      again.rows.map((r: Record<string, unknown>) => [r.tier, r.profile__tier]),
      [
        ["gold", "gold"],
        ["basic", "basic"],
      ],
    );
    const { rows } = await json(...["get-historical-features", "-f", "profile:tier", "--spine", "labels.csv", "--knowledge", "created"]);
    assert.equal(rows[0].tier, "basic");
    assert.match(assertDone(await run("get-historical-features", "-f", "profile:tier", "--spine", "labels.csv", "--sql")), /SELECT/i);
    rmSync(join(shop, "train.parquet"));
  });

  test("push reaches the online store, once per idempotency key", async () => {
    const rows = `{"customer_id": 9007199254740993, "event_timestamp": "2024-01-10T10:00:00Z", "page": "a"}\n`;
    for (const _ of [1, 2]) {
      const ended = await runAsof(["push", "clicks", "--rows", "-", "--idempotency-key", "one"], { cwd: shop, input: rows });
      assert.match(assertDone(ended), /^1 rows pushed to clicks, \d online values changed\.\n$/);
    }
    const key = ["-e", "customer_id=9007199254740993", "--at", "2024-01-10T10:30:00Z"];
    assert.deepEqual((await json("get-online-features", "-f", "clicked", ...key)).rows, [{ clicked: { clicks_1h: 1 } }]);
  });

  test("why shows the rows, the boundaries and both sides", async () => {
    const text = assertDone(await run("why", "activity:spend_1d", "-e", "customer_id=1", "--at", "2024-01-10T10:00:00Z"));
    assert.match(
      text,
      /^activity:spend_1d {2}customer_id=1 {2}as of 2024-01-10T10:00:00Z\nAll events with 2024-01-09T10:00:00Z ≤ event time < 2024-01-10T10:00:00Z \(window 1d, moving in hops of 1h\)\.\n/,
    );
    assert.match(text, /^training +12\.5 +computed from history$/m);
    assert.match(text, /^serving +12\.5 +PRESENT, newest event 2024-01-10T09:30:00Z$/m);
    assert.match(text, /The two sides agree\./);
    assert.match(text, /^used +2024-01-10T08:00:00Z +10$/m);
    const answer = await json("why", "profile:tier", "-e", "customer_id=1", "--at", "2024-01-09");
    assert.deepEqual([answer.verdict, answer.offline, answer.online.status], ["different", "basic", "INCOMPLETE"]);
  });

  test("every kind of object is listed and described", async () => {
    const lists: Readonly<Record<string, readonly string[]>> = {
      "entities list": ["customer"],
      "data-sources list": ["baskets", "clicks", "profiles"],
      "feature-views list": ["activity", "clicked", "profile", "ratio"],
      "feature-views list --tags team:growth": ["profile"],
      "feature-services list": ["everything"],
      "projects list": ["shop"],
      "features list --tags team:growth": ["profile:score", "profile:tier"],
    };
    const described: Readonly<Record<string, RegExp>> = {
      "feature-views describe activity": /^ {2}baskets_7d: int64 as number = count\(\) over 7d where spend > 1$/m,
      "features describe profile:tier": /^description: gold or basic$/m,
      "data-sources describe profiles": /^created_time: created$/m,
      "entities describe customer": /^ {2}customer_id: int64$/m,
      "feature-services describe everything": /"?activity: all features/,
      "projects describe shop": /^feature_services:\n {2}- everything$/m,
    };
    await Promise.all([
      ...Object.entries(lists).map(async ([command, names]) => {
        const listed: { readonly name: string }[] = await json(...command.split(" "));
        assert.deepEqual(listed.map((o) => o.name).sort(), names, command);
      }),
      ...Object.entries(described).map(async ([command, text]) => assert.match(assertDone(await run(...command.split(" "))), text)),
    ]);
    const unknown = await run("feature-views", "describe", "activty");
    assertFailed(unknown, { status: 2, code: "ASOF_OBJECT_UNKNOWN", says: /Did you mean "activity"\?/ });
  });

  test("jobs tells of the materializations", async () => {
    const jobs = await json("jobs");
    assert.deepEqual(
      jobs.map((job: { kind: string; status: string }) => [job.kind, job.status]),
      [
        ["materialize-incremental", "succeeded"],
        ["materialize-incremental", "succeeded"],
        ["materialize", "succeeded"],
      ],
    );
    assert.match(
      assertDone(await run("jobs", "--limit", "1")),
      /^ID +KIND +STATUS +STARTED +TOOK +VIEWS\n.*activity done, clicked done, profile done\n$/,
    );
    const [newest] = jobs;
    assert.match(assertDone(await run("jobs", newest.id.slice(0, 8))), /^materialize-incremental .*: succeeded\n/);
    assertFailed(await run("jobs", "nope"), { status: 2, code: "ASOF_OBJECT_UNKNOWN" });
  });

  test("-c works before and behind the command's name, and paths are relative to it", async () => {
    for (const args of [
      ["-c", shop, "get-historical-features", "-f", "profile:tier", "--spine", "labels.csv", "--json"],
      ["get-historical-features", "-f", "profile:tier", "--spine", "labels.csv", "--json", "-c", shop],
    ]) {
      assert.equal(JSON.parse(assertDone(await runAsof(args, { cwd: "/" }))).rows.length, 2);
    }
    const yaml = ["--feature-store-yaml", "other.yaml"];
    assertFailed(await run("plan", ...yaml), { status: 2, code: "ASOF_CONFIG_MISSING", says: /other\.yaml/ });
  });

  test("teardown asks, and --yes answers", async () => {
    assertFailed(await run("teardown"), { status: 2, code: "ASOF_USAGE", says: /Add --yes/ });
    assert.match(assertDone(await run("teardown", "--yes")), /Deleted 10 objects and the online data of 3 views\.\n$/);
    assert.match(assertDone(await run("teardown", "--yes")), /Nothing of repository shop is registered/);
    assertFailed(await run("get-online-features", "-f", "profile", "-e", "customer_id=1"), { status: 2, code: "ASOF_NOT_APPLIED" });
    assert.equal((await json("plan")).entries.length, 10);
  });
});
