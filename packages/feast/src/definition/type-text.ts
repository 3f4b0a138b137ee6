import { isOrderable, structType, type ValueType } from "@asof/core";
import { feastScalarOf } from "../value/feast-type.ts";

/** Tags in which Feast's SDK keeps what its type numbers cannot say. */
export const feastTypeTags = { structSchema: "feast:struct_schema", nestedType: "feast:nested_inner_type" } as const;

/** Names that Feast's SDK gives single types, where they are not those of its numbers. */
const names: Readonly<Record<string, string>> = { FLOAT: "FLOAT32", DOUBLE: "FLOAT64" };

const types: Readonly<Record<string, ValueType>> = {
  BYTES: { kind: "bytes" },
  STRING: { kind: "string" },
  INT32: { kind: "int32" },
  INT64: { kind: "int64", as: "bigint" },
  FLOAT32: { kind: "float32" },
  FLOAT64: { kind: "float64" },
  BOOL: { kind: "bool" },
  UNIX_TIMESTAMP: { kind: "timestamp", precision: "s" },
  UUID: { kind: "uuid" },
  JSON: { kind: "json" },
};

/** What the SDK's tags say of a type; empty where its number says all that Feast knows. */
export function feastTagsOf(type: ValueType): Readonly<Record<string, string>> {
  if (type.kind === "struct") return { [feastTypeTags.structSchema]: schemaOf(type) };
  if (type.kind !== "list") return {};
  if (type.of.kind === "struct") return { [feastTypeTags.structSchema]: schemaOf(type.of) };
  return type.of.kind === "list" || type.of.kind === "set" ? { [feastTypeTags.nestedType]: printFeastType(type) } : {};
}

/** The type that the SDK's tags say beside a type number; null where they are not there or asof has no such type. */
export function typeOfTags(tags: Readonly<Record<string, string>>, isList: boolean): ValueType | null {
  const nested = tags[feastTypeTags.nestedType];
  if (nested !== undefined) return parseFeastType(nested);
  const schema = tags[feastTypeTags.structSchema];
  const struct = schema === undefined ? null : parseStruct(parseJson(schema));
  return struct !== null && isList ? { kind: "list", of: struct } : struct;
}

function schemaOf(type: Extract<ValueType, { readonly kind: "struct" }>): string {
  return JSON.stringify(Object.fromEntries(type.fields.map((field) => [field.name, printFeastType(field.type)])));
}

function printFeastType(type: ValueType): string {
  switch (type.kind) {
    case "list":
      return `Array(${printFeastType(type.of)})`;
    case "set":
      return `Set(${printFeastType(type.of)})`;
    case "struct":
      return `{"__struct__": ${schemaOf(type)}}`;
    case "vector":
      return "Array(FLOAT32)";
    case "map":
      return "MAP";
    case "json":
      return "JSON";
    default: {
      const name = feastScalarOf(type);
      return names[name] ?? name;
    }
  }
}

function parseFeastType(text: string): ValueType | null {
  const collection = /^(Array|Set)\((.*)\)$/s.exec(text);
  if (collection === null) return text.startsWith("{") ? parseStruct(parseJson(text), "__struct__") : (types[text] ?? null);
  const element = parseFeastType(collection[2] ?? "");
  if (element === null) return null;
  if (collection[1] === "Array") return { kind: "list", of: element };
  return isOrderable(element) ? { kind: "set", of: element } : null;
}

/** Feast does not say whether a field may be null, so it may. */
function parseStruct(json: unknown, member?: string): ValueType | null {
  const fields = member === undefined ? json : isRecord(json) ? json[member] : null;
  if (!isRecord(fields)) return null;
  const parsed = Object.entries(fields).map(([name, text]) => ({
    name,
    type: typeof text === "string" ? parseFeastType(text) : null,
    nullable: true,
  }));
  const known = parsed.filter((field): field is { name: string; type: ValueType; nullable: boolean } => field.type !== null);
  return known.length === parsed.length && known.length > 0 ? structType(known) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
