import { type FeatureStatistics, formatInstant, type Json, type KeptStatistics, quantilePercents } from "@asof/core";
import type { Paint } from "./paint.ts";
import { bar, histogramLine, seriesLine } from "./sparkline.ts";
import { escapeControls, printTable, textWidth } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** Runs of one feature, newest first. */
export type Series = readonly KeptStatistics[];

/** Columns of the overview; those that come first in `dropOrder` go when the terminal is narrow. */
const titles = ["FEATURE", "TYPE", "NULLS", "DISTINCT", "MIN", "P50", "MAX", "MEAN", "HISTOGRAM", "RUNS"] as const;
const dropOrder: readonly (typeof titles)[number][] = ["RUNS", "TYPE", "MEAN", "DISTINCT", "P50", "NULLS", "MAX", "MIN"];

/** One line per feature, as wide as the terminal is. */
export function printOverview(features: ReadonlyMap<string, Series>, terminal: Terminal, paint: Paint): string {
  const lines = [...features].map(([name, series]) => overviewCells(name, series, terminal));
  const dropped = new Set<string>(lines.every((cells) => [...(cells.RUNS ?? "")].length < 2) ? ["RUNS"] : []);
  for (const drop of [...dropOrder, null]) {
    const shown = titles.filter((title) => !dropped.has(title));
    const table = printTable(
      shown,
      lines.map((cells) => shown.map((title) => cells[title] ?? "")),
    );
    const [header = "", ...rest] = table.split("\n");
    if (drop === null || table.split("\n").every((line) => textWidth(line) <= terminal.width))
      return [paint.bold(header), ...rest].join("\n");
    dropped.add(drop);
  }
  return "";
}

function overviewCells(name: string, series: Series, terminal: Terminal): Readonly<Record<string, string>> {
  const [newest] = series;
  if (newest === undefined) return { FEATURE: name };
  const { figures } = newest;
  const { length } = figures;
  const text = (value: Json | undefined): string | null =>
    value === undefined || value === null ? null : shorten(printValue(figures, value), 20);
  return {
    FEATURE: name,
    TYPE: figures.type,
    NULLS: printShare(figures.nulls, figures.count),
    DISTINCT: figures.distinct === undefined ? "" : `${isEstimate(figures) ? "~" : ""}${printFigure(figures.distinct)}`,
    MIN: text(figures.min) ?? lengthText(length?.min),
    P50: text(figures.quantiles?.p50) ?? "",
    MAX: text(figures.max) ?? lengthText(length?.max),
    MEAN: text(figures.mean) ?? lengthText(length?.mean),
    HISTOGRAM: figures.histogram ? histogramLine(figures.histogram.counts, terminal).trimEnd() : printTopShares(figures),
    RUNS: seriesLine(series.map(trendOf).toReversed().slice(-20), terminal),
  };
}

/** The length of texts, bytes or lists under a title that other features have their values under. */
function lengthText(length: number | undefined): string {
  return length === undefined ? "" : `length ${printFigure(length)}`;
}

/** Whether the count of different values is an estimate. */
function isEstimate(figures: FeatureStatistics): boolean {
  return figures.sampleRows < figures.count;
}

/** What is followed over time: the mean of numbers, else the share of nulls. */
function trendOf({ figures }: KeptStatistics): number | null {
  if (figures.mean !== undefined) return figures.mean === null ? null : Number(figures.mean);
  return figures.count === 0 ? null : figures.nulls / figures.count;
}

function printTopShares(figures: FeatureStatistics): string {
  const values = figures.sampleRows;
  const shown = (figures.top ?? [])
    .slice(0, 3)
    .map(({ value, count }) => `${shorten(printValue(figures, value), 16)} ${percent(count, values)}`);
  return shown.join(", ");
}

/** The sentence above the figures: of what they are. */
export function printBasis({ basis, rows, startUs, endUs, computedAtUs, origin, figures }: KeptStatistics): string {
  const counted = figures.count < rows ? `a sample of ${printFigure(figures.count)} of ` : "";
  const what = basis === "rows" ? `${counted}${printFigure(rows)} rows` : `the values of ${counted}${printFigure(rows)} keys`;
  const from = startUs === null ? "the beginning" : formatInstant(startUs);
  const span = endUs === null ? "" : basis === "rows" ? ` from ${from} to ${formatInstant(endUs)}` : ` at ${formatInstant(endUs)}`;
  return `Of ${what}${span}; computed ${formatInstant(computedAtUs)} ${origin === "materialize" ? "by materialize" : "on demand"}.`;
}

/** All figures of one feature. */
export function printCard(name: string, series: Series, terminal: Terminal, paint: Paint): string {
  const [newest] = series;
  if (newest === undefined) return `${paint.bold(name)}\nNothing is known of its values yet.`;
  const { figures } = newest;
  const parts = [
    `${paint.bold(name)}  ${figures.type}`,
    printBasis(newest),
    "",
    ...figureLines(figures).map((line) => shorten(line, terminal.width)),
    ...histogramLines(figures, terminal),
    ...topLines(figures, terminal),
    ...runLines(series, terminal, paint),
  ];
  return parts.join("\n");
}

function figureLines(figures: FeatureStatistics): readonly string[] {
  const { apart, quantiles, length, distinct } = figures;
  const some = (label: string, value: Json | undefined, print = printFigure): readonly (readonly [string, string])[] =>
    value === undefined || value === null ? [] : [[label, print(value)]];
  const sample = figures.sampleRows < figures.count ? ` (of a sample of ${printFigure(figures.sampleRows)})` : "";
  const named: readonly (readonly [string, string])[] = [
    ["rows", printFigure(figures.count)],
    ["nulls", `${printFigure(figures.nulls)}${figures.nulls === 0 ? "" : `  ${percent(figures.nulls, figures.count)}`}`],
    ...(apart === undefined || apart.nan + apart.positiveInfinity + apart.negativeInfinity === 0
      ? []
      : ([["apart", `NaN ${apart.nan}, Infinity ${apart.positiveInfinity}, -Infinity ${apart.negativeInfinity}`]] as const)),
    ...(distinct === undefined ? [] : ([["distinct", `${isEstimate(figures) ? "about " : ""}${printFigure(distinct)}`]] as const)),
    ...some("min", figures.min, (value) => printValue(figures, value)),
    ...some("max", figures.max, (value) => printValue(figures, value)),
    ...some("mean", figures.mean),
    ...some("stddev", figures.stddev),
    ...(length
      ? ([["length", `${printFigure(length.min)} to ${printFigure(length.max)}, mean ${printFigure(length.mean)}`]] as const)
      : []),
    ...(quantiles
      ? ([["quantiles", `${quantilePercents.map((p) => `p${p} ${printFigure(quantiles[`p${p}`])}`).join("  ")}${sample}`]] as const)
      : []),
  ];
  return named.map(([label, value]) => `${label.padEnd(10)} ${value}`);
}

/** Bars from left to right, one line per bin. */
function histogramLines({ histogram }: FeatureStatistics, terminal: Terminal): readonly string[] {
  if (histogram === undefined || histogram === null) return [];
  const { edges, counts } = histogram;
  const labels = counts.map((_, i) => printFigure(edges[i] ?? null));
  const rows = counts.map((count, i) => ({ label: labels[i] ?? "", count }));
  return ["", "histogram, by the lower edge of each bin", ...barLines(rows, terminal)];
}

function topLines(figures: FeatureStatistics, terminal: Terminal): readonly string[] {
  const { top } = figures;
  if (top === undefined || top.length === 0) return [];
  const rows = top.map(({ value, count }) => ({ label: shorten(printValue(figures, value), 32), count }));
  return ["", "most frequent", ...barLines(rows, terminal, figures.sampleRows)];
}

function barLines(rows: readonly { readonly label: string; readonly count: number }[], terminal: Terminal, of?: number): readonly string[] {
  const most = Math.max(...rows.map((row) => row.count), 1);
  const labelWidth = Math.max(...rows.map((row) => textWidth(row.label)));
  const counts = rows.map((row) => `${printFigure(row.count)}${of === undefined ? "" : `  ${percent(row.count, of)}`}`);
  const countWidth = Math.max(...counts.map((text) => text.length));
  const barWidth = Math.max(4, Math.min(40, terminal.width - labelWidth - countWidth - 6));
  return rows.map(({ label, count }, i) => {
    const drawn = bar(count / most, barWidth, terminal);
    const space = " ".repeat(labelWidth - textWidth(label));
    return `  ${space}${label}  ${(counts[i] ?? "").padStart(countWidth)}  ${drawn}`.trimEnd();
  });
}

function runLines(series: Series, terminal: Terminal, paint: Paint): readonly string[] {
  const [newest] = series;
  const oldest = series.at(-1);
  if (newest === undefined || oldest === undefined || series.length < 2) return [];
  const trend = series
    .map(trendOf)
    .toReversed()
    .slice(-Math.min(60, terminal.width - 12));
  const known = trend.filter((value) => value !== null);
  const print = newest.figures.mean === undefined ? (share: number) => percent(share, 1) : printFigure;
  const range = known.length === 0 ? "" : `  ${print(Math.min(...known))} to ${print(Math.max(...known))}`;
  const what = newest.figures.mean === undefined ? "nulls" : "mean";
  return [
    "",
    `${what.padEnd(10)} ${seriesLine(trend, terminal)}${range}`,
    paint.dim(`${"".padEnd(10)} ${series.length} runs, ${formatInstant(oldest.computedAtUs)} to ${formatInstant(newest.computedAtUs)}`),
  ];
}

/** A value of the feature. Text is what it is, also where it looks like a number or a time; in quotes where its ends would not show. */
export function printValue({ type }: FeatureStatistics, value: Json): string {
  if (type !== "string" || typeof value !== "string") return printFigure(value);
  const text = escapeControls(value);
  return /^$|^\p{Z}|\p{Z}$/u.test(text) ? `"${text}"` : text;
}

/** A figure as people read it: six digits, thousands grouped, times without what is zero. */
export function printFigure(value: Json): string {
  if (typeof value === "number") return printNumber(value);
  if (typeof value !== "string") return value === null ? "null" : String(value);
  if (/^-?[0-9]{1,15}$/.test(value)) return printNumber(Number(value));
  return escapeControls(value.replace(/T00:00:00Z$/, ""));
}

function printNumber(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e15 || size < 1e-4)) return value.toPrecision(4).replace(/\.?0+(?=e)/, "");
  return value.toLocaleString("en", { maximumSignificantDigits: Number.isInteger(value) ? 15 : 6 });
}

function printShare(part: number, of: number): string {
  if (of === 0) return "";
  return part === 0 ? "0" : percent(part, of);
}

function percent(part: number, of: number): string {
  const share = (part / of) * 100;
  if (share > 0 && share < 0.1) return "<0.1%";
  if (share < 100 && share > 99.9) return ">99.9%";
  return `${share.toFixed(share >= 10 || Number.isInteger(share) ? 0 : 1)}%`;
}

function shorten(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(1, width - 2)).join("")}..`;
}

/** One line of text for a feature, for YAML. */
export function printSummary({ figures }: KeptStatistics, terminal: Terminal): string {
  const { min, max, mean, distinct, length } = figures;
  const isText = (value: Json | undefined): value is Exclude<Json, null> => value !== undefined && value !== null;
  const parts = [
    ...(figures.histogram ? [histogramLine(figures.histogram.counts, terminal).trimEnd()] : []),
    ...(isText(min) && isText(max) ? [`${shorten(printValue(figures, min), 24)} to ${shorten(printValue(figures, max), 24)}`] : []),
    ...(isText(mean) ? [`mean ${printFigure(mean)}`] : []),
    ...(length ? [`length ${length.min} to ${length.max}`] : []),
    ...(distinct === undefined ? [] : [`${isEstimate(figures) ? "about " : ""}${printFigure(distinct)} distinct`]),
    `${printFigure(figures.nulls)} of ${printFigure(figures.count)} null`,
  ];
  return parts.join(", ");
}
