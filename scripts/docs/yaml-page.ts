import { configKeys } from "../../packages/asof/src/config/key-table.ts";
import { unusedKeys } from "../../packages/asof/src/config/schema.ts";

/** What each key means. A key of the schema without a line here fails the page. */
const meanings: Readonly<Record<string, string>> = {
  project: "Name of the project: letters, digits, `_` and `-`. Required. It separates objects and online rows of one store.",
  project_description: "Shown with the project.",
  provider: "Feast's; read and not used.",
  repository: "The repository that manages what is applied from here (rule *Teams*). Default: the name in package.json, else the project.",
  description: "Of the repository.",
  definitions: "Definition files: a glob or a list of globs, relative to the repository.",
  entity_key_serialization_version: "Feast's; read and not used: the embedded store has keys of its own.",
  feast_compatibility:
    "How to answer online where Feast 0.67 and the rules of asof differ: by the rules (`corrected`), or as Feast's SDK does (`strict`: ttl is not applied, a stored null is PRESENT, errors are Feast's).",
  "materialization.pull_latest_features": "Feast's; read and not used: only the latest rows are ever pulled.",
  "materialization.online_write_batch_size": "Feast's; read and not used: batches are bounded.",
  "materialization.max_future_skew": "Rows later than the clock by more than this are held back until due. Default `0s`.",
  "materialization.created_overlap": "Incremental runs read rows created since the last run less this. Default `10m`.",
  "materialization.lookback": "Incremental runs over sources without created time read this much before the last end again. Default `1d`.",
  "erasure.key":
    "The secret with which erased entity keys are hashed, 64 hexadecimal digits or more, best from an environment variable. Goes before the file.",
  "erasure.key_file":
    "The file of that secret, which the first `asof delete` makes, default data/erasure.key. Every process and machine of the project needs the same one; keep a copy, and keep it out of the repository.",
  "materialization.partition_rows_max": "Source rows of one partition of a job: bounds memory and what a crash loses. Default 1000000.",
  "materialization.statistics":
    "Whether a materialization describes the values of each view that it has done, from a sample of at most about 100,000 rows. Default true.",
  "registry.path":
    "The registry. Without a type it is Feast's protobuf file, whatever its ending, or the SQLite database that lies there already. `file`: Feast's protobuf file. `sql`: `sqlite:///` and the file of a database in Feast's SQL schema. `sqlite`: a database that is asof's alone.",
  "registry.registry_store_type": "Feast's; read and not used.",
  "registry.s3_additional_kwargs": "Feast's; read and not used.",
  "registry.purge_feast_metadata": "Feast's; read and not used.",
  "registry.enable_online_feature_view_versioning":
    "Whether Feast keeps online tables of a view's versions apart: asof then reads those of the version that Feast serves.",
  "registry.serve_features_while_materializing": "Feast's; read and not used: asof always serves.",
  "registry.mcp": "Feast's; read and not used.",
  "registry.read_path": "Feast's; read and not used.",
  "registry.sqlalchemy_config_kwargs": "Feast's; read and not used.",
  "registry.thread_pool_executor_worker_count": "Feast's; read and not used.",
  "registry.schema_mode": "Feast's; read and not used: asof makes tables that are missing by its first write.",
  "registry.migrations":
    "Folder of `feature_registry.sql`. Default: `migrations` in the repository where it is there, else the one that comes with asof.",
  "registry.cache_ttl_seconds": "Feast's; read and not used: a newer registry is seen within a second.",
  "registry.cache_mode": "Feast's; read and not used.",
  "online_store.path": "LMDB: the folder of the store, on a local file system. SQLite: the file, in the layout of Feast's SQLite store.",
  "online_store.vector_enabled": "Feast's; searching by vectors is refused for now.",
  "online_store.similarity": "Feast's; read and not used.",
  "online_store.text_search_enabled": "Feast's; read and not used: the text that Feast searches is always written.",
  "online_store.enable_openai_compatible_store": "Feast's; read and not used: where Feast made the column for numbers it is filled.",
  "online_store.map_size_max_bytes": "How much data the store may hold. Default 64 GiB.",
  "offline_store.memory_limit": "DuckDB's, for example `4GB`; what does not fit is spilled to disk. Default: 80 % of the machine.",
  "offline_store.threads": "Threads that queries use. Default: all cores.",
  "offline_store.temporary_folder": "Where spilled data go; the folder made there is removed at close. Default: the system's.",
  "offline_store.log_folder": "Folder of the offline logs of push sources.",
  "offline_store.staging_location": "Feast's; read and not used.",
  "offline_store.staging_location_endpoint_override": "Feast's; read and not used.",
};

/** The text of docs/reference/feature-store-yaml.md, made from the schema that reads the file. */
export function renderYamlPage(): string {
  const rows = configKeys().map(({ key, store, type, default: value }) => {
    const meaning = meanings[key];
    if (meaning === undefined) throw new Error(`scripts/docs/yaml-page.ts does not say what "${key}" means`);
    return `| \`${key}\` | ${store ?? ""} | ${type.replaceAll("|", "\\|")} | ${value === null ? "" : `\`${value}\``} | ${meaning} |`;
  });
  return `# feature_store.yaml

<!-- Generated by scripts/docs.ts from packages/asof/src/config/schema.ts. Run \`npm run docs\` after a change there. -->

The file lies in the repository's folder; \`FEAST_FS_YAML_FILE_PATH\` names another one, \`FEATURE_STORE_YAML_BASE64\` holds one. Its keys are
Feast's where Feast has them. \`$NAME\` and \`\${NAME}\` stand for environment variables, \`\${NAME:-text}\` gives a default, \`$$\` is a dollar sign; a
variable that is not set is an error with its line. Values replace values, never structure. Paths are relative to the repository. \`registry\`,
\`online_store\` and \`offline_store\` take a \`type\` (\`registry_type\` for the registry) and its options, or a bare type or path.

| key | store type | value | default | meaning |
|---|---|---|---|---|
${rows.join("\n")}

Read past, because the parts that they configure come with servers and other engines: ${unusedKeys.map((key) => `\`${key}\``).join(", ")}.
`;
}
