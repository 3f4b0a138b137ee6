import { type Value, type ValueType, valueToJson } from "@asof/core";

/** An embedding would push everything else off the screen; `--json` prints values whole. */
const cellMax = 120;

/** A value for a cell of a table: instants as ISO 8601, bytes as base64, nested values as JSON, cut where they are long, text as it is. */
export function printCell(type: ValueType, value: Value): string {
  const json = valueToJson(type, value);
  if (typeof json === "string") return json;
  const text = JSON.stringify(json);
  return text.length > cellMax ? `${text.slice(0, cellMax - 1)}…` : text;
}
