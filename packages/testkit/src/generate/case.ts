import type { ColumnInfo, JoinPlan } from "@asof/core";
import type { SourceTables, SpineRow } from "../oracle/data.ts";

/** Units in which a column of times is stored. */
export type TimeUnit = "s" | "ms" | "us" | "ns";

/** How a source's batch rows lie on disk; changes no answer. */
export interface Storage {
  readonly eventUnit: TimeUnit;
  readonly createdUnit: TimeUnit;
  /** Stored as instants with a zone instead of naive UTC; never with nanoseconds. */
  readonly zoned: boolean;
  /** Files that the rows are spread over. */
  readonly files: number;
}

/** The rows to be filled: their columns besides the time, and how they are handed over. */
export interface CaseSpine {
  /** Keys and others, in order; the time column comes after them. */
  readonly columns: readonly ColumnInfo[];
  readonly kind: "rows" | "parquet";
  /** Of the time column; rows are handed over in microseconds. */
  readonly timeUnit: TimeUnit;
  readonly rows: readonly SpineRow[];
}

/**
 * One point-in-time question with everything needed to ask it, as plain data: file sources have no paths yet, sources of type
 * push no log. Runs on any engine through `pointInTimeSuite` and by itself through `oracle`.
 */
export interface Case {
  readonly plan: JoinPlan;
  readonly tables: SourceTables;
  /** By source name. */
  readonly storage: Readonly<Record<string, Storage>>;
  readonly spine: CaseSpine;
}

/** JSON text of any plain data of the testkit: bigint, bytes and the floats that JSON lacks are tagged objects. */
export function toJsonText(data: unknown): string {
  return JSON.stringify(encode(data), null, 1);
}

/** Reads what {@link toJsonText} wrote. The caller vouches for the type. */
export function fromJsonText<T>(text: string): T {
  return decode(JSON.parse(text)) as T;
}

function encode(data: unknown): unknown {
  if (typeof data === "bigint") return { $int: String(data) };
  if (typeof data === "number" && (!Number.isFinite(data) || Object.is(data, -0)))
    return { $float: Object.is(data, -0) ? "-0" : String(data) };
  if (data instanceof Uint8Array) return { $bytes: Buffer.from(data).toString("hex") };
  if (Array.isArray(data)) return data.map(encode);
  if (data instanceof Map) return { $map: Array.from(data, encode) };
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, encode(value)]));
}

function decode(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(decode);
  if (typeof data !== "object" || data === null) return data;
  const [[name, value] = ["", null], ...others] = Object.entries(data);
  if (others.length === 0 && name === "$int") return BigInt(String(value));
  if (others.length === 0 && name === "$float") return Number(value);
  if (others.length === 0 && name === "$bytes") return new Uint8Array(Buffer.from(String(value), "hex"));
  if (others.length === 0 && name === "$map" && Array.isArray(value)) return new Map(value.map(decodePair));
  return Object.fromEntries(Object.entries(data).map(([key, inner]) => [key, decode(inner)]));
}

function decodePair(pair: unknown): [unknown, unknown] {
  return Array.isArray(pair) ? [decode(pair[0]), decode(pair[1])] : [null, null];
}
