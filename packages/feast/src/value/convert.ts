import { AsofError, compileStruct, normalizeValue, printType, printValue, type Value, type ValueKind, type ValueType } from "@asof/core";
import type { FeastTypeName } from "./feast-type.ts";
import { secondsToDate, secondsToInstant } from "./instants.ts";
import type { FeastScalar, FeastValue } from "./read-any.ts";

/**
 * Feast's types that are read as a kind of asof: those that mean the same. Numbers never become text nor text numbers, except for
 * decimals, which Feast keeps as text.
 */
const readableAs: Partial<Record<ValueKind, readonly FeastTypeName[]>> = {
  bool: ["BOOL"],
  int32: ["INT32", "INT64", "FLOAT", "DOUBLE"],
  int64: ["INT64", "INT32", "FLOAT", "DOUBLE"],
  float32: ["FLOAT", "DOUBLE", "INT32", "INT64"],
  float64: ["DOUBLE", "FLOAT", "INT32", "INT64"],
  string: ["STRING", "UUID", "TIME_UUID", "DECIMAL", "JSON"],
  bytes: ["BYTES"],
  timestamp: ["UNIX_TIMESTAMP", "ZONED_TIMESTAMP"],
  date: ["UNIX_TIMESTAMP", "ZONED_TIMESTAMP", "STRING"],
  decimal: ["DECIMAL", "STRING", "INT32", "INT64", "FLOAT", "DOUBLE"],
  uuid: ["UUID", "TIME_UUID", "STRING"],
  json: ["JSON", "STRING"],
};

/**
 * Reads a stored `Value` as a type that may not be the one it was written for, as after a change of a feature's type or where Feast
 * guessed the type. The types that are close enough are listed above; within them a value is taken as if a user had handed it over
 * ({@link normalizeValue}): whole floats are integers, integers must fit, float32 is rounded. Lists, sets and vectors are read as one
 * another, and so are maps and structs, whatever their elements are stored as; duplicates in sets fall together. A struct takes the
 * fields that it has: what else is stored is left out, and what is missing is null where that is allowed. Anything else is
 * ASOF_VALUE_INVALID.
 */
export function convertFeastValue(type: ValueType, value: FeastValue, path: string): Value {
  if (value === null) return null;
  switch (type.kind) {
    case "list":
      return elementsOf(type, type.of, value, path);
    case "set":
      return normalizeValue(type, false, elementsOf(type, type.of, value, path), path);
    case "vector":
      return normalizeValue(type, false, elementsOf(type, { kind: "float32" }, value, path), path);
    case "map":
      return convertMap(type, value, path);
    case "struct":
      return convertStruct(type, value, path);
    default:
      return value.form === "scalar" ? convertScalar(type, value, path) : refuse(type, value, path);
  }
}

function elementsOf(type: ValueType, element: ValueType, value: Exclude<FeastValue, null>, path: string): readonly Value[] {
  if (value.form !== "collection") return refuse(type, value, path);
  return value.values.map((each, i) => convertFeastValue(element, each, `${path}[${i}]`));
}

function convertMap(type: ValueType & { readonly kind: "map" }, value: Exclude<FeastValue, null>, path: string): Value {
  if (value.form !== "map") return refuse(type, value, path);
  const pairs = value.entries.map(([key, mapped]) => {
    const at = `${path}[${printValue(key.value)}]`;
    return [convertScalar(type.key, key, `the key ${at}`), convertFeastValue(type.value, mapped, at)];
  });
  return normalizeValue(type, false, pairs, path);
}

function convertStruct(type: ValueType & { readonly kind: "struct" }, value: Exclude<FeastValue, null>, path: string): Value {
  if (value.form !== "map") return refuse(type, value, path);
  const stored = new Map(value.entries.map(([key, mapped]) => [key.value, mapped]));
  const values = type.fields.map((field) => {
    const found = convertFeastValue(field.type, stored.get(field.name) ?? null, `${path}.${field.name}`);
    return found === null && !field.nullable ? missingField(type, field.name, path) : found;
  });
  return compileStruct(type.fields)(values);
}

/** A field that must have a value, and has none. */
export function missingField(type: ValueType, name: string, path: string): never {
  throw new AsofError("ASOF_VALUE_INVALID", `${path} has no field "${name}", which ${printType(type)} must have.`, {
    path: `${path}.${name}`,
    fix: "Declare the field nullable, or materialize the feature again.",
  });
}

/** {@link convertFeastValue} of a single value. */
export function convertScalar(type: ValueType, scalar: FeastScalar, path: string): Value {
  if (!readableAs[type.kind]?.includes(scalar.type)) return refuse(type, scalar, path);
  if (scalar.type === "UNIX_TIMESTAMP" || scalar.type === "ZONED_TIMESTAMP") {
    const seconds = Number(scalar.value);
    return type.kind === "date" ? secondsToDate(seconds, path) : secondsToInstant(seconds, path);
  }
  return normalizeValue(type, true, scalar.value, path);
}

function refuse(type: ValueType, value: Exclude<FeastValue, null>, path: string): never {
  throw new AsofError("ASOF_VALUE_INVALID", `${path} is stored as Feast's ${value.type}, which cannot be read as ${printType(type)}.`, {
    path,
    value: value.type,
    fix: "Declare the feature with the stored type, or materialize it again.",
  });
}
