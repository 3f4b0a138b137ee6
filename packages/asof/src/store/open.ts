import type { Clock, RepositoryModel } from "@asof/core";
import { checkOptions, isRecord, refuse } from "./check-options.ts";
import type { FeatureRegistryHandle } from "./feature-registry.ts";
import type { FeatureStore } from "./feature-store.ts";

export interface OpenOptions {
  /** Folder of `feature_store.yaml`; default the working directory. */
  readonly repo?: string;
  /** Definitions as data instead of the repository's files. */
  readonly definitions?: RepositoryModel;
  /** Where now comes from; default the machine's clock. */
  readonly clock?: Clock;
  /** The configuration file; default `feature_store.yaml` in the folder, or what Feast's variables name. */
  readonly configFile?: string | undefined;
  /** Variables for `${NAME}` in the yaml; default the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Ends the loading of definition files, which may run any code. */
  readonly signal?: AbortSignal;
}

/**
 * Opens the feature store of a repository: reads `feature_store.yaml` and opens the stores that it names. Definition files are
 * loaded when first needed. Throws ASOF_CONFIG_* with file, line and fix.
 */
export async function openFeatureStore(options: OpenOptions = {}): Promise<FeatureStore> {
  checkOpenOptions(options);
  // Loaded on demand: definition files import this package, and most of them never open a store.
  const [{ openSession }, { featureStoreOf }] = await Promise.all([import("./open-session.ts"), import("./feature-store.ts")]);
  return featureStoreOf(await openSession(options));
}

/** Opens the registry that a repository's `feature_store.yaml` names, and none of its other stores. Throws ASOF_CONFIG_* as well. */
export async function openFeatureRegistry(options: Omit<OpenOptions, "definitions"> = {}): Promise<FeatureRegistryHandle> {
  checkOpenOptions(options);
  const { featureRegistryOf } = await import("./feature-registry.ts");
  return featureRegistryOf(options);
}

/** ASOF_REQUEST_INVALID for options of another kind. */
function checkOpenOptions(options: unknown): void {
  checkOptions("ASOF_REQUEST_INVALID", options, {
    ...{ repo: "text", definitions: "object", clock: "object", configFile: "text", environment: "object", signal: "signal" },
  });
  const { definitions, clock } = isRecord(options) ? options : {};
  if (isRecord(clock) && typeof clock.nowUs !== "function") {
    refuse("ASOF_REQUEST_INVALID", "clock", clock, "a clock", "Give { nowUs: () => … }, microseconds since 1970, or leave it out.");
  }
  if (isRecord(definitions) && !Array.isArray(definitions.entities)) {
    const fix = "Leave it out, so that the files of the repository are read. For tests there is openTestStore of asof/testing.";
    refuse("ASOF_REQUEST_INVALID", "definitions", definitions, "the definitions of a repository", fix);
  }
}
