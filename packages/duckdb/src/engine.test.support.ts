import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Value } from "@asof/core";
import type { FileColumn, InstantType, OfflineEngine } from "@asof/testkit";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { RowAppender } from "./append-rows.ts";
import { fileTypeOf } from "./column-types.ts";
import { quoteName, quoteText } from "./dialect.ts";
import { openDuckDbOfflineStore } from "./store.ts";

/** A store over a folder of its own, and a second DuckDB that writes the files it reads. */
export async function openDuckDbEngine(): Promise<OfflineEngine> {
  const folder = mkdtempSync(join(tmpdir(), "asof-point-in-time-"));
  const store = await openDuckDbOfflineStore({ repositoryPath: folder, logFolder: join(folder, "log"), threads: 2 });
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  // The writer has one table, so files are written one after the other.
  let written: Promise<unknown> = Promise.resolve();
  return {
    store,
    writeParquet: (name, columns, rows) => {
      const path = join(folder, `${name}.parquet`);
      const done = written.then(() => writeParquet(connection, path, columns, rows));
      written = done.catch(() => undefined);
      return done.then(() => path);
    },
    selectFrom: (paths) => `SELECT * FROM read_parquet([${paths.map(quoteText).join(", ")}])`,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      connection.closeSync();
      instance.closeSync();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Times are appended as nanoseconds and become what they are declared as on the way to the file. */
async function writeParquet(
  connection: DuckDBConnection,
  path: string,
  columns: readonly FileColumn[],
  rows: readonly (readonly Value[])[],
): Promise<void> {
  const types = columns.map(({ type }) => (type.kind === "instant" ? ({ kind: "int64", as: "bigint" } as const) : type));
  const definitions = types.map((type, i) => `c${i} ${fileTypeOf(type)}`);
  await connection.run(`CREATE OR REPLACE TABLE written (${definitions.join(", ")})`);
  const appender = await RowAppender.open(connection, "main", "written", types);
  appender.append(rows.length, (column, row) => rows[row]?.[column] ?? null);
  appender.close();
  const items = columns.map(
    ({ name, type }, i) => `${type.kind === "instant" ? instantSql(`c${i}`, type) : `c${i}`} AS ${quoteName(name)}`,
  );
  await connection.run(`COPY (SELECT ${items.join(", ")} FROM written) TO ${quoteText(path)} (FORMAT parquet)`);
}

function instantSql(nanoseconds: string, { unit, zoned }: InstantType): string {
  if (unit === "ns") return `make_timestamp_ns(${nanoseconds})`;
  const instant = `make_timestamp(${nanoseconds} // 1000)`;
  if (zoned) return `${instant}::TIMESTAMPTZ`;
  return unit === "us" ? instant : `${instant}::${unit === "ms" ? "TIMESTAMP_MS" : "TIMESTAMP_S"}`;
}
