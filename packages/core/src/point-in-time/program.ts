import type { ColumnInfo } from "../value/record-batch.ts";
import type { ValueType } from "../value/type.ts";
import type { EngineColumn } from "./dialect.ts";
import type { ViewJoin } from "./join-plan.ts";

/** One step of a join program. */
export interface Step {
  /** What it does, for progress and for people. */
  readonly phase: string;
  /** A query giving one boolean; where it is not true, `otherwise` runs instead of `sql`. */
  readonly when?: string;
  /** Statements, run in order. */
  readonly sql: readonly string[];
  readonly otherwise?: readonly string[];
}

/** The spine as the engine has loaded it: `r` is the row's number in the input, from 0, `t` the as-of time, never null. */
export interface SpineTable {
  readonly table: string;
  /** Key columns in storage form, by spine column and declared type. */
  readonly keys: readonly { readonly column: string; readonly type: ValueType; readonly sql: string }[];
  readonly rowCount: number;
  /** Range of the as-of times; null for an empty spine. */
  readonly range: { readonly minUs: number; readonly maxUs: number } | null;
}

/** A column of a table or file, and how to select it: engines that ignore case rename one of `a` and `A`. */
export interface SideColumn extends EngineColumn {
  readonly sql: string;
}

/** A table or files, ready to stand in a FROM clause. */
export interface SideTable {
  readonly relation: string;
  readonly columns: readonly SideColumn[];
}

/** What the engine has of a view's history. A side that does not count is null. */
export interface HistoryTables {
  readonly batch: SideTable | null;
  readonly log: SideTable | null;
}

/** Everything the compiler needs to know beside the plan. */
export interface JoinTables {
  readonly spine: SpineTable;
  /** One per view of the plan. */
  readonly histories: readonly HistoryTables[];
  /** Per view the end up to which its labels are known; null for features, and for labels of which nothing is known. */
  readonly knownEnds?: readonly (number | null)[];
}

/** A column that a program puts out. */
export interface OutputColumn extends ColumnInfo {
  /** How to select it from {@link JoinProgram.from}, in storage form. */
  readonly sql: string;
}

/** What a retrieval reports of one view; each query gives one number. */
export interface ReportQuery {
  readonly join: ViewJoin;
  readonly rowsWithoutEventTime: string | null;
  /** Null where the source has no created time. */
  readonly knownOnlyLater: string | null;
  /** Labels only: mature labels whose row lies not after t, so that a feature could have seen it. */
  readonly notAfterRow: string | null;
}

/** A compiled join: run the lanes, then select from `from`, which yields one row per spine row, in its order. */
export interface JoinProgram {
  /** One per view. The steps of a lane run in order; lanes do not depend on each other and may run at the same time. */
  readonly lanes: readonly (readonly Step[])[];
  readonly outputs: readonly OutputColumn[];
  /** FROM clause with the spine's table under the alias `s`. */
  readonly from: string;
  readonly reports: readonly ReportQuery[];
}
