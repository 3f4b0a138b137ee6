import { AsofError, asBuffer, ByteWriter, compareText, printType, type Value, type ValueType } from "@asof/core";
import { feastScalarOf, feastTypes } from "../value/feast-type.ts";
import { instantToSeconds, secondsToInstant } from "../value/instants.ts";

/** A part of an entity key: the join key's name and the type of its values. */
export interface FeastJoinKey {
  readonly name: string;
  readonly type: ValueType;
}

/** Join key, its value and entity that Feast gives to views without entities. */
export const entityless = { joinKey: "__dummy_id", value: "", entity: "__dummy" } as const;

/** Appends type, length and bytes of a value that is not null. */
type WritePart = (writer: ByteWriter, value: Value) => void;

/**
 * Makes the function that writes entity keys in version 3 of Feast's form, the one that Feast writes today: the number of join keys,
 * their names, and their values with type and length, all sorted by name in code-point order. Null when any part is null: no row has
 * such a key. Types that Feast refuses (bool, float32, float64, decimal, uuid, date, lists, …) are ASOF_COLUMN_TYPE and a name
 * given twice is ASOF_NAME_DUPLICATE, both when the function is made. A timestamp finer than Feast's seconds is ASOF_VALUE_INVALID.
 * @param keys in the order of the values; no keys give the key of four zero bytes.
 */
export function compileFeastKeyEncoder(keys: readonly FeastJoinKey[]): (values: readonly Value[]) => Uint8Array | null {
  const order = sortedOrder(keys);
  const head = feastKeyPrefix(keys.map(({ name }) => name));
  const parts = order.map((index) => ({ index, write: partWriter(keys[index]) }));
  const writer = new ByteWriter();
  writer.writeBytes(head);
  return (values) => {
    writer.length = head.length;
    for (const { index, write } of parts) {
      const value = values[index] ?? null;
      if (value === null) return null;
      write(writer, value);
    }
    return writer.take();
  };
}

/** What all keys of these names begin with: for scans. */
export function feastKeyPrefix(names: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  writeUint32(writer, names.length);
  for (const name of [...names].sort(compareText)) {
    writeUint32(writer, feastTypes.STRING);
    writeText(writer, name);
  }
  return writer.take();
}

/**
 * Makes the inverse of {@link compileFeastKeyEncoder}. A key of other names or types is ASOF_STORE_FAILED: it was not made of these
 * keys.
 */
export function compileFeastKeyDecoder(keys: readonly FeastJoinKey[]): (bytes: Uint8Array) => Value[] {
  const order = sortedOrder(keys);
  const head = asBuffer(feastKeyPrefix(keys.map(({ name }) => name)));
  const readers = order.map((index) => ({ index, read: partReader(keys[index]) }));
  return (bytes) => {
    const buffer = asBuffer(bytes);
    if (buffer.compare(head, 0, head.length, 0, Math.min(head.length, buffer.length)) !== 0)
      throw foreignKey(`it does not begin with the join keys ${keys.map(({ name }) => name).join(", ")}`);
    const cursor = { at: head.length };
    const values: Value[] = new Array(keys.length).fill(null);
    for (const { index, read } of readers) values[index] = read(buffer, cursor);
    if (cursor.at !== buffer.length) throw foreignKey(`it has ${buffer.length - cursor.at} bytes too many`);
    return values;
  };
}

/** Join keys by code point, as Python sorts text; JavaScript's own order differs beyond the basic plane. */
function sortedOrder(keys: readonly FeastJoinKey[]): readonly number[] {
  const order = keys.map((_, i) => i).sort((a, b) => compareText(keys[a]?.name ?? "", keys[b]?.name ?? ""));
  for (const [i, index] of order.entries()) {
    const name = keys[index]?.name ?? "";
    if (i > 0 && name === keys[order[i - 1] ?? 0]?.name)
      throw new AsofError("ASOF_NAME_DUPLICATE", `Two parts of an entity key have the name ${name}.`, {
        path: name,
        fix: "Give each join key a name of its own.",
      });
  }
  return order;
}

/** Writes the bytes of a key part's value. */
const partForms: Partial<Record<ValueType["kind"], (path: string) => WritePart>> = {
  string: () => (writer, value) => writeText(writer, String(value)),
  bytes: () => (writer, value) => {
    const bytes = value instanceof Uint8Array ? value : new Uint8Array();
    writeUint32(writer, bytes.length);
    writer.writeBytes(bytes);
  },
  int32: () => (writer, value) => {
    writeUint32(writer, 4);
    writeUint32(writer, Number(value) >>> 0);
  },
  int64: () => (writer, value) => writeLong(writer, BigInt(typeof value === "bigint" ? value : Number(value))),
  timestamp: (path) => (writer, value) => writeLong(writer, BigInt(instantToSeconds(Number(value), path))),
};

/** Whether Feast takes a type as part of an entity key. */
function isFeastKeyType(type: ValueType): boolean {
  return partForms[type.kind] !== undefined;
}

function partWriter(key: FeastJoinKey | undefined): WritePart {
  const form = key === undefined ? undefined : partForms[key.type.kind];
  if (key === undefined || form === undefined) throw refusedType(key);
  const number = feastTypes[feastScalarOf(key.type)];
  const write = form(key.name);
  return (writer, value) => {
    writeUint32(writer, number);
    write(writer, value);
  };
}

function refusedType(key: FeastJoinKey | undefined): AsofError {
  return new AsofError(
    "ASOF_COLUMN_TYPE",
    `The join key ${key?.name} has the type ${key === undefined ? "" : printType(key.type)}, which Feast does not take in entity keys.`,
    {
      path: key?.name ?? "",
      fix: "Use string, bytes, int32, int64 or a timestamp of whole seconds, or an online store with asof's own layout.",
    },
  );
}

type ReadPart = (buffer: Buffer, cursor: { at: number }) => Value;

function partReader(key: FeastJoinKey | undefined): ReadPart {
  if (key === undefined || !isFeastKeyType(key.type)) throw refusedType(key);
  const { name, type } = key;
  const number = feastTypes[feastScalarOf(type)];
  return (buffer, cursor) => {
    if (cursor.at + 8 > buffer.length) throw foreignKey(`it ends before the value of ${name}`);
    const [found, length] = [buffer.readUInt32LE(cursor.at), buffer.readUInt32LE(cursor.at + 4)];
    const start = cursor.at + 8;
    const end = start + length;
    if (found !== number) throw foreignKey(`the value of ${name} has Feast's type ${found}, not ${number}`);
    if (end > buffer.length) throw foreignKey(`it ends inside the value of ${name}`);
    cursor.at = end;
    return readPart(type, buffer, start, end, name);
  };
}

function readPart(type: ValueType, buffer: Buffer, start: number, end: number, name: string): Value {
  if (type.kind === "string") return buffer.toString("utf8", start, end);
  if (type.kind === "bytes") return new Uint8Array(buffer.subarray(start, end));
  const size = type.kind === "int32" ? 4 : 8;
  if (end - start !== size) throw foreignKey(`the value of ${name} has ${end - start} bytes, not ${size}`);
  if (type.kind === "int32") return buffer.readInt32LE(start);
  const value = buffer.readBigInt64LE(start);
  if (type.kind === "timestamp") return secondsToInstant(Number(value), name);
  if (type.kind !== "int64" || type.as === "bigint") return value;
  if (Number.isSafeInteger(Number(value))) return Number(value);
  throw new AsofError("ASOF_VALUE_INVALID", `${name} is ${value}, beyond ±(2^53 - 1), and cannot be a number.`, {
    path: name,
    value,
    fix: 'Declare the key int64() without { as: "number" }.',
  });
}

function foreignKey(why: string): AsofError {
  return new AsofError("ASOF_STORE_FAILED", `Stored bytes are not a key of this entity: ${why}.`, {
    fix: "Restore what was stored, or write it again.",
  });
}

function writeUint32(writer: ByteWriter, value: number): void {
  const at = writer.reserve(4);
  writer.buffer.writeUInt32LE(value, at);
}

function writeLong(writer: ByteWriter, value: bigint): void {
  writeUint32(writer, 8);
  const at = writer.reserve(8);
  writer.buffer.writeBigInt64LE(value, at);
}

function writeText(writer: ByteWriter, text: string): void {
  const at = writer.reserve(4);
  const length = writer.writeText(text);
  writer.buffer.writeUInt32LE(length, at);
}
