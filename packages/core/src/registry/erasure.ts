import { asBuffer } from "../value/bytes.ts";
import { compileHmacSha256 } from "../value/hash.ts";
import type { Json } from "../value/json.ts";
import { compareText } from "../value/order.ts";
import type { Value } from "../value/type.ts";
import { numberAt, numberOrNullAt, readObject, textAt, textsAt } from "./read-json.ts";

/**
 * An entity key that was erased. The key itself is nowhere: `id` is its keyed hash, which only those can make who know both the key and the
 * secret. Rows of the key whose event time is before `untilUs` do not count, for ever; while it is null no row does.
 */
export interface Erasure {
  /** See {@link erasureIdOf}; the name of the record. */
  readonly id: string;
  /** Names of the entity keys, sorted. Every view whose keys include all of them is meant. */
  readonly keys: readonly string[];
  /** Which secret the id was made with: see {@link secretIdOf}. */
  readonly secretId: string;
  readonly erasedAtUs: number;
  /** Null until it is lifted. */
  readonly untilUs: number | null;
}

/** Bytes that a secret has at least. */
export const secretBytesMin = 32;

/** Names the secret without telling it, so that a wrong one is noticed. */
export function secretIdOf(secret: Uint8Array): string {
  return compileHmacSha256(secret)("asof erasure secret").slice(0, 16);
}

/**
 * The keyed hash of an entity key: HMAC-SHA-256 over project, names and values. Names are sorted; a value goes in as text, so that a key is
 * the same key as int32, int64 or text. Null parts give null: nobody has such a key.
 */
export function compileErasureId(
  secret: Uint8Array,
  project: string,
  names: readonly string[],
): (values: readonly Value[]) => string | null {
  const order = names.map((_, i) => i).sort((a, b) => compareText(names[a] ?? "", names[b] ?? ""));
  const hmac = compileHmacSha256(secret);
  const head = JSON.stringify([project, order.map((i) => names[i])]);
  return (values) => {
    const parts: string[] = [];
    for (const i of order) {
      const value = values[i] ?? null;
      if (value === null) return null;
      parts.push(value instanceof Uint8Array ? asBuffer(value).toString("hex") : String(value));
    }
    return hmac(head + JSON.stringify(parts));
  };
}

/** {@link compileErasureId} for one key. */
export function erasureIdOf(secret: Uint8Array, project: string, names: readonly string[], values: readonly Value[]): string | null {
  return compileErasureId(secret, project, names)(values);
}

/** The spec of an `erasure` record, whose name is the id. */
export function encodeErasure({ keys, secretId, erasedAtUs, untilUs }: Erasure): Json {
  return { keys: [...keys], secretId, erasedAtUs, untilUs };
}

export function decodeErasure(id: string, spec: Json): Erasure {
  const object = readObject(spec, `erasure "${id.slice(0, 12)}"`);
  return {
    id,
    keys: textsAt(object, "keys"),
    secretId: textAt(object, "secretId"),
    erasedAtUs: numberAt(object, "erasedAtUs"),
    untilUs: numberOrNullAt(object, "untilUs"),
  };
}
