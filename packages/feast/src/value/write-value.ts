import { AsofError, ByteWriter, dateToDays, fieldOf, isValueList, isValueMap, printType, type Value, type ValueType } from "@asof/core";
import { tagOf, wireType } from "../wire/cursor.ts";
import { writeDelimited, writeDouble, writeFloat, writeInt, writeVarint } from "../wire/write.ts";
import { feastTypeOf, feastTypes } from "./feast-type.ts";
import { daysToSeconds, instantToSeconds, NULL_SECONDS } from "./instants.ts";
import { mapKeyField } from "./map-key.ts";

const noBytes = new Uint8Array(0);
const noValues: readonly Value[] = [];

/** Field 1 of every collection's message and of a map's entry, field 2 of an entry. */
const elementTag = tagOf(1, wireType.delimited);
const mappedTag = tagOf(2, wireType.delimited);

/** Appends a value that is not null. */
type Write = (writer: ByteWriter, value: Value) => void;

/** How a type lies behind the tag of its member. */
interface WriteForm {
  readonly wire: number;
  readonly write: Write;
}

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
  const { wire, write } = writeForm(type, path);
  const tag = tagOf(feastTypes[feastTypeOf(type)], wire);
  const writeOwn: Write = (writer, value) => {
    writeVarint(writer, tag);
    write(writer, value);
  };
  // A null among timestamps has a form of its own, see NULL_SECONDS.
  if (type.kind !== "list" || feastTypeOf(type) === "VALUE_LIST" || isTime(type.of)) return writeOwn;
  const writeNested = nestedWriter(type.of, path);
  const nestedTag = tagOf(feastTypes.VALUE_LIST, wireType.delimited);
  return (writer, value) => {
    if (!elementsOf(value).includes(null)) {
      writeOwn(writer, value);
      return;
    }
    writeVarint(writer, nestedTag);
    writeNested(writer, value);
  };
}

function writeForm(type: ValueType, path: string): WriteForm {
  switch (type.kind) {
    case "list":
      return delimited(feastTypeOf(type) === "VALUE_LIST" ? nestedWriter(type.of, path) : flatWriter(type.of, path));
    case "set":
      return delimited(flatWriter(type.of, path));
    case "vector":
      return delimited(flatWriter({ kind: "float32" }, path));
    case "map":
      return delimited(mapWriter(type, path));
    case "struct":
      return delimited(structWriter(type, path));
    default:
      return scalarForm(type, path);
  }
}

const delimited = (write: Write): WriteForm => ({ wire: wireType.delimited, write });

function scalarForm(type: ValueType, path: string): WriteForm {
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
    case "json":
      return delimited(writeText);
    case "bytes":
      return delimited(writeBytes);
    default:
      throw new AsofError("ASOF_COLUMN_TYPE", `${path} has the type ${printType(type)}, which is no scalar.`, {
        path,
        fix: "Nest only what Feast has a value for: scalars, lists, sets, maps and structs of them.",
      });
  }
}

function writeText(writer: ByteWriter, value: Value): void {
  writeDelimited(writer, () => writer.writeText(String(value)));
}

function writeBytes(writer: ByteWriter, value: Value): void {
  const bytes = value instanceof Uint8Array ? value : noBytes;
  writeVarint(writer, bytes.length);
  writer.writeBytes(bytes);
}

function elementsOf(value: Value): readonly Value[] {
  return isValueList(value) ? value : noValues;
}

function isTime(type: ValueType): boolean {
  return type.kind === "timestamp" || type.kind === "date";
}

/** Writes a list or set whose elements lie in a message of their own type; numbers are packed. */
function flatWriter(element: ValueType, path: string): Write {
  const { wire, write } = writeForm(element, path);
  if (wire === wireType.delimited)
    return (writer, value) =>
      writeDelimited(writer, () => {
        for (const each of elementsOf(value)) {
          writer.writeByte(elementTag);
          write(writer, each);
        }
      });
  const writeElement: Write = isTime(element)
    ? (writer, value) => (value === null ? writeInt(writer, NULL_SECONDS) : write(writer, value))
    : write;
  return (writer, value) =>
    writeDelimited(writer, () => {
      const elements = elementsOf(value);
      if (elements.length === 0) return;
      writer.writeByte(elementTag);
      writeDelimited(writer, () => {
        for (const each of elements) writeElement(writer, each);
      });
    });
}

/** Writes a list whose elements are `Value`s, null an empty one. */
function nestedWriter(element: ValueType, path: string): Write {
  const write = innerWriter(element, path);
  return (writer, value) =>
    writeDelimited(writer, () => {
      for (const each of elementsOf(value)) {
        writer.writeByte(elementTag);
        write(writer, each);
      }
    });
}

/** Writes a `Value` inside another one, with its length. */
function innerWriter(type: ValueType, path: string): Write {
  const write = valueWriter(type, path);
  return (writer, value) => {
    if (value === null) writer.writeByte(0);
    else writeDelimited(writer, () => write(writer, value));
  };
}

function mapWriter(type: ValueType & { readonly kind: "map" }, path: string): Write {
  const writeKey = keyWriter(type.key, path);
  const writeMapped = innerWriter(type.value, path);
  return (writer, value) =>
    writeDelimited(writer, () => {
      if (!isValueMap(value)) return;
      for (const [key, mapped] of value) {
        writer.writeByte(elementTag);
        writeDelimited(writer, () => {
          writer.writeByte(elementTag);
          writeKey(writer, key);
          writer.writeByte(mappedTag);
          writeMapped(writer, mapped);
        });
      }
    });
}

/** Text lies in an entry as it is, other keys in a message `MapKey`. */
function keyWriter(type: ValueType, path: string): Write {
  if (type.kind === "string") return writeText;
  const { wire, write } = scalarForm(type, path);
  const tag = tagOf(mapKeyField(type), wire);
  return (writer, value) =>
    writeDelimited(writer, () => {
      writeVarint(writer, tag);
      write(writer, value);
    });
}

/** A struct is a map of its fields' names, all of them. */
function structWriter(type: ValueType & { readonly kind: "struct" }, path: string): Write {
  const fields = type.fields.map((field) => ({ name: field.name, write: innerWriter(field.type, `${path}.${field.name}`) }));
  return (writer, value) =>
    writeDelimited(writer, () => {
      for (const { name, write } of fields) {
        writer.writeByte(elementTag);
        writeDelimited(writer, () => {
          writer.writeByte(elementTag);
          writeText(writer, name);
          writer.writeByte(mappedTag);
          write(writer, fieldOf(value, name));
        });
      }
    });
}
