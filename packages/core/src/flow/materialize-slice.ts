import type { History } from "../point-in-time/join-plan.ts";
import type { Erasures } from "./erasures.ts";

/** One bounded piece of a view's materialization: a partition of its keys over the intervals of its history. */
export interface MaterializeSlice {
  /** Batch rows and log rows, each over the interval in which they count (both ends included; null = from the beginning). */
  readonly histories: readonly {
    readonly layer: "batch" | "live";
    readonly history: History;
    readonly fromUs: number | null;
    readonly toUs: number;
  }[];
  /** Also every row created since then, whatever its event time; null = the interval only. */
  readonly createdFromUs: number | null;
  /** When the work on it began; decides between jobs that read equally far. */
  readonly pulledAtUs: number;
  readonly partition: { readonly index: number; readonly count: number };
  /** Rows of these keys are left out. */
  readonly erasures: Erasures | null;
}

export interface SliceOutcome {
  /** Source rows read. */
  readonly rows: number;
  /** Online rows or keys changed. */
  readonly written: number;
  /** Greatest created time seen; null = none. */
  readonly maxCreatedUs: number | null;
}
