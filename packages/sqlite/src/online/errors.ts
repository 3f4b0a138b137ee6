import { AsofError } from "@asof/core";
import { isFailedWrite, primaryCode, resultCodes } from "../errors.ts";

/** SQLite's own or the file system's error as ours, once; errors of ours pass. A failed write changed nothing: it was rolled back. */
export function translateOnlineError(error: unknown, path: string): unknown {
  if (error instanceof AsofError) return error;
  const details = { path, cause: error };
  const failed = (what: string, fix: string): AsofError =>
    new AsofError("ASOF_STORE_FAILED", `The online store ${path} ${what}.`, { ...details, fix });
  if (isFailedWrite(error)) return full(path, error);
  switch (primaryCode(error)) {
    case resultCodes.busy:
    case resultCodes.locked:
      return failed(
        "is locked by another process, which did not finish in time; nothing was changed",
        "Wait for it and try again; if nothing else runs, look for a hanging process that has the file open.",
      );
    case resultCodes.readOnly:
    case resultCodes.permission:
      return readOnly(path, error);
    case resultCodes.full:
      return full(path, error);
    case resultCodes.notADatabase:
      return failed("is not a SQLite database", "Point `online_store.path` in feature_store.yaml at another file, or move this one away.");
    case resultCodes.corrupt:
      return failed("is damaged", "Restore it from a backup, or delete it and materialize again.");
    case resultCodes.cannotOpen:
    case resultCodes.io:
      return failed(`cannot be used: ${messageOf(error)}`, "Look at the folder's permissions and at the disk.");
    default:
      return translateFileError(error, path);
  }
}

function translateFileError(error: unknown, path: string): unknown {
  const name = error instanceof Error && "code" in error ? error.code : undefined;
  if (name === "EACCES" || name === "EPERM" || name === "EROFS") return readOnly(path, error);
  if (name === "ENOSPC" || name === "EDQUOT") return full(path, error);
  // Node's own errors (ERR_…) are faults of the program, except SQLite's.
  if (typeof name !== "string" || !(/^E[A-Z0-9]+$/.test(name) || name === "ERR_SQLITE_ERROR")) return error;
  return new AsofError("ASOF_STORE_FAILED", `The online store ${path} cannot be used: ${messageOf(error)}.`, {
    path,
    cause: error,
    fix: "Check `online_store.path` in feature_store.yaml.",
  });
}

function full(path: string, cause: unknown): AsofError {
  return new AsofError(
    "ASOF_STORE_FULL",
    `The online store ${path} cannot be written (${messageOf(cause)}): the disk is full. The write changed nothing.`,
    {
      path,
      cause,
      fix: "Make room and run the same command again.",
    },
  );
}

function readOnly(path: string, cause: unknown): AsofError {
  return new AsofError("ASOF_STORE_READ_ONLY", `The online store ${path} cannot be written: the file or its folder is read-only.`, {
    path,
    cause,
    fix: "Give this user the right to write the folder, or choose another path in feature_store.yaml.",
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
