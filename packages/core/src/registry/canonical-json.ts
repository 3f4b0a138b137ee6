import { assert } from "../error/error.ts";
import { sha256Hex } from "../value/hash.ts";
import type { Json } from "../value/json.ts";
import { compareText } from "../value/order.ts";

/**
 * The one text of a JSON value: names in code-point order, no spaces, −0 as 0. Equal data have equal text, so texts may be
 * compared and hashed. Anything JSON cannot hold (undefined, NaN, functions) is a programmer's error.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    assert(Number.isFinite(value), "canonical JSON holds finite numbers only");
    return JSON.stringify(value + 0);
  }
  if (isJsonArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  assert(typeof value === "object", `canonical JSON cannot hold ${typeof value}`);
  const names = Object.keys(value).sort(compareText);
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(memberOf(value, name))}`).join(",")}}`;
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

function memberOf(value: { readonly [name: string]: Json }, name: string): Json {
  const member = value[name];
  assert(member !== undefined, `canonical JSON cannot hold undefined (member ${JSON.stringify(name)})`);
  return member;
}
