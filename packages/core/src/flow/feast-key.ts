import { normalizeValue } from "../value/normalize.ts";
import type { Value, ValueType } from "../value/type.ts";
import { asFeastRaises, pythonRepr } from "./feast-error.ts";

/**
 * One value of a join key as the SDK of Feast 0.67 takes it: Python's `int` and `str` make of it what the key's type wants, so that fractions
 * are cut, truth is 1, times are whole seconds and texts are read as integers. What is no single value, like NaN, is null. Its errors are Feast's.
 */
export function readKeyAsFeast(type: ValueType, value: unknown, path: string): Value {
  if (isNoScalar(value)) return null;
  switch (type.kind) {
    case "int32":
      return Number(readInteger(value, 32, path) ?? normalizeValue(type, true, value, path));
    case "int64": {
      const integer = readInteger(value, 64, path);
      if (integer === null) return normalizeValue(type, true, value, path);
      return type.as === "bigint" ? integer : normalizeValue(type, true, integer, path);
    }
    case "timestamp": {
      const seconds = value instanceof Date ? null : readInteger(value, 64, path);
      return normalizeValue(type, true, seconds === null ? value : Number(seconds) * 1_000_000, path);
    }
    case "bytes":
      if (!(value instanceof Uint8Array))
        throw refuse("AssertionError", `Type \`<class '${pythonType(value)}'>\` not in {<class 'bytes'>}`, path);
      return value;
    case "string":
      return normalizeValue(type, true, printAsPython(value), path);
    default:
      return normalizeValue(type, true, value, path);
  }
}

/** What Feast takes for a missing value: null, NaN, lists, mappings. */
function isNoScalar(value: unknown): boolean {
  if (value === null || value === undefined || Number.isNaN(value)) return true;
  return typeof value === "object" && !(value instanceof Uint8Array) && !(value instanceof Date);
}

/** Python's `int()`, within the bits of the type; null for what has no such form. */
function readInteger(value: unknown, bits: 32 | 64, path: string): bigint | null {
  const integer = toInteger(value, path);
  if (integer === null || BigInt.asIntN(bits, integer) === integer) return integer;
  throw refuse("ValueError", `Value out of range: ${integer}`, path);
}

function toInteger(value: unknown, path: string): bigint | null {
  switch (typeof value) {
    case "bigint":
      return value;
    case "boolean":
      return value ? 1n : 0n;
    case "number":
      if (!Number.isFinite(value)) throw refuse("OverflowError", "cannot convert float infinity to integer", path);
      return BigInt(Math.trunc(value));
    case "string":
      if (/^\s*[-+]?\d+(?:_\d+)*\s*$/.test(value)) return BigInt(value.trim().replace(/^\+/, "").replaceAll("_", ""));
      throw refuse("ValueError", `invalid literal for int() with base 10: ${pythonRepr(value)}`, path);
    default:
      return null;
  }
}

/** Python's `str()`. A number that is whole was an integer there. */
function printAsPython(value: unknown): unknown {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  // Python writes two digits of an exponent at least.
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

function pythonType(value: unknown): string {
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  return typeof value === "bigint" || Number.isInteger(value) ? "int" : "float";
}

function refuse(type: string, message: string, path: string): Error {
  return asFeastRaises("ASOF_REQUEST_INVALID", type, message, path);
}
