import type { RequestPlan } from "../plan/request-plan.ts";
import type { ErasedKey, History } from "../point-in-time/join-plan.ts";
import type { OfflineStore, RecordBatch, RunOptions, SpineInput } from "../store/offline.ts";
import type { Value, ValueType } from "../value/type.ts";
import { type ErasureGroup, type Erasures, type ErasuresByOwner, erasuresOfUse } from "./erasures.ts";

interface Part {
  readonly name: string;
  readonly column: string;
  readonly type: ValueType;
}

/**
 * Which erased keys a retrieval meets, per use of a view; null where no erasure concerns the plan. The engine gives the different
 * keys of the spine, each is hashed once, and those that are erased are left out of the histories by value: what no row asks for need not
 * be. A retrieval that makes its rows from the histories meets all of their keys.
 */
export async function findErased(
  { offline, ...erasures }: { readonly offline: OfflineStore } & ErasuresByOwner,
  stored: RequestPlan["stored"],
  histories: readonly History[],
  spine: SpineInput,
  options: RunOptions,
): Promise<readonly (readonly ErasedKey[])[] | null> {
  const found = new Map<string, Promise<readonly ErasedKey[]>>();
  const uses = stored.map((use, index) =>
    erasuresOfUse(erasures, use.project).flatMap((known) =>
      known.groups.flatMap((group) => {
        const parts = group.names.flatMap((name): Part[] => {
          const key = use.keys.find((k) => k.key === name);
          return key === undefined ? [] : [{ name, column: key.column, type: key.type }];
        });
        if (parts.length < group.names.length) return [];
        const history = spine.kind === "moments" ? (histories[index] ?? null) : null;
        const identity = JSON.stringify([
          known.signature,
          group.names,
          parts,
          history === null ? null : [use.project ?? null, use.view.source.name],
        ]);
        const keys =
          spine.kind === "moments"
            ? historyKeys(offline, history, parts, options)
            : offline.spineKeys(spine, parts, { signal: options.signal });
        const search = found.get(identity) ?? searchKeys(keys, group, parts);
        found.set(identity, search);
        return [search];
      }),
    ),
  );
  if (found.size === 0) return null;
  return Promise.all(uses.map(async (searches) => (await Promise.all(searches)).flat()));
}

/** The different keys of a history: one row each. */
async function* historyKeys(
  offline: OfflineStore,
  history: History | null,
  parts: readonly Part[],
  options: RunOptions,
): AsyncGenerator<RecordBatch> {
  if (history === null) return;
  yield* offline.pull(
    {
      ...{ history, keys: parts.map(({ name, type }) => ({ name, type })), columns: [], order: [], mode: "latest" },
      ...{ fromUs: null, toUs: Number.MAX_SAFE_INTEGER, createdFromUs: null, tileUs: null, partition: null },
    },
    { signal: options.signal },
  );
}

async function searchKeys(
  keys: AsyncIterable<RecordBatch>,
  { check }: ErasureGroup,
  parts: readonly Part[],
): Promise<readonly ErasedKey[]> {
  const erased: ErasedKey[] = [];
  for await (const batch of keys) {
    for (let row = 0; row < batch.rowCount; row++) {
      const values = parts.map((_, i) => batch.columns[i]?.get(row) ?? null);
      const until = check(values);
      if (until !== null) erased.push(erasedKey(parts, values, until));
    }
  }
  return erased;
}

function erasedKey(
  parts: readonly { readonly name: string; readonly type: ValueType }[],
  values: readonly Value[],
  until: number,
): ErasedKey {
  return {
    parts: parts.map(({ name, type }, i) => ({ name, type, value: values[i] ?? null })),
    beforeUs: until === Number.POSITIVE_INFINITY ? null : until,
  };
}

/** One key of a view as a history leaves it out; nothing where it is not erased. */
export function erasedKeyOf(
  erasures: Erasures | null,
  keys: readonly { readonly name: string; readonly type: ValueType }[],
  values: readonly Value[],
): readonly ErasedKey[] {
  const until = erasures?.checkOf(keys.map((k) => k.name))?.(values) ?? null;
  return until === null ? [] : [erasedKey(keys, values, until)];
}
