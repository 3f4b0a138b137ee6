import {
  AsofError,
  type ColumnInfo,
  formatInstant,
  type InstantLiteral,
  normalizeValue,
  parseInstant,
  parseInstantAt,
  planRequest,
  type SpineInput,
  sentenceOf,
  type Value,
  type ValueType,
} from "@asof/core";
import type { Asked } from "./session.ts";

/** A spine as users give it: typed rows, the path of a Parquet or CSV file, or a query of the offline engine. */
export type SpineLike = readonly Readonly<Record<string, unknown>>[] | string | { readonly sql: string };

/** Types of the spine's columns that are known before looking: keys, request fields, declared spine columns. */
export type KnownTypes = ReadonlyMap<string, { readonly type: ValueType; readonly nullable: boolean }>;

/** Types of keys and request fields, as the definitions of what is asked for tell them. */
export function knownTypesOf(asked: Asked): Map<string, { readonly type: ValueType; readonly nullable: boolean }> {
  const { keyColumns, requestFields } = planRequest(asked, { fullFeatureNames: true });
  const types = new Map(requestFields.map(({ name, type, nullable }) => [name, { type, nullable }] as const));
  for (const { column, type } of keyColumns) types.set(column, { type, nullable: true });
  return types;
}

/** Turns a user's spine into the engine's input. Rows are checked here: ASOF_SPINE_INVALID names row and column. */
export function toSpineInput(spine: SpineLike, known: KnownTypes, timeColumn: string): SpineInput {
  if (typeof spine === "string") return fromText(spine);
  if ("sql" in spine) return { kind: "sql", query: spine.sql };
  return fromRows(spine, known, timeColumn);
}

/** Every change in `[start, end)`. ASOF_REQUEST_INVALID where nothing lies between; `path` names the field or flag at fault. */
export function changesBetween(start: InstantLiteral, end: InstantLiteral, path: string): SpineInput {
  const [startUs, endUs] = [parseInstantAt(`${path}.start`, start), parseInstantAt(`${path}.end`, end)];
  if (startUs < endUs) return { kind: "moments", moments: { kind: "between", startUs, endUs } };
  throw new AsofError("ASOF_REQUEST_INVALID", `No instant lies between ${formatInstant(startUs)} and ${formatInstant(endUs)}.`, {
    path,
    value: formatInstant(endUs),
    fix: "Give the earlier one first: the start belongs to the interval, the end does not.",
  });
}

/** A query by its first word, after comments and parentheses; else a path by its ending. */
function fromText(text: string): SpineInput {
  const lower = text.trim().toLowerCase();
  const first = lower.replace(/^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");
  if (/^(select|with|from|values|pivot|unpivot|table)\s/.test(first)) return { kind: "sql", query: text };
  if (lower.endsWith(".parquet") || lower.endsWith(".pq")) return { kind: "file", format: "parquet", path: text };
  if (lower.endsWith(".csv") || lower.endsWith(".tsv")) return { kind: "file", format: "csv", path: text };
  throw new AsofError("ASOF_SPINE_INVALID", `The spine "${text}" is neither a .parquet or .csv file nor a SELECT.`, {
    path: "spine",
    value: text,
    fix: "Give a file with one of these endings, a query, or rows.",
  });
}

function fromRows(rows: readonly Readonly<Record<string, unknown>>[], known: KnownTypes, timeColumn: string): SpineInput {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  if (rows.length === 0) for (const name of [...known.keys(), timeColumn]) names.add(name);
  const columns = [...names].map((name): ColumnInfo & { nullable: boolean } => {
    if (name === timeColumn) return { name, type: { kind: "timestamp" }, nullable: true };
    const declared = known.get(name);
    return declared === undefined ? { name, type: inferType(rows, name), nullable: true } : { name, type: declared.type, nullable: true };
  });
  const values = rows.map((row, index) => columns.map((column) => readCell(row[column.name], column, index, timeColumn)));
  return { kind: "rows", columns: columns.map(({ name, type }) => ({ name, type })), rows: values };
}

function readCell(value: unknown, column: ColumnInfo, row: number, timeColumn: string): Value {
  const path = `spine[${row}].${column.name}`;
  if (value === null || value === undefined) return null;
  try {
    if (column.name === timeColumn) return parseInstant(value as string | number | Date);
    return normalizeValue(column.type, true, value, path);
  } catch (cause) {
    if (!(cause instanceof AsofError)) throw cause;
    const { fix } = cause;
    const details = { path, value, cause, ...(fix === undefined ? {} : { fix }) };
    throw new AsofError("ASOF_SPINE_INVALID", `Spine row ${row}, column "${column.name}": ${sentenceOf(cause)}`, details);
  }
}

/** Columns that nothing declares, such as labels, by the first value that is there. Numbers are float64: JavaScript has no other. */
function inferType(rows: readonly Readonly<Record<string, unknown>>[], name: string): ValueType {
  const first = rows.find((row) => row[name] !== null && row[name] !== undefined)?.[name];
  if (typeof first === "boolean") return { kind: "bool" };
  if (typeof first === "number") return { kind: "float64" };
  if (typeof first === "bigint") return { kind: "int64", as: "bigint" };
  if (first instanceof Date) return { kind: "timestamp" };
  if (first instanceof Uint8Array) return { kind: "bytes" };
  return { kind: "string" };
}
