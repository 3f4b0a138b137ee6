import {
  asBuffer,
  entombs,
  isTombstone,
  type KeyBytes,
  type MaybePromise,
  type OnlineRow,
  type OnlineStore,
  type OnlineTombstone,
  type OnlineView,
  packedKeys,
  packTombstone,
  type ReadRequest,
  type ReadResult,
  type RowPacker,
  type RowReader,
  rowPacker,
  rowReader,
  type StatePart,
  type StateWrite,
  type StoredRow,
  type StoredState,
} from "@asof/core";
import {
  afterPrefix,
  afterState,
  decodeDirectory,
  directoryKey,
  encodeDirectory,
  encodeLongRow,
  hashKey,
  keyOfLongRow,
  keyOfLongState,
  keyOfRow,
  keyOfState,
  longestPlainKey,
  longRowOffset,
  noPrefix,
  partName,
  partPrefix,
  type StateDirectory,
  type ViewKeys,
  viewKeys,
} from "./codec.ts";
import { type LmdbOnlineConfig, type ResolvedLmdbConfig, resolveLmdbConfig } from "./config.ts";
import { copyOf, LmdbEnvironment, translated } from "./environment.ts";
import { openedReadOnly, translateLmdbError } from "./errors.ts";
import { type FileSystemProbe, probeFileSystem, refuseNetworkFileSystem } from "./file-system.ts";
import { prepareFolder } from "./folder.ts";
import { removeName, writeName } from "./names.ts";
import { Place } from "./place.ts";
import { WriteQueue } from "./write-queue.ts";

/** What of the machine is looked at when a store is opened; replaced by tests. */
export interface LmdbPorts {
  readonly probeFileSystem: FileSystemProbe;
}

/**
 * Opens an LMDB folder as an online store, making it if it is absent. Any number of processes of one machine may have it open, reading and
 * writing at once; each read sees what was committed before it began. A commit is synced to disk before it is visible, so that
 * writes that were acknowledged survive a crash of the process and of the machine. A process may be killed at any moment: the
 * store stays as of its last commit.
 *
 * A store that is put in the place of the open one, as a backup is, is opened anew within a second; while there is none, every call is
 * ASOF_STORE_FAILED.
 *
 * Reads are answered synchronously but for that. Writes of one turn of the event loop share one transaction; while another process is in a transaction
 * the event loop waits for it, which takes as long as that process's batch.
 *
 * ASOF_STORE_FILESYSTEM on a network file system, ASOF_STORE_READ_ONLY for a folder that cannot be written, ASOF_STORE_VERSION for a
 * newer format, ASOF_STORE_FULL, and ASOF_STORE_FAILED when it is not an LMDB store of asof.
 */
export async function openLmdbOnlineStore(config: LmdbOnlineConfig, ports: LmdbPorts = { probeFileSystem }): Promise<OnlineStore> {
  const resolved = resolveLmdbConfig(config);
  try {
    await refuseNetworkFileSystem(resolved.path, ports.probeFileSystem);
    return new LmdbOnlineStore(await openEnvironment(resolved), resolved);
  } catch (error) {
    throw translateLmdbError(error, resolved.path);
  }
}

async function openEnvironment(config: ResolvedLmdbConfig): Promise<LmdbEnvironment> {
  await prepareFolder(config);
  return await LmdbEnvironment.open(config);
}

const keysPerPage = 1000;

class LmdbOnlineStore implements OnlineStore {
  readonly type = "lmdb";
  readonly keys = packedKeys;
  readonly capabilities = { durable: "machine", snapshotReads: true, shared: true, timestamps: "microseconds" } as const;
  readonly #config: ResolvedLmdbConfig;
  readonly #queue: WriteQueue;
  /** Another one when the folder holds another store. Work that is begun and done without giving way has one and the same. */
  #environment: LmdbEnvironment;
  #place: Place;
  #reopening: Promise<void> | null = null;

  constructor(environment: LmdbEnvironment, config: ResolvedLmdbConfig) {
    this.#environment = environment;
    this.#config = config;
    this.#place = new Place(config.path);
    this.#queue = new WriteQueue((action, frees) => translated(config.path, () => this.#environment.write(action, frees)));
  }

  read(requests: readonly ReadRequest[]): MaybePromise<readonly ReadResult[]> {
    this.#environment.assertOpen();
    if (this.#place.isDue && this.#place.isReplaced()) return this.#reopen().then(() => this.#readNow(requests));
    return this.#readNow(requests);
  }

  #readNow(requests: readonly ReadRequest[]): readonly ReadResult[] {
    const environment = this.#environment;
    environment.assertOpen();
    try {
      const results: ReadResult[] = new Array(requests.length);
      for (let i = 0; i < requests.length; i++) {
        const request = requests[i];
        if (request === undefined) continue;
        results[i] =
          request.form === "row"
            ? { form: "row", rows: readRows(environment, request.view, request.features, request.keys) }
            : { form: "state", states: readStates(environment, request.view, request.keys, request.without) };
      }
      return results;
    } catch (error) {
      throw translateLmdbError(error, environment.path);
    } finally {
      environment.endSnapshot();
    }
  }

  async *listKeys(view: OnlineView): AsyncGenerator<readonly KeyBytes[]> {
    const keys = viewKeys(view);
    if (this.#place.isReplaced()) await this.#reopen();
    const environment = this.#environment;
    yield* this.#pages(environment, keys.row, (start, end, after) => {
      const found = environment.keysIn({ start, end, after, limit: keysPerPage });
      return { keys: found.map(keyOfRow), last: found.at(-1) };
    });
    yield* this.#pages(environment, keys.longRow, (start, end, after) => {
      const found = environment.entriesIn({ start, end, after, limit: keysPerPage });
      return { keys: found.map(({ value }) => keyOfLongRow(value)), last: found.at(-1)?.key };
    });
    yield* this.#pages(environment, keys.state, (start, end, after) => {
      const found = listDirectories(environment, start, end, after);
      return { keys: found.map(({ key }) => keyOfState(key)), last: found.at(-1)?.key };
    });
    yield* this.#pages(environment, keys.longState, (start, end, after) => {
      const found = listDirectories(environment, start, end, after);
      return { keys: found.map(({ value }) => keyOfLongState(value)), last: found.at(-1)?.key };
    });
  }

  /** Pages of the keys under a prefix; each page is read from a snapshot of its own, so that a slow caller holds no pages. */
  *#pages(
    environment: LmdbEnvironment,
    prefix: Uint8Array,
    readPage: (start: Uint8Array, end: Uint8Array, after: boolean) => { readonly keys: KeyBytes[]; readonly last: Uint8Array | undefined },
  ): Generator<readonly KeyBytes[]> {
    const end = afterPrefix(prefix);
    let start = prefix;
    for (let after = false; ; after = true) {
      environment.assertOpen();
      const from = start;
      const page = translated(environment.path, () => {
        try {
          return readPage(from, end, after);
        } finally {
          environment.endSnapshot();
        }
      });
      if (page.last === undefined) return;
      yield page.keys;
      start = page.last;
    }
  }

  async putRows(view: OnlineView, rows: readonly OnlineRow[]): Promise<{ readonly written: number; readonly superseded: number }> {
    this.#assertWritable();
    if (rows.length === 0) return { written: 0, superseded: 0 };
    if (this.#place.isReplaced()) await this.#reopen();
    const packer = rowPacker(view);
    const packed = packRows(packer, rows);
    const written = await this.#queue.add(() => writeRows(this.#environment, view, packer, packed), rows.length);
    return { written, superseded: rows.length - written };
  }

  async putStates(view: OnlineView, writes: readonly StateWrite[]): Promise<readonly number[]> {
    this.#assertWritable();
    if (writes.length === 0) return [];
    if (this.#place.isReplaced()) await this.#reopen();
    return this.#queue.add(() => writeStates(this.#environment, view, writes), writes.length);
  }

  async putTombstones(
    view: OnlineView,
    tombstones: readonly OnlineTombstone[],
    { keepLater = false }: { readonly keepLater?: boolean } = {},
  ): Promise<{ readonly removed: number }> {
    this.#assertWritable();
    if (tombstones.length === 0) return { removed: 0 };
    if (this.#place.isReplaced()) await this.#reopen();
    const removed = await this.#queue.add(() => writeTombstones(this.#environment, view, tombstones, keepLater), tombstones.length, true);
    return { removed };
  }

  async deleteKeys(view: OnlineView, keys: readonly KeyBytes[]): Promise<void> {
    this.#assertWritable();
    if (keys.length === 0) return;
    if (this.#place.isReplaced()) await this.#reopen();
    await this.#queue.add(() => deleteKeys(this.#environment, view, keys), keys.length, true);
  }

  async truncate(view: OnlineView): Promise<void> {
    this.#assertWritable();
    if (this.#place.isReplaced()) await this.#reopen();
    const { row, longRow, state, longState, name } = viewKeys(view);
    for (const prefix of [row, longRow, state, longState]) {
      while ((await this.#queue.add(() => removeSome(this.#environment, prefix), removedAtOnce, true)) === removedAtOnce);
    }
    await this.#queue.add(() => removeName(this.#environment, name), 1, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reopening?.catch(() => undefined);
    await this.#queue.drained();
    await this.#environment.close();
  }

  #assertWritable(): void {
    this.#environment.assertOpen();
    if (this.#config.readOnly) throw openedReadOnly(this.#config.path);
  }

  /** Goes on with the store that has come in the place of the open one. */
  #reopen(): Promise<void> {
    this.#reopening ??= this.#replaceEnvironment().finally(() => {
      this.#reopening = null;
    });
    return this.#reopening;
  }

  async #replaceEnvironment(): Promise<void> {
    const { path } = this.#config;
    try {
      const [former, environment] = [this.#environment, await openEnvironment(this.#config)];
      this.#environment = environment;
      this.#place = new Place(path);
      await former.close();
    } catch (error) {
      throw translateLmdbError(error, path);
    }
  }
}

interface CompiledRead {
  readonly view: OnlineView;
  readonly prefixes: ViewKeys;
  readonly read: RowReader;
}

/** By the list of features, which a request plan keeps: one look-up per request. */
const compiledReads = new WeakMap<readonly string[], CompiledRead>();

function compiledRead(view: OnlineView, features: readonly string[]): CompiledRead {
  const known = compiledReads.get(features);
  if (known !== undefined && known.view === view) return known;
  const compiled = { view, prefixes: viewKeys(view), read: rowReader(view, features) };
  compiledReads.set(features, compiled);
  return compiled;
}

function readRows(
  environment: LmdbEnvironment,
  view: OnlineView,
  features: readonly string[],
  keys: readonly (KeyBytes | null)[],
): (StoredRow | null)[] {
  const { prefixes, read } = compiledRead(view, features);
  const rows: (StoredRow | null)[] = new Array(keys.length);
  for (let i = 0; i < keys.length; i++) rows[i] = readRow(environment, prefixes, read, keys[i] ?? null);
  return rows;
}

function readRow(environment: LmdbEnvironment, prefixes: ViewKeys, read: RowReader, key: KeyBytes | null): StoredRow | null {
  if (key === null) return null;
  if (key.length <= longestPlainKey) {
    const value = environment.get(prefixes.row, key);
    return value === undefined ? null : read(value, 0);
  }
  const value = environment.get(prefixes.longRow, hashKey(key));
  return value === undefined ? null : read(value, longRowOffset(value));
}

function readStates(
  environment: LmdbEnvironment,
  view: OnlineView,
  keys: readonly (KeyBytes | null)[],
  without?: string,
): (StoredState | null)[] {
  const prefixes = viewKeys(view);
  return keys.map((key) => {
    if (key === null) return null;
    const whole = directoryKey(prefixes, key);
    const directory = environment.get(noPrefix, whole);
    if (directory === undefined) return null;
    // A copy: reading the parts overwrites what was read.
    const { version, parts } = decodeDirectory(copyOf(directory));
    const prefix = partPrefix(whole);
    const read = new Map<StatePart, Uint8Array>();
    for (const name of parts) {
      const part: StatePart = asBuffer(name).toString("utf8");
      if (without !== undefined && part.startsWith(without)) continue;
      const value = environment.get(prefix, name);
      if (value !== undefined) read.set(part, copyOf(value));
    }
    return { version, parts: read, isPartial: without !== undefined };
  });
}

/** Directories of states from a whole key on, a page of them; their parts are skipped. */
function listDirectories(
  environment: LmdbEnvironment,
  start: Uint8Array,
  end: Uint8Array,
  after: boolean,
): { readonly key: Uint8Array; readonly value: Uint8Array }[] {
  const found: { readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
  let from = after ? afterState(start) : start;
  while (found.length < keysPerPage) {
    const [entry] = environment.entriesIn({ start: from, end, limit: 1 });
    if (entry === undefined) break;
    found.push(entry);
    from = afterState(entry.key);
  }
  return found;
}

interface PackedRow {
  readonly row: OnlineRow;
  readonly packed: Uint8Array;
  /** What follows the prefix. */
  readonly key: Uint8Array;
  readonly isLong: boolean;
}

/** Packs rows and sorts them by key: neighbours share pages, and rows of one key come together. */
function packRows(packer: RowPacker, rows: readonly OnlineRow[]): PackedRow[] {
  const packed = rows.map((row): PackedRow => {
    const isLong = row.key.length > longestPlainKey;
    return { row, packed: packer.pack(row), key: isLong ? hashKey(row.key) : row.key, isLong };
  });
  return packed.sort((a, b) => Number(a.isLong) - Number(b.isLong) || Buffer.compare(a.key, b.key));
}

/** Writes the rows that replace what is stored and returns how many keys changed. */
function writeRows(environment: LmdbEnvironment, view: OnlineView, packer: RowPacker, rows: readonly PackedRow[]): number {
  const prefixes = viewKeys(view);
  writeName(environment, view, prefixes.name);
  let written = 0;
  let lastWritten: Uint8Array | null = null;
  for (const { row, packed, key, isLong } of rows) {
    const prefix = isLong ? prefixes.longRow : prefixes.row;
    const stored = environment.get(prefix, key);
    if (stored !== undefined && !packer.replaces(row, packed, stored, isLong ? longRowOffset(stored) : 0)) continue;
    environment.put(prefix, key, isLong ? encodeLongRow(row.key, packed) : packed);
    if (lastWritten === null || Buffer.compare(lastWritten, key) !== 0) written++;
    lastWritten = key;
  }
  return written;
}

/** Writes tombstones over rows and over lower tombstones, and returns how many keys had a row. */
function writeTombstones(
  environment: LmdbEnvironment,
  view: OnlineView,
  tombstones: readonly OnlineTombstone[],
  keepLater: boolean,
): number {
  const prefixes = viewKeys(view);
  writeName(environment, view, prefixes.name);
  let removed = 0;
  for (const tombstone of tombstones) {
    const isLong = tombstone.key.length > longestPlainKey;
    const prefix = isLong ? prefixes.longRow : prefixes.row;
    const key = isLong ? hashKey(tombstone.key) : tombstone.key;
    const stored = environment.get(prefix, key);
    const offset = stored === undefined || !isLong ? 0 : longRowOffset(stored);
    if (stored !== undefined && !entombs(tombstone, stored, offset, keepLater)) continue;
    if (stored !== undefined && !isTombstone(stored, offset)) removed++;
    const packed = packTombstone(tombstone);
    environment.put(prefix, key, isLong ? encodeLongRow(tombstone.key, packed) : packed);
  }
  return removed;
}

/** Writes the states whose version still is the expected one and returns the indexes of the others. */
function writeStates(environment: LmdbEnvironment, view: OnlineView, writes: readonly StateWrite[]): number[] {
  const prefixes = viewKeys(view);
  writeName(environment, view, prefixes.name);
  const conflicts: number[] = [];
  writes.forEach((write, index) => {
    const whole = directoryKey(prefixes, write.key);
    const stored = environment.get(noPrefix, whole);
    const before = stored === undefined ? null : decodeDirectory(copyOf(stored));
    if ((before?.version ?? 0) === write.ifVersion) writeState(environment, whole, write, before);
    else conflicts.push(index);
  });
  return conflicts;
}

function writeState(environment: LmdbEnvironment, whole: Uint8Array, write: StateWrite, before: StateDirectory | null): void {
  const prefix = partPrefix(whole);
  const parts = new Map<StatePart, Uint8Array>((before?.parts ?? []).map((name) => [asBuffer(name).toString("utf8"), name]));
  for (const part of write.remove) {
    const name = parts.get(part);
    if (name === undefined) continue;
    environment.remove(prefix, name);
    parts.delete(part);
  }
  for (const [part, bytes] of write.set) {
    const name = parts.get(part) ?? partName(part);
    parts.set(part, name);
    environment.put(prefix, name, bytes);
  }
  // The number of the transaction was never a version before; a restored copy of a store may count from 1 again.
  const version = Math.max(environment.transactionNumber(), write.ifVersion + 1);
  const longKey = write.key.length > longestPlainKey ? write.key : null;
  environment.put(noPrefix, whole, encodeDirectory(version, [...parts.values()], longKey));
}

function deleteKeys(environment: LmdbEnvironment, view: OnlineView, keys: readonly KeyBytes[]): void {
  const prefixes = viewKeys(view);
  for (const key of keys) {
    if (key.length > longestPlainKey) environment.remove(prefixes.longRow, hashKey(key));
    else environment.remove(prefixes.row, key);
    const whole = directoryKey(prefixes, key);
    const directory = environment.get(noPrefix, whole);
    if (directory === undefined) continue;
    const prefix = partPrefix(whole);
    for (const name of decodeDirectory(copyOf(directory)).parts) environment.remove(prefix, name);
    environment.remove(noPrefix, whole);
  }
}

const removedAtOnce = 10_000;

/** Removes entries under a prefix, at most so many, and returns how many they were. */
function removeSome(environment: LmdbEnvironment, prefix: Uint8Array): number {
  const keys = environment.keysIn({ start: prefix, end: afterPrefix(prefix), limit: removedAtOnce });
  for (const key of keys) environment.remove(noPrefix, key);
  return keys.length;
}
