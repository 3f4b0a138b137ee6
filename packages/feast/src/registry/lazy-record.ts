import type { Json, RegistryRecord } from "@asof/core";

/**
 * A record whose spec is read when it is first looked at: a list of ten thousand objects shows names and times, and their specs are all
 * but a few per cent of a registry.
 */
export function lazyRecord(head: Omit<RegistryRecord, "spec">, readSpec: () => Json): RegistryRecord {
  let spec: Json | undefined;
  return {
    ...head,
    get spec(): Json {
      spec ??= readSpec();
      return spec;
    },
  };
}
