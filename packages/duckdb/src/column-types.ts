import { isMapKey, structType, type ValueType } from "@asof/core";
import { quoteName } from "./quote.ts";
import { arrayLengthOf, decimalOf, elementOf, fieldsOf, mapPartsOf } from "./type-text.ts";

/**
 * Families of DuckDB's column types. `other` holds what asof has no value type for (unions, intervals, bit strings): such columns
 * pass through a retrieval untouched but cannot be declared. JSON is text: it is what a `json` column comes from.
 */
export type ColumnFamily =
  | "bool"
  | "integer"
  | "float"
  | "decimal"
  | "text"
  | "bytes"
  | "instant"
  | "date"
  | "uuid"
  | "list"
  | "map"
  | "struct"
  | "null"
  | "other";

const integerTypes = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"];
const instantTypes = ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"];

/** The family of a type as DESCRIBE prints it. */
export function familyOf(type: string): ColumnFamily {
  if (type.endsWith("]")) return "list";
  if (type.startsWith("MAP(")) return "map";
  if (type.startsWith("STRUCT(")) return "struct";
  if (integerTypes.includes(type)) return "integer";
  if (instantTypes.includes(type)) return "instant";
  if (type.startsWith("DECIMAL")) return "decimal";
  if (type.startsWith("ENUM(")) return "text";
  switch (type) {
    case "BOOLEAN":
      return "bool";
    case "FLOAT":
    case "DOUBLE":
      return "float";
    case "VARCHAR":
    case "JSON":
      return "text";
    case "BLOB":
      return "bytes";
    case "DATE":
      return "date";
    case "UUID":
      return "uuid";
    case '"NULL"':
    case "NULL":
      return "null";
    default:
      return "other";
  }
}

/** The value type in which a column of DuckDB comes out: the narrowest that holds all its values; text for types without one. */
export function valueTypeOf(type: string): ValueType {
  switch (familyOf(type)) {
    case "bool":
      return { kind: "bool" };
    case "integer":
      return integerType(type);
    case "float":
      return { kind: type === "FLOAT" ? "float32" : "float64" };
    case "decimal":
      return { kind: "decimal", ...decimalOf(type) };
    case "bytes":
      return { kind: "bytes" };
    case "instant":
      return { kind: "timestamp" };
    case "date":
      return { kind: "date" };
    case "uuid":
      return { kind: "uuid" };
    case "list":
      return arrayLengthOf(type) !== null && elementOf(type) === "FLOAT"
        ? { kind: "vector", length: arrayLengthOf(type) ?? 0 }
        : { kind: "list", of: valueTypeOf(elementOf(type)) };
    case "map":
      return mapType(type);
    case "struct":
      return structType(fieldsOf(type).map((field) => ({ name: field.name, type: valueTypeOf(field.type), nullable: true })));
    default:
      return { kind: type === "JSON" ? "json" : "string" };
  }
}

/** A map with keys that JavaScript cannot tell apart by their values is a list of its pairs. */
function mapType(type: string): ValueType {
  const parts = mapPartsOf(type);
  const [key, value] = [valueTypeOf(parts.key), valueTypeOf(parts.value)];
  if (isMapKey(key)) return { kind: "map", key, value };
  const fields = [
    { name: "key", type: key, nullable: false },
    { name: "value", type: value, nullable: true },
  ];
  return { kind: "list", of: structType(fields) };
}

function integerType(type: string): ValueType {
  if (["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"].includes(type)) return { kind: "int32" };
  if (type === "BIGINT" || type === "UINTEGER") return { kind: "int64", as: "bigint" };
  return { kind: "decimal", precision: type === "UBIGINT" ? 20 : 38, scale: 0 };
}

/** DuckDB's type for the values of a declared type, as files and people see them. */
export function fileTypeOf(type: ValueType): string {
  switch (type.kind) {
    case "bool":
      return "BOOLEAN";
    case "int32":
      return "INTEGER";
    case "int64":
      return "BIGINT";
    case "float32":
      return "FLOAT";
    case "float64":
      return "DOUBLE";
    case "string":
      return "VARCHAR";
    case "bytes":
      return "BLOB";
    case "timestamp":
      return "TIMESTAMP WITH TIME ZONE";
    case "date":
      return "DATE";
    case "decimal":
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case "uuid":
      return "UUID";
    case "list":
    case "set":
      return `${fileTypeOf(type.of)}[]`;
    // Not FLOAT[n]: DuckDB 1.5.5 has no CASE over arrays, and writes both to Parquet as lists.
    case "vector":
      return "FLOAT[]";
    case "json":
      return "JSON";
    case "map":
      return `MAP(${fileTypeOf(type.key)}, ${fileTypeOf(type.value)})`;
    case "struct":
      return structText(type.fields.map((field) => ({ name: field.name, type: fileTypeOf(field.type) })));
  }
}

/**
 * The type in which a value lies in a program's tables: instants are BIGINT microseconds, json is text, a vector a list, and a map the
 * list of its pairs, which the client reads by columns; also within other types.
 */
export function storageTypeOf(type: ValueType): string {
  switch (type.kind) {
    case "timestamp":
      return "BIGINT";
    case "json":
      return "VARCHAR";
    case "vector":
      return "FLOAT[]";
    case "list":
    case "set":
      return `${storageTypeOf(type.of)}[]`;
    case "map":
      return `STRUCT("key" ${storageTypeOf(type.key)}, "value" ${storageTypeOf(type.value)})[]`;
    case "struct":
      return structText(type.fields.map((field) => ({ name: field.name, type: storageTypeOf(field.type) })));
    default:
      return fileTypeOf(type);
  }
}

function structText(fields: readonly { readonly name: string; readonly type: string }[]): string {
  return `STRUCT(${fields.map((field) => `${quoteName(field.name)} ${field.type}`).join(", ")})`;
}
