import {
  type AnyService,
  type AnyView,
  type FeatureFilter,
  type FeatureRegistryHandle,
  type LineageFact,
  openFeatureRegistry,
  type RegisteredFeature,
} from "asof";

// All that the rest of predictflow knows of a feature registry. A move to another vendor's registry rewrites the bodies of these three
// functions, and nothing that calls them.

/** Registers a view or a service with everything it stands on. True when that changed something. */
export async function registerFeature(definition: AnyView | AnyService): Promise<boolean> {
  await using registry = await open();
  return (await registry.registerFeature(definition)).changed;
}

/** Registered features with owner, source, tags and the services that read them. */
export async function getFeatures(filter?: FeatureFilter): Promise<readonly RegisteredFeature[]> {
  await using registry = await open();
  return registry.getFeatures(filter);
}

/** Records what was made from what, for example the model that was trained on a training set. */
export async function recordLineage(facts: readonly LineageFact[]): Promise<void> {
  await using registry = await open();
  await registry.recordLineage(facts);
}

/** The registry that feature_store.yaml names, with the tables of migrations/feature_registry.sql. */
function open(): Promise<FeatureRegistryHandle> {
  return openFeatureRegistry({ repo: `${import.meta.dirname}/..` });
}
