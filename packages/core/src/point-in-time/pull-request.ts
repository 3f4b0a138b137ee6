import type { ExpressionNode } from "../expression/node.ts";
import type { ColumnInfo } from "../value/record-batch.ts";
import type { Value } from "../value/type.ts";
import type { History } from "./join-plan.ts";

/** A column of the source by logical name, or a derived one: its expression over the source's columns. */
export interface PulledColumn extends ColumnInfo {
  readonly expression?: ExpressionNode;
}

/** Which rows `pull` reads. Times are event times, both ends as given. */
export interface PullRequest {
  readonly history: History;
  /** Key columns, read first, in this order. */
  readonly keys: readonly ColumnInfo[];
  /** Columns to read after keys, event time, created time and event id. */
  readonly columns: readonly PulledColumn[];
  /**
   * `latest`: per key the greatest row in the row order among those selected (order columns = `order`).
   * `all`: every row selected. Both sorted by key, then row order.
   */
  readonly mode: "latest" | "all";
  /** Columns of the row order, in code-point order of their names; each is one of `columns`. */
  readonly order: readonly string[];
  /** Event time ≥ this; null = from the beginning. */
  readonly fromUs: number | null;
  /** Event time ≤ this (inclusive, as Feast does). */
  readonly toUs: number;
  /**
   * Only rows that could be new: created time (of log rows also the time of ingest) ≥ this, whatever their event time. With `tileUs`, every row of each
   * (key, floor(event time / tileUs)) in which such a row lies; column `is_new` tells them apart.
   */
  readonly createdFromUs: number | null;
  readonly tileUs: number | null;
  /** Reads the keys whose hash falls on `index` of `count`, so that a job is bounded in memory and resumable. */
  readonly partition: { readonly index: number; readonly count: number } | null;
  /** Only the events with these ids; default all. */
  readonly eventIds?: readonly string[] | undefined;
  /** Only the rows of this key, in the order of `keys`; default all keys. */
  readonly onlyKey?: readonly Value[] | undefined;
}
