import { AsofError, printValue } from "../error/error.ts";

const DAY_US = 86_400_000_000;
const timePattern =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?(?: ?([Zz]|UTC|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?))?)?$/;

/**
 * Reads an instant into UTC microseconds since the epoch. Text is ISO 8601 (`2024-03-01`, `2024-03-01T10:00:00.123456789+02:00`,
 * a space instead of `T`, `Z` or `UTC`); without an offset it is UTC. A Date has milliseconds; a number is microseconds.
 * Anything finer than a microsecond is floored toward −∞. Errors with ASOF_TIME_INVALID, also beyond ±(2⁵³−1) µs
 * (years 1684 to 2255), where numbers stop being exact.
 */
export function parseInstant(instant: string | Date | number): number {
  return parseInstantAt(undefined, instant);
}

/** `parseInstant`, whose error names the argument or field that held it. */
export function parseInstantAt(path: string | undefined, instant: string | Date | number): number {
  const us = instantUs(instant);
  if (Number.isSafeInteger(us)) return us + 0;
  const range = typeof us === "number" && !Number.isNaN(us);
  throw new AsofError(
    "ASOF_TIME_INVALID",
    `${path === undefined ? "" : `${path}: `}${printInstant(instant)} is not an instant${range ? " between the years 1684 and 2255" : ""}.`,
    {
      ...(path === undefined ? {} : { path }),
      value: instant,
      fix: 'Write ISO 8601, for example "2024-03-01T10:00:00Z" (without an offset it is UTC), a Date, or microseconds since 1970.',
    },
  );
}

function printInstant(instant: unknown): string {
  return instant instanceof Date ? "Invalid Date" : printValue(instant);
}

function instantUs(instant: unknown): number {
  if (typeof instant === "number") return Math.floor(instant);
  if (instant instanceof Date) return Math.floor(instant.getTime()) * 1000;
  if (typeof instant !== "string") return Number.NaN;
  const match = timePattern.exec(instant);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", offset = "Z"] = match;
  const days = daysFromCivil(Number(year), Number(month), Number(day));
  if (days === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return Number.NaN;
  const seconds = days * 86_400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offsetSeconds(offset);
  // Digits after the sixth only add to the instant, so that cutting them floors, also before 1970.
  return seconds * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

/** NaN when the offset is out of range. */
function offsetSeconds(offset: string): number {
  if (!/^[+-]/.test(offset)) return 0;
  const digits = offset.replace(/[^0-9]/g, "").padEnd(6, "0");
  const [hours, minutes, seconds] = [Number(digits.slice(0, 2)), Number(digits.slice(2, 4)), Number(digits.slice(4, 6))];
  if (hours > 23 || minutes > 59 || seconds > 59) return Number.NaN;
  return (offset.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
}

/** Prints an instant as ISO 8601 in UTC; three or six digits after the second, only where they are needed. */
export function formatInstant(us: number): string {
  const seconds = Math.floor(us / 1_000_000);
  const micros = us - seconds * 1_000_000;
  const days = Math.floor(seconds / 86_400);
  const inDay = seconds - days * 86_400;
  const fraction = micros === 0 ? "" : micros % 1000 === 0 ? `.${pad(micros / 1000, 3)}` : `.${pad(micros, 6)}`;
  const clock = `${pad(Math.floor(inDay / 3600), 2)}:${pad(Math.floor(inDay / 60) % 60, 2)}:${pad(inDay % 60, 2)}`;
  return `${daysToDate(days)}T${clock}${fraction}Z`;
}

/** The greatest multiple of `stepUs` at or before `us`; toward −∞, also before 1970. */
export function floorTo(us: number, stepUs: number): number {
  const rest = us % stepUs;
  // "+ 0" turns the −0 of negative multiples into 0.
  return (rest < 0 ? us - rest - stepUs : us - rest) + 0;
}

/** The day that an instant lies on, as days since 1970-01-01. */
export function instantToDays(us: number): number {
  return Math.floor(us / DAY_US);
}

/** Days since 1970-01-01 of a `YYYY-MM-DD` of the years 0001 to 9999; null when there is no such day. */
export function dateToDays(date: string): number | null {
  if (date.length !== 10 || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(date)) return null;
  return daysFromCivil(Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8, 10)));
}

/** `YYYY-MM-DD` of days since 1970-01-01. */
export function daysToDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/** Year, month and day in the proleptic Gregorian calendar. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Howard Hinnant's days_from_civil: eras of 400 years, years that begin in March. */
function daysFromCivil(year: number, month: number, day: number): number | null {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The calendar date of days since 1970-01-01: the inverse of the above. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
