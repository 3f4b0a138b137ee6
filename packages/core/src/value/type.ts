/**
 * The types that values can have, as plain data. The JavaScript form of a value:
 *
 * | type | JavaScript | note |
 * |---|---|---|
 * | bool | boolean | |
 * | int32 | number | |
 * | int64 | bigint, or number with `as: "number"` | as number refuses values beyond ±(2⁵³−1) |
 * | float32 | number | already rounded to float32 |
 * | float64 | number | |
 * | string | string | well-formed Unicode |
 * | bytes | Uint8Array | |
 * | timestamp | number | UTC microseconds since the epoch |
 * | date | string | `YYYY-MM-DD` |
 * | decimal | string | exactly `scale` digits after the point, no exponent |
 * | uuid | string | 36 characters, lowercase |
 * | list | readonly array of the element's form, elements nullable | |
 *
 * Absent is always `null`, never `undefined`.
 */
export type ValueType =
  | { readonly kind: "bool" }
  | { readonly kind: "int32" }
  | { readonly kind: "int64"; readonly as: "bigint" | "number" }
  | { readonly kind: "float32" }
  | { readonly kind: "float64" }
  | { readonly kind: "string" }
  | { readonly kind: "bytes" }
  | { readonly kind: "timestamp" }
  | { readonly kind: "date" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "uuid" }
  | { readonly kind: "list"; readonly of: ValueType };

export type ValueKind = ValueType["kind"];

/** A value in its JavaScript form; see {@link ValueType}. */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[];

/** Prints a type as the user writes it: `int64`, `decimal(10, 2)`, `list(string)`. `as` is not part of it. */
export function printType(type: ValueType): string {
  if (type.kind === "decimal") return `decimal(${type.precision}, ${type.scale})`;
  if (type.kind === "list") return `list(${printType(type.of)})`;
  return type.kind;
}

/** Whether two types store the same values; the JavaScript form of int64 does not matter. */
export function sameType(a: ValueType, b: ValueType): boolean {
  return printType(a) === printType(b);
}

/** Types that take part in the row order: every scalar. */
export function isOrderable(type: ValueType): boolean {
  return type.kind !== "list";
}

export function isNumeric(type: ValueType): boolean {
  return ["int32", "int64", "float32", "float64", "decimal"].includes(type.kind);
}
