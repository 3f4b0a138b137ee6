import { compileNormalizer } from "./normalize.ts";
import type { Value, ValueType } from "./type.ts";

/**
 * Makes 0 of each −0 in values that are otherwise in their JavaScript form, as stores keep them: the two are equal, but `1 / x` and
 * `Math.sign(x)` tell them apart. Null for a type without floats, whose values need nothing.
 */
export function compileStoredZero(type: ValueType): ((value: Value) => Value) | null {
  if (!holdsFloats(type)) return null;
  if (type.kind === "float32" || type.kind === "float64") return (value) => (typeof value === "number" ? value + 0 : value);
  const normalize = compileNormalizer(type, true);
  return (value) => normalize(value, type.kind);
}

function holdsFloats(type: ValueType): boolean {
  switch (type.kind) {
    case "float32":
    case "float64":
    case "vector":
      return true;
    case "list":
    case "set":
      return holdsFloats(type.of);
    case "map":
      return holdsFloats(type.value);
    case "struct":
      return type.fields.some((field) => holdsFloats(field.type));
    default:
      return false;
  }
}
