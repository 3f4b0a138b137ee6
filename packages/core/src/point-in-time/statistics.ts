import type { FeatureModel } from "../definition/model.ts";
import { valueToJson } from "../value/json.ts";
import type { ColumnInfo } from "../value/record-batch.ts";
import type { Value } from "../value/type.ts";
import { printType } from "../value/type.ts";
import type { Dialect } from "./dialect.ts";
import { histogramEdges } from "./histogram.ts";
import { bindHistory, selectHistory, type WantedColumn } from "./history-sql.ts";
import type { JoinPlan } from "./join-plan.ts";
import type { HistoryTables } from "./program.ts";
import {
  countFigures,
  type DescribedColumn,
  describedColumn,
  type Figure,
  hasMoments,
  hasTop,
  isCountable,
  isOrdered,
  momentFigures,
  preparedItems,
  quantileFigure,
  scaleOf,
  selectBins,
  selectTop,
  topMax,
} from "./statistics-columns.ts";
import {
  type FeatureStatistics,
  type Histogram,
  type QuantileName,
  quantilePercents,
  type StatisticsRequest,
  type TopValue,
} from "./statistics-request.ts";

/** What runs the statements: an engine's session. */
export interface StatisticsEngine {
  readonly dialect: Dialect;
  run(sql: string): Promise<void>;
  /** A query with a small result, its columns in storage form. */
  query(sql: string, columns: readonly ColumnInfo[]): Promise<readonly (readonly Value[])[]>;
}

/** Rows to describe: a SELECT with columns `c0…` (one per feature) and those that tell one row from another. */
export interface DescribedRows {
  readonly select: string;
  readonly identity: readonly string[];
}

const table = "asof_statistics";

/**
 * Describes columns. Of more than `exactRowsMax` rows a sample is taken by the hash of their identity, the same in every run. Rows are
 * streamed, only the sample is held, in a table that spills.
 */
export async function describeColumns(
  engine: StatisticsEngine,
  columns: readonly ColumnInfo[],
  rows: DescribedRows,
  { exactRowsMax, count: counted }: { readonly exactRowsMax: number; readonly count: StatisticsRequest["count"] },
): Promise<{ readonly rows: number; readonly features: Readonly<Record<string, FeatureStatistics>> }> {
  const { dialect } = engine;
  const described = columns.map(describedColumn);
  const items = described.flatMap((column) => preparedItems(column, dialect));
  const rowCount = await countRows(engine, `(${rows.select}) AS r`);
  const isExact = rowCount <= exactRowsMax;
  const identity = rows.identity.length > 0 ? rows.identity : described.map(({ place }) => `c${place}`);
  const sampled = isExact ? "" : ` WHERE ${dialect.partitionOf(identity, Math.ceil(rowCount / Math.max(1, exactRowsMax)))} = 0`;
  await engine.run(dialect.createTable(table, `SELECT ${items.join(", ")} FROM (${rows.select}) AS r${sampled}`));
  const sampleRows = isExact ? rowCount : await countRows(engine, table);
  const countsAll = !isExact && counted === "all";
  const from = countsAll ? `(SELECT ${items.join(", ")} FROM (${rows.select}) AS r) AS p` : table;
  const features = await describeFeatures(engine, described, from, !countsAll, { count: countsAll ? rowCount : sampleRows, sampleRows });
  await engine.run(dialect.dropTable(table));
  return { rows: rowCount, features };
}

async function countRows(engine: StatisticsEngine, from: string): Promise<number> {
  const [[found = 0] = []] = await engine.query(`SELECT count(*) FROM ${from}`, [{ name: "n", type: countType }]);
  return Number(found);
}

/** `from`: the rows that are counted; `table` holds those that the rest is taken from. */
async function describeFeatures(
  engine: StatisticsEngine,
  described: readonly DescribedColumn[],
  from: string,
  isExact: boolean,
  size: { readonly count: number; readonly sampleRows: number },
): Promise<Readonly<Record<string, FeatureStatistics>>> {
  const { dialect } = engine;
  const counts = await selectFigures(engine, described, from, (column) => countFigures(column, isExact, dialect));
  const scales = described.map((_, i) => scaleOf(counts[i]?.get("min") ?? null, counts[i]?.get("max") ?? null));
  const moments = await selectFigures(engine, described, from, (column, i) => {
    const scale = scales[i] ?? null;
    return scale === null || !hasMoments(column) ? [] : momentFigures(column, scale, dialect);
  });
  const quantiles = await selectFigures(engine, described, table, (column) => (isOrdered(column) ? [quantileFigure(column, dialect)] : []));
  const statistics: Record<string, FeatureStatistics> = {};
  for (const [i, column] of described.entries()) {
    const figures = new Map([...(counts[i] ?? []), ...(moments[i] ?? []), ...(quantiles[i] ?? [])]);
    const histogram = await histogramOf(engine, column, figures);
    const { sql, columns: topColumns } = selectTop(column, table, dialect);
    const top = isCountable(column) ? await engine.query(sql, topColumns) : [];
    const found = { figures, top, histogram, scale: scales[i] ?? 1 };
    statistics[column.name] = assemble(column, size, found);
  }
  return statistics;
}

async function histogramOf(engine: StatisticsEngine, column: DescribedColumn, figures: Figures): Promise<Histogram | null> {
  const edges = histogramEdges(column.valueType, figures.get("min") ?? null, figures.get("max") ?? null);
  if (edges === null) return null;
  const rows = await engine.query(selectBins(column, edges, table, engine.dialect), [
    { name: "bin", type: countType },
    { name: "n", type: countType },
  ]);
  const counts = new Map(rows.map(([bin, n]) => [Number(bin), Number(n)]));
  const type = column.shape === "float" ? ({ kind: "float64" } as const) : column.valueType;
  return { edges: edges.map((edge) => valueToJson(type, edge)), counts: edges.slice(1).map((_, bin) => counts.get(bin) ?? 0) };
}

const countType = { kind: "int64", as: "number" } as const;

type Figures = ReadonlyMap<string, Value>;

/** One look at rows for all columns; per column its figures by name. */
async function selectFigures(
  engine: StatisticsEngine,
  columns: readonly DescribedColumn[],
  from: string,
  figuresOf: (column: DescribedColumn, i: number) => readonly Figure[],
): Promise<readonly Figures[]> {
  const figures = columns.map(figuresOf);
  const flat = figures.flat();
  if (flat.length === 0) return columns.map(() => new Map());
  const select = `SELECT ${flat.map((f) => f.sql).join(", ")} FROM ${from}`;
  const [values = []] = await engine.query(select, flat);
  let next = 0;
  return figures.map((own) => new Map(own.map(({ name }) => [name, values[next++] ?? null])));
}

interface Found {
  readonly figures: Figures;
  readonly top: readonly (readonly Value[])[];
  readonly histogram: Histogram | null;
  readonly scale: number;
}

function assemble(column: DescribedColumn, size: { readonly count: number; readonly sampleRows: number }, found: Found): FeatureStatistics {
  const { figures } = found;
  const values = count(figures, "values");
  const isFloat = column.shape === "float";
  const apart = { nan: count(figures, "nan"), positiveInfinity: count(figures, "positive"), negativeInfinity: count(figures, "negative") };
  const others = apart.nan + apart.positiveInfinity + apart.negativeInfinity;
  const json = (name: string) => valueToJson(column.valueType, figures.get(name) ?? null);
  const unscaled = (name: string) => {
    const value = figures.get(name) ?? null;
    return value === null ? null : valueToJson({ kind: "float64" }, Number(value) / found.scale);
  };
  const distinct = figures.has("distinct") ? count(figures, "distinct") : Number(found.top[0]?.[2] ?? 0);
  return {
    type: printType(column.type),
    count: size.count,
    nulls: size.count - values - others,
    ...(isFloat ? { apart } : {}),
    sampleRows: size.sampleRows,
    ...(isCountable(column) ? { distinct } : {}),
    ...(isOrdered(column) || column.shape === "text" ? { min: json("min"), max: json("max") } : {}),
    ...(hasMoments(column) ? { mean: unscaled("mean"), stddev: unscaled("stddev") } : {}),
    ...(isOrdered(column) ? { quantiles: quantilesOf(column, figures), histogram: found.histogram } : {}),
    ...(hasTop(column) ? { top: topOf(column, found.top) } : {}),
    ...(figures.has("length") ? { length: lengthOf(figures) } : {}),
  };
}

function count(figures: Figures, name: string): number {
  return Number(figures.get(name) ?? 0);
}

function quantilesOf(column: DescribedColumn, figures: Figures): FeatureStatistics["quantiles"] {
  const list = figures.get("quantiles");
  if (!Array.isArray(list) || list.length === 0 || list.some((value) => value === null)) return null;
  const values: readonly Value[] = list;
  const named = quantilePercents.map((percent, i) => [`p${percent}`, valueToJson(column.valueType, values[i] ?? null)] as const);
  return Object.fromEntries(named) as Record<QuantileName, (typeof named)[number][1]>;
}

function topOf(column: DescribedColumn, rows: Found["top"]): readonly TopValue[] {
  const hasMore = Number(rows[0]?.[2] ?? 0) > topMax;
  return rows
    .map(([value = null, n = 0]) => ({ value: valueToJson(column.valueType, value), count: Number(n) }))
    .filter((row) => !hasMore || row.count > 1);
}

function lengthOf(figures: Figures): FeatureStatistics["length"] {
  const mean = figures.get("length") ?? null;
  return mean === null ? null : { min: count(figures, "shortest"), max: count(figures, "longest"), mean: Number(mean) };
}

/** The rows of a plain view in an interval, as `c0…`; those with a null key part are no one's. */
export function selectPlainRows(request: StatisticsRequest, tables: HistoryTables, dialect: Dialect): DescribedRows {
  const keys = request.view.entities.flatMap((e) => e.keys.map(({ name, type }) => ({ name, type })));
  const range = { fromUs: request.startUs, toUs: request.endUs - 1 };
  const select = selectHistory(
    bindHistory(request, tables),
    { keys, columns: request.view.features.map(wantedFeature), created: false, identity: false, range },
    dialect,
  );
  const conditions = keys.map((_, i) => `k${i} IS NOT NULL`);
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  return { select: `SELECT * FROM (${select}) AS h${where}`, identity: keys.length === 0 ? [] : [...keys.map((_, i) => `k${i}`), "t"] };
}

function wantedFeature(feature: FeatureModel): WantedColumn {
  const { name, type } = feature;
  return feature.kind === "derived" ? { name, type, expression: feature.expression } : { name, type };
}

/** The keys that had an event in the interval, once each, as `k0…`. */
export function selectActiveKeys(request: StatisticsRequest, tables: HistoryTables, dialect: Dialect): string {
  const keys = request.view.entities.flatMap((e) => e.keys.map(({ name, type }) => ({ name, type })));
  const range = { fromUs: request.startUs, toUs: request.endUs - 1 };
  const select = selectHistory(bindHistory(request, tables), { keys, columns: [], created: false, identity: false, range }, dialect);
  const names = keys.map((_, i) => `k${i}`);
  // A view without entities has one key, which has no parts.
  if (names.length === 0) return `SELECT 1 AS one FROM (${select}) AS h HAVING count(*) > 0`;
  return `SELECT DISTINCT ${names.join(", ")} FROM (${select}) AS h WHERE ${names.map((name) => `${name} IS NOT NULL`).join(" AND ")}`;
}

/** The join that gives a windowed view's values at the interval's end, for a spine of keys in columns named `k0…` and the time `t`. */
export function planValuesAtEnd(request: StatisticsRequest): JoinPlan {
  const keys = request.view.entities.flatMap((e) => e.keys).map(({ name, type }, i) => ({ key: name, spineColumn: `k${i}`, type }));
  return {
    spine: { timeColumn: "t", keys: keys.map(({ spineColumn, type }) => ({ column: spineColumn, type })) },
    knowledge: "event",
    bounds: false,
    views: [
      {
        view: request.view,
        history: request.history,
        keys,
        ttlUs: null,
        features: request.view.features.map((feature, i) => ({ feature, output: `f${i}` })),
      },
    ],
  };
}
