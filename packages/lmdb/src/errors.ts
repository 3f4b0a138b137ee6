import { AsofError } from "@asof/core";

/** What LMDB and the operating system call their failures: names for messages, numbers as LMDB hands them on. */
const fullCodes: ReadonlySet<unknown> = new Set([-30792, "ENOSPC", 28, "EDQUOT", 122, "EFBIG", 27]);
const readOnlyCodes: ReadonlySet<unknown> = new Set(["EACCES", 13, "EPERM", 1, "EROFS", 30]);
const notOursCodes: ReadonlySet<unknown> = new Set([-30793, -30794, -30795, -30796, -30797]);

/** Translates a failure of LMDB or the file system, once; errors that are coded already pass through. */
export function translateLmdbError(error: unknown, path: string): Error {
  if (error instanceof AsofError) return error;
  if (error instanceof Error && error.message.startsWith("assertion failed")) return error;
  const code = codeOf(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (fullCodes.has(code) || isShortWrite(code, reason)) {
    return new AsofError(
      "ASOF_STORE_FULL",
      `The disk under the LMDB online store at ${path} is full (${reason}); the write changed nothing.`,
      {
        path,
        fix: "Free space on that disk, or move the folder to a larger one; then run the job again.",
        cause: error,
      },
    );
  }
  if (readOnlyCodes.has(code)) {
    return new AsofError("ASOF_STORE_READ_ONLY", `The LMDB online store at ${path} cannot be written (${reason}).`, {
      path,
      fix: "Make the folder and its files writable for this user, or choose another folder.",
      cause: error,
    });
  }
  if (notOursCodes.has(code)) {
    return new AsofError("ASOF_STORE_FAILED", `The files at ${path} are not a sound LMDB store (${reason}).`, {
      path,
      fix: "Delete the folder and materialize again, or choose another folder.",
      cause: error,
    });
  }
  return new AsofError("ASOF_STORE_FAILED", `The LMDB online store at ${path} failed: ${reason}.`, {
    path,
    fix: "Start the process again; if it fails again, delete the folder and materialize again.",
    cause: error,
  });
}

/**
 * A disk that fills up in the middle of a write takes a part of it, which LMDB reports as EIO without a system error behind it; a failing
 * device comes with "Attempting to write page …".
 */
function isShortWrite(code: unknown, reason: string): boolean {
  return code === 5 && !reason.includes("Attempting to write");
}

/** The write would take more than the configured size. */
export function sizeLimitError(path: string, limitBytes: number): AsofError {
  return new AsofError(
    "ASOF_STORE_FULL",
    `The LMDB online store at ${path} has reached its limit of ${limitBytes} bytes; nothing was written.`,
    {
      path,
      value: limitBytes,
      fix: "Raise online_store.map_size_max_bytes, or delete views that are no longer served.",
    },
  );
}

/** A write to a store that was opened with `readOnly`. */
export function openedReadOnly(path: string): AsofError {
  return new AsofError("ASOF_STORE_READ_ONLY", `The LMDB online store at ${path} was opened for reading only.`, {
    path,
    fix: "Open it without readOnly to write.",
  });
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
