import { assert } from "../error/error.ts";
import { asBuffer } from "../value/bytes.ts";
import { packedKeys } from "./key-codec.ts";
import type {
  KeyBytes,
  OnlineRow,
  OnlineStore,
  OnlineTombstone,
  OnlineView,
  ReadRequest,
  ReadResult,
  StatePart,
  StateWrite,
  StoredRow,
  StoredState,
} from "./online.ts";
import { entombs, isTombstone, packTombstone, rowPacker, rowReader } from "./packed-row.ts";

/**
 * An online store in this process's memory, for tests and for trying things out; gone when the process ends. Values are kept packed, so
 * that rows are decoded by their schema as in every other store. Every call is atomic.
 */
export function openMemoryOnlineStore(): OnlineStore {
  return new MemoryOnlineStore();
}

interface MemoryState {
  readonly version: number;
  readonly parts: ReadonlyMap<StatePart, Uint8Array>;
}

/** Everything of one generation of a view, by the key's bytes as Latin-1 text. */
interface MemoryView {
  readonly rows: Map<string, Uint8Array>;
  readonly states: Map<string, MemoryState>;
}

const keysPerPage = 1000;

class MemoryOnlineStore implements OnlineStore {
  readonly type = "memory";
  readonly keys = packedKeys;
  readonly capabilities = { durable: "none", snapshotReads: true, shared: false, timestamps: "microseconds" } as const;
  readonly #views = new Map<string, MemoryView>();
  #lastVersion = 0;
  #open = true;

  read(requests: readonly ReadRequest[]): readonly ReadResult[] {
    this.#assertOpen();
    return requests.map((request) =>
      request.form === "row"
        ? { form: "row", rows: this.#readRows(request.view, request.features, request.keys) }
        : { form: "state", states: this.#readStates(request.view, request.keys, request.without) },
    );
  }

  #readRows(view: OnlineView, features: readonly string[], keys: readonly (KeyBytes | null)[]): (StoredRow | null)[] {
    const stored = this.#views.get(viewName(view))?.rows;
    const read = rowReader(view, features);
    return keys.map((key) => {
      const bytes = key === null ? undefined : stored?.get(keyText(key));
      return bytes === undefined ? null : read(bytes, 0);
    });
  }

  #readStates(view: OnlineView, keys: readonly (KeyBytes | null)[], without?: string): (StoredState | null)[] {
    const stored = this.#views.get(viewName(view))?.states;
    return keys.map((key) => {
      const state = key === null ? undefined : stored?.get(keyText(key));
      if (state === undefined) return null;
      const parts = [...state.parts].filter(([part]) => without === undefined || !part.startsWith(without));
      return {
        version: state.version,
        parts: new Map(parts.map(([part, bytes]) => [part, new Uint8Array(bytes)])),
        isPartial: without !== undefined,
      };
    });
  }

  async *listKeys(view: OnlineView): AsyncGenerator<readonly KeyBytes[]> {
    this.#assertOpen();
    const stored = this.#views.get(viewName(view));
    const keys = stored === undefined ? [] : [...new Set([...stored.rows.keys(), ...stored.states.keys()])];
    for (let at = 0; at < keys.length; at += keysPerPage) {
      yield keys.slice(at, at + keysPerPage).map((text) => new Uint8Array(Buffer.from(text, "latin1")));
    }
  }

  async putRows(view: OnlineView, rows: readonly OnlineRow[]): Promise<{ readonly written: number; readonly superseded: number }> {
    this.#assertOpen();
    const stored = this.#view(view).rows;
    const packer = rowPacker(view);
    const written = new Set<string>();
    for (const row of rows) {
      const key = keyText(row.key);
      const packed = packer.pack(row);
      const before = stored.get(key);
      if (before !== undefined && !packer.replaces(row, packed, before, 0)) continue;
      stored.set(key, packed);
      written.add(key);
    }
    return { written: written.size, superseded: rows.length - written.size };
  }

  async putStates(view: OnlineView, writes: readonly StateWrite[]): Promise<readonly number[]> {
    this.#assertOpen();
    const stored = this.#view(view).states;
    const conflicts: number[] = [];
    writes.forEach((write, index) => {
      const key = keyText(write.key);
      const before = stored.get(key);
      if ((before?.version ?? 0) !== write.ifVersion) {
        conflicts.push(index);
        return;
      }
      const parts = new Map(before?.parts);
      for (const part of write.remove) parts.delete(part);
      for (const [part, bytes] of write.set) parts.set(part, new Uint8Array(bytes));
      this.#lastVersion++;
      stored.set(key, { version: this.#lastVersion, parts });
    });
    return conflicts;
  }

  async putTombstones(
    view: OnlineView,
    tombstones: readonly OnlineTombstone[],
    { keepLater = false }: { readonly keepLater?: boolean } = {},
  ): Promise<{ readonly removed: number }> {
    this.#assertOpen();
    const stored = this.#view(view).rows;
    let removed = 0;
    for (const tombstone of tombstones) {
      const key = keyText(tombstone.key);
      const before = stored.get(key);
      if (before !== undefined && !entombs(tombstone, before, 0, keepLater)) continue;
      if (before !== undefined && !isTombstone(before, 0)) removed++;
      stored.set(key, packTombstone(tombstone));
    }
    return { removed };
  }

  async deleteKeys(view: OnlineView, keys: readonly KeyBytes[]): Promise<void> {
    this.#assertOpen();
    const stored = this.#views.get(viewName(view));
    for (const key of keys) {
      stored?.rows.delete(keyText(key));
      stored?.states.delete(keyText(key));
    }
  }

  async truncate(view: OnlineView): Promise<void> {
    this.#assertOpen();
    this.#views.delete(viewName(view));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    this.#views.clear();
  }

  #view(view: OnlineView): MemoryView {
    const name = viewName(view);
    let stored = this.#views.get(name);
    if (stored === undefined) {
      stored = { rows: new Map(), states: new Map() };
      this.#views.set(name, stored);
    }
    return stored;
  }

  #assertOpen(): void {
    assert(this.#open, "the memory online store is closed");
  }
}

function viewName(view: OnlineView): string {
  return JSON.stringify([view.project, view.view, view.generation]);
}

/** One character per byte: equal texts for equal bytes. */
function keyText(key: KeyBytes): string {
  return asBuffer(key).toString("latin1");
}
