import type { KeyBytes, OnlineReader, OnlineRow, OnlineStore, OnlineView, ReadRequest, StateWrite } from "@asof/core";

/** When a process dies: at its n-th write to the online store (from 0), before it, half-way through its batch, or after it, unacknowledged. */
export interface Kill {
  readonly write: number;
  readonly at: "before" | "middle" | "after";
}

/** What every call of a store throws from the moment of a kill on. Not an operating error: no code may handle it. */
export class SimulatedKill extends Error {
  override readonly name = "SimulatedKill";

  constructor() {
    super("the process was killed here");
  }
}

/** Decides when the process dies, and counts how it died. One per schedule; stores come and go. */
export class KillSwitch {
  #armed: Kill | null = null;
  #writes = 0;
  #isDead = false;
  #process = 0;
  #kills = 0;
  #inFlight = 0;

  /** All kills that happened, and those of them that hit while a write was under way. */
  get kills(): number {
    return this.#kills;
  }

  get killsInFlight(): number {
    return this.#inFlight;
  }

  /** Whether the process is dead: its stores answer nothing any more. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Which process is alive or just died: 0, 1, … */
  get process(): number {
    return this.#process;
  }

  /** Writes are counted from here; null disarms. A kill whose write never comes does not happen. */
  arm(kill: Kill | null): void {
    this.#armed = kill;
    this.#writes = 0;
  }

  /** Dies between two steps, with no write under way. */
  killIdle(): void {
    this.#die();
  }

  /** A new process begins. Stores of the old one stay dead. */
  revive(): void {
    this.#isDead = false;
    this.#armed = null;
    this.#process++;
  }

  /** Runs a write of `size` parts; `write(count)` carries out the first `count` of them. */
  async write<T>(size: number, write: (count: number) => Promise<T>): Promise<T> {
    const kill = this.#armed;
    if (kill === null || this.#writes++ !== kill.write) return write(size);
    this.#inFlight++;
    this.#die();
    if (kill.at === "middle" && size > 1) await write(Math.floor(size / 2));
    if (kill.at === "after") await write(size);
    throw new SimulatedKill();
  }

  #die(): void {
    this.#isDead = true;
    this.#kills++;
  }
}

/**
 * An online store of a process that may die at any write. A kill leaves whole keys written or not, as the contract promises, but
 * only a part of a batch. Closing it closes the inner store, also after death, as the system does with a dead process's files.
 */
export function faultyOnlineStore(inner: OnlineStore, kills: KillSwitch): OnlineStore {
  const own = kills.process;
  // What a dead process still had under way must not write once the next one lives.
  const requireAlive = (): void => {
    if (kills.isDead || kills.process !== own) throw new SimulatedKill();
  };
  const write = <T>(size: number, part: (count: number) => Promise<T>): Promise<T> => {
    requireAlive();
    return kills.write(size, part);
  };
  const read: OnlineReader["read"] = (requests: readonly ReadRequest[]) => {
    requireAlive();
    return inner.read(requests);
  };
  return {
    type: inner.type,
    keys: inner.keys,
    capabilities: inner.capabilities,
    read,
    listKeys: (view) => {
      requireAlive();
      return inner.listKeys(view);
    },
    putRows: async (view, rows) => write(rows.length, (count) => inner.putRows(view, rows.slice(0, count))),
    putStates: async (view, writes) => write(writes.length, (count) => inner.putStates(view, writes.slice(0, count))),
    putTombstones: async (view, tombstones, options) =>
      write(tombstones.length, (count) => inner.putTombstones(view, tombstones.slice(0, count), options)),
    deleteKeys: async (view, keys) => write(keys.length, (count) => inner.deleteKeys(view, keys.slice(0, count))),
    truncate: async (view) => write(1, () => inner.truncate(view)),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

/**
 * An online store without its order checks: the last write wins, whatever is stored. Schedules that a sound store survives must fail on it,
 * else they prove nothing.
 */
export function unorderedOnlineStore(inner: OnlineStore): OnlineStore {
  const putRows = async (
    view: OnlineView,
    rows: readonly OnlineRow[],
  ): Promise<{ readonly written: number; readonly superseded: number }> => {
    for (const row of rows) {
      await inner.deleteKeys(view, [row.key]);
      await inner.putRows(view, [row]);
    }
    return { written: rows.length, superseded: 0 };
  };
  const putStates = async (view: OnlineView, writes: readonly StateWrite[]): Promise<readonly number[]> => {
    const versions = await versionsOf(
      inner,
      view,
      writes.map((w) => w.key),
    );
    return inner.putStates(
      view,
      writes.map((w, i) => ({ ...w, ifVersion: versions[i] ?? 0 })),
    );
  };
  return {
    type: inner.type,
    keys: inner.keys,
    capabilities: inner.capabilities,
    read: (requests) => inner.read(requests),
    listKeys: (view) => inner.listKeys(view),
    putRows,
    putStates,
    putTombstones: (view, tombstones, options) => inner.putTombstones(view, tombstones, options),
    deleteKeys: (view, keys) => inner.deleteKeys(view, keys),
    truncate: (view) => inner.truncate(view),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

async function versionsOf(store: OnlineStore, view: OnlineView, keys: readonly KeyBytes[]): Promise<readonly number[]> {
  const [result] = await store.read([{ form: "state", view, keys }]);
  return result?.form === "state" ? result.states.map((s) => s?.version ?? 0) : [];
}
