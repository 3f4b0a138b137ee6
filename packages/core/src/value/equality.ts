import { compareBytes } from "./bytes.ts";
import type { Value, ValueType } from "./type.ts";

/** Exact equality: NaN equals NaN, −0 equals 0, a null only a null; lists element by element. */
export function equalValues(type: ValueType, a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  switch (type.kind) {
    case "float32":
    case "float64":
      return Number.isNaN(a) && Number.isNaN(b);
    case "int64":
      // One may be a bigint and the other a number.
      return typeof a !== typeof b && String(a) === String(b);
    case "bytes":
      return a instanceof Uint8Array && b instanceof Uint8Array && compareBytes(a, b) === 0;
    case "list":
      return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x: Value, i) => equalValues(type.of, x, b[i]));
    default:
      return false;
  }
}
