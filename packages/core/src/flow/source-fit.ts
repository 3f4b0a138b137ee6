import type { SourceColumn } from "../store/offline.ts";
import { isNumeric, isOrderable, type StructField, sameType, type ValueType } from "../value/type.ts";

/**
 * Whether the values of a column have a place in the declared type: all of them, or all but a few that reading reports. What cannot be
 * told from the types is left to reading.
 */
export function fits(declared: ValueType, found: SourceColumn, use: "column" | "key"): boolean {
  if (found.text !== undefined) return fitsText(declared, found.type, found.text);
  return use === "key" ? fitsKey(declared, found.type) : fitsColumn(declared, found.type);
}

function fitsColumn(declared: ValueType, found: ValueType): boolean {
  return misfitOf(declared, found) === null;
}

/** A part of a declared type that the found type has no place for, named from the column on: `.address.city`, `[]`. */
export interface Misfit {
  readonly at: string;
  readonly declared: ValueType;
  /** Null where a struct lacks the field. */
  readonly found: ValueType | null;
}

/** The first part that does not fit, or null. */
export function misfitOf(declared: ValueType, found: ValueType, at = ""): Misfit | null {
  const misfit: Misfit = { at, declared, found };
  switch (declared.kind) {
    case "list":
    case "set":
    case "vector": {
      const element = elementOf(found);
      if (element === null || (found.kind === "vector" && declared.kind === "vector" && found.length !== declared.length)) return misfit;
      return misfitOf(declared.kind === "vector" ? { kind: "float32" } : declared.of, element, `${at}[]`);
    }
    case "map":
      if (found.kind !== "map") return misfit;
      return misfitOf(declared.key, found.key, `${at}[key]`) ?? misfitOf(declared.value, found.value, `${at}[value]`);
    case "struct":
      return found.kind === "struct" ? misfitOfFields(declared.fields, found.fields, at) : misfit;
    default:
      return fitsScalar(declared, found) ? null : misfit;
  }
}

function misfitOfFields(declared: readonly StructField[], found: readonly StructField[], at: string): Misfit | null {
  for (const { name, type } of declared) {
    const field = found.find((f) => f.name === name);
    const path = `${at}.${name}`;
    const misfit = field === undefined ? { at: path, declared: type, found: null } : misfitOf(type, field.type, path);
    if (misfit !== null) return misfit;
  }
  return null;
}

/** Engines have lists and arrays, no sets or vectors. */
function elementOf(found: ValueType): ValueType | null {
  if (found.kind === "list") return found.of;
  return found.kind === "vector" ? { kind: "float32" } : null;
}

function fitsScalar(declared: ValueType, found: ValueType): boolean {
  if (sameType(declared, found)) return true;
  // What has no fraction may still be an integer: engines sum integers in wider types.
  if (isInteger(declared) && found.kind === "decimal" && found.scale === 0) return declared.kind === "int64";
  if (isNumeric(declared) && isNumeric(found)) return numericRank(declared) >= numericRank(found);
  // What is finer than declared is cut by reading.
  if (declared.kind === "timestamp") return found.kind === "date" || found.kind === "timestamp";
  if (declared.kind === "string") return found.kind === "json";
  return (declared.kind === "uuid" || declared.kind === "json") && found.kind === "string";
}

/** Keys are compared exactly, so that whole numbers may come in any numeric type: pandas turns keys with gaps into doubles. */
function fitsKey(declared: ValueType, found: ValueType): boolean {
  return (isInteger(declared) && isNumeric(found)) || fitsColumn(declared, found) || (declared.kind === "string" && found.kind === "uuid");
}

/** Text stands for json and every scalar. A guess at its values tells only that a number or a time is none. */
function fitsText(declared: ValueType, guess: ValueType, text: "guessed" | "unknown"): boolean {
  if (declared.kind === "json") return true;
  if (!isOrderable(declared)) return false;
  if (guess.kind === "string" && text === "unknown") return true;
  switch (declared.kind) {
    case "string":
    case "bytes":
      return true;
    case "bool":
      return ["bool", "int32", "int64", "string"].includes(guess.kind);
    case "uuid":
      return ["uuid", "string"].includes(guess.kind);
    case "timestamp":
      return ["timestamp", "date"].includes(guess.kind);
    case "date":
      return ["date", "string"].includes(guess.kind);
    default:
      return isNumeric(guess);
  }
}

function isInteger(type: ValueType): boolean {
  return type.kind === "int32" || type.kind === "int64";
}

/** Integers fit into wider integers, decimals and floats; doubles may be declared float32, which rounds them alike on both paths. */
const numericRanks: Readonly<Partial<Record<ValueType["kind"], number>>> = { int32: 1, int64: 2, decimal: 3, float32: 4, float64: 4 };

function numericRank(type: ValueType): number {
  return numericRanks[type.kind] ?? 0;
}
