import { AsofError, parseInstant } from "@asof/core";

/** The instant that a flag or an argument gives, UTC µs. ASOF_TIME_INVALID naming it. */
export function readTime(flag: string, text: string): number {
  try {
    return parseInstant(text);
  } catch (cause) {
    if (!(cause instanceof AsofError)) throw cause;
    throw new AsofError("ASOF_TIME_INVALID", `${flag} is "${text}", which is no instant between the years 1684 and 2255.`, {
      path: flag,
      value: text,
      fix: `Write ISO 8601, for example 2026-03-01 or 2026-03-01T10:00:00Z; without an offset it is UTC.`,
      cause,
    });
  }
}

/** As {@link readTime}; null where the flag is not given. */
export function readTimeIfGiven(flag: string, text: string | undefined | null): number | null {
  return text === undefined || text === null ? null : readTime(flag, text);
}
