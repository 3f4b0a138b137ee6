import { type AggregateDialect, type Dialect, printExpression, type ValueType } from "@asof/core";
import { storageTypeOf } from "./column-types.ts";
import { convertColumn, instantFilterOf, instantOfColumn, presentValue } from "./convert.ts";
import { duckDbExpressionDialect } from "./expression-dialect.ts";
import { quoteName, quoteText } from "./quote.ts";

export { quoteName, quoteText };

/** Begins the text of an error that asof raised inside a query; errors.ts looks for it. */
export const failureMark = "asof-failure:";

const aggregates: AggregateDialect = {
  // sum of BIGINT is a HUGEINT.
  sumInteger: (argument, fold) => fold(`sum(${argument})`),
  sumFloat: (argument, fold) => fold(`sum(CAST(${argument} AS DOUBLE))`),
  sumDecimal: (argument, fold) => fold(`sum(${argument})`),
  // A sum of DECIMAL ends with an error of the engine where it leaves 128 bits, also on its way to a sum that fits.
  sumWideDecimal: (argument, scale, fold) => {
    const sum = `CAST(${fold(`sum(CAST(replace(CAST(${argument} AS VARCHAR), '.', '') AS BIGNUM))`)} AS VARCHAR)`;
    if (scale === 0) return sum;
    const digits = `lpad(ltrim(${sum}, '-'), CAST(greatest(length(ltrim(${sum}, '-')), ${scale + 1}) AS INTEGER), '0')`;
    return `(CASE WHEN starts_with(${sum}, '-') THEN '-' ELSE '' END || left(${digits}, -${scale}) || '.' || right(${digits}, ${scale}))`;
  },
  extreme: (end, argument, fold) => fold(`${end}(${argument})`),
  spread: (fn, population, argument, fold) => fold(`${spreadNames[fn][population ? 1 : 0]}(${argument})`),
  ordered: (end, argument, ordinal, fold) => fold(`${end === "first" ? "arg_min" : "arg_max"}(${argument}, ${ordinal})`),
  orderedList: (end, n, argument, ordinal, type, fold) => {
    const list = fold(`${end === "first" ? "arg_min" : "arg_max"}(${argument}, ${ordinal}, ${n})`);
    return `coalesce(${end === "first" ? list : `list_reverse(${list})`}, CAST([] AS ${storageTypeOf(type)}[]))`;
  },
  countDistinct: (argument, type, fold) => fold(`count(DISTINCT ${isFloat(type) ? `${argument} + 0.0` : argument})`),
};

const spreadNames = { variance: ["var_samp", "var_pop"], stddev: ["stddev_samp", "stddev_pop"] } as const;

function isFloat(type: ValueType): boolean {
  return type.kind === "float32" || type.kind === "float64";
}

/** How DuckDB prints a join program. */
export const duckDbDialect: Dialect = {
  name: "duckdb",
  quoteName,
  quoteText,
  storageType: storageTypeOf,
  printExpression: (node, column) => printExpression(node, duckDbExpressionDialect, column),
  convert: convertColumn,
  instant: (column, sql) => instantOfColumn(column, sql),
  instantFilter: instantFilterOf,
  present: presentValue,
  createTable: (name, select) => `CREATE TEMP TABLE ${name} AS ${select}`,
  dropTable: (name) => `DROP TABLE ${name}`,
  asOfJoin: (left, right, equal, leftTime, rightTime) =>
    `${left} ASOF JOIN ${right} ON ${[...equal, `${leftTime} >= ${rightTime}`].join(" AND ")}`,
  zip: (tables) => tables.map(({ table, alias }) => `${table} AS ${alias}`).join(" POSITIONAL JOIN "),
  floorMod: (a, b) => `(((${a}) % ${b}) + ${b}) % ${b}`,
  firstPerPartition: (select, partition, order, also) => {
    const over = [
      ...(partition.length === 0 ? [] : [`PARTITION BY ${partition.join(", ")}`]),
      ...(order.length === 0 ? [] : [`ORDER BY ${order.join(", ")}`]),
    ].join(" ");
    return `${select} QUALIFY ${also === undefined ? "" : `${also} OR `}row_number() OVER (${over}) = 1`;
  },
  keepFirst: (table, partition, order, where) => {
    const over = `PARTITION BY ${partition.join(", ")}${order.length === 0 ? "" : ` ORDER BY ${order.join(", ")}`}`;
    const numbered = `SELECT rowid AS id, row_number() OVER (${over}) AS n FROM ${table} WHERE ${where}`;
    return `DELETE FROM ${table} WHERE rowid IN (SELECT id FROM (${numbered}) AS d WHERE n > 1)`;
  },
  orderBy: (sql, direction) => (direction === "ascending" ? `${sql} ASC NULLS FIRST` : `${sql} DESC NULLS LAST`),
  fail: (code, detail) => `error(${quoteText(`${failureMark}${code}:${detail}`)})`,
  partitionOf: (keys, count) => `hash(${keys.join(", ")}) % ${count}`,
  aggregates,
  statistics: {
    length: (sql, type) => (type.kind === "bytes" ? `octet_length(${sql})` : `length(${sql})`),
    approximateDistinct: (sql) => `approx_count_distinct(${sql})`,
    quantiles: (sql, fractions) => `quantile_disc(${sql}, [${fractions.join(", ")}])`,
  },
};
