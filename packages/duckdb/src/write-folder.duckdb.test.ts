import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ComputedColumns, FolderLayout, OfflineResult, SpineInput, ValueType } from "@asof/core";
import { date, float64, int64, parquetSource, plainJoin, planOf, secondUs, string, timestamp } from "../test/support/models.ts";
import { openTestStore, retrieveRows, type TestStore } from "../test/support/store.ts";

/** 2024-03-10T12:00:00Z */
const noon = 1_710_072_000 * secondUs;
const single: FolderLayout = { rowsPerFile: null, bytesPerFile: null, partitionBy: [], overwrite: false };

/** Rows of ten customers, a second apart, with whatever else the spine has; feature `f` is the row's number. */
async function retrieve(fixture: TestStore, rows: number, more = ""): Promise<OfflineResult> {
  await fixture.sql(
    `COPY (SELECT i::BIGINT AS id, make_timestamptz(0) AS ts, i::DOUBLE AS f FROM range(${rows}) r(i)) TO '{folder}/s.parquet'`,
  );
  const join = plainJoin({
    keys: { id: int64 },
    source: parquetSource("s.parquet", { columns: { f: float64 } }),
    features: { f: float64 },
  });
  const query = `SELECT i::BIGINT AS id, make_timestamptz(${noon} + i * ${secondUs}) AS event_timestamp${more} FROM range(${rows}) r(i)`;
  const spine: SpineInput = { kind: "sql", query };
  return fixture.store.retrieve(planOf([join]), spine);
}

/** Files of a folder and those below, sorted; hidden ones too. */
function files(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => !e.isDirectory())
    .map((e) => join(e.parentPath, e.name).slice(folder.length + 1))
    .sort();
}

describe("parts", () => {
  test("of a number of rows, in order, in Parquet and csv", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 2_500);
    for (const format of ["parquet", "csv"] as const) {
      const out = join(fixture.folder, format);
      assert.deepEqual(await result.writeFolder(out, format, { ...single, rowsPerFile: 1_000 }, null), { rows: 2_500, files: 3 });
      assert.deepEqual(
        files(out),
        [0, 1, 2].map((i) => `asof-0000${i}.${format}`),
      );
      for (const i of [0, 1, 2]) {
        const file = `'{folder}/${format}/asof-0000${i}.${format}'`;
        const ordered = `SELECT count(*), bool_and(id = ${i * 1_000} + r), bool_and(f = id) FROM (SELECT *, row_number() OVER () - 1 AS r FROM ${file})`;
        assert.deepEqual(await fixture.rows(ordered), [[i === 2 ? 500n : 1_000n, true, true]]);
      }
    }
    assert.deepEqual(readdirSync(fixture.folder).toSorted(), ["csv", "parquet", "s.parquet"]);
  });

  test("of about a size", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 60_000, ", hash(i)::VARCHAR AS text");
    const out = join(fixture.folder, "out");
    const { rows, files: count } = await result.writeFolder(out, "csv", { ...single, bytesPerFile: 500_000 }, null);
    assert.equal(rows, 60_000);
    const sizes = files(out).map((file) => statSync(join(out, file)).size);
    assert.equal(sizes.length, count);
    assert.ok(sizes.length >= 4, `${sizes}`);
    for (const size of sizes.slice(0, -1)) assert.ok(Math.abs(size - 500_000) < 75_000, `${sizes}`);
  });

  test("a result without rows is a file with its columns; without limits it is one file", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 0);
    assert.deepEqual(await result.writeFolder(join(fixture.folder, "out"), "parquet", single, null), { rows: 0, files: 1 });
    assert.deepEqual(await fixture.rows("SELECT count(*), count(f) FROM '{folder}/out/*.parquet'"), [[0n, 0n]]);
  });

  test("computed columns come along", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 3_000);
    const twice: ComputedColumns = {
      columns: [{ name: "twice", type: float64 }],
      keep: ["id"],
      compute: (batch) => {
        const f = batch.columns.find((c) => c.name === "f");
        return [Array.from({ length: batch.rowCount }, (_, i) => Number(f?.get(i)) * 2)];
      },
    };
    await result.writeFolder(join(fixture.folder, "out"), "parquet", { ...single, rowsPerFile: 999 }, twice);
    assert.deepEqual(await fixture.rows("SELECT count(*), bool_and(twice = 2 * id) FROM '{folder}/out/*.parquet'"), [[3_000n, true]]);
  });
});

describe("partitions", () => {
  test("by the month and day of the row's time, each sorted as the spine, with a limit of rows", async () => {
    await using fixture = await openTestStore();
    // 100,000 seconds from noon on reach into a second day.
    await using result = await retrieve(fixture, 100_000);
    const partitionBy = [
      { name: "month", unit: "month" as const },
      { name: "day", unit: "day" as const },
    ];
    const written = await result.writeFolder(join(fixture.folder, "out"), "parquet", { ...single, partitionBy, rowsPerFile: 40_000 }, null);
    assert.deepEqual(written, { rows: 100_000, files: 4 });
    assert.deepEqual(files(join(fixture.folder, "out")), [
      "month=2024-03/day=2024-03-10/asof-00000.parquet",
      "month=2024-03/day=2024-03-10/asof-00001.parquet",
      "month=2024-03/day=2024-03-11/asof-00000.parquet",
      "month=2024-03/day=2024-03-11/asof-00001.parquet",
    ]);
    const second = "month=2024-03/day=2024-03-11/asof-00000.parquet";
    const order = `SELECT min(id), bool_and(id = 43200 + r) FROM (SELECT *, row_number() OVER () - 1 AS r FROM read_parquet('{folder}/out/${second}', hive_partitioning = false))`;
    assert.deepEqual(await fixture.rows(order), [[43_200n, true]]);
  });

  const texts = [
    "plain",
    "a/b=c",
    "100%",
    "ü ß",
    "..",
    "",
    "__HIVE_DEFAULT_PARTITION__",
    "NULL",
    "null",
    "a.",
    "tab\there",
    "x'y\"z",
    "a:b*c?",
    "[x]{y}",
    "\\",
  ];

  test("values are escaped as Hive does and read back exactly by a source with hive: text, nulls, dates, instants, decimals, numbers", async () => {
    await using fixture = await openTestStore();
    const list = texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(", ");
    const columns: Readonly<Record<string, readonly [string, ValueType]>> = {
      text: [`([${list}, NULL])[1 + i % ${texts.length + 1}]`, string],
      n: ["CASE WHEN i % 7 = 3 THEN NULL ELSE (i % 7) - 9007199254740993 END", int64],
      day: ["CASE WHEN i % 5 = 3 THEN NULL ELSE DATE '2024-02-28' + (i % 5)::INT END", date],
      at: [`make_timestamptz(${noon} + i % 3)`, timestamp],
      flag: ["CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END", { kind: "bool" }],
      amount: ["((i % 4) - 1.5)::DECIMAL(10, 2)", { kind: "decimal", precision: 10, scale: 2 }],
      u: ["CASE WHEN i % 2 = 0 THEN '00000000-0000-0000-0000-00000000000a'::UUID END", { kind: "uuid" }],
    };
    for (const [name, [sql, type]] of Object.entries(columns)) {
      await using result = await retrieve(fixture, 60, `, ${sql} AS ${name}`);
      const partitionBy = [{ name, unit: null }];
      await result.writeFolder(join(fixture.folder, `by_${name}`), "parquet", { ...single, partitionBy }, null);
      const types = { [name]: type, f: float64 };
      const hive = parquetSource(`by_${name}`, { columns: types, hive: true, eventTime: "event_timestamp" });
      const spine: SpineInput = {
        kind: "sql",
        query: `SELECT i::BIGINT AS id, make_timestamptz(${2 * noon}) AS event_timestamp, ${sql} AS expected FROM range(60) r(i)`,
      };
      const rows = await retrieveRows(fixture.store, planOf([plainJoin({ keys: { id: int64 }, source: hive, features: types })]), spine);
      assert.equal(rows.length, 60);
      for (const row of rows) {
        assert.equal(row.f, Number(row.id), name);
        assert.deepEqual(row[name], row.expected, `${name} of row ${row.id}`);
      }
    }
    const folders = readdirSync(join(fixture.folder, "by_text"));
    for (const folder of [
      "text=a%2Fb%3Dc",
      "text=100%25",
      "text=__HIVE_DEFAULT_PARTITION__",
      "text=ü ß",
      "text=x%27y%22z",
      "text=%5C",
      "text=%4EULL",
      "text=a%3Ab%2Ac%3F",
    ])
      assert.ok(folders.includes(folder), `${folder} among ${folders.join(" ")}`);
  });

  test("a result without rows is an empty folder", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 0);
    const partitionBy = [{ name: "year", unit: "year" as const }];
    assert.deepEqual(await result.writeFolder(join(fixture.folder, "out"), "parquet", { ...single, partitionBy }, null), {
      rows: 0,
      files: 0,
    });
    assert.deepEqual(files(join(fixture.folder, "out")), []);
  });
});

describe("a folder that is there", () => {
  test("is taken when it is empty, refused when it is not, and replaced when asked; other files stay", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 100);
    const out = join(fixture.folder, "out");
    mkdirSync(out);
    await result.writeFolder(out, "parquet", { ...single, rowsPerFile: 10 }, null);
    assert.equal(files(out).length, 10);
    await assert.rejects(result.writeFolder(out, "parquet", single, null), {
      code: "ASOF_OUTPUT_FAILED",
      message: /not empty: it holds asof-00000.parquet,.*and 7 more/,
    });
    mkdirSync(join(out, "notes"));
    writeFileSync(join(out, "notes", "why.md"), "because");
    symlinkSync("notes/why.md", join(out, "link"));
    const inode = statSync(join(out, "notes", "why.md")).ino;
    await result.writeFolder(out, "csv", { ...single, rowsPerFile: 50, overwrite: true }, null);
    assert.deepEqual(files(out), ["asof-00000.csv", "asof-00001.csv", "link", "notes/why.md"]);
    assert.equal(readFileSync(join(out, "link"), "utf8"), "because");
    assert.equal(statSync(join(out, "notes", "why.md")).ino, inode);
    assert.deepEqual(readdirSync(fixture.folder).toSorted(), ["out", "s.parquet"]);
  });

  test("behind a link is written where the link leads", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 10);
    mkdirSync(join(fixture.folder, "far"));
    symlinkSync("far", join(fixture.folder, "near"));
    await result.writeFolder(join(fixture.folder, "near"), "csv", single, null);
    assert.deepEqual(files(join(fixture.folder, "far")), ["asof-00000.csv"]);
    assert.deepEqual(readdirSync(fixture.folder).toSorted(), ["far", "near", "s.parquet"]);
  });

  test("with rows that asof did not write is refused even then, and so is a file", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 100);
    const out = join(fixture.folder, "out");
    mkdirSync(out);
    writeFileSync(join(out, "part-00000.parquet"), "spark");
    await assert.rejects(result.writeFolder(out, "parquet", { ...single, overwrite: true }, null), {
      code: "ASOF_OUTPUT_FAILED",
      message: /holds files that asof did not write: part-00000.parquet/,
    });
    assert.equal(readFileSync(join(out, "part-00000.parquet"), "utf8"), "spark");
    await assert.rejects(result.writeFolder(join(fixture.folder, "s.parquet"), "parquet", { ...single, overwrite: true }, null), {
      code: "ASOF_OUTPUT_FAILED",
      message: /is a file/,
    });
    await assert.rejects(result.writeFolder(join(fixture.folder, "no", "out"), "parquet", single, null), { code: "ASOF_OUTPUT_FAILED" });
  });

  test("with a value too long for a name is refused, and nothing is left", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 2, ", repeat('x', 300) AS long");
    const layout = { ...single, partitionBy: [{ name: "long", unit: null }] };
    await assert.rejects(result.writeFolder(join(fixture.folder, "out"), "parquet", layout, null), {
      code: "ASOF_OUTPUT_FAILED",
      message: /would have too long a name/,
    });
    assert.deepEqual(readdirSync(fixture.folder), ["s.parquet"]);
  });

  test("keeps what it held when a write fails or is interrupted, and nothing is left beside it", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 5_000);
    const out = join(fixture.folder, "out");
    await result.writeFolder(out, "csv", single, null);
    const before = readFileSync(join(out, "asof-00000.csv"), "utf8");
    const broken: ComputedColumns = {
      columns: [{ name: "x", type: float64 }],
      keep: ["id"],
      compute: () => {
        throw new Error("the view broke");
      },
    };
    await assert.rejects(result.writeFolder(out, "csv", { ...single, overwrite: true }, broken), /the view broke/);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const layout = { ...single, rowsPerFile: 1, overwrite: true };
    await assert.rejects(result.writeFolder(out, "csv", layout, null, { signal: stop.signal }), { code: "ASOF_INTERRUPTED" });
    assert.deepEqual(files(out), ["asof-00000.csv"]);
    assert.equal(readFileSync(join(out, "asof-00000.csv"), "utf8"), before);
    assert.deepEqual(readdirSync(fixture.folder).toSorted(), ["out", "s.parquet"]);
  });

  test("what killed processes left of earlier writings goes with a later one, after an hour and only theirs", async () => {
    await using fixture = await openTestStore();
    await using result = await retrieve(fixture, 10);
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    const hourAgo = Date.now() / 1000 - 3_700;
    const leave = (name: string, age: "old" | "young", content: "file" | "folder"): string => {
      const path = join(fixture.folder, name);
      if (content === "folder") mkdirSync(join(path, "day=1"), { recursive: true });
      const file = content === "folder" ? join(path, "day=1", "asof-00000.parquet") : path;
      writeFileSync(file, "half");
      for (const at of content === "folder" ? [join(path, "day=1"), path] : []) utimesSync(at, hourAgo, hourAgo);
      if (age === "old") utimesSync(file, hourAgo, hourAgo);
      return name;
    };
    const id = () => randomUUID();
    leave(`.out.${gone}-${id()}.tmp`, "old", "folder");
    leave(`.out.parquet.${gone}-${id()}.tmp`, "old", "file");
    const kept = [
      leave(`.out.${gone}-${id()}.tmp`, "young", "folder"),
      leave(`.out.${process.pid}-${id()}.tmp`, "old", "folder"),
      leave(`.out.${gone}-${id()}.old`, "old", "folder"),
      leave(`.other.${gone}-${id()}.tmp`, "old", "folder"),
      leave(".out.notes.tmp", "old", "file"),
    ];
    const out = join(fixture.folder, "out");
    await result.writeFolder(out, "parquet", single, null);
    await result.write(`${out}.parquet`, "parquet", null);
    const beside = () => readdirSync(fixture.folder).filter((name) => name.startsWith("."));
    assert.deepEqual(beside().toSorted(), kept.toSorted(), "the folder that made room is all there was of the output");
    await result.writeFolder(out, "parquet", { ...single, overwrite: true }, null);
    assert.deepEqual(beside().toSorted(), kept.filter((name) => !name.endsWith(".old")).toSorted());
  });

  test("a disk that is full while writing leaves nothing behind", () => {
    const script = fileURLToPath(new URL("../test/support/write-until-full.ts", import.meta.url));
    const command = `trap '' XFSZ; ulimit -f 64; exec "${process.execPath}" --conditions=source "${script}" folder`;
    const printed = execFileSync("bash", ["-c", command], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(printed), { code: "ASOF_OUTPUT_FAILED", left: ["small.parquet"] });
  });
});
