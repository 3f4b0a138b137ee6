import { AsofError, ByteWriter, dateToDays, printType, type Value, type ValueType } from "@asof/core";
import { tagOf, wireType } from "../wire/cursor.ts";
import { writeDelimited, writeDouble, writeFloat, writeInt, writeVarint } from "../wire/write.ts";
import { feastTypeOf, feastTypes } from "./feast-type.ts";
import { daysToSeconds, instantToSeconds, NULL_SECONDS } from "./instants.ts";

const noBytes = new Uint8Array(0);

/** Field 1 of every list, set and map message. */
const elementTag = tagOf(1, wireType.delimited);

/** Appends a value that is not null. */
type Write = (writer: ByteWriter, value: Value) => void;

/**
 * Makes the function that writes values of a type as bytes of Feast's `Value`. Null is no bytes at all, as Feast writes it; NaN and
 * empty bytes, which Feast turns into null, are written as what they are. A timestamp must be a whole second, Feast's precision; a
 * finer one is ASOF_VALUE_INVALID. Lists that hold nulls, which Feast's lists cannot, become its lists of `Value`.
 * @param path names the value in errors, for example `view:feature`.
 */
export function compileFeastValueWriter(type: ValueType, path = "The value"): (value: Value) => Uint8Array {
  const write = valueWriter(type, path);
  const writer = new ByteWriter();
  return (value) => {
    if (value === null) return noBytes;
    writer.reset();
    write(writer, value);
    return writer.take();
  };
}

/** Writes the content of a `Value`: the tag of its member and what follows. */
function valueWriter(type: ValueType, path: string): Write {
  if (type.kind === "list") return listWriter(type.of, path);
  const { wire, write } = scalarForm(type, path);
  const tag = tagOf(feastTypes[feastTypeOf(type)], wire);
  return (writer, value) => {
    writeVarint(writer, tag);
    write(writer, value);
  };
}

interface ScalarForm {
  readonly wire: number;
  /** Appends the value without a tag. */
  readonly write: Write;
}

function scalarForm(type: ValueType, path: string): ScalarForm {
  switch (type.kind) {
    case "bool":
      return { wire: wireType.varint, write: (writer, value) => writer.writeByte(value === true ? 1 : 0) };
    case "int32":
    case "int64":
      return { wire: wireType.varint, write: (writer, value) => writeInt(writer, typeof value === "bigint" ? value : Number(value)) };
    case "float32":
      return { wire: wireType.fixed32, write: (writer, value) => writeFloat(writer, Number(value)) };
    case "float64":
      return { wire: wireType.fixed64, write: (writer, value) => writeDouble(writer, Number(value)) };
    case "timestamp":
      return { wire: wireType.varint, write: (writer, value) => writeInt(writer, instantToSeconds(Number(value), path)) };
    case "date":
      return { wire: wireType.varint, write: (writer, value) => writeInt(writer, daysToSeconds(dateToDays(String(value)) ?? 0)) };
    case "string":
    case "uuid":
    case "decimal":
      return { wire: wireType.delimited, write: (writer, value) => writeDelimited(writer, () => writer.writeText(String(value))) };
    case "bytes":
      return { wire: wireType.delimited, write: (writer, value) => writeDelimitedBytes(writer, value) };
    default:
      throw new AsofError("ASOF_COLUMN_TYPE", `${path} has the type ${printType(type)}, which is no scalar.`, { path });
  }
}

function writeDelimitedBytes(writer: ByteWriter, value: Value): void {
  const bytes = value instanceof Uint8Array ? value : noBytes;
  writeVarint(writer, bytes.length);
  writer.writeBytes(bytes);
}

function listWriter(element: ValueType, path: string): Write {
  if (element.kind === "list") return nestedListWriter(element, path);
  const nested = nestedListWriter(element, path);
  const flat = flatListWriter(element, path);
  // A null among timestamps has a form of its own, see NULL_SECONDS.
  if (element.kind === "timestamp" || element.kind === "date") return flat;
  return (writer, value) => (Array.isArray(value) && value.includes(null) ? nested(writer, value) : flat(writer, value));
}

function flatListWriter(element: ValueType, path: string): Write {
  const tag = tagOf(feastTypes[feastTypeOf({ kind: "list", of: element })], wireType.delimited);
  const { wire, write } = scalarForm(element, path);
  const writeElement: Write = (writer, value) => (value === null ? writeInt(writer, NULL_SECONDS) : write(writer, value));
  return (writer, value) => {
    const elements: readonly Value[] = Array.isArray(value) ? value : [];
    writeVarint(writer, tag);
    writeDelimited(writer, () => {
      if (wire === wireType.delimited) {
        for (const each of elements) {
          writer.writeByte(elementTag);
          write(writer, each);
        }
      } else if (elements.length > 0) {
        writer.writeByte(elementTag);
        writeDelimited(writer, () => {
          for (const each of elements) writeElement(writer, each);
        });
      }
    });
  };
}

function nestedListWriter(element: ValueType, path: string): Write {
  const tag = tagOf(feastTypes.VALUE_LIST, wireType.delimited);
  const write = valueWriter(element, path);
  return (writer, value) => {
    writeVarint(writer, tag);
    writeDelimited(writer, () => {
      for (const each of Array.isArray(value) ? value : []) {
        writer.writeByte(elementTag);
        writeDelimited(writer, () => {
          if (each !== null) write(writer, each);
        });
      }
    });
  };
}
