import { AsofError, printType, type ValueType } from "@asof/core";

/** `feast.types.ValueType.Enum`. A type's number is also the number of the field of `Value` that holds its values. */
export const feastTypes = {
  INVALID: 0,
  BYTES: 1,
  STRING: 2,
  INT32: 3,
  INT64: 4,
  DOUBLE: 5,
  FLOAT: 6,
  BOOL: 7,
  UNIX_TIMESTAMP: 8,
  BYTES_LIST: 11,
  STRING_LIST: 12,
  INT32_LIST: 13,
  INT64_LIST: 14,
  DOUBLE_LIST: 15,
  FLOAT_LIST: 16,
  BOOL_LIST: 17,
  UNIX_TIMESTAMP_LIST: 18,
  NULL: 19,
  MAP: 20,
  MAP_LIST: 21,
  BYTES_SET: 22,
  STRING_SET: 23,
  INT32_SET: 24,
  INT64_SET: 25,
  DOUBLE_SET: 26,
  FLOAT_SET: 27,
  BOOL_SET: 28,
  UNIX_TIMESTAMP_SET: 29,
  JSON: 32,
  JSON_LIST: 33,
  STRUCT: 34,
  STRUCT_LIST: 35,
  UUID: 36,
  TIME_UUID: 37,
  UUID_LIST: 38,
  TIME_UUID_LIST: 39,
  UUID_SET: 40,
  TIME_UUID_SET: 41,
  VALUE_LIST: 42,
  VALUE_SET: 43,
  DECIMAL: 44,
  DECIMAL_LIST: 45,
  DECIMAL_SET: 46,
  SCALAR_MAP: 47,
  ZONED_TIMESTAMP: 48,
} as const;

export type FeastTypeName = keyof typeof feastTypes;

/** Feast's types of single values that asof has as well. */
export type FeastScalarName = "BYTES" | "STRING" | "INT32" | "INT64" | "DOUBLE" | "FLOAT" | "BOOL" | "UNIX_TIMESTAMP" | "UUID" | "DECIMAL";

const names = new Map<number, FeastTypeName>(Object.entries(feastTypes).map(([name, number]) => [number, name as FeastTypeName]));

/** The name of a type's number; null for numbers of a newer Feast. */
export function feastTypeName(number: number): FeastTypeName | null {
  return names.get(number) ?? null;
}

/**
 * The Feast type under which values of a type are stored. A date, which Feast lacks, is the UNIX_TIMESTAMP of its midnight in UTC,
 * as Feast's own SDK takes dates; a vector is a list of floats. Lists and sets whose elements have no collection of their own in
 * Feast are those of `Value`.
 */
export function feastTypeOf(type: ValueType): FeastTypeName {
  switch (type.kind) {
    case "list":
      return listTypeOf(feastTypeOf(type.of), type.of.kind === "vector");
    case "set":
      return `${feastScalarOf(type.of)}_SET`;
    case "map":
      return type.key.kind === "string" ? "MAP" : "SCALAR_MAP";
    case "struct":
      return "STRUCT";
    case "json":
      return "JSON";
    case "vector":
      return "FLOAT_LIST";
    default:
      return feastScalarOf(type);
  }
}

/** {@link feastTypeOf} of single values; ASOF_COLUMN_TYPE for others. */
export function feastScalarOf(type: ValueType): FeastScalarName {
  switch (type.kind) {
    case "bool":
      return "BOOL";
    case "int32":
      return "INT32";
    case "int64":
      return "INT64";
    case "float32":
      return "FLOAT";
    case "float64":
      return "DOUBLE";
    case "string":
      return "STRING";
    case "bytes":
      return "BYTES";
    case "timestamp":
    case "date":
      return "UNIX_TIMESTAMP";
    case "decimal":
      return "DECIMAL";
    case "uuid":
      return "UUID";
    default:
      throw new AsofError("ASOF_COLUMN_TYPE", `Feast has no type of single values for ${printType(type)}.`, {
        fix: "Use a scalar here, or an online store with asof's own layout.",
      });
  }
}

/** Types of Feast that have a list of their own. */
const listedTypes: ReadonlySet<string> = new Set(
  Object.keys(feastTypes).flatMap((name) => (name.endsWith("_LIST") ? [name.slice(0, -5)] : [])),
);

function listTypeOf(element: FeastTypeName, isVector: boolean): FeastTypeName {
  const name = `${element}_LIST`;
  return !isVector && listedTypes.has(element) && isTypeName(name) ? name : "VALUE_LIST";
}

function isTypeName(name: string): name is FeastTypeName {
  return Object.hasOwn(feastTypes, name);
}
