import { AsofError, printType, type ValueType } from "@asof/core";
import { type FeastTypeName, feastScalarOf } from "./feast-type.ts";

/** Members of `feast.types.MapKey` by field number. Text is no member: maps of text have a message of their own. */
const mapKeyTypes: readonly FeastTypeName[] = [
  "INVALID",
  "INT32",
  "INT64",
  "FLOAT",
  "DOUBLE",
  "BOOL",
  "UNIX_TIMESTAMP",
  "BYTES",
  "UUID",
  "TIME_UUID",
  "DECIMAL",
];

/** The type of a member of `MapKey`; null for one of a newer Feast. */
export function mapKeyType(field: number): FeastTypeName | null {
  return field === 0 ? null : (mapKeyTypes[field] ?? null);
}

/** The member of `MapKey` that holds keys of a type. */
export function mapKeyField(type: ValueType): number {
  const field = mapKeyTypes.indexOf(feastScalarOf(type));
  if (field > 0) return field;
  throw new AsofError("ASOF_COLUMN_TYPE", `Feast has no maps with keys of type ${printType(type)}.`, {
    fix: "Use another type of keys, or an online store with asof's own layout.",
  });
}
