import { compareBytes } from "./bytes.ts";
import { fieldOf, isStruct, isValueList, isValueMap } from "./struct.ts";
import type { Value, ValueType } from "./type.ts";

/**
 * Exact equality: NaN equals NaN, −0 equals 0, a null only a null; lists, sets, maps and vectors element by element in their canonical
 * order, structs field by field, json by its text.
 */
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
    case "set":
      return equalLists(type.of, a, b);
    case "vector":
      return equalLists(float32, a, b);
    case "map":
      return (
        isValueMap(a) &&
        isValueMap(b) &&
        equalLists(type.key, [...a.keys()], [...b.keys()]) &&
        equalLists(type.value, [...a.values()], [...b.values()])
      );
    case "struct":
      return isStruct(a) && isStruct(b) && type.fields.every(({ name, type: of }) => equalValues(of, fieldOf(a, name), fieldOf(b, name)));
    default:
      return false;
  }
}

const float32: ValueType = { kind: "float32" };

function equalLists(of: ValueType, a: Value, b: Value): boolean {
  return isValueList(a) && isValueList(b) && a.length === b.length && a.every((x, i) => equalValues(of, x, b[i] ?? null));
}
