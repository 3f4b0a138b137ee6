import type { DatabaseSync } from "node:sqlite";

/**
 * Ends a transaction that failed, so that the file is at once what it was. A full disk or an interrupt may have ended it already; after a
 * failed write SQLite then leaves the file half written, with its journal beside it, to whoever reads next: here that is done now, since
 * somebody may copy the file alone.
 */
export function rollBack(database: DatabaseSync): void {
  if (database.isTransaction) database.exec("ROLLBACK");
  try {
    database.prepare("SELECT 1 FROM sqlite_schema").get();
  } catch {
    // Another connection is at it, or the disk is gone: the next one who can read puts the file right.
  }
}
