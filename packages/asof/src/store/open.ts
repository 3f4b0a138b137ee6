import { hostname } from "node:os";
import { resolve } from "node:path";
import { type Clock, defaultFlowSettings, type FlowSettings, type RepositoryModel, type Runtime, systemClock, systemRandom } from "@asof/core";
import { type Config, loadConfig } from "../config/load.ts";
import { loadDefinitions } from "./definitions.ts";
import { type FeatureStore, featureStoreOf } from "./feature-store.ts";
import { Session } from "./session.ts";
import { openStores } from "./wiring.ts";

export interface OpenOptions {
  /** Folder of `feature_store.yaml`; default the working directory. */
  readonly repo?: string;
  /** Definitions as data instead of the repository's files. */
  readonly definitions?: RepositoryModel;
  /** Where now comes from; default the machine's clock. */
  readonly clock?: Clock;
  /** Variables for `${NAME}` in the yaml; default the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens the feature store of a repository: reads `feature_store.yaml` and opens the stores that it names. Definition files are
 * loaded when first needed. Throws ASOF_CONFIG_* with file, line and fix.
 */
export async function openFeatureStore(options: OpenOptions = {}): Promise<FeatureStore> {
  return featureStoreOf(await openSession(options));
}

/** The untyped form of {@link openFeatureStore}, for the command. */
export async function openSession(options: OpenOptions = {}): Promise<Session> {
  const repositoryPath = resolve(options.repo ?? ".");
  const config = await loadConfig(repositoryPath, options.environment);
  const stores = await openStores(repositoryPath, config);
  const { definitions } = options;
  const runtime: Runtime = {
    ...stores,
    project: config.project,
    clock: options.clock ?? systemClock,
    random: systemRandom,
    owner: `${hostname()}:${process.pid}`,
    isOwnerAlive,
    settings: flowSettings(config),
  };
  return new Session({
    runtime,
    repositoryPath,
    repositoryName: config.repository,
    definitions: () =>
      definitions === undefined ? loadDefinitions(repositoryPath, config.definitions, config.project) : Promise.resolve(definitions),
    close: stores.close,
  });
}

function flowSettings(config: Config): FlowSettings {
  return { ...defaultFlowSettings, ...config.flow };
}

/** A process of this machine is looked for; of another one nothing is known, so it counts as alive. */
function isOwnerAlive(owner: string): boolean {
  const [host, pid] = owner.split(":");
  if (host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
