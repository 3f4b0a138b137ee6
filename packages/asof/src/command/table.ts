import type { CommandContext } from "./context.ts";
import { tableWidth } from "./terminal.ts";

/** A table for standard output: as wide as it needs to be, and on a terminal not wider than that. */
export function tableFor(
  context: Pick<CommandContext, "stdout" | "environment">,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return printTable(header, rows, tableWidth(context));
}

/**
 * An aligned table with a header line, as Feast's command prints lists. Numbers (by their look) align right. Line breaks and other
 * control characters of a cell are shown as escapes: a value neither breaks the table nor speaks to the terminal.
 *
 * A table wider than `width` (default: no limit) loses its empty columns and is cut: text behind the first column ends in `…`, numbers stay
 * whole. Where too little would be left of the text, each row becomes lines of title and value, of which nothing is cut.
 */
export function printTable(header: readonly string[], given: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string {
  const rows = given.map((cells) => cells.map(escapeControls));
  const whole = printLines(header, rows, Number.POSITIVE_INFINITY) ?? "";
  if (whole.split("\n").every((line) => textWidth(line) <= width)) return whole;
  // A column without text takes room and says nothing.
  const shown = header.flatMap((_, i) => (rows.some((row) => (row[i] ?? "") !== "") ? [i] : []));
  const pick = (cells: readonly string[]): readonly string[] => shown.map((i) => cells[i] ?? "");
  return printLines(pick(header), rows.map(pick), width) ?? printStacked(header, rows);
}

/** Null where more than the ends of texts would have to go. */
function printLines(header: readonly string[], rows: readonly (readonly string[])[], width: number): string | null {
  const wanted = header.map((title, i) => Math.max(title.length, ...rows.map((row) => textWidth(row[i] ?? ""))));
  const isNumber = header.map((_, i) => areNumbers(rows.map((row) => row[i] ?? "")));
  const isWhole = (i: number): boolean => i === 0 || isNumber[i] === true;
  const least = header.map((title, i) =>
    Math.min(wanted[i] ?? 0, isWhole(i) ? Number.POSITIVE_INFINITY : Math.max(title.length, cutToMin)),
  );
  const widths = fitWidths(wanted, least, width - gap.length * (header.length - 1));
  if (widths === null) return null;
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const shown = cutText(cell, widths[i] ?? 0);
        const space = " ".repeat((widths[i] ?? 0) - textWidth(shown));
        return isNumber[i] === true ? space + shown : shown + space;
      })
      .join(gap)
      .trimEnd();
  return [line(header), ...rows.map(line)].join("\n");
}

const gap = "  ";

/** So much of a text is left at least, or it tells nothing. */
const cutToMin = 12;

/** Widths whose sum is `room` at most, the widest taken from first; null where the least widths need more. */
function fitWidths(wanted: readonly number[], least: readonly number[], room: number): readonly number[] | null {
  const widths = [...wanted];
  const sum = (): number => widths.reduce((total, width) => total + width, 0);
  while (sum() > room) {
    const spare = widths.map((width, i) => (width > (least[i] ?? 0) ? width : 0));
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest] === 0) return null;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** A text of at most so many columns. */
function cutText(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

/** Title and value line by line, what is empty left out, rows apart. */
function printStacked(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const titleWidth = Math.max(...header.map(textWidth));
  return rows
    .map((cells) =>
      header.flatMap((title, i) => ((cells[i] ?? "") === "" ? [] : [`${title.padEnd(titleWidth)}${gap}${cells[i]}`])).join("\n"),
    )
    .join("\n\n");
}

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text that neither breaks a line, nor speaks to the terminal, nor turns the direction of what comes behind it. */
export function escapeControls(cell: string): string {
  return cell.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return shortEscapes[character] ?? (code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`);
  });
}

/** Whether a column holds numbers and otherwise nothing, or nulls. */
function areNumbers(cells: readonly string[]): boolean {
  return cells.some((cell) => /^-?\d/.test(cell)) && cells.every((cell) => /^(-?[\d.,]+(e[+-]?\d+)?|null|)$/.test(cell));
}

/** Columns a text takes: by characters, not UTF-16 units. */
export function textWidth(text: string): number {
  return [...text].length;
}
