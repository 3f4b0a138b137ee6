import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** What tells one content of a file from another without reading it. */
export interface Stamp {
  readonly inode: bigint;
  readonly size: bigint;
  readonly modifiedNs: bigint;
  /** The last bytes: asof puts a fresh id there with each write. */
  readonly tail: string;
}

const tailBytes = 64;

/** Null where there is no file. */
export function readStamp(path: string): Stamp | null {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  try {
    const { ino: inode, size, mtimeNs: modifiedNs } = fstatSync(file, { bigint: true });
    const tail = Buffer.alloc(tailBytes);
    const length = readSync(file, tail, 0, tailBytes, Math.max(0, Number(size) - tailBytes));
    return { inode, size, modifiedNs, tail: tail.toString("latin1", 0, length) };
  } finally {
    closeSync(file);
  }
}

export function sameStamp(a: Stamp | null, b: Stamp | null): boolean {
  if (a === null || b === null) return a === b;
  return a.inode === b.inode && a.size === b.size && a.modifiedNs === b.modifiedNs && a.tail === b.tail;
}

/** The content with the stamp it had throughout; null where it changed meanwhile. */
export function readStable(path: string): { readonly stamp: Stamp; readonly bytes: Uint8Array } | "absent" | null {
  const before = readStamp(path);
  if (before === null) return "absent";
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  return sameStamp(before, readStamp(path)) && BigInt(bytes.length) === before.size ? { stamp: before, bytes } : null;
}

/** What the file leads to: where it is a link, that stays one. */
function targetOf(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** Where the copy of a file lies that asof keeps for itself: beside it. */
export function copyPathOf(path: string): string {
  return `${targetOf(path)}.asof`;
}

/** The copy; null where there is none. */
export function readCopy(path: string): Uint8Array | null {
  try {
    return readFileSync(copyPathOf(path));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** What became of a file that was to be replaced. */
export interface Replacement {
  /** Whether it was replaced. */
  readonly isDone: boolean;
  /** What another program wrote into the replaced file, which it had opened just before and nobody finds any more; null = nothing. */
  readonly late: Uint8Array | null;
}

/**
 * Writes a file and its copy beside the target, brings both to the disk and puts them in their places, each in one step, the copy first:
 * it is never the older one. `confirm` is asked just before; where it says no, nothing is changed. A fault leaves the target as it was,
 * and no draft.
 */
export function replaceFile(path: string, bytes: Uint8Array, name: string, confirm: () => boolean): Replacement {
  mkdirSync(dirname(path), { recursive: true });
  const target = targetOf(path);
  const mode = existsSync(target) ? statSync(target).mode : 0o644;
  const places = [copyPathOf(path), target];
  const draftOf = (place: string): string => `${place}.${name}.tmp`;
  let replaced: Held | null = null;
  try {
    for (const place of places) writeDraft(draftOf(place), bytes, mode);
    replaced = hold(target);
    if (!confirm()) return { isDone: false, late: null };
    for (const place of places) renameSync(draftOf(place), place);
    syncFolder(dirname(target));
    return { isDone: true, late: replaced === null ? null : readLate(replaced) };
  } finally {
    if (replaced !== null) closeSync(replaced.file);
    for (const place of places) rmSync(draftOf(place), { force: true });
  }
}

/** Puts a file in the place of the target in one step, where `confirm` allows it. The copy stays. */
export function putFile(path: string, bytes: Uint8Array, name: string, confirm: () => boolean): void {
  const target = targetOf(path);
  const draft = `${target}.${name}.tmp`;
  try {
    writeDraft(draft, bytes, statSync(target).mode);
    if (confirm()) renameSync(draft, target);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(target));
}

/** A file that is open, with what it was when it was opened. */
interface Held {
  readonly file: number;
  readonly size: bigint;
  readonly modifiedNs: bigint;
}

function hold(path: string): Held | null {
  if (!existsSync(path)) return null;
  const file = openSync(path, "r");
  const { size, mtimeNs: modifiedNs } = fstatSync(file, { bigint: true });
  return { file, size, modifiedNs };
}

/** How long a write that has begun is waited for, and how long it has to have been still to be taken for ended. */
const [lateMaxMs, stillMs] = [5000, 50];

/** What was written into a file since it was opened; null where nothing was, or where it stays empty. The process waits. */
function readLate({ file, size, modifiedNs }: Held): Uint8Array | null {
  let now = fstatSync(file, { bigint: true });
  if (now.size === size && now.mtimeNs === modifiedNs) return null;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < lateMaxMs; waitedMs += stillMs) {
    const before = now;
    Atomics.wait(cell, 0, 0, stillMs);
    now = fstatSync(file, { bigint: true });
    if (now.size > 0n && now.size === before.size && now.mtimeNs === before.mtimeNs) break;
  }
  const bytes = Buffer.alloc(Number(now.size));
  const length = readSync(file, bytes, 0, bytes.length, 0);
  return length === 0 ? null : bytes.subarray(0, length);
}

function writeDraft(draft: string, bytes: Uint8Array, mode: number): void {
  const file = openSync(draft, "wx", mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The name in the folder reaches the disk too, where the system can do that. */
function syncFolder(folder: string): void {
  try {
    const file = openSync(folder, "r");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch {
    // Windows has no handle of a folder; the file itself is safe.
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
