import {
  type AnyService,
  type AnyView,
  collectDefinitions,
  createFeatureRegistry,
  type FeatureFilter,
  type LineageFact,
  modelOf,
  type RegisteredFeature,
  systemClock,
  validateRepository,
} from "@asof/core";
import { loadConfig } from "../config/load.ts";
import type { OpenOptions } from "./open.ts";
import { throwIssues } from "./session.ts";
import { openRegistry } from "./wiring.ts";

/**
 * The registry of features, as the rest of a platform needs it: three methods, so that a move to another vendor's registry replaces
 * these and nothing else. Close it, or declare it with `await using`.
 */
export interface FeatureRegistryHandle extends AsyncDisposable {
  /**
   * Registers a view or a service with everything it stands on, as `apply` would; nothing is deleted. Registering the same again
   * changes nothing. Throws what `apply` refuses (ASOF_IN_USE, ASOF_NOT_OWNER, …).
   */
  registerFeature(definition: AnyView | AnyService): Promise<{ readonly changed: boolean }>;
  /** Registered features by view and declaration. */
  getFeatures(filter?: FeatureFilter): Promise<readonly RegisteredFeature[]>;
  /** Records what was made from what. A fact that is known already is kept as it is. */
  recordLineage(facts: readonly LineageFact[]): Promise<void>;
  close(): Promise<void>;
}

/** What `openFeatureRegistry` does. */
export async function featureRegistryOf(options: Omit<OpenOptions, "definitions">): Promise<FeatureRegistryHandle> {
  const config = await loadConfig(options.repo ?? ".", options.environment, { file: options.configFile });
  const { project, repository } = config;
  const store = await openRegistry(config);
  const registry = createFeatureRegistry(store, { project, repository }, options.clock ?? systemClock);
  const close = (): Promise<void> => Promise.resolve(store[Symbol.asyncDispose]());
  return {
    registerFeature: async (definition) => {
      throwIssues(validateRepository(collectDefinitions([{ definition }], project)));
      return registry.registerFeature(definition.kind === "view" ? modelOf(definition) : modelOf(definition));
    },
    getFeatures: (filter) => registry.getFeatures(filter),
    recordLineage: (facts) => registry.recordLineage(facts),
    close,
    [Symbol.asyncDispose]: close,
  };
}
