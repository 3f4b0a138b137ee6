/** The parts of feature_store.yaml that name a store. */
export type StoreRole = "registry" | "online_store" | "offline_store";

/** Types that this version opens, with the package that each needs; null = always there. The first one is the default. */
export const knownStores: Readonly<Record<StoreRole, Readonly<Record<string, string | null>>>> = {
  registry: { sqlite: "@asof/sqlite", file: null, sql: "@asof/sqlite", memory: null },
  online_store: { lmdb: "@asof/lmdb", sqlite: "@asof/sqlite", memory: null },
  offline_store: { duckdb: "@asof/duckdb" },
};

/** Feast's types that this version does not open; told apart from typing errors. */
const feastStores: Readonly<Record<StoreRole, readonly string[]>> = {
  registry: ["snowflake.registry", "remote"],
  online_store: [
    "redis",
    "postgres",
    "mysql",
    "dynamodb",
    "datastore",
    "bigtable",
    "snowflake.online",
    "cassandra",
    "scylladb",
    "hbase",
    "hazelcast",
    "elasticsearch",
    "qdrant",
    "milvus",
    "mongodb",
    "singlestore",
    "couchbase.online",
    "aerospike",
    "chronon",
    "hybrid",
    "remote",
  ],
  offline_store: [
    "postgres",
    "spark",
    "trino",
    "bigquery",
    "redshift",
    "snowflake.offline",
    "athena",
    "mssql",
    "clickhouse",
    "oracle",
    "couchbase.offline",
    "ray",
    "chronon",
    "hybrid",
    "remote",
  ],
};

export function isFeastStore(role: StoreRole, type: string): boolean {
  return feastStores[role].includes(type) || /^[\w.]+\.\w+Store$/.test(type);
}

/** The types of a role as a message lists them; one whose package is missing comes with the command that installs it. */
export function printKnownStores(role: StoreRole): string {
  return Object.entries(knownStores[role])
    .map(([type, name]) => (name === null || isInstalled(name) ? type : `${type} (\`npm install ${name}\` first)`))
    .join(", ");
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}
