import { rename, rm } from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { translateError } from "./errors.ts";

/** Moves every time in one column of a Parquet file by whole microseconds; the file is replaced as a whole. Used to date example data. */
export async function shiftTimes(path: string, column: string, byUs: number): Promise<void> {
  const draft = `${path}.tmp`;
  const quoted = `"${column.replaceAll('"', '""')}"`;
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(
      `COPY (SELECT * REPLACE (${quoted} + to_microseconds(${BigInt(byUs)}::BIGINT) AS ${quoted}) FROM read_parquet(${text(path)}))
       TO ${text(draft)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw translateError(error, { doing: "output", what: path });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
