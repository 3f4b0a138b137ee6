import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { OfflineStore } from "../store/offline.ts";
import type { OnlineStore } from "../store/online.ts";
import type { RegistryStore } from "../store/registry.ts";
import type { ErasureSecret } from "./erasures.ts";

/** What the flows work with: the opened stores of one project, and where time and identity come from. */
export interface Runtime {
  readonly project: string;
  readonly registry: RegistryStore;
  readonly offline: OfflineStore;
  readonly online: OnlineStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Identifies this process in job records. */
  readonly owner: string;
  /** Whether the process named by an owner string still runs; true where that cannot be known. */
  isOwnerAlive(owner: string): boolean;
  readonly settings: FlowSettings;
  /** The secret of erasures. Without one nothing can be erased, and a project with erasures answers and takes in nothing. */
  readonly erasureSecret?: ErasureSecret | undefined;
}

export interface FlowSettings {
  /** Rows later than the clock by more than this are held back until due. Default 0. */
  readonly maxFutureSkewUs: number;
  /** Incremental runs read rows created since the last run less this, for clocks that differ. Default 10 min. */
  readonly createdOverlapUs: number;
  /** Incremental runs over sources without created time read this much before the last end again. Default 1 day. */
  readonly lookbackUs: number;
  /** Source rows of one partition of a materialization: bounds memory and the work lost by a crash. Default 1,000,000. */
  readonly partitionRowsMax: number;
  /** Default `corrected`. */
  readonly feastCompatibility: FeastCompatibility;
  /** Whether `view@v1:feature` is answered under `strict`: Feast refuses it where versions of online tables are not kept apart. Default true. */
  readonly onlineVersioning: boolean;
  /** Whether a materialization describes the values of each view that it has done, from a sample of the rows. Default true. */
  readonly statistics: boolean;
}

/** Whether online answers follow asof's rules or, where they differ, Feast 0.67. */
export type FeastCompatibility = "corrected" | "strict";

export const defaultFlowSettings: FlowSettings = {
  maxFutureSkewUs: 0,
  createdOverlapUs: 600_000_000,
  lookbackUs: 86_400_000_000,
  partitionRowsMax: 1_000_000,
  feastCompatibility: "corrected",
  onlineVersioning: true,
  statistics: true,
};
