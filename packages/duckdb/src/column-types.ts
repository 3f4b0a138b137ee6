import type { ValueType } from "@asof/core";

/**
 * Families of DuckDB's column types. `other` holds what asof has no value type for (structs, maps, intervals, bit strings): such
 * columns pass through a retrieval untouched but cannot be declared.
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
  | "null"
  | "other";

const integerTypes = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"];
const instantTypes = ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"];

/** The family of a type as DESCRIBE prints it. */
export function familyOf(type: string): ColumnFamily {
  if (type.endsWith("]")) return "list";
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

/** Element type of `BIGINT[]` or `BIGINT[3]`. */
export function elementOf(type: string): string {
  return type.slice(0, type.lastIndexOf("["));
}

/** Precision and scale of `DECIMAL(p,s)`. */
export function decimalOf(type: string): { readonly precision: number; readonly scale: number } {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  return { precision: Number(match?.[1] ?? 18), scale: Number(match?.[2] ?? 3) };
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
      return { kind: "list", of: valueTypeOf(elementOf(type)) };
    default:
      return { kind: "string" };
  }
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
      return `${fileTypeOf(type.of)}[]`;
  }
}

/** The type in which a value lies in a program's tables: instants are BIGINT microseconds, also in lists. */
export function storageTypeOf(type: ValueType): string {
  if (type.kind === "timestamp") return "BIGINT";
  return type.kind === "list" ? `${storageTypeOf(type.of)}[]` : fileTypeOf(type);
}
