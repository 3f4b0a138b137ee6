import type { Random } from "@asof/core";
import { sample } from "../random/seeded-random.ts";

/**
 * Names that features and columns may have: reserved words, quotes, blanks, two that differ in case only, Unicode (the last two
 * sort the other way round by UTF-16 units than by code points).
 */
const names = [
  "a",
  "A",
  "b",
  "x_y",
  "x__y",
  "order",
  "select",
  "value",
  "it's",
  'say "hi"',
  "two words",
  "Größe",
  "z.z",
  "10",
  "\uFB01",
  "😀",
];

/** Two names whose order by UTF-16 units is not that by code points. */
export const confusedNames: readonly string[] = names.slice(-2);

/** Different names for columns; never those of keys or times. */
export function randomNames(random: Random, count: number): string[] {
  return sample(random, names, count);
}
