import { writeSync } from "node:fs";
import { AsofError, encodeEntityKey, type KeyBytes, type OnlineRow, type OnlineStore, type OnlineView, rowSchema } from "@asof/core";
import { openLmdbOnlineStore } from "@asof/lmdb";

/**
 * The other process of the two-process tests: `node child.ts ROLE PATH ARGUMENT`. It reports on stdout, synchronously, so that its last line
 * tells what it was doing when it was killed.
 */

const schema = rowSchema([
  { name: "round", type: { kind: "int64", as: "number" } },
  { name: "padding", type: { kind: "string" } },
]);

/** Every round writes all of its rows in one call: a reader must never see two rounds at once. */
export const roundsView: OnlineView = {
  project: "two",
  view: "rounds",
  generation: 1,
  schema,
  schemas: new Map([[schema.fingerprint, schema]]),
};
export const roundKeys: readonly KeyBytes[] = Array.from({ length: 200 }, (_, n) => numberKey(n));
/** Keys that are written once, only to make the file grow. */
export const growthView: OnlineView = { ...roundsView, view: "growth" };
export const counterView: OnlineView = { ...roundsView, view: "counter" };

export function numberKey(n: number): KeyBytes {
  const key = encodeEntityKey([{ kind: "int64", as: "number" }], [n]);
  if (key === null) throw new Error("a number key is never null");
  return key;
}

export function roundRows(round: number, paddingBytes: number): OnlineRow[] {
  return roundKeys.map((key) => ({
    key,
    eventTimeUs: round,
    createdTimeUs: null,
    orderKey: new Uint8Array(),
    values: [round, "x".repeat(paddingBytes)],
  }));
}

/** The round that all rows show; fails when they show several. 0 = nothing written yet. */
export async function readRound(store: OnlineStore): Promise<number> {
  const [result] = await store.read([{ form: "row", view: roundsView, features: ["round"], keys: roundKeys }]);
  if (result?.form !== "row") throw new Error("not rows");
  const rounds = new Set(result.rows.map((row) => row?.values[0] ?? 0));
  const [round] = rounds;
  if (rounds.size !== 1 || typeof round !== "number") throw new Error(`rows of several rounds in one read: ${[...rounds].join(", ")}`);
  return round;
}

/** Adds 1 to a counter state by compare-and-set, as often as asked. Returns how often it had to try again. */
export async function increment(store: OnlineStore, times: number): Promise<number> {
  const key = numberKey(1);
  let retries = 0;
  for (let done = 0; done < times; ) {
    const [result] = await store.read([{ form: "state", view: counterView, keys: [key] }]);
    const state = result?.form === "state" ? (result.states[0] ?? null) : null;
    const next = (state === null ? 0 : Number(new TextDecoder().decode(state.parts.get("n")))) + 1;
    const set = new Map([["n", new TextEncoder().encode(String(next))]]);
    if ((await store.putStates(counterView, [{ key, ifVersion: state?.version ?? 0, set, remove: [] }])).length === 0) done++;
    else retries++;
  }
  return retries;
}

const report = (line: string): void => void writeSync(1, `${line}\n`);

const roles: Readonly<Record<string, (path: string, argument: string) => Promise<void>>> = {
  /** Writes rounds from 1 on, each with rows that make the file grow. */
  grow: async (path, rounds) => {
    await using store = await openLmdbOnlineStore({ path });
    for (let round = 1; round <= Number(rounds); round++) {
      const growth = Array.from({ length: 50 }, (_, n) => ({
        ...roundRows(round, 8000)[0],
        key: numberKey(round * 1000 + n),
        eventTimeUs: round,
        createdTimeUs: null,
        orderKey: new Uint8Array(),
        values: [round, "y".repeat(8000)],
      }));
      await store.putRows(growthView, growth);
      await store.putRows(roundsView, roundRows(round, 200));
      report(`done ${round}`);
    }
  },

  increment: async (path, times) => {
    await using store = await openLmdbOnlineStore({ path });
    report("ready");
    report(`retries ${await increment(store, Number(times))}`);
  },

  /** Writes rounds after the stored one until it is killed; 10 MB each, so that a write takes a while. */
  until_killed: async (path) => {
    await using store = await openLmdbOnlineStore({ path });
    for (let round = (await readRound(store)) + 1; ; round++) {
      const rows = roundRows(round, 50_000);
      report(`begin ${round}`);
      await store.putRows(roundsView, rows);
      report(`done ${round}`);
    }
  },

  /** Writes until a failure and reports its code; run under a limit of the file size. */
  until_full: async (path) => {
    await using store = await openLmdbOnlineStore({ path });
    for (let round = 1; round <= 1000; round++) {
      try {
        await store.putRows(
          growthView,
          roundRows(round, 20_000).map((row, n) => ({ ...row, key: numberKey(round * 1000 + n) })),
        );
        await store.putRows(roundsView, roundRows(round, 10));
        report(`done ${round}`);
      } catch (error) {
        report(error instanceof AsofError ? `code ${error.code}` : `uncoded ${String(error)}`);
        report(`round ${await readRound(store)}`);
        return;
      }
    }
  },

  /** Opens the folder as a user without permissions there. */
  unprivileged: async (path, mode) => {
    if (process.getuid?.() === 0) {
      process.setgid?.(65534);
      process.setuid?.(65534);
    }
    try {
      await using store = await openLmdbOnlineStore({ path, readOnly: mode === "read" });
      report(`round ${await readRound(store)}`);
    } catch (error) {
      report(error instanceof AsofError ? `code ${error.code}` : `uncoded ${String(error)}`);
    }
  },
};

if (import.meta.main) {
  const [role, path, argument] = process.argv.slice(2);
  const run = role === undefined ? undefined : roles[role];
  if (run === undefined || path === undefined) throw new Error("usage: child.ts ROLE PATH ARGUMENT");
  await run(path, argument ?? "");
}
