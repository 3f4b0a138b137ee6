import { ByteWriter, compareBytes } from "./bytes.ts";
import { decimalToUnscaled } from "./decimal.ts";
import { type SortableWriter, sortableWriter } from "./sortable.ts";
import { fieldOf, isValueMap } from "./struct.ts";
import { isOrderable, type Value, type ValueType } from "./type.ts";

/** A comparison of two values of one type, nulls included. */
export type ValueComparison = (a: Value, b: Value) => number;

/**
 * The order of values: null lowest, false before true, numbers by value with −0 equal to 0 and NaN greatest, text by code point
 * (which is the order of its UTF-8 bytes), bytes bytewise, the others by what they mean. What takes no part in the row order has an
 * order nevertheless, for tests and reports: lists, sets and vectors element by element, then by length; maps pair by pair; structs
 * field by field; json as text.
 */
export function compareValue(type: ValueType, a: Value, b: Value): number {
  return valueComparison(type)(a, b);
}

/** {@link compareValue} of a type, for use in loops. */
export function valueComparison(type: ValueType): ValueComparison {
  const compare = presentComparison(type);
  return (a, b) => (a === null ? (b === null ? 0 : -1) : b === null ? 1 : compare(a, b));
}

function presentComparison(type: ValueType): ValueComparison {
  switch (type.kind) {
    case "bool":
      return (a, b) => Number(a) - Number(b);
    case "int32":
    case "int64":
    case "timestamp":
      return compareNumbers;
    case "float32":
    case "float64":
      return (a, b) => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : compareNumbers(a, b));
    case "string":
      return (a, b) => compareText(String(a), String(b));
    case "date":
    case "uuid":
      return (a, b) => (a === b ? 0 : String(a) < String(b) ? -1 : 1);
    case "bytes":
      return (a, b) => (a instanceof Uint8Array && b instanceof Uint8Array ? compareBytes(a, b) : 0);
    case "decimal":
      return (a, b) => (a === b ? 0 : decimalToUnscaled(String(a)) < decimalToUnscaled(String(b)) ? -1 : 1);
    case "json":
      return (a, b) => compareText(String(a), String(b));
    case "list":
    case "set":
      return listComparison(valueComparison(type.of));
    case "vector":
      return listComparison(valueComparison({ kind: "float32" }));
    case "map": {
      const compare = listComparison(pairComparison(valueComparison(type.key), valueComparison(type.value)));
      return (a, b) => (isValueMap(a) && isValueMap(b) ? compare([...a], [...b]) : 0);
    }
    case "struct":
      return structComparison(type.fields.map(({ name, type: of }) => ({ name, compare: valueComparison(of) })));
  }
}

function compareNumbers(a: Value, b: Value): number {
  if (a === null || b === null) return 0;
  return a < b ? -1 : a > b ? 1 : 0;
}

function listComparison(compare: ValueComparison): ValueComparison {
  return (a, b) => {
    if (!Array.isArray(a) || !Array.isArray(b)) return 0;
    const common = Math.min(a.length, b.length);
    for (let i = 0; i < common; i++) {
      const order = compare(a[i], b[i]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  };
}

function pairComparison(compareKey: ValueComparison, compareMapped: ValueComparison): ValueComparison {
  return (a, b) => (Array.isArray(a) && Array.isArray(b) ? compareKey(a[0], b[0]) || compareMapped(a[1], b[1]) : 0);
}

function structComparison(fields: readonly { readonly name: string; readonly compare: ValueComparison }[]): ValueComparison {
  return (a, b) => {
    for (const { name, compare } of fields) {
      const order = compare(fieldOf(a, name), fieldOf(b, name));
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Order of text by code point. `<` on strings compares UTF-16 units, which puts U+E000–U+FFFF above astral characters. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return unitRank(x) - unitRank(y);
  }
  return a.length - b.length;
}

/** Moves surrogates above the rest of the basic plane. */
function unitRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}

/** Makes order keys of rows of the given types; see {@link encodeOrderKey}. */
export function compileOrderKey(types: readonly ValueType[]): (values: readonly Value[]) => Uint8Array {
  const writers: readonly SortableWriter[] = types.map(sortableWriter);
  const writer = new ByteWriter();
  return (values) => {
    writer.reset();
    for (let i = 0; i < writers.length; i++) {
      const value = values[i] ?? null;
      writer.writeByte(value === null ? 0 : 1);
      if (value !== null) writers[i]?.(writer, value);
    }
    return writer.take();
  };
}

/**
 * Bytes whose bytewise order ({@link compareBytes}) is the order of rows of these types: column after column by
 * {@link compareValue}. Equal rows have equal bytes. Types that are not orderable are refused.
 */
export function encodeOrderKey(types: readonly ValueType[], values: readonly Value[]): Uint8Array {
  return compileOrderKey(types)(values);
}

/** The columns that take part in the row order, in its sequence: the orderable ones by name in code-point order. */
export function orderColumns<C extends { readonly name: string; readonly type: ValueType }>(columns: readonly C[]): readonly C[] {
  return columns.filter((column) => isOrderable(column.type)).toSorted((a, b) => compareText(a.name, b.name));
}
