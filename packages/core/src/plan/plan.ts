import type { Issue } from "../error/error.ts";
import type { DerivedEdge } from "../registry/lineage.ts";
import type { RegistryChange } from "../store/registry.ts";
import type { Json } from "../value/json.ts";

export type PlanAction = "created" | "changed" | "recreated" | "deleted";

export type PlanKind = "project" | "entity" | "source" | "feature_view" | "feature_service" | "label";

/** One field that is not as it was. An absent `before` or `after` means that the field is not there on that side. */
export interface FieldDifference {
  /** Where in the object, for example `features.spend_30d.aggregate.windowUs`; names that are not words are quoted. */
  readonly path: string;
  readonly part: "data" | "metadata";
  readonly before?: Json;
  readonly after?: Json;
}

/** What a change brings with it. A change of metadata brings nothing. */
export interface Implications {
  /** Features whose values must be computed, again or for the first time, before they are served. */
  readonly recompute: readonly string[];
  /**
   * What happens to the online store: `nothing`; `add_features` (in place; absent until materialized); `new_version` (to be filled beside
   * the active one, which is served until another is activated); `rebuild` (a new version that takes the active one's place when it
   * is filled); `restart` (a new version at once: there was nothing to serve); `keep` (a version that is kept has this meaning already);
   * `remove`.
   */
  readonly online: "nothing" | "add_features" | "new_version" | "rebuild" | "restart" | "keep" | "remove";
  /** The active version and that of the definition, where a version is made or returned to. */
  readonly versions: { readonly active: number; readonly next: number } | null;
  /** Services whose answers the change may alter, of every repository. */
  readonly services: readonly string[];
  readonly lineage: { readonly added: readonly DerivedEdge[]; readonly removed: readonly DerivedEdge[] };
}

/** One object that apply will create, change, recreate or delete. */
export interface PlanEntry {
  readonly action: PlanAction;
  readonly kind: PlanKind;
  readonly name: string;
  /** The repository that manages it afterwards. */
  readonly repository: string;
  /** The repository that managed it before, where it is taken over. */
  readonly adoptedFrom: string | null;
  /** Whether anything but metadata changes. */
  readonly part: "data" | "metadata";
  readonly differences: readonly FieldDifference[];
  readonly implies: Implications;
}

/** Something to know, not to be stopped by. */
export interface PlanWarning {
  readonly path: string;
  readonly message: string;
}

/**
 * The difference between definitions and registry, as data. `apply` carries out `changes` and `lineage`, nothing else; they are
 * what `entries` describe. A plan with refusals cannot be applied.
 */
export interface Plan {
  readonly project: string;
  readonly repository: string;
  /** The registry's definitions version from which the plan was made; apply does nothing if it has moved on. */
  readonly definitionsVersion: number;
  readonly entries: readonly PlanEntry[];
  /** How many objects of the repository are as registered. */
  readonly unchanged: number;
  readonly warnings: readonly PlanWarning[];
  readonly refusals: readonly Issue[];
  readonly changes: readonly RegistryChange[];
  readonly lineage: { readonly added: readonly DerivedEdge[]; readonly removed: readonly DerivedEdge[] };
}

export interface PlanOptions {
  /** Views of which a version of another meaning takes the active one's place when it is filled: all, or those named. Default none. */
  readonly recreate?: boolean | readonly string[];
  /** Objects of other repositories to take over: all that are defined here, or those named. Default none. */
  readonly adopt?: boolean | readonly string[];
  /** Whether what the repository managed and no longer defines is deleted. Default true. */
  readonly deleteMissing?: boolean;
  /** When the plan is made, UTC µs: recorded as the time at which versions were made. Default: not known. */
  readonly nowUs?: number;
  /** Description of the project, from feature_store.yaml. */
  readonly projectDescription?: string | undefined;
}

/** `feature view "churn"`, as messages name an object. */
export function printObject(kind: PlanKind, name: string): string {
  return `${kind.replace("_", " ")} "${name}"`;
}
