/** What users get wrong, tried with the real command: a coded error with the fix, no stack, nothing half done. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { assertDone, assertFailed, copyProject, listFiles, runAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { fullDisk, readOnly, writeParquet } from "./obstacles.test.support.ts";
import { shopFiles, writeShop } from "./shop.test.support.ts";

const yaml = shopFiles["feature_store.yaml"] ?? "";

/** A project that was applied and materialized; each test takes a copy. */
const template = await (async () => {
  const shop = writeShop(temporaryFolder({ after }));
  assertDone(await runAsof(["apply"], { cwd: shop }));
  assertDone(await runAsof(["materialize", "2024-01-01", "2024-01-11"], { cwd: shop }));
  return shop;
})();

/** Files that may differ although nothing was done: locks and logs of the stores. */
function settledFiles(shop: string): Readonly<Record<string, string>> {
  const files = listFiles(shop).filter((file) => !/registry\.db-(shm|wal)$|lock\.mdb$/.test(file));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(shop, file)).toString("base64")]));
}

describe("feature_store.yaml", () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ["a tab", yaml.replace("  type: lmdb", "\ttype: lmdb"), "ASOF_CONFIG_INVALID", /feature_store\.yaml:9.*[Tt]ab.*[Ss]paces/s],
    [
      "an unknown store",
      yaml.replace("type: lmdb", "type: lmbd"),
      "ASOF_STORE_UNKNOWN",
      /feature_store\.yaml:9:9: online_store\.type "lmbd".*lmdb, sqlite, memory/,
    ],
    [
      "a missing variable",
      yaml.replace("data/online", "$" + "{ONLINE_FOLDER}"),
      "ASOF_CONFIG_VARIABLE",
      /ONLINE_FOLDER, which is not set\. Set ONLINE_FOLDER/,
    ],
    ["a wrong key", `${yaml}onlin_store: lmdb\n`, "ASOF_CONFIG_INVALID", /onlin_store/],
    ["nothing", "", "ASOF_CONFIG_INVALID", /project/],
  ];
  for (const [what, text, code, says] of cases) {
    test(`with ${what}`, async (t) => {
      const shop = copyProject(t, template);
      writeFileSync(join(shop, "feature_store.yaml"), text);
      const before = settledFiles(shop);
      assertFailed(await runAsof(["apply"], { cwd: shop }), { status: 2, code, says });
      assert.deepEqual(settledFiles(shop), before);
    });
  }

  test("that is not there", async (t) => {
    const cwd = temporaryFolder(t);
    assertFailed(await runAsof(["plan"], { cwd }), { status: 2, code: "ASOF_CONFIG_MISSING", says: /Run `asof init NAME`.*-c DIR/ });
    assert.deepEqual(listFiles(cwd), []);
  });
});

describe("a definition file", () => {
  const broken: Readonly<Record<string, readonly [string, string, RegExp]>> = {
    "does not parse": [
      "export const = 1;",
      "ASOF_DEFINITIONS_LOAD",
      /features\/broken\.ts:1 cannot be loaded: .*\. Correct the syntax there\./,
    ],
    "has an enum": ["export enum Tier { Gold }", "ASOF_DEFINITIONS_LOAD", /features\/broken\.ts:1 .*no enums/],
    "imports what is not there": [`import "./absent.ts";`, "ASOF_DEFINITIONS_LOAD", /absent\.ts.* Correct the import/],
    throws: [`throw new Error("no luck");`, "ASOF_DEFINITIONS_LOAD", /features\/broken\.ts:1.*no luck/],
    "takes a name that asof does not have": [`import { table } from "asof"; export { table };`, "ASOF_DEFINITIONS_LOAD", /'table'/],
    "gives two views one name": [
      `import { featureService, push, string, featureView } from "asof"; import { customer } from "./shop.ts";
       const one = push("one", { eventTime: "t", columns: { tier: string() } });
       export const profile2 = featureView("profile", { entities: [customer], source: one }, { tier: string() });`,
      "ASOF_NAME_DUPLICATE",
      /profile/,
    ],
  };
  for (const [what, [text, code, says]] of Object.entries(broken)) {
    test(`that ${what}`, async (t) => {
      const shop = copyProject(t, template);
      writeFiles(shop, { "features/broken.ts": text });
      const before = settledFiles(shop);
      assertFailed(await runAsof(["apply"], { cwd: shop }), { status: 2, code, says });
      assert.deepEqual(settledFiles(shop), before);
    });
  }

  test("that is nowhere does not plan to delete everything", async (t) => {
    const shop = copyProject(t, template);
    rmSync(join(shop, "features"), { recursive: true });
    assertFailed(await runAsof(["apply"], { cwd: shop }), {
      status: 2,
      code: "ASOF_DEFINITIONS_LOAD",
      says: /features\/\*\*\/\*\.ts.*`asof teardown`/,
    });
  });
});

describe("a source", () => {
  /** The project with its profiles in a Parquet file. */
  async function parquetShop(t: Parameters<typeof copyProject>[0], query: string | null): Promise<string> {
    const shop = copyProject(t, template);
    const text = (shopFiles["features/shop.ts"] ?? "")
      .replace('csv("profiles"', 'parquet("profiles"')
      .replace("profiles.csv", "profiles.parquet");
    writeFileSync(join(shop, "features/shop.ts"), text.replace("import { count, csv,", "import { count, csv, parquet,"));
    if (query !== null) await writeParquet(join(shop, "data/profiles.parquet"), query);
    return shop;
  }
  const good = "select * replace (customer_id::bigint as customer_id) from read_csv('SHOP/data/profiles.csv')";
  const rowsOf = (shop: string, columns = "*"): string => `select ${columns} from (${good.replace("SHOP", shop)})`;
  /** Every command that reads the source must say the same. */
  async function assertEvery(shop: string, expected: { readonly code: string; readonly says: RegExp }): Promise<void> {
    const before = settledFiles(shop);
    const retrieve = ["get-historical-features", "-f", "profile", "--spine", "labels.csv", "--out", "train.csv"];
    const ended = await Promise.all([["plan"], ["apply"], retrieve].map((args) => runAsof(args, { cwd: shop })));
    for (const one of ended) assertFailed(one, { status: 2, ...expected });
    assert.deepEqual(settledFiles(shop), before);
  }

  test("that is absent", async (t) => {
    const shop = await parquetShop(t, null);
    await assertEvery(shop, { code: "ASOF_SOURCE_MISSING", says: /Source "profiles".*data\/profiles\.parquet.*Check the path/s });
  });

  test("of 0 bytes, of garbage, or cut off", async (t) => {
    const shop = await parquetShop(t, null);
    const path = join(shop, "data/profiles.parquet");
    const says = /Source "profiles" \(data\/profiles\.parquet\) cannot be read.*Write the file again/s;
    writeFileSync(path, "");
    await assertEvery(shop, { code: "ASOF_SOURCE_UNREADABLE", says });
    writeFileSync(path, "x".repeat(5_000));
    await assertEvery(shop, { code: "ASOF_SOURCE_UNREADABLE", says });
    rmSync(path);
    await writeParquet(path, rowsOf(shop));
    truncateSync(path, 600);
    await assertEvery(shop, { code: "ASOF_SOURCE_UNREADABLE", says });
  });

  test("without rows has no values, and everything else works", async (t) => {
    const shop = await parquetShop(
      t,
      "select 1::bigint as customer_id, timestamptz 'epoch' as event_timestamp, timestamptz 'epoch' as created, 'a' as tier, 1.0::double as score where false",
    );
    assertDone(await runAsof(["apply", "--recreate"], { cwd: shop }));
    const { views } = JSON.parse(assertDone(await runAsof(["materialize-incremental", "--json", "-v", "profile"], { cwd: shop })));
    assert.deepEqual([views[0].status, views[0].rows], ["done", 0]);
    const retrieved = await runAsof(["get-historical-features", "-s", "everything", "--spine", "labels.csv", "--json"], { cwd: shop });
    assert.deepEqual(
      JSON.parse(assertDone(retrieved)).rows.map((r: Record<string, unknown>) => [r.tier, r.spend_1d]),
      [
        [null, 12.5],
        [null, null],
      ],
    );
  });

  test("with a wrong type in its event time, or without the column", async (t) => {
    const shop = await parquetShop(t, rowsOf(template, "* replace ('soon' as event_timestamp)"));
    await assertEvery(shop, {
      code: "ASOF_SOURCE_COLUMN",
      says: /event-time column "event_timestamp" as VARCHAR, not as a time\. Store it as a timestamp/,
    });
    await writeParquet(join(shop, "data/profiles.parquet"), rowsOf(template, "* exclude (event_timestamp)"));
    await assertEvery(shop, {
      code: "ASOF_SOURCE_COLUMN",
      says: /no column "event_timestamp", which is declared as its time\. It has: .*Fix the name/,
    });
  });

  test("whose CSV has words where its times should be", async (t) => {
    const shop = copyProject(t, template);
    writeFiles(shop, { "data/profiles.csv": (shopFiles["data/profiles.csv"] ?? "").replace("2024-01-10T00:00:00Z", "soon") });
    await assertEvery(shop, { code: "ASOF_SOURCE_COLUMN", says: /profiles.*soon|event time/s });
  });

  test("that fails in a materialization does not stop the other views", async (t) => {
    const shop = copyProject(t, template);
    rmSync(join(shop, "data/profiles.csv"));
    const ended = await runAsof(["materialize", "2024-01-01", "2024-01-12"], { cwd: shop });
    assertFailed(ended, {
      status: 1,
      code: "ASOF_JOB_FAILED",
      says: /1 of 3 views failed: profile: \[ASOF_SOURCE_MISSING\].*Mend the cause and run it again/,
    });
    assert.match(ended.stdout, /^activity +done +3 /m);
    assert.match(ended.stdout, /^profile +failed /m);
    writeFiles(shop, { "data/profiles.csv": shopFiles["data/profiles.csv"] ?? "" });
    const again = await runAsof(["materialize", "2024-01-01", "2024-01-12"], { cwd: shop });
    assert.match(assertDone(again), /^Went on where an earlier run had ended\.[\s\S]*^profile +done /m);
  });
});

describe("a spine", () => {
  const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
    "without a key": [
      "select timestamptz '2024-01-11' as event_timestamp, 1.0 as amount",
      /no column for the key "customer_id"\. It has: event_timestamp, amount\. Add the column/,
    ],
    "without a time": ["select 1::bigint as customer_id", /no time column "event_timestamp"\. It has: customer_id\. Add/],
    "with null times": [
      "select 1::bigint as customer_id, case when range = 3 then null else timestamptz '2024-01-11' end as event_timestamp from range(5)",
      /1 rows without a finite time in "event_timestamp": row 3 \(null\)\. Remove these rows/,
    ],
    "with infinite times": ["select 1::bigint as customer_id, timestamptz 'infinity' as event_timestamp", /row 0 \("infinity"\)/],
    "with words for keys": ["select 'one' as customer_id, timestamptz '2024-01-11' as event_timestamp", /key column "customer_id".*int64/],
    "with a fraction for a key": ["select 1.5::double as customer_id, timestamptz '2024-01-11' as event_timestamp", /"customer_id"/],
    "with words for times": ["select 1::bigint as customer_id, 'soon' as event_timestamp", /"event_timestamp".*not a time/],
    "that is no query": ["select 1 from", /[Ss]yntax|parser/i],
    "that names a column of the result": [
      "select 1::bigint as customer_id, timestamptz '2024-01-11' as event_timestamp, 'x' as tier",
      /"tier".*full feature names/,
    ],
  };
  for (const [what, [query, says]] of Object.entries(cases)) {
    test(what, async (t) => {
      const cwd = copyProject(t, template);
      const ended = await runAsof(["get-historical-features", "-f", "profile", "--spine", query, "--out", "train.csv"], { cwd });
      const code = what.startsWith("that names")
        ? "ASOF_NAME_COLLISION"
        : what.startsWith("that is no")
          ? "ASOF_QUERY_FAILED"
          : "ASOF_SPINE_INVALID";
      assertFailed(ended, { status: code === "ASOF_QUERY_FAILED" ? 1 : 2, code, says });
      assert.ok(!existsSync(join(cwd, "train.csv")));
    });
  }

  test("of words for int64 in a CSV file names the first rows", async (t) => {
    const cwd = copyProject(t, template);
    writeFiles(cwd, { "labels.csv": "customer_id,event_timestamp\n1,2024-01-11\none,2024-01-11\n2,2024-01-11\n" });
    const ended = await runAsof(["get-historical-features", "-f", "profile", "--spine", "labels.csv"], { cwd });
    assertFailed(ended, {
      status: 2,
      code: "ASOF_SPINE_INVALID",
      says: /1 values in key column "customer_id" that are no int64: row 1 \("one"\)/,
    });
  });

  test("of 0 rows gives a set of 0 rows", async (t) => {
    const cwd = copyProject(t, template);
    writeFiles(cwd, { "none.csv": "customer_id,event_timestamp,amount\n" });
    const query = "select 1::bigint as customer_id, timestamptz '2024-01-11' as event_timestamp, 1.0 as amount where false";
    for (const spine of ["none.csv", query]) {
      const ended = await runAsof(["get-historical-features", "-s", "everything", "--spine", spine, "--out", "train.parquet"], { cwd });
      assert.match(assertDone(ended), /^0 rows × 8 columns → /);
      rmSync(join(cwd, "train.parquet"));
    }
  });

  test("that is not there, or is no spine", async (t) => {
    const cwd = copyProject(t, template);
    for (const [spine, says] of [
      ["absent.parquet", /There is no file for the spine at ".*absent\.parquet"\. Check the path/],
      ["absent.sql", /The spine's query "absent\.sql" cannot be read/],
      ["labels.txt", /neither a \.parquet or \.csv file nor a SELECT/],
    ] as const) {
      assertFailed(await runAsof(["get-historical-features", "-f", "profile", "--spine", spine], { cwd }), {
        status: 2,
        code: "ASOF_SPINE_INVALID",
        says,
      });
    }
  });
});

describe("a question", () => {
  const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
    "get-online-features -f profil:tier -e customer_id=1": ["ASOF_FEATURE_UNKNOWN", /No feature view "profil".*Did you mean "profile"\?/],
    "get-online-features -f profile:teir -e customer_id=1": ["ASOF_FEATURE_UNKNOWN", /has no feature "teir".*tier/],
    "get-online-features -s everyting -e customer_id=1": [
      "ASOF_SERVICE_UNKNOWN",
      /No feature service "everyting".*Did you mean "everything"\?/,
    ],
    "get-historical-features -s everyting --spine labels.csv": ["ASOF_SERVICE_UNKNOWN", /everything/],
    "get-online-features -s everything -e customer_id=1": ["ASOF_REQUEST_INVALID", /lacks "amount".*customer_id, amount/],
    "get-online-features -f profile -e customer=1": ["ASOF_REQUEST_INVALID", /"customer"/],
    "get-online-features -f profile -e customer_id=one": ["ASOF_VALUE_INVALID", /customer_id.*int64/],
    "get-online-features -f profile -e customer_id=9223372036854775808": ["ASOF_VALUE_INVALID", /customer_id/],
    "get-online-features -f profile -e customer_id=1 --at soon": ["ASOF_TIME_INVALID", /--at is "soon", which is no instant/],
    "get-online-features -f profile -f ratio:share -e customer_id=1 -e amount=x": ["ASOF_VALUE_INVALID", /amount.*float64/],
    "materialize soon later": ["ASOF_TIME_INVALID", /START is "soon", which is no instant/],
    "materialize 2024-01-01 2024-01-02 -v profil": ["ASOF_FEATURE_UNKNOWN", /no stored feature view "profil".*Did you mean "profile"\?/],
    "describe profil": ["ASOF_FEATURE_UNKNOWN", /No stored feature view "profil".*Did you mean "profile"\?/],
    "activate ratio": ["ASOF_FEATURE_UNKNOWN", /"ratio" is a request view.*Name a stored view: /],
    "plan --recreate profil": ["ASOF_OBJECT_UNKNOWN", /no feature view "profil" to recreate\. Did you mean "profile"\?/],
    "materialize 2024-01-01 2024-01-02 -v ratio": ["ASOF_FEATURE_UNKNOWN", /Request views are computed at request time/],
    "why profile:teir -e customer_id=1": ["ASOF_FEATURE_UNKNOWN", /tier/],
    "why ratio:share -e customer_id=1": ["ASOF_USAGE", /is a request view.*Ask for a feature of activity/],
    "push profiles --rows labels.csv": ["ASOF_PUSH_INVALID", /labels\.csv:1 is not JSON/],
    "push profile --rows rows.json": ["ASOF_OBJECT_UNKNOWN", /clicks/],
    "push clicks --rows absent.json": ["ASOF_PUSH_INVALID", /"absent\.json" cannot be read\. Check the path/],
    "push clicks --rows rows.json": ["ASOF_PUSH_INVALID", /Row 0 lacks "page"/],
  };
  test("that names what is not there, or gives what does not fit", async (t) => {
    const cwd = copyProject(t, template);
    writeFiles(cwd, { "rows.json": `[{"customer_id": 1, "event_timestamp": "2024-01-11T00:00:00Z"}]` });
    await Promise.all(
      Object.entries(cases).map(async ([line, [code, says]]) => {
        const ended = await runAsof(line.split(" "), { cwd });
        assertFailed(ended, { status: 2, code, says });
        assert.equal(ended.stdout, "", line);
      }),
    );
  });

  test("for two features of one name, unless their full names are asked for", async (t) => {
    const cwd = copyProject(t, template);
    writeFiles(cwd, {
      "features/twins.ts": `import { featureService, featureView, csv, string } from "asof"; import { customer, profile } from "./shop.ts";
        const others = csv("others", { path: "data/profiles.csv", eventTime: "event_timestamp", columns: { tier: string() } });
        export const other = featureView("other", { entities: [customer], source: others }, { tier: string() });
        export const twins = featureService("twins", [profile, other]);`,
    });
    assertDone(await runAsof(["apply"], { cwd }));
    const ask = ["get-historical-features", "-s", "twins", "--spine", "labels.csv"];
    const says = /"profile:tier" and "other:tier" both come out as "tier"\. Ask for full feature names/;
    assertFailed(await runAsof(ask, { cwd }), { status: 2, code: "ASOF_NAME_COLLISION", says });
    assert.match(assertDone(await runAsof([...ask, "--full-feature-names"], { cwd })), /profile__tier.*other__tier/);
  });
});

describe("a store", () => {
  /** Enough keys to fill the smallest online store. */
  const many = `select i::bigint as customer_id, timestamptz '2024-01-02' + to_seconds(i) as event_timestamp, (i % 97)::double as spend from range(20000) t(i)`;

  test("that is full loses nothing, says how to go on, and goes on", async (t) => {
    const shop = copyProject(t, template);
    rmSync(join(shop, "data/online"), { recursive: true });
    const small = `${yaml}  map_size_max_bytes: 524288\n`;
    writeFiles(shop, {
      "feature_store.yaml": small,
      "features/many.ts": `import { featureView, float64, sql, sum } from "asof"; import { customer } from "./shop.ts";
        const events = sql("events", { query: ${JSON.stringify(many)}, eventTime: "event_timestamp", columns: { spend: float64() } });
        export const heavy = featureView("heavy", { entities: [customer], source: events }, { spent: sum("spend") });`,
    });
    assertDone(await runAsof(["apply"], { cwd: shop }));
    const command = ["materialize", "2024-01-01", "2024-01-11"];
    const full = await runAsof(command, { cwd: shop });
    assertFailed(full, {
      status: 1,
      code: "ASOF_JOB_FAILED",
      says: /heavy: \[ASOF_STORE_FULL\].*524288 bytes.*Raise online_store\.map_size_max_bytes/,
    });
    const ask = ["get-online-features", "-f", "profile:tier", "-e", "customer_id=1", "--at", "2024-01-11", "--json"];
    writeFileSync(join(shop, "feature_store.yaml"), yaml);
    assert.match(assertDone(await runAsof(command, { cwd: shop })), /^heavy +done +20,000 /m);
    assert.deepEqual(JSON.parse(assertDone(await runAsof(ask, { cwd: shop }))).rows, [{ profile: { tier: "gold" } }]);
  });

  test("in a folder that cannot be written", async (t) => {
    const shop = copyProject(t, template);
    const { through, how } = readOnly(join(shop, "data"));
    t.diagnostic(how);
    const before = settledFiles(shop);
    writeFiles(shop, {
      "features/more.ts": `import { entity, string } from "asof"; export const more = entity("more", { key: { id: string() } });`,
    });
    const applied = await runAsof(["apply"], { cwd: shop, through });
    assertFailed(applied, { status: 1, code: "ASOF_REGISTRY_READ_ONLY", says: /Give this user the right to write the folder/ });
    const materialized = await runAsof(["materialize", "2024-01-01", "2024-01-12"], { cwd: shop, through });
    assertFailed(materialized, { status: 1, code: "ASOF_REGISTRY_READ_ONLY" });
    rmSync(join(shop, "features/more.ts"));
    assert.deepEqual(settledFiles(shop), before);
    const half = readOnly(join(shop, "data/online"));
    const failed = await runAsof(["materialize", "2024-01-01", "2024-01-12"], { cwd: shop, through: half.through });
    assertFailed(failed, {
      status: 1,
      code: "ASOF_JOB_FAILED",
      says: /2 of 3 views failed: .*\[ASOF_STORE_READ_ONLY\].*cannot be written.*Make the folder and its files writable/,
    });
    // Reading needs no right to write.
    const read = ["get-online-features", "-f", "profile:tier", "-e", "customer_id=1", "--at", "2024-01-11", "--json"];
    assert.deepEqual(JSON.parse(assertDone(await runAsof(read, { cwd: shop, through }))).rows, [{ profile: { tier: "gold" } }]);
  });
});

describe("a result", () => {
  const spine =
    "select 1::bigint as customer_id, timestamptz '2024-01-11' + to_seconds(range) as event_timestamp, hash(range)::varchar as text from range(200000)";
  const retrieve = (out: string): string[] => ["get-historical-features", "-f", "profile", "--spine", spine, "--out", out];

  test("for which the disk has no room leaves nothing, and the file of before as it was", async (t) => {
    const shop = copyProject(t, template);
    mkdirSync(join(shop, "out"));
    const { through, how } = fullDisk(join(shop, "out"));
    t.diagnostic(how);
    for (const name of ["train.parquet", "train.csv"]) {
      // What the shell finds in the folder when the command is done is seen from inside its view of the file system.
      const look = ["sh", "-c", `"$0" "$@"; code=$?; ls -A out >&2; exit $code`];
      const ended = await runAsof(retrieve(`out/${name}`), { cwd: shop, through: [...through, ...look] });
      assertFailed(ended, { status: 1, code: "ASOF_OUTPUT_FAILED", says: /Free space on that disk; nothing was left behind\.$/m });
      assert.doesNotMatch(ended.stderr, /^\.?train/m);
    }
    assert.deepEqual(listFiles(join(shop, "out")), []);
  });

  test("in a folder that cannot be written, or is not there", async (t) => {
    const shop = copyProject(t, template);
    mkdirSync(join(shop, "out"));
    const { through } = readOnly(join(shop, "out"));
    const says = /out\/train\.parquet cannot be written: the folder .*out may not be written\. Name another folder/;
    assertFailed(await runAsof(retrieve("out/train.parquet"), { cwd: shop, through }), { status: 1, code: "ASOF_OUTPUT_FAILED", says });
    assertFailed(await runAsof(retrieve("absent/train.parquet"), { cwd: shop }), {
      status: 1,
      code: "ASOF_OUTPUT_FAILED",
      says: /absent\/train\.parquet cannot be written: /,
    });
    assertFailed(await runAsof(["init", "out/new"], { cwd: shop, through }), {
      status: 1,
      code: "ASOF_OUTPUT_FAILED",
      says: /nothing of it was left/,
    });
  });
});
