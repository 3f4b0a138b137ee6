import { AsofError, asBuffer, assert, type KeyBytes, type OnlineView, type StatePart, sha256Hex } from "@asof/core";

/**
 * Keys and values in LMDB. Every key begins with a layout byte:
 *
 *     00                                              format version of the store
 *     01  view id  generation                         names of what is stored: JSON
 *     10  view id  generation  key                    packed row
 *     11  view id  generation  hash of key            uint32 length of the key, the key, packed row
 *     20  view id  generation  uint16 length  key  suffix     state
 *     21  view id  generation  hash of key         suffix     state
 *
 * The view id is the first 8 bytes of SHA-256 over project and view name; generation is a big-endian uint32. A state's suffix is 00 for
 * its directory and 01 followed by the name for each part. Keys too long for LMDB (1,978 bytes with everything) go by their SHA-256.
 */
export const noPrefix: Uint8Array = new Uint8Array();
export const formatKey: Uint8Array = new Uint8Array([0x00]);
const formatVersion = 1;

const layoutName = 0x01;
const layoutRow = 0x10;
const layoutLongRow = 0x11;
const layoutState = 0x20;
const layoutLongState = 0x21;

const directorySuffix = 0x00;
const partSuffix = 0x01;
/** Greater than every suffix: where the next key's state begins at the earliest. */
const afterSuffixes = 0x02;

const prefixBytes = 13;

/** Entity keys up to this length are used as they are: with a prefix and the longest part's name they fit LMDB's 1,978 bytes. */
export const longestPlainKey = 1700;
/** UTF-8 bytes of the name of a part. */
const longestPartName = 255;

/** The prefixes of one generation of a view. */
export interface ViewKeys {
  readonly name: Uint8Array;
  readonly row: Uint8Array;
  readonly longRow: Uint8Array;
  readonly state: Uint8Array;
  readonly longState: Uint8Array;
}

const prefixes = new WeakMap<OnlineView, ViewKeys>();

/** Compiled once per view object. */
export function viewKeys(view: OnlineView): ViewKeys {
  let keys = prefixes.get(view);
  if (keys === undefined) {
    const id = sha256Hex(JSON.stringify([view.project, view.view])).slice(0, 16);
    const prefix = (layout: number): Uint8Array => {
      const bytes = Buffer.alloc(prefixBytes);
      bytes[0] = layout;
      bytes.write(id, 1, "hex");
      bytes.writeUInt32BE(view.generation, 9);
      return bytes;
    };
    keys = {
      name: prefix(layoutName),
      row: prefix(layoutRow),
      longRow: prefix(layoutLongRow),
      state: prefix(layoutState),
      longState: prefix(layoutLongState),
    };
    prefixes.set(view, keys);
  }
  return keys;
}

/** The least byte string greater than all that begin with a prefix. */
export function afterPrefix(prefix: Uint8Array): Uint8Array {
  const end = new Uint8Array(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i] ?? 0;
    if (byte < 255) {
      end[i] = byte + 1;
      return end.subarray(0, i + 1);
    }
  }
  throw new Error("assertion failed: a prefix begins with a layout byte below 255");
}

export function hashKey(key: KeyBytes): Uint8Array {
  return Buffer.from(sha256Hex(key), "hex");
}

/** The whole LMDB key of a state's directory. */
export function directoryKey(keys: ViewKeys, key: KeyBytes): Uint8Array {
  const isLong = key.length > longestPlainKey;
  const stem = isLong ? hashKey(key) : key;
  const stemAt = isLong ? prefixBytes : prefixBytes + 2;
  const whole = Buffer.allocUnsafe(stemAt + stem.length + 1);
  whole.set(isLong ? keys.longState : keys.state, 0);
  if (!isLong) whole.writeUInt16BE(key.length, prefixBytes);
  whole.set(stem, stemAt);
  whole[whole.length - 1] = directorySuffix;
  return whole;
}

/** What the keys of a state's parts begin with; their names follow. */
export function partPrefix(directory: Uint8Array): Uint8Array {
  return withLastByte(directory, partSuffix);
}

export function partName(part: StatePart): Uint8Array {
  const name = Buffer.from(part, "utf8");
  assert(name.length <= longestPartName, `the name of a state's part has ${name.length} bytes, more than ${longestPartName}`);
  return name;
}

/** The whole LMDB key from which the next state of a view is looked for, after the one whose directory has this key. */
export function afterState(directory: Uint8Array): Uint8Array {
  return withLastByte(directory, afterSuffixes);
}

function withLastByte(key: Uint8Array, byte: number): Uint8Array {
  const copy = Buffer.allocUnsafe(key.length);
  copy.set(key, 0);
  copy[key.length - 1] = byte;
  return copy;
}

/** Entity key in the whole LMDB key of a plain row. */
export function keyOfRow(whole: Uint8Array): KeyBytes {
  return new Uint8Array(whole.subarray(prefixBytes));
}

/** Entity key in the whole LMDB key of a plain state's directory. */
export function keyOfState(whole: Uint8Array): KeyBytes {
  return new Uint8Array(whole.subarray(prefixBytes + 2, whole.length - 1));
}

/** A long row's value: its key, then the packed row. */
export function encodeLongRow(key: KeyBytes, packed: Uint8Array): Uint8Array {
  const value = Buffer.allocUnsafe(4 + key.length + packed.length);
  value.writeUInt32LE(key.length, 0);
  value.set(key, 4);
  value.set(packed, 4 + key.length);
  return value;
}

/** Where the packed row begins in a long row's value. */
export function longRowOffset(value: Uint8Array): number {
  return 4 + asBuffer(value).readUInt32LE(0);
}

export function keyOfLongRow(value: Uint8Array): KeyBytes {
  return new Uint8Array(value.subarray(4, longRowOffset(value)));
}

/** What is stored under one key of a windowed view: its version, the names of its parts and, under a hashed key, the key itself. */
export interface StateDirectory {
  readonly version: number;
  /** Names in UTF-8. */
  readonly parts: readonly Uint8Array[];
  readonly longKey: KeyBytes;
}

/** Directory: version as float64, uint16 count of parts, for each its length and name, then the key if it is a long one. */
export function encodeDirectory(version: number, parts: readonly Uint8Array[], longKey: KeyBytes | null): Uint8Array {
  assert(parts.length <= 0xffff, `a state has ${parts.length} parts, more than 65535`);
  const size = 10 + parts.reduce((sum, name) => sum + 1 + name.length, 0);
  const bytes = Buffer.allocUnsafe(size + (longKey?.length ?? 0));
  bytes.writeDoubleLE(version, 0);
  bytes.writeUInt16LE(parts.length, 8);
  let at = 10;
  for (const name of parts) {
    bytes[at] = name.length;
    bytes.set(name, at + 1);
    at += 1 + name.length;
  }
  if (longKey !== null) bytes.set(longKey, at);
  return bytes;
}

/** The names refer to the bytes given. */
export function decodeDirectory(value: Uint8Array): StateDirectory {
  const bytes = asBuffer(value);
  const parts: Uint8Array[] = new Array(bytes.readUInt16LE(8));
  let at = 10;
  for (let i = 0; i < parts.length; i++) {
    const next = at + 1 + (bytes[at] ?? 0);
    parts[i] = bytes.subarray(at + 1, next);
    at = next;
  }
  return { version: bytes.readDoubleLE(0), parts, longKey: bytes.subarray(at, value.length) };
}

export function keyOfLongState(directory: Uint8Array): KeyBytes {
  return new Uint8Array(decodeDirectory(directory).longKey);
}

/** The record under {@link formatKey}. */
export function encodeFormat(): Uint8Array {
  return Buffer.from(JSON.stringify({ store: "asof online", format: formatVersion }), "utf8");
}

/** Checks the record under {@link formatKey}: ASOF_STORE_VERSION when a newer asof wrote it. */
export function checkFormat(record: Uint8Array, path: string): void {
  const format = readFormat(record);
  if (format === null) throw foreignStore(path);
  if (format <= formatVersion) return;
  throw new AsofError(
    "ASOF_STORE_VERSION",
    `The LMDB online store at ${path} has format ${format}; this version of asof reads up to ${formatVersion}.`,
    {
      path,
      value: format,
      fix: "Update asof here, or materialize into another folder.",
    },
  );
}

/** An LMDB store without that record, or with something else in its place. */
export function foreignStore(path: string): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `The LMDB store at ${path} was not made by asof.`, { path, fix: "Choose another folder." });
}

function readFormat(record: Uint8Array): number | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(record).toString("utf8"));
    if (typeof parsed !== "object" || parsed === null || !("store" in parsed) || parsed.store !== "asof online") return null;
    return "format" in parsed && typeof parsed.format === "number" ? parsed.format : null;
  } catch {
    return null;
  }
}
