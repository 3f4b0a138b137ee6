import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ComputedColumns, JoinPlan, OfflineResult, SpineInput } from "@asof/core";
import {
  dayUs,
  float64,
  hourUs,
  int64,
  list,
  parquetSource,
  plainJoin,
  planOf,
  secondUs,
  sqlSource,
  string,
  timestamp,
  windowedJoin,
  windowFeature,
} from "../test/support/models.ts";
import { openTestStore, retrieveRows, type TestStore } from "../test/support/store.ts";
import { openDuckDbOfflineStore } from "./store.ts";

/** 2024-03-10T12:00:00Z */
const noon = 1_710_072_000 * secondUs;

/** A source and a spine of some thousand rows, and a plan over them. */
async function sample(fixture: TestStore, rows = 5000): Promise<{ readonly plan: JoinPlan; readonly spine: SpineInput }> {
  await fixture.sql(
    `COPY (SELECT (i % 100)::BIGINT AS id, make_timestamptz(${noon} + i) AS ts, i AS f, 'x' || i AS name, make_timestamptz(i) AS at, [i, NULL] AS l FROM range(${rows}) r(i)) TO '{folder}/s.parquet'`,
    `COPY (SELECT (i % 100)::BIGINT AS id, make_timestamptz(${noon} + i) AS event_timestamp, i AS row FROM range(${rows}) r(i)) TO '{folder}/spine.parquet'`,
  );
  const types = { f: int64, name: string, at: timestamp, l: list(int64) };
  const join = plainJoin({ keys: { id: int64 }, source: parquetSource("s.parquet", { columns: types }), features: types });
  return { plan: planOf([join]), spine: { kind: "file", format: "parquet", path: "spine.parquet" } };
}

const twice: ComputedColumns = {
  columns: [{ name: "twice", type: float64 }],
  keep: ["event_timestamp", "id", "f"],
  compute: (batch) => {
    const f = batch.columns.find((c) => c.name === "f");
    return [Array.from({ length: batch.rowCount }, (_, i) => Number(f?.get(i)) * 2)];
  },
};

/** Files of a folder, hidden ones too. */
const files = (folder: string): readonly string[] => readdirSync(folder).toSorted();

describe("results", () => {
  test("can be read several times, at the same time, while they are written", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    await using result = await fixture.store.retrieve(plan, spine);
    const first = result.batches()[Symbol.asyncIterator]();
    await first.next();
    await result.write(joinPath(fixture.folder, "out.parquet"), "parquet", null);
    let rows = 0;
    for await (const batch of result.batches()) rows += batch.rowCount;
    const second = await first.next();
    assert.equal(second.value.columns[2].get(0), 2048n);
    assert.equal(rows, 5000);
    await first.return?.();
    assert.deepEqual(
      await fixture.rows(
        'SELECT count(*), count(*) FILTER (WHERE f = "row" AND epoch_us("at") = "row" AND l[1] = "row") FROM \'{folder}/out.parquet\'',
      ),
      [[5000n, 5000n]],
    );
  });

  test("instants are written as times with zone; Parquet is compressed with zstd", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    await using result = await fixture.store.retrieve(plan, spine);
    const path = joinPath(fixture.folder, "out.parquet");
    assert.deepEqual(await result.write(path, "parquet", null), { rows: 5000 });
    assert.deepEqual(await fixture.rows(`SELECT column_type FROM (DESCRIBE SELECT * FROM '${path}') WHERE column_name = 'at'`), [
      ["TIMESTAMP WITH TIME ZONE"],
    ]);
    assert.deepEqual(await fixture.rows(`SELECT DISTINCT compression FROM parquet_metadata('${path}')`), [["ZSTD"]]);
  });

  test("computed columns come after those that are kept, in row order, in Parquet and csv", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    await using result = await fixture.store.retrieve(plan, spine);
    for (const format of ["parquet", "csv"] as const) {
      await result.write(joinPath(fixture.folder, `out.${format}`), format, twice);
      const file = `'{folder}/out.${format}'`;
      const names = await fixture.rows(`SELECT column_name FROM (DESCRIBE SELECT * FROM ${file})`);
      assert.deepEqual(names.flat(), ["event_timestamp", "id", "f", "twice"]);
      const checks = `count(*), count(*) FILTER (WHERE twice = 2 * f), bool_and(f = i)`;
      assert.deepEqual(await fixture.rows(`SELECT ${checks} FROM (SELECT *, row_number() OVER () - 1 AS i FROM ${file})`), [
        [5000n, 5000n, true],
      ]);
    }
  });

  test("a file that is there is replaced as a whole; a failed write leaves it and nothing else", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    await using result = await fixture.store.retrieve(plan, spine);
    const path = joinPath(fixture.folder, "out.csv");
    writeFileSync(path, "before");
    const before = files(fixture.folder);
    const broken: ComputedColumns = {
      ...twice,
      compute: () => {
        throw new Error("the view broke");
      },
    };
    await assert.rejects(result.write(path, "csv", broken), /the view broke/);
    assert.equal(readFileSync(path, "utf8"), "before");
    assert.deepEqual(files(fixture.folder), before);
    // A list has no form in csv.
    const scalars: ComputedColumns = { keep: ["id", "event_timestamp", "row", "f", "name", "at"], columns: [], compute: () => [] };
    await result.write(path, "csv", scalars);
    assert.match(readFileSync(path, "utf8"), /^id,event_timestamp,row,f,name,at\n0,2024-03-10 12:00:00\+00,0,0,x0,/);
    assert.deepEqual(files(fixture.folder), before);
  });

  test("a folder that is not there or cannot be written is ASOF_OUTPUT_FAILED", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    await using result = await fixture.store.retrieve(plan, spine);
    await assert.rejects(result.write(joinPath(fixture.folder, "no/out.parquet"), "parquet", null), { code: "ASOF_OUTPUT_FAILED" });
    mkdirSync(joinPath(fixture.folder, "taken.parquet"));
    await assert.rejects(result.write(joinPath(fixture.folder, "taken.parquet"), "parquet", null), { code: "ASOF_OUTPUT_FAILED" });
    assert.deepEqual(files(fixture.folder), ["s.parquet", "spine.parquet", "taken.parquet"]);
    if (process.getuid?.() === 0) return;
    mkdirSync(joinPath(fixture.folder, "closed"));
    chmodSync(joinPath(fixture.folder, "closed"), 0o500);
    await assert.rejects(result.write(joinPath(fixture.folder, "closed/out.parquet"), "parquet", null), { code: "ASOF_OUTPUT_FAILED" });
  });

  test("a disk that is full while writing leaves nothing behind", () => {
    // The shell limits the size of files, which to a writer is a full disk; the signal of the limit is ignored.
    const script = fileURLToPath(new URL("../test/support/write-until-full.ts", import.meta.url));
    const command = `trap '' XFSZ; ulimit -f 64; exec "${process.execPath}" --conditions=source "${script}"`;
    const printed = execFileSync("bash", ["-c", command], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(printed), { code: "ASOF_OUTPUT_FAILED", left: ["small.parquet"] });
  });

  test("columns that differ in case only come in batches, not in files", async () => {
    await using fixture = await openTestStore();
    const source = sqlSource(`SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS ts, 1::BIGINT AS p, 2::BIGINT AS q`, {
      columns: { f: int64, F: int64 },
      mapping: { f: "p", F: "q" },
    });
    const join = plainJoin({ keys: { id: int64 }, source, features: { f: int64, F: int64 } });
    const spine: SpineInput = { kind: "sql", query: `SELECT 1::BIGINT AS id, make_timestamptz(${noon}) AS event_timestamp` };
    const [row] = await retrieveRows(fixture.store, planOf([join]), spine);
    assert.deepEqual([row?.f, row?.F], [1n, 2n]);
    await using result = await fixture.store.retrieve(planOf([join]), spine);
    await assert.rejects(result.write(joinPath(fixture.folder, "out.parquet"), "parquet", null), { code: "ASOF_NAME_COLLISION" });
  });
});

describe("running", () => {
  test("progress grows and names what is done", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    const seen: [number | null, string][] = [];
    await using result = await fixture.store.retrieve(plan, spine, { onProgress: (fraction, phase) => seen.push([fraction, phase]) });
    await result.write(joinPath(fixture.folder, "out.parquet"), "parquet", null, {
      onProgress: (fraction, phase) => seen.push([fraction, phase]),
    });
    const fractions = seen.map(([fraction]) => fraction ?? 0);
    assert.deepEqual(
      fractions,
      fractions.toSorted((a, b) => a - b),
    );
    assert.ok(seen.some(([, phase]) => phase === "view: fetch the features"));
    assert.equal(seen.at(-1)?.[0], 1);
  });

  /** A retrieval that takes minutes if nobody stops it. */
  const endless = (): { readonly plan: JoinPlan; readonly spine: SpineInput } => {
    const source = sqlSource("SELECT sum(a.i * b.i)::BIGINT AS id, now() AS ts FROM range(3000000) a(i), range(3000000) b(i)", {
      columns: {},
    });
    const join = windowedJoin({ keys: { id: int64 }, source, features: { n: windowFeature({ fn: "count" }, null, null) } });
    return { plan: planOf([join]), spine: { kind: "sql", query: "SELECT 1::BIGINT AS id, now() AS event_timestamp" } };
  };

  test("an abort interrupts a running statement at once, and the store goes on", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = endless();
    const controller = new AbortController();
    const started = performance.now();
    setTimeout(() => controller.abort(), 300);
    await assert.rejects(fixture.store.retrieve(plan, spine, { signal: controller.signal }), { code: "ASOF_INTERRUPTED" });
    assert.ok(performance.now() - started < 10_000);
    await assert.rejects(fixture.store.retrieve(plan, spine, { signal: AbortSignal.abort() }), { code: "ASOF_INTERRUPTED" });
    const good = await sample(fixture, 10);
    assert.equal((await retrieveRows(fixture.store, good.plan, good.spine)).length, 10);
  });

  test("an abort between batches ends the stream; one while writing leaves no file", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    await using result = await fixture.store.retrieve(plan, spine);
    const reading = new AbortController();
    const read = async () => {
      for await (const batch of result.batches({ signal: reading.signal })) {
        assert.equal(batch.rowCount, 2048);
        reading.abort();
      }
    };
    await assert.rejects(read(), { code: "ASOF_INTERRUPTED" });
    const writing = new AbortController();
    const abort: ComputedColumns = {
      ...twice,
      compute: (batch) => {
        writing.abort();
        return twice.compute(batch);
      },
    };
    const before = files(fixture.folder);
    await assert.rejects(result.write(joinPath(fixture.folder, "out.parquet"), "parquet", abort, { signal: writing.signal }), {
      code: "ASOF_INTERRUPTED",
    });
    assert.deepEqual(files(fixture.folder), before);
  });

  test("retrievals, pulls and appends may run at the same time", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    const many = await Promise.all(Array.from({ length: 6 }, () => retrieveRows(fixture.store, plan, spine)));
    assert.ok(many.every((rows) => rows.length === 5000 && rows.every((row) => row.f === row.row)));
  });

  test("the statements can be printed, and run as they are", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await sample(fixture);
    const sql = await fixture.store.toSql(plan, spine);
    assert.match(sql, /-- view: find the visible rows/);
    await fixture.sql(
      `CREATE TEMP TABLE asof_spine AS SELECT row_number() OVER () - 1 AS r, epoch_us(event_timestamp) AS t, id AS k0, id AS s0, event_timestamp AS s1, "row" AS s2 FROM '${fixture.folder}/spine.parquet'`,
    );
    // Alternatives are marked by comments; taking the first of each is one valid run.
    const without = (text: string, from: string) => text.replace(new RegExp(`${from}[\\s\\S]*?(?=-- )`, "g"), "");
    const statements = without(without(sql, "-- otherwise\\n"), "-- view: resolve ties");
    const parts = statements.split(/;\n/).filter((part) => part.replace(/--.*\n/g, "").trim() !== "");
    const last = parts.pop();
    await fixture.sql(...parts);
    const rows = await fixture.rows(`SELECT count(*) FILTER (WHERE "row" = f) FROM (${last ?? ""})`);
    assert.deepEqual(rows, [[5000n]]);
  });
});

describe("memory", () => {
  const heavy = { windowUs: 30 * dayUs, hopUs: dayUs };

  async function events(fixture: TestStore): Promise<{ readonly plan: JoinPlan; readonly spine: SpineInput }> {
    const make = (rows: number, more: string) =>
      `SELECT (hash(i) % 2000)::BIGINT AS id, make_timestamptz(${noon} + (hash(i + 1) % 7776000)::BIGINT * 1000000) AS ts${more} FROM range(${rows}) r(i)`;
    await fixture.sql(
      `COPY (${make(200_000, ", (hash(i + 2) % 1000)::DOUBLE AS x, repeat('x', 100) || i AS note")}) TO '{folder}/s.parquet'`,
      `COPY (SELECT id, ts AS event_timestamp FROM (${make(50_000, "")})) TO '{folder}/spine.parquet'`,
    );
    const source = parquetSource("s.parquet", { columns: { x: float64, note: string } });
    const x = { name: "x", type: float64 };
    const features = {
      sum: windowFeature({ fn: "sum" }, x, heavy, float64),
      last: windowFeature({ fn: "last" }, { name: "note", type: string }, { windowUs: dayUs, hopUs: hourUs }, string),
      kinds: windowFeature({ fn: "distinctCount", bound: 10_000 }, x, heavy),
    };
    return {
      plan: planOf([windowedJoin({ keys: { id: int64 }, source, features })]),
      spine: { kind: "file", format: "parquet", path: "spine.parquet" },
    };
  }

  async function checksum(fixture: TestStore, result: OfflineResult): Promise<unknown> {
    const path = joinPath(fixture.folder, "out.parquet");
    await result.write(path, "parquet", null);
    return await fixture.rows(`SELECT count(*), round(sum(sum)), bit_xor(hash(last)), sum(kinds) FROM '${path}'`);
  }

  test("a retrieval that does not fit spills into a folder that is removed at close", async () => {
    await using wide = await openTestStore();
    const { plan, spine } = await events(wide);
    await using expected = await wide.store.retrieve(plan, spine);
    const want = await checksum(wide, expected);
    const temporaryFolder = joinPath(wide.folder, "spill");
    const store = await openDuckDbOfflineStore({
      repositoryPath: wide.folder,
      logFolder: wide.folder,
      memoryLimit: "90MB",
      threads: 2,
      temporaryFolder,
    });
    let spilled = 0;
    const watch = setInterval(() => {
      for (const folder of readdirSync(temporaryFolder)) spilled = Math.max(spilled, readdirSync(joinPath(temporaryFolder, folder)).length);
    }, 5);
    try {
      await using result = await store.retrieve(plan, spine);
      assert.deepEqual(await checksum(wide, result), want);
    } finally {
      clearInterval(watch);
      await store[Symbol.asyncDispose]();
    }
    assert.ok(spilled > 0, "nothing was spilled, so the limit was not tried");
    assert.deepEqual(readdirSync(temporaryFolder), []);
  });

  test("what cannot be done within the limit is ASOF_OUT_OF_MEMORY, and the folder is removed all the same", async () => {
    await using fixture = await openTestStore();
    const { plan, spine } = await events(fixture);
    const temporaryFolder = joinPath(fixture.folder, "spill");
    const store = await openDuckDbOfflineStore({
      repositoryPath: fixture.folder,
      logFolder: fixture.folder,
      memoryLimit: "10MB",
      threads: 2,
      temporaryFolder,
    });
    await assert.rejects(store.retrieve(plan, spine), { code: "ASOF_OUT_OF_MEMORY" });
    await store[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(temporaryFolder), []);
    await assert.rejects(
      openDuckDbOfflineStore({ repositoryPath: fixture.folder, logFolder: fixture.folder, memoryLimit: "a lot", temporaryFolder }),
      { code: "ASOF_QUERY_FAILED" },
    );
    assert.deepEqual(readdirSync(temporaryFolder), []);
    assert.ok(existsSync(temporaryFolder));
  });
});
