import { printValue } from "../error/error.ts";
import type { ColumnModel } from "./model.ts";
import { asRecord, type IssueList } from "./read.ts";
import { valuePayload } from "./value-types.ts";

/** Reads `{ spend: float64(), … }` into columns, in declaration order. */
export function readColumns(value: unknown, path: string, list: IssueList): readonly ColumnModel[] {
  const record = asRecord(value);
  if (record === null) {
    list.add("ASOF_DEFINITION_INVALID", path, value, "Columns must be an object: name → type.", "Write { spend: float64(), … }.");
    return [];
  }
  const columns: ColumnModel[] = [];
  for (const [name, type] of Object.entries(record)) {
    const payload = valuePayload(type);
    if (payload === null) {
      const message = `"${name}" is ${describe(type)}, not a value type.`;
      list.add("ASOF_COLUMN_TYPE", `${path}.${name}`, type, message, "Write a type such as float64() or nullable(string()).");
      continue;
    }
    list.addFaults(`${path}.${name}`, payload.faults);
    columns.push(Object.freeze({ name, type: payload.type, nullable: payload.nullable, meta: payload.meta }));
  }
  return Object.freeze(columns);
}

/** What a wrong value is, shortly. */
export function describe(value: unknown): string {
  if (typeof value === "function") return "a function (call it: float64(), not float64)";
  if (value === null || value === undefined) return String(value);
  const record = asRecord(value);
  if (record !== null) return typeof record.kind === "string" ? `a ${record.kind}` : "an object";
  return printValue(value);
}
