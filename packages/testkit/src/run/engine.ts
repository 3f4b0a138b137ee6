import type { OfflineStore, Value, ValueType } from "@asof/core";
import type { TimeUnit } from "../generate/case.ts";

/** A column of a file to be written: of a value type, or a time in a unit of its own, whose values are then nanoseconds (bigint). */
export interface FileColumn {
  readonly name: string;
  readonly type: ValueType | InstantType;
}

export interface InstantType {
  readonly kind: "instant";
  readonly unit: TimeUnit;
  /** An instant with a zone, instead of naive UTC. */
  readonly zoned: boolean;
}

/** What a suite needs of an engine: the store under test, and files that it can read. */
export interface OfflineEngine extends AsyncDisposable {
  readonly store: OfflineStore;
  /** Writes a Parquet file and returns its path. Empty files have columns too. */
  writeParquet(name: string, columns: readonly FileColumn[], rows: readonly (readonly Value[])[]): Promise<string>;
  /** A query over such files, in the engine's dialect, for sources of type sql. */
  selectFrom(paths: readonly string[]): string;
}
