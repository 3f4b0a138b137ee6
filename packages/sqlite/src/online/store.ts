import type {
  KeyBytes,
  MaybePromise,
  OnlineRow,
  OnlineStore,
  OnlineTombstone,
  OnlineView,
  ReadRequest,
  ReadResult,
  StateWrite,
} from "@asof/core";
import { feastKeys } from "@asof/feast";
import type { SqliteOnlineConfig } from "./config.ts";
import { OnlineConnection } from "./connection.ts";
import type { OnlineDatabase } from "./database.ts";
import { dropView, makeAbsentTable, type ViewPlace } from "./layout.ts";
import { cellsWriter, deleteRows, listRowKeys, readRows, writeRows, writeTombstones } from "./rows.ts";
import { deleteStates, listStateKeys, readStates, writeStates } from "./states.ts";

/**
 * Opens a SQLite file in Feast's layout as an online store: rows of plain views lie where Feast's SQLite store has them, so that Feast reads
 * what asof wrote and the other way round, also at the same time. States of windowed views lie in tables of asof's own. Any number of
 * processes of one machine may have the file open. A commit is synced to disk before it is visible.
 *
 * Feast keeps event times to the second; asof's microseconds lie in columns that Feast does not see, and count while they agree with
 * Feast's. Feast overwrites without looking at times; asof replaces a row only by a greater one, whoever wrote it.
 *
 * Reads are answered synchronously unless another process is writing. ASOF_STORE_FAILED when the file is no database, is damaged, or stays
 * locked beyond `busyTimeoutMs`; ASOF_STORE_VERSION for a newer format, ASOF_STORE_READ_ONLY, ASOF_STORE_FULL; ASOF_NAME_DUPLICATE when two
 * views have one table; ASOF_VALUE_INVALID for values that Feast's form cannot hold, before anything is written.
 */
export async function openSqliteOnlineStore(config: SqliteOnlineConfig): Promise<OnlineStore> {
  const connection = new OnlineConnection(config);
  try {
    await connection.read(null, (database) => database.layout());
  } catch (error) {
    connection.close();
    throw error;
  }
  return new SqliteOnlineStore(connection);
}

const keysPerPage = 1000;

/** What one transaction writes at most, in features: other processes wait for it, Feast's at most 5 s. */
const featuresPerWrite = 20_000;
/** The same for keys of states, whose parts may be tens of kilobytes. */
const statesPerWrite = 500;

class SqliteOnlineStore implements OnlineStore {
  readonly type = "sqlite";
  readonly keys = feastKeys;
  readonly capabilities = { durable: "machine", snapshotReads: true, shared: true, timestamps: "seconds" } as const;
  readonly #connection: OnlineConnection;

  constructor(connection: OnlineConnection) {
    this.#connection = connection;
  }

  read(requests: readonly ReadRequest[]): MaybePromise<readonly ReadResult[]> {
    return this.#connection.read(requests.map(nothingStored), (database) => requests.map((request) => answer(database, request)));
  }

  async *listKeys(view: OnlineView): AsyncGenerator<readonly KeyBytes[]> {
    yield* this.#pages(view, (database, place, after) => listRowKeys(database, place, after, keysPerPage));
    yield* this.#pages(view, (database, { id }, after) => listStateKeys(database, id, after, keysPerPage));
  }

  /** Each page is a transaction of its own, so that a slow caller holds up nobody. */
  async *#pages(
    view: OnlineView,
    readPage: (database: OnlineDatabase, place: ViewPlace, after: KeyBytes | null) => KeyBytes[],
  ): AsyncGenerator<readonly KeyBytes[]> {
    let after: KeyBytes | null = null;
    for (;;) {
      const from: KeyBytes | null = after;
      const page: KeyBytes[] = await this.#connection.read<KeyBytes[]>([], (database) =>
        readPage(database, database.layout().find(database, view), from),
      );
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      after = last;
    }
  }

  /** In one transaction: a thousand tables take about as long as two. */
  async prepare(views: readonly OnlineView[]): Promise<void> {
    const absent = views.filter((view) => view.schema.features.length > 0);
    if (absent.length === 0) return;
    await this.#connection.write((database) => {
      for (const view of absent) makeAbsentTable(database, view);
    });
  }

  async putRows(view: OnlineView, rows: readonly OnlineRow[]): Promise<{ readonly written: number; readonly superseded: number }> {
    const writer = cellsWriter(view);
    const encoded = rows.map((row) => ({ row, features: writer.encode(row) }));
    const written = new Set<string>();
    const rowsPerWrite = Math.max(1, Math.floor(featuresPerWrite / Math.max(1, view.schema.features.length)));
    for (const part of chunks(encoded, rowsPerWrite)) {
      const keys = await this.#connection.write((database) => writeRows(database, view, part));
      for (const key of keys) written.add(Buffer.from(key).toString("latin1"));
    }
    return { written: written.size, superseded: rows.length - written.size };
  }

  async putStates(view: OnlineView, writes: readonly StateWrite[]): Promise<readonly number[]> {
    const conflicts: number[] = [];
    let first = 0;
    for (const part of chunks(writes, statesPerWrite)) {
      const own = await this.#connection.write((database) => {
        const removes = part.some((write) => write.remove.length > 0);
        return removes ? database.removing(() => writeStates(database, view, part)) : writeStates(database, view, part);
      });
      for (const index of own) conflicts.push(first + index);
      first += part.length;
    }
    return conflicts;
  }

  async putTombstones(
    view: OnlineView,
    tombstones: readonly OnlineTombstone[],
    options: { readonly keepLater?: boolean } = {},
  ): Promise<{ readonly removed: number }> {
    let removed = 0;
    for (const part of chunks(tombstones, keysPerPage)) {
      removed += await this.#connection.write((database) =>
        database.removing(() => writeTombstones(database, view, part, options.keepLater === true)),
      );
    }
    return { removed };
  }

  async deleteKeys(view: OnlineView, keys: readonly KeyBytes[]): Promise<void> {
    for (const part of chunks(keys, keysPerPage)) {
      await this.#connection.write((database) => {
        const place = database.layout().find(database, view);
        deleteRows(database, place, part);
        deleteStates(database, place.id, part);
      });
    }
  }

  async truncate(view: OnlineView): Promise<void> {
    const isThere = await this.#connection.read(false, (database) => {
      const { id, columns } = database.layout().find(database, view);
      return id !== null || columns !== null;
    });
    if (isThere) await this.#connection.write((database) => dropView(database, view));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
  }
}

function answer(database: OnlineDatabase, request: ReadRequest): ReadResult {
  if (request.form === "row") return { form: "row", rows: readRows(database, request.view, request.features, request.keys) };
  const { id } = database.layout().find(database, request.view);
  return { form: "state", states: readStates(database, id, request.keys, request.without) };
}

function nothingStored(request: ReadRequest): ReadResult {
  const nothing = request.keys.map(() => null);
  return request.form === "row" ? { form: "row", rows: nothing } : { form: "state", states: nothing };
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
