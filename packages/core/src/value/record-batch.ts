import type { Value, ValueType } from "./type.ts";

/** A column by name and type, without values. */
export interface ColumnInfo {
  readonly name: string;
  readonly type: ValueType;
}

/** A column of a batch. `get` returns the JavaScript form of its type, null where absent. */
export interface ColumnVector {
  readonly name: string;
  readonly type: ValueType;
  get(row: number): Value;
}

/** Rows in columns. Valid until the next batch is asked for; copy what must live longer. */
export interface RecordBatch {
  readonly rowCount: number;
  readonly columns: readonly ColumnVector[];
}
