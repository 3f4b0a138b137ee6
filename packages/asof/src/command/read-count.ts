import { AsofError } from "@asof/core";

/** The value of a flag that is a whole number from 1. ASOF_USAGE naming the flag. */
export function readCount(flag: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new AsofError("ASOF_USAGE", `${flag} is "${text}".`, { path: flag, value: text, fix: "Give a whole number from 1." });
}
