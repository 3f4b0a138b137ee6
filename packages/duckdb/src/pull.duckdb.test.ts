import assert from "node:assert/strict";
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { History, LogReference, LogRow, OfflineStore, PullRequest, PushSourceModel, Value } from "@asof/core";
import { columnModels, float64, int64, parquetSource, secondUs, sqlSource, string, timestamp } from "../test/support/models.ts";
import { openTestStore } from "../test/support/store.ts";

/** 2024-03-10T12:00:00Z */
const noon = 1_710_072_000 * secondUs;

async function pullRows(store: OfflineStore, request: PullRequest): Promise<readonly Readonly<Record<string, Value>>[]> {
  const rows: Record<string, Value>[] = [];
  for await (const batch of store.pull(request)) {
    for (let i = 0; i < batch.rowCount; i++) rows.push(Object.fromEntries(batch.columns.map((c) => [c.name, c.get(i)])));
  }
  return rows;
}

function requestOf(history: History, options: Partial<PullRequest> = {}): PullRequest {
  return {
    history,
    keys: [{ name: "id", type: int64 }],
    columns: [{ name: "f", type: int64 }],
    mode: "all",
    order: ["f"],
    fromUs: null,
    toUs: noon + 1000,
    createdFromUs: null,
    tileUs: null,
    partition: null,
    ...options,
  };
}

const columns = { f: int64 };

/** Rows `(id, ts, made, f)`; null made is unknown. */
function source(rows: readonly (readonly [number | null, number | null, number | null, number])[], eventId: string | null = null) {
  const values = rows.map(
    ([id, ts, made, f], i) =>
      `(${id ?? "NULL"}::BIGINT, make_timestamptz(${ts ?? "NULL"}::BIGINT), make_timestamptz(${made ?? "NULL"}::BIGINT), ${f}::BIGINT, 'e' || ${i})`,
  );
  return sqlSource(`SELECT * FROM (VALUES ${values.join(", ")}) AS v(id, ts, made, f, eid)`, { createdTime: "made", eventId, columns });
}

const batchOnly = (batch: ReturnType<typeof source>): History => ({ batch, log: null, handoverUs: null });

describe("pull", () => {
  test("rows come by key, then row order, with times, identity and whether they are new", async () => {
    await using fixture = await openTestStore();
    const rows = await pullRows(
      fixture.store,
      requestOf(
        batchOnly(
          source(
            [
              [2, noon, 5, 1],
              [1, noon, 7, 3],
              [1, noon, null, 9],
              [1, noon, 7, 2],
              [1, noon - 1, 9, 4],
              [null, noon, 1, 5],
              [1, null, 1, 6],
            ],
            "eid",
          ),
        ),
      ),
    );
    assert.deepEqual(
      rows.map((r) => [r.id, r.event_time, r.created_time, r.event_id, r.is_new, r.f]),
      [
        [1n, noon - 1, 9, "e4", true, 4n],
        [1n, noon, null, "e2", true, 9n],
        [1n, noon, 7, "e3", true, 2n],
        [1n, noon, 7, "e1", true, 3n],
        [2n, noon, 5, "e0", true, 1n],
      ],
    );
  });

  test("an interval holds both ends; latest takes the greatest row per key", async () => {
    await using fixture = await openTestStore();
    const history = batchOnly(
      source([
        [1, 10, null, 1],
        [1, 20, 3, 2],
        [1, 20, 4, 1],
        [1, 21, null, 3],
        [2, 9, null, 4],
        [2, 10, null, 5],
      ]),
    );
    const all = await pullRows(fixture.store, requestOf(history, { fromUs: 10, toUs: 20 }));
    assert.deepEqual(
      all.map((r) => r.f),
      [1n, 2n, 1n, 5n],
    );
    const latest = await pullRows(fixture.store, requestOf(history, { fromUs: 10, toUs: 20, mode: "latest" }));
    assert.deepEqual(
      latest.map((r) => [r.id, r.event_time, r.created_time, r.f]),
      [
        [1n, 20, 4, 1n],
        [2n, 10, null, 5n],
      ],
    );
  });

  test("derived columns are computed and may decide the order", async () => {
    await using fixture = await openTestStore();
    const f = { node: "column", name: "f", type: int64 } as const;
    const minus = { node: "call", op: "neg", args: [f], type: int64 } as const;
    const request = requestOf(
      batchOnly(
        source([
          [1, 10, null, 1],
          [1, 10, null, 2],
        ]),
      ),
      {
        columns: [
          { name: "f", type: int64 },
          { name: "a_minus", type: int64, expression: minus },
        ],
        order: ["a_minus", "f"],
        mode: "latest",
      },
    );
    assert.deepEqual(
      (await pullRows(fixture.store, request)).map((r) => [r.a_minus, r.f]),
      [[-1n, 1n]],
    );
  });

  test("rows created since a time, unknown ones too; with tiles every row of a touched tile", async () => {
    await using fixture = await openTestStore();
    const history = batchOnly(
      source([
        [1, -1, 50, 1],
        [1, 0, 50, 2],
        [1, 99, 100, 3],
        [1, 100, 50, 4],
        [1, 199, null, 5],
        [2, 50, 99, 6],
      ]),
    );
    const late = await pullRows(fixture.store, requestOf(history, { createdFromUs: 100 }));
    assert.deepEqual(
      late.map((r) => r.f),
      [3n, 5n],
    );
    const tiles = await pullRows(fixture.store, requestOf(history, { createdFromUs: 100, tileUs: 100 }));
    assert.deepEqual(
      tiles.map((r) => [r.f, r.is_new]),
      [
        [2n, false],
        [3n, true],
        [4n, false],
        [5n, true],
      ],
    );
    // A tile before the epoch is its own.
    const before = await pullRows(fixture.store, requestOf(history, { createdFromUs: 50, toUs: -1, tileUs: 100 }));
    assert.deepEqual(
      before.map((r) => r.f),
      [1n],
    );
  });

  test("partitions hold every key once; one key can be asked for", async () => {
    await using fixture = await openTestStore();
    await fixture.sql(
      `COPY (SELECT (i % 500)::BIGINT AS id, 'k' || (i % 3) AS area, make_timestamptz(i) AS ts, i AS f FROM range(5000) r(i)) TO '{folder}/s.parquet'`,
    );
    const keys = [
      { name: "id", type: int64 },
      { name: "area", type: string },
    ];
    const history: History = { batch: parquetSource("s.parquet", { columns }), log: null, handoverUs: null };
    const parts = await Promise.all(
      [0, 1, 2].map((index) => pullRows(fixture.store, requestOf(history, { keys, partition: { index, count: 3 } }))),
    );
    assert.equal(parts.flat().length, 5000);
    assert.ok(parts.every((part) => part.length > 1000));
    const owners = new Map<string, Set<number>>();
    for (const [i, part] of parts.entries()) {
      for (const row of part) {
        const key = `${String(row.id)}/${String(row.area)}`;
        owners.set(key, (owners.get(key) ?? new Set()).add(i));
      }
    }
    assert.ok([...owners.values()].every((set) => set.size === 1));
    const one = await pullRows(fixture.store, requestOf(history, { keys, onlyKey: [7n, "k1"] }));
    assert.deepEqual(
      one.map((r) => r.f),
      [7n, 1507n, 3007n, 4507n],
    );
  });

  test("views without entities are one key, in the first partition", async () => {
    await using fixture = await openTestStore();
    const history = batchOnly(source([[null, 10, null, 1]]));
    const rows = (index: number) =>
      pullRows(fixture.store, requestOf(history, { keys: [], partition: { index, count: 2 }, mode: "latest" }));
    assert.equal((await rows(0)).length, 1);
    assert.equal((await rows(1)).length, 0);
  });

  test("sources without event time have none; the row order decides", async () => {
    await using fixture = await openTestStore();
    const batch = sqlSource("SELECT unnest([1, 1, 2])::BIGINT AS id, unnest([4, 5, 6])::BIGINT AS f", { eventTime: null, columns });
    const rows = await pullRows(fixture.store, requestOf({ batch, log: null, handoverUs: null }, { mode: "latest", toUs: -5 }));
    assert.deepEqual(
      rows.map((r) => [r.id, r.event_time, r.f]),
      [
        [1n, null, 5n],
        [2n, null, 6n],
      ],
    );
  });

  test("an event with an id is read once per key, whatever the interval; latest keeps every row", async () => {
    await using fixture = await openTestStore();
    const values = ["(1, 10, 'a', 1)", "(1, 20, 'a', 2)", "(1, 30, NULL, 3)", "(1, 30, NULL, 3)", "(2, 20, 'a', 4)"];
    const batch = sqlSource(
      `SELECT id::BIGINT AS id, make_timestamptz(us::BIGINT) AS ts, eid, f::BIGINT AS f FROM (VALUES ${values.join(", ")}) v(id, us, eid, f)`,
      {
        eventId: "eid",
        columns,
      },
    );
    const history: History = { batch, log: null, handoverUs: null };
    const values2 = async (options: Partial<PullRequest>) => (await pullRows(fixture.store, requestOf(history, options))).map((r) => r.f);
    assert.deepEqual(await values2({}), [1n, 3n, 3n, 4n]);
    assert.deepEqual(await values2({ fromUs: 15 }), [3n, 3n, 4n]);
    assert.deepEqual(await values2({ mode: "latest", toUs: 25 }), [2n, 4n]);
  });

  test("describeSource gives logical names, types and the extent", async () => {
    await using fixture = await openTestStore();
    await fixture.sql(
      `COPY (SELECT unnest([1, 2, 3])::INT AS "kunde", unnest([make_timestamp_ns(-1), NULL, make_timestamp_ns(5000)]) AS ts, 1.5::DECIMAL(6, 2) AS f, ['a'] AS l, {'a': 1} AS s) TO '{folder}/s.parquet'`,
    );
    const described = await fixture.store.describeSource(
      parquetSource("s.parquet", { columns: { f: float64 }, mapping: { id: "kunde" } }),
      null,
    );
    assert.deepEqual(described, {
      columns: [
        { name: "id", type: { kind: "int32" } },
        { name: "ts", type: { kind: "timestamp" } },
        { name: "f", type: { kind: "decimal", precision: 6, scale: 2 } },
        { name: "l", type: { kind: "list", of: { kind: "string" } } },
        { name: "s", type: { kind: "struct", fields: [{ name: "a", type: { kind: "int32" }, nullable: true }] } },
      ],
      rowCount: 3,
      minEventTimeUs: -1,
      maxEventTimeUs: 5,
      rowsWithoutEventTime: 1,
    });
    await fixture.sql("COPY (SELECT 1::BIGINT AS id, 'x' AS f) TO '{folder}/still.parquet'");
    const still = await fixture.store.describeSource(parquetSource("still.parquet", { eventTime: null, columns: {} }), null);
    assert.deepEqual([still.rowCount, still.minEventTimeUs, still.rowsWithoutEventTime], [1, null, 0]);
    await assert.rejects(fixture.store.describeSource(parquetSource("no.parquet", { columns: {} }), null), { code: "ASOF_SOURCE_MISSING" });
    const spine = await fixture.store.describeSpine({ kind: "sql", query: "SELECT 1::BIGINT AS id, now() AS at" });
    assert.deepEqual(spine, [
      { name: "id", type: int64 },
      { name: "at", type: timestamp },
    ]);
  });
});

const pushed: PushSourceModel = {
  kind: "source",
  type: "push",
  name: "clicks/ümlaut",
  eventTime: "at",
  createdTime: null,
  eventId: null,
  columns: columnModels({ f: int64, Note: string, note: string }),
  mapping: {},
  stream: null,
  meta: {},
  batch: null,
};
const log: LogReference = { project: "shop", source: pushed };

function logRow(id: bigint, at: number, f: number, eventId: string, ingest = at, created = at): LogRow {
  return {
    values: { id, at, f: BigInt(f), Note: `N${f}`, note: null },
    createdTimeUs: created,
    ingestTimeUs: ingest,
    origin: "push",
    eventId,
  };
}

describe("offline log", () => {
  test("appended rows are read with their types, each event once: the first to arrive", async () => {
    await using fixture = await openTestStore();
    await fixture.store.append(log, [logRow(1n, noon, 1, "a", 100), logRow(2n ** 62n, noon, 2, "b", 100)]);
    await fixture.store.append(log, []);
    await fixture.store.append(log, [logRow(1n, noon, 7, "a", 50), logRow(1n, noon + 1, 3, "c", 101)]);
    const history: History = { batch: null, log, handoverUs: null };
    const request = requestOf(history, {
      columns: [
        { name: "Note", type: string },
        { name: "f", type: int64 },
        { name: "note", type: string },
      ],
      order: ["Note", "f", "note"],
    });
    const rows = await pullRows(fixture.store, request);
    assert.deepEqual(
      rows.map((r) => [r.id, r.event_time, r.created_time, r.event_id, r.f, r.Note, r.note]),
      [
        [1n, noon, noon, "a", 7n, "N7", null],
        [1n, noon + 1, noon + 1, "c", 3n, "N3", null],
        [2n ** 62n, noon, noon, "b", 2n, "N2", null],
      ],
    );
    const extent = await fixture.store.describeSource(pushed, log);
    assert.deepEqual([extent.rowCount, extent.minEventTimeUs, extent.maxEventTimeUs], [3, noon, noon + 1]);
    assert.deepEqual(
      extent.columns.map((c) => c.name),
      ["Note", "at", "f", "id", "note"],
    );
  });

  test("batch rows count before the handover, log rows from it on, also while the log is empty", async () => {
    await using fixture = await openTestStore();
    const batch = sqlSource(`SELECT 1::BIGINT AS id, make_timestamptz(unnest([${noon - 1}, ${noon}])) AS ts, unnest([1, 2])::BIGINT AS f`, {
      columns,
    });
    const both: LogReference = { project: "shop", source: { ...pushed, batch } };
    const history: History = { batch, log: both, handoverUs: noon };
    const values = async (h: History) => (await pullRows(fixture.store, requestOf(h))).map((r) => r.f);
    assert.deepEqual(await values(history), [1n]);
    await fixture.store.append(both, [logRow(1n, noon - 1, 10, "x"), logRow(1n, noon, 20, "y")]);
    assert.deepEqual(await values(history), [1n, 20n]);
    // Without a handover there is no live side yet.
    assert.deepEqual(await values({ ...history, handoverUs: null }), [1n, 2n]);
  });

  test("a column that older files lack reads as null", async () => {
    await using fixture = await openTestStore();
    await fixture.store.append({ ...log, source: { ...pushed, columns: columnModels({ f: int64 }) } }, [
      { ...logRow(1n, noon, 1, "a"), values: { id: 1n, at: noon, f: 1n } },
    ]);
    const request = requestOf({ batch: null, log, handoverUs: null }, { columns: [{ name: "Note", type: string }], order: ["Note"] });
    assert.deepEqual(
      (await pullRows(fixture.store, request)).map((r) => r.Note),
      [null],
    );
    await fixture.store.append(log, [logRow(1n, noon + 1, 2, "b")]);
    assert.deepEqual(
      (await pullRows(fixture.store, request)).map((r) => r.Note),
      [null, "N2"],
    );
  });

  test("many files are merged; reads see every event once at every moment of it", async () => {
    await using fixture = await openTestStore();
    const folder = join(fixture.folder, "log", "shop", encodeURIComponent(pushed.name));
    const names = (suffix: string) => readdirSync(folder).filter((name) => name.endsWith(suffix));
    const request = requestOf({ batch: null, log, handoverUs: null });
    const values = async () => (await pullRows(fixture.store, request)).map((r) => Number(r.f)).toSorted((a, b) => a - b);
    for (let i = 0; i < 64; i++) await fixture.store.append(log, [logRow(1n, noon, i, `e${i}`, i)]);
    assert.equal(names(".parquet").length, 64);
    const originals = names(".parquet");
    const expected = Array.from({ length: 64 }, (_, i) => i);
    // A crash before the merged file has its name: its list has no effect.
    writeFileSync(join(folder, "merged-crashed.json"), JSON.stringify(originals));
    // A crash while a file is written: half a file under a name that nobody reads.
    writeFileSync(join(folder, ".0-torn.parquet.tmp"), "PAR1");
    assert.deepEqual(await values(), expected);
    await Promise.all([
      fixture.store.append(log, [logRow(1n, noon, 64, "e64", 64)]),
      fixture.store.append(log, [logRow(1n, noon, 65, "e65", 65)]),
    ]);
    assert.ok(names(".parquet").some((name) => name.startsWith("merged-")));
    // The merged files' rows are still in the small ones too, which are kept for readers that began before.
    assert.ok(originals.every((name) => existsSync(join(folder, name))));
    assert.deepEqual(await values(), [...expected, 64, 65]);
    const extent = await fixture.store.describeSource(pushed, log);
    assert.equal(extent.rowCount, 66);
    // Much later they are deleted.
    const old = new Date(Date.now() - 48 * 3_600_000);
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), old, old);
    for (let i = 66; i < 140; i++) await fixture.store.append(log, [logRow(1n, noon, i, `e${i}`, i)]);
    assert.ok(originals.every((name) => !existsSync(join(folder, name))));
    assert.ok(!existsSync(join(folder, ".0-torn.parquet.tmp")));
    assert.ok(!existsSync(join(folder, "merged-crashed.json")));
    assert.deepEqual(
      await values(),
      Array.from({ length: 140 }, (_, i) => i),
    );
  });

  test("a log that cannot be written is ASOF_OUTPUT_FAILED", async () => {
    await using fixture = await openTestStore();
    writeFileSync(join(fixture.folder, "log"), "not a folder");
    await assert.rejects(fixture.store.append(log, [logRow(1n, noon, 1, "a")]), {
      code: "ASOF_OUTPUT_FAILED",
      message: /log of source "clicks\/ümlaut"/,
    });
  });
});
