import { AsofError, compileStruct, daysToDate, type StructField, unscaledToDecimal, type Value, type ValueType } from "@asof/core";
import {
  DuckDBBlobVector,
  DuckDBDateVector,
  DuckDBDecimalValue,
  DuckDBListVector,
  DuckDBStructVector,
  type DuckDBVector,
} from "@duckdb/node-api";

/** Reads a value of a vector: its JavaScript form, or null. */
export type VectorReader = (row: number) => Value;

/**
 * A reader over a vector of the engine that holds values in the storage form of a type (instants as BIGINT microseconds). Nothing
 * is copied, so the reader lives as long as the vector's batch.
 */
export function readVector(vector: DuckDBVector, type: ValueType, column: string): VectorReader {
  switch (type.kind) {
    case "bool":
    case "int32":
    case "float32":
    case "float64":
    case "string":
    case "json":
      return scalarReader(vector);
    case "int64":
      return type.as === "bigint" ? bigintReader(vector) : safeNumberReader(vector, column);
    case "timestamp":
      return instantReader(vector);
    case "bytes":
      return bytesReader(vector);
    case "date":
      return dateReader(vector);
    case "decimal":
      return decimalReader(vector, type.scale);
    case "uuid":
      return (row) => textOf(vector.getItem(row));
    case "list":
    case "set":
      return listReader(vector, type.of, column);
    case "vector":
      return listReader(vector, { kind: "float32" }, column);
    case "map":
      return mapReader(vector, type, column);
    case "struct":
      return structReader(vector, type.fields, column);
  }
}

function textOf(item: unknown): string | null {
  return item === null || item === undefined ? null : String(item);
}

function scalarReader(vector: DuckDBVector): VectorReader {
  return (row) => {
    const item: unknown = vector.getItem(row);
    return typeof item === "number" || typeof item === "boolean" || typeof item === "string" ? item : textOf(item);
  };
}

function bigintReader(vector: DuckDBVector): VectorReader {
  return (row) => {
    const item: unknown = vector.getItem(row);
    return typeof item === "bigint" ? item : item === null || item === undefined ? null : BigInt(Number(item));
  };
}

function safeNumberReader(vector: DuckDBVector, column: string): VectorReader {
  return (row) => {
    const item: unknown = vector.getItem(row);
    if (item === null || item === undefined) return null;
    const value = Number(item);
    if (Number.isSafeInteger(value)) return value;
    throw new AsofError("ASOF_VALUE_INVALID", `Column "${column}" holds ${String(item)}, which a JavaScript number cannot hold exactly.`, {
      path: column,
      value: item,
      fix: 'Declare it as int64() without `as: "number"`.',
    });
  };
}

function instantReader(vector: DuckDBVector): VectorReader {
  return (row) => {
    const item: unknown = vector.getItem(row);
    return item === null || item === undefined ? null : Number(item);
  };
}

function bytesReader(vector: DuckDBVector): VectorReader {
  return (row) => {
    const bytes = vector instanceof DuckDBBlobVector ? vector.getItemBytes(row) : null;
    // Short values lie inside the engine's vector, which the next batch overwrites.
    return bytes === null ? null : Uint8Array.from(bytes);
  };
}

function dateReader(vector: DuckDBVector): VectorReader {
  return (row) => {
    const item = vector instanceof DuckDBDateVector ? vector.getItem(row) : null;
    return item === null ? null : daysToDate(item.days);
  };
}

function decimalReader(vector: DuckDBVector, scale: number): VectorReader {
  return (row) => {
    const item: unknown = vector.getItem(row);
    return item instanceof DuckDBDecimalValue ? unscaledToDecimal(item.value, scale) : textOf(item);
  };
}

function listReader(vector: DuckDBVector, element: ValueType, column: string): VectorReader {
  if (!(vector instanceof DuckDBListVector)) return () => null;
  const read = readVector(vector.childVector, element, column);
  return (row) => {
    if (vector.getItemVector(row) === null) return null;
    const offset = vector.getEntryOffset(row);
    return Array.from({ length: vector.getEntryLength(row) }, (_, i) => read(offset + i));
  };
}

/** A map is stored as the list of its pairs, in the order of its keys. */
function mapReader(vector: DuckDBVector, type: ValueType & { readonly kind: "map" }, column: string): VectorReader {
  if (!(vector instanceof DuckDBListVector)) return () => null;
  const pairs = vector.childVector;
  if (!(pairs instanceof DuckDBStructVector)) return () => null;
  const readKey = readVector(pairs.entryVectorAt(0), type.key, column);
  const readMapped = readVector(pairs.entryVectorAt(1), type.value, column);
  return (row) => {
    if (vector.getItemVector(row) === null) return null;
    const offset = vector.getEntryOffset(row);
    return new Map(
      Array.from({ length: vector.getEntryLength(row) }, (_, i): [Value, Value] => [readKey(offset + i), readMapped(offset + i)]),
    );
  };
}

function structReader(vector: DuckDBVector, fields: readonly StructField[], column: string): VectorReader {
  if (!(vector instanceof DuckDBStructVector)) return () => null;
  const readers = fields.map((field, i) => readVector(vector.entryVectorAt(i), field.type, column));
  const make = compileStruct(fields);
  return (row) => (vector.isItemValid(row) ? make(readers.map((read) => read(row))) : null);
}
