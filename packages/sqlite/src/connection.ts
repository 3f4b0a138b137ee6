import { closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { AsofError, sleep } from "@asof/core";
import { goneError, lockedError, registryBusyTimeoutMs } from "@asof/feast";
import { readVersions } from "./changes.ts";
import { packagedMigrations, type SqliteRegistryConfig } from "./config.ts";
import { isBusy, isFolderReadOnly, translateError } from "./errors.ts";
import { type FeastSide, hasTable } from "./feast-side.ts";
import { rollBack } from "./roll-back.ts";
import { applyMigration, checkSchema, isCurrent, isFeastAlone, upgrade } from "./schema.ts";
import type { Prepare } from "./statistics.ts";

/** How long one attempt may block the event loop. Between attempts the process goes on with other work. */
const attemptMs = 20;

/**
 * One connection to the file. Transactions run from begin to commit without giving way, so they never mix although several
 * calls may be pending. Nothing is made on disk before the first write. A file that was replaced, as by a backup that is put back, is
 * opened anew; one that is gone is an error until it is back, and is not made anew by a process that knew it.
 */
export class Connection {
  readonly #path: string;
  readonly #migrations: string;
  readonly #busyTimeoutMs: number;
  #database: DatabaseSync | null = null;
  /** The file that is open, or was open last: see {@link identityOf}. */
  #file: string | null = null;
  #isClosed = false;
  /** Whether the tables are known to be those of this version; until then every write looks. */
  #isCurrent = false;

  readonly #feast: FeastSide | null;
  readonly #preparing: (database: DatabaseSync) => Prepare;
  #known: KnownVersions | null = null;

  constructor(config: SqliteRegistryConfig, feast: FeastSide | null, preparing: (database: DatabaseSync) => Prepare) {
    this.#feast = feast;
    this.#preparing = preparing;
    this.#path = config.path;
    this.#migrations = config.migrationsFolder ?? packagedMigrations();
    this.#busyTimeoutMs = config.busyTimeoutMs ?? registryBusyTimeoutMs;
  }

  /** Runs in one read transaction; `absent` where there is no registry yet. */
  async read<T>(absent: T, run: (database: DatabaseSync) => T): Promise<T> {
    return this.#attempt(() => {
      const database = this.#existing();
      if (database === null) return absent;
      if (this.#feast?.isDirty(this.#preparing(database)) === true) return this.#runVirtually(database, run);
      this.#known = null;
      return transact(database, "BEGIN", run);
    });
  }

  /** Runs in a transaction that takes over what Feast wrote, and is rolled back at its end. */
  async readVirtually<T>(absent: T, run: (database: DatabaseSync) => T): Promise<T> {
    return this.#attempt(() => {
      const database = this.#existing();
      return database === null ? absent : this.#runVirtually(database, run);
    });
  }

  /** The versions that were read last, where Feast wrote before and nobody since: taking its writing over again would give the same. */
  get knownVersions(): { readonly version: number; readonly definitionsVersion: number } | null {
    const database = this.#database;
    if (database === null || this.#known === null || identityOf(this.#path) !== this.#file) return null;
    try {
      return dataVersionOf(database) === this.#known.dataVersion ? this.#known.versions : null;
    } catch {
      // A busy database: the read proper waits for it.
      return null;
    }
  }

  #runVirtually<T>(database: DatabaseSync, run: (database: DatabaseSync) => T): T {
    database.exec("BEGIN IMMEDIATE");
    try {
      this.#prepareTables(database);
      const prepare = this.#preparing(database);
      this.#feast?.absorb(prepare, true);
      const result = run(database);
      this.#known = { versions: readVersions(prepare), dataVersion: dataVersionOf(database) };
      return result;
    } finally {
      rollBack(database);
    }
  }

  /** Brings the tables to what this version writes. The caller holds the write transaction. */
  #prepareTables(database: DatabaseSync): void {
    const prepare = this.#preparing(database);
    if (!hasTable(prepare, "registry_meta")) applyMigration(database, this.#migrations, this.#path);
    else if (!isCurrent(database)) upgrade(database, this.#path);
    this.#feast?.prepareTables(database, prepare);
  }

  /** Runs in one write transaction, after making file and tables if need be; tables of the format before are brought up to date in it. */
  async write<T>(run: (database: DatabaseSync) => T): Promise<T> {
    return this.#attempt(() => {
      const result = transact(this.#writable(), "BEGIN IMMEDIATE", (database) => {
        if (!this.#isCurrent || this.#feast !== null) this.#prepareTables(database);
        const prepare = this.#preparing(database);
        if (this.#feast?.isDirty(prepare) === true) this.#feast.absorb(prepare, false);
        const value = run(database);
        this.#feast?.settle(prepare);
        return value;
      });
      this.#isCurrent = true;
      this.#known = null;
      return result;
    });
  }

  /** What tells the file that is open from another one in its place; null before one was opened. */
  get file(): string | null {
    return this.#file;
  }

  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  /** Lets go of the open file: what is at the path is looked at anew. */
  #forget(): void {
    this.#database?.close();
    this.#database = null;
    this.#known = null;
    this.#isCurrent = false;
  }

  async #attempt<T>(run: () => T): Promise<T> {
    const deadline = performance.now() + this.#busyTimeoutMs;
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 25)) {
      if (this.#isClosed) {
        const details = { path: this.#path, fix: "Open it again, or close it later." };
        throw new AsofError("ASOF_REGISTRY_FAILED", `The registry ${this.#path} was closed.`, details);
      }
      try {
        return run();
      } catch (error) {
        if (!isBusy(error)) throw translateError(error, this.#path);
        if (performance.now() > deadline) {
          throw lockedError(this.#path, [this.#path, `${this.#path}-shm`], this.#busyTimeoutMs, error);
        }
      }
      await sleep(pauseMs);
    }
  }

  /** The open database if it holds a registry. */
  #existing(): DatabaseSync | null {
    const file = identityOf(this.#path);
    if (this.#database !== null && file === this.#file) return this.#database;
    this.#forget();
    if (file === null && this.#file !== null) throw goneError(this.#path);
    if (file === null || statSync(this.#path).size === 0) return null;
    const database = openForReading(this.#path);
    try {
      if ((this.#feast !== null && isFeastAlone(database)) || checkSchema(database, this.#path)) {
        configure(database);
        return this.#keep(database);
      }
    } catch (error) {
      database.close();
      throw error;
    }
    database.close();
    return null;
  }

  #writable(): DatabaseSync {
    const existing = this.#existing();
    if (existing !== null) return existing;
    mkdirSync(dirname(this.#path), { recursive: true });
    // SQLite only says that it cannot open the file; the file system says why.
    closeSync(openSync(this.#path, "a"));
    const database = new DatabaseSync(this.#path, { timeout: attemptMs });
    try {
      database.exec("PRAGMA journal_mode = WAL");
      transact(database, "BEGIN IMMEDIATE", () => {
        if (!checkSchema(database, this.#path)) applyMigration(database, this.#migrations, this.#path);
      });
      configure(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return this.#keep(database);
  }

  #keep(database: DatabaseSync): DatabaseSync {
    this.#database = database;
    this.#file = identityOf(this.#path);
    return database;
  }
}

/** What tells a file from another one at the same path; null where there is none. */
function identityOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

/**
 * Opens a file that exists. In a folder that cannot be written SQLite cannot make the shared-memory file of the WAL; a registry
 * without one that was closed properly is then read as it lies there.
 */
function openForReading(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: attemptMs });
  try {
    database.prepare("SELECT 1 FROM sqlite_schema").get();
    return database;
  } catch (error) {
    database.close();
    const log = `${path}-wal`;
    if (!isFolderReadOnly(error) || (existsSync(log) && statSync(log).size > 0)) throw error;
  }
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  return new DatabaseSync(url, { readOnly: true, timeout: attemptMs });
}

interface KnownVersions {
  readonly versions: { readonly version: number; readonly definitionsVersion: number };
  /** Changes with each commit of another connection. */
  readonly dataVersion: unknown;
}

function dataVersionOf(database: DatabaseSync): unknown {
  return database.prepare("PRAGMA data_version").get()?.data_version;
}

/**
 * A registry is small and precious: every commit reaches the disk. What is removed is overwritten there: rows held back may be of a key
 * that is erased later.
 */
function configure(database: DatabaseSync): void {
  database.exec("PRAGMA secure_delete = ON");
  database.exec("PRAGMA synchronous = FULL");
}

function transact<T>(database: DatabaseSync, begin: string, run: (database: DatabaseSync) => T): T {
  database.exec(begin);
  try {
    const result = run(database);
    database.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}
