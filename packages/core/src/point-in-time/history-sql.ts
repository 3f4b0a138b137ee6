import type { SourceModel } from "../definition/model.ts";
import { physicalName } from "../definition/physical-name.ts";
import { AsofError } from "../error/error.ts";
import { childrenOf } from "../expression/columns.ts";
import type { ExpressionNode } from "../expression/node.ts";
import { orderColumns } from "../value/order.ts";
import { printType, type ValueType } from "../value/type.ts";
import type { Dialect, InstantRange } from "./dialect.ts";
import type { History, ViewJoin } from "./join-plan.ts";
import type { HistoryTables, SideColumn, SideTable } from "./program.ts";

/** Columns that a row of the offline log has beside the source's own, which keep their logical names. */
export const logColumns = {
  created: "__created_time",
  ingest: "__ingest_time",
  origin: "__origin",
  eventId: "__event_id",
} as const;

/** A column wanted of a history: the source's by logical name, or an expression over the source's columns. */
export interface WantedColumn {
  readonly name: string;
  readonly type: ValueType;
  readonly expression?: ExpressionNode;
}

/** What to read of a history. The SELECT has columns `k0…` (keys), `t` (event time), `c0…` and, where asked for, `cr`, `eid`, `ing`. */
export interface HistoryQuery {
  readonly keys: readonly { readonly name: string; readonly type: ValueType }[];
  readonly columns: readonly WantedColumn[];
  /** Adds `cr`: created time in microseconds or null. */
  readonly created: boolean;
  /** Adds `eid`, the event's identity (as text where there is a log) or null, and `ing`, the time of ingest or null for batch rows. */
  readonly identity: boolean;
  /** Rows outside may be left out, to read less. */
  readonly range: InstantRange;
}

/**
 * The rows of a SELECT of a history with identity, each event of a key once: of several with one id the earliest ingested (batch rows
 * before all of the log), then the lowest in the row order. Rows without id stay. `order` are the columns of the row order after the
 * created time.
 */
export function foldOnce(select: string, keys: readonly string[], order: readonly string[], dialect: Dialect): string {
  const by = ["ing", "t", "cr", ...order].map((c) => dialect.orderBy(c, "ascending"));
  return dialect.firstPerPartition(select, [...keys, "eid"], by, "eid IS NULL");
}

/** A source and history of one view, bound to the engine's tables. */
export interface BoundHistory {
  /** The source of the view: names the times of the log. */
  readonly source: SourceModel;
  readonly history: History;
  readonly tables: HistoryTables;
}

/** The sides of a view's history that count: see rule "History". */
export function bindHistory({ history, view }: Pick<ViewJoin, "history" | "view">, tables: HistoryTables): BoundHistory {
  const hasLog = history.handoverUs !== null || history.batch === null;
  return { source: view.source, history, tables: { batch: history.batch === null ? null : tables.batch, log: hasLog ? tables.log : null } };
}

/** Rule "History" as a SELECT: batch rows before the handover, log rows from it on, each log event once, none without event time. */
export function selectHistory(bound: BoundHistory, query: HistoryQuery, dialect: Dialect): string {
  const sides: string[] = [];
  const { batch, log } = bound.tables;
  if (batch !== null && bound.history.batch !== null) sides.push(selectSide(batchSide(bound, batch, bound.history.batch), query, dialect));
  if (log !== null) sides.push(selectSide(logSide(bound, log, query.keys, dialect), query, dialect));
  if (sides.length === 0) sides.push(selectNothing(query, dialect));
  const erased = erasedConditions(bound, query, dialect);
  const kept = erased.length === 0 ? sides : sides.map((side) => `SELECT * FROM (${side}) AS kept WHERE ${erased.join(" AND ")}`);
  return kept.join("\nUNION ALL\n");
}

/** What holds for rows of keys that are not erased. Rows with a null key part are no one's, and may go too. */
function erasedConditions({ history, source }: BoundHistory, { keys }: HistoryQuery, dialect: Dialect): readonly string[] {
  const wholly = new Map<string, string[]>();
  const conditions: string[] = [];
  for (const { parts, beforeUs } of history.erased ?? []) {
    // Rows without event time do not count while the key is erased, and count again afterwards.
    if (source.eventTime === null && beforeUs !== null) continue;
    const places = parts.map(({ name }) => `k${keys.findIndex((key) => key.name === name)}`);
    const literals = parts.map(({ type, value }) => dialect.printExpression({ node: "literal", type, value }, (name) => name));
    const [place, ...others] = places;
    if (place !== undefined && others.length === 0 && beforeUs === null) {
      wholly.set(place, [...(wholly.get(place) ?? []), literals[0] ?? "NULL"]);
      continue;
    }
    const differs = places.map((column, i) => `${column} <> ${literals[i]}`);
    conditions.push(`(${[...differs, ...(beforeUs === null ? [] : [`t >= ${beforeUs}`])].join(" OR ")})`);
  }
  return [...[...wholly].map(([place, literals]) => `${place} NOT IN (${literals.join(", ")})`), ...conditions];
}

/** Whether the rows of a history have a created time at all. */
export function hasCreated(bound: BoundHistory): boolean {
  return bound.tables.log !== null || (bound.history.batch?.createdTime ?? null) !== null;
}

/** Whether a windowed view over it has to fold events once. Log rows are deduplicated wherever they are read. */
export function hasEventIds(bound: BoundHistory): boolean {
  return (bound.history.batch?.eventId ?? null) !== null;
}

/** A query for the number of rows that have no finite event time, or null for a static source. */
export function countUndated(bound: BoundHistory, dialect: Dialect): string | null {
  if (bound.source.eventTime === null) return null;
  const counts: string[] = [];
  const count = (side: Side): void => {
    const time = instantOf(side, side.eventTime, dialect);
    counts.push(`(SELECT count(*) FROM ${side.table.relation} WHERE ${time} IS NULL)`);
  };
  if (bound.tables.batch !== null && bound.history.batch !== null) count(batchSide(bound, bound.tables.batch, bound.history.batch));
  if (bound.tables.log !== null) count(logSide(bound, bound.tables.log, [], dialect));
  return counts.length === 0 ? null : `SELECT ${counts.join(" + ")} AS n`;
}

/** One side of a history with everything that differs between the two. */
interface Side {
  readonly what: string;
  readonly table: SideTable;
  readonly mapping: Readonly<Record<string, string>>;
  readonly eventTime: string | null;
  readonly createdTime: string | null;
  readonly eventId: string | null;
  /** Ids of both sides must compare; alone, the batch's own type is faster. */
  readonly identityAsText: boolean;
  readonly ingest: string | null;
  readonly handover: { readonly before: number | null; readonly from: number | null };
  /** The log's older files may lack a column that was added later. */
  readonly missing: "fail" | "null";
}

function batchSide(bound: BoundHistory, table: SideTable, source: SourceModel): Side {
  return {
    what: `Source "${source.name}"`,
    table,
    mapping: source.mapping,
    eventTime: source.eventTime,
    createdTime: source.createdTime,
    eventId: source.eventId,
    identityAsText: bound.tables.log !== null,
    ingest: null,
    handover: { before: bound.history.handoverUs, from: null },
    missing: "fail",
  };
}

function logSide(bound: BoundHistory, table: SideTable, keys: HistoryQuery["keys"], dialect: Dialect): Side {
  const { source } = bound;
  return {
    what: `The log of source "${source.name}"`,
    table: { ...table, relation: foldLogOnce(source, table, keys, dialect) },
    mapping: {},
    eventTime: source.eventTime,
    createdTime: logColumns.created,
    eventId: logColumns.eventId,
    identityAsText: true,
    ingest: logColumns.ingest,
    handover: { before: null, from: bound.history.handoverUs },
    missing: "null",
  };
}

/**
 * The log with each event once: the earliest ingested, then the lowest in the row order. Once per key, as online, where each key
 * has a state of its own.
 */
function foldLogOnce(source: SourceModel, table: SideTable, keys: HistoryQuery["keys"], dialect: Dialect): string {
  const quoted = (names: readonly (string | null)[]): readonly string[] =>
    names.flatMap((name) => table.columns.find((c) => c.name === name)?.sql ?? []);
  const columns = orderColumns(source.columns).map((c) => c.name);
  const order = quoted([logColumns.ingest, source.eventTime, logColumns.created, ...columns]).map((c) => dialect.orderBy(c, "ascending"));
  const partition = quoted([...keys.map((k) => k.name), logColumns.eventId]);
  return `(${dialect.firstPerPartition(`SELECT * FROM ${table.relation}`, partition, order)}) AS log`;
}

function selectSide(side: Side, query: HistoryQuery, dialect: Dialect): string {
  const time = side.eventTime === null ? "CAST(0 AS BIGINT)" : instantOf(side, side.eventTime, dialect);
  const items = query.keys.map((key, i) => `${printValue(side, key.name, key.type, "key", dialect)} AS k${i}`);
  items.push(`${time} AS t`);
  if (query.created) items.push(`${side.createdTime === null ? nullInstant : instantOf(side, side.createdTime, dialect)} AS cr`);
  if (query.identity) items.push(`${identityOf(side)} AS eid`, `${ingestOf(side, dialect)} AS ing`);
  const base = baseColumns(query.columns);
  const hasExpressions = query.columns.some((c) => c.expression !== undefined);
  const aliases = new Map(base.map((column, i) => [column.name, hasExpressions ? `b${i}` : `c${i}`]));
  for (const column of base) items.push(`${printValue(side, column.name, column.type, "column", dialect)} AS ${aliases.get(column.name)}`);
  const where = conditions(side, time, query.range, dialect);
  const inner = `SELECT ${items.join(", ")} FROM ${side.table.relation}${where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`}`;
  if (!hasExpressions && base.length === query.columns.length) return inner;
  const column = (name: string): string => aliases.get(name) ?? "NULL";
  const outer = query.columns.map((c, i) =>
    c.expression === undefined ? `${column(c.name)} AS c${i}` : `${dialect.printExpression(c.expression, column)} AS c${i}`,
  );
  return `SELECT ${[...fixedColumns(query), ...outer].join(", ")} FROM (${inner}) AS side`;
}

/** Names of the columns before `c0…`, in their order. */
function fixedColumns(query: HistoryQuery): readonly string[] {
  return [...query.keys.map((_, i) => `k${i}`), "t", ...(query.created ? ["cr"] : []), ...(query.identity ? ["eid", "ing"] : [])];
}

const nullInstant = "CAST(NULL AS BIGINT)";

function selectNothing(query: HistoryQuery, dialect: Dialect): string {
  const items = query.keys.map((key, i) => `CAST(NULL AS ${dialect.storageType(key.type)}) AS k${i}`);
  items.push(`${nullInstant} AS t`);
  if (query.created) items.push(`${nullInstant} AS cr`);
  if (query.identity) items.push("CAST(NULL AS VARCHAR) AS eid", `${nullInstant} AS ing`);
  items.push(...query.columns.map((c, i) => `CAST(NULL AS ${dialect.storageType(c.type)}) AS c${i}`));
  return `SELECT ${items.join(", ")} WHERE 1 = 0`;
}

/** The source's own columns that the wanted ones stand on, each once. */
function baseColumns(columns: readonly WantedColumn[]): readonly { readonly name: string; readonly type: ValueType }[] {
  const base = new Map<string, ValueType>();
  for (const column of columns) {
    if (column.expression === undefined) base.set(column.name, column.type);
    else for (const [name, type] of typedColumns(column.expression)) base.set(name, type);
  }
  return [...base].map(([name, type]) => ({ name, type }));
}

function typedColumns(node: ExpressionNode): ReadonlyMap<string, ValueType> {
  const types = new Map<string, ValueType>();
  const visit = (part: ExpressionNode): void => {
    if (part.node === "column") types.set(part.name, part.type);
    childrenOf(part).forEach(visit);
  };
  visit(node);
  return types;
}

function conditions(side: Side, time: string, range: InstantRange, dialect: Dialect): readonly string[] {
  if (side.eventTime === null) return [];
  const fromUs = maximum(range.fromUs, side.handover.from);
  const toUs = minimum(range.toUs, side.handover.before === null ? null : side.handover.before - 1);
  const column = findColumn(side, side.eventTime);
  const where: string[] = [];
  if (column !== null && (fromUs !== null || toUs !== null)) {
    const raw = dialect.instantFilter(column, column.sql, { fromUs, toUs });
    if (raw !== null) where.push(raw);
  }
  if (fromUs !== null) where.push(`${time} >= ${fromUs}`);
  if (toUs !== null) where.push(`${time} <= ${toUs}`);
  if (fromUs === null && toUs === null) where.push(`${time} IS NOT NULL`);
  return where;
}

function maximum(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

function minimum(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function identityOf(side: Side): string {
  if (side.eventId === null) return "CAST(NULL AS VARCHAR)";
  const column = findColumn(side, side.eventId);
  if (column === null) throw missingColumn(side, side.eventId, "event id");
  const sql = column.sql;
  return side.identityAsText ? `CAST(${sql} AS VARCHAR)` : sql;
}

function ingestOf(side: Side, dialect: Dialect): string {
  return side.ingest === null ? nullInstant : instantOf(side, side.ingest, dialect);
}

function instantOf(side: Side, name: string | null, dialect: Dialect): string {
  if (name === null) return nullInstant;
  const column = findColumn(side, name);
  if (column === null) throw missingColumn(side, name, "time");
  const sql = dialect.instant(column, column.sql);
  if (sql === null) {
    const what = name === side.eventTime ? "event-time" : "created-time";
    throw new AsofError("ASOF_SOURCE_COLUMN", `${side.what} has its ${what} column "${column.name}" as ${column.type}, not as a time.`, {
      path: `${side.what}.${name}`,
      value: column.type,
      fix: "Store it as a timestamp or date, or name another column.",
    });
  }
  return sql;
}

function printValue(side: Side, name: string, type: ValueType, what: "key" | "column", dialect: Dialect): string {
  const column = findColumn(side, name);
  if (column === null) {
    if (side.missing === "null") return `CAST(NULL AS ${dialect.storageType(type)})`;
    throw missingColumn(side, name, what);
  }
  const sql = dialect.convert(column, column.sql, type, "fail");
  if (sql === null) {
    throw new AsofError(
      "ASOF_SOURCE_COLUMN",
      `${side.what} has ${what} "${column.name}" as ${column.type}, but it is declared as ${printType(type)}.`,
      {
        path: `${side.what}.${name}`,
        value: column.type,
        fix: "Declare the type that the source has, or convert the column in a sql source.",
      },
    );
  }
  return sql;
}

/** By its exact name, also in engines that ignore case: `a` and `A` may both be there. */
function findColumn(side: Side, name: string): SideColumn | null {
  const physical = physicalName(side.mapping, name);
  return side.table.columns.find((c) => c.name === physical) ?? null;
}

function missingColumn(side: Side, name: string, what: string): AsofError {
  const physical = physicalName(side.mapping, name);
  return new AsofError(
    "ASOF_SOURCE_COLUMN",
    `${side.what} has no column "${physical}", which is declared as its ${what}${physical === name ? "" : ` "${name}"`}. It has: ${side.table.columns.map((c) => c.name).join(", ")}.`,
    { path: `${side.what}.${name}`, value: physical, fix: "Fix the name, or add it to the source's column mapping." },
  );
}
