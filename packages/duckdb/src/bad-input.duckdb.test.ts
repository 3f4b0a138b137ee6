import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { describe, test } from "node:test";
import type { SourceModel, SpineInput, ValueType } from "@asof/core";
import {
  csvSource,
  hourUs,
  int32,
  int64,
  parquetSource,
  plainJoin,
  planOf,
  secondUs,
  sqlSource,
  timestamp,
  windowedJoin,
  windowFeature,
} from "../test/support/models.ts";
import { openTestStore, retrieveRows } from "../test/support/store.ts";

/** 2024-03-10T12:00:00Z */
const noon = 1_710_072_000 * secondUs;
const good = sqlSource(`SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS ts, 1::BIGINT AS f`, { columns: { f: int64 } });
const spine: SpineInput = {
  kind: "rows",
  columns: [
    { name: "id", type: int64 },
    { name: "event_timestamp", type: timestamp },
  ],
  rows: [[1n, noon]],
};

interface Expected {
  readonly code: string;
  readonly message: RegExp;
}

async function refuses(expected: Expected, source: SourceModel, input: SpineInput = spine, keyType: ValueType = int64): Promise<void> {
  await using fixture = await openTestStore();
  await rejects(fixture, expected, source, input, keyType);
}

async function rejects(
  fixture: Awaited<ReturnType<typeof openTestStore>>,
  expected: Expected,
  source: SourceModel,
  input: SpineInput = spine,
  keyType: ValueType = int64,
): Promise<void> {
  const join = plainJoin({ keys: { id: keyType }, source, features: { f: int64 } });
  await assert.rejects(
    () => retrieveRows(fixture.store, planOf([join]), input),
    (error: Error & { readonly code?: string; readonly fix?: string }) => {
      assert.equal(error.code, expected.code, error.message);
      assert.match(error.message, expected.message);
      assert.ok((error.fix ?? "").length > 0, `no fix: ${error.message}`);
      return true;
    },
  );
}

describe("bad spines", () => {
  const cases: readonly (readonly [string, SpineInput, RegExp])[] = [
    [
      "no time column",
      { kind: "sql", query: "SELECT 1::BIGINT AS id, now() AS at" },
      /no column "event_timestamp" for the as-of time. It has: id, at\./,
    ],
    ["no key column", { kind: "sql", query: "SELECT now() AS event_timestamp" }, /no column "id" for the key. It has: event_timestamp\./],
    [
      "null times",
      {
        kind: "sql",
        query: "SELECT 1::BIGINT AS id, CASE WHEN i IN (2, 5) THEN NULL ELSE now() END AS event_timestamp FROM range(7) r(i)",
      },
      /2 rows without a finite time in "event_timestamp": row 2 \(null\), row 5 \(null\)\./,
    ],
    [
      "infinite times",
      { kind: "sql", query: "SELECT 1::BIGINT AS id, unnest([now()::TIMESTAMP, 'infinity', '-infinity']) AS event_timestamp" },
      /2 rows without a finite time.*row 1 \("infinity"\), row 2 \("-infinity"\)/,
    ],
    [
      "time as text",
      { kind: "sql", query: "SELECT 1::BIGINT AS id, '2024-03-10' AS event_timestamp" },
      /time column "event_timestamp" is VARCHAR, not a time/,
    ],
    [
      "text for int64",
      { kind: "sql", query: "SELECT '1' AS id, now() AS event_timestamp" },
      /key column "id" is VARCHAR, but the key is declared as int64/,
    ],
    [
      "fractions for int64",
      { kind: "sql", query: "SELECT unnest([1.0, 1.5, 'nan'::DOUBLE]) AS id, now() AS event_timestamp" },
      /2 values in key column "id" that are no int64: row 1 \("1.5"\), row 2 \("nan"\)\./,
    ],
    ["a file that is not there", { kind: "file", format: "parquet", path: "no.parquet" }, /no file for the spine at ".*no\.parquet"/],
    ["a query that fails", { kind: "sql", query: "SELECT * FROM 'nowhere.parquet'" }, /spine's query is not there/],
  ];
  for (const [title, input, message] of cases) test(title, () => refuses({ code: "ASOF_SPINE_INVALID", message }, good, input));

  test("a key beyond int32", () =>
    refuses(
      { code: "ASOF_SPINE_INVALID", message: /1 values in key column "id" that are no int32: row 0 \("3000000000"\)/ },
      sqlSource(`SELECT 1::INT AS id, make_timestamptz(${noon}) AS ts, 1::BIGINT AS f`, { columns: { f: int64 } }),
      { kind: "sql", query: "SELECT 3000000000 AS id, now() AS event_timestamp" },
      int32,
    ));

  test("csv with text where a number or a time belongs names the rows", async () => {
    await using fixture = await openTestStore();
    writeFileSync(joinPath(fixture.folder, "spine.csv"), "id,event_timestamp\n1,2024-03-10 12:00:00\nabc,2024-03-10 12:00:00\n");
    const file = { kind: "file", format: "csv", path: "spine.csv" } as const;
    await rejects(fixture, { code: "ASOF_SPINE_INVALID", message: /no int64: row 1 \("abc"\)/ }, good, file);
    writeFileSync(joinPath(fixture.folder, "spine.csv"), "id,event_timestamp\n1,2024-03-10 12:00:00\n2,yesterday\n3,\n");
    await rejects(fixture, { code: "ASOF_SPINE_INVALID", message: /row 1 \("yesterday"\), row 2 \(null\)/ }, good, file);
  });

  test("a truncated file", async () => {
    await using fixture = await openTestStore();
    await fixture.sql("COPY (SELECT 1::BIGINT AS id, now() AS event_timestamp) TO '{folder}/spine.parquet'");
    const path = joinPath(fixture.folder, "spine.parquet");
    writeFileSync(path, readFileSync(path).subarray(0, 100));
    await rejects(fixture, { code: "ASOF_SPINE_INVALID", message: /spine\.parquet" cannot be read/ }, good, {
      kind: "file",
      format: "parquet",
      path,
    });
  });

  test("a name that both the spine and a feature have", async () => {
    await using fixture = await openTestStore();
    const input: SpineInput = { kind: "sql", query: "SELECT 1::BIGINT AS id, now() AS event_timestamp, 0 AS f" };
    await rejects(
      fixture,
      { code: "ASOF_NAME_COLLISION", message: /The spine's column "f" and feature "view:f" both come out as column "f"/ },
      good,
      input,
    );
    const twice = planOf([
      plainJoin({ name: "a", keys: { id: int64 }, source: good, features: { f: int64 } }),
      plainJoin({ name: "b", keys: { id: int64 }, source: good, features: { f: int64 } }),
    ]);
    await assert.rejects(fixture.store.retrieve(twice, spine), { code: "ASOF_NAME_COLLISION", message: /feature "a:f" and feature "b:f"/ });
  });
});

describe("bad sources", () => {
  test("a file that is not there", () =>
    refuses(
      { code: "ASOF_SOURCE_MISSING", message: /Source "source" \(data\/no\.parquet\).*no file at ".*data\/no\.parquet"/ },
      parquetSource("data/no.parquet", { columns: { f: int64 } }),
    ));

  test("a glob that matches nothing", () =>
    refuses({ code: "ASOF_SOURCE_MISSING", message: /no file at ".*\*\.parquet"/ }, parquetSource("*.parquet", { columns: { f: int64 } })));

  test("a query over a file that is not there", () =>
    refuses(
      { code: "ASOF_SOURCE_MISSING", message: /No files found/ },
      sqlSource("SELECT * FROM 'no.parquet'", { columns: { f: int64 } }),
    ));

  test("a query that does not parse", () =>
    refuses(
      { code: "ASOF_QUERY_FAILED", message: /Source "source": DuckDB says: Parser Error/ },
      sqlSource("SELEC 1", { columns: { f: int64 } }),
    ));

  test("a truncated, an empty and a foreign file", async () => {
    await using fixture = await openTestStore();
    await fixture.sql("COPY (SELECT i AS id, now() AS ts, i AS f FROM range(1000) r(i)) TO '{folder}/s.parquet'");
    const whole = readFileSync(joinPath(fixture.folder, "s.parquet"));
    for (const bytes of [whole.subarray(0, whole.length - 20), Buffer.alloc(0), Buffer.from("id,ts\n1,2\n")]) {
      writeFileSync(joinPath(fixture.folder, "s.parquet"), bytes);
      await rejects(
        fixture,
        { code: "ASOF_SOURCE_UNREADABLE", message: /Source "source" \(s\.parquet\) cannot be read/ },
        parquetSource("s.parquet", { columns: { f: int64 } }),
      );
    }
  });

  test("pages torn inside a file with a whole footer", async () => {
    await using fixture = await openTestStore();
    await fixture.sql(
      "COPY (SELECT i AS id, make_timestamptz(1710072000000000 - (hash(i) % 1000000)::BIGINT) AS ts, (hash(i) % 1000)::BIGINT AS f FROM range(50000) r(i)) TO '{folder}/s.parquet' (COMPRESSION zstd)",
    );
    const bytes = readFileSync(joinPath(fixture.folder, "s.parquet"));
    bytes.fill(0xff, 40, 4000);
    writeFileSync(joinPath(fixture.folder, "s.parquet"), bytes);
    await rejects(
      fixture,
      { code: "ASOF_SOURCE_UNREADABLE", message: /source "source" cannot be read/ },
      parquetSource("s.parquet", { columns: { f: int64 } }),
    );
  });

  const columns: readonly (readonly [string, string, RegExp])[] = [
    ["event time as a number", "1710072000 AS ts, 1::BIGINT AS f", /event-time column "ts" as INTEGER, not as a time/],
    ["event time as text", "'2024-03-10' AS ts, 1::BIGINT AS f", /event-time column "ts" as VARCHAR, not as a time/],
    ["no event time", "1::BIGINT AS f", /no column "ts", which is declared as its time\. It has: id, f\./],
    ["no feature column", "now() AS ts, 1 AS other", /no column "f", which is declared as its column\. It has: id, ts, other\./],
    ["a feature in another type", "now() AS ts, 'x' AS f", /column "f" as VARCHAR, but it is declared as int64/],
  ];
  for (const [title, sql, message] of columns) {
    test(`${title}, in a file and in a query`, async () => {
      await using fixture = await openTestStore();
      await fixture.sql(`COPY (SELECT 1::BIGINT AS id, ${sql}) TO '{folder}/s.parquet'`);
      await rejects(fixture, { code: "ASOF_SOURCE_COLUMN", message }, parquetSource("s.parquet", { columns: { f: int64 } }));
      await rejects(
        fixture,
        { code: "ASOF_SOURCE_COLUMN", message },
        sqlSource(`SELECT 1::BIGINT AS id, ${sql}`, { columns: { f: int64 } }),
      );
    });
  }

  test("a key in another type", () =>
    refuses(
      { code: "ASOF_SOURCE_COLUMN", message: /key "id" as VARCHAR, but it is declared as int64/ },
      sqlSource("SELECT 'x' AS id, now() AS ts, 1::BIGINT AS f", { columns: { f: int64 } }),
    ));

  test("csv values that do not parse", async () => {
    await using fixture = await openTestStore();
    writeFileSync(joinPath(fixture.folder, "s.csv"), "id,ts,f\n1,2024-03-10,abc\n");
    await rejects(fixture, { code: "ASOF_SOURCE_COLUMN", message: /declared type: abc/ }, csvSource("s.csv", { columns: { f: int64 } }));
    writeFileSync(joinPath(fixture.folder, "s.csv"), "id,ts,f\n1,noon,1\n");
    await rejects(fixture, { code: "ASOF_SOURCE_COLUMN", message: /noon/ }, csvSource("s.csv", { columns: { f: int64 } }));
  });

  test("an overflowing expression", async () => {
    await using fixture = await openTestStore();
    const f = { node: "column", name: "f", type: int64 } as const;
    const twice = { node: "call", op: "add", args: [f, f], type: int64 } as const;
    const source = sqlSource(`SELECT 1::BIGINT AS id, make_timestamptz(${noon - 1}) AS ts, 9223372036854775807 AS f`, {
      columns: { f: int64 },
    });
    const feature = windowFeature({ fn: "max" }, null, { windowUs: hourUs, hopUs: 10 * secondUs }, int64);
    const features = { big: { ...feature, aggregate: { ...feature.aggregate, argument: twice } } };
    const join = windowedJoin({ keys: { id: int64 }, source, features });
    await assert.rejects(fixture.store.retrieve(planOf([join]), spine), { code: "ASOF_EXPRESSION_FAILED" });
  });

  test("an int64 declared as number refuses values that a number cannot hold", async () => {
    await using fixture = await openTestStore();
    const type: ValueType = { kind: "int64", as: "number" };
    const source = sqlSource(`SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS ts, 9007199254740993 AS f`, { columns: { f: type } });
    const join = plainJoin({ keys: { id: int64 }, source, features: { f: type } });
    await assert.rejects(retrieveRows(fixture.store, planOf([join]), spine), { code: "ASOF_VALUE_INVALID", message: /9007199254740993/ });
  });

  test("after a failure the store goes on working", async () => {
    await using fixture = await openTestStore();
    await rejects(fixture, { code: "ASOF_SOURCE_MISSING", message: /no file/ }, parquetSource("no.parquet", { columns: { f: int64 } }));
    const join = plainJoin({ keys: { id: int64 }, source: good, features: { f: int64 } });
    assert.deepEqual(await retrieveRows(fixture.store, planOf([join]), spine), [{ id: 1n, event_timestamp: noon, f: 1n }]);
    await fixture.store[Symbol.asyncDispose]();
    await assert.rejects(fixture.store.retrieve(planOf([join]), spine), { code: "ASOF_QUERY_FAILED", message: /closed/ });
  });
});
