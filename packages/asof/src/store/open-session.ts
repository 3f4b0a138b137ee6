import { hostname } from "node:os";
import { defaultFlowSettings, type FlowSettings, type Runtime, systemClock, systemRandom } from "@asof/core";
import { type Config, loadConfig } from "../config/load.ts";
import { physicalFolder } from "../platform/folder.ts";
import { loadDefinitions } from "./definitions.ts";
import { erasureSecretOf } from "./erasure-secret.ts";
import type { OpenOptions } from "./open.ts";
import { Session } from "./session.ts";
import { type OpenedStores, openStores } from "./wiring.ts";

/** The untyped form of `openFeatureStore`, for the command. */
export async function openSession(options: OpenOptions = {}): Promise<Session> {
  const repositoryPath = physicalFolder(options.repo ?? ".");
  const config = await loadConfig(repositoryPath, options.environment, { file: options.configFile });
  return sessionOver(repositoryPath, config, await openStores(repositoryPath, config), options);
}

/** A session over stores that are open already; closing it closes them. */
export function sessionOver(repositoryPath: string, config: Config, stores: OpenedStores, options: OpenOptions = {}): Session {
  const { definitions, signal } = options;
  const runtime: Runtime = {
    ...stores,
    project: config.project,
    clock: options.clock ?? systemClock,
    random: systemRandom,
    owner: ownName,
    isOwnerAlive,
    settings: flowSettings(config),
    erasureSecret: erasureSecretOf(config.erasure),
  };
  return new Session({
    runtime,
    repositoryPath,
    repositoryName: config.repository,
    definitions: () =>
      definitions === undefined
        ? loadDefinitions(repositoryPath, config.definitions, { project: config.project, signal })
        : Promise.resolve(definitions),
    close: stores.close,
  });
}

function flowSettings(config: Config): FlowSettings {
  const { registry, feastCompatibility, flow } = config;
  // Only Feast's registries have the switch.
  const onlineVersioning = "onlineVersioning" in registry ? registry.onlineVersioning : true;
  return { ...defaultFlowSettings, ...flow, feastCompatibility, onlineVersioning };
}

/** Machine, process and its start: in a container that starts again the number of the process is the same. */
const ownName = `${hostname()}:${process.pid}:${Math.round(performance.timeOrigin)}`;

/** A process of this machine is looked for; of another one nothing is known, so it counts as alive. */
function isOwnerAlive(owner: string): boolean {
  const [host, pid] = owner.split(":");
  if (host !== hostname()) return true;
  if (Number(pid) === process.pid) return owner === ownName;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
