import { AsofError, daysToDate } from "@asof/core";

const DAY_SECONDS = 86_400;

/** Greatest number of seconds whose microseconds are exact in a number: the year 2255. */
const SECONDS_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1_000_000);

/** 0001-01-01 and 9999-12-31, in days since 1970-01-01. */
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

/** What Feast keeps for a null among timestamps: numpy's NaT as an integer. */
export const NULL_SECONDS = -(2 ** 63);

/** Feast's seconds of an instant in microseconds; ASOF_VALUE_INVALID when it is finer. */
export function instantToSeconds(us: number, path: string): number {
  if (us % 1_000_000 === 0) return us / 1_000_000;
  throw new AsofError("ASOF_VALUE_INVALID", `${path} is ${us} µs since 1970, finer than the whole seconds that Feast keeps.`, {
    path,
    value: us,
    fix: 'Declare it timestamp({ precision: "s" }), which cuts it to seconds offline too.',
  });
}

/** The instant, in microseconds, of Feast's seconds; null for its NaT, ASOF_VALUE_INVALID outside the years 1684 to 2255. */
export function secondsToInstant(seconds: number, path: string): number | null {
  if (seconds === NULL_SECONDS) return null;
  if (Math.abs(seconds) <= SECONDS_MAX) return seconds * 1_000_000 + 0;
  throw new AsofError("ASOF_VALUE_INVALID", `${path} is ${seconds} s since 1970, beyond the instants that asof has.`, {
    path,
    value: seconds,
    fix: "Years go from 1684 to 2255; write the value again.",
  });
}

/** The date whose midnight in UTC Feast's seconds are; null for its NaT, ASOF_VALUE_INVALID when they are no midnight. */
export function secondsToDate(seconds: number, path: string): string | null {
  if (seconds === NULL_SECONDS) return null;
  const days = seconds / DAY_SECONDS;
  if (Number.isInteger(days) && days >= FIRST_DAY && days <= LAST_DAY) return daysToDate(days);
  throw new AsofError("ASOF_VALUE_INVALID", `${path} is ${seconds} s since 1970, which is not the midnight of a date.`, {
    path,
    value: seconds,
    fix: "Declare the feature as a timestamp, or write dates.",
  });
}

/** Feast's seconds of a date, its midnight in UTC. */
export function daysToSeconds(days: number): number {
  return days * DAY_SECONDS;
}
