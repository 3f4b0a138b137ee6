import { canonicalJson, isJsonArray, isJsonObject } from "../registry/canonical-json.ts";
import { decodeExpression } from "../registry/expression-json.ts";
import { readObject } from "../registry/read-json.ts";
import { printVersion } from "../registry/view-version.ts";
import { formatDuration } from "../value/duration.ts";
import type { Json } from "../value/json.ts";
import { printExpressionText } from "./expression-text.ts";
import type { FieldDifference } from "./plan.ts";

/** A duration's text by the name of its field; null has a meaning of its own. */
const durations: Readonly<Record<string, string>> = {
  windowUs: "lifetime",
  hopUs: "none",
  ttlUs: "no limit",
  maxAgeUs: "no limit",
  delayUs: "none",
  separableUs: "none",
};

const textMax = 160;

/** A path as people read it: `features.spend_30d.window`. */
export function printFieldPath(path: string): string {
  return path.replace(".aggregate.", ".").replace(/\b(window|hop|ttl|maxAge|separable|delay)Us$/, "$1");
}

/** `30d → 60d`, or the one side that is there. */
export function printFieldChange(difference: FieldDifference): string {
  const { path, before, after } = difference;
  if (before === undefined) return printField(path, after ?? null);
  if (after === undefined) return `${printField(path, before)} → (removed)`;
  return `${printField(path, before)} → ${printField(path, after)}`;
}

/** A stored field's value as people read it. */
function printField(path: string, value: Json): string {
  const name = path.slice(path.lastIndexOf(".") + 1);
  const absent = durations[name];
  if (absent !== undefined) return typeof value === "number" ? formatDuration(value) : absent;
  if (name === "fingerprint" && typeof value === "string") return value.slice(0, 12);
  return shorten(printValue(value));
}

function printValue(value: Json): string {
  if (isJsonObject(value)) {
    if (typeof value.node === "string") return printExpressionText(decodeExpression(readObject(value, "expression")));
    if (typeof value.fn === "string") return printFunction(value);
    if (typeof value.kind === "string" && typeof value.type === "string") return printFeature(value);
    if (typeof value.type === "string" && typeof value.nullable === "boolean") return value.type;
    if (typeof value.name === "string" && typeof value.type === "string") return value.type;
    if (typeof value.name === "string" && typeof value.fingerprint === "string") return value.name;
    if (typeof value.view === "string") return printReference(value);
  }
  if (typeof value === "string") return /^[^\s"'→,]+( [^\s"'→,]+)*$/.test(value) ? value : JSON.stringify(value);
  if (isJsonArray(value) && value.every((item) => typeof item === "string")) return value.join(", ");
  return canonicalJson(value);
}

type JsonObject = { readonly [name: string]: Json };

function printFeature(feature: JsonObject): string {
  const type = String(feature.type);
  const { aggregate, expression } = feature;
  if (isJsonObject(aggregate)) return `${type} = ${printAggregate(aggregate)}`;
  return isJsonObject(expression) ? `${type} = ${printValue(expression)}` : type;
}

function printAggregate(aggregate: JsonObject): string {
  const { function: fn, argument, where, windowUs } = aggregate;
  const call = `${isJsonObject(fn) ? printFunction(fn) : "?"}(${isJsonObject(argument) ? printValue(argument) : ""})`;
  const window = typeof windowUs === "number" ? ` over ${formatDuration(windowUs)}` : " over the lifetime";
  return `${call}${window}${isJsonObject(where) ? ` where ${printValue(where)}` : ""}`;
}

function printFunction(fn: JsonObject): string {
  const options = Object.entries(fn).filter(([name]) => name !== "fn");
  return options.length === 0
    ? String(fn.fn)
    : `${String(fn.fn)} ${options.map(([name, value]) => `${name} ${canonicalJson(value)}`).join(" ")}`;
}

function printReference(reference: JsonObject): string {
  const { view, name, features, keys, maxAgeUs, version, project } = reference;
  const own = typeof version === "number" ? printVersion(String(view), version) : String(view);
  const used = typeof project === "string" ? `${project}/${own}` : own;
  const parts = [isJsonArray(features ?? null) ? `${used}: ${printValue(features ?? null)}` : `${used}: all features`];
  if (name !== own) parts.push(`as ${String(name)}`);
  if (isJsonObject(keys) && Object.keys(keys).length > 0) parts.push(`keys ${canonicalJson(keys)}`);
  if (typeof maxAgeUs === "number") parts.push(`max age ${formatDuration(maxAgeUs)}`);
  return parts.join(", ");
}

/** One line of bounded length; the stored spelling of a type's JavaScript form becomes words. */
function shorten(text: string): string {
  const line = text.replaceAll("\n", "\\n").replaceAll("int64:number", "int64 as number");
  return line.length > textMax ? `${line.slice(0, textMax - 1)}…` : line;
}
