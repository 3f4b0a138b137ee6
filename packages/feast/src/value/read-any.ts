import { AsofError } from "@asof/core";
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
  readText,
  readVarint32,
  skipField,
  tagOf,
  wireType,
} from "../wire/cursor.ts";
import { type FeastTypeName, feastTypeName } from "./feast-type.ts";
import { mapKeyType } from "./map-key.ts";

/** A `Value` as it was stored, whatever its type: what tools show and conversions start from. Null is the empty `Value`. */
export type FeastValue = null | FeastScalar | FeastCollection | FeastMap;

export interface FeastScalar {
  readonly form: "scalar";
  readonly type: FeastTypeName;
  /** int64 and timestamps (in seconds) are bigints, other integers and floats numbers; uuid, decimal and JSON are text. */
  readonly value: boolean | number | bigint | string | Uint8Array;
}

/** A list or a set. */
export interface FeastCollection {
  readonly form: "collection";
  readonly type: FeastTypeName;
  readonly values: readonly FeastValue[];
}

/** A map or struct; Feast keeps no order of its entries. */
export interface FeastMap {
  readonly form: "map";
  readonly type: "MAP" | "STRUCT" | "SCALAR_MAP";
  readonly entries: readonly (readonly [key: FeastScalar, value: FeastValue])[];
}

/**
 * Reads a `Value` of any type. Damaged bytes are ASOF_STORE_FAILED; a value of a type that only a newer Feast has is
 * ASOF_STORE_VERSION, never null.
 */
export function readFeastValue(bytes: Uint8Array): FeastValue {
  const cursor = newCursor();
  cursor.bytes = bytes;
  cursor.end = bytes.length;
  return readValue(cursor);
}

/** Of several members the last one counts, as in every parser of protobuf. */
function readValue(cursor: Cursor): FeastValue {
  let value: FeastValue = null;
  let isKnown = true;
  while (cursor.at < cursor.end) {
    const tag = readVarint32(cursor);
    const name = feastTypeName(tag >>> 3);
    if (name === null || name === "INVALID") {
      isKnown = false;
      skipField(cursor, tag);
    } else {
      isKnown = true;
      value = readMember(cursor, name, tag);
    }
  }
  if (value === null && !isKnown)
    throw new AsofError("ASOF_STORE_VERSION", "A stored value has a type that this version does not know; a newer Feast wrote it.", {
      fix: "Upgrade asof, or read the feature with Feast.",
    });
  return value;
}

type ScalarRead = (cursor: Cursor) => FeastScalar["value"];

const scalarReads: Partial<Record<FeastTypeName, { readonly wire: number; readonly read: ScalarRead }>> = {
  BYTES: { wire: wireType.delimited, read: readBytes },
  STRING: { wire: wireType.delimited, read: readText },
  INT32: { wire: wireType.varint, read: readInt32 },
  INT64: { wire: wireType.varint, read: readInt64 },
  DOUBLE: { wire: wireType.fixed64, read: readDouble },
  FLOAT: { wire: wireType.fixed32, read: readFloat },
  BOOL: { wire: wireType.varint, read: readBool },
  UNIX_TIMESTAMP: { wire: wireType.varint, read: readInt64 },
  JSON: { wire: wireType.delimited, read: readText },
  UUID: { wire: wireType.delimited, read: readText },
  TIME_UUID: { wire: wireType.delimited, read: readText },
  DECIMAL: { wire: wireType.delimited, read: readText },
};

function readMember(cursor: Cursor, name: FeastTypeName, tag: number): FeastValue {
  const wire = tag & 7;
  const scalar = scalarReads[name];
  if (scalar !== undefined) {
    expectWire(name, wire, scalar.wire);
    return { form: "scalar", type: name, value: scalar.read(cursor) };
  }
  if (name === "NULL") {
    skipField(cursor, tag);
    return null;
  }
  expectWire(name, wire, wireType.delimited);
  switch (name) {
    case "MAP":
    case "STRUCT":
      return readInside(cursor, (inside) => readMap(inside, name));
    case "SCALAR_MAP":
      return readInside(cursor, readScalarMap);
    case "ZONED_TIMESTAMP":
      return { form: "scalar", type: name, value: readInside(cursor, readZonedSeconds) };
    case "MAP_LIST":
    case "STRUCT_LIST":
      return { form: "collection", type: name, values: readRepeated(cursor, (c) => readMap(c, name === "MAP_LIST" ? "MAP" : "STRUCT")) };
    case "VALUE_LIST":
    case "VALUE_SET":
      return { form: "collection", type: name, values: readRepeated(cursor, readValue) };
    default:
      return { form: "collection", type: name, values: readScalars(cursor, name.replace(/_(LIST|SET)$/, "") as FeastTypeName) };
  }
}

function expectWire(name: string, found: number, expected: number): void {
  if (found !== expected) throw damaged(`a value of type ${name} has wire type ${found}`);
}

/** Elements of a list of messages. */
function readRepeated(cursor: Cursor, read: (cursor: Cursor) => FeastValue): readonly FeastValue[] {
  const values: FeastValue[] = [];
  readInside(cursor, (list) =>
    readFields(list, (tag) => {
      if (tag !== tagOf(1, wireType.delimited)) return false;
      values.push(readInside(list, read));
      return true;
    }),
  );
  return values;
}

/** Elements of a list of scalars; numbers may be packed or not. */
function readScalars(cursor: Cursor, type: FeastTypeName): readonly FeastScalar[] {
  const scalar = scalarReads[type];
  if (scalar === undefined) throw damaged(`there are no collections of ${type}`);
  const values: FeastScalar[] = [];
  const readOne = (at: Cursor): void => {
    values.push({ form: "scalar", type, value: scalar.read(at) });
  };
  readInside(cursor, (list) =>
    readFields(list, (tag) => {
      if (tag === tagOf(1, scalar.wire)) readOne(list);
      else if (tag === tagOf(1, wireType.delimited)) {
        readInside(list, (packed) => {
          while (packed.at < packed.end) readOne(packed);
        });
      } else return false;
      return true;
    }),
  );
  return values;
}

function readMap(cursor: Cursor, type: "MAP" | "STRUCT"): FeastMap {
  const entries = new Map<string, FeastValue>();
  readFields(cursor, (tag) => {
    if (tag !== tagOf(1, wireType.delimited)) return false;
    const { key, value } = readInside(cursor, (entry) => readEntry(entry, readText));
    entries.set(key ?? "", value);
    return true;
  });
  return { form: "map", type, entries: [...entries].map(([key, value]) => [{ form: "scalar", type: "STRING", value: key }, value]) };
}

function readScalarMap(cursor: Cursor): FeastMap {
  const entries: (readonly [FeastScalar, FeastValue])[] = [];
  readFields(cursor, (tag) => {
    if (tag !== tagOf(1, wireType.delimited)) return false;
    const { key, value } = readInside(cursor, (entry) => readEntry(entry, (at) => readInside(at, readMapKey)));
    if (key === undefined) throw damaged("an entry of a map has no key");
    entries.push([key, value]);
    return true;
  });
  return { form: "map", type: "SCALAR_MAP", entries };
}

/** An entry of a map: key in field 1, value in field 2. */
function readEntry<K>(cursor: Cursor, readKey: (cursor: Cursor) => K): { key: K | undefined; value: FeastValue } {
  let key: K | undefined;
  let value: FeastValue = null;
  readFields(cursor, (tag) => {
    if (tag === tagOf(1, wireType.delimited)) key = readKey(cursor);
    else if (tag === tagOf(2, wireType.delimited)) value = readInside(cursor, readValue);
    else return false;
    return true;
  });
  return { key, value };
}

/** Reads a key of a map whose keys are not text. */
export function readMapKey(cursor: Cursor): FeastScalar {
  let key: FeastScalar | null = null;
  readFields(cursor, (tag) => {
    const type = mapKeyType(tag >>> 3);
    const scalar = type === null ? undefined : scalarReads[type];
    if (type === null || scalar === undefined) return false;
    expectWire(type, tag & 7, scalar.wire);
    key = { form: "scalar", type, value: scalar.read(cursor) };
    return true;
  });
  if (key === null) throw damaged("a key of a map is empty");
  return key;
}

/** The instant alone: its zone only says how Feast shows it. */
function readZonedSeconds(cursor: Cursor): bigint {
  let seconds = 0n;
  readFields(cursor, (tag) => {
    if (tag !== tagOf(1, wireType.varint)) return false;
    seconds = readInt64(cursor);
    return true;
  });
  return seconds;
}
