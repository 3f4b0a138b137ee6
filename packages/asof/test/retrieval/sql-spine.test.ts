import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { entity, featureView, float64, int64, parquet, sql as sqlSource, string } from "asof";
import { openTestStore } from "asof/testing";

const customer = entity("customer", { key: { customer_id: string() } });
const scores = parquet("scores", { path: "scores.parquet", eventTime: "ts", columns: { score: float64() } });
const score = featureView("score", { entities: [customer], source: scores }, { score: float64() });

const open = () =>
  openTestStore({
    definitions: [score],
    now: "2024-02-01",
    rows: { scores: [{ customer_id: 'O\'Hara "x"; --', ts: "2024-01-01", score: 0.5 }] },
  });

describe("a spine that is a query", () => {
  const select = `SELECT 'O''Hara "x"; --' AS customer_id, TIMESTAMPTZ '2024-01-05' AS event_timestamp, 7::BIGINT AS label`;
  const texts: Readonly<Record<string, string>> = {
    plain: select,
    "with a semicolon and a comment behind it": `${select}; -- the label\n`,
    "behind comments": `-- who\n/* and\n when */ ${select}`,
    "in parentheses": `(${select})`,
    "with a with": `WITH w AS (${select}) SELECT * FROM w`,
    "from first": `FROM (${select}) AS t`,
    values: `VALUES ('O''Hara "x"; --', TIMESTAMPTZ '2024-01-05', 7::BIGINT)`,
  };

  for (const [name, text] of Object.entries(texts)) {
    test(`${name}: as text and as an object`, async () => {
      await using store = await open();
      const named =
        name === "values" ? { sql: `SELECT col0 AS customer_id, col1 AS event_timestamp, col2 AS label FROM (${text})` } : { sql: text };
      for (const spine of name === "values" ? [named] : [text, named]) {
        await using set = await store.getHistoricalFeatures({ features: [score], spine, spineColumns: { label: int64() } });
        const rows = [];
        for await (const row of set.rows()) rows.push(row);
        const [first] = rows;
        assert.ok(first !== undefined && rows.length === 1);
        // The further columns of a query are typed by `spineColumns`.
        const label: bigint | null = first.label;
        assert.deepEqual([first.customer_id, label, first.score], [`O'Hara "x"; --`, 7n, 0.5]);
      }
    });
  }

  test("that is wrong says so, with the engine's words", async () => {
    await using store = await open();
    const ask = (spine: string) => store.getHistoricalFeatures({ features: [score], spine });
    await assert.rejects(ask("SELECT customer FROM nowhere"), { code: "ASOF_QUERY_FAILED", message: /The spine's query: .*nowhere/ });
    await assert.rejects(ask("SELECT 1 AS customer_id"), { code: "ASOF_SPINE_INVALID", message: /no time column "event_timestamp"/ });
    await assert.rejects(ask("SELECT now() AS event_timestamp"), {
      code: "ASOF_SPINE_INVALID",
      message: /no column for the key "customer_id"/,
    });
    await assert.rejects(ask("DELETE FROM x"), { code: "ASOF_SPINE_INVALID", message: /neither a \.parquet or \.csv file nor a SELECT/ });
    for (const sql of ["SELECT 1; DROP TABLE x", "CREATE TABLE x AS SELECT 1", "SELECT 1) AS a; DROP TABLE x; --"]) {
      await assert.rejects(store.getHistoricalFeatures({ features: [score], spine: { sql } }), { code: "ASOF_QUERY_FAILED" }, sql);
    }
  });

  test("runs nothing beside it, also where parentheses are closed and opened again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "asof-sql-spine-"));
    try {
      const file = join(folder, "written.csv");
      const sql = `${select}) AS a; COPY (SELECT 1) TO '${file}'; SELECT * FROM (${select}`;
      await using store = await open();
      await assert.rejects(store.getHistoricalFeatures({ features: [score], spine: { sql } }), {
        code: "ASOF_QUERY_FAILED",
        message: /The spine's query is more than one statement/,
      });
      const source = sqlSource("queried", { query: sql, eventTime: "event_timestamp", columns: { label: int64() } });
      const labels = featureView("labels", { entities: [customer], source }, { label: int64() });
      const spine = [{ customer_id: "a", event_timestamp: "2024-01-05" }];
      await assert.rejects(store.getHistoricalFeatures({ features: [labels], spine }), {
        code: "ASOF_QUERY_FAILED",
        message: /Source "queried" is more than one statement/,
      });
      assert.equal(existsSync(file), false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("keeps what looks like its end inside of texts", async () => {
    await using store = await open();
    const sql =
      "SELECT 'a' AS customer_id, TIMESTAMPTZ '2024-01-05' AS event_timestamp, '; -- x' AS t1, $$ ' ; -- $$ AS t2, 1 AS \"a;--\" /* ; */ -- ;'";
    await using set = await store.getHistoricalFeatures({ features: [score], spine: { sql } });
    for await (const row of set.rows())
      assert.deepEqual(Object.entries(row).slice(2, 5), [
        ["t1", "; -- x"],
        ["t2", " ' ; -- "],
        ["a;--", 1],
      ]);
  });

  test("reads texts with escapes as the engine does, and a word before a quote as no escape", async () => {
    await using store = await open();
    const sql = `SELECT 'a' AS customer_id, TIMESTAMPTZ '2024-01-05' AS event_timestamp, E'it\\'s; -- x' AS t, 'x\\' like'x\\' AS same; -- don't`;
    await using set = await store.getHistoricalFeatures({ features: [score], spine: { sql } });
    const rows = [];
    for await (const row of set.rows()) rows.push(Object.entries(row).slice(2, 4));
    assert.deepEqual(rows, [
      [
        ["t", "it's; -- x"],
        ["same", true],
      ],
    ]);
  });
});
