import { AsofError, printValue } from "../error/error.ts";
import { printType, type ValueType } from "./type.ts";

/** Refuses a value that is not of its type with ASOF_VALUE_INVALID. */
export function refuse(type: ValueType, value: unknown, path: string, fix: string): never {
  throw new AsofError("ASOF_VALUE_INVALID", `${path} is ${show(value)}, which is not of type ${printType(type)}.`, { path, value, fix });
}

/** Objects by their class alone: they may be large or refer to themselves. */
function show(value: unknown): string {
  if (typeof value === "string") return `the text ${printValue(value.isWellFormed() ? value : value.toWellFormed())}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : `the Date ${value.toISOString()}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return `an object (${value.constructor?.name ?? "without prototype"})`;
  return typeof value === "function" || typeof value === "symbol" ? `a ${typeof value}` : printValue(value);
}
