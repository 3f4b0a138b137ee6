import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { LogErasure, LogReference, LogRow, PushSourceModel } from "@asof/core";
import { columnModels, float64, int64, list, secondUs, string } from "../test/support/models.ts";
import { openTestStore, type TestStore } from "../test/support/store.ts";

/** 2024-03-10T12:00:00Z */
const noon = 1_710_072_000 * secondUs;
const key = "zaphod-beeblebrox";

const pushed: PushSourceModel = {
  ...{ kind: "source", type: "push", name: "clicks", eventTime: "at", createdTime: null, eventId: null },
  columns: columnModels({ f: float64, Note: string, tags: list(string) }),
  ...{ mapping: {}, stream: null, meta: {}, batch: null },
};
const log: LogReference = { project: "shop", source: pushed };

function row(user: string | null, shop: bigint | null, i: number): LogRow {
  const values = { user, shop, at: noon + i, f: i % 3 === 0 ? NaN : i / 7, Note: `note ${i}`, tags: [`t${i}`, null] };
  return { values, createdTimeUs: noon + i, ingestTimeUs: noon + i, origin: "push", eventId: `e${i}` };
}

const ofUser: LogErasure = { key: [{ name: "user", type: string, value: key }], clear: ["user"], keepIf: [] };
const ofUserBesideShops: LogErasure = { ...ofUser, keepIf: [["shop"]] };

const folderOf = (fixture: TestStore): string => join(fixture.folder, "log", "shop", "clicks");
const filesWith = (fixture: TestStore, text: string): readonly string[] =>
  readdirSync(folderOf(fixture)).filter((name) => readFileSync(join(folderOf(fixture), name)).includes(text));

/** Rows as they lie in all visible files, with every column. */
async function allRows(fixture: TestStore): Promise<readonly (readonly unknown[])[]> {
  const names = readdirSync(folderOf(fixture));
  const hidden = new Set(
    names
      .filter((name) => name.endsWith(".json") && names.includes(name.replace(".json", ".parquet")))
      .flatMap((name) => JSON.parse(readFileSync(join(folderOf(fixture), name), "utf8"))),
  );
  const visible = names.filter((name) => name.endsWith(".parquet") && !name.startsWith(".") && !hidden.has(name));
  if (visible.length === 0) return [];
  const files = visible.map((name) => `'${join(folderOf(fixture), name)}'`).join(", ");
  return fixture.rows(`SELECT COLUMNS(*)::VARCHAR FROM read_parquet([${files}], union_by_name = true) ORDER BY __event_id`);
}

describe("erasing a key from the log", () => {
  test("removes its rows from every file, and leaves all others as they were, to the bit", async () => {
    await using fixture = await openTestStore();
    await fixture.store.append(log, [row(key, 1n, 0), row("other", 1n, 1), row(key, 2n, 2)]);
    await fixture.store.append(log, [row("other", 2n, 3)]);
    await fixture.store.append(log, [row(key, null, 4)]);
    const before = await allRows(fixture);
    const untouched = readdirSync(folderOf(fixture)).filter((name) => !filesWith(fixture, key).includes(name));
    const counted = await fixture.store.eraseLog(log, ofUser, { dryRun: true });
    assert.deepEqual(counted, { removed: 3, cleared: 0, kept: 0, files: 2 });
    assert.deepEqual(await allRows(fixture), before, "a dry run touches nothing");
    assert.deepEqual(await fixture.store.eraseLog(log, ofUser), counted);
    assert.deepEqual(
      await allRows(fixture),
      before.filter((values) => !values.includes(key)),
    );
    assert.deepEqual(filesWith(fixture, key), []);
    assert.ok(
      untouched.every((name) => existsSync(join(folderOf(fixture), name))),
      "a file without the key is not written again",
    );
    assert.deepEqual(await fixture.store.eraseLog(log, ofUser), { removed: 0, cleared: 0, kept: 0, files: 0 });
  });

  test("clears the key where views with other keys need the row", async () => {
    await using fixture = await openTestStore();
    await fixture.store.append(log, [row(key, 1n, 0), row("other", 1n, 1), row(key, null, 2)]);
    const before = await allRows(fixture);
    assert.deepEqual(await fixture.store.eraseLog(log, ofUserBesideShops), { removed: 1, cleared: 1, kept: 0, files: 1 });
    const after = await allRows(fixture);
    assert.deepEqual(
      after,
      before.slice(0, 2).map((values) => values.map((value) => (value === key ? null : value))),
    );
    const whole: LogErasure = { key: [{ name: "shop", type: int64, value: 1n }], clear: [], keepIf: [["user"]] };
    assert.deepEqual(await fixture.store.eraseLog(log, whole), { removed: 1, cleared: 0, kept: 1, files: 1 });
  });

  test("reaches what compaction left behind, and a merge that was under way", async () => {
    await using fixture = await openTestStore();
    for (let i = 0; i < 70; i++) await fixture.store.append(log, [row(i % 5 === 0 ? key : "other", 1n, i)]);
    assert.ok(readdirSync(folderOf(fixture)).some((name) => name.startsWith("merged-")));
    assert.ok(filesWith(fixture, key).length > 5, "replaced files lie there for readers");
    const report = await fixture.store.eraseLog(log, ofUser);
    assert.equal(report.removed, 14);
    assert.deepEqual(filesWith(fixture, key), []);
    assert.equal((await allRows(fixture)).length, 56);
    // Many more appends merge again; nothing that was hidden is seen again.
    for (let i = 70; i < 140; i++) await fixture.store.append(log, [row("other", 1n, i)]);
    const rows = new Set((await allRows(fixture)).map((values) => values.find((value) => /^e\d+$/.test(String(value)))));
    assert.equal(rows.size, 126);
    assert.deepEqual(filesWith(fixture, key), []);
  });

  test("goes on after a crash at any step", async () => {
    await using fixture = await openTestStore();
    await fixture.store.append(log, [row(key, 1n, 0), row("other", 1n, 1)]);
    const [old = ""] = readdirSync(folderOf(fixture));
    const folder = folderOf(fixture);
    // The list was written, its file was not; a file was half written.
    writeFileSync(join(folder, "merged-crash.json"), JSON.stringify([old]));
    writeFileSync(join(folder, ".merged-crash.parquet.tmp"), `PAR1${key}`);
    const past = new Date(Date.now() - 3_600_000);
    utimesSync(join(folder, ".merged-crash.parquet.tmp"), past, past);
    assert.equal((await fixture.store.eraseLog(log, ofUser)).removed, 1);
    assert.deepEqual(filesWith(fixture, key), []);
    assert.equal((await allRows(fixture)).length, 1);
    // The new file has its name, the old one was not deleted yet.
    await fixture.store.append(log, [row(key, 1n, 2), row("other", 1n, 3)]);
    const [second = ""] = filesWith(fixture, key);
    await fixture.sql(
      `COPY (SELECT * FROM read_parquet('${join(folder, second)}') WHERE "user" <> '${key}') TO '${join(folder, "merged-done.parquet")}' (FORMAT parquet)`,
    );
    writeFileSync(join(folder, "merged-done.json"), JSON.stringify([second]));
    assert.equal((await allRows(fixture)).length, 2);
    assert.deepEqual(await fixture.store.eraseLog(log, ofUser), { removed: 0, cleared: 0, kept: 0, files: 0 });
    assert.deepEqual(filesWith(fixture, key), []);
    assert.equal((await allRows(fixture)).length, 2);
  });

  test("works beside appends and merges of others", async () => {
    await using fixture = await openTestStore();
    for (let i = 0; i < 60; i++) await fixture.store.append(log, [row(i % 2 === 0 ? key : "other", 1n, i)]);
    const others = async (): Promise<void> => {
      for (let i = 60; i < 100; i++) await fixture.store.append(log, [row("other", 1n, i)]);
    };
    const [report] = await Promise.all([fixture.store.eraseLog(log, ofUser), others()]);
    assert.ok(report.removed >= 30);
    await fixture.store.eraseLog(log, ofUser);
    assert.deepEqual(filesWith(fixture, key), []);
    const ids = new Set((await allRows(fixture)).map((values) => values.find((value) => /^e\d+$/.test(String(value)))));
    assert.equal(ids.size, 70, "no row of others is lost");
  });

  test("finds keys of any type, and nothing where a log has no such column", async () => {
    await using fixture = await openTestStore();
    assert.deepEqual(await fixture.store.eraseLog(log, ofUser), { removed: 0, cleared: 0, kept: 0, files: 0 });
    await fixture.store.append(log, [row("a", 2n ** 62n, 0), row("b", 7n, 1)]);
    const big: LogErasure = { key: [{ name: "shop", type: int64, value: 2n ** 62n }], clear: ["shop"], keepIf: [] };
    assert.equal((await fixture.store.eraseLog(log, big)).removed, 1);
    const absent: LogErasure = { key: [{ name: "nothing", type: string, value: "x" }], clear: ["nothing"], keepIf: [] };
    assert.equal((await fixture.store.eraseLog(log, absent)).files, 0);
    const both: LogErasure = {
      key: [
        { name: "shop", type: int64, value: 7n },
        { name: "user", type: string, value: "a" },
      ],
      clear: [],
      keepIf: [],
    };
    assert.equal((await fixture.store.eraseLog(log, both)).removed, 0, "all parts must agree");
  });
});
