import { statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import {
  AsofError,
  type ColumnInfo,
  type GivenSpine,
  printType,
  type RecordBatch,
  type SideColumn,
  type SpinePlan,
  type SpineTable,
  type ValueType,
} from "@asof/core";
import { RowAppender } from "./append-rows.ts";
import { familyOf, fileTypeOf, valueTypeOf } from "./column-types.ts";
import { convertColumn, instantOfColumn } from "./convert.ts";
import { quoteText } from "./dialect.ts";
import type { ErrorContext } from "./errors.ts";
import { batchOf } from "./result.ts";
import type { Session, StatementOptions } from "./session.ts";
import { describeParquet, describeQuery, describeRelation, escapeGlob, readParquet } from "./source-table.ts";

/** A spine in the session's memory, with its columns as they came. */
export interface LoadedSpine extends SpineTable {
  readonly columns: readonly SpineColumn[];
}

export interface SpineColumn extends ColumnInfo {
  /** Its name in the spine's table. */
  readonly sql: string;
  readonly engineType: string;
}

interface SpineRelation {
  readonly relation: string;
  readonly columns: readonly SideColumn[];
  readonly context: ErrorContext;
}

/** The table that a spine is loaded into. */
export const spineTable = "asof_spine";

/** Columns of a spine, without reading its rows. */
export async function describeSpine(session: Session, repositoryPath: string, spine: GivenSpine): Promise<readonly ColumnInfo[]> {
  if (spine.kind === "rows") return spine.columns;
  const { columns } = await openSpine(session, repositoryPath, spine, [], null, {});
  return columns.map(({ name, type }) => ({ name, type: valueTypeOf(type) }));
}

/** The different keys of a spine, as the declared types; rows with a null part or one of another type are left out. */
export async function* spineKeys(
  session: Session,
  repositoryPath: string,
  spine: GivenSpine,
  keys: SpinePlan["keys"],
  options: StatementOptions,
): AsyncGenerator<RecordBatch> {
  const { relation, columns, context } = await openSpine(session, repositoryPath, spine, keys, null, options);
  const items = keys.map((key, i) => `${keyValue(requireColumn(columns, key.column, "key"), key.type)} AS k${i}`);
  const whole = keys.map((_, i) => `k${i} IS NOT NULL`);
  const query = `SELECT DISTINCT * FROM (SELECT ${items.join(", ")} FROM ${relation}) AS s WHERE ${whole.join(" AND ")}`;
  const named = keys.map(({ column, type }) => ({ name: column, type }));
  for await (const chunk of session.stream(query, context, options)) yield batchOf(chunk, named);
}

/**
 * Loads a spine into the session's table `asof_spine`, in input order, and refuses what no answer can be given for: a missing key
 * or time column, a null or infinite time, a key that is not of its declared type.
 */
export async function loadSpine(
  session: Session,
  repositoryPath: string,
  spine: GivenSpine,
  plan: SpinePlan,
  options: StatementOptions,
): Promise<LoadedSpine> {
  const { relation, columns, context } = await openSpine(session, repositoryPath, spine, plan.keys, plan.timeColumn, options);
  const time = requireColumn(columns, plan.timeColumn, "as-of time");
  const instant = instantOfColumn(time, time.sql, "null");
  if (instant === null) {
    throw new AsofError("ASOF_SPINE_INVALID", `The spine's time column "${time.name}" is ${time.type}, not a time.`, {
      path: `spine.${time.name}`,
      value: time.type,
      fix: "Store it as a timestamp or date.",
    });
  }
  const keys = plan.keys.map((key, i) => {
    const column = requireColumn(columns, key.column, "key");
    return { ...key, sql: `k${i}`, from: `s${columns.indexOf(column)}`, value: keyValue(column, key.type) };
  });
  const items = [
    "row_number() OVER () - 1 AS r",
    `${instant} AS t`,
    ...keys.map((key) => `${key.value} AS ${key.sql}`),
    ...columns.map((c, i) => `${c.sql} AS s${i}`),
  ];
  await session.run(`CREATE TABLE ${spineTable} AS SELECT ${items.join(", ")} FROM ${relation}`, context, options);
  if (spine.kind === "rows") await session.run(`DROP TABLE ${rowsTable}`, context, options);
  const range = await checkSpine(session, columns, time, keys, options);
  return {
    table: spineTable,
    keys: keys.map(({ column, type, sql }) => ({ column, type, sql })),
    ...range,
    columns: columns.map((c, i) => ({ name: c.name, type: shownType(c, plan, spine), sql: `s${i}`, engineType: c.type })),
  };
}

/** The type in which batches give a column: as it came, with int64 keys in the JavaScript form of their declaration. */
function shownType(column: SideColumn, plan: SpinePlan, spine: GivenSpine): ValueType {
  // The as-of time comes out as an instant, also where the column holds dates.
  if (column.name === plan.timeColumn) return { kind: "timestamp" };
  const given = spine.kind === "rows" ? spine.columns.find((c) => c.name === column.name)?.type : undefined;
  if (given !== undefined) return given;
  const type = valueTypeOf(column.type);
  const declared = plan.keys.find((key) => key.column === column.name)?.type;
  return type.kind === "int64" && declared?.kind === "int64" ? declared : type;
}

function keyValue(column: SideColumn, type: ValueType): string {
  const value = convertColumn(column, column.sql, type, "null");
  if (value !== null) return value;
  throw new AsofError(
    "ASOF_SPINE_INVALID",
    `The spine's key column "${column.name}" is ${column.type}, but the key is declared as ${printType(type)}; this holds from row 0 on.`,
    { path: `spine.${column.name}`, value: column.type, fix: `Store it as ${fileTypeOf(type)}, or correct the entity's key type.` },
  );
}

function requireColumn(columns: readonly SideColumn[], name: string, what: string): SideColumn {
  const found = columns.find((c) => c.name === name);
  if (found !== undefined) return found;
  throw new AsofError(
    "ASOF_SPINE_INVALID",
    `The spine has no column "${name}" for the ${what}. It has: ${columns.map((c) => c.name).join(", ")}.`,
    {
      path: `spine.${name}`,
      value: name,
      fix: "Add the column, or name another one.",
    },
  );
}

/** How many rows an error names. */
const namedRows = 3;

async function checkSpine(
  session: Session,
  columns: readonly SideColumn[],
  time: SideColumn,
  keys: readonly { readonly column: string; readonly type: ValueType; readonly sql: string; readonly from: string }[],
  options: StatementOptions,
): Promise<Pick<SpineTable, "rowCount" | "range">> {
  const context: ErrorContext = { doing: "spine", what: "The spine" };
  const misfits = keys.map((key) => `${key.from} IS NOT NULL AND ${key.sql} IS NULL`);
  const counts = misfits.map((condition, i) => `count(*) FILTER (WHERE ${condition}) AS m${i}`);
  const query = `SELECT ${["count(*) AS n", "count(t) AS timed", "min(t) AS lo", "max(t) AS hi", ...counts].join(", ")} FROM ${spineTable}`;
  const [row = {}] = await session.rows(query, context, options);
  const rowCount = Number(row.n);
  const timeAt = `s${columns.indexOf(time)}`;
  if (Number(row.timed) < rowCount) {
    const bad = await badRows(session, "t IS NULL", timeAt, options);
    throw new AsofError(
      "ASOF_SPINE_INVALID",
      `The spine has ${rowCount - Number(row.timed)} rows without a finite time in "${time.name}": ${bad}.`,
      {
        path: `spine.${time.name}`,
        fix: "Remove these rows, or give them a time.",
      },
    );
  }
  for (const [i, key] of keys.entries()) {
    const count = Number(row[`m${i}`]);
    if (count === 0) continue;
    const bad = await badRows(session, misfits[i] ?? "", key.from, options);
    throw new AsofError(
      "ASOF_SPINE_INVALID",
      `The spine has ${count} values in key column "${key.column}" that are no ${printType(key.type)}: ${bad}.`,
      {
        path: `spine.${key.column}`,
        fix: "Correct these rows, or the entity's key type.",
      },
    );
  }
  return { rowCount, range: rowCount === 0 ? null : { minUs: Number(row.lo), maxUs: Number(row.hi) } };
}

/** The first rows of a kind: `row 4 (null), row 9 (infinity)`. Rows count from 0. */
async function badRows(session: Session, condition: string, column: string, options: StatementOptions): Promise<string> {
  const query = `SELECT r, CAST(${column} AS VARCHAR) AS v FROM ${spineTable} WHERE ${condition} ORDER BY r LIMIT ${namedRows}`;
  const rows = await session.rows(query, { doing: "spine", what: "The spine" }, options);
  return rows.map((row) => `row ${String(row.r)} (${row.v === null ? "null" : JSON.stringify(row.v)})`).join(", ");
}

const rowsTable = "asof_spine_rows";

async function openSpine(
  session: Session,
  repositoryPath: string,
  spine: GivenSpine,
  keys: SpinePlan["keys"],
  timeColumn: string | null,
  options: StatementOptions,
): Promise<SpineRelation> {
  switch (spine.kind) {
    case "rows":
      return appendSpine(session, spine, options);
    case "sql": {
      const context: ErrorContext = { doing: "spine", what: "The spine's query" };
      return { ...(await describeQuery(session, spine.query, "spine", context, options)), context };
    }
    case "file": {
      const path = isAbsolute(spine.path) || spine.path.includes("://") ? spine.path : resolve(repositoryPath, spine.path);
      const context: ErrorContext = { doing: "spine", what: `The spine "${spine.path}"` };
      if (!path.includes("://") && statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
        throw new AsofError("ASOF_SPINE_INVALID", `There is no file for the spine at "${path}".`, {
          path: "spine",
          value: spine.path,
          fix: "Check the path.",
        });
      }
      if (spine.format === "csv") return openCsv(session, path, keys, timeColumn, context, options);
      const relation = readParquet([path], false);
      return { relation, columns: await describeParquet(session, [path], relation, context, options), context };
    }
  }
}

/** Types are guessed, except of keys and times that the guess would spoil: "007" stays text where the key is text. */
async function openCsv(
  session: Session,
  path: string,
  keys: SpinePlan["keys"],
  timeColumn: string | null,
  context: ErrorContext,
  options: StatementOptions,
): Promise<SpineRelation> {
  const guessed = await describeRelation(session, `read_csv(${quoteText(escapeGlob(path))}, header = true)`, context, options);
  const isText = (c: SideColumn): boolean => {
    if (c.name === timeColumn) return !["instant", "date"].includes(familyOf(c.type));
    return keys.some((key) => key.column === c.name && convertColumn(c, "x", key.type, "null") === null);
  };
  const texts = guessed.filter(isText);
  const types = texts.length === 0 ? "" : `, types = {${texts.map((c) => `${quoteText(c.name)}: 'VARCHAR'`).join(", ")}}`;
  return {
    relation: `read_csv(${quoteText(escapeGlob(path))}, header = true${types})`,
    columns: guessed.map((c) => (texts.includes(c) ? { ...c, type: "VARCHAR", medium: "text" } : c)),
    context,
  };
}

async function appendSpine(
  session: Session,
  spine: GivenSpine & { readonly kind: "rows" },
  options: StatementOptions,
): Promise<SpineRelation> {
  const context: ErrorContext = { doing: "spine", what: "The spine" };
  if (spine.columns.length === 0) {
    throw new AsofError("ASOF_SPINE_INVALID", "The spine has no columns.", { path: "spine", fix: "Give rows with a key and a time." });
  }
  const columns = spine.columns.map(
    (c, i): SideColumn => ({ name: c.name, type: fileTypeOf(c.type).replace(", ", ","), medium: "typed", sql: `c${i}` }),
  );
  await session.run(`CREATE TABLE ${rowsTable} (${columns.map((c) => `${c.sql} ${c.type}`).join(", ")})`, context, options);
  const types = spine.columns.map((c) => c.type);
  const appender = await RowAppender.open(session.connection, session.schema, rowsTable, types);
  appender.append(spine.rows.length, (column, row) => spine.rows[row]?.[column] ?? null);
  appender.close();
  return { relation: rowsTable, columns, context };
}
