import { AsofError, parseDuration } from "@asof/core";
import { z } from "zod";

/** Text of a `z.custom` check: what is expected, told by the message as it stands. */
const expected = (what: string) => ({ error: what });

const text = z.string().min(1, expected("text that is not empty"));
const count = z.int().positive(expected("a whole number above 0"));
const anything = z.unknown().optional();

const size = z.string().regex(/^\d+(\.\d+)? ?[KMGT]?i?B$/i, expected('a size such as "512MB" or "4GiB"'));

/** Never shown, whatever is wrong with it. */
const secretText = z.string().regex(/^[0-9a-fA-F]{64,}$/, expected("64 hexadecimal digits or more, as `openssl rand -hex 32` prints"));

/** A duration as the definitions write it, in µs; `0s` where nothing is meant. */
const duration = z.string().transform((value, context) => {
  if (/^0[smhd]$/.test(value)) return 0;
  try {
    return parseDuration(value);
  } catch (error) {
    if (!(error instanceof AsofError)) throw error;
    context.addIssue({ code: "custom", message: 'a duration such as "90s", "10m", "12h" or "30d"' });
    return z.NEVER;
  }
});

const project = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, expected("a name of letters, digits, _ and -, not starting with _ or -"));

/** Top-level keys of Feast that this version reads past: their parts come with servers and other engines. */
export const unusedKeys = [
  "batch_engine",
  "coerce_tz_aware",
  "auth",
  "feature_server",
  "openlineage",
  "mlflow",
  "data_quality_monitoring",
  "embedding_model",
  "flags",
] as const;

/** The top level. Store objects are checked by their type afterwards. */
export const configSchema = z.strictObject({
  project,
  project_description: z.string().optional(),
  provider: text.default("local"),
  repository: project.optional(),
  description: z.string().optional(),
  definitions: z.union([text, z.array(text).min(1)], expected("a glob or a list of globs")).default("features/**/*.ts"),
  registry: anything,
  online_store: anything,
  offline_store: anything,
  entity_key_serialization_version: z.literal([1, 2, 3], expected("3")).default(3),
  feast_compatibility: z.enum(["corrected", "strict"], expected('"corrected" or "strict"')).default("corrected"),
  materialization: z
    .strictObject({
      pull_latest_features: z.boolean().optional(),
      online_write_batch_size: count.nullable().optional(),
      max_future_skew: duration.optional(),
      created_overlap: duration.optional(),
      lookback: duration.optional(),
      partition_rows_max: count.optional(),
      statistics: z.boolean().optional(),
    })
    .optional(),
  erasure: z.strictObject({ key: secretText.optional(), key_file: text.optional() }).optional(),
  ...Object.fromEntries(unusedKeys.map((key) => [key, anything])),
});

/** Options of Feast's registries, of whatever type. */
const feastRegistry = {
  cache_ttl_seconds: z.number().nonnegative().optional(),
  cache_mode: z.enum(["sync", "thread"]).optional(),
  registry_store_type: z.string().nullable().optional(),
  s3_additional_kwargs: anything,
  purge_feast_metadata: z.boolean().optional(),
  enable_online_feature_view_versioning: z.boolean().optional(),
  serve_features_while_materializing: z.boolean().optional(),
  mcp: anything,
};

/** Options of each store by role and type. `type` itself was read before. */
export const storeSchemas = {
  registry: {
    sqlite: z.strictObject({
      path: text.default("data/registry.db"),
      migrations: text.optional(),
      cache_ttl_seconds: z.number().nonnegative().optional(),
      cache_mode: z.enum(["sync", "thread"]).optional(),
    }),
    file: z.strictObject({ path: text.default("data/registry.pb"), ...feastRegistry }),
    sql: z.strictObject({
      path: text.optional(),
      ...feastRegistry,
      read_path: z.string().nullable().optional(),
      sqlalchemy_config_kwargs: anything,
      thread_pool_executor_worker_count: z.int().nonnegative().optional(),
      schema_mode: z.enum(["auto", "verify", "skip"]).optional(),
    }),
    memory: z.strictObject({}),
  },
  online_store: {
    lmdb: z.strictObject({ path: text.default("data/online"), map_size_max_bytes: count.optional() }),
    sqlite: z.strictObject({
      path: text.default("data/online.db"),
      vector_enabled: z.literal(false, expected("false: searching by vectors is not available")).optional(),
      similarity: z.string().nullable().optional(),
      text_search_enabled: z.boolean().optional(),
      enable_openai_compatible_store: z.boolean().optional(),
    }),
    memory: z.strictObject({}),
  },
  offline_store: {
    duckdb: z.strictObject({
      memory_limit: size.optional(),
      threads: count.optional(),
      temporary_folder: text.optional(),
      log_folder: text.default("data/log"),
      staging_location: z.string().nullable().optional(),
      staging_location_endpoint_override: z.string().nullable().optional(),
    }),
  },
} as const;
