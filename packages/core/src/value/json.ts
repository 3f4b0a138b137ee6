import { normalizeValue } from "./normalize.ts";
import { formatInstant } from "./time.ts";
import type { Value, ValueType } from "./type.ts";

/** Data that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * A value as JSON, without loss: int64 as text where it is a bigint, bytes as base64, timestamps as ISO 8601, NaN and the
 * infinities as `"NaN"`, `"Infinity"`, `"-Infinity"`.
 */
export function valueToJson(type: ValueType, value: Value): Json {
  if (value === null) return null;
  if (type.kind === "list") return Array.isArray(value) ? value.map((element: Value) => valueToJson(type.of, element)) : null;
  if (type.kind === "timestamp") return formatInstant(Number(value));
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "object" ? null : value;
}

/**
 * Reads what {@link valueToJson} wrote, and what people write: whole numbers for int64 as numbers or text, timestamps also as
 * microseconds, and so on. Everything else is ASOF_VALUE_INVALID with the path.
 */
export function valueFromJson(type: ValueType, nullable: boolean, json: unknown, path: string): Value {
  return normalizeValue(type, nullable, fromJson(type, json), path);
}

function fromJson(type: ValueType, json: unknown): unknown {
  if (type.kind === "list") return Array.isArray(json) ? json.map((element: unknown) => fromJson(type.of, element)) : json;
  if (typeof json !== "string") return json;
  switch (type.kind) {
    case "int32":
    case "int64":
      return /^[+-]?[0-9]{1,20}$/.test(json) ? BigInt(json.replace(/^\+/, "")) : json;
    case "float32":
    case "float64":
      return json === "NaN" || json === "Infinity" || json === "-Infinity" ? Number(json) : json;
    case "bytes":
      return decodeBase64(json) ?? json;
    default:
      return json;
  }
}

/** Null where the text is not base64: Buffer would skip what it does not know. */
function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  return Buffer.from(bytes).toString("base64") === text ? bytes : null;
}

/**
 * Reads a value that was typed as text, on a command line or in a file without types: JSON's form without quotes, `null` for
 * null, `true`/`false`, numbers as they are written, lists as JSON. ASOF_VALUE_INVALID with the path otherwise.
 */
export function valueFromText(type: ValueType, text: string, path: string): Value {
  if (text === "null" && type.kind !== "string") return null;
  switch (type.kind) {
    case "bool":
      return normalizeValue(type, false, text === "true" ? true : text === "false" ? false : text, path);
    case "float32":
    case "float64": {
      const isNumber = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^NaN$|^-?Infinity$/.test(text);
      // A number too large for a double is refused below, as text: only "Infinity" means infinity.
      const overflows = isNumber && !Number.isFinite(Number(text)) && /[0-9]/.test(text);
      return normalizeValue(type, false, isNumber && !overflows ? Number(text) : text, path);
    }
    case "list":
      return valueFromJson(type, false, parseJson(text), path);
    default:
      return valueFromJson(type, false, text, path);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
