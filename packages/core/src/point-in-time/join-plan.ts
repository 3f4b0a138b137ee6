import type { FeatureModel, PlainViewModel, SourceModel, WindowedViewModel } from "../definition/model.ts";
import type { Value, ValueType } from "../value/type.ts";

/**
 * A point-in-time join as data: which columns of which views each spine row gets. One compiler turns it into SQL of a
 * dialect; the naive oracle in testkit interprets it directly.
 */
export interface JoinPlan {
  readonly spine: SpinePlan;
  readonly views: readonly ViewJoin[];
  /** `"event"`: what happened by t. `"created"`: only what was also known by t (`created ≤ t`), inside windows too. */
  readonly knowledge: "event" | "created";
  /**
   * Adds, for each float sum, avg, variance and stddev feature, hidden columns `<output>__n` (float64: values folded) and
   * `<output>__abs` (float64: Σ|x|, or Σx² for variance and stddev): what the equality of floats needs. Off for users' retrievals.
   */
  readonly bounds: boolean;
  /**
   * What becomes of spine rows of which any label is immature: kept with a null (default), dropped and counted, or an error
   * (ASOF_LABELS_IMMATURE) that names the first.
   */
  readonly immature?: Immature;
}

export type Immature = "keep" | "drop" | "error";

export interface SpinePlan {
  /** The as-of time's column. */
  readonly timeColumn: string;
  /** Key columns used by any view, with the type they are read as. */
  readonly keys: readonly { readonly column: string; readonly type: ValueType }[];
}

/** One view joined to the spine. Views with the same source and keys may be compiled together. */
export interface ViewJoin {
  readonly view: PlainViewModel | WindowedViewModel;
  readonly history: History;
  /** Entity key ↔ spine column, in the entity's key order over all entities of the view. Empty = entity-less. */
  readonly keys: readonly { readonly key: string; readonly spineColumn: string; readonly type: ValueType }[];
  /** Effective age limit: the smaller of the view's ttl and the use's maxAge. Null = unbounded. Windowed views: null. */
  readonly ttlUs: number | null;
  readonly features: readonly { readonly feature: FeatureModel; readonly output: string }[];
  /** Set where the outputs are labels instead of features. The view is then plain, of a source with event time. */
  readonly label?: LabelJoin;
}

/**
 * Rule "Labels". The label of a spine row (key, t) is what an as-of read at t + delay sees by what was known then, whatever the plan's
 * knowledge: later rows and later corrections never change it. It is null where t + delay is later than the end up to which the source is
 * known: the row is immature.
 */
export interface LabelJoin {
  readonly delayUs: number;
  /** The end as the user knows it; null = the greatest event or created time of the source. */
  readonly knownUntilUs: number | null;
  /** Nothing is known beyond it. */
  readonly nowUs: number;
}

/** Rule "History": the batch rows before the handover plus the log rows from it on. */
export interface History {
  /** The batch table; null for push-only sources. */
  readonly batch: Exclude<SourceModel, { readonly type: "push" }> | null;
  /** The offline log of pushed rows; null where nothing is pushed. */
  readonly log: LogReference | null;
  /** Batch rows count before it, log rows from it on. Null: no live side yet, so batch rows only (push-only: log rows only). */
  readonly handoverUs: number | null;
  /** Keys whose rows do not count: see {@link ErasedKey}. Their names are keys of the view. */
  readonly erased?: readonly ErasedKey[];
}

/** Rows with these values do not count: all of them, or (of sources with an event time) those before `beforeUs`. */
export interface ErasedKey {
  readonly parts: readonly { readonly name: string; readonly type: ValueType; readonly value: Value }[];
  readonly beforeUs: number | null;
}

/** Where a push source's offline log lies. The engine decides how it is stored. */
export interface LogReference {
  readonly project: string;
  readonly source: SourceModel;
}
