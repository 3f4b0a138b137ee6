import type { PushSourceModel } from "../definition/model.ts";
import { isJsonArray } from "../registry/canonical-json.ts";
import { numberAt, objectAt, readObject, textAt } from "../registry/read-json.ts";
import type { LogRow } from "../store/offline.ts";
import type { Json } from "../store/registry.ts";
import { isValueList, isValueMap } from "../value/struct.ts";
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
  if (isValueList(value)) return value.map(writeValue);
  if (isValueMap(value)) return { map: [...value].map(([key, mapped]) => [writeValue(key), writeValue(mapped)]) };
  if (typeof value !== "object" || value === null) return value;
  return { struct: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, writeValue(member)])) };
}

function readValue(json: Json): Value {
  if (isJsonArray(json)) return json.map(readValue);
  if (json === null || typeof json !== "object") return json;
  if ("int" in json) return BigInt(String(json.int));
  if ("float" in json) return Number(json.float);
  if ("map" in json) return new Map((isJsonArray(json.map) ? json.map : []).map(readPair));
  if ("struct" in json) return readStruct(json.struct);
  return new Uint8Array(Buffer.from(String("bytes" in json ? json.bytes : ""), "base64"));
}

function readPair(json: Json): [Value, Value] {
  const [key = null, mapped = null] = isJsonArray(json) ? json : [];
  return [readValue(key), readValue(mapped)];
}

function readStruct(json: Json | undefined): Value {
  const members = json !== null && typeof json === "object" ? Object.entries(json) : [];
  return Object.freeze(Object.fromEntries(members.map(([name, member]: [string, Json]) => [name, readValue(member)])));
}
