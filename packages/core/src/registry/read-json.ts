import { AsofError } from "../error/error.ts";
import type { Json } from "../value/json.ts";
import { isJsonArray, isJsonObject } from "./canonical-json.ts";

/** A JSON object of the registry with the place it stands at, for errors. */
export interface StoredObject {
  readonly members: { readonly [name: string]: Json };
  readonly path: string;
}

/** Checked reading of stored JSON. A missing or wrong member is ASOF_REGISTRY_FAILED with its path: the record was damaged. */
export function readObject(json: Json | undefined, path: string): StoredObject {
  if (!isJsonObject(json)) return refuse(path, "an object", json);
  return { members: json, path };
}

export function memberOf(object: StoredObject, name: string): Json | undefined {
  return Object.hasOwn(object.members, name) ? object.members[name] : undefined;
}

export function objectAt(object: StoredObject, name: string): StoredObject {
  return readObject(memberOf(object, name), `${object.path}.${name}`);
}

export function textAt(object: StoredObject, name: string): string {
  const value = memberOf(object, name);
  return typeof value === "string" ? value : refuse(`${object.path}.${name}`, "text", value);
}

export function textOrNullAt(object: StoredObject, name: string): string | null {
  return memberOf(object, name) === null ? null : textAt(object, name);
}

export function numberAt(object: StoredObject, name: string): number {
  const value = memberOf(object, name);
  return typeof value === "number" ? value : refuse(`${object.path}.${name}`, "a number", value);
}

export function numberOrNullAt(object: StoredObject, name: string): number | null {
  return memberOf(object, name) === null ? null : numberAt(object, name);
}

export function booleanAt(object: StoredObject, name: string): boolean {
  const value = memberOf(object, name);
  return typeof value === "boolean" ? value : refuse(`${object.path}.${name}`, "true or false", value);
}

export function arrayAt(object: StoredObject, name: string): readonly Json[] {
  const value = memberOf(object, name);
  return value !== undefined && isJsonArray(value) ? value : refuse(`${object.path}.${name}`, "a list", value);
}

export function objectsAt(object: StoredObject, name: string): readonly StoredObject[] {
  return arrayAt(object, name).map((item, i) => readObject(item, `${object.path}.${name}[${i}]`));
}

export function textsAt(object: StoredObject, name: string): readonly string[] {
  return arrayAt(object, name).map((item, i) => (typeof item === "string" ? item : refuse(`${object.path}.${name}[${i}]`, "text", item)));
}

/** A member that maps names to texts, for example tags. */
export function textMapAt(object: StoredObject, name: string): Readonly<Record<string, string>> {
  const map = objectAt(object, name);
  return Object.fromEntries(Object.keys(map.members).map((key) => [key, textAt(map, key)]));
}

/** The members of a member that maps names to objects. */
export function objectMapAt(object: StoredObject, name: string): ReadonlyMap<string, StoredObject> {
  const map = objectAt(object, name);
  return new Map(Object.keys(map.members).map((key) => [key, objectAt(map, key)]));
}

export function refuse(path: string, expected: string, found: Json | undefined): never {
  throw new AsofError("ASOF_REGISTRY_FAILED", `The registry record at ${path} is damaged: it needs ${expected}.`, {
    path,
    value: found === undefined ? "nothing" : found,
    fix: "Apply the definitions again; if the record stays, restore the registry from a backup.",
  });
}
