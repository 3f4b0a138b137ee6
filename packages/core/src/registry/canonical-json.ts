import { assert } from "../error/error.ts";
import { sha256Hex } from "../value/hash.ts";
import type { Json } from "../value/json.ts";
import { compareText } from "../value/order.ts";

/**
 * The one text of a JSON value: names in code-point order, no spaces, −0 as 0. Equal data have equal text, so texts may be
 * compared and hashed. Anything JSON cannot hold (undefined, NaN, functions) is a programmer's error.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    assert(Number.isFinite(value), "canonical JSON holds finite numbers only");
    return String(value + 0);
  }
  if (value === null || typeof value === "boolean") return String(value);
  let text = "";
  if (isJsonArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  // A plain concatenation with an explicit loop: this is where planning a large registry spends its time.
  assert(typeof value === "object", `canonical JSON cannot hold ${typeof value}`);
  for (const name of Object.keys(value).sort(compareText)) {
    const member = value[name];
    if (member === undefined) assert(false, `canonical JSON cannot hold undefined (member ${JSON.stringify(name)})`);
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Whether two values have the same canonical text. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isJsonArray(a) || isJsonArray(b)) {
    return isJsonArray(a) && isJsonArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i] ?? null));
  }
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && equalJson(a[name] ?? null, b[name] ?? null));
}

/** SHA-256 of the canonical text, 64 hexadecimal digits. */
export function fingerprintOf(value: Json): string {
  return sha256Hex(canonicalJson(value));
}

/** `Array.isArray` that narrows a readonly array. */
export function isJsonArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function isJsonObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
