import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { FlowSettings, Issue } from "@asof/core";
import { nearest } from "@asof/core";
import type { z } from "zod";
import type { Environment } from "../platform/environment.ts";
import { check } from "./check.ts";
import { placeOfRegistry } from "./read-registry.ts";
import { type KeyPath, readYaml, throwIssues, type YamlFile } from "./read-yaml.ts";
import { configSchema, storeSchemas, unusedKeys } from "./schema.ts";
import { isFeastStore, knownStores, printKnownStores, type StoreRole } from "./store-types.ts";

/** A checked feature_store.yaml. Paths are absolute. */
export interface Config {
  /** Where it was read from; null for an environment variable. */
  readonly path: string | null;
  readonly project: string;
  readonly projectDescription: string | undefined;
  readonly provider: string;
  /** The managing repository of what is applied from here: `repository`, else the name in package.json, else the project. */
  readonly repository: string;
  readonly description: string | undefined;
  /** Globs of definition files, relative to the repository. */
  readonly definitions: readonly string[];
  readonly registry: RegistryConfig;
  readonly onlineStore: OnlineStoreConfig;
  readonly offlineStore: OfflineStoreConfig;
  readonly entityKeySerializationVersion: number;
  readonly feastCompatibility: "corrected" | "strict";
  /** Settings of the flows that are given; the others have the flows' defaults. */
  readonly flow: Partial<FlowSettings>;
  /** The secret of erased keys: itself, or the file that holds it. */
  readonly erasure: { readonly key: string | null; readonly keyFile: string };
  /** Keys of Feast that are read past, with their places. */
  readonly unused: readonly { readonly key: string; readonly place: string }[];
}

export type RegistryConfig =
  | { readonly type: "sqlite"; readonly path: string; readonly migrationsFolder: string | undefined }
  | ({ readonly type: "sql"; readonly path: string; readonly migrationsFolder: string | undefined } & SharedWithFeast)
  | ({ readonly type: "file"; readonly path: string } & SharedWithFeast)
  | { readonly type: "memory" };

/** How Feast uses a registry that it shares with asof. */
interface SharedWithFeast {
  readonly onlineVersioning: boolean;
}

export type OnlineStoreConfig =
  | { readonly type: "lmdb"; readonly path: string; readonly mapSizeMaxBytes: number | undefined }
  | { readonly type: "sqlite"; readonly path: string }
  | { readonly type: "memory" };

export interface OfflineStoreConfig {
  readonly type: "duckdb";
  readonly memoryLimit: string | undefined;
  readonly threads: number | undefined;
  readonly temporaryFolder: string | undefined;
  /** Folder of the offline logs. */
  readonly logFolder: string;
}

/** What a configuration depends on beside its text. */
export interface ConfigContext {
  readonly repositoryPath: string;
  readonly packageName: string | null;
  readonly path: string | null;
}

/** Reads and checks the text of a feature_store.yaml. Every fault found is reported at once. */
export function readConfig(text: string, name: string, context: ConfigContext, environment: Environment): Config {
  const file = readYaml(text, name, environment);
  const top = check(configSchema, file.content, [], file);
  const stores = isRecord(file.content) ? file.content : {};
  const registry = readRegistry(stores.registry, file, context);
  const online = readOnlineStore(stores.online_store, file, context);
  const offline = readOfflineStore(stores.offline_store, file, context);
  const issues = [...top.issues, ...registry.issues, ...online.issues, ...offline.issues];
  if (top.value === null || registry.value === null || online.value === null || offline.value === null) throwIssues(issues);
  const config = top.value;
  return {
    path: context.path,
    project: config.project,
    projectDescription: config.project_description,
    provider: config.provider,
    repository: config.repository ?? context.packageName ?? config.project,
    description: config.description,
    definitions: typeof config.definitions === "string" ? [config.definitions] : config.definitions,
    registry: registry.value,
    onlineStore: online.value,
    offlineStore: offline.value,
    entityKeySerializationVersion: config.entity_key_serialization_version,
    feastCompatibility: config.feast_compatibility,
    flow: flowOf(config.materialization),
    erasure: {
      key: config.erasure?.key ?? null,
      keyFile: resolve(context.repositoryPath, config.erasure?.key_file ?? "data/erasure.key"),
    },
    unused: unusedOf(file),
  };
}

type Read<T> = { readonly value: T; readonly issues: readonly [] } | { readonly value: null; readonly issues: readonly Issue[] };

function readRegistry(value: unknown, file: YamlFile, context: ConfigContext): Read<RegistryConfig> {
  const isTyped = isRecord(value) && ("registry_type" in value || "type" in value);
  const isPath = typeof value === "string" && !Object.hasOwn(knownStores.registry, value);
  const given = isPath ? value : !isTyped && isRecord(value) ? value.path : undefined;
  if (typeof given === "string") {
    const options = isRecord(value) ? value : { path: value };
    return readRegistryAt(given, options, isPath ? ["registry"] : ["registry", "path"], file, context);
  }
  const chosen = chooseType("registry", value, file);
  if (chosen.value === null) return chosen;
  const { type, options } = chosen.value;
  if (type === "memory") return settled(check(storeSchemas.registry.memory, options, ["registry"], file), () => ({ type: "memory" }));
  if (type === "sqlite") return readSqliteRegistry(options, file, context);
  // Feast says what is in the place by its URL, also where the type is given.
  const path = typeof options.path === "string" ? options.path : type === "file" ? "data/registry.pb" : "";
  if (type === "sql" && !/^sqlite(\+\w+)?:\/\/\//i.test(path))
    return refusePlace(/^([\w+]+):/.exec(path)?.[1] ?? "no sqlite:/// URL", ["registry", "path"], file);
  return readRegistryAt(path, options, ["registry", "path"], file, context);
}

function readRegistryAt(
  path: string,
  options: Readonly<Record<string, unknown>>,
  at: KeyPath,
  file: YamlFile,
  context: ConfigContext,
): Read<RegistryConfig> {
  const place = placeOfRegistry(path, context.repositoryPath);
  switch (place.type) {
    case "elsewhere":
      return refusePlace(`${place.scheme}://`, at, file);
    case "sqlite":
      return readSqliteRegistry({ ...options, path }, file, context);
    case "sql":
      return settled(check(storeSchemas.registry.sql, options, ["registry"], file), (config) => ({
        type: "sql",
        path: place.path,
        migrationsFolder: migrationsOf(undefined, context),
        onlineVersioning: config.enable_online_feature_view_versioning ?? false,
      }));
    case "file":
      return settled(check(storeSchemas.registry.file, options, ["registry"], file), (config) => ({
        type: "file",
        path: place.path,
        onlineVersioning: config.enable_online_feature_view_versioning ?? false,
      }));
  }
}

function readSqliteRegistry(options: Readonly<Record<string, unknown>>, file: YamlFile, context: ConfigContext): Read<RegistryConfig> {
  return settled(check(storeSchemas.registry.sqlite, options, ["registry"], file), (config) => ({
    type: "sqlite",
    path: resolve(context.repositoryPath, config.path),
    migrationsFolder: migrationsOf(config.migrations, context),
  }));
}

function refusePlace(found: string, at: KeyPath, file: YamlFile): Read<never> {
  const place = file.placeOf(at);
  return {
    value: null,
    issues: [
      {
        code: "ASOF_STORE_UNKNOWN",
        path: place,
        value: found,
        message: `${place}: ${at.join(".")} lies at ${found}, which this version does not open.`,
        fix: "Write `registry: data/registry.pb` for Feast's file, or `registry: { registry_type: sql, path: sqlite:///data/registry.db }` for Feast's SQL schema on SQLite.",
      },
    ],
  };
}

/** The repository's own migration goes before the packaged one. */
function migrationsOf(given: string | undefined, context: ConfigContext): string | undefined {
  if (given !== undefined) return resolve(context.repositoryPath, given);
  const own = join(context.repositoryPath, "migrations");
  return existsSync(join(own, "feature_registry.sql")) ? own : undefined;
}

function readOnlineStore(value: unknown, file: YamlFile, context: ConfigContext): Read<OnlineStoreConfig> {
  const chosen = chooseType("online_store", value, file);
  if (chosen.value === null) return chosen;
  const { type, options } = chosen.value;
  if (type === "memory")
    return settled(check(storeSchemas.online_store.memory, options, ["online_store"], file), () => ({ type: "memory" }));
  if (type === "sqlite") {
    const hyphen = refuseHyphen(file);
    if (hyphen !== null) return { value: null, issues: [hyphen] };
    return settled(check(storeSchemas.online_store.sqlite, options, ["online_store"], file), (config) => ({
      type: "sqlite",
      path: resolve(context.repositoryPath, config.path),
    }));
  }
  return settled(check(storeSchemas.online_store.lmdb, options, ["online_store"], file), (config) => ({
    type: "lmdb",
    path: resolve(context.repositoryPath, config.path),
    mapSizeMaxBytes: config.map_size_max_bytes,
  }));
}

/** Feast refuses such a project beside its SQLite store: tables are named by it. */
function refuseHyphen(file: YamlFile): Issue | null {
  const project = isRecord(file.content) ? file.content.project : undefined;
  if (typeof project !== "string" || !project.includes("-")) return null;
  const at = file.placeOf(["project"]);
  const message = `${at}: project is ${file.show(["project"], project)}; beside an online store of type sqlite it cannot have a hyphen.`;
  return { code: "ASOF_CONFIG_INVALID", path: at, value: project, message, fix: "Write `_` for it, or use another online store." };
}

function readOfflineStore(value: unknown, file: YamlFile, context: ConfigContext): Read<OfflineStoreConfig> {
  const chosen = chooseType("offline_store", asDuckDb(value), file);
  if (chosen.value === null) return chosen;
  return settled(check(storeSchemas.offline_store.duckdb, chosen.value.options, ["offline_store"], file), (config) => ({
    type: "duckdb",
    memoryLimit: config.memory_limit?.replaceAll(" ", ""),
    threads: config.threads,
    temporaryFolder: config.temporary_folder === undefined ? undefined : resolve(context.repositoryPath, config.temporary_folder),
    logFolder: resolve(context.repositoryPath, config.log_folder),
  }));
}

/** Feast's default engine and its alias read local Parquet, which DuckDB does; they have no options. */
function asDuckDb(value: unknown): unknown {
  const type = isRecord(value) ? value.type : value;
  if (type !== "dask" && type !== "file") return value;
  return isRecord(value) ? { ...value, type: "duckdb" } : "duckdb";
}

interface ChosenStore {
  readonly type: string;
  /** Everything but the type. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A store is absent (the default), a type's name, or a map with `type` (the registry: `registry_type` as in Feast). */
function chooseType(role: StoreRole, value: unknown, file: YamlFile): Read<ChosenStore> {
  const [first = ""] = Object.keys(knownStores[role]);
  if (value === undefined) return { value: { type: first, options: {} }, issues: [] };
  if (typeof value === "string") return knownType(role, value, [role], {}, file);
  if (!isRecord(value)) {
    const at = file.placeOf([role]);
    const message = `${at}: ${role} must be the name of a type or a map of keys; it is ${file.show([role], value)}.`;
    return {
      value: null,
      issues: [{ code: "ASOF_CONFIG_INVALID", path: at, message, fix: `Write \`${role}: { type: ${first} }\`, or leave it out.` }],
    };
  }
  const key = role === "registry" && "registry_type" in value ? "registry_type" : "type";
  const { [key]: type = first, ...options } = value;
  if (typeof type === "string") return knownType(role, type, [role, key], options, file);
  const at = file.placeOf([role, key]);
  const message = `${at}: ${role}.${key} must be text; it is ${file.show([role, key], type)}.`;
  return { value: null, issues: [{ code: "ASOF_CONFIG_INVALID", path: at, message, fix: `Write one of: ${printKnownStores(role)}.` }] };
}

function knownType(
  role: StoreRole,
  type: string,
  path: KeyPath,
  options: Readonly<Record<string, unknown>>,
  file: YamlFile,
): Read<ChosenStore> {
  if (Object.hasOwn(knownStores[role], type)) return { value: { type, options }, issues: [] };
  const hint = nearest(type, Object.keys(knownStores[role]));
  const list = `Types for ${role}: ${printKnownStores(role)}.`;
  return {
    value: null,
    issues: [
      {
        code: "ASOF_STORE_UNKNOWN",
        path: file.placeOf(path),
        message: `${file.placeOf(path)}: ${path.join(".")} ${file.show(path, type)} is ${isFeastStore(role, type) ? "a store of Feast that this version does not open" : "not a known type"}.`,
        fix: hint === null ? list : `Did you mean "${hint}"? ${list}`,
      },
    ],
  };
}

function settled<C, T>(checked: Read<C>, make: (config: C) => T): Read<T> {
  return checked.value === null ? { value: null, issues: checked.issues } : { value: make(checked.value), issues: [] };
}

function flowOf(materialization: z.output<typeof configSchema>["materialization"]): Partial<FlowSettings> {
  const { max_future_skew, created_overlap, lookback, partition_rows_max, statistics } = materialization ?? {};
  return {
    ...(max_future_skew === undefined ? {} : { maxFutureSkewUs: max_future_skew }),
    ...(created_overlap === undefined ? {} : { createdOverlapUs: created_overlap }),
    ...(lookback === undefined ? {} : { lookbackUs: lookback }),
    ...(partition_rows_max === undefined ? {} : { partitionRowsMax: partition_rows_max }),
    ...(statistics === undefined ? {} : { statistics }),
  };
}

/** Options inside the parts that only Feast reads. */
const unusedOptions: readonly KeyPath[] = [
  ["materialization", "pull_latest_features"],
  ["materialization", "online_write_batch_size"],
  ["registry", "cache_ttl_seconds"],
  ["registry", "cache_mode"],
  ["registry", "registry_store_type"],
  ["registry", "s3_additional_kwargs"],
  ["registry", "purge_feast_metadata"],
  ["registry", "serve_features_while_materializing"],
  ["registry", "mcp"],
  ["registry", "read_path"],
  ["registry", "sqlalchemy_config_kwargs"],
  ["registry", "thread_pool_executor_worker_count"],
  ["registry", "schema_mode"],
  ["online_store", "similarity"],
  ["online_store", "text_search_enabled"],
  ["online_store", "enable_openai_compatible_store"],
  ["offline_store", "staging_location"],
  ["offline_store", "staging_location_endpoint_override"],
];

function unusedOf(file: YamlFile): Config["unused"] {
  const paths = [...unusedKeys.map((key) => [key]), ...unusedOptions];
  return paths
    .filter((path) => path.reduce((value: unknown, key) => (isRecord(value) ? value[key] : undefined), file.content) !== undefined)
    .map((path) => ({ key: path.join("."), place: file.placeOfKey(path) }));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
