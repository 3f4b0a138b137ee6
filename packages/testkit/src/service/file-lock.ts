import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs `work` while no other process that names the same file does. The lock is SQLite's on that file: the operating system takes it
 * back when a process dies, so none is ever left over.
 * @param onWait called once if another process is at work.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, onWait: () => void): Promise<T> {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    for (let isFirst = true; !isTaken(database); isFirst = false) {
      if (isFirst) onWait();
      await sleep(250);
    }
    return await work();
  } finally {
    database.close();
  }
}

function isTaken(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === 5) return false;
    throw error;
  }
}
