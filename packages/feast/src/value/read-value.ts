import { AsofError, asBuffer, compileNormalizer, type Value, type ValueType } from "@asof/core";
import {
  type Cursor,
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
  readText,
  readVarint32,
  tagOf,
  wireType,
} from "../wire/cursor.ts";
import { convertFeastValue } from "./convert.ts";
import { feastTypeOf, feastTypes } from "./feast-type.ts";
import { secondsToDate, secondsToInstant } from "./instants.ts";
import { readFeastValue } from "./read-any.ts";

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
    cursor.buffer = asBuffer(bytes);
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
      return { wire: wireType.delimited, read: readText };
    case "bytes":
      return { wire: wireType.delimited, read: readBytes };
    case "list":
      return { wire: wireType.delimited, read: listReader(type.of, path) };
    default: {
      const normalize = compileNormalizer(type, true);
      return { wire: wireType.delimited, read: (cursor) => normalize(readText(cursor), path) };
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

function listReader(element: ValueType, path: string): Read {
  const each = elementReader(element, path);
  return (cursor) => {
    const values: Value[] = [];
    readInside(cursor, (list) => readFields(list, (tag) => each(list, tag, values)));
    return values;
  };
}

/** Reads a field of a list into `values`; false of fields that are not elements. */
function elementReader(element: ValueType, path: string): (cursor: Cursor, tag: number, values: Value[]) => boolean {
  const delimited = tagOf(1, wireType.delimited);
  if (element.kind === "list") {
    const readElement = nestedReader(element, path);
    return (cursor, tag, values) => {
      if (tag !== delimited) return false;
      values.push(readElement(cursor));
      return true;
    };
  }
  const { wire, read } = readForm(element, path);
  const single = tagOf(1, wire);
  return (cursor, tag, values) => {
    if (tag === delimited && wire !== wireType.delimited) {
      readInside(cursor, (packed) => {
        while (packed.at < packed.end) values.push(read(packed));
      });
      return true;
    }
    if (tag !== single) return false;
    values.push(read(cursor));
    return true;
  };
}

/** Reads a `Value` inside another one. */
function nestedReader(type: ValueType, path: string): Read {
  const readNested = compileFeastValueReader(type, path);
  return (cursor) => readNested(readBytes(cursor));
}
