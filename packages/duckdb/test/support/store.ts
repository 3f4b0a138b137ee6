import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JoinPlan, OfflineStore, RunOptions, SpineInput, Value } from "@asof/core";
import { DuckDBInstance } from "@duckdb/node-api";
import { type DuckDbConfig, openDuckDbOfflineStore } from "../../src/index.ts";

/** A store over a folder of its own, both removed at disposal. */
export interface TestStore extends AsyncDisposable {
  readonly folder: string;
  readonly store: OfflineStore;
  /** Runs statements of DuckDB outside the store, to make files: `COPY (SELECT …) TO '{folder}/x.parquet'`. */
  sql(...statements: readonly string[]): Promise<void>;
  /** Rows of a query outside the store. */
  rows(query: string): Promise<readonly (readonly unknown[])[]>;
}

export async function openTestStore(config: Partial<DuckDbConfig> = {}): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), "asof-duckdb-test-"));
  const store = await openDuckDbOfflineStore({ repositoryPath: folder, logFolder: join(folder, "log"), threads: 2, ...config });
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return {
    folder,
    store,
    sql: async (...statements) => {
      for (const statement of statements) await connection.run(statement.replaceAll("{folder}", folder));
    },
    rows: async (query) => (await connection.run(query.replaceAll("{folder}", folder))).getRowsJS(),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      connection.closeSync();
      instance.closeSync();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type ResultRow = Readonly<Record<string, Value>>;

/** The rows of a retrieval, spine columns included. */
export async function retrieveRows(
  store: OfflineStore,
  plan: JoinPlan,
  spine: SpineInput,
  options: RunOptions = {},
): Promise<readonly ResultRow[]> {
  await using result = await store.retrieve(plan, spine, options);
  const rows: ResultRow[] = [];
  for await (const batch of result.batches()) {
    for (let row = 0; row < batch.rowCount; row++) rows.push(Object.fromEntries(batch.columns.map((c) => [c.name, c.get(row)])));
  }
  return rows;
}
