/** How an error code maps to the outside. */
export interface ErrorCodeEntry {
  readonly http: number;
  /** Process exit code: 1 failed, 2 wrong use (flags, yaml, definitions, input data), 3 refused (plan, ownership), 4 parity, 130 interrupted. */
  readonly exit: number;
  readonly retryable: boolean;
  /** When it is raised; the row of `docs/reference/errors.md`. */
  readonly summary: string;
}

const entry = (http: number, exit: number, retryable: boolean, summary: string): ErrorCodeEntry => ({ http, exit, retryable, summary });

/** The closed list of codes. A test keeps it equal to `docs/reference/errors.md`. */
export const errorCodes = {
  // definitions
  ASOF_DEFINITION_INVALID: entry(400, 2, false, "Definitions break a rule; every fault found is listed."),
  ASOF_NAME_DUPLICATE: entry(400, 2, false, "Two objects or features have one name."),
  ASOF_NAME_INVALID: entry(400, 2, false, "A name is empty, reserved or of a refused form."),
  ASOF_WINDOW_INVALID: entry(400, 2, false, "A window or hop breaks the hop rule."),
  ASOF_TTL_INVALID: entry(400, 2, false, "A ttl is malformed, zero, negative, or stands on a windowed view."),
  ASOF_COLUMN_UNKNOWN: entry(400, 2, false, "A definition names a column that its source does not have."),
  ASOF_COLUMN_TYPE: entry(400, 2, false, "A column's type does not fit its use."),
  ASOF_CYCLE: entry(400, 2, false, "Request views depend on each other in a circle."),
  ASOF_DURATION_INVALID: entry(400, 2, false, "A duration is not a whole number of s, m, h or d."),
  ASOF_TIME_INVALID: entry(400, 2, false, "An instant cannot be read."),
  ASOF_VALUE_INVALID: entry(400, 2, false, "A value does not fit its declared type."),
  ASOF_EXPRESSION_FAILED: entry(400, 2, false, "An expression cannot be evaluated for a row, for example integer overflow."),
  ASOF_SUM_OVERFLOW: entry(400, 1, false, "An integer sum leaves the range of int64."),
  ASOF_DISTINCT_BOUND: entry(400, 1, false, "A distinct count exceeds its declared bound."),
  // configuration
  ASOF_CONFIG_MISSING: entry(500, 2, false, "feature_store.yaml is not there."),
  ASOF_CONFIG_INVALID: entry(500, 2, false, "feature_store.yaml has a wrong key, type or syntax."),
  ASOF_CONFIG_VARIABLE: entry(500, 2, false, "feature_store.yaml uses an environment variable that is not set."),
  ASOF_STORE_UNKNOWN: entry(500, 2, false, "A store type is not known or its package is not installed."),
  ASOF_DEFINITIONS_LOAD: entry(500, 2, false, "A definition file cannot be loaded."),
  ASOF_NODE_VERSION: entry(500, 2, false, "The running Node is too old and no newer one was found."),
  ASOF_USAGE: entry(400, 2, false, "The command line is wrong."),
  // sources and spines
  ASOF_SOURCE_MISSING: entry(500, 2, false, "A source's file or query result is absent."),
  ASOF_SOURCE_UNREADABLE: entry(500, 2, false, "A source is truncated or not of its declared format."),
  ASOF_SOURCE_COLUMN: entry(500, 2, false, "A source lacks a declared column or has it in another type."),
  ASOF_SPINE_INVALID: entry(400, 2, false, "A spine lacks a key or time, or holds null or infinite times or values of a wrong type."),
  ASOF_NAME_COLLISION: entry(400, 2, false, "Two columns of one result have the same name."),
  ASOF_QUERY_FAILED: entry(500, 1, false, "The offline engine refused or failed a query."),
  ASOF_OUT_OF_MEMORY: entry(500, 1, false, "The offline engine could not stay within its memory limit."),
  ASOF_LABELS_IMMATURE: entry(400, 1, false, "Labels are not final yet for rows of the spine, and the retrieval demands that they are."),
  ASOF_OUTPUT_FAILED: entry(500, 1, false, "A result could not be written, for example on a full disk; nothing is left behind."),
  ASOF_REQUEST_VIEW_FAILED: entry(500, 1, false, "A request view threw."),
  // registry
  ASOF_FEATURE_UNKNOWN: entry(404, 2, false, "A reference names a view or feature that is not registered."),
  ASOF_SERVICE_UNKNOWN: entry(404, 2, false, "A feature service is not registered."),
  ASOF_OBJECT_UNKNOWN: entry(404, 2, false, "An object of that kind and name is not registered."),
  ASOF_REGISTRY_CONFLICT: entry(409, 1, true, "Another process changed the registry first, and retries did not help."),
  ASOF_REGISTRY_VERSION: entry(500, 1, false, "The registry was written by a newer format."),
  ASOF_REGISTRY_FAILED: entry(500, 1, true, "The registry cannot be read or written."),
  ASOF_REGISTRY_READ_ONLY: entry(500, 1, false, "The registry's file or folder cannot be written."),
  ASOF_REGISTRY_FULL: entry(507, 1, false, "The registry's disk is full."),
  ASOF_REGISTRY_UNREADABLE: entry(500, 1, false, "The registry's file is damaged, or of something else."),
  ASOF_VERSION_UNKNOWN: entry(404, 2, false, "A reference names a version of a view that is not kept."),
  ASOF_VERSION_NOT_READY: entry(409, 3, false, "A version without data, or behind the active one, cannot be activated."),
  ASOF_IN_USE: entry(409, 3, false, "An object to delete is still used."),
  ASOF_NOT_OWNER: entry(403, 3, false, "The object belongs to another repository."),
  ASOF_NOT_SHARED: entry(403, 3, false, "A view of another project is not shared with this one."),
  ASOF_NOT_APPLIED: entry(409, 2, false, "Nothing was applied yet, or the definitions changed since."),
  // online
  ASOF_REQUEST_INVALID: entry(400, 2, false, "An online request lacks a key or field or has a value of a wrong type."),
  ASOF_SCHEMA_UNKNOWN: entry(500, 1, true, "A stored value has a schema fingerprint that the registry does not know."),
  ASOF_STORE_FULL: entry(507, 1, false, "The online store reached its size limit or the disk is full."),
  ASOF_STORE_READ_ONLY: entry(500, 1, false, "The online store's folder cannot be written."),
  ASOF_STORE_FAILED: entry(500, 1, true, "The online store failed."),
  ASOF_STORE_FILESYSTEM: entry(500, 2, false, "The online store lies on a network file system."),
  ASOF_STORE_VERSION: entry(500, 1, false, "The online store was written by a newer format."),
  ASOF_HANDOVER_UNSET: entry(409, 2, false, "A push to a source with a batch side came before its first materialize."),
  ASOF_ERASURE_KEY: entry(500, 2, false, "Erasures are registered, and the key of their hashes is missing, malformed or another one."),
  ASOF_PUSH_INVALID: entry(400, 2, false, "Pushed rows lack columns or have wrong types."),
  // jobs
  ASOF_JOB_FAILED: entry(500, 1, false, "One or more views failed; the others are done."),
  ASOF_INTERRUPTED: entry(499, 130, true, "Ended by the user; what was finished is kept and the job resumes."),
  ASOF_PARITY_BROKEN: entry(500, 4, false, "Served values differ from training values."),
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof errorCodes;
