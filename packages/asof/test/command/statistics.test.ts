/** What the commands say of values and of lineage, as processes of their own. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { after, before, describe, test } from "node:test";
import { bar, histogramLine, seriesLine } from "../../src/command/sparkline.ts";
import { terminalOf } from "../../src/command/terminal.ts";
import { assertDone, assertFailed, copyProject, runAsof, temporaryFolder, writeFiles } from "./command.test.support.ts";
import { writeShop } from "./shop.test.support.ts";

const shop = writeShop(temporaryFolder({ after }));
const utf8 = { LC_ALL: "C.UTF-8" };
const run = (line: string, environment: Readonly<Record<string, string>> = utf8, cwd = shop) =>
  runAsof(line.split(" "), { cwd, environment });
const json = async (line: string) => JSON.parse(assertDone(await run(`${line} --json`)));

before(async () => {
  assertDone(await run("apply"));
  assertDone(await run("materialize 2024-01-01 2024-01-11"));
});

describe("asof describe", () => {
  test("shows a view's definition and its values, a line per feature", async () => {
    const text = assertDone(await run("describe profile"));
    assert.match(text, /^name: profile\nowner|^name: profile/);
    assert.match(text, /^Of 4 rows from 2024-01-01T00:00:00Z to 2024-01-11T00:00:00\.000001Z; computed .* by materialize\.$/m);
    assert.match(text, /^FEATURE +TYPE +NULLS +DISTINCT +MIN +P50 +MAX +MEAN +HISTOGRAM$/m);
    assert.match(text, /^tier +string +0 +2 +basic +gold +length 4\.5 +basic 50%, gold 50%$/m);
    assert.match(text, /^score +float64 +25% +3 +0\.5 +0\.75 +1 +0\.75 +█ +█ +█$/m);
    assert.ok(!text.includes("\u001b"), "no colours in a pipe");
  });

  test("shows all figures of one feature, and its runs", async (t) => {
    const cwd = copyProject(t, shop);
    assertDone(await run("statistics compute profile --end 2024-01-06", utf8, cwd));
    const text = assertDone(await run("describe profile:score", utf8, cwd));
    assert.match(text, /^rows {7}3$/m);
    assert.match(text, /^nulls {6}1 {2}33%$/m);
    assert.match(text, /^quantiles {2}p1 0\.5 {2}p5 0\.5 {2}p25 0\.5 {2}p50 0\.5 {2}p75 1 {2}p95 1 {2}p99 1$/m);
    assert.match(text, /^histogram, by the lower edge of each bin\n {4}0\.5 {2}1 {2}█+\n/m);
    assert.match(text, /^mean {7}▁▁ {2}0\.75 to 0\.75\n +2 runs, |^mean {7}[▁▂▃▄▅▆▇█]{2} {2}0\.75 to 0\.75/m);
  });

  test("draws with ASCII where the locale is not UTF-8, within the given width", async () => {
    const text = assertDone(await run("describe profile", { LC_ALL: "C", COLUMNS: "60" }));
    const values = text.slice(text.indexOf("FEATURE"));
    assert.match(values, /^score .*# +# +#$/m);
    assert.match(values, /^[\x20-\x7e\n]*$/);
    assert.ok(
      values.split("\n").every((line) => line.length <= 60),
      values,
    );
    assert.match(values, /^FEATURE +NULLS +DISTINCT|^FEATURE +NULLS|^FEATURE +MIN/m);
  });

  test("as JSON has the definition and every run", async () => {
    const { name, features, statistics } = await json("describe activity");
    assert.deepEqual([name, Object.keys(features)], ["activity", ["spend_1d", "baskets_7d"]]);
    const spend = statistics.find((s: { feature: string }) => s.feature === "spend_1d");
    assert.deepEqual([spend.basis, spend.rows, spend.origin, spend.version], ["values_at_end", 2, "materialize", 0]);
    assert.equal(spend.figures.max, 12.5);
  });

  test("feature-views describe and features describe have a line for each", async () => {
    assert.match(
      assertDone(await run("feature-views describe profile")),
      /^values:\n {2}tier: .*\n {2}score: "?█ +█ +█, 0\.5 to 1, mean 0\.75, 3 distinct, 1 of 4 null"?$/m,
    );
    assert.equal((await json("features describe profile:tier")).statistics[0].figures.distinct, 2);
    assert.equal((await json("feature-views describe ratio")).statistics, undefined);
  });

  test("says what to run where nothing is known yet, and refuses what is no view", async () => {
    assert.match(assertDone(await run("describe clicked")), /Nothing is known of its values yet: `asof statistics compute clicked`/);
    assert.match(
      assertDone(await run("describe ratio:share")),
      /^name: ratio:share\n[\s\S]*\nComputed at request time, so that it has no values at rest\.\n$/,
    );
    assertFailed(await run("describe profil"), { status: 2, code: "ASOF_FEATURE_UNKNOWN", says: /profile/ });
    assertFailed(await run("describe profile:scor"), { status: 2, code: "ASOF_FEATURE_UNKNOWN", says: /Did you mean "score"\?/ });
  });
});

describe("asof statistics", () => {
  test("compute covers the interval, keeps what it finds, and list has it newest first", async () => {
    const all = await json("statistics compute profile activity --start 2024-01-01 --end 2024-01-06");
    assert.deepEqual(
      all.map((s: { view: string; feature: string; rows: number }) => [s.view, s.feature, s.rows]),
      [
        ["profile", "tier", 3],
        ["profile", "score", 3],
        ["activity", "spend_1d", 0],
        ["activity", "baskets_7d", 0],
      ],
    );
    const list = await json("statistics list profile:score");
    assert.deepEqual(
      list.map((s: { origin: string }) => s.origin),
      ["on_demand", "materialize"],
    );
    assert.match(
      assertDone(await run("statistics list profile --limit 1")),
      /^score .* on demand +2024-01-06T00:00:00Z +3 +1 +2 +0\.5 +1 +0\.75$/m,
    );
  });

  test("refuses wrong use by code", async () => {
    assertFailed(await run("statistics compute profile --start 2024-01-02 --end 2024-01-02"), { status: 2, code: "ASOF_USAGE" });
    assertFailed(await run("statistics compute ratio"), { status: 2, code: "ASOF_FEATURE_UNKNOWN" });
    assertFailed(await run("statistics list profile --limit 0"), { status: 2, code: "ASOF_USAGE", says: /--limit is "0"/ });
  });

  test("materialize --no-statistics and the setting leave values alone", async (t) => {
    for (const how of ["flag", "setting"] as const) {
      const cwd = writeShop(temporaryFolder(t));
      if (how === "setting") {
        const { shopFiles } = await import("./shop.test.support.ts");
        writeFiles(cwd, { "feature_store.yaml": `${shopFiles["feature_store.yaml"]}materialization: { statistics: false }\n` });
      }
      assertDone(await run("apply", utf8, cwd));
      assertDone(await run(`materialize-incremental -v profile${how === "flag" ? " --no-statistics" : ""}`, utf8, cwd));
      assert.match(assertDone(await run("statistics list profile", utf8, cwd)), /^No statistics of profile yet/);
    }
  });
});

describe("asof lineage", () => {
  test("shows what a service was made from, and what a source became, as trees", async () => {
    assert.equal(
      assertDone(await run("lineage everything --up")),
      [
        "Made from",
        "service:everything",
        "├─ view:activity",
        "│  └─ source:baskets",
        "├─ view:profile",
        "│  └─ source:profiles",
        "└─ view:ratio",
        "   ├─ request:ratio",
        "   └─ view:activity (see above)",
        "",
      ].join("\n"),
    );
    const down = assertDone(await run("lineage baskets.spend --down --columns", { LC_ALL: "C" }));
    assert.match(
      down,
      /^Used by\nsource:baskets\.spend\n\|- feature:activity\.baskets_7d\n\| {2}\|- feature:ratio\.share\n\| {2}\| {2}`- service:everything\n/,
    );
  });

  test("follows both ways to a depth, and training sets once they are saved", async (t) => {
    const cwd = copyProject(t, shop);
    assertDone(await run("get-historical-features -s everything --spine labels.csv --out train.parquet", utf8, cwd));
    const text = assertDone(await run("lineage profile:tier --depth 2", utf8, cwd));
    assert.match(
      text,
      /^Made from\nview:profile\n└─ source:profiles\n\nUsed by\nview:profile\n├─ service:everything\n│ {2}└─ training_set:.*train\.parquet\n└─ training_set:/,
    );
    assert.match(assertDone(await run("lineage train.parquet --up --columns", utf8, cwd)), /source:profiles\.tier/);
  });

  test("as JSON has nodes with their depth, and edges", async () => {
    const { level, up, down } = await json("lineage ratio:share --columns --up");
    assert.deepEqual([level, down], ["columns", undefined]);
    assert.deepEqual(up.roots, ["feature:ratio.share"]);
    assert.deepEqual(up.nodes.slice(0, 2), [
      { node: "feature:ratio.share", depth: 0 },
      { node: "feature:activity.baskets_7d", depth: 1 },
    ]);
    assert.ok(up.edges.some((e: { from: string }) => e.from === "request:ratio.amount"));
  });

  test("names what was meant", async () => {
    assertFailed(await run("lineage profile:teir"), { status: 2, code: "ASOF_OBJECT_UNKNOWN", says: /Did you mean "profile:tier"\?/ });
    assertFailed(await run("lineage profile --depth 0"), { status: 2, code: "ASOF_USAGE" });
  });
});

test("a value does not speak to the terminal", async (t) => {
  const cwd = writeShop(temporaryFolder(t));
  const row = (id: number, tier: string) => `${id},2024-01-05T00:00:00Z,2024-01-05T00:00:00Z,${tier},1`;
  const lines = ["customer_id,event_timestamp,created,tier,score", row(1, "\u001b[31mred"), row(2, "\u001b[31mred"), ""];
  writeFiles(cwd, { "data/profiles.csv": lines.join("\n") });
  assertDone(await run("apply", utf8, cwd));
  assertDone(await run("statistics compute profile", utf8, cwd));
  for (const what of ["describe profile", "describe profile:tier", "feature-views describe profile"]) {
    const text = assertDone(await run(what, utf8, cwd));
    assert.match(text, /\[31mred/);
    assert.ok(!text.includes("\u001b"), what);
  }
});

test("text is shown as it is, also where it looks like something else or like nothing", async (t) => {
  const cwd = writeShop(temporaryFolder(t));
  const tiers = ["00501", "00501", "2024-01-01T00:00:00Z", '" "', "\u202egnp"];
  const rows = tiers.map((tier, i) => `${i},2024-01-05T00:00:00Z,2024-01-05T00:00:00Z,${tier},1`);
  writeFiles(cwd, { "data/profiles.csv": ["customer_id,event_timestamp,created,tier,score", ...rows, ""].join("\n") });
  assertDone(await run("apply", utf8, cwd));
  assertDone(await run("statistics compute profile", utf8, cwd));
  const card = assertDone(await run("describe profile:tier", utf8, cwd));
  assert.match(card, /^min {8}" "$/m);
  assert.match(card, /^max {8}\\u202egnp$/m);
  assert.match(card, /^ +00501 {2}2 {2}40% /m);
  assert.match(card, /^ +" " {2}1 {2}20% /m);
  assert.match(card, /^ +2024-01-01T00:00:00Z {2}1 {2}20% /m);
  assert.match(assertDone(await run("describe profile", utf8, cwd)), /^tier .* 00501 40%, " " 20%, /m);
  assert.match(assertDone(await run("statistics list profile:tier", utf8, cwd)), / {2}" " +\\u202egnp$/m);
});

test("lines are drawn in eight levels, or letters", () => {
  const unicode = { isUnicode: true };
  assert.equal(histogramLine([0, 1, 4, 8], unicode), " ▂▅█");
  assert.equal(histogramLine([0, 0], unicode), "  ");
  assert.equal(seriesLine([1, null, 2, 3], unicode), "▁ ▅█");
  assert.equal(seriesLine([5, 5], { isUnicode: false }), "--");
  assert.deepEqual(
    [bar(1, 2, unicode), bar(0.3, 2, unicode), bar(0, 2, unicode), bar(0.5, 4, { isUnicode: false })],
    ["██", "▋", "", "##"],
  );
});

test("a terminal is as wide as it says; the locale tells what it shows", () => {
  const of = (environment: Readonly<Record<string, string>>, columns?: number) => {
    const stdout = Object.assign(new PassThrough(), columns === undefined ? {} : { isTTY: true, columns });
    return terminalOf({ stdout, environment });
  };
  assert.deepEqual(of({ LANG: "de_DE.utf8" }, 100), { isUnicode: true, width: 100 });
  assert.deepEqual(of({ LC_ALL: "C", LANG: "C.UTF-8" }), { isUnicode: false, width: Number.POSITIVE_INFINITY });
  assert.deepEqual(of({ LANG: "C.UTF-8", TERM: "linux" }, 10), { isUnicode: false, width: 40 });
  assert.deepEqual(of({ COLUMNS: "72" }, 100), { isUnicode: false, width: 72 });
});
