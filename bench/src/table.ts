import type { MeasuredCase } from "./case-line.ts";

/** The cases as a table for a terminal. */
export function renderTable(cases: readonly MeasuredCase[]): string {
  const head = ["case", "asof", "peer", "ratio", "bar", "holds"];
  const rows = cases.map(({ line }) => [
    line.case,
    `${line.ours} ${line.unit}`,
    line.peer === null ? "" : `${line.peer} ${line.unit}, ${line.peerName}`,
    line.ratio === null ? "" : `${line.ratio}×`,
    line.bar === null ? "" : `≥ ${line.bar}×`,
    line.holds === null ? "" : line.holds ? "yes" : "NO",
  ]);
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? "").length)));
  const print = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [print(head), print(widths.map((width) => "─".repeat(width))), ...rows.map(print)].join("\n");
}
