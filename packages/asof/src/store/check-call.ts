import { AsofError, isDefinition, isLabel } from "@asof/core";
import { checkOptions, isRecord, type KnownOptions, refuse } from "./check-options.ts";

// Callers in JavaScript see no types. What they pass by mistake is refused here, before it is read as something else.

/** ASOF_REQUEST_INVALID unless a retrieval asks for exactly one of a service and a list of views. */
export function checkAsked(query: unknown): void {
  if (!isRecord(query)) refuse("ASOF_REQUEST_INVALID", "query", query, "an object", "Write { service, … } or { features: [view], … }.");
  const { service, features } = query;
  if ((service === undefined) === (features === undefined)) {
    throw new AsofError("ASOF_REQUEST_INVALID", "A retrieval takes exactly one of `service` and `features`.", {
      path: "service",
      fix: "Give a feature service, or a list of views.",
    });
  }
  if (service !== undefined && !isKind(service, "service")) {
    refuse("ASOF_REQUEST_INVALID", "service", service, "a feature service", "Pass the object that featureService(…) made, not its name.");
  }
  if (features === undefined) return;
  const fix = "Write features: [basketActivity, churnFeatures.pick(…)].";
  if (!Array.isArray(features) || features.length === 0) refuse("ASOF_REQUEST_INVALID", "features", features, "a list of views", fix);
  for (const [i, view] of features.entries()) {
    if (isLabel(view)) refuseLabel(`features[${i}]`, view.name);
    if (!isKind(view, "view")) refuse("ASOF_REQUEST_INVALID", `features[${i}]`, view, "a view", fix);
  }
}

/** A label asked for as a feature would leak: ASOF_REQUEST_INVALID. */
export function refuseLabel(path: string, name: string): never {
  throw new AsofError("ASOF_REQUEST_INVALID", `"${name}" is a label: it is not known at a row's time, and as a feature it would leak.`, {
    path,
    value: name,
    fix: "Ask for it with `labels`, beside the features.",
  });
}

/** ASOF_REQUEST_INVALID unless the rows of an online request are a list. Each row is checked where it is read. */
export function checkEntities(entities: unknown): void {
  if (Array.isArray(entities)) return;
  refuse("ASOF_REQUEST_INVALID", "entities", entities, "a list of rows", "Write entities: [{ customer_id: 900 }].");
}

/**
 * ASOF_REQUEST_INVALID for a name that an online request does not have; `fullFeatureNames` may stand there, where it changes nothing, for those
 * who share what they ask for with training. Names are compared one by one, because every request pays for it.
 */
export function checkOnlineNames(query: object): void {
  for (const name in query) {
    if (name === "service" || name === "features" || name === "entities" || name === "at") continue;
    checkOptions("ASOF_REQUEST_INVALID", query, { service: "any", features: "any", entities: "any", at: "any", fullFeatureNames: "flag" });
  }
}

/** ASOF_REQUEST_INVALID unless a request in Feast's shape has names and columns. */
export function checkFeastRequest(request: unknown): void {
  const fix = 'Write { features: ["view:feature"], entities: { customer_id: [900] } }, or { service: "churn_v1", entities: … }.';
  if (!isRecord(request)) refuse("ASOF_REQUEST_INVALID", "request", request, "an object", fix);
  checkOptions("ASOF_REQUEST_INVALID", request, { features: "texts", service: "text", entities: "any", fullFeatureNames: "flag" });
  const { features, service, entities } = request;
  if ((features === undefined) === (service === undefined)) {
    throw new AsofError("ASOF_REQUEST_INVALID", "A request takes exactly one of `service` and `features`.", { path: "service", fix });
  }
  if (!isRecord(entities)) refuse("ASOF_REQUEST_INVALID", "entities", entities, "columns by name", fix);
  for (const [name, column] of Object.entries(entities)) {
    if (!Array.isArray(column)) refuse("ASOF_REQUEST_INVALID", `entities.${name}`, column, "a list of values", fix);
  }
}

/** ASOF_REQUEST_INVALID unless an entity key is an object of its parts. */
export function checkEntity(entity: unknown): void {
  if (isRecord(entity)) return;
  refuse("ASOF_REQUEST_INVALID", "entity", entity, "an entity key", "Write { customer_id: 900 }.");
}

const historicalOptions: KnownOptions = {
  ...{ service: "any", features: "any", spine: "any", between: "any", latestAsOf: "any", labels: "any", immature: "any" },
  ...{ labelsKnownUntil: "any", knowledge: "any", spineColumns: "object", timeColumn: "text", fullFeatureNames: "flag" },
  ...{ signal: "signal", onProgress: "function" },
};

/** ASOF_SPINE_INVALID for a spine that is neither rows, text nor a query; ASOF_REQUEST_INVALID for options of another kind. */
export function checkHistorical(query: unknown): void {
  checkOptions("ASOF_REQUEST_INVALID", query, historicalOptions);
  const { spine, between, latestAsOf, knowledge, labels, immature } = isRecord(query) ? query : {};
  const fix = 'Give rows, the path of a Parquet or CSV file, or { sql: "select …" }.';
  const given = [spine, between, latestAsOf].filter((rows) => rows !== undefined).length;
  if (given > 1) {
    throw new AsofError("ASOF_REQUEST_INVALID", "A retrieval takes exactly one of `spine`, `between` and `latestAsOf`.", {
      path: "spine",
      fix: "Leave the others out: a spine brings its own times.",
    });
  }
  if (between !== undefined) {
    if (!isRecord(between) || between.start === undefined || between.end === undefined)
      refuse("ASOF_REQUEST_INVALID", "between", between, "an interval", 'Write between: { start: "2026-01-01", end: "2026-02-01" }.');
  } else if (latestAsOf !== undefined) {
    if (latestAsOf === null) refuse("ASOF_REQUEST_INVALID", "latestAsOf", latestAsOf, "an instant", 'Write latestAsOf: "2026-01-01".');
  } else if (Array.isArray(spine)) {
    for (const [i, row] of spine.entries()) if (!isRecord(row)) refuse("ASOF_SPINE_INVALID", `spine[${i}]`, row, "a row", fix);
  } else if (typeof spine !== "string" && !(isRecord(spine) && typeof spine.sql === "string")) {
    refuse("ASOF_SPINE_INVALID", "spine", spine, "a spine", fix);
  }
  // Read as "event", a misspelt "created" would make the very leak that it was to exclude.
  if (knowledge !== undefined && knowledge !== "event" && knowledge !== "created") {
    refuse("ASOF_REQUEST_INVALID", "knowledge", knowledge, "a kind of knowledge", 'Write knowledge: "event" or "created".');
  }
  if (labels !== undefined && !(Array.isArray(labels) && labels.every(isLabel))) {
    refuse("ASOF_REQUEST_INVALID", "labels", labels, "a list of labels", "Write labels: [churned], with what label(…) made.");
  }
  // Read as "keep", a misspelt "drop" would leave rows in that were not to be there.
  if (immature !== undefined && immature !== "keep" && immature !== "drop" && immature !== "error") {
    refuse("ASOF_REQUEST_INVALID", "immature", immature, "what becomes of immature rows", 'Write immature: "keep", "drop" or "error".');
  }
}

/** ASOF_PUSH_INVALID unless the call names a source, gives rows and says where they go in words that are known. */
export function checkPush(source: unknown, rows: unknown, options: unknown): void {
  if (typeof source !== "string" && !isKind(source, "source")) {
    refuse("ASOF_PUSH_INVALID", "source", source, "a source", "Pass the object that push(…) made, or its name.");
  }
  if (!Array.isArray(rows)) refuse("ASOF_PUSH_INVALID", "rows", rows, "a list of rows", "Write [{ … }], also for one row.");
  for (const [i, row] of rows.entries()) {
    if (!isRecord(row)) refuse("ASOF_PUSH_INVALID", `rows[${i}]`, row, "a row", "Write { column: value, … }.");
  }
  checkOptions("ASOF_PUSH_INVALID", options, { to: "any", idempotencyKey: "text" });
  const to = isRecord(options) ? options.to : undefined;
  if (to !== undefined && to !== "online" && to !== "offline" && to !== "both") {
    refuse("ASOF_PUSH_INVALID", "to", to, "a place to push to", 'Write to: "online", "offline" or "both".');
  }
}

/** ASOF_REQUEST_INVALID unless a version is a number as `versions()` gives it. */
export function checkVersion(version: unknown): void {
  checkOptions("ASOF_REQUEST_INVALID", { version }, { version: "number" });
  if (version === undefined) refuse("ASOF_REQUEST_INVALID", "version", version, "a version's number", "Give one that versions() lists.");
}

/** ASOF_OUTPUT_FAILED unless a path is a text. */
export function checkPath(path: unknown): void {
  if (typeof path !== "string" || path === "") refuse("ASOF_OUTPUT_FAILED", "path", path, "a path", 'Write "train.parquet".');
}

/** ASOF_REQUEST_INVALID for options of a file or folder that there are not, or of another kind. */
export function checkWriteOptions(options: unknown): void {
  checkOptions("ASOF_REQUEST_INVALID", options, { rowsPerFile: "any", bytesPerFile: "any", partitionBy: "texts", overwrite: "flag" });
}

function isKind(value: unknown, kind: "service" | "view" | "source"): boolean {
  return isDefinition(value) && value.kind === kind;
}
