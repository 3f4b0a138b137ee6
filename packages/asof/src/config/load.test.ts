import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { AsofError } from "@asof/core";
import { loadConfig } from "./load.ts";

const root = mkdtempSync(join(tmpdir(), "asof-config-"));
after(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
function repositoryOf(yaml: string | null): string {
  const folder = join(root, `r${count++}`);
  mkdirSync(folder);
  if (yaml !== null) writeFileSync(join(folder, "feature_store.yaml"), yaml);
  return folder;
}

const load = (yaml: string, environment: Readonly<Record<string, string>> = {}) => loadConfig(repositoryOf(yaml), environment);

/** The error that a yaml gives. */
async function faultOf(yaml: string, environment: Readonly<Record<string, string>> = {}): Promise<AsofError> {
  try {
    await load(yaml, environment);
  } catch (error) {
    assert.ok(error instanceof AsofError, String(error));
    return error;
  }
  return assert.fail("it was accepted");
}

describe("a configuration", () => {
  test("needs the project only: the stores are embedded", async () => {
    const folder = repositoryOf("project: shop\n");
    const config = await loadConfig(folder, {});
    assert.deepEqual(config, {
      path: join(folder, "feature_store.yaml"),
      project: "shop",
      projectDescription: undefined,
      provider: "local",
      repository: "shop",
      description: undefined,
      definitions: ["features/**/*.ts"],
      registry: { type: "sqlite", path: join(folder, "data/registry.db"), migrationsFolder: undefined },
      onlineStore: { type: "lmdb", path: join(folder, "data/online"), mapSizeMaxBytes: undefined },
      offlineStore: {
        type: "duckdb",
        memoryLimit: undefined,
        threads: undefined,
        temporaryFolder: undefined,
        logFolder: join(folder, "data/log"),
      },
      entityKeySerializationVersion: 3,
      feastCompatibility: "corrected",
      flow: {},
      erasure: { key: null, keyFile: join(folder, "data/erasure.key") },
      unused: [],
    });
  });

  test("with everything said", async () => {
    const folder = repositoryOf(
      `
project: shop
project_description: The shop.
provider: local
repository: growth
description: Growth's features.
definitions: ["features/*.ts", more/**/*.ts]
registry:
  registry_type: sqlite
  path: /var/lib/asof/registry.db
  migrations: sql
  cache_ttl_seconds: 600
online_store:
  type: lmdb
  path: online
  map_size_max_bytes: 1_000_000
offline_store: { type: duckdb, memory_limit: 512 MB, threads: 2, temporary_folder: spill, log_folder: /log }
entity_key_serialization_version: 3
feast_compatibility: corrected
materialization: { max_future_skew: 0s, created_overlap: 10m, lookback: 2d, partition_rows_max: 5000, statistics: false, online_write_batch_size: null }
flags: { alpha: true }
batch_engine: local
`.replace("1_000_000", "1000000"),
    );
    const config = await loadConfig(folder, {});
    assert.deepEqual(config.definitions, ["features/*.ts", "more/**/*.ts"]);
    assert.equal(config.repository, "growth");
    assert.deepEqual(config.registry, { type: "sqlite", path: "/var/lib/asof/registry.db", migrationsFolder: join(folder, "sql") });
    assert.deepEqual(config.onlineStore, { type: "lmdb", path: join(folder, "online"), mapSizeMaxBytes: 1_000_000 });
    assert.deepEqual(config.offlineStore, {
      type: "duckdb",
      memoryLimit: "512MB",
      threads: 2,
      temporaryFolder: join(folder, "spill"),
      logFolder: "/log",
    });
    assert.equal(config.feastCompatibility, "corrected");
    assert.deepEqual(config.flow, {
      maxFutureSkewUs: 0,
      createdOverlapUs: 600_000_000,
      lookbackUs: 172_800_000_000,
      partitionRowsMax: 5000,
      statistics: false,
    });
    assert.deepEqual(config.unused, [
      { key: "batch_engine", place: "feature_store.yaml:22:1" },
      { key: "flags", place: "feature_store.yaml:21:1" },
      { key: "materialization.online_write_batch_size", place: "feature_store.yaml:20:122" },
      { key: "registry.cache_ttl_seconds", place: "feature_store.yaml:12:3" },
    ]);
  });

  test("stores in their short forms; a byte-order mark and comments are fine", async () => {
    const config = await load("\ufeff# shop\nproject: shop # ours\nregistry: data/r.db\nonline_store: memory\noffline_store: duckdb\n");
    assert.deepEqual([config.registry.type, config.onlineStore, config.offlineStore.type], ["file", { type: "memory" }, "duckdb"]);
    const folder = repositoryOf("project: shop\nonline_store: sqlite\n");
    assert.deepEqual((await loadConfig(folder, {})).onlineStore, { type: "sqlite", path: join(folder, "data/online.db") });
    assert.deepEqual((await load("project: shop\nregistry: { type: memory }\n")).registry, { type: "memory" });
  });

  test("a registry's path means what it means to Feast; a SQLite database that is there is recognized", async () => {
    const at = async (registry: string) => {
      const folder = repositoryOf(`project: shop\nregistry: ${registry}\n`);
      writeFileSync(join(folder, "there.db"), "SQLite format 3\0and so on");
      writeFileSync(join(folder, "feast.db"), Buffer.from([10, 2, 8, 1]));
      const { registry: read } = await loadConfig(folder, {});
      return [read.type, "path" in read ? read.path.replace(`${folder}/`, "") : null];
    };
    assert.deepEqual(await at("data/registry.db"), ["file", "data/registry.db"]);
    assert.deepEqual(await at("feast.db"), ["file", "feast.db"]);
    assert.deepEqual(await at("there.db"), ["sqlite", "there.db"]);
    assert.deepEqual(await at("{ path: there.db, cache_ttl_seconds: 5 }"), ["sqlite", "there.db"]);
    assert.deepEqual(await at("{ registry_type: file, path: r.pb }"), ["file", "r.pb"]);
    assert.deepEqual(await at("{ registry_type: sqlite, path: r.pb }"), ["sqlite", "r.pb"]);
    assert.deepEqual(await at("{ registry_type: sql, path: 'sqlite:///data/r.db?timeout=5' }"), ["sql", "data/r.db"]);
    assert.deepEqual(await at("{ registry_type: sql, path: 'sqlite+pysqlite:////tmp/r.db' }"), ["sql", "/tmp/r.db"]);
    assert.deepEqual(await at("file"), ["file", "data/registry.pb"]);
  });

  test("Feast's default engine and its options of a registry are read past", async () => {
    const yaml =
      "project: shop\nregistry: { path: r.pb, purge_feast_metadata: false, enable_online_feature_view_versioning: true }\noffline_store: { type: dask }\n";
    const config = await load(yaml);
    assert.equal(config.offlineStore.type, "duckdb");
    assert.equal(config.registry.type === "file" && config.registry.onlineVersioning, true);
    assert.deepEqual(
      config.unused.map(({ key }) => key),
      ["registry.purge_feast_metadata"],
    );
  });

  test("the repository's own migration is used, its package's name says who manages", async () => {
    const folder = repositoryOf("project: shop\n");
    mkdirSync(join(folder, "migrations"));
    writeFileSync(join(folder, "migrations", "feature_registry.sql"), "");
    writeFileSync(join(folder, "package.json"), '{"name": "@shop/growth"}');
    const config = await loadConfig(folder, {});
    assert.equal(config.registry.type === "sqlite" && config.registry.migrationsFolder, join(folder, "migrations"));
    assert.equal(config.repository, "@shop/growth");
  });
});

describe("where it is read from", () => {
  test("a folder without the file says how to make one", async () => {
    const folder = repositoryOf(null);
    await assert.rejects(loadConfig(folder, {}), {
      code: "ASOF_CONFIG_MISSING",
      message: new RegExp(`There is no ${folder}/feature_store.yaml.*asof init`),
    });
    await assert.rejects(loadConfig(join(folder, "none"), {}), { code: "ASOF_CONFIG_MISSING" });
  });

  test("FEAST_FS_YAML_FILE_PATH, FEATURE_STORE_YAML_BASE64 and a given file, in Feast's order; paths stay relative to the repository", async () => {
    const folder = repositoryOf("project: own\n");
    const other = join(repositoryOf("project: other\n"), "feature_store.yaml");
    const base64 = Buffer.from("project: packed\nregistry: r.db\n").toString("base64");
    const environment = { FEAST_FS_YAML_FILE_PATH: other, FEATURE_STORE_YAML_BASE64: base64 };
    assert.equal((await loadConfig(folder, { FEAST_FS_YAML_FILE_PATH: other })).project, "other");
    const packed = await loadConfig(folder, environment);
    assert.deepEqual(
      [packed.project, packed.path, packed.registry.type === "file" && packed.registry.path],
      ["packed", null, join(folder, "r.db")],
    );
    assert.equal((await loadConfig(folder, environment, { file: other })).project, "other");
    await assert.rejects(loadConfig(folder, { FEAST_FS_YAML_FILE_PATH: "/none.yaml" }), {
      code: "ASOF_CONFIG_MISSING",
      message: /named by FEAST_FS_YAML_FILE_PATH/,
    });
    await assert.rejects(loadConfig(folder, { FEATURE_STORE_YAML_BASE64: "*" }), { code: "ASOF_CONFIG_INVALID", message: /not base64/ });
    await assert.rejects(
      loadConfig(folder, { FEATURE_STORE_YAML_BASE64: Buffer.from("a: 1").toString("base64") }),
      /FEATURE_STORE_YAML_BASE64:1:1: a is not a key/,
    );
  });

  test("a file that cannot be read", async () => {
    const folder = repositoryOf(null);
    mkdirSync(join(folder, "feature_store.yaml"));
    await assert.rejects(loadConfig(folder, {}), { code: "ASOF_CONFIG_INVALID", message: /cannot be read: EISDIR/ });
    chmodSync(folder, 0o755);
  });
});

describe("variables", () => {
  test("are replaced in values, typed as if written there, and never in keys or comments", async () => {
    const environment = { NAME: "shop", N: "3", DIR: "/data", EMPTY: "" };
    const config = await load(
      `project: \${NAME}\nonline_store: # $UNSET\n  path: "\${DIR}/$NAME/\${MISSING:-x}/\${EMPTY:-y}"\noffline_store: { threads: $N, temporary_folder: "a$$b" }\n`,
      environment,
    );
    assert.equal(config.project, "shop");
    assert.equal(config.onlineStore.type === "lmdb" && config.onlineStore.path, "/data/shop/x/y");
    assert.equal(config.offlineStore.threads, 3);
    assert.match(config.offlineStore.temporaryFolder ?? "", /\/a\$b$/);
  });

  test("hold values, never structure", async () => {
    const config = await load("project: shop\nproject_description: $TEXT\n", { TEXT: "a: b # c\nonline_store: memory" });
    assert.equal(config.projectDescription, "a: b # c\nonline_store: memory");
    assert.equal(config.onlineStore.type, "lmdb");
    const quoted = await faultOf('project: shop\noffline_store: { threads: "$N" }\n', { N: "3" });
    assert.match(quoted.message, /offline_store\.threads must be a whole number|must be a number/);
  });

  test("that are not set are named with their lines, all at once", async () => {
    const one = await faultOf(`project: shop\nonline_store:\n  path: \${ONLINE_DIR}/x\n`);
    assert.equal(one.code, "ASOF_CONFIG_VARIABLE");
    assert.equal(one.path, "feature_store.yaml:3:9");
    assert.match(
      one.message,
      /feature_store\.yaml:3:9: online_store\.path uses the variable ONLINE_DIR, which is not set\. Set ONLINE_DIR, or write \$\{ONLINE_DIR:-default\}/,
    );
    const two = await faultOf("project: $A\ndefinitions: [x, $B]\n");
    assert.deepEqual(
      two.issues.map((i) => [i.code, i.path, i.value]),
      [
        ["ASOF_CONFIG_VARIABLE", "feature_store.yaml:1:10", "A"],
        ["ASOF_CONFIG_VARIABLE", "feature_store.yaml:2:18", "B"],
      ],
    );
    assert.match(two.message, /definitions\.1 uses the variable B/);
    assert.match((await faultOf("project: ${\n")).message, /1:10: project holds "\$\{" without a variable's name/);
  });

  test("never show in a message, nor do secrets", async () => {
    for (const yaml of [
      "project: $SECRET\n",
      "project: shop\nonline_store: $SECRET\n",
      "project: shop\nonline_store: { type: $SECRET }\n",
      "project: shop\nregistry: postgresql://$SECRET@host/db\n",
      "project: shop\noffline_store: { memory_limit: $SECRET }\n",
      "project: shop\noffline_store: [ $SECRET ]\n",
      "project: shop\nprovider: { password: hunter two }\n",
      "project: shop\nonline_store: { type: redis, connection_string: 'host:6379,password=hunter two' }\n",
      "project: shop\ndefinitions: { password: hunter two }\n",
      "project: shop\n  password hunter two\n",
      "password: 'hunter two\n",
      "] hunter two",
    ]) {
      const fault = await faultOf(yaml, { SECRET: "hunter two" });
      assert.doesNotMatch(`${fault.message} ${JSON.stringify(fault.toJSON())}`, /hunter/, yaml);
    }
  });
});

/** What is wrong, and what the message must say: place, key, what was found, the fix. */
const faults: readonly (readonly [string, string, string, RegExp])[] = [
  [
    "a tab",
    "project: shop\nonline_store:\n\ttype: lmdb\n",
    "ASOF_CONFIG_INVALID",
    /^\[ASOF_CONFIG_INVALID\] feature_store\.yaml:3:1: The line is indented by a tab, which YAML does not allow\. Indent with spaces\.$/,
  ],
  [
    "a tab after spaces",
    "project: shop\nonline_store:\n  \ttype: lmdb\n   path: x\n",
    "ASOF_CONFIG_INVALID",
    /feature_store\.yaml:\d:\d: /,
  ],
  ["a key twice", "project: shop\nproject: bank\n", "ASOF_CONFIG_INVALID", /feature_store\.yaml:2:1: Map keys must be unique\. Keep one/],
  ["two documents", "project: shop\n---\nproject: bank\n", "ASOF_CONFIG_INVALID", /feature_store\.yaml:2:1: .*Remove the line/],
  ["an open bracket", "project: shop\ndefinitions: [a\nprovider: local\n", "ASOF_CONFIG_INVALID", /feature_store\.yaml:3:1: /],
  ["a loose alias", "project: *name\n", "ASOF_CONFIG_INVALID", /feature_store\.yaml:1:10: The anchor "name" is not set/],
  ["a list at the top", "- project\n", "ASOF_CONFIG_INVALID", /must be a map of keys/],
  ["nothing at all", "", "ASOF_CONFIG_INVALID", /feature_store\.yaml:1:1: project is missing\. Add `project: NAME`/],
  [
    "a misspelt key",
    "project: shop\nonline_stor: lmdb\n",
    "ASOF_CONFIG_INVALID",
    /feature_store\.yaml:2:1: online_stor is not a key.*Did you mean "online_store"\?/,
  ],
  [
    "a key of nowhere",
    "project: shop\nzebra: 1\n",
    "ASOF_CONFIG_INVALID",
    /zebra is not a key.*Remove it\. Known keys: auth, batch_engine/,
  ],
  [
    "a misspelt option",
    "project: shop\nonline_store:\n  type: lmdb\n  pth: x\n",
    "ASOF_CONFIG_INVALID",
    /feature_store\.yaml:4:3: online_store\.pth is not a key.*Did you mean "path"\?/,
  ],
  [
    "a misspelt nested option",
    "project: shop\nmaterialization:\n  lokback: 1d\n",
    "ASOF_CONFIG_INVALID",
    /3:3: materialization\.lokback is not a key.*Did you mean "lookback"\?/,
  ],
  ["a wrong type", "project: 5\n", "ASOF_CONFIG_INVALID", /feature_store\.yaml:1:10: project must be text; it is 5\. Correct project\./],
  [
    "a bad name",
    "project: _shop\n",
    "ASOF_CONFIG_INVALID",
    /project must be a name of letters, digits, _ and -, not starting with _ or -; it is "_shop"/,
  ],
  [
    "a number that is none",
    "project: shop\noffline_store:\n  type: duckdb\n  threads: many\n",
    "ASOF_CONFIG_INVALID",
    /4:12: offline_store\.threads must be a number; it is "many"/,
  ],
  [
    "a number too small",
    "project: shop\noffline_store: { threads: 0 }\n",
    "ASOF_CONFIG_INVALID",
    /threads must be a whole number above 0; it is 0/,
  ],
  [
    "half a thread",
    "project: shop\noffline_store: { threads: 1.5 }\n",
    "ASOF_CONFIG_INVALID",
    /threads must be a whole number; it is 1\.5/,
  ],
  [
    "a bad size",
    "project: shop\noffline_store: { memory_limit: lots }\n",
    "ASOF_CONFIG_INVALID",
    /memory_limit must be a size such as "512MB" or "4GiB"; it is "lots"/,
  ],
  [
    "a project that Feast's tables cannot be named by",
    "project: my-shop\nonline_store: sqlite\n",
    "ASOF_CONFIG_INVALID",
    /1:10: project is "my-shop"; beside an online store of type sqlite it cannot have a hyphen/,
  ],
  [
    "searching by vectors",
    "project: shop\nonline_store: { type: sqlite, vector_enabled: true }\n",
    "ASOF_CONFIG_INVALID",
    /vector_enabled must be false: searching by vectors is not available; it is true/,
  ],
  [
    "a bad duration",
    "project: shop\nmaterialization: { lookback: 1 month }\n",
    "ASOF_CONFIG_INVALID",
    /2:30: materialization\.lookback must be a duration such as .*; it is "1 month"/,
  ],
  ["a bad choice", "project: shop\nfeast_compatibility: lax\n", "ASOF_CONFIG_INVALID", /must be "corrected" or "strict"; it is "lax"/],
  ["a key version from the future", "project: shop\nentity_key_serialization_version: 4\n", "ASOF_CONFIG_INVALID", /must be 3; it is 4/],
  [
    "a glob of a wrong type",
    "project: shop\ndefinitions: [a, 7]\n",
    "ASOF_CONFIG_INVALID",
    /2:14: definitions must be a glob or a list of globs/,
  ],
  [
    "a store that is a list",
    "project: shop\nonline_store: [lmdb]\n",
    "ASOF_CONFIG_INVALID",
    /2:15: online_store must be the name of a type or a map of keys/,
  ],
  [
    "a store that is null",
    "project: shop\nonline_store: null\n",
    "ASOF_CONFIG_INVALID",
    /online_store must be the name of a type or a map of keys; it is null/,
  ],
  [
    "a type of a wrong type",
    "project: shop\nonline_store: { type: 7 }\n",
    "ASOF_CONFIG_INVALID",
    /online_store\.type must be text; it is 7\. Write one of: lmdb, sqlite, memory/,
  ],
  [
    "an unknown store",
    "project: shop\nonline_store:\n  type: lmbdb\n",
    "ASOF_STORE_UNKNOWN",
    /3:9: online_store\.type "lmbdb" is not a known type\. Did you mean "lmdb"\? Types for online_store: lmdb.*, memory/,
  ],
  [
    "a store of Feast",
    "project: shop\nonline_store: redis\n",
    "ASOF_STORE_UNKNOWN",
    /2:15: online_store "redis" is a store of Feast that this version does not open\. Types for online_store: lmdb/,
  ],
  ["an unknown engine", "project: shop\noffline_store: { type: spark }\n", "ASOF_STORE_UNKNOWN", /Types for offline_store: duckdb/],
  [
    "a registry elsewhere",
    "project: shop\nregistry: { path: s3://bucket/registry.db }\n",
    "ASOF_STORE_UNKNOWN",
    /2:19: registry\.path lies at s3:\/\//,
  ],
  [
    "Feast's SQL registry elsewhere",
    "project: shop\nregistry: { registry_type: sql, path: postgresql://host/db }\n",
    "ASOF_STORE_UNKNOWN",
    /registry\.path lies at postgresql, which this version does not open/,
  ],
];

describe("a fault is named with its place, what was found and the fix:", () => {
  for (const [title, yaml, code, message] of faults) {
    test(title, async () => {
      const fault = await faultOf(yaml);
      assert.equal(fault.code, code);
      assert.match(fault.message, message);
      assert.match(fault.path ?? "", /^feature_store\.yaml:\d+:\d+$/);
    });
  }

  test("several at once are listed, each under its own code", async () => {
    const fault = await faultOf("projct: shop\nonline_store: nosuch\noffline_store: { threads: x }\n");
    assert.deepEqual(
      fault.issues.map((i) => [i.code, i.path]),
      [
        ["ASOF_CONFIG_INVALID", "feature_store.yaml:1:1"],
        ["ASOF_CONFIG_INVALID", "feature_store.yaml:1:1"],
        ["ASOF_STORE_UNKNOWN", "feature_store.yaml:2:15"],
        ["ASOF_CONFIG_INVALID", "feature_store.yaml:3:27"],
      ],
    );
    assert.match(
      fault.message,
      /^\[ASOF_CONFIG_INVALID\] 4 faults:\n {2}feature_store\.yaml:1:1: project is missing.*\n.*Did you mean "project"/,
    );
  });
});
