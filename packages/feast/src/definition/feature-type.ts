import { decodeType, encodeType, type Meta, sameType, type ValueType } from "@asof/core";
import { type FeastTypeName, feastTypeName, feastTypeOf, feastTypes } from "../value/feast-type.ts";
import type { Message } from "../wire/message.ts";
import { asofTags, featureSpec } from "./fields.ts";
import { feastTagsOf, feastTypeTags, typeOfTags } from "./type-text.ts";

/** Feast's types that say all about their values. The others come with a tag of asof's, or asof cannot read their values. */
const plainTypes: Partial<Readonly<Record<FeastTypeName, ValueType>>> = {
  BYTES: { kind: "bytes" },
  STRING: { kind: "string" },
  INT32: { kind: "int32" },
  INT64: { kind: "int64", as: "bigint" },
  DOUBLE: { kind: "float64" },
  FLOAT: { kind: "float32" },
  BOOL: { kind: "bool" },
  // What Feast stores of a time are its whole seconds.
  UNIX_TIMESTAMP: { kind: "timestamp", precision: "s" },
  UUID: { kind: "uuid" },
  JSON: { kind: "json" },
};

/** The type under which Feast knows values of a type. Null where it has none. */
export function feastNumberOf(type: ValueType): number {
  return feastTypes[feastTypeOf(type)];
}

/** What a Feast type number means by itself; null where asof has no such type, or Feast's tells too little. */
export function typeOfNumber(number: number): ValueType | null {
  const name = feastTypeName(number);
  if (name === null) return null;
  const plain = plainTypes[name];
  if (plain !== undefined) return plain;
  const container = /^(.+)_(LIST|SET)$/.exec(name);
  const element = container?.[1] === undefined ? undefined : plainTypes[container[1] as FeastTypeName];
  if (element === undefined) return null;
  return container?.[2] === "LIST" ? { kind: "list", of: element } : { kind: "set", of: element };
}

/**
 * The type of one of Feast's fields: the one that asof knew before if Feast's still fits it, else the one that asof's tag says, else what
 * Feast's own says. Null where asof has none.
 */
export function typeOfField(field: Message, before: ValueType | undefined): ValueType | null {
  const number = field.number(featureSpec.valueType);
  if (before !== undefined && fits(before, field)) return before;
  const tagged = taggedType(field);
  if (tagged !== null && fits(tagged, field)) return tagged;
  const length = field.number(featureSpec.vectorLength);
  if (number === feastTypes.FLOAT_LIST && length > 0) return { kind: "vector", length };
  const told = typeOfTags(field.map(featureSpec.tags), number === feastTypes.STRUCT_LIST);
  return told !== null && feastNumberOf(told) === number ? told : typeOfNumber(number);
}

function fits(type: ValueType, field: Message): boolean {
  if (feastNumberOf(type) !== field.number(featureSpec.valueType)) return false;
  const length = field.number(featureSpec.vectorLength);
  return type.kind === "vector" ? type.length === length : length === 0 || type.kind !== "list";
}

function taggedType(field: Message): ValueType | null {
  const text = field.map(featureSpec.tags)[asofTags.type];
  if (text === undefined) return null;
  try {
    return decodeType(text);
  } catch {
    // Somebody else's tag of that name, or a type of a newer version: Feast's own type still says something.
    return null;
  }
}

/** Writes a type into one of Feast's fields, with asof's tag where Feast's own type says too little. */
export function setFieldType(field: Message, type: ValueType, tags: Readonly<Record<string, string>>): void {
  const number = feastNumberOf(type);
  field.setNumber(featureSpec.valueType, number);
  field.setNumber(featureSpec.vectorLength, type.kind === "vector" ? type.length : 0);
  const ownTags = { ...tags, ...feastTagsOf(type) };
  field.setMap(featureSpec.tags, ownTags);
  const understood = typeOfField(field, undefined);
  if (understood !== null && sameType(understood, type)) return;
  field.setMap(featureSpec.tags, { ...ownTags, [asofTags.type]: encodeType(type, { exact: false, forms: [] }) });
}

/** Description and tags of a field, without those that say its type. */
export function metaOfField(field: Message): Meta {
  const internal: readonly string[] = [asofTags.type, ...Object.values(feastTypeTags)];
  const tags = Object.fromEntries(Object.entries(field.map(featureSpec.tags)).filter(([name]) => !internal.includes(name)));
  const description = field.text(featureSpec.description);
  return {
    ...(description === "" ? {} : { description }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}
