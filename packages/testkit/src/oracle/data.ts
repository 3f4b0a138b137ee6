import type { Value } from "@asof/core";

/** A row of a source as a file or a log holds it, by logical names. Times are UTC nanoseconds, as fine as sources get. */
export interface SourceRow {
  /** Keys and value columns; absent = null. */
  readonly values: Readonly<Record<string, Value>>;
  readonly eventNs: bigint | null;
  readonly createdNs: bigint | null;
  /** Of log rows always there; of batch rows only where the source declares an event id. */
  readonly eventId: string | null;
}

/** What is stored of one source: its batch rows in file order, its log rows in order of append. */
export interface SourceTable {
  readonly batch: readonly SourceRow[];
  readonly log: readonly SourceRow[];
}

/** By source name. */
export type SourceTables = Readonly<Record<string, SourceTable>>;

export interface SpineRow {
  /** Key columns and others, without the time. */
  readonly values: Readonly<Record<string, Value>>;
  readonly asOfNs: bigint;
}

/** A source row inside the oracle, its times floored. */
export interface Event {
  /** Keys and source columns. */
  readonly source: Readonly<Record<string, Value>>;
  /** What decides ties: a plain view's features (derived ones computed), a windowed view's source columns. */
  readonly values: Readonly<Record<string, Value>>;
  /** −Infinity in a static dimension. */
  readonly eventUs: number;
  readonly createdUs: number | null;
  readonly eventId: string | null;
}

/** One value of the expected result. */
export interface Answer {
  readonly value: Value;
  /** Values folded, and the sum of their magnitudes (of their squares for variance and stddev): what the equality of floats needs. */
  readonly count: number;
  readonly magnitude: number;
}
