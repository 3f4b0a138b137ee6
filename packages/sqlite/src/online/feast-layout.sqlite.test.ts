import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { after, describe, test } from "node:test";
import {
  AsofError,
  encodeOrderKey,
  type OnlineRow,
  type OnlineStore,
  type OnlineView,
  orderColumns,
  rowSchema,
  type StoredRow,
  type Value,
} from "@asof/core";
import { openSqliteOnlineStore } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "asof-feast-layout-"));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const newPath = (): string => join(root, `${count++}`, "online.db");

const schema = rowSchema([
  { name: "rate", type: { kind: "float64" } },
  { name: "city", type: { kind: "string" } },
  { name: "seen", type: { kind: "timestamp" } },
]);

function viewOf(given: Partial<OnlineView> = {}): OnlineView {
  return { project: "compat", view: "stats", generation: 1, schema, schemas: new Map([[schema.fingerprint, schema]]), ...given };
}

const view = viewOf();
const key = (id: number): Uint8Array => new Uint8Array([7, id]);

function rowOf(id: number, eventTimeUs: number, createdTimeUs: number | null, values: readonly Value[], of: OnlineView = view): OnlineRow {
  const columns = orderColumns(of.schema.features);
  const order = columns.map((column) => values[of.schema.features.indexOf(column)] ?? null);
  return {
    ...{ key: key(id), eventTimeUs, createdTimeUs, values },
    orderKey: encodeOrderKey(
      columns.map((column) => column.type),
      order,
    ),
  };
}

async function read(store: OnlineStore, id: number, features = ["rate", "city", "seen"]): Promise<StoredRow | null> {
  const [result] = await store.read([{ form: "row", view, features, keys: [key(id)] }]);
  return result?.form === "row" ? (result.rows[0] ?? null) : null;
}

function sql(path: string, statement: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
  using database = new DatabaseSync(path);
  return database.prepare(statement).all(...values);
}

/** What Feast 0.67 runs per feature of a row. */
function writeAsFeast(
  path: string,
  id: number,
  name: string,
  value: Uint8Array,
  eventSeconds: number,
  createdSeconds: number | null,
): void {
  sql(
    path,
    `INSERT INTO "compat_stats" (entity_key, feature_name, value, value_text, event_ts, created_ts) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT(entity_key, feature_name) DO UPDATE SET value = excluded.value, value_text = excluded.value_text, event_ts = excluded.event_ts, created_ts = excluded.created_ts;`,
    ...[key(id), name, value, null, eventSeconds, createdSeconds],
  );
}

/** As `feast apply` makes it; the second with its setting for numbers. */
const feastTable = (number = ""): string =>
  `CREATE TABLE IF NOT EXISTS "compat_stats" (entity_key BLOB, feature_name TEXT, value BLOB, value_text TEXT, ${number} vector_value BLOB, event_ts timestamp, created_ts timestamp,  PRIMARY KEY(entity_key, feature_name))`;

const double = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(0x29);
  bytes.writeDoubleLE(value, 1);
  return bytes;
};

async function failsWith(code: string, run: () => unknown, message = /./): Promise<void> {
  await assert.rejects(
    async () => run(),
    (error: unknown) => error instanceof AsofError && error.code === code && message.test(error.message),
  );
}

describe("the SQLite online store writes what Feast writes", () => {
  test("tables, columns, times and texts; asof's own columns follow", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    assert.equal(existsSync(path), false, "opening makes nothing");
    assert.equal(await read(store, 1), null);
    await store.putRows(view, [rowOf(1, 1_704_153_600_250_000, 1_704_160_800_000_001, [0.33, "日本", 1_704_000_000_000_000])]);
    assert.deepEqual(
      sql(path, `SELECT name, type FROM pragma_table_info('compat_stats')`).map(({ name, type }) => `${name} ${type}`),
      [
        "entity_key BLOB",
        "feature_name TEXT",
        "value BLOB",
        "value_text TEXT",
        "vector_value BLOB",
        "event_ts timestamp",
        "created_ts timestamp",
      ].concat(["asof_event_us INTEGER", "asof_created_us INTEGER", "asof_schema TEXT"]),
    );
    assert.equal(sql(path, `SELECT name FROM sqlite_schema WHERE name = 'compat_stats_ek'`).length, 1);
    const rows = sql(path, `SELECT feature_name, hex(value) AS value, value_text, event_ts, created_ts FROM compat_stats ORDER BY 1`);
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [
        ["city", "1206E697A5E69CAC", "日本", 1_704_153_600, 1_704_160_800],
        ["rate", "291F85EB51B81ED53F", "0.33", 1_704_153_600, 1_704_160_800],
        ["seen", "4080F4C3AC06", null, 1_704_153_600, 1_704_160_800],
      ],
    );
    assert.equal((await read(store, 1))?.eventTimeUs, 1_704_153_600_250_000);
    assert.equal(sql(path, "PRAGMA journal_mode")[0]?.journal_mode, "delete", "Feast's journal");
  });

  test("a view that has no rows has its table, and one that Feast made stays as it is", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    const later = viewOf({ generation: 2 });
    for (const views of [[], [view, later], [view]]) await store.prepare?.(views);
    const columns = (table: string) => sql(path, "SELECT name FROM pragma_table_info(?)", table).length;
    assert.deepEqual(["compat_stats", "compat_stats_v1"].map(columns), [10, 10]);
    assert.equal(await read(store, 1), null);
    const madeByFeast = newPath();
    mkdirSync(dirname(madeByFeast));
    sql(madeByFeast, feastTable());
    await using beside = await openSqliteOnlineStore({ path: madeByFeast });
    await beside.prepare?.([view]);
    assert.deepEqual(
      sql(madeByFeast, "SELECT name FROM sqlite_schema WHERE type = 'table'").map(({ name }) => name),
      ["compat_stats"],
    );
    assert.equal(sql(madeByFeast, "SELECT name FROM pragma_table_info('compat_stats')").length, 7);
  });

  test("the first generation has the view's name, later ones Feast's versions", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    for (const generation of [1, 2, 12]) await store.putRows(viewOf({ generation }), [rowOf(1, 1, null, [1, "x", null])]);
    const names = sql(path, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'compat%' ORDER BY name`);
    assert.deepEqual(
      names.map(({ name }) => name),
      ["compat_stats", "compat_stats_v1", "compat_stats_v11"],
    );
    await store.truncate(viewOf({ generation: 2 }));
    assert.equal(sql(path, `SELECT name FROM sqlite_schema WHERE name LIKE 'compat_stats_v1%' AND type = 'table'`).length, 1);
  });

  test("null is an empty value, NaN and empty bytes are real ones", async () => {
    const path = newPath();
    const blobs = rowSchema([
      { name: "blob", type: { kind: "bytes" } },
      { name: "gone", type: { kind: "bytes" } },
      { name: "rate", type: { kind: "float32" } },
    ]);
    const of = viewOf({ schema: blobs, schemas: new Map([[blobs.fingerprint, blobs]]) });
    await using store = await openSqliteOnlineStore({ path });
    await store.putRows(of, [rowOf(1, 1, null, [new Uint8Array(), null, Number.NaN], of)]);
    const rows = sql(path, `SELECT hex(value) AS value, typeof(value) AS type FROM compat_stats ORDER BY feature_name`);
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [
        ["0A00", "blob"],
        ["", "blob"],
        ["350000C07F", "blob"],
      ],
    );
  });

  test("two views that Feast's rule gives one table are refused", async () => {
    await using store = await openSqliteOnlineStore({ path: newPath() });
    await store.putRows(viewOf({ project: "a", view: "b_c" }), [rowOf(1, 1, null, [1, "x", null])]);
    const other = viewOf({ project: "a_b", view: "c" });
    await failsWith("ASOF_NAME_DUPLICATE", () => store.putRows(other, [rowOf(1, 1, null, [2, "y", null])]), /a_b_c/);
    await failsWith("ASOF_NAME_DUPLICATE", () => store.read([{ form: "row", view: other, features: ["rate"], keys: [key(1)] }]));
    await failsWith("ASOF_NAME_DUPLICATE", () => store.putRows(viewOf({ project: "A", view: "B_C" }), [rowOf(1, 1, null, [2, "y", null])]));
  });
});

describe("the SQLite online store reads what Feast wrote", () => {
  test("a table that Feast made is read as it is, and gets asof's columns with the first write; numbers are filled where Feast has them", async () => {
    for (const number of ["", "value_num REAL,"]) {
      const path = newPath();
      await using store = await openSqliteOnlineStore({ path });
      await store.putRows(viewOf({ view: "other" }), [rowOf(1, 1, null, [1, "x", null])]);
      sql(path, feastTable(number));
      writeAsFeast(path, 1, "rate", double(0.5), 100, 50);
      writeAsFeast(path, 1, "city", new Uint8Array(), 100, 50);
      assert.deepEqual(await read(store, 1), { eventTimeUs: 100_000_000, createdTimeUs: 50_000_000, values: [0.5, null, undefined] });
      await store.putRows(view, [rowOf(2, 5, null, [2, "two", null])]);
      assert.deepEqual((await read(store, 2))?.values, [2, "two", null]);
      assert.deepEqual((await read(store, 1))?.values, [0.5, null, undefined]);
      if (number !== "") {
        const numbers = sql(path, `SELECT value_num FROM compat_stats WHERE entity_key = ? ORDER BY feature_name`, key(2));
        assert.deepEqual(
          numbers.map((row) => row.value_num),
          [null, 2, null],
        );
      }
    }
  });

  test("asof's times count while they agree with Feast's, then Feast's seconds do", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    await store.putRows(view, [rowOf(1, 100_700_000, 50_200_000, [1, "one", null])]);
    // Feast overwrites whatever the time, and leaves the columns of others as they are.
    for (const name of ["rate", "city", "seen"]) writeAsFeast(path, 1, name, new Uint8Array(), 90, 50);
    assert.deepEqual(await read(store, 1), { eventTimeUs: 90_000_000, createdTimeUs: 50_000_000, values: [null, null, null] });
    for (const name of ["rate", "city", "seen"]) writeAsFeast(path, 1, name, new Uint8Array(), 100, null);
    assert.equal((await read(store, 1))?.eventTimeUs, 100_000_000, "created times disagree");
    for (const name of ["rate", "city", "seen"]) writeAsFeast(path, 1, name, new Uint8Array(), 100, 50);
    assert.deepEqual(await read(store, 1), { eventTimeUs: 100_700_000, createdTimeUs: 50_200_000, values: [null, null, null] });
  });

  test("asof replaces Feast's rows by greater ones only", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    await store.putRows(view, [rowOf(1, 100_000_000, 50_000_000, [1, "one", null])]);
    for (const [name, value] of [
      ["rate", double(7)],
      ["city", new Uint8Array()],
      ["seen", new Uint8Array()],
    ] as const)
      writeAsFeast(path, 1, name, value, 200, 50);
    assert.deepEqual(await store.putRows(view, [rowOf(1, 199_999_999, 90_000_000, [9, "z", null])]), { written: 0, superseded: 1 });
    assert.deepEqual(await store.putRows(view, [rowOf(1, 200_000_000, null, [9, "z", null])]), { written: 0, superseded: 1 });
    assert.deepEqual(await store.putRows(view, [rowOf(1, 200_000_000, 50_000_000, [6, null, null])]), { written: 0, superseded: 1 });
    assert.deepEqual((await read(store, 1))?.values, [7, null, null]);
    assert.deepEqual(await store.putRows(view, [rowOf(1, 200_000_000, 50_000_000, [7, "a", null])]), { written: 1, superseded: 0 });
    assert.deepEqual((await read(store, 1))?.values, [7, "a", null]);
  });

  test("a feature that the last writer lacks belongs to no row", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    await store.putRows(view, [rowOf(1, 100_000_000, null, [1, "one", null])]);
    writeAsFeast(path, 1, "rate", double(2), 300, null);
    assert.deepEqual((await read(store, 1))?.values, [2, undefined, undefined]);
    const row = rowOf(1, 300_000_000, null, [2, "two", null]);
    assert.deepEqual(await store.putRows(view, [row]), { written: 1, superseded: 0 }, "what Feast lacks is filled");
    assert.deepEqual((await read(store, 1))?.values, [2, "two", null]);
  });

  test("a row of Feast under a tombstone stays hidden, a later one is seen", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    await store.putTombstones(view, [{ key: key(1), eventTimeUs: 100_000_000, createdTimeUs: null }]);
    writeAsFeast(path, 1, "rate", double(2), 100, null);
    assert.equal(await read(store, 1), null);
    writeAsFeast(path, 1, "rate", double(3), 101, null);
    assert.deepEqual((await read(store, 1))?.values, [3, undefined, undefined]);
  });

  test("what a tombstone or an emptied state removes is in no file any more", async () => {
    const path = newPath();
    const word = "zaphod-beeblebrox";
    const filesWith = () => readdirSync(dirname(path)).filter((name) => readFileSync(join(dirname(path), name)).includes(word));
    {
      await using store = await openSqliteOnlineStore({ path });
      await store.putRows(view, [rowOf(1, 100_000_000, null, [1, word, null]), rowOf(2, 100_000_000, null, [2, word.repeat(5000), null])]);
      await store.putStates(view, [{ key: key(3), ifVersion: 0, set: new Map([["h", Buffer.from(word.repeat(5000))]]), remove: [] }]);
      assert.ok(filesWith().length > 0);
      const times = { eventTimeUs: 200_000_000, createdTimeUs: Number.MAX_SAFE_INTEGER };
      assert.deepEqual(
        await store.putTombstones(
          view,
          [1, 2].map((n) => ({ key: key(n), ...times })),
        ),
        { removed: 2 },
      );
      const [result] = await store.read([{ form: "state", view, keys: [key(3)] }]);
      const ifVersion = result?.form === "state" ? (result.states[0]?.version ?? 0) : 0;
      await store.putStates(view, [{ key: key(3), ifVersion, set: new Map([["x", new Uint8Array(1)]]), remove: ["h"] }]);
    }
    assert.deepEqual(
      filesWith().filter((name) => name.startsWith(basename(path))),
      [],
    );
  });

  test("a value of another type, and a time that is no number, are errors", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    await store.putRows(view, [rowOf(1, 1_000_000, null, [1, "one", null])]);
    writeAsFeast(path, 1, "rate", new Uint8Array([0x38, 1]), 5, null);
    await failsWith("ASOF_VALUE_INVALID", () => read(store, 1), /stats:rate/);
    sql(path, `UPDATE compat_stats SET event_ts = '2024-01-01 00:00:00'`);
    await failsWith("ASOF_STORE_FAILED", () => read(store, 1), /event_ts/);
  });
});

describe("the file of the SQLite online store", () => {
  test("locked by another process: reads and writes wait; beyond the timeout they fail, and nothing is lost", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path, busyTimeoutMs: 400 });
    await store.putRows(view, [rowOf(1, 1_000_000, null, [1, "one", null])]);
    using other = new DatabaseSync(path);
    other.exec("BEGIN EXCLUSIVE");
    setTimeout(() => other.exec("COMMIT"), 120);
    const [seen, written] = await Promise.all([read(store, 1), store.putRows(view, [rowOf(2, 1, null, [2, "two", null])])]);
    assert.deepEqual([seen?.values[0], written.written], [1, 1]);
    other.exec("BEGIN EXCLUSIVE");
    await failsWith(
      "ASOF_STORE_FAILED",
      () => store.putRows(view, [rowOf(1, 2_000_000, null, [9, "z", null])]),
      /locked by another process/,
    );
    await failsWith("ASOF_STORE_FAILED", () => read(store, 1), /locked by another process/);
    other.exec("COMMIT");
    assert.deepEqual((await read(store, 1))?.values, [1, "one", null]);
  });

  test("on a full disk a write fails, and what was there stays", async () => {
    const path = newPath();
    {
      await using store = await openSqliteOnlineStore({ path });
      await store.putRows(view, [rowOf(1, 1_000_000, null, [1, "one", null])]);
    }
    const module = new URL("./store.ts", import.meta.url).href;
    const program = `
      import { openSqliteOnlineStore } from ${JSON.stringify(module)};
      const schema = ${JSON.stringify(schema)};
      const view = { project: "compat", view: "stats", generation: 1, schema, schemas: new Map([[schema.fingerprint, schema]]) };
      const store = await openSqliteOnlineStore({ path: ${JSON.stringify(path)} });
      const row = (id) => ({ key: new Uint8Array([7, id]), eventTimeUs: 5e6, createdTimeUs: null, orderKey: new Uint8Array(), values: [2, "x".repeat(200_000), null] });
      const failed = await store.putRows(view, [1, 2, 3].map(row)).then(() => null, (error) => error.code);
      const small = { ...row(9), values: [3, "small", null] };
      console.log(failed, (await store.putRows(view, [small])).written);`;
    const script = join(root, "fill.ts");
    writeFileSync(script, program);
    // Files of this shell's children end at 128 blocks of 1,024 bytes; the signal of a file too large is ignored, so that writes fail.
    const command = `trap '' XFSZ; ulimit -f 128; exec "${process.execPath}" --conditions=source "${script}"`;
    const child = spawnSync("bash", ["-c", command], { encoding: "utf8" });
    assert.equal(child.stdout.trim(), "ASOF_STORE_FULL 1", child.stderr);
    await using store = await openSqliteOnlineStore({ path });
    assert.deepEqual((await read(store, 1))?.values, [1, "one", null]);
    assert.equal(await read(store, 2), null);
    assert.deepEqual((await read(store, 9))?.values, [3, "small", null]);
    assert.ok(statSync(path).size <= 128 * 1024);
  });

  test("something else than a database, a damaged one, and one of a newer format are refused", async () => {
    const path = newPath();
    {
      await using store = await openSqliteOnlineStore({ path });
      await store.putStates(view, [{ key: key(1), ifVersion: 0, set: new Map(), remove: [] }]);
    }
    sql(path, `UPDATE "asof.store" SET format = 2`);
    await failsWith("ASOF_STORE_VERSION", () => openSqliteOnlineStore({ path }), /format 2/);
    writeFileSync(path, "plainly not a database, and long enough to be looked at. ".repeat(40));
    await failsWith("ASOF_STORE_FAILED", () => openSqliteOnlineStore({ path }), /not a SQLite database/);
  });

  test("a file that was deleted or replaced meanwhile is let go", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    await store.putRows(view, [rowOf(1, 1, null, [1, "one", null])]);
    unlinkSync(path);
    assert.equal(await read(store, 1), null);
    await store.putRows(view, [rowOf(2, 1, null, [2, "two", null])]);
    assert.equal(sql(path, "SELECT count(*) AS n FROM compat_stats")[0]?.n, 3);
  });

  test("tables that others make and drop are followed", async () => {
    const path = newPath();
    await using store = await openSqliteOnlineStore({ path });
    await store.putRows(view, [rowOf(1, 1, null, [1, "one", null])]);
    sql(path, "DROP TABLE compat_stats");
    assert.equal(await read(store, 1), null);
    sql(path, feastTable());
    writeAsFeast(path, 1, "rate", double(4), 7, null);
    assert.deepEqual((await read(store, 1))?.values, [4, undefined, undefined]);
    assert.deepEqual(await store.putRows(view, [rowOf(1, 8_000_000, null, [5, "five", null])]), { written: 1, superseded: 0 });
    assert.deepEqual((await read(store, 1))?.values, [5, "five", null]);
  });
});
