import type { Terminal } from "./terminal.ts";

const blocks = [..."▁▂▃▄▅▆▇█"];
const letters = [..."_.:-=+*#"];

type Drawing = Pick<Terminal, "isUnicode">;

/** Counts as bars of eighths, the tallest full; a bin without values is blank. */
export function histogramLine(counts: readonly number[], { isUnicode }: Drawing): string {
  const levels = isUnicode ? blocks : letters;
  const most = Math.max(...counts, 0);
  return counts.map((count) => (count === 0 ? " " : (levels[Math.min(7, Math.floor((count / most) * 8))] ?? ""))).join("");
}

/** A series from its least to its greatest value; where all are equal, a line in the middle. A missing value is blank. */
export function seriesLine(values: readonly (number | null)[], { isUnicode }: Drawing): string {
  const levels = isUnicode ? blocks : letters;
  const known = values.filter((value) => value !== null);
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  const height = (value: number): number => (greatest === least ? 3 : Math.round(((value - least) / (greatest - least)) * 7));
  return values.map((value) => (value === null ? " " : (levels[height(value)] ?? ""))).join("");
}

/** A bar of a part of a width, in eighths of a column where the terminal shows them. */
export function bar(part: number, width: number, { isUnicode }: Drawing): string {
  if (!isUnicode) return "#".repeat(Math.max(part > 0 ? 1 : 0, Math.round(part * width)));
  const eighths = Math.max(part > 0 ? 1 : 0, Math.round(part * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + (["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "");
}
