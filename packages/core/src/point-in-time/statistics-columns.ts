import type { ColumnInfo } from "../value/record-batch.ts";
import type { Value, ValueType } from "../value/type.ts";
import type { Dialect } from "./dialect.ts";
import { quantilePercents } from "./statistics-request.ts";

/** How the values of a type are described. */
export type Shape = "float" | "number" | "time" | "text" | "bytes" | "choice" | "sized" | "document" | "opaque";

/** Longer texts are cut: a figure is for reading, and the registry keeps many. */
const textMax = 256;

export const topMax = 10;

/** A column to describe: its place in the rows (`c0…`). */
export interface DescribedColumn extends ColumnInfo {
  readonly place: number;
  readonly shape: Shape;
  /** Its described values in the prepared rows: neither null nor, of floats, NaN or infinite. */
  readonly value: string;
  /** Type of the value in results: int64 as bigint, so that none is beyond reach. */
  readonly valueType: ValueType;
}

export function describedColumn({ name, type }: ColumnInfo, place: number): DescribedColumn {
  const shape = shapeOf(type);
  return { name, type, place, shape, value: `v${place}`, valueType: type.kind === "int64" ? { kind: "int64", as: "bigint" } : type };
}

function shapeOf(type: ValueType): Shape {
  switch (type.kind) {
    case "float32":
    case "float64":
      return "float";
    case "int32":
    case "int64":
    case "decimal":
      return "number";
    case "timestamp":
    case "date":
      return "time";
    case "string":
      return "text";
    case "bytes":
      return "bytes";
    case "bool":
    case "uuid":
      return "choice";
    case "list":
    case "set":
    case "map":
      return "sized";
    case "json":
      return "document";
    default:
      return "opaque";
  }
}

export function isOrdered({ shape }: DescribedColumn): boolean {
  return shape === "float" || shape === "number" || shape === "time";
}

export function hasMoments({ shape }: DescribedColumn): boolean {
  return shape === "float" || shape === "number";
}

/** Whether different values are counted, as those of strings and numbers are, and of nested types are not. */
export function isCountable({ shape }: DescribedColumn): boolean {
  return shape !== "sized" && shape !== "document" && shape !== "opaque";
}

export function hasTop(column: DescribedColumn): boolean {
  return isCountable(column) && column.shape !== "bytes";
}

/** Columns of the prepared rows for one described column: `v0`, and of floats also `c0`, in which what is counted apart is seen. */
export function preparedItems(column: DescribedColumn, dialect: Dialect): readonly string[] {
  const raw = `c${column.place}`;
  if (column.shape !== "float") return [`${raw} AS ${column.value}`];
  const { below, above } = infinities(column.type, dialect);
  // NaN is greatest, so it is not below +∞ either.
  return [raw, `CASE WHEN ${raw} > ${below} AND ${raw} < ${above} THEN ${raw} END AS ${column.value}`];
}

function infinities(type: ValueType, dialect: Dialect): { readonly below: string; readonly above: string } {
  return { below: literal(type, Number.NEGATIVE_INFINITY, dialect), above: literal(type, Number.POSITIVE_INFINITY, dialect) };
}

function literal(type: ValueType, value: Exclude<Value, null>, dialect: Dialect): string {
  return dialect.printExpression({ node: "literal", type, value }, (name) => name);
}

/** A figure to select: its name in the answer, and its type there. */
export interface Figure extends ColumnInfo {
  readonly sql: string;
}

const number: ValueType = { kind: "int64", as: "number" };
const float64: ValueType = { kind: "float64" };
const text: ValueType = { kind: "string" };

function cutText(sql: string): string {
  return `substr(${sql}, 1, ${textMax})`;
}

/** What one look at all rows tells: counts, extremes, mean and spread. */
export function countFigures(column: DescribedColumn, isExact: boolean, dialect: Dialect): readonly Figure[] {
  const { value, valueType, shape, place, type } = column;
  const figures: Figure[] = [{ name: "values", type: number, sql: `count(${value})` }];
  const add = (name: string, figure: ValueType, sql: string): void => {
    figures.push({ name, type: figure, sql });
  };
  if (shape === "float") {
    const { below, above } = infinities(type, dialect);
    const apart = (test: string): string => `count(*) FILTER (WHERE c${place} ${test})`;
    add("nan", number, apart(`= ${literal(type, Number.NaN, dialect)}`));
    add("positive", number, apart(`= ${above}`));
    add("negative", number, apart(`= ${below}`));
  }
  if (isOrdered(column)) {
    add("min", valueType, `min(${value})`);
    add("max", valueType, `max(${value})`);
  }
  if (shape === "text") {
    add("min", text, cutText(`min(${value})`));
    add("max", text, cutText(`max(${value})`));
  }
  if (shape === "text" || shape === "bytes" || shape === "sized" || shape === "document") {
    const length = dialect.statistics.length(value, type);
    add("shortest", number, `CAST(min(${length}) AS BIGINT)`);
    add("longest", number, `CAST(max(${length}) AS BIGINT)`);
    add("length", float64, `CAST(avg(${length}) AS DOUBLE PRECISION)`);
  }
  if (hasMoments(column)) figures.push(...momentFigures(column, null, dialect));
  if (!isExact && isCountable(column)) add("distinct", number, dialect.statistics.approximateDistinct(value));
  return figures;
}

/** Beyond this, or its inverse, squares of doubles leave their range: mean and spread are then computed anew, scaled. */
const momentsMax = 2 ** 400;

/** Mean and spread. Without a scale, of values whose squares cannot overflow; see {@link scaleOf}. */
export function momentFigures(column: DescribedColumn, scale: number | null, dialect: Dialect): readonly Figure[] {
  const { value, valueType, shape } = column;
  const double = `CAST(${value} AS DOUBLE PRECISION)`;
  const safe = shape === "float" ? `CASE WHEN abs(${double}) < ${literal(float64, momentsMax, dialect)} THEN ${double} END` : double;
  const scaled = scale === null ? safe : `${double} * ${literal(float64, scale, dialect)}`;
  // Sums of integers are exact; those of decimals may be wider than any type.
  const averaged = valueType.kind === "int32" || valueType.kind === "int64" ? value : scaled;
  return [
    { name: "mean", type: float64, sql: `CAST(avg(${averaged}) AS DOUBLE PRECISION)` },
    { name: "stddev", type: float64, sql: dialect.aggregates.spread("stddev", false, scaled, (call) => call) },
  ];
}

/** A power of two that brings the doubles between two others where their squares are doubles too; null where they are already. */
export function scaleOf(min: Value, max: Value): number | null {
  if (typeof min !== "number" || typeof max !== "number") return null;
  const greatest = Math.max(Math.abs(min), Math.abs(max));
  if (greatest >= momentsMax) return 2 ** -600;
  return greatest <= 1 / momentsMax && greatest > 0 ? 2 ** 600 : null;
}

/** How many values lie in each bin between edges: rows `(bin, n)`. */
export function selectBins(column: DescribedColumn, edges: readonly Value[], table: string, dialect: Dialect): string {
  // Floats of 32 bits are compared as doubles, in which the edges are exact.
  const isFloat = column.shape === "float";
  const compared = isFloat ? `CAST(${column.value} AS DOUBLE PRECISION)` : column.value;
  const type = isFloat ? float64 : column.valueType;
  const inner = edges.slice(1, -1).flatMap((edge) => (edge === null ? [] : [literal(type, edge, dialect)]));
  const bin = binOf(compared, inner, 0, inner.length);
  return `SELECT CAST(bin AS BIGINT), count(*) FROM (SELECT ${bin} AS bin FROM ${table} WHERE ${column.value} IS NOT NULL) AS b GROUP BY bin`;
}

/** The number of the bin of a value by halving: each value is compared with five edges at most. */
function binOf(value: string, inner: readonly string[], low: number, high: number): string {
  if (low === high) return String(low);
  const middle = (low + high) >> 1;
  return `CASE WHEN ${value} < ${inner[middle]} THEN ${binOf(value, inner, low, middle)} ELSE ${binOf(value, inner, middle + 1, high)} END`;
}

/** The quantiles of a column as one list. */
export function quantileFigure(column: DescribedColumn, dialect: Dialect): Figure {
  const fractions = quantilePercents.map((percent) => percent / 100);
  return { name: "quantiles", type: { kind: "list", of: column.valueType }, sql: dialect.statistics.quantiles(column.value, fractions) };
}

/** The most frequent values of a column, with the number of different ones in each row. */
export function selectTop(column: DescribedColumn, table: string, dialect: Dialect): { sql: string; columns: readonly ColumnInfo[] } {
  const { value, shape, valueType } = column;
  const groups = `SELECT ${value} AS v, count(*) AS n FROM ${table} WHERE ${value} IS NOT NULL GROUP BY ${value}`;
  const order = [dialect.orderBy("n", "descending"), dialect.orderBy("v", "ascending")].join(", ");
  const shown = hasTop(column) ? (shape === "text" ? cutText("v") : "v") : "CAST(NULL AS VARCHAR)";
  return {
    sql: `SELECT ${shown} AS v, n, count(*) OVER () AS d FROM (${groups}) AS g ORDER BY ${order} LIMIT ${topMax}`,
    columns: [
      { name: "value", type: hasTop(column) ? valueType : text },
      { name: "count", type: number },
      { name: "distinct", type: number },
    ],
  };
}
