import { stat } from "node:fs/promises";
import { AsofError, assert } from "@asof/core";
import * as lmdb from "lmdb";
import { checkFormat, encodeFormat, foreignStore, formatKey, noPrefix } from "./codec.ts";
import type { ResolvedLmdbConfig } from "./config.ts";
import { sizeLimitError, translateLmdbError } from "./errors.ts";

/** Readers of all processes together; each takes 64 bytes of `lock.mdb`. */
const maxReaders = 512;

/** Slots of readers that died are looked for at the start and once in so many write transactions. */
const readerCheckEvery = 1000;

/**
 * Writes keys for the binding: a prefix, set beforehand, and then the given bytes. Saves a buffer per read.
 */
class PrefixedKeys {
  prefix: Uint8Array = noPrefix;

  readonly writeKey = (key: Uint8Array, target: Uint8Array, start: number): number => {
    const prefix = this.prefix;
    let at = start;
    for (let i = 0; i < prefix.length; i++) target[at++] = prefix[i] ?? 0;
    for (let i = 0; i < key.length; i++) target[at++] = key[i] ?? 0;
    return at;
  };

  readonly readKey = (source: Uint8Array, start: number, end: number): Uint8Array => new Uint8Array(source.subarray(start, end));
}

/** What is used of the binding's database, where its own declarations leave out an argument. */
interface Database {
  getBinaryFast(key: Uint8Array, options?: { readonly transaction: lmdb.Transaction }): Buffer | undefined;
  putSync(key: Uint8Array, value: Uint8Array): void;
  removeSync(key: Uint8Array): boolean;
  transactionSync<T>(action: () => T): T;
  getRange(options: lmdb.RangeOptions): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  getKeys(options: lmdb.RangeOptions): Iterable<Uint8Array>;
  getWriteTxnId(): number;
  getStats(): object;
  readerCheck(): number;
  resetReadTxn(): void;
  useReadTransaction(): lmdb.Transaction;
  close(): Promise<void>;
}

/** A part of the keys, both ends whole keys. */
export interface KeyRange {
  readonly start: Uint8Array;
  /** Not included. */
  readonly end: Uint8Array;
  readonly limit: number;
  /** Whether `start` itself is left out. */
  readonly after?: boolean;
}

/**
 * One open LMDB environment. Reads between two calls of `endSnapshot` see one state of the store, the newest when the first of them
 * began. Everything is synchronous; the map grows on its own, also when another process made the file grow.
 */
export class LmdbEnvironment {
  readonly path: string;
  readonly #database: Database;
  readonly #keys: PrefixedKeys;
  readonly #limitBytes: number;
  readonly #release: () => void;
  readonly #snapshot: { readonly transaction: lmdb.Transaction };
  readonly #resetSnapshot: () => void;
  #writes = 0;
  #writing = false;
  #open = true;

  private constructor(config: ResolvedLmdbConfig, database: Database, keys: PrefixedKeys, release: () => void) {
    this.path = config.path;
    this.#database = database;
    this.#keys = keys;
    this.#limitBytes = config.mapSizeMaxBytes;
    this.#release = release;
    const transaction = database.useReadTransaction();
    this.#snapshot = { transaction };
    this.#resetSnapshot = snapshotReset(transaction);
    // Makes the transaction this object's own: the binding starts another one for itself.
    database.resetReadTxn();
    this.#resetSnapshot();
  }

  /** Opens a folder that `prepareFolder` has passed; makes or checks the format record. */
  static async open(config: ResolvedLmdbConfig): Promise<LmdbEnvironment> {
    const release = await claimFolder(config);
    try {
      const keys = new PrefixedKeys();
      const database: Database = lmdb.open<Uint8Array, Uint8Array>({
        path: config.path,
        noSubdir: false,
        encoding: "binary",
        keyEncoder: keys,
        readOnly: config.readOnly,
        // Each commit is synced before it is visible: what a reader saw is there after a crash of the machine, too.
        overlappingSync: false,
        maxReaders,
      });
      const environment = new LmdbEnvironment(config, database, keys, release);
      try {
        environment.#checkFormat(config.readOnly);
      } catch (error) {
        await environment.close();
        throw error;
      }
      return environment;
    } catch (error) {
      release();
      throw error;
    }
  }

  #checkFormat(readOnly: boolean): void {
    try {
      const record = this.get(noPrefix, formatKey);
      if (record !== undefined) {
        checkFormat(copyOf(record), this.path);
        return;
      }
    } finally {
      this.endSnapshot();
    }
    if (readOnly) throw foreignStore(this.path);
    this.write(() => {
      const record = this.get(noPrefix, formatKey);
      if (record !== undefined) checkFormat(copyOf(record), this.path);
      else if (this.keysIn({ start: new Uint8Array([0]), end: new Uint8Array([255]), limit: 1 }).length > 0) throw foreignStore(this.path);
      else this.put(noPrefix, formatKey, encodeFormat());
    });
  }

  /** The value under a prefix and a key, in a buffer that the next call overwrites: its `length` counts, its `byteLength` does not. */
  get(prefix: Uint8Array, key: Uint8Array): Buffer | undefined {
    this.#keys.prefix = prefix;
    return this.#database.getBinaryFast(key, this.#snapshot);
  }

  /** Ends the snapshot of the reads so far, which also lets writers reuse the pages that it held. */
  endSnapshot(): void {
    this.#resetSnapshot();
  }

  /** Keys of a range, ascending, read at once. */
  keysIn(range: KeyRange): Uint8Array[] {
    return [...this.#database.getKeys(this.#rangeOptions(range))];
  }

  /** Keys and values of a range, ascending, read at once; the values are copies. */
  entriesIn(range: KeyRange): { readonly key: Uint8Array; readonly value: Uint8Array }[] {
    return [...this.#database.getRange(this.#rangeOptions(range))];
  }

  #rangeOptions(range: KeyRange): lmdb.RangeOptions {
    this.#keys.prefix = noPrefix;
    const options = { start: range.start, end: range.end, limit: range.limit, exclusiveStart: range.after ?? false };
    // Within a write, ranges are those of its own transaction.
    return this.#writing ? options : { ...options, ...this.#snapshot };
  }

  /**
   * Runs an action in a write transaction: everything or nothing, alone among all processes. Throws ASOF_STORE_FULL, having changed
   * nothing, when the data then take more than the limit, unless `frees` says that the action makes room.
   */
  write<T>(action: () => T, frees = false): T {
    if (this.#writes++ % readerCheckEvery === 0) this.#database.readerCheck();
    this.#writing = true;
    try {
      return this.#database.transactionSync(() => {
        const result = action();
        if (!frees && dataBytes(this.#database.getStats()) > this.#limitBytes) throw sizeLimitError(this.path, this.#limitBytes);
        return result;
      });
    } finally {
      this.#writing = false;
    }
  }

  /** Within `write` only. */
  put(prefix: Uint8Array, key: Uint8Array, value: Uint8Array): void {
    this.#keys.prefix = prefix;
    this.#database.putSync(key, value);
  }

  /** Within `write` only. */
  remove(prefix: Uint8Array, key: Uint8Array): void {
    this.#keys.prefix = prefix;
    this.#database.removeSync(key);
  }

  /** Within `write` only: a number that grows from one transaction that changed something to the next. */
  transactionNumber(): number {
    return this.#database.getWriteTxnId();
  }

  assertOpen(): void {
    assert(this.#open, `the LMDB online store at ${this.path} is closed`);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#snapshot.transaction.done();
    await this.#database.close();
    this.#release();
  }
}

let latestValue: Uint8Array | null = null;
let latestBytes: Uint8Array = new Uint8Array();

/** A copy of what a read returned, which the caller owns. Reads mostly return one and the same buffer, hence the view that is kept. */
export function copyOf(value: Uint8Array): Uint8Array {
  if (value !== latestValue) {
    latestBytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    latestValue = value;
  }
  return latestBytes.slice(0, value.length);
}

/**
 * How a read transaction gives up its snapshot but keeps its reader's slot; the next read then takes the newest state. The binding does
 * this by itself, but only when a timer fires, so that a process could miss what another one has just told it about.
 */
function snapshotReset(transaction: lmdb.Transaction): () => void {
  const native: unknown = Reflect.get(lmdb, "nativeAddon");
  const reset: unknown = typeof native === "object" && native !== null ? Reflect.get(native, "resetTxn") : undefined;
  const address: unknown = Reflect.get(transaction, "address");
  assert(typeof reset === "function" && typeof address === "number", "lmdb does not have the internals of version 3.5.6");
  return () => reset(address);
}

/** Bytes of all pages in use by data, from the binding's statistics. */
function dataBytes(stats: object): number {
  const count = (name: string): number => {
    const value: unknown = Reflect.get(stats, name);
    assert(typeof value === "number", `lmdb's statistics have no ${name}`);
    return value;
  };
  return (count("treeBranchPageCount") + count("treeLeafPageCount") + count("overflowPages")) * count("pageSize");
}

/** Folders open in this process, by device and inode: the binding shares one environment between all that open the same file. */
const openFolders = new Map<string, { readonly readOnly: boolean; count: number }>();

async function claimFolder(config: ResolvedLmdbConfig): Promise<() => void> {
  const { dev, ino } = await stat(config.path);
  const name = `${dev}:${ino}`;
  const opened = openFolders.get(name) ?? { readOnly: config.readOnly, count: 0 };
  if (opened.readOnly && !config.readOnly) {
    throw new AsofError("ASOF_STORE_READ_ONLY", `The LMDB online store at ${config.path} is open for reading only in this process.`, {
      path: config.path,
      fix: "Close that store first.",
    });
  }
  opened.count++;
  openFolders.set(name, opened);
  let claimed = true;
  return () => {
    if (!claimed) return;
    claimed = false;
    opened.count--;
    if (opened.count === 0) openFolders.delete(name);
  };
}

/** Runs a step of an open store and translates what it throws. */
export function translated<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw translateLmdbError(error, path);
  }
}
