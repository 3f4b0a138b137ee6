import type { AsofError, OnlineStore } from "@asof/core";

/** A store that answers, and refuses every write with the reason why it can only be read. */
export function refuseWrites(store: OnlineStore, reason: AsofError): OnlineStore {
  const refuse = (): Promise<never> => Promise.reject(reason);
  return {
    type: store.type,
    keys: store.keys,
    capabilities: store.capabilities,
    read: (requests) => store.read(requests),
    listKeys: (view) => store.listKeys(view),
    putRows: refuse,
    putStates: refuse,
    putTombstones: refuse,
    deleteKeys: refuse,
    truncate: refuse,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
