import { AsofError, type ErrorCode, errorCodes } from "@asof/core";
import { failureMark } from "./dialect.ts";

/** What was going on when the engine failed: decides what the same engine error means to the user. */
export interface ErrorContext {
  /** `source`: reading the definition's data. `spine`: loading the spine. `output`: writing a result. `query`: anything else. */
  readonly doing: "source" | "spine" | "output" | "query" | "log";
  /** What the sentence begins with: `Source "baskets" (data/baskets.parquet)`, or the path written to. */
  readonly what: string;
}

/** Turns an error of DuckDB into one of asof. Errors of asof pass through. */
export function translateError(error: unknown, context: ErrorContext): AsofError {
  if (error instanceof AsofError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return (
    interrupted(message, error) ??
    raised(message, error) ??
    outOfSpace(message, error, context) ??
    overflow(message, error) ??
    extensionMissing(message, error, context) ??
    missing(message, error, context) ??
    unreadable(message, error, context) ??
    failed(message, error, context)
  );
}

/** The error of an operation that was aborted. */
export function interruptedError(cause?: unknown): AsofError {
  return new AsofError("ASOF_INTERRUPTED", "The operation was interrupted.", {
    fix: "Run it again.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function interrupted(message: string, cause: unknown): AsofError | null {
  return message.includes("INTERRUPT Error") || message.includes("Interrupted!") ? interruptedError(cause) : null;
}

const raisedTexts: Partial<Record<ErrorCode, readonly [string, string]>> = {
  ASOF_SUM_OVERFLOW: [
    "The sum of feature %s leaves the range of its type for at least one row of the spine.",
    "Cast the argument to float64, or narrow the window.",
  ],
  ASOF_DISTINCT_BOUND: [
    "The distinct count of feature %s exceeds its declared bound for at least one row of the spine.",
    "Raise the feature's `bound`, or narrow the window.",
  ],
};

/** Errors that the program raised itself, by `Dialect.fail`. */
function raised(message: string, cause: unknown): AsofError | null {
  const at = message.indexOf(failureMark);
  if (at === -1) return null;
  const text = message.slice(at + failureMark.length).split("\n")[0] ?? "";
  const colon = text.indexOf(":");
  const code = text.slice(0, colon);
  const path = text.slice(colon + 1);
  if (!isErrorCode(code)) return null;
  const [what, fix] = raisedTexts[code] ?? ["%s", undefined];
  return new AsofError(
    code,
    what.replace("%s", () => `"${path}"`),
    { path, cause, ...(fix === undefined ? {} : { fix }) },
  );
}

function isErrorCode(text: string): text is ErrorCode {
  return text in errorCodes;
}

function outOfSpace(message: string, cause: unknown, context: ErrorContext): AsofError | null {
  if (/out of memory|failed to (allocate|pin|offload)|could not allocate/i.test(message) && !isNoSpace(message)) {
    return new AsofError("ASOF_OUT_OF_MEMORY", `The offline engine ran out of memory: ${firstLine(message)}`, {
      fix: "Raise `memory_limit` of the offline store, lower its `threads`, or ask for fewer rows at once.",
      cause,
    });
  }
  if (isNoSpace(message)) {
    const where = context.doing === "output" || context.doing === "log" ? `Cannot write ${context.what}` : "Cannot write temporary data";
    return new AsofError("ASOF_OUTPUT_FAILED", `${where}: ${firstLine(message)}`, {
      fix: "Free space on that disk; nothing was left behind.",
      cause,
    });
  }
  if (context.doing === "output" && /ENAMETOOLONG|name too long/i.test(message)) {
    return new AsofError("ASOF_OUTPUT_FAILED", `Cannot write ${context.what}: a file or folder in it would have too long a name.`, {
      fix: "Write to a shorter path, or partition by a column with shorter values; nothing was left behind.",
      cause,
    });
  }
  if (context.doing === "output" || context.doing === "log") {
    return /IO Error|Permission denied|read-only|EACCES|EROFS|ENOENT|EISDIR|ENOTDIR/i.test(message)
      ? new AsofError("ASOF_OUTPUT_FAILED", `Cannot write ${context.what}: ${firstLine(message)}`, {
          fix: "Check that the folder exists and can be written.",
          cause,
        })
      : null;
  }
  return null;
}

function isNoSpace(message: string): boolean {
  return /no space left|disk full|ENOSPC|file too large|EFBIG|EDQUOT|quota exceeded|max_temp_directory_size/i.test(message);
}

function overflow(message: string, cause: unknown): AsofError | null {
  if (/Overflow in (HUGEINT|sum)|SUM is out of range/i.test(message)) {
    return new AsofError("ASOF_SUM_OVERFLOW", `A sum leaves the range of its type: ${firstLine(message)}`, {
      fix: "Cast the argument to float64, or narrow the window.",
      cause,
    });
  }
  if (/Out of Range Error: Overflow (in|on)|Overflow in (addition|subtraction|multiplication|negation)/i.test(message)) {
    return new AsofError("ASOF_EXPRESSION_FAILED", `An expression overflows: ${firstLine(message)}`, {
      fix: "Cast its operands to a wider type.",
      cause,
    });
  }
  return null;
}

function missing(message: string, cause: unknown, context: ErrorContext): AsofError | null {
  if (!/No files found that match|No such file or directory|does not exist.*(file|pattern)|Cannot open file/i.test(message)) return null;
  if (context.doing === "spine") {
    return new AsofError("ASOF_SPINE_INVALID", `${context.what} is not there: ${firstLine(message)}`, {
      path: "spine",
      fix: "Check the path.",
      cause,
    });
  }
  return new AsofError("ASOF_SOURCE_MISSING", `${context.what} is not there: ${firstLine(message)}`, {
    fix: "Check the path; relative paths start at the repository. If it was there a moment ago, another process has replaced it: run this again.",
    cause,
  });
}

function unreadable(message: string, cause: unknown, context: ErrorContext): AsofError | null {
  const isFormat =
    /No magic bytes|too small to be a Parquet|Failed to read|Parquet|Thrift|TProtocol|Snappy|ZSTD|Invalid page|CSV Error|Error when sniffing|corrupt/i;
  const isValue =
    /Conversion Error|a value does not fit the declared type|Could not convert|Could not cast|Type .* can't be cast|Failed to cast/i;
  if (isValue.test(message) && context.doing !== "output") {
    return context.doing === "spine"
      ? new AsofError("ASOF_SPINE_INVALID", `${context.what} holds a value of a wrong type: ${firstLine(message)}`, {
          path: "spine",
          fix: "Correct the value.",
          cause,
        })
      : new AsofError("ASOF_SOURCE_COLUMN", `${context.what} holds a value that does not fit its declared type: ${firstLine(message)}`, {
          fix: "Correct the value, or declare the type that the source has.",
          cause,
        });
  }
  if (!isFormat.test(message) || context.doing === "output") return null;
  if (context.doing === "spine") {
    return new AsofError("ASOF_SPINE_INVALID", `${context.what} cannot be read: ${firstLine(message)}`, {
      path: "spine",
      fix: "Write the file again.",
      cause,
    });
  }
  return new AsofError("ASOF_SOURCE_UNREADABLE", `${context.what} cannot be read: ${firstLine(message)}`, {
    fix: /CSV/.test(message)
      ? "Declare the delimiter, quote, escape and header that the file has, or write the file again."
      : "Write the file again, or correct the source's type.",
    cause,
  });
}

function failed(message: string, cause: unknown, context: ErrorContext): AsofError {
  const isQuery = context.doing === "source" || context.doing === "spine";
  const fix = isQuery && /Parser Error|Binder Error|Catalog Error/.test(message) ? `Correct the ${context.doing}'s query.` : undefined;
  return new AsofError("ASOF_QUERY_FAILED", `${context.what}: DuckDB says: ${firstLine(message)}`, {
    cause,
    ...(fix === undefined ? {} : { fix }),
  });
}

/** Reading from elsewhere takes an extension, which the engine loads from the internet at its first use. */
function extensionMissing(message: string, cause: unknown, context: ErrorContext): AsofError | null {
  const match = /extension '([a-z0-9_]+)'|([a-z0-9_]+)\.duckdb_extension/i.exec(message);
  if (match === null || !/Extension Autoloading Error|not found|Failed to download/i.test(message)) return null;
  const name = match[1] ?? match[2] ?? "";
  return new AsofError("ASOF_QUERY_FAILED", `${context.what} needs DuckDB's extension "${name}", which is not installed.`, {
    value: name,
    fix: `Run \`INSTALL ${name}\` in DuckDB of this version where there is internet, or copy the data to this machine.`,
    cause,
  });
}

/** DuckDB adds the statement and a caret below its sentence, its client what it was doing before; the full stop is often left out. */
function firstLine(message: string): string {
  const line = (message.split("\n")[0] ?? message).trim().replace(/^Failed to extract statements: /, "");
  if (line.length > 400) return `${line.slice(0, 399)}…`;
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
