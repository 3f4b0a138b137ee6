import { AsofError, printValue } from "../error/error.ts";

const unitUs: Readonly<Record<string, number>> = { s: 1_000_000, m: 60_000_000, h: 3_600_000_000, d: 86_400_000_000 };

/**
 * Reads a duration such as `"90s"`, `"5m"`, `"12h"` or `"30d"` (a day is 86,400 s) into microseconds. Zero, negative,
 * fractional and calendar durations (months, years) are refused with ASOF_DURATION_INVALID.
 */
export function parseDuration(text: string): number {
  const match = /^([0-9]+)([smhd])$/.exec(text);
  const us = match === null ? Number.NaN : Number(match[1]) * (unitUs[match[2] ?? ""] ?? Number.NaN);
  if (us > 0 && Number.isSafeInteger(us)) return us;
  throw new AsofError("ASOF_DURATION_INVALID", `${printValue(text)} is not a duration: ${faultOf(text, us)}.`, {
    value: text,
    fix: 'Write a positive whole number of s, m, h or d, for example "30d".',
  });
}

function faultOf(text: unknown, us: number): string {
  if (typeof text !== "string") return "it is not text";
  if (us === 0) return "it is zero";
  if (!Number.isNaN(us)) return "it is longer than 285 years";
  if (/^-/.test(text)) return "it is negative";
  if (/[.,][0-9]/.test(text)) return "it has a fraction";
  if (/(mo|month|months|y|yr|year|years)$/i.test(text)) return "months and years have no fixed length";
  return "it has another form";
}

/** Prints microseconds in the largest unit that divides them: `30d`, `36h`, `90s`; below a second as `0.25s`. */
export function formatDuration(us: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    const size = unitUs[unit] ?? 1;
    if (us !== 0 && us % size === 0) return `${us / size}${unit}`;
  }
  return `${us / 1_000_000}s`;
}
