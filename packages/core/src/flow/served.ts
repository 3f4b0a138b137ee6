import type { PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import type { OnlineView } from "../store/online.ts";

/** How far a feature's online state reaches back and forward. */
export interface FeatureCoverage {
  /** Null = from the beginning of history. */
  readonly fromUs: number | null;
  readonly toUs: number;
}

/** A stored view as it is served now: the definition of its active generation, where its values lie, what they cover. */
export interface ServedView {
  readonly model: PlainViewModel | WindowedViewModel;
  readonly online: OnlineView;
  /** Only features that have been materialized or pushed at least once. */
  readonly coverage: ReadonlyMap<string, FeatureCoverage>;
}

/** The served side of one registry version. */
export interface ServedRegistry {
  readonly version: number;
  readonly project: string;
  readonly views: ReadonlyMap<string, ServedView>;
  /** Generations under construction beside the served ones; pushes reach both. */
  readonly building: ReadonlyMap<string, ServedView>;
}
