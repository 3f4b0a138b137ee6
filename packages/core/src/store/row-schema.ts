import { sha256Hex } from "../value/hash.ts";
import { printType, type ValueType } from "../value/type.ts";
import type { RowSchema } from "./online.ts";

/**
 * The stored form of a view with these features, in this order. Its fingerprint covers names and types; the JavaScript form of
 * int64 is not stored and not part of it.
 */
export function rowSchema(features: readonly { readonly name: string; readonly type: ValueType }[]): RowSchema {
  const canonical = JSON.stringify(features.map((feature) => [feature.name, printType(feature.type)]));
  return {
    fingerprint: sha256Hex(canonical).slice(0, 16),
    features: features.map(({ name, type }) => ({ name, type })),
  };
}
