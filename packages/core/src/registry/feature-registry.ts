import type { ServiceModel, ViewModel } from "../definition/model.ts";
import type { Json } from "../value/json.ts";
import type { ValueType } from "../value/type.ts";

/** A registered feature, as people and other systems look for it. */
export interface RegisteredFeature {
  readonly project: string;
  readonly view: string;
  readonly name: string;
  /** `view:feature`. */
  readonly reference: string;
  readonly type: ValueType;
  readonly entities: readonly string[];
  /** Name of the source; null for features of request views. */
  readonly source: string | null;
  /** Its own, else its view's. */
  readonly owner: string | null;
  readonly description: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** Services that use it, by name. */
  readonly services: readonly string[];
  /** The repository that manages its view. */
  readonly repository: string;
  /** Data fingerprint of its view. */
  readonly fingerprint: string;
}

/** Which features to list; what is not given does not restrict. */
export interface FeatureFilter {
  readonly view?: string;
  readonly service?: string;
  readonly entity?: string;
  readonly owner?: string;
  /** Each given tag must have the given value. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Something was made from something: nodes as in `LineageEdge`. */
export interface LineageFact {
  readonly from: string;
  readonly to: string;
  /** What recorded it, for example `retrieval` or the name of an outside system. */
  readonly recordedBy: string;
  readonly details?: Json;
}

/**
 * All that the rest of a platform needs of a feature registry. Kept this small on purpose: whoever moves to another vendor's
 * registry implements these three methods and nothing else.
 */
export interface FeatureRegistry {
  /**
   * Registers a view or a service with everything it stands on, as `apply` would: new objects are created, changed ones are
   * changed in place where that is safe, nothing is deleted. Registering the same again changes nothing. Throws what `apply`
   * refuses (ASOF_IN_USE, ASOF_NOT_OWNER, …).
   */
  registerFeature(definition: ViewModel | ServiceModel): Promise<{ readonly changed: boolean }>;
  /** Registered features by view and declaration. */
  getFeatures(filter?: FeatureFilter): Promise<readonly RegisteredFeature[]>;
  /** Records what was made from what. A fact that is known already is kept as it is. */
  recordLineage(facts: readonly LineageFact[]): Promise<void>;
}
