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
 * | timestamp | number | UTC microseconds since the epoch; with `precision: "s"` floored to whole seconds |
 * | date | string | `YYYY-MM-DD` |
 * | decimal | string | exactly `scale` digits after the point, no exponent |
 * | uuid | string | 36 characters, lowercase |
 * | list | readonly array of the element's form | elements nullable, of any type |
 * | set | readonly array of the element's form | distinct, not null, sorted by `compareValue`; elements are scalars |
 * | map | ReadonlyMap | sorted by key; keys of a {@link isMapKey} type, never null; values nullable, of any type |
 * | struct | frozen plain object | every field is there, null only where nullable; fields by name in code-point order |
 * | json | string | the JSON text as it was given; equality is of the text |
 * | vector | readonly array of numbers | exactly `length` float32, none null |
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
  | { readonly kind: "timestamp"; readonly precision?: "s" }
  | { readonly kind: "date" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "uuid" }
  | { readonly kind: "list"; readonly of: ValueType }
  | { readonly kind: "set"; readonly of: ValueType }
  | { readonly kind: "map"; readonly key: ValueType; readonly value: ValueType }
  | { readonly kind: "struct"; readonly fields: readonly StructField[] }
  | { readonly kind: "json" }
  | { readonly kind: "vector"; readonly length: number };

/** One field of a struct. A type holds its fields sorted by name ({@link structType}), so that their sequence tells nothing. */
export interface StructField {
  readonly name: string;
  readonly type: ValueType;
  readonly nullable: boolean;
}

export type ValueKind = ValueType["kind"];

/** A value in its JavaScript form; see {@link ValueType}. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | { readonly [field: string]: Value };

/** A struct of these fields, brought into their canonical sequence. */
export function structType(fields: readonly StructField[]): ValueType & { readonly kind: "struct" } {
  return { kind: "struct", fields: fields.toSorted((a, b) => compareNames(a.name, b.name)) };
}

/** By code point, as UTF-8 sorts; `<` on strings compares UTF-16 units. */
function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Prints a type as the user writes it: `int64`, `decimal(10, 2)`, `struct({ a: list(string) })`. `as` is not part of it. */
export function printType(type: ValueType): string {
  return printTypeBy(type, printScalar);
}

/** {@link printType} with the scalars printed by `scalar`. */
export function printTypeBy(type: ValueType, scalar: (type: ValueType) => string): string {
  switch (type.kind) {
    case "list":
    case "set":
      return `${type.kind}(${printTypeBy(type.of, scalar)})`;
    case "map":
      return `map(${printTypeBy(type.key, scalar)}, ${printTypeBy(type.value, scalar)})`;
    case "struct":
      return `struct({ ${type.fields.map((field) => printField(field, scalar)).join(", ")} })`;
    default:
      return scalar(type);
  }
}

function printField({ name, type, nullable }: StructField, scalar: (type: ValueType) => string): string {
  const printed = printTypeBy(type, scalar);
  return `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}: ${nullable ? `nullable(${printed})` : printed}`;
}

function printScalar(type: ValueType): string {
  switch (type.kind) {
    case "decimal":
      return `decimal(${type.precision}, ${type.scale})`;
    case "timestamp":
      return type.precision === undefined ? "timestamp" : `timestamp(${type.precision})`;
    case "vector":
      return `vector(${type.length})`;
    default:
      return type.kind;
  }
}

/** Whether two types store the same values; the JavaScript form of int64 does not matter. */
export function sameType(a: ValueType, b: ValueType): boolean {
  return a === b || printType(a) === printType(b);
}

const nestedKinds: readonly ValueKind[] = ["list", "set", "map", "struct", "json", "vector"];

/** Types that take part in the row order: every scalar. Lists, sets, maps, structs, json and vectors do not. */
export function isOrderable(type: ValueType): boolean {
  return !nestedKinds.includes(type.kind);
}

/** Types with an exact form as bytes, which entity keys need: the scalars but floats, where equality is not identity. */
export function isEntityKey(type: ValueType): boolean {
  return isOrderable(type) && type.kind !== "float32" && type.kind !== "float64";
}

const mapKeyKinds: readonly ValueKind[] = ["string", "int32", "int64", "bool", "uuid", "date", "timestamp"];

/** Types that the keys of a map may have: those whose JavaScript forms are identical when the values are equal. */
export function isMapKey(type: ValueType): boolean {
  return mapKeyKinds.includes(type.kind);
}

export function isNumeric(type: ValueType): boolean {
  return ["int32", "int64", "float32", "float64", "decimal"].includes(type.kind);
}
