import { randomUUID } from "node:crypto";
import { AsofError } from "@asof/core";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { DuckDbConfig } from "./config.ts";
import { quoteText } from "./dialect.ts";
import { translateError } from "./errors.ts";
import { Session } from "./session.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/**
 * DuckDB 1.5.5 turns "the first row of each partition" into an aggregate that takes other columns of the row for those asked for, as
 * `SELECT k, a > b … QUALIFY row_number() OVER (PARTITION BY k ORDER BY a DESC) = 1` shows.
 */
export const engineSettings = "SET disabled_optimizers = 'top_n_window_elimination'";

/** One DuckDB in this process, in memory, and the folder to which it spills. */
export class Engine implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  readonly #folder: TemporaryFolder;
  readonly #sessions = new Set<Session>();
  #isOpen = true;

  private constructor(instance: DuckDBInstance, folder: TemporaryFolder) {
    this.#instance = instance;
    this.#folder = folder;
  }

  static async open(config: DuckDbConfig): Promise<Engine> {
    const folder = makeTemporaryFolder(config.temporaryFolder);
    try {
      const instance = await DuckDBInstance.create(":memory:", {
        temp_directory: folder.path,
        ...(config.memoryLimit === undefined ? {} : { memory_limit: config.memoryLimit }),
        ...(config.threads === undefined ? {} : { threads: String(config.threads) }),
      });
      const connection = await instance.connect();
      await connection.run(engineSettings);
      // Sql sources may name files of the repository. DuckDB splits this setting at commas.
      if (!config.repositoryPath.includes(",")) await connection.run(`SET GLOBAL file_search_path = ${quoteText(config.repositoryPath)}`);
      connection.closeSync();
      return new Engine(instance, folder);
    } catch (error) {
      folder.remove();
      throw translateError(error, { doing: "query", what: "The offline engine cannot start" });
    }
  }

  /** A connection with a schema of its own, where its tables lie until it is closed. */
  async session(): Promise<Session> {
    this.#requireOpen();
    const schema = `asof_${randomUUID().replaceAll("-", "")}`;
    const session = new Session(
      await this.connect(),
      schema,
      () => this.connect(),
      () => this.#sessions.delete(session),
    );
    this.#sessions.add(session);
    await session.begin();
    return session;
  }

  async connect(): Promise<DuckDBConnection> {
    this.#requireOpen();
    try {
      const connection = await this.#instance.connect();
      await connection.run("SET TimeZone = 'UTC'; SET enable_progress_bar = true; SET enable_progress_bar_print = false");
      return connection;
    } catch (error) {
      throw translateError(error, { doing: "query", what: "The offline engine cannot be reached" });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      for (const session of [...this.#sessions]) await session[Symbol.asyncDispose]();
      this.#instance.closeSync();
    } finally {
      this.#folder.remove();
    }
  }

  #requireOpen(): void {
    if (!this.#isOpen)
      throw new AsofError("ASOF_QUERY_FAILED", "The offline store is closed.", { path: "offline_store", fix: "Open it again." });
  }
}
