import { AsofError, normalizeValue, printType, printValue, type Value, type ValueType } from "@asof/core";

/**
 * Takes a plain value as Feast's SDK does: for answers that must be Feast's, where {@link normalizeValue} would refuse. What Feast
 * does and asof does not: text and booleans become integers, fractions of integers are cut, numbers become text, a whole number for
 * a timestamp is seconds, what is beyond float32 is infinite, times are cut to seconds toward 1970, NaN and empty bytes become null, any value becomes JSON text as Python
 * prints it. What Feast refuses is ASOF_VALUE_INVALID.
 * @param type null where none is declared; Feast then guesses it from the value.
 */
export function coerceLikeFeast(type: ValueType | null, value: unknown, path: string): Value {
  if (value === null || value === undefined) return null;
  const wanted = type ?? guessedType(value, path);
  const coerced = coerce(wanted, value, path);
  return coerced === null ? null : normalizeValue(wanted, false, coerced, path);
}

/** The type that Feast's SDK gives to a plain value; a number without fraction is an integer, as JavaScript cannot tell. */
export function guessedType(value: unknown, path: string): ValueType {
  switch (typeof value) {
    case "boolean":
      return { kind: "bool" };
    case "bigint":
      return { kind: "int64", as: "bigint" };
    case "number":
      return Number.isInteger(value) ? { kind: "int64", as: "bigint" } : { kind: "float64" };
    case "string":
      return { kind: "string" };
    default:
      if (value instanceof Uint8Array) return { kind: "bytes" };
      if (value instanceof Date) return { kind: "timestamp", precision: "s" };
      if (Array.isArray(value) && value.length > 0) return { kind: "list", of: guessedType(value[0], `${path}[0]`) };
      throw new AsofError("ASOF_VALUE_INVALID", `${path} is a value whose type Feast does not guess.`, { path, fix: "Declare its type." });
  }
}

function coerce(type: ValueType, value: unknown, path: string): unknown {
  switch (type.kind) {
    case "int32":
    case "int64":
      return Number.isNaN(value) ? null : wholeNumber(type, value, path);
    case "float32": {
      const number = typeof value === "string" ? parsedFloat(type, value, path) : value;
      return typeof number === "number" ? notNaN(Math.fround(number)) : number;
    }
    case "float64":
      return notNaN(value);
    case "string":
      return typeof value === "boolean" ? (value ? "True" : "False") : isNumber(value) ? String(value) : value;
    case "bytes":
      return value instanceof Uint8Array && value.length === 0 ? null : value;
    case "bool":
      return isNumber(value) ? Number(value) !== 0 : value;
    case "timestamp":
      return value instanceof Date ? wholeSeconds(value.getTime() / 1000) : Number(wholeNumber(type, value, path)) * 1_000_000;
    case "json":
      return typeof value === "string" ? value : printPythonJson(value);
    default:
      return value;
  }
}

const isNumber = (value: unknown): value is number | bigint => typeof value === "number" || typeof value === "bigint";
const notNaN = (value: unknown): unknown => (Number.isNaN(value) ? null : value);

/** The instant in microseconds; an invalid Date stays invalid. */
function wholeSeconds(seconds: number): number | Date {
  return Number.isNaN(seconds) ? new Date(Number.NaN) : Math.trunc(seconds) * 1_000_000;
}

/** Python's `int`. */
function wholeNumber(type: ValueType, value: unknown, path: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "number" && Number.isFinite(value)) return BigInt(Math.trunc(value));
  if (typeof value === "string" && /^\s*[+-]?\d+(_\d+)*\s*$/.test(value)) return BigInt(value.replace(/[\s_+]/g, ""));
  throw refused(type, value, path);
}

/** Python's `float` of a text. */
function parsedFloat(type: ValueType, text: string, path: string): number {
  if (/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) return Number(text);
  throw refused(type, text, path);
}

function refused(type: ValueType, value: unknown, path: string): AsofError {
  return new AsofError("ASOF_VALUE_INVALID", `${path} is ${printValue(value)}, which Feast does not take for ${printType(type)}.`, {
    path,
    value,
    fix: `Give a value of type ${printType(type)}.`,
  });
}

/** Python's `json.dumps`: spaces behind commas and colons, and no character beyond ASCII. */
function printPythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printPythonJson).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, each]) => `${printPythonJson(key)}: ${printPythonJson(each)}`)
      .join(", ")}}`;
  if (typeof value === "bigint") return String(value);
  return (JSON.stringify(value) ?? "null").replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
