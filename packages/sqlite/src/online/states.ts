import type { KeyBytes, OnlineView, StatePart, StateWrite, StoredState } from "@asof/core";
import type { OnlineDatabase } from "./database.ts";
import { claimView } from "./layout.ts";

const utf8 = { encode: (text: string) => new TextEncoder().encode(text), decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes) };

/**
 * Reads the states of keys of a view by its number.
 * @param without beginning of the names of parts that are left out.
 */
export function readStates(
  database: OnlineDatabase,
  view: number | null,
  keys: readonly (KeyBytes | null)[],
  without?: string,
): (StoredState | null)[] {
  const left = without === undefined ? null : utf8.encode(without);
  return keys.map((key) => {
    if (key === null || view === null) return null;
    const version = readVersion(database, view, key);
    if (version === 0) return null;
    return { version, parts: readParts(database, view, key, left), isPartial: left !== null };
  });
}

function readParts(database: OnlineDatabase, view: number, key: KeyBytes, without: Uint8Array | null): Map<StatePart, Uint8Array> {
  const all = `SELECT part, value FROM "asof.state_part" WHERE view = ? AND key = ?`;
  const rows =
    without === null
      ? database.all(all, view, key)
      : database.all(`${all} AND substr(part, 1, ?) <> ?`, view, key, without.length, without);
  const parts = new Map<StatePart, Uint8Array>();
  for (const [part, value] of rows) if (part instanceof Uint8Array && value instanceof Uint8Array) parts.set(utf8.decode(part), value);
  return parts;
}

function readVersion(database: OnlineDatabase, view: number, key: KeyBytes): number {
  return Number(database.get(`SELECT version FROM "asof.state" WHERE view = ? AND key = ?`, view, key)?.[0] ?? 0);
}

/** Writes the states whose version still is the expected one and returns the indexes of the others. */
export function writeStates(database: OnlineDatabase, view: OnlineView, writes: readonly StateWrite[]): number[] {
  const id = claimView(database, view);
  const conflicts: number[] = [];
  let version: number | null = null;
  for (const [index, write] of writes.entries()) {
    if (readVersion(database, id, write.key) === write.ifVersion) {
      version ??= nextVersion(database, writes);
      writeState(database, id, write, version);
    } else conflicts.push(index);
  }
  return conflicts;
}

/** A version for all writes of a transaction: never given before, though a restored copy of a store may count anew. */
function nextVersion(database: OnlineDatabase, writes: readonly StateWrite[]): number {
  const last = Number(database.get(`SELECT last_version FROM "asof.store"`)?.[0]);
  const version = writes.reduce((greatest, write) => Math.max(greatest, write.ifVersion), last) + 1;
  database.run(`UPDATE "asof.store" SET last_version = ?`, version);
  return version;
}

function writeState(database: OnlineDatabase, view: number, { key, remove, set }: StateWrite, version: number): void {
  for (const part of remove)
    database.run(`DELETE FROM "asof.state_part" WHERE view = ? AND key = ? AND part = ?`, view, key, utf8.encode(part));
  for (const [part, bytes] of set)
    database.run(
      `INSERT OR REPLACE INTO "asof.state_part" (view, key, part, value) VALUES (?, ?, ?, ?)`,
      view,
      key,
      utf8.encode(part),
      bytes,
    );
  database.run(`INSERT OR REPLACE INTO "asof.state" (view, key, version) VALUES (?, ?, ?)`, view, key, version);
}

export function deleteStates(database: OnlineDatabase, view: number | null, keys: readonly KeyBytes[]): void {
  if (view === null) return;
  for (const key of keys) {
    database.run(`DELETE FROM "asof.state_part" WHERE view = ? AND key = ?`, view, key);
    database.run(`DELETE FROM "asof.state" WHERE view = ? AND key = ?`, view, key);
  }
}

/** Keys of states after a given one, in order; the first page where there is none. */
export function listStateKeys(database: OnlineDatabase, view: number | null, after: KeyBytes | null, limit: number): KeyBytes[] {
  if (view === null) return [];
  const condition = after === null ? "" : "AND key > ?";
  const sql = `SELECT key FROM "asof.state" WHERE view = ? ${condition} ORDER BY key LIMIT ?`;
  const found = after === null ? database.all(sql, view, limit) : database.all(sql, view, after, limit);
  return found.flatMap(([key]) => (key instanceof Uint8Array ? [key] : []));
}
