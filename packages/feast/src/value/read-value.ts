import { AsofError, compileNormalizer, compileStruct, type Value, type ValueComparison, type ValueType, valueComparison } from "@asof/core";
import {
  type Cursor,
  damaged,
  newCursor,
  readBool,
  readBytes,
  readDouble,
  readFields,
  readFloat,
  readInside,
  readInt32,
  readInt64,
  readInt64AsNumber,
  readSlice,
  readText,
  readVarint32,
  tagOf,
  wireType,
} from "../wire/cursor.ts";
import { convertFeastValue, convertScalar, missingField } from "./convert.ts";
import { feastTypeOf, feastTypes } from "./feast-type.ts";
import { secondsToDate, secondsToInstant } from "./instants.ts";
import { mapKeyField } from "./map-key.ts";
import { readFeastValue, readMapKey } from "./read-any.ts";

/** Field 1 of every collection's message and of a map's entry, field 2 of an entry. */
const elementTag = tagOf(1, wireType.delimited);
const mappedTag = tagOf(2, wireType.delimited);
const noBytes = new Uint8Array(0);

/** Reads what follows a member's tag. */
type Read = (cursor: Cursor) => Value;

/** How a type is read where it is stored under its own Feast type. */
interface ReadForm {
  readonly wire: number;
  readonly read: Read;
}

/**
 * Makes the function that reads Feast's `Value` as a value of a type; no bytes are null, and so is Feast's NaT. What was stored under
 * another of Feast's types is converted or refused by {@link convertFeastValue}. Damaged bytes are ASOF_STORE_FAILED. Not shared
 * between threads.
 * @param path names the value in errors, for example `view:feature`.
 */
export function compileFeastValueReader(type: ValueType, path = "The stored value"): (bytes: Uint8Array) => Value {
  const { wire, read } = readForm(type, path);
  const expected = tagOf(feastTypes[feastTypeOf(type)], wire);
  const cursor = newCursor();
  return (bytes) => {
    if (bytes.length === 0) return null;
    cursor.bytes = bytes;
    cursor.at = 0;
    cursor.end = bytes.length;
    if (readVarint32(cursor) === expected) {
      const value = read(cursor);
      if (cursor.at === bytes.length) return value;
    }
    return convertFeastValue(type, readFeastValue(bytes), path);
  };
}

function readForm(type: ValueType, path: string): ReadForm {
  switch (type.kind) {
    case "list":
      return delimited(feastTypeOf(type) === "VALUE_LIST" ? nestedReader(type.of, path) : flatReader(type.of, path));
    case "set":
      return delimited(setReader(type, path));
    case "vector":
      return delimited(vectorReader(type, path));
    case "map":
      return delimited(mapReader(type, path));
    case "struct":
      return delimited(structReader(type, path));
    default:
      return scalarForm(type, path);
  }
}

const delimited = (read: Read): ReadForm => ({ wire: wireType.delimited, read });

function scalarForm(type: ValueType, path: string): ReadForm {
  switch (type.kind) {
    case "bool":
      return { wire: wireType.varint, read: readBool };
    case "int32":
      return { wire: wireType.varint, read: readInt32 };
    case "int64":
      return { wire: wireType.varint, read: type.as === "bigint" ? readInt64 : (cursor) => checkSafe(readInt64AsNumber(cursor), path) };
    case "float32":
      // "+ 0" turns −0, which asof does not have, into 0.
      return { wire: wireType.fixed32, read: (cursor) => readFloat(cursor) + 0 };
    case "float64":
      return { wire: wireType.fixed64, read: (cursor) => readDouble(cursor) + 0 };
    case "timestamp":
      return { wire: wireType.varint, read: (cursor) => secondsToInstant(readInt64AsNumber(cursor), path) };
    case "date":
      return { wire: wireType.varint, read: (cursor) => secondsToDate(readInt64AsNumber(cursor), path) };
    case "string":
      return delimited(readText);
    case "bytes":
      return delimited(readBytes);
    default: {
      const normalize = compileNormalizer(type, true);
      return delimited((cursor) => normalize(readText(cursor), path));
    }
  }
}

function checkSafe(value: number, path: string): number {
  if (Number.isSafeInteger(value)) return value;
  throw new AsofError("ASOF_VALUE_INVALID", `${path} is ${value}, beyond ±(2^53 - 1), and cannot be a number.`, {
    path,
    value,
    fix: 'Declare the feature int64() without { as: "number" }.',
  });
}

/** Reads a list whose elements lie in a message of their own type; numbers may be packed or not. */
function flatReader(element: ValueType, path: string): (cursor: Cursor) => Value[] {
  const { wire, read } = readForm(element, path);
  const single = tagOf(1, wire);
  return (cursor) => {
    const values: Value[] = [];
    readInside(cursor, (list) =>
      readFields(list, (tag) => {
        if (tag === single) values.push(read(list));
        else if (tag === elementTag) {
          readInside(list, (packed) => {
            while (packed.at < packed.end) values.push(read(packed));
          });
        } else return false;
        return true;
      }),
    );
    return values;
  };
}

/** Reads a list of `Value`s. */
function nestedReader(element: ValueType, path: string): Read {
  const read = compileFeastValueReader(element, path);
  return (cursor) => {
    const values: Value[] = [];
    readInside(cursor, (list) =>
      readFields(list, (tag) => {
        if (tag !== elementTag) return false;
        values.push(read(readSlice(list)));
        return true;
      }),
    );
    return values;
  };
}

/** Feast keeps no order in sets; what asof wrote is in its own. */
function setReader(type: ValueType & { readonly kind: "set" }, path: string): Read {
  const read = flatReader(type.of, path);
  const compare = valueComparison(type.of);
  const normalize = compileNormalizer(type, false);
  return (cursor) => {
    const values = read(cursor);
    return values[0] !== null && isAscending(values, compare) ? values : normalize(values, path);
  };
}

function vectorReader(type: ValueType & { readonly kind: "vector" }, path: string): Read {
  const read = flatReader({ kind: "float32" }, path);
  const normalize = compileNormalizer(type, false);
  return (cursor) => {
    const values = read(cursor);
    return values.length === type.length ? values : normalize(values, path);
  };
}

function isAscending(values: readonly Value[], compare: ValueComparison): boolean {
  for (let i = 1; i < values.length; i++) if (compare(values[i - 1] ?? null, values[i] ?? null) >= 0) return false;
  return true;
}

function mapReader(type: ValueType & { readonly kind: "map" }, path: string): Read {
  const readKey = keyReader(type.key, path);
  const readMapped = compileFeastValueReader(type.value, path);
  const compare = valueComparison(type.key);
  return (cursor) => {
    const entries = new Map<Value, Value>();
    readEntries(cursor, readKey, (key, mapped) => entries.set(key ?? absentKey(type.key), readMapped(mapped)));
    return isAscending([...entries.keys()], compare) ? entries : new Map([...entries].sort(([a], [b]) => compare(a, b)));
  };
}

/** Protobuf leaves out an empty text; no other key may be absent. */
function absentKey(type: ValueType): string {
  if (type.kind === "string") return "";
  throw damaged("an entry of a map has no key");
}

/** Reads the entries of a map; the bytes of a value are given, not read. */
function readEntries(cursor: Cursor, readKey: Read, onEntry: (key: Value, value: Uint8Array) => void): void {
  readInside(cursor, (map) =>
    readFields(map, (tag) => {
      if (tag !== elementTag) return false;
      let key: Value = null;
      let value: Uint8Array = noBytes;
      readInside(map, (entry) =>
        readFields(entry, (entryTag) => {
          if (entryTag === elementTag) key = readKey(entry);
          else if (entryTag === mappedTag) value = readSlice(entry);
          else return false;
          return true;
        }),
      );
      onEntry(key, value);
      return true;
    }),
  );
}

function keyReader(type: ValueType, path: string): Read {
  if (type.kind === "string") return readText;
  const { wire, read } = scalarForm(type, path);
  const expected = tagOf(mapKeyField(type), wire);
  return (cursor) =>
    readInside(cursor, (key) => {
      const start = key.at;
      if (readVarint32(key) === expected) {
        const value = read(key);
        if (key.at === key.end) return value;
      }
      key.at = start;
      return convertScalar(type, readMapKey(key), path);
    });
}

function structReader(type: ValueType & { readonly kind: "struct" }, path: string): Read {
  const fields = new Map(
    type.fields.map((field, i) => [field.name, { i, read: compileFeastValueReader(field.type, `${path}.${field.name}`) }]),
  );
  const make = compileStruct(type.fields);
  return (cursor) => {
    const values: Value[] = new Array(type.fields.length).fill(null);
    readEntries(cursor, readText, (name, value) => {
      const field = fields.get(name === null ? "" : String(name));
      if (field !== undefined) values[field.i] = field.read(value);
    });
    for (const [i, field] of type.fields.entries()) if (values[i] === null && !field.nullable) return missingField(type, field.name, path);
    return make(values);
  };
}
