import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDuckDbOfflineStore } from "../../src/index.ts";
import { float64, int64, plainJoin, planOf, sqlSource } from "./models.ts";

/** Run under a limit on the size of files: writes a small result and then a large one, and prints what became of them. */
const folder = mkdtempSync(join(tmpdir(), "asof-full-"));
const store = await openDuckDbOfflineStore({ repositoryPath: folder, logFolder: folder, threads: 1 });
const source = sqlSource("SELECT i AS id, make_timestamptz(0) AS ts, random() AS x FROM range(50000) r(i)", { columns: { x: float64 } });
const plan = planOf([plainJoin({ keys: { id: int64 }, source, features: { x: float64 } })]);
const retrieve = (rows: number) =>
  store.retrieve(plan, { kind: "sql", query: `SELECT i AS id, make_timestamptz(1) AS event_timestamp FROM range(${rows}) r(i)` });
await using small = await retrieve(10);
await small.write(join(folder, "small.parquet"), "parquet", null);
await using large = await retrieve(50_000);
const layout = { rowsPerFile: null, bytesPerFile: null, partitionBy: [], overwrite: false };
// With the argument `folder` the large one is written as the files of a folder.
const writing =
  process.argv[2] === "folder"
    ? large.writeFolder(join(folder, "large"), "parquet", layout, null)
    : large.write(join(folder, "large.parquet"), "parquet", null);
const code = await writing.then(
  () => "written",
  (error: unknown) => (error instanceof Error && "code" in error ? error.code : String(error)),
);
console.log(JSON.stringify({ code, left: readdirSync(folder).toSorted() }));
await store[Symbol.asyncDispose]();
rmSync(folder, { recursive: true });
