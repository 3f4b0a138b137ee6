import { type ErrorCode, errorCodes } from "./codes.ts";

/** What an operating error carries besides its sentence. */
export interface ErrorDetails {
  /** Where the fault is: a field path (`feature_views.basket_activity.spend_30d`), a file and line, or a row. */
  readonly path?: string;
  /** The offending value, as the user wrote it. Never a secret. */
  readonly value?: unknown;
  /** What to do about it, one imperative sentence. */
  readonly fix?: string;
  /** The driver's error, kept for logs. */
  readonly cause?: unknown;
  /** Several faults found at once; the message then lists them. */
  readonly issues?: readonly Issue[];
}

/** One fault of several that were found in one pass, for example by the validation of definitions. */
export interface Issue {
  readonly code: ErrorCode;
  readonly path: string;
  readonly value?: unknown;
  /** What is wrong and why, a whole sentence. */
  readonly message: string;
  readonly fix: string;
}

/**
 * An operating error: something a user or the world did, with a code from a closed list. Its `message` reads
 * `[CODE] what happened, why. What to do.`; a command prints that line alone, never the stack.
 */
export class AsofError extends Error {
  override readonly name = "AsofError";
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly value: unknown;
  readonly fix: string | undefined;
  readonly issues: readonly Issue[];

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    const fix = details.fix === undefined ? "" : ` ${details.fix}`;
    super(`[${code}] ${what}${fix}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.value = details.value;
    this.fix = details.fix;
    this.issues = details.issues ?? [];
  }

  /** HTTP status that a server answers with. */
  get httpStatus(): number {
    return errorCodes[this.code].http;
  }

  /** Exit code that the command ends with; see `docs/reference/errors.md`. */
  get exitCode(): number {
    return errorCodes[this.code].exit;
  }

  /** Whether the same call may succeed later without a change by the caller. */
  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  /** The machine form printed by `--json`. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      ...(this.path === undefined ? {} : { path: this.path }),
      ...(this.value === undefined ? {} : { value: printValue(this.value) }),
      ...(this.fix === undefined ? {} : { fix: this.fix }),
      ...(this.issues.length === 0 ? {} : { issues: this.issues.map((i) => ({ ...i, value: printValue(i.value) })) }),
    };
  }
}

/** What an error says, without its code and fix: for those who say it again with more. */
export function sentenceOf(error: AsofError): string {
  const text = error.message.replace(/^\[[A-Z_]+\] /, "");
  return error.fix !== undefined && text.endsWith(` ${error.fix}`) ? text.slice(0, -error.fix.length - 1) : text;
}

/** Prints a value for a message: strings quoted, bigint without suffix, long text cut at 80 characters. */
export function printValue(value: unknown): string {
  const text =
    typeof value === "string"
      ? JSON.stringify(value)
      : typeof value === "bigint"
        ? String(value)
        : typeof value === "object" && value !== null
          ? (JSON.stringify(value, (_k, v: unknown) => (typeof v === "bigint" ? String(v) : v)) ?? String(value))
          : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Throws a plain Error when a programmer's assumption does not hold. Left on in production, caught only at the process edge. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
