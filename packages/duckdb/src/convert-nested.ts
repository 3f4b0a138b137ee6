import type { EngineColumn, ValueType } from "@asof/core";
import { familyOf, storageTypeOf } from "./column-types.ts";
import { keepOnly, type Misfit } from "./misfit.ts";
import { quoteName } from "./quote.ts";
import { arrayLengthOf, elementOf, fieldsOf, mapPartsOf } from "./type-text.ts";

/** Converts a part of a nested value. */
type Convert = (column: EngineColumn, sql: string, type: ValueType, misfit: Misfit) => string | null;

/** A nested value being converted. */
interface Nested {
  readonly column: EngineColumn;
  readonly sql: string;
  readonly misfit: Misfit;
  readonly convert: Convert;
  /** The parameter of this level's lambda. */
  readonly item: string;
}

/**
 * The value of a column in the storage form of a type that is no scalar, canonical as `normalizeValue` makes it: sets sorted and
 * without duplicates, maps sorted by key, structs with their fields by name. Null where the column's type does not fit.
 */
export function convertNested(column: EngineColumn, sql: string, type: ValueType, misfit: Misfit, convert: Convert): string | null {
  const nested: Nested = { column, sql, misfit, convert, item: lambdaName(sql) };
  switch (type.kind) {
    case "list":
      return convertElements(nested, type.of);
    case "set":
      return convertSet(nested, type);
    case "vector":
      return convertVector(nested, type.length);
    case "map":
      return convertMap(nested, type);
    case "struct":
      return convertStruct(nested, type);
    default:
      return familyOf(column.type) === "text" ? convertJson(nested) : null;
  }
}

/** One more than the deepest lambda that the value stands in. */
function lambdaName(sql: string): string {
  const depths = [...sql.matchAll(/\be(\d+)\b/g)].map((match) => Number(match[1]));
  return `e${depths.length === 0 ? 0 : Math.max(...depths) + 1}`;
}

/** The elements of a list, each converted; null where they cannot be. */
function convertElements({ column, sql, misfit, convert, item }: Nested, of: ValueType): string | null {
  if (familyOf(column.type) !== "list") return null;
  const element = convert({ ...column, type: elementOf(column.type) }, item, of, misfit);
  if (element === null) return null;
  const list = arrayLengthOf(column.type) === null ? sql : `CAST(${sql} AS ${elementOf(column.type)}[])`;
  return element === item ? list : `list_transform(${list}, lambda ${item}: ${element})`;
}

function convertSet(nested: Nested, type: ValueType & { readonly kind: "set" }): string | null {
  const elements = convertElements(nested, type.of);
  if (elements === null) return null;
  const isFloat = type.of.kind === "float32" || type.of.kind === "float64";
  const sorted = isFloat ? distinctFloats(elements, nested.item, storageTypeOf(type)) : `list_sort(list_distinct(${elements}))`;
  return keepOnly(hasNoNull(elements), nested.sql, sorted, nested.misfit);
}

/** DuckDB takes each NaN for another value, and 0 and −0 for one. */
function distinctFloats(elements: string, item: string, listType: string): string {
  const numbers = `list_distinct(list_transform(list_filter(${elements}, lambda ${item}: NOT isnan(${item})), lambda ${item}: ${item} + 0))`;
  const nan = `CASE WHEN len(list_filter(${elements}, lambda ${item}: isnan(${item}))) > 0 THEN ['NaN'] ELSE [] END`;
  return `list_concat(list_sort(${numbers}), CAST(${nan} AS ${listType}))`;
}

function hasNoNull(list: string): string {
  return `len(list_filter(${list}, lambda n: n IS NULL)) = 0`;
}

function convertVector(nested: Nested, length: number): string | null {
  const elements = convertElements(nested, { kind: "float32" });
  if (elements === null) return null;
  return keepOnly(`len(${elements}) = ${length} AND ${hasNoNull(elements)}`, nested.sql, elements, nested.misfit);
}

function convertMap({ column, sql, misfit, convert, item }: Nested, type: ValueType & { readonly kind: "map" }): string | null {
  if (familyOf(column.type) !== "map") return null;
  const parts = mapPartsOf(column.type);
  const key = convert({ ...column, type: parts.key }, `${item}."key"`, type.key, misfit);
  const value = convert({ ...column, type: parts.value }, `${item}."value"`, type.value, misfit);
  if (key === null || value === null) return null;
  const pairs = `list_transform(map_entries(${sql}), lambda ${item}: struct_pack("key" := ${key}, "value" := ${value}))`;
  const keys = `list_transform(map_entries(${sql}), lambda ${item}: ${key})`;
  // A null among the keys is not counted as distinct, so that it shows as a repetition.
  const isSound = `len(list_distinct(${keys})) = len(${keys})`;
  return keepOnly(isSound, sql, `list_sort(${pairs})`, misfit);
}

function convertStruct({ column, sql, misfit, convert }: Nested, type: ValueType & { readonly kind: "struct" }): string | null {
  if (familyOf(column.type) !== "struct") return null;
  const found = new Map(fieldsOf(column.type).map((field) => [field.name, field.type]));
  const parts = type.fields.map((field) => {
    const from = found.get(field.name);
    const value = from === undefined ? null : convert({ ...column, type: from }, `(${sql}).${quoteName(field.name)}`, field.type, misfit);
    return { field, value };
  });
  if (parts.some((part) => part.value === null)) return null;
  const packed = `struct_pack(${parts.map((part) => `${quoteName(part.field.name)} := ${part.value}`).join(", ")})`;
  const required = parts.filter((part) => !part.field.nullable).map((part) => `${part.value} IS NOT NULL`);
  return keepOnly(required.length === 0 ? "TRUE" : required.join(" AND "), sql, packed, misfit);
}

/**
 * The engine's parser also takes NaN, Infinity and commas at the end, which JSON does not have: what remains of a text without its
 * strings shows them.
 */
function convertJson({ sql, misfit }: Nested): string {
  const text = `CAST(${sql} AS VARCHAR)`;
  const bare = `regexp_replace(${text}, '"(?:[^"\\\\]|\\\\.)*"', '', 'g')`;
  const isJson = `json_valid(${text}) AND NOT regexp_matches(${bare}, '(?i)nan|inf|,\\s*[\\]}]')`;
  return keepOnly(isJson, sql, text, misfit);
}
