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

/**
 * Writes a file and its copy beside the target, brings both to the disk and puts them in their places, each in one step, the copy first:
 * it is never the older one. `confirm` is asked just before; where it says no, nothing is changed and false returned. A fault leaves the
 * target as it was, and no draft.
 */
export function replaceFile(path: string, bytes: Uint8Array, name: string, confirm: () => boolean): boolean {
  mkdirSync(dirname(path), { recursive: true });
  const target = targetOf(path);
  const mode = existsSync(target) ? statSync(target).mode : 0o644;
  const places = [copyPathOf(path), target];
  const draftOf = (place: string): string => `${place}.${name}.tmp`;
  try {
    for (const place of places) writeDraft(draftOf(place), bytes, mode);
    if (!confirm()) return false;
    for (const place of places) renameSync(draftOf(place), place);
  } finally {
    for (const place of places) rmSync(draftOf(place), { force: true });
  }
  syncFolder(dirname(target));
  return true;
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
