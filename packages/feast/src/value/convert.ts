import { AsofError, compileNormalizer, printType, type Value, type ValueKind, type ValueType } from "@asof/core";
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
};

/**
 * Reads a stored `Value` as a type that may not be the one it was written for, as after a change of a feature's type or where Feast
 * guessed the type. The types that are close enough are listed above; within them a value is taken as if a user had handed it over
 * ({@link compileNormalizer}): whole floats are integers, integers must fit, float32 is rounded. Lists are read as lists, whatever
 * their elements are stored as. Anything else is ASOF_VALUE_INVALID.
 */
export function convertFeastValue(type: ValueType, value: FeastValue, path: string): Value {
  if (value === null) return null;
  if (type.kind === "list")
    return value.form === "collection"
      ? value.values.map((each, i) => convertFeastValue(type.of, each, `${path}[${i}]`))
      : refuse(type, value, path);
  return value.form === "scalar" ? convertScalar(type, value, path) : refuse(type, value, path);
}

function convertScalar(type: ValueType, scalar: FeastScalar, path: string): Value {
  if (!readableAs[type.kind]?.includes(scalar.type)) return refuse(type, scalar, path);
  if (scalar.type === "UNIX_TIMESTAMP" || scalar.type === "ZONED_TIMESTAMP") {
    const seconds = Number(scalar.value);
    return type.kind === "date" ? secondsToDate(seconds, path) : secondsToInstant(seconds, path);
  }
  return compileNormalizer(type, true)(scalar.value, path);
}

function refuse(type: ValueType, value: Exclude<FeastValue, null>, path: string): never {
  throw new AsofError("ASOF_VALUE_INVALID", `${path} is stored as Feast's ${value.type}, which cannot be read as ${printType(type)}.`, {
    path,
    value: value.type,
    fix: "Declare the feature with the stored type, or materialize it again.",
  });
}
