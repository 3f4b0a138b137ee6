import { normalizeValue } from "./normalize.ts";
import { fieldOf, isValueList, isValueMap } from "./struct.ts";
import { formatInstant } from "./time.ts";
import type { StructField, Value, ValueType } from "./type.ts";

/** Data that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * A value as JSON, without loss: int64 as text where it is a bigint, bytes as base64, timestamps as ISO 8601, NaN and the
 * infinities as `"NaN"`, `"Infinity"`, `"-Infinity"`; sets and vectors as arrays; a map as an object whose names are its keys in this
 * form; a struct as an object; json as its text.
 */
export function valueToJson(type: ValueType, value: Value): Json {
  if (value === null) return null;
  switch (type.kind) {
    case "list":
    case "set":
      return isValueList(value) ? value.map((element) => valueToJson(type.of, element)) : null;
    case "vector":
      return isValueList(value) ? value.map((element) => valueToJson(float32, element)) : null;
    case "map":
      return isValueMap(value)
        ? Object.fromEntries([...value].map(([key, mapped]) => [String(valueToJson(type.key, key)), valueToJson(type.value, mapped)]))
        : null;
    case "struct":
      return Object.fromEntries(type.fields.map(({ name, type: of }) => [name, valueToJson(of, fieldOf(value, name))]));
    case "timestamp":
      return formatInstant(Number(value));
    default:
      return scalarToJson(value);
  }
}

function scalarToJson(value: Value): Json {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "object" ? null : value;
}

/**
 * Reads what {@link valueToJson} wrote, and what people write: whole numbers for int64 as numbers or text, timestamps also as
 * microseconds, maps also as arrays of pairs, json also as the data itself where that is no text, and so on. Everything else is
 * ASOF_VALUE_INVALID with the path.
 */
export function valueFromJson(type: ValueType, nullable: boolean, json: unknown, path: string): Value {
  return normalizeValue(type, nullable, fromJson(type, json), path);
}

function fromJson(type: ValueType, json: unknown): unknown {
  switch (type.kind) {
    case "list":
    case "set":
      return Array.isArray(json) ? json.map((element: unknown) => fromJson(type.of, element)) : json;
    case "vector":
      return Array.isArray(json) ? json.map((element: unknown) => fromJson(float32, element)) : json;
    case "map":
      return mapFromJson(type.key, type.value, json);
    case "struct":
      return structFromJson(type.fields, json);
    case "json":
      return json === null || json === undefined || typeof json === "string" ? json : printData(json);
    default:
      return typeof json === "string" ? scalarFromJson(type, json) : json;
  }
}

/** JSON text of data, integers that were read as bigint with all their digits. */
function printData(data: unknown): string {
  if (typeof data === "bigint") return String(data);
  if (Array.isArray(data)) return `[${data.map(printData).join(",")}]`;
  if (typeof data !== "object" || data === null) return JSON.stringify(data) ?? "null";
  return `{${Object.entries(data)
    .map(([name, member]) => `${JSON.stringify(name)}:${printData(member)}`)
    .join(",")}}`;
}

/** Pairs, so that nothing is lost where two names mean one key. */
function mapFromJson(key: ValueType, mapped: ValueType, json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  const isPairs = Array.isArray(json);
  const pairs: readonly unknown[] = isPairs ? json : Object.entries(json);
  return pairs.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) return pair;
    const name: unknown = pair[0];
    const readKey = !isPairs && key.kind === "bool" ? (name === "true" ? true : name === "false" ? false : name) : fromJson(key, name);
    return [readKey, fromJson(mapped, pair[1])];
  });
}

function structFromJson(fields: readonly StructField[], json: unknown): unknown {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
  const types = new Map(fields.map((field) => [field.name, field.type]));
  return Object.fromEntries(
    Object.entries(json).map(([name, member]: [string, unknown]) => {
      const type = types.get(name);
      return [name, type === undefined ? member : fromJson(type, member)];
    }),
  );
}

function scalarFromJson(type: ValueType, json: string): unknown {
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
 * null, `true`/`false`, numbers as they are written, lists, sets, maps, structs and vectors as JSON. ASOF_VALUE_INVALID with the path otherwise.
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
    case "set":
    case "map":
    case "struct":
    case "vector":
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

const float32: ValueType = { kind: "float32" };
