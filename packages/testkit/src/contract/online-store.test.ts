import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type KeyBytes,
  type OnlineRow,
  type OnlineStore,
  type OnlineView,
  openMemoryOnlineStore,
  type ReadResult,
  type StateWrite,
} from "@asof/core";
import { onlineStoreCases } from "./online-store.ts";

/** What a faulty store does otherwise than the memory store that it stands on. */
type Fault = (store: OnlineStore) => Partial<OnlineStore>;

const firstBytes = (key: KeyBytes): KeyBytes => key.slice(0, 1978);

/** Reads through the real store and changes each answer. */
function changingReads(change: (result: ReadResult) => ReadResult): Fault {
  return (store) => ({
    read: async (requests) => (await store.read(requests)).map(change),
  });
}

/** Passes another view to the real store. */
function changingViews(change: (view: OnlineView) => OnlineView): Fault {
  return (store) => ({
    read: (requests) => store.read(requests.map((request) => ({ ...request, view: change(request.view) }))),
    putRows: (view, rows) => store.putRows(change(view), rows),
    putStates: (view, writes) => store.putStates(change(view), writes),
    putTombstones: (view, tombstones, options) => store.putTombstones(change(view), tombstones, options),
    deleteKeys: (view, keys) => store.deleteKeys(change(view), keys),
    truncate: (view) => store.truncate(change(view)),
    listKeys: (view) => store.listKeys(change(view)),
  });
}

function changingRows(change: (rows: readonly OnlineRow[]) => readonly OnlineRow[]): Fault {
  return (store) => ({ putRows: (view, rows) => store.putRows(view, change(rows)) });
}

async function versionOf(store: OnlineStore, view: OnlineView, key: KeyBytes): Promise<number> {
  const [result] = await store.read([{ form: "state", view, keys: [key] }]);
  return (result?.form === "state" ? result.states[0]?.version : 0) ?? 0;
}

/** Rewrites every state write before it reaches the real store. */
function changingWrites(change: (store: OnlineStore, view: OnlineView, write: StateWrite) => Promise<StateWrite>): Fault {
  return (store) => ({
    putStates: async (view, writes) => store.putStates(view, await Promise.all(writes.map((write) => change(store, view, write)))),
  });
}

const faults: Readonly<Record<string, Fault>> = {
  "a tombstone is a deletion": (store) => ({
    putTombstones: async (view, tombstones) => {
      await store.deleteKeys(
        view,
        tombstones.map((t) => t.key),
      );
      return { removed: tombstones.length };
    },
  }),
  "a tombstone never keeps later rows": (store) => ({ putTombstones: (view, tombstones) => store.putTombstones(view, tombstones) }),
  "no part of a state is left out": (store) => ({
    read: (requests) =>
      store.read(requests.map((request) => (request.form === "row" ? request : { form: "state", view: request.view, keys: request.keys }))),
  }),
  "a tombstone lets rows of its own times pass": (store) => ({
    putTombstones: (view, tombstones) =>
      store.putTombstones(
        view,
        tombstones.map((t) => ({ ...t, createdTimeUs: t.createdTimeUs === null ? null : t.createdTimeUs - 1 })),
      ),
  }),
  "a tombstone holds for ever": (store) => ({
    putTombstones: (view, tombstones) =>
      store.putTombstones(
        view,
        tombstones.map((t) => ({ ...t, eventTimeUs: 2 ** 51 })),
      ),
  }),
  "answers in another order of keys": changingReads((result) =>
    result.form === "row" ? { form: "row", rows: result.rows.toReversed() } : result,
  ),
  "answers in another order of requests": (store) => ({ read: async (requests) => (await store.read(requests)).toReversed() }),
  "an absent feature reads as null": changingReads((result) =>
    result.form === "row"
      ? { form: "row", rows: result.rows.map((row) => row && { ...row, values: row.values.map((value) => value ?? null) }) }
      : result,
  ),
  "a created time is lost": changingReads((result) =>
    result.form === "row" ? { form: "row", rows: result.rows.map((row) => row && { ...row, createdTimeUs: null }) } : result,
  ),
  "NaN reads as null": changingReads((result) =>
    result.form === "row"
      ? {
          form: "row",
          rows: result.rows.map((row) => row && { ...row, values: row.values.map((value) => (Number.isNaN(value) ? null : value)) }),
        }
      : result,
  ),
  "an unknown fingerprint reads as absent": (store) => ({
    read: async (requests) => {
      try {
        return await store.read(requests);
      } catch {
        return requests.map((request) =>
          request.form === "row"
            ? { form: "row", rows: request.keys.map(() => null) }
            : { form: "state", states: request.keys.map(() => null) },
        );
      }
    },
  }),
  "the last write wins": (store) => ({
    putRows: async (view, rows) => {
      await store.deleteKeys(
        view,
        rows.map((row) => row.key),
      );
      return store.putRows(view, rows);
    },
  }),
  "created times are not compared": changingRows((rows) => rows.map((row) => ({ ...row, createdTimeUs: null }))),
  "a missing created time is the epoch": changingRows((rows) => rows.map((row) => ({ ...row, createdTimeUs: row.createdTimeUs ?? 0 }))),
  "order keys are not compared": changingRows((rows) => rows.map((row) => ({ ...row, orderKey: new Uint8Array() }))),
  "order keys are compared backwards": changingRows((rows) =>
    rows.map((row) => ({ ...row, orderKey: row.orderKey.map((byte) => 255 - byte) })),
  ),
  "the first row of a key in a call is taken": changingRows((rows) => [
    ...new Map(rows.toReversed().map((row) => [Buffer.from(row.key).toString("hex"), row] as const)).values(),
  ]),
  "every row counts as written": (store) => ({
    putRows: async (view, rows) => {
      await store.putRows(view, rows);
      return { written: rows.length, superseded: 0 };
    },
  }),
  "a backfilled feature is not written": (store) => ({
    putRows: async (view, rows) => {
      const [result] = await store.read([{ form: "row", view, features: [], keys: rows.map((row) => row.key) }]);
      const stored = result?.form === "row" ? result.rows : [];
      const later = rows.filter((row, i) => stored[i]?.eventTimeUs !== row.eventTimeUs);
      return store.putRows(view, later);
    },
  }),
  "versions are not compared": changingWrites(async (store, view, write) => ({
    ...write,
    ifVersion: await versionOf(store, view, write.key),
  })),
  "conflicts are not reported": (store) => ({
    putStates: async (view, writes) => {
      await store.putStates(view, writes);
      return [];
    },
  }),
  "parts are not removed": changingWrites(async (_store, _view, write) => ({ ...write, remove: [] })),
  "a write replaces all parts": changingWrites(async (store, view, write) => {
    const [result] = await store.read([{ form: "state", view, keys: [write.key] }]);
    const before = result?.form === "state" ? result.states[0] : null;
    return { ...write, remove: [...write.remove, ...(before?.parts.keys() ?? [])] };
  }),
  "the second write of a key in a call is applied": (store) => ({
    putStates: async (view, writes) => {
      const conflicts: number[] = [];
      for (const [i, write] of writes.entries()) {
        const again = writes.slice(0, i).some((other) => Buffer.compare(other.key, write.key) === 0);
        const ifVersion = again ? await versionOf(store, view, write.key) : write.ifVersion;
        if ((await store.putStates(view, [{ ...write, ifVersion }])).length > 0) conflicts.push(i);
      }
      return conflicts;
    },
  }),
  "projects are not told apart": changingViews((view) => ({ ...view, project: "" })),
  "views are not told apart": changingViews((view) => ({ ...view, view: "" })),
  "names are put together without a border": changingViews((view) => ({ ...view, project: "", view: view.project + view.view })),
  "generations are cut to a byte": changingViews((view) => ({ ...view, generation: view.generation & 255 })),
  "keys are not deleted": () => ({ deleteKeys: async () => {} }),
  "a view is not truncated": () => ({ truncate: async () => {} }),
  "only the first page of keys is listed": (store) => ({
    listKeys: async function* (view) {
      for await (const page of store.listKeys(view)) {
        yield page;
        return;
      }
    },
  }),
  "long keys are cut": (store) => ({
    read: (requests) => store.read(requests.map((request) => ({ ...request, keys: request.keys.map((key) => key && firstBytes(key)) }))),
    putRows: (view, rows) =>
      store.putRows(
        view,
        rows.map((row) => ({ ...row, key: firstBytes(row.key) })),
      ),
  }),
};

function faultyStore(fault: Fault): OnlineStore {
  const store = openMemoryOnlineStore();
  const changed = fault(store);
  return {
    type: "faulty",
    keys: store.keys,
    capabilities: store.capabilities,
    read: changed.read ?? ((requests) => store.read(requests)),
    listKeys: changed.listKeys ?? ((view) => store.listKeys(view)),
    putRows: changed.putRows ?? ((view, rows) => store.putRows(view, rows)),
    putStates: changed.putStates ?? ((view, writes) => store.putStates(view, writes)),
    putTombstones: changed.putTombstones ?? ((view, tombstones, options) => store.putTombstones(view, tombstones, options)),
    deleteKeys: changed.deleteKeys ?? ((view, keys) => store.deleteKeys(view, keys)),
    truncate: changed.truncate ?? ((view) => store.truncate(view)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** Titles of the cases that a store fails; at most so many are looked for. */
async function failures(fault: Fault, atMost: number): Promise<string[]> {
  const failed: string[] = [];
  for (const [title, run] of Object.entries(onlineStoreCases)) {
    if (failed.length >= atMost) break;
    await using store = faultyStore(fault);
    await run(store).catch(() => failed.push(title));
  }
  return failed;
}

test("the contract passes on a store without a fault", async () => {
  assert.deepEqual(await failures(() => ({}), 100), []);
});

for (const [name, fault] of Object.entries(faults)) {
  test(`the contract catches: ${name}`, async () => {
    assert.notDeepEqual(await failures(fault, 1), []);
  });
}
