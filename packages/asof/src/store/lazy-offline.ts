import type { OfflineStore } from "@asof/core";

/**
 * An offline store that is opened when it is first used: an engine takes longer to load than a lookup or a list takes to answer.
 * A failed opening is reported by every use.
 */
export function openWhenUsed(type: string, open: () => Promise<OfflineStore>): OfflineStore {
  let opening: Promise<OfflineStore> | null = null;
  const opened = (): Promise<OfflineStore> => {
    opening ??= open();
    return opening;
  };
  return {
    type,
    toSql: async (plan, spine) => (await opened()).toSql(plan, spine),
    retrieve: async (plan, spine, options) => (await opened()).retrieve(plan, spine, options),
    async *pull(request, options) {
      yield* (await opened()).pull(request, options);
    },
    describeSource: async (source, log, options) => (await opened()).describeSource(source, log, options),
    checkLog: async (log, as) => (await opened()).checkLog(log, as),
    computeStatistics: async (request, options) => (await opened()).computeStatistics(request, options),
    describeSpine: async (spine) => (await opened()).describeSpine(spine),
    append: async (log, rows) => (await opened()).append(log, rows),
    async *spineKeys(spine, keys, options) {
      yield* (await opened()).spineKeys(spine, keys, options);
    },
    eraseLog: async (log, erasure, options) => (await opened()).eraseLog(log, erasure, options),
    async [Symbol.asyncDispose]() {
      const store = await opening?.catch(() => null);
      await store?.[Symbol.asyncDispose]();
    },
  };
}
