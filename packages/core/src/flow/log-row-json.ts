import type { PushSourceModel } from "../definition/model.ts";
import { numberAt, objectAt, readObject, textAt } from "../registry/read-json.ts";
import type { LogRow } from "../store/offline.ts";
import type { Json } from "../store/registry.ts";
import type { Value } from "../value/type.ts";
import { eventTimeOf } from "./push.ts";

/** Log rows as JSON and back, exactly: what JSON cannot carry is tagged. */
export interface JsonCodec {
  read(spec: Json): LogRow[];
  write(rows: readonly LogRow[]): Json;
}

export function jsonCodec(source: PushSourceModel): JsonCodec {
  return {
    read: (spec) => {
      const rows = spec !== null && typeof spec === "object" && "rows" in spec ? spec.rows : [];
      return Array.isArray(rows) ? rows.map((row: Json, i) => readRow(row, `${source.name}.rows[${i}]`)) : [];
    },
    write: (rows) => ({
      dueUs: rows.length === 0 ? null : Math.min(...rows.map((row) => eventTimeOf(source, row))),
      rows: rows.map(({ values, ...rest }) => ({
        ...rest,
        values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, writeValue(value)])),
      })),
    }),
  };
}

function readRow(json: Json, path: string): LogRow {
  const row = readObject(json, path);
  const { members } = objectAt(row, "values");
  return {
    values: Object.fromEntries(Object.entries(members).map(([name, value]) => [name, readValue(value)])),
    createdTimeUs: numberAt(row, "createdTimeUs"),
    ingestTimeUs: numberAt(row, "ingestTimeUs"),
    origin: textAt(row, "origin"),
    eventId: textAt(row, "eventId"),
  };
}

function writeValue(value: Value): Json {
  if (typeof value === "bigint") return { int: String(value) };
  if (typeof value === "number" && !Number.isFinite(value)) return { float: String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map((item: Value) => writeValue(item));
  return value as Json;
}

function readValue(json: Json): Value {
  if (Array.isArray(json)) return json.map((item: Json) => readValue(item));
  if (json === null || typeof json !== "object") return json;
  if ("int" in json) return BigInt(String(json.int));
  if ("float" in json) return Number(json.float);
  return new Uint8Array(Buffer.from(String("bytes" in json ? json.bytes : ""), "base64"));
}
