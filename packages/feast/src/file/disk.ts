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

/**
 * Writes a file beside the target, brings it to the disk and puts it in the target's place in one step. `confirm` is asked just before
 * that step; where it says no, nothing is changed and false returned. A fault leaves the target as it was.
 */
export function replaceFile(path: string, bytes: Uint8Array, name: string, confirm: () => boolean): boolean {
  mkdirSync(dirname(path), { recursive: true });
  // A link stays one: what it leads to is replaced.
  const target = existsSync(path) ? realpathSync(path) : path;
  const mode = existsSync(target) ? statSync(target).mode : 0o644;
  const draft = `${target}.${name}.tmp`;
  try {
    const file = openSync(draft, "wx", mode);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (!confirm()) {
      rmSync(draft, { force: true });
      return false;
    }
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(target));
  return true;
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
