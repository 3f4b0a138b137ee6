import { equalJson, isJsonArray, isJsonObject } from "../registry/canonical-json.ts";
import type { Json } from "../value/json.ts";
import { compareText } from "../value/order.ts";
import type { FieldDifference } from "./plan.ts";

type Part = FieldDifference["part"];

/** Members of an object whose own members are told one by one, also where one side lacks all of them. */
const containers = new Set(["features", "columns", "keys", "entities", "views", "inputs", "request", "mapping", "tags"]);

/** Members of the metadata that hold the order in which others were declared. */
const orders = new Set(["columnOrder", "featureOrder", "requestOrder"]);

/**
 * What differs between two specs of one object, field by field, data before metadata. Lists of named things are compared by
 * name. A part that is there on one side only is one difference. `before` null = the object is new.
 */
export function diffSpecs(before: Json | null, after: Json): readonly FieldDifference[] {
  return (["data", "metadata"] as const).flatMap((part) => {
    const a = membersOf(before, part);
    const b = membersOf(after, part);
    return sortedNames(a, b).flatMap((name): readonly FieldDifference[] => {
      const [from, to] = [a.get(name), b.get(name)];
      if (part === "metadata" && orders.has(name)) return isReordered(from, to) ? [difference(name, part, from, to)] : [];
      return containers.has(name) ? walk(name, part, from ?? {}, to ?? {}) : walk(name, part, from, to);
    });
  });
}

function walk(path: string, part: Part, before: Json | undefined, after: Json | undefined): readonly FieldDifference[] {
  if (before !== undefined && after !== undefined) {
    if (equalJson(before, after)) return [];
    const [a, b] = [namedParts(before), namedParts(after)];
    if (a !== null && b !== null && haveSameOrder(a, b, before)) {
      return sortedNames(a, b).flatMap((name) => walk(`${path}.${segment(name)}`, part, a.get(name), b.get(name)));
    }
  }
  return [difference(path, part, before, after)];
}

function difference(path: string, part: Part, before: Json | undefined, after: Json | undefined): FieldDifference {
  return { path, part, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

type Parts = ReadonlyMap<string, Json>;

/** The parts that are told apart: members of an object, items of a list by their name; null for what is told as a whole. */
function namedParts(json: Json): Parts | null {
  if (isJsonObject(json)) {
    // Expressions and aggregate functions: their insides alone say nothing to a reader.
    const isWhole = typeof json.node === "string" || typeof json.fn === "string";
    return isWhole ? null : new Map(Object.entries(json));
  }
  if (!isJsonArray(json) || json.length === 0) return null;
  const items = new Map<string, Json>();
  for (const item of json) {
    const name = isJsonObject(item) ? item.name : undefined;
    if (typeof name !== "string" || items.has(name)) return null;
    items.set(name, item);
  }
  return items;
}

/** Order is data in a list, not in an object. */
function haveSameOrder(a: Parts, b: Parts, before: Json): boolean {
  if (isJsonObject(before)) return true;
  return !isReordered([...a.keys()], [...b.keys()]);
}

/** Whether names that both lists have stand in another order; added and removed names are told elsewhere. */
function isReordered(before: Json | undefined, after: Json | undefined): boolean {
  if (before === undefined || after === undefined || !isJsonArray(before) || !isJsonArray(after)) return false;
  const common = before.filter((name) => after.includes(name));
  return !equalJson(
    common,
    after.filter((name) => before.includes(name)),
  );
}

function sortedNames(a: Parts, b: Parts): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])].sort(compareText);
}

function segment(name: string): string {
  return /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
}

function membersOf(spec: Json | null, part: Part): Parts {
  const members = spec !== null && isJsonObject(spec) ? spec[part] : undefined;
  return new Map(Object.entries(isJsonObject(members) ? members : {}));
}
