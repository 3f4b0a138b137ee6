import type { SourceModel } from "../definition/model.ts";
import { assert } from "../error/error.ts";
import { orderColumns } from "../value/order.ts";
import type { ColumnInfo } from "../value/record-batch.ts";
import type { Dialect } from "./dialect.ts";
import { type BoundHistory, foldOnce, hasEventIds, selectHistory, type WantedColumn } from "./history-sql.ts";
import type { HistoryTables } from "./program.ts";
import type { PullRequest } from "./pull-request.ts";

/** A pull as one query; its columns are in storage form, in the order of `columns`. */
export interface PullQuery {
  readonly sql: string;
  readonly columns: readonly ColumnInfo[];
}

/**
 * Compiles a pull: the rows of an interval sorted by key and row order. Rows with a null key part are no one's and left out. With
 * `mode: "all"` an event is read once, as windowed views fold it; see rule "History".
 */
export function compilePull(request: PullRequest, tables: HistoryTables, dialect: Dialect): PullQuery {
  const bound = bindPull(request, tables);
  const { columns, foldedBy } = columnsOfPull(request, bound);
  const isStatic = bound.source.eventTime === null;
  const keys = request.keys.map((_, i) => `k${i}`);
  const order = request.order.map((name) => {
    const at = request.columns.findIndex((c) => c.name === name);
    assert(at !== -1, `order column "${name}" is one of the pulled columns`);
    return `c${at}`;
  });
  // What may be left out without a look at the other rows of its key: everything that an event id or a tile cannot reach over.
  const isFolded = request.mode === "all" && hasEventIds(bound);
  const range = isFolded || isStatic ? { fromUs: null, toUs: null } : { fromUs: request.fromUs, toUs: request.toUs };
  const history = selectHistory(bound, { keys: request.keys, columns, created: true, identity: true, range }, dialect);
  const mine = `SELECT * FROM (${history}) AS h${whereOf(keyConditions(request, keys, dialect))}`;
  const once = isFolded ? foldOnce(`SELECT * FROM (${mine}) AS m`, keys, foldedBy, dialect) : mine;
  const isNew =
    request.createdFromUs === null
      ? "TRUE"
      : `(cr IS NULL OR cr >= ${request.createdFromUs} OR coalesce(ing >= ${request.createdFromUs}, FALSE))`;
  const inRange = isStatic ? [] : [...(request.fromUs === null ? [] : [`t >= ${request.fromUs}`]), `t <= ${request.toUs}`];
  const rows = `SELECT *, ${isNew} AS is_new FROM (${once}) AS o${whereOf(inRange)}`;
  const selected = selectNew(request, rows, keys, dialect);
  const latest = [...(isStatic ? [] : ["t"]), "cr", ...order];
  const best =
    request.mode === "latest"
      ? dialect.firstPerPartition(
          `SELECT * FROM (${selected}) AS n`,
          keys,
          latest.map((c) => dialect.orderBy(c, "descending")),
        )
      : selected;
  const items = [
    ...keys,
    `${isStatic ? "CAST(NULL AS BIGINT)" : "t"} AS t`,
    "cr",
    "CAST(eid AS VARCHAR) AS eid",
    "is_new",
    ...request.columns.map((_, i) => `c${i}`),
  ];
  const sorted = [...keys, ...(request.mode === "latest" ? [] : latest)].map((c) => dialect.orderBy(c, "ascending"));
  return {
    sql: `SELECT ${items.join(", ")} FROM (${best}) AS p${sorted.length === 0 ? "" : ` ORDER BY ${sorted.join(", ")}`}`,
    columns: pulledColumns(request),
  };
}

/** A pull's history bound to tables: the log names its source, which may be a push source around the batch. */
function bindPull({ history }: PullRequest, tables: HistoryTables): BoundHistory {
  const source: SourceModel | null = history.log?.source ?? history.batch;
  assert(source !== null, "a history has at least one side");
  const hasLog = history.handoverUs !== null || history.batch === null;
  return { source, history, tables: { batch: history.batch === null ? null : tables.batch, log: hasLog ? tables.log : null } };
}

function pulledColumns(request: PullRequest): readonly ColumnInfo[] {
  return [
    ...request.keys.map(({ name, type }) => ({ name, type })),
    { name: "event_time", type: { kind: "timestamp" } },
    { name: "created_time", type: { kind: "timestamp" } },
    { name: "event_id", type: { kind: "string" } },
    { name: "is_new", type: { kind: "bool" } },
    ...request.columns.map(({ name, type }) => ({ name, type })),
  ];
}

/** The wanted columns, then those that only decide which of several events with one id is kept. */
function columnsOfPull(request: PullRequest, bound: BoundHistory): { columns: readonly WantedColumn[]; foldedBy: readonly string[] } {
  const columns: WantedColumn[] = request.columns.map(({ name, type, expression }) => ({
    name,
    type,
    ...(expression === undefined ? {} : { expression }),
  }));
  if (request.mode !== "all" || !hasEventIds(bound)) return { columns, foldedBy: [] };
  const foldedBy = orderColumns(bound.source.columns).map(({ name, type }) => {
    const at = columns.findIndex((c) => c.name === name && c.expression === undefined);
    return `c${at === -1 ? columns.push({ name, type }) - 1 : at}`;
  });
  return { columns, foldedBy };
}

function keyConditions(request: PullRequest, keys: readonly string[], dialect: Dialect): readonly string[] {
  const conditions = keys.map((k) => `${k} IS NOT NULL`);
  const { partition, onlyKey, eventIds } = request;
  if (eventIds !== undefined) {
    const texts = eventIds.map((value) => dialect.printExpression({ node: "literal", type: { kind: "string" }, value }, (name) => name));
    conditions.push(texts.length === 0 ? "1 = 0" : `CAST(eid AS VARCHAR) IN (${texts.join(", ")})`);
  }
  if (partition !== null && partition.count > 1) {
    // All rows of a view without entities belong to one key.
    if (keys.length > 0) conditions.push(`${dialect.partitionOf(keys, partition.count)} = ${partition.index}`);
    else if (partition.index !== 0) conditions.push("1 = 0");
  }
  onlyKey?.forEach((value, i) => {
    const type = request.keys[i]?.type;
    if (type === undefined || value === null) conditions.push("1 = 0");
    else conditions.push(`k${i} = ${dialect.printExpression({ node: "literal", type, value }, (name) => name)}`);
  });
  return conditions;
}

/** Rows that could be new, or, with tiles, every row of a tile that has one. */
function selectNew(request: PullRequest, rows: string, keys: readonly string[], dialect: Dialect): string {
  if (request.createdFromUs === null) return rows;
  if (request.tileUs === null) return `SELECT * FROM (${rows}) AS r WHERE is_new`;
  const tile = `t - ${dialect.floorMod("t", String(request.tileUs))}`;
  // One look at all rows of a tile tells whether any of them is new.
  const touched = `max(CASE WHEN is_new THEN 1 ELSE 0 END) OVER (PARTITION BY ${[...keys, tile].join(", ")})`;
  return `SELECT * FROM (SELECT *, ${touched} AS touched FROM (${rows}) AS r) AS d WHERE touched = 1`;
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
}
