import type { PlainViewModel, WindowedViewModel } from "../definition/model.ts";
import type { ModelsByName } from "../registry/models.ts";
import type { OnlineView } from "../store/online.ts";

/** How far a feature's online state reaches back and forward. */
export interface FeatureCoverage {
  /** Null = from the beginning of history. */
  readonly fromUs: number | null;
  readonly toUs: number;
}

/** A version of a stored view as it can be read now: its definition, where its values lie, what they cover. */
export interface ServedView {
  /** Counted from 0. */
  readonly version: number;
  readonly model: PlainViewModel | WindowedViewModel;
  readonly online: OnlineView;
  /** Only features that have been materialized or pushed at least once. */
  readonly coverage: ReadonlyMap<string, FeatureCoverage>;
}

/** The served side of one registry version. */
export interface ServedRegistry {
  readonly version: number;
  readonly project: string;
  /** Of each view the active version: what a reference without a version means. */
  readonly views: ReadonlyMap<string, ServedView>;
  /** Of each view every version that is kept, the active one included, by number in ascending order. Pushes reach all of them. */
  readonly versions: ReadonlyMap<string, ReadonlyMap<number, ServedView>>;
  /** Definitions as registered: of each view that of its newest change, active or not. */
  readonly models: ModelsByName;
  /** Other projects of the registry, as far as what is asked for uses their views. */
  readonly others?: ReadonlyMap<string, ServedRegistry>;
}
