import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assert, type MaybePromise, sleep } from "@asof/core";
import { isBusy } from "../errors.ts";
import { defaultBusyTimeoutMs, type SqliteOnlineConfig } from "./config.ts";
import { OnlineDatabase } from "./database.ts";
import { translateOnlineError } from "./errors.ts";

/** How long one attempt may block the event loop. Between attempts the process goes on with other work. */
const attemptMs = 20;

/**
 * One connection to the file. Transactions run from begin to commit without giving way, so they never mix although several calls may be
 * pending. Nothing is made on disk before the first write. The file keeps its journal mode: Feast's files have a rollback journal, with
 * which readers and one writer of any number of processes take turns for the length of a transaction.
 */
export class OnlineConnection {
  readonly path: string;
  readonly #busyTimeoutMs: number;
  #opened: { readonly database: OnlineDatabase; readonly file: string } | null = null;
  #isClosed = false;

  constructor(config: SqliteOnlineConfig) {
    this.path = config.path;
    this.#busyTimeoutMs = config.busyTimeoutMs ?? defaultBusyTimeoutMs;
  }

  /** Runs in one read transaction, at once unless another process is in the way; `absent` where there is no file yet. */
  read<T>(absent: T, run: (database: OnlineDatabase) => T): MaybePromise<T> {
    const attempt = (): T => {
      const database = this.#existing();
      return database === null ? absent : database.transact("BEGIN", run);
    };
    try {
      this.#assertOpen();
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw translateOnlineError(error, this.path);
      return this.#repeat(attempt);
    }
  }

  /** Runs in one write transaction, after making the file if need be. */
  async write<T>(run: (database: OnlineDatabase) => T): Promise<T> {
    return this.#repeat(() => this.#writable().transact("BEGIN IMMEDIATE", run));
  }

  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  /** Repeats an attempt until no other connection is in its way, or time is up. */
  async #repeat<T>(attempt: () => T): Promise<T> {
    const deadline = performance.now() + this.#busyTimeoutMs;
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 25)) {
      this.#assertOpen();
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw translateOnlineError(error, this.path);
      }
      await sleep(pauseMs);
    }
  }

  #assertOpen(): void {
    assert(!this.#isClosed, "the SQLite online store is closed");
  }

  /** The open database, if there is a file. One that was deleted or replaced, as Feast's teardown does, is let go. */
  #existing(): OnlineDatabase | null {
    const file = identityOf(this.path);
    if (this.#opened !== null && this.#opened.file === file) return this.#opened.database;
    this.#forget();
    if (file === null) return null;
    this.#opened = { database: new OnlineDatabase(new DatabaseSync(this.path, { timeout: attemptMs }), this.path), file };
    return this.#opened.database;
  }

  #writable(): OnlineDatabase {
    const existing = this.#existing();
    if (existing !== null) return existing;
    mkdirSync(dirname(this.path), { recursive: true });
    // SQLite only says that it cannot open the file; the file system says why.
    writeFileSync(this.path, "", { flag: "a" });
    const made = this.#existing();
    assert(made !== null, "a file that was just made is there");
    return made;
  }

  #forget(): void {
    this.#opened?.database.close();
    this.#opened = null;
  }
}

/** What tells a file from another one at the same path. */
function identityOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}
