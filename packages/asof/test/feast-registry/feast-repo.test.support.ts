import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FeastRegistryStore, type FeastUse, openFileRegistry } from "@asof/feast";
import { openSqlRegistry } from "@asof/sqlite";
import { FeastProcess } from "@asof/testkit";
import { writeFiles } from "../command/command.test.support.ts";

/** A kind of registry that both open. */
export interface SharedRegistry {
  readonly name: string;
  /** Lines of `registry` in feature_store.yaml, as Feast reads them. */
  readonly yaml: string;
  open(folder: string, use?: Partial<FeastUse>): Promise<FeastRegistryStore>;
}

export const sharedRegistries: readonly SharedRegistry[] = [
  {
    name: "file",
    yaml: "registry: data/registry.pb",
    open: (folder, use) => openFileRegistry({ path: join(folder, "data", "registry.pb"), ...use }),
  },
  {
    name: "sql",
    yaml: "registry:\n  registry_type: sql\n  path: sqlite:///data/registry.db\n  cache_ttl_seconds: 60",
    open: (folder, use) => openSqlRegistry({ path: join(folder, "data", "registry.db"), ...use }),
  },
];

/** Makes a copy of the repository that the golden registries were applied from. */
export function copyFeastRepo(folder: string, registry: SharedRegistry): void {
  cpSync(new URL("../../../feast/test/golden/feature_repo", import.meta.url), folder, { recursive: true });
  const path = join(folder, "feature_store.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace("registry: data/registry.pb", registry.yaml));
}

/** What Feast's registry says of one project: kind → name → object as JSON, without the times of writing. */
export type FeastListing = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

const prelude = `
import os, sys, types
from pathlib import Path
import feast
from feast.repo_config import load_repo_config
from google.protobuf.json_format import MessageToDict

def open_repo(yaml):
    m = types.ModuleType("features"); sys.modules["features"] = m; m.__file__ = "features.py"
    exec(compile(Path("features.py").read_text(), "features.py", "exec"), m.__dict__)
    return feast.FeatureStore(config=load_repo_config(Path("."), Path(yaml))), m

def apply_repo(yaml):
    from feast.feature_view import DUMMY_ENTITY
    from feast.repo_contents import RepoContents
    from feast.repo_operations import apply_total_with_repo_instance
    store, m = open_repo(yaml)
    m.ALL["entities"].append(DUMMY_ENTITY)
    apply_total_with_repo_instance(store, "compat", store.registry, RepoContents(label_views=[], **m.ALL), skip_source_validation=False)

def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in ("lastUpdatedTimestamp", "createdTimestamp")}
    return [without_times(v) for v in value] if isinstance(value, list) else value

def open_store(yaml):
    return feast.FeatureStore(config=load_repo_config(Path("."), Path(yaml)))

def listing(yaml, project="compat"):
    registry = open_store(yaml).registry
    registry.refresh(project)
    lists = dict(entity=registry.list_entities, data_source=registry.list_data_sources, feature_view=registry.list_feature_views,
                 stream_feature_view=registry.list_stream_feature_views, on_demand_feature_view=registry.list_on_demand_feature_views,
                 feature_service=registry.list_feature_services, saved_dataset=registry.list_saved_datasets, permission=registry.list_permissions)
    found = {kind: {o.name: without_times(MessageToDict(o.to_proto())) for o in read(project)} for kind, read in lists.items()}
    found["project"] = {p.name: without_times(MessageToDict(p.to_proto())) for p in registry.list_projects()}
    return found
`;

/** The feature_store.yaml of a project "shop" with one of the registries and Feast's SQLite store. */
export function shopYaml(registry: SharedRegistry, onlinePath = "online.db"): string {
  return `project: shop\nprovider: local\n${registry.yaml}\nonline_store: { type: sqlite, path: ${onlinePath} }\nentity_key_serialization_version: 3\n`;
}

/** Writes files into a folder and starts Feast there with the functions above. */
export async function startFeast(folder: string, files: Readonly<Record<string, string>> = {}): Promise<FeastProcess> {
  writeFiles(folder, files);
  const feast = await FeastProcess.start(folder);
  try {
    await prepareFeast(feast);
    return feast;
  } catch (error) {
    await feast[Symbol.asyncDispose]();
    throw error;
  }
}

/** Loads the functions above into the process. */
export async function prepareFeast(feast: FeastProcess): Promise<void> {
  await feast.run(`${prelude}\nreply(True)`);
}

/** What `feast apply` does, in the process's folder. */
export async function applyFeastRepo(feast: FeastProcess, yaml = "feature_store.yaml"): Promise<void> {
  await feast.run("apply_repo(given); reply(True)", yaml);
}

/** Everything that Feast reads from the registry that the yaml names. */
export async function listByFeast(feast: FeastProcess, yaml = "feature_store.yaml", project = "compat"): Promise<FeastListing> {
  return (await feast.run("reply(listing(*given))", [yaml, project])) as FeastListing;
}
