import { type KeyCodec, type KeyPart, packedKeys, type StoreKeys } from "@asof/core";
import { compileFeastKeyDecoder, compileFeastKeyEncoder, entityless, type FeastJoinKey } from "../key/entity-key.ts";

/** What Feast gives views without entities. */
const dummy: FeastJoinKey = { name: entityless.joinKey, type: { kind: "string" } };

const rowKeys: KeyCodec = {
  encoder: (parts: readonly KeyPart[]) => {
    if (parts.length > 0) return compileFeastKeyEncoder(parts);
    const encode = compileFeastKeyEncoder([dummy]);
    return () => encode([entityless.value]);
  },
  decoder: (parts: readonly KeyPart[]) => {
    if (parts.length > 0) return compileFeastKeyDecoder(parts);
    const decode = compileFeastKeyDecoder([dummy]);
    return (bytes) => decode(bytes).slice(1);
  },
};

/**
 * Keys of stores in Feast's layout: rows lie under Feast's entity keys. States of windowed views are asof's own, so their keys are too, and
 * may be of types that Feast refuses.
 */
export const feastKeys: StoreKeys = { row: rowKeys, state: packedKeys.state };
