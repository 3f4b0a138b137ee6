import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** How long writers of a registry wait for others, in ms. A commit takes milliseconds, so a longer wait is a fault that somebody has to look at. */
export const registryBusyTimeoutMs = 5_000;

/**
 * Who holds a lock on one of these files, for people: `python3, pid 1234`; null where the system does not tell, which Linux does, and that of
 * processes of the same user or to root.
 */
export function lockHolder(paths: readonly string[]): string | null {
  const inodes = new Map(paths.flatMap((path) => inodeOf(path)));
  for (const kind of ["WRITE", "READ"]) {
    for (const { pid, inode } of locks(kind)) {
      const path = inodes.get(inode);
      if (path !== undefined && pid !== process.pid && hasOpen(pid, path)) return `${nameOf(pid)}, pid ${pid}`;
    }
  }
  return null;
}

function inodeOf(path: string): readonly (readonly [string, string])[] {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? [] : [[String(found.ino), path]];
}

/** Lines of /proc/locks: `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF`. */
function locks(kind: string): readonly { readonly pid: number; readonly inode: string }[] {
  return textOf("/proc/locks")
    .split("\n")
    .map((line) => line.split(/\s+/))
    .filter((parts) => parts[3] === kind)
    .map((parts) => ({ pid: Number(parts[4]), inode: parts[5]?.split(":")[2] ?? "" }));
}

/** A number of a file may come again on another disk: the process must have this very file open. */
function hasOpen(pid: number, path: string): boolean {
  const own = statSync(path, { throwIfNoEntry: false });
  try {
    return readdirSync(`/proc/${pid}/fd`).some((name) => {
      const target = readlinkSync(`/proc/${pid}/fd/${name}`);
      const open = target.startsWith("/") ? statSync(target, { throwIfNoEntry: false }) : undefined;
      return open !== undefined && open.ino === own?.ino && open.dev === own.dev;
    });
  } catch {
    // Another user's process, or one that has ended meanwhile.
    return false;
  }
}

function nameOf(pid: number): string {
  return textOf(`/proc/${pid}/comm`).trim();
}

/** Empty where the system has no such file. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
