/**
 * An aligned table with a header line, as Feast's command prints lists. Numbers (by their look) align right. Line breaks and other
 * control characters of a cell are shown as escapes: a value neither breaks the table nor speaks to the terminal.
 */
export function printTable(header: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((cells) => cells.map(escapeControls));
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => textWidth(row[i] ?? ""))));
  const isNumber = header.map((_, i) => areNumbers(rows.map((row) => row[i] ?? "")));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const space = " ".repeat((widths[i] ?? 0) - textWidth(cell));
        return isNumber[i] === true ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [line(header), ...rows.map(line)].join("\n");
}

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text that neither breaks a line nor speaks to the terminal. */
export function escapeControls(cell: string): string {
  return cell.replace(/\p{Cc}/gu, (character) => shortEscapes[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Whether a column holds numbers and otherwise nothing, or nulls. */
function areNumbers(cells: readonly string[]): boolean {
  return cells.some((cell) => /^-?\d/.test(cell)) && cells.every((cell) => /^(-?[\d.,]+(e[+-]?\d+)?|null|)$/.test(cell));
}

/** Columns a text takes: by characters, not UTF-16 units. */
export function textWidth(text: string): number {
  return [...text].length;
}
