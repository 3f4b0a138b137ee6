import { type Issue, nearest } from "@asof/core";
import type { z } from "zod";
import type { KeyPath, YamlFile } from "./read-yaml.ts";

/** Either the checked value or what is wrong with it. */
export type Checked<T> = { readonly value: T; readonly issues: readonly [] } | { readonly value: null; readonly issues: readonly Issue[] };

/** What types are called in messages. */
const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map of keys",
  array: "a list",
};

/** Fixes for keys that must be there. */
const missing: Readonly<Record<string, string>> = { project: "Add `project: NAME` at the top." };

/**
 * Checks a part of the yaml. Each fault is a sentence with file, line, column, key, what was found and the fix; a key that is not
 * known comes with the nearest one that is.
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, base: KeyPath, file: YamlFile): Checked<z.output<S>> {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, issues: [] };
  return { value: null, issues: result.error.issues.flatMap((issue) => explain(schema, issue, base, value, file)) };
}

function explain(schema: z.ZodType, issue: z.core.$ZodIssue, base: KeyPath, root: unknown, file: YamlFile): readonly Issue[] {
  const inner = issue.path.filter((part) => typeof part !== "symbol");
  const path = [...base, ...inner];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(keysOf(schema, inner), [...path, key], file));
  const found = valueAt(root, inner);
  const key = path.join(".");
  const at = file.placeOf(path);
  if (found === undefined) {
    return [{ code: "ASOF_CONFIG_INVALID", path: at, message: `${at}: ${key} is missing.`, fix: missing[key] ?? `Add ${key}.` }];
  }
  const wanted = issue.code === "invalid_type" ? (typeNames[issue.expected] ?? issue.expected) : issue.message;
  const message = `${at}: ${key} must be ${wanted}; it is ${file.show(path, found)}.`;
  return [{ code: "ASOF_CONFIG_INVALID", path: at, message, fix: `Correct ${key}.` }];
}

/** The fault of a key that nobody reads. */
function unknownKey(known: readonly string[], path: KeyPath, file: YamlFile): Issue {
  const at = file.placeOfKey(path);
  const key = String(path.at(-1));
  const hint = nearest(key, known);
  const list = known.length === 0 ? "There are no keys here." : `Known keys: ${known.toSorted().join(", ")}.`;
  return {
    code: "ASOF_CONFIG_INVALID",
    path: at,
    value: path.join("."),
    message: `${at}: ${path.join(".")} is not a key of feature_store.yaml.`,
    fix: hint === null ? `Remove it. ${list}` : `Did you mean "${hint}"?`,
  };
}

/** The keys that a schema knows at a path inside it. */
function keysOf(schema: z.ZodType, path: KeyPath): readonly string[] {
  let current: unknown = schema;
  for (const part of path) current = shapeOf(current)?.[part];
  return Object.keys(shapeOf(current) ?? {});
}

/** The members of an object schema, also of one that is optional or has a default. */
function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof schema !== "object" || schema === null) return null;
  if ("shape" in schema && typeof schema.shape === "object" && schema.shape !== null) return { ...schema.shape };
  return "unwrap" in schema && typeof schema.unwrap === "function" ? shapeOf(schema.unwrap()) : null;
}

function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce(
    (value: unknown, part) =>
      typeof value === "object" && value !== null ? Object.entries(value).find(([k]) => k === String(part))?.[1] : undefined,
    root,
  );
}
