import { AsofError } from "@asof/core";

/** SQLite's primary result codes, see https://sqlite.org/rescode.html. */
export const resultCodes = {
  permission: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  interrupted: 9,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
};

/** Whether another connection was in the way, so that the same call may succeed in a moment. */
export function isBusy(error: unknown): boolean {
  const primary = primaryCode(error);
  return primary === resultCodes.busy || primary === resultCodes.locked;
}

/** Whether SQLite failed because it could not make the files beside the database. */
export function isFolderReadOnly(error: unknown): boolean {
  const primary = primaryCode(error);
  return primary === resultCodes.cannotOpen || primary === resultCodes.readOnly;
}

/** SQLITE_IOERR_WRITE: what a full disk is to SQLite unless the system says so in its plainest way, for example at a limit of file sizes. */
export function isFailedWrite(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === 778;
}

/** SQLite's own or the file system's error as ours, once; errors of ours pass. */
export function translateError(error: unknown, path: string): unknown {
  if (error instanceof AsofError) return error;
  const details = { path, cause: error };
  if (isFailedWrite(error)) return fullError(path, error);
  switch (primaryCode(error)) {
    case resultCodes.readOnly:
    case resultCodes.permission:
      return readOnlyError(path, error);
    case resultCodes.full:
      return fullError(path, error);
    case resultCodes.notADatabase:
      return new AsofError("ASOF_REGISTRY_UNREADABLE", `The registry ${path} is not a SQLite database.`, {
        ...details,
        fix: "Point `registry` in feature_store.yaml at another file, or move this one away.",
      });
    case resultCodes.corrupt:
      return new AsofError("ASOF_REGISTRY_UNREADABLE", `The registry ${path} is damaged.`, {
        ...details,
        fix: "Restore it from a backup, or move it away and run `asof apply`.",
      });
    case resultCodes.cannotOpen:
    case resultCodes.io:
      return new AsofError("ASOF_REGISTRY_FAILED", `The registry ${path} cannot be opened: ${messageOf(error)}.`, {
        ...details,
        fix: "Look at the folder's permissions and at the disk.",
      });
    default:
      return translateFileError(error, path);
  }
}

function translateFileError(error: unknown, path: string): unknown {
  const name = error instanceof Error && "code" in error ? error.code : undefined;
  if (name === "EACCES" || name === "EPERM" || name === "EROFS") return readOnlyError(path, error);
  if (name === "ENOSPC" || name === "EDQUOT" || name === "EFBIG") return fullError(path, error);
  // Node's own errors (ERR_…) are faults of the program, except SQLite's.
  if (typeof name !== "string" || !(/^E[A-Z0-9]+$/.test(name) || name === "ERR_SQLITE_ERROR")) return error;
  return new AsofError("ASOF_REGISTRY_FAILED", `The registry ${path} cannot be used: ${messageOf(error)}.`, {
    path,
    cause: error,
    fix: "Check the path of `registry` in feature_store.yaml.",
  });
}

function fullError(path: string, cause: unknown): AsofError {
  return new AsofError(
    "ASOF_REGISTRY_FULL",
    `The registry ${path} cannot be written (${messageOf(cause)}): the disk is full. Nothing was changed.`,
    {
      path,
      cause,
      fix: "Make room and run the same command again.",
    },
  );
}

function readOnlyError(path: string, cause: unknown): AsofError {
  return new AsofError("ASOF_REGISTRY_READ_ONLY", `The registry ${path} cannot be written: the file or its folder is read-only.`, {
    path,
    cause,
    fix: "Give this user the right to write the folder, or choose another path in feature_store.yaml.",
  });
}

/** SQLite's primary result code of an error; null for errors of others. */
export function primaryCode(error: unknown): number | null {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
