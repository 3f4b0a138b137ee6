import { murmur32, murmur128 } from "./murmur.ts";

/**
 * The key of a Redis hash: the entity key's bytes and the project's name, with nothing between. A project can be the end of
 * another's name, so that a key is to be parsed by its entity key, never by its end.
 */
export function feastRedisKey(entityKey: Uint8Array, project: string): Uint8Array {
  return Buffer.concat([entityKey, Buffer.from(project, "utf8")]);
}

/** The field of a feature in a Redis hash: four bytes of hash of `view:feature`. */
export function feastRedisField(view: string, feature: string): Uint8Array {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(murmur32(Buffer.from(`${view}:${feature}`, "utf8")));
  return field;
}

/** The field that holds a view's event time in a Redis hash. */
export function feastRedisTimestampField(view: string): Uint8Array {
  return Buffer.from(`_ts:${view}`, "utf8");
}

/** Feast's short name of an entity key, 32 hexadecimal digits: the key of its documents in DynamoDB, Datastore and Firestore. */
export function feastEntityId(entityKey: Uint8Array): string {
  return murmur128(entityKey).toString("hex");
}
