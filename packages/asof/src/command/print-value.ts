import { type Value, type ValueType, valueToJson } from "@asof/core";

/** A value for a cell of a table: instants as ISO 8601, bytes as base64, lists as JSON, text as it is. */
export function printCell(type: ValueType, value: Value): string {
  const json = valueToJson(type, value);
  return typeof json === "string" ? json : JSON.stringify(json);
}
