import type { StructField, Value } from "./type.ts";

/** A struct's value. */
export type StructValue = { readonly [field: string]: Value };

/** Makes frozen structs of values in the sequence of the fields; a field without a value is null. */
export function compileStruct(fields: readonly StructField[]): (values: readonly Value[]) => StructValue {
  const names = fields.map((field) => field.name);
  // Assigning to `__proto__` would set the prototype; defining it does not, but is slower.
  if (names.includes("__proto__")) return (values) => Object.freeze(Object.fromEntries(names.map((name, i) => [name, values[i] ?? null])));
  return (values) => {
    const struct: Record<string, Value> = {};
    for (let i = 0; i < names.length; i++) struct[names[i] ?? ""] = values[i] ?? null;
    return Object.freeze(struct);
  };
}

/** Whether a value is a struct rather than any other value that JavaScript holds as an object. */
export function isStruct(value: Value): value is StructValue {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map) && !(value instanceof Uint8Array);
}

/** The value of a struct's own field; null for anything else. */
export function fieldOf(value: Value, name: string): Value {
  return isStruct(value) && Object.hasOwn(value, name) ? (value[name] ?? null) : null;
}

/** Narrows a readonly array, which `Array.isArray` does not. */
export function isValueList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Narrows a readonly map. */
export function isValueMap(value: Value): value is ReadonlyMap<Value, Value> {
  return value instanceof Map;
}
