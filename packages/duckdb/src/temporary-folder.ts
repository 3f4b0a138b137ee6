import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@asof/core";

/** A folder for spilled data, removed when the store closes and, at the latest, when the process exits. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

const prefix = "asof-duckdb-";
/** What a process that is gone left behind is removed once it is that old; younger ones may belong to a process of another container. */
export const staleAfterMs = 3_600_000;

/** Makes a folder of its own for this process, and removes those that killed processes left behind. */
export function makeTemporaryFolder(parent: string | undefined): TemporaryFolder {
  const folder = parent ?? tmpdir();
  mkdirSync(folder, { recursive: true });
  removeStale(folder);
  const path = mkdtempSync(join(folder, `${prefix}${process.pid}-`));
  const remove = (): void => {
    process.off("exit", remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on("exit", remove);
  return { path, remove };
}

function removeStale(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && systemClock.nowUs() / 1000 - stat.mtimeMs > staleAfterMs) rmSync(path, { recursive: true, force: true });
  }
}

/** Whether a process of that id runs on this machine, of whatever user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code !== "ESRCH";
  }
}
