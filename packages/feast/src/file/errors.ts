import { AsofError, sentenceOf } from "@asof/core";
import { lockHolder } from "./lock-holder.ts";

/** The file system's error as ours, once; errors of ours get the path where they have none, and pass. */
export function translateError(error: unknown, path: string): unknown {
  if (error instanceof AsofError) return error.path === undefined || error.path === "" ? withPath(error, path) : error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const details = { path, cause: error };
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new AsofError("ASOF_REGISTRY_READ_ONLY", `The registry ${path} cannot be written or read by this user (${code}).`, {
      ...details,
      fix: "Give this user the right to read the file and to write its folder, or choose another path in feature_store.yaml.",
    });
  }
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    return new AsofError("ASOF_REGISTRY_FULL", `The registry ${path} cannot be written (${code}): the disk is full. Nothing was changed.`, {
      ...details,
      fix: "Make room and run the same command again.",
    });
  }
  // Node's own errors (ERR_…) are faults of the program, except SQLite's, which holds the lock.
  if (typeof code !== "string" || !(/^E[A-Z0-9]+$/.test(code) || code === "ERR_SQLITE_ERROR")) return error;
  return new AsofError(
    "ASOF_REGISTRY_FAILED",
    `The registry ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}.`,
    {
      ...details,
      fix: "Check the path of `registry` in feature_store.yaml.",
    },
  );
}

function withPath(error: AsofError, path: string): AsofError {
  const details = { path, value: error.value, cause: error, ...(error.fix === undefined ? {} : { fix: error.fix }) };
  return new AsofError(error.code, sentenceOf(error).replace(/^The registry\b/, `The registry ${path}`), details);
}

/** The registry was there, and is not any more. One made anew would know nothing of the versions whose rows are stored. */
export function goneError(path: string): AsofError {
  return new AsofError("ASOF_REGISTRY_FAILED", `The registry ${path} was there and is gone: it was moved or removed.`, {
    path,
    fix: "Put it back, or restore it from a backup: this process then goes on with it. One that is started now takes the registry for empty.",
  });
}

/** Another process holds one of the files by which a registry is locked, for longer than was waited. */
export function lockedError(path: string, lockedPaths: readonly string[], waitedMs: number, cause?: unknown): AsofError {
  const holder = lockHolder(lockedPaths);
  const who = holder === null ? "" : ` (${holder})`;
  return new AsofError(
    "ASOF_REGISTRY_FAILED",
    `The registry ${path} is locked by another process${who}, which did not finish within ${waitedMs / 1000} s. Nothing was changed.`,
    {
      path,
      ...(holder === null ? {} : { value: holder }),
      ...(cause === undefined ? {} : { cause }),
      fix: `Wait for it and run the same command again; if it hangs, end it${holder === null ? ": look for a process that has the file open" : ""}. The lock goes with it.`,
    },
  );
}

/** The copy beside the file may hold what the file lacks, erasures above all: it is not passed over. */
export function copyError(path: string, copyPath: string, cause: AsofError): AsofError {
  return new AsofError(
    "ASOF_REGISTRY_UNREADABLE",
    `The copy ${copyPath} of the registry ${path} is damaged, and the registry is not as asof wrote it last. ${sentenceOf(cause)}`,
    {
      path: copyPath,
      cause,
      fix: "Restore the copy from a backup. Or remove it: what asof wrote since Feast read the registry is lost then, also erasures; erase those keys again.",
    },
  );
}

export function tornError(path: string, cause: unknown): AsofError {
  const why = cause instanceof AsofError ? sentenceOf(cause) : "It keeps changing.";
  return new AsofError("ASOF_REGISTRY_UNREADABLE", `The registry ${path} is damaged, or being written all the time. ${why}`, {
    path,
    cause,
    fix: "If Feast is writing it, try again. Else restore it from a backup, or move it away and apply the definitions again.",
  });
}
