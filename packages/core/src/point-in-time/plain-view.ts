import type { FeatureModel, PlainViewModel } from "../definition/model.ts";
import { orderColumns } from "../value/order.ts";
import type { Dialect, InstantRange } from "./dialect.ts";
import { type BoundHistory, hasCreated, selectHistory, type WantedColumn } from "./history-sql.ts";
import type { JoinPlan, ViewJoin } from "./join-plan.ts";
import type { SpineTable, Step } from "./program.ts";
import { spineKeys, wholeTable } from "./spine-sql.ts";

/** A plain view to compile. */
export interface PlainJoin {
  readonly knowledge: JoinPlan["knowledge"];
  readonly view: PlainViewModel;
  readonly join: ViewJoin;
  readonly bound: BoundHistory;
  readonly spine: SpineTable;
  /**
   * The table to create: one row per spine row, in its order, with columns `o0…` and `late` (whether the value was known only
   * after t). Names of helper tables begin with it.
   */
  readonly output: string;
  /** In place of its own meaning `late` says whether the row's event time is not after t minus this, for t up to `untilUs`. Labels only. */
  readonly notAfter?: { readonly delayUs: number; readonly untilUs: number | null };
}

/**
 * Rule "As-of join". The time of the visible row is found first, on keys and times alone; the features are fetched by that time;
 * the rest of the row order is evaluated only where the fetch found several rows for one.
 */
export function compilePlainView(plain: PlainJoin, dialect: Dialect): readonly Step[] {
  const context = contextOf(plain, dialect);
  const steps = context.axis === "none" ? dimensionSteps(context) : asOfSteps(context);
  return steps.map((step) => ({ ...step, phase: `${plain.view.name}: ${step.phase}` }));
}

/**
 * What the as-of join compares with t. `event`: the event time. `known`: the later of event time and created time, from which on a
 * row counts under knowledge "created". `created`: the created time alone, of a source without event time. `none`: nothing, every
 * row of the source is visible at every t.
 */
type Axis = "event" | "known" | "created" | "none";

interface Context extends PlainJoin {
  readonly dialect: Dialect;
  readonly axis: Axis;
  readonly created: boolean;
  /** Outputs in the order asked for, then columns that only the row order needs. */
  readonly columns: readonly WantedColumn[];
  /** Places in `columns` of the row order's columns. */
  readonly order: readonly number[];
}

function contextOf(plain: PlainJoin, dialect: Dialect): Context {
  const created = hasCreated(plain.bound);
  const isStatic = plain.bound.source.eventTime === null;
  const byCreated = created && plain.knowledge === "created";
  const columns = plain.join.features.map(({ feature }) => wantedFeature(feature));
  const order = orderColumns(plain.view.features).map((feature) => {
    const at = columns.findIndex((c) => c.name === feature.name);
    return at === -1 ? columns.push(wantedFeature(feature)) - 1 : at;
  });
  const axis: Axis = isStatic ? (byCreated ? "created" : "none") : byCreated ? "known" : "event";
  return { ...plain, dialect, axis, created, columns, order };
}

function wantedFeature(feature: FeatureModel): WantedColumn {
  const { name, type } = feature;
  return feature.kind === "derived" ? { name, type, expression: feature.expression } : { name, type };
}

function asOfSteps(context: Context): readonly Step[] {
  const { output, dialect, join, spine } = context;
  const match = `${output}_match`;
  const sorted = sortStatements(context, match);
  const paired = [dialect.createTable(match, selectPaired(context))];
  return [
    // Without keys every row would meet every other.
    join.keys.length === 0
      ? { phase: "find the visible rows", sql: sorted }
      : { phase: "find the visible rows", when: isCheapToPair(context), sql: paired, otherwise: sorted },
    { phase: "fetch the features", sql: [dialect.createTable(output, selectFeatures(context, match))] },
    {
      phase: "resolve ties",
      when: `SELECT (SELECT count(*) FROM ${output}) > ${spine.rowCount}`,
      sql: tieStatements(context, match),
    },
    { phase: "clean up", sql: [dialect.dropTable(match)] },
  ];
}

/** Above so many spine rows for a source row with the same key, on average, sorting both sides is cheaper than pairing them. */
const pairsMax = 3;
/** The average is that of a sample; no key of the spine may have more rows than this, whatever the sample says. */
const pairsOfKeyMax = 32;
const sampleRows = 20_000;

function isCheapToPair(context: Context): string {
  const keys = keysOf(context);
  const counts = `(SELECT ${keys.join(", ")}, count(*) AS n FROM ${spineRows(context)} GROUP BY ${keys.join(", ")})`;
  const sample = `(SELECT ${keys.join(", ")} FROM (${select(context, [])}) AS h LIMIT ${sampleRows})`;
  const average = `SELECT coalesce(avg(coalesce(c.n, 0)), 0) FROM ${sample} AS h LEFT JOIN ${counts} AS c ON ${equalKeys(keys, "c", "h")}`;
  return `SELECT (SELECT coalesce(max(n), 0) FROM ${counts} AS c) <= ${pairsOfKeyMax} AND (${average}) <= ${pairsMax}`;
}

/** Spine rows with a visible row (number, t, keys, and the time `x` of that row): the greatest of all pairs, by hashing. */
function selectPaired(context: Context): string {
  const { join, axis } = context;
  const keys = keysOf(context);
  const x = axis === "created" ? createdOrLowest("e.cr") : "e.t";
  const on = [equalKeys(keys, "s", "e"), `${x} <= s.t`];
  if (axis === "known") on.push("(e.cr IS NULL OR e.cr <= s.t)");
  if (join.ttlUs !== null && axis !== "created") on.push(`e.t >= s.t - ${join.ttlUs}`);
  const greatest = `SELECT s.r, max(${x}) AS x FROM ${spineRows(context)} AS s JOIN (${select(context, [])}) AS e ON ${on.join(" AND ")} GROUP BY s.r`;
  return `SELECT ${["s.r", "s.t", ...keys.map((k) => `s.${k}`), "g.x"].join(", ")} FROM ${spineRows(context)} AS s JOIN (${greatest}) AS g ON g.r = s.r`;
}

/** The same by sorting both sides. Keys that are not one whole number are numbered first: cheaper to sort, and exact in every engine. */
function sortStatements(context: Context, match: string): readonly string[] {
  const { dialect, output, join } = context;
  const [only, ...more] = join.keys;
  if (only === undefined || (more.length === 0 && (only.type.kind === "int64" || only.type.kind === "int32"))) {
    return [dialect.createTable(match, selectSorted(context, null))];
  }
  const keys = keysOf(context);
  const numbers = `${output}_keys`;
  const distinct = `SELECT DISTINCT ${keys.join(", ")} FROM ${spineRows(context)} AS s`;
  return [
    dialect.createTable(numbers, `SELECT ${keys.join(", ")}, row_number() OVER () AS k FROM (${distinct}) AS d`),
    dialect.createTable(match, selectSorted(context, numbers)),
    dialect.dropTable(numbers),
  ];
}

function selectSorted(context: Context, numbers: string | null): string {
  const { join, dialect, axis } = context;
  const keys = keysOf(context);
  const history = select(context, []);
  const items = ["a.t", ...(context.created ? ["a.cr"] : [])].join(", ");
  const numbered = (alias: string): string => `JOIN ${numbers} AS y ON ${equalKeys(keys, alias, "y")}`;
  const right =
    keys.length === 0
      ? history
      : numbers === null
        ? `SELECT a.k0 AS k, ${items} FROM (${history}) AS a WHERE k0 IN (SELECT k0 FROM ${spineRows(context)} AS s)`
        : `SELECT y.k, ${items} FROM (${history}) AS a ${numbered("a")}`;
  const left =
    keys.length === 0
      ? `${spineRows(context)} AS s`
      : numbers === null
        ? `(SELECT *, k0 AS k FROM ${spineRows(context)} AS b) AS s`
        : `(SELECT b.*, y.k FROM ${spineRows(context)} AS b ${numbered("b")}) AS s`;
  const joined = dialect.asOfJoin(
    left,
    `(${selectAxis(axis, keys.length > 0, right)}) AS e`,
    keys.length === 0 ? [] : ["s.k = e.k"],
    "s.t",
    "e.v",
  );
  const young = join.ttlUs === null || axis === "created" ? "" : ` WHERE e.x >= s.t - ${join.ttlUs}`;
  return `SELECT ${["s.r", "s.t", ...keys.map((k) => `s.${k}`), "e.x"].join(", ")} FROM ${joined}${young}`;
}

/** The history by key `k` with the time `v` from which a row counts and the time `x` of the row that is then visible. */
function selectAxis(axis: Axis, isKeyed: boolean, history: string): string {
  const key = isKeyed ? "k, " : "";
  if (axis === "known") return selectKnown(isKeyed, history);
  const time = axis === "created" ? createdOrLowest("cr") : "t";
  return `SELECT ${key}${time} AS v, ${time} AS x FROM (${history}) AS h`;
}

function keysOf({ join }: Context): readonly string[] {
  return join.keys.map((_, i) => `k${i}`);
}

function equalKeys(keys: readonly string[], left: string, right: string): string {
  return keys.map((k) => `${left}.${k} = ${right}.${k}`).join(" AND ");
}

/** The spine's rows as (r, t, k0…). */
function spineRows({ spine, join }: Context): string {
  return `(SELECT ${["r", "t", ...spineKeys(spine, join.keys)].join(", ")} FROM ${spine.table})`;
}

/**
 * A row counts from v = max(event time, created time) on. Among the rows that count at t the greatest event time wins, which is the
 * running maximum of event times in the order of v.
 */
function selectKnown(isKeyed: boolean, history: string): string {
  const key = isKeyed ? "k, " : "";
  const inner = `SELECT ${key}t, greatest(t, coalesce(cr, t)) AS v FROM (${history}) AS h`;
  const over = `${isKeyed ? "PARTITION BY k " : ""}ORDER BY v RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`;
  return `SELECT ${key}v, max(t) OVER (${over}) AS x FROM (${inner}) AS g`;
}

/** A missing created time is lowest. */
function createdOrLowest(sql: string): string {
  return `coalesce(${sql}, -9223372036854775807)`;
}

/** For each spine row, in their order, the rows that lie at the matched time: several where they tie, or one of nulls. */
function selectFeatures(context: Context, match: string): string {
  const fetched = `SELECT ${["m.r", ...fetchedItems(context)].join(", ")} FROM ${fetch(context, context.join.features.length, match)}`;
  const items = ["late", ...createdOf(context), ...outputsOf(context)].map((c) => `f.${c}`);
  return `SELECT ${["s.r", ...items].join(", ")} FROM ${context.spine.table} AS s LEFT JOIN (${fetched}) AS f ON f.r = s.r ORDER BY s.r`;
}

/** `late`, the created time where there is one, since ties go by it, and the features asked for as `o0…`. */
function fetchedItems(context: Context): readonly string[] {
  return [late(context, "m.t"), ...createdOf(context).map((c) => `e.${c}`), ...outputsOf(context).map((o, i) => `e.c${i} AS ${o}`)];
}

function createdOf({ created }: Context): readonly string[] {
  return created ? ["cr"] : [];
}

function outputsOf({ join }: Context): readonly string[] {
  return join.features.map((_, i) => `o${i}`);
}

/** The history's rows that lie at the matched times, with the first `count` columns. */
function fetch(context: Context, count: number, match: string): string {
  const { join, axis } = context;
  const on = join.keys.map((_, i) => `e.k${i} = m.k${i}`);
  on.push(axis === "created" ? `${createdOrLowest("e.cr")} = m.x` : "e.t = m.x");
  if (axis === "known") on.push("(e.cr IS NULL OR e.cr <= m.t)");
  return `(${select(context, context.columns.slice(0, count))}) AS e JOIN ${match} AS m ON ${on.join(" AND ")}`;
}

function late({ created, notAfter }: Context, time: string): string {
  if (notAfter !== undefined)
    return `${notAfter.untilUs === null ? "FALSE" : `(e.t <= ${time} - ${notAfter.delayUs} AND ${time} <= ${notAfter.untilUs})`} AS late`;
  return `${created ? `e.cr > ${time}` : "FALSE"} AS late`;
}

/** Of several rows for one spine row the greatest in the row order stays. */
function tieStatements(context: Context, match: string): readonly string[] {
  const { dialect, output, columns, order } = context;
  const outputs = outputsOf(context);
  const tied = `${output}_tied`;
  const resolve =
    columns.length === outputs.length
      ? [dialect.keepFirst(output, ["r"], descending([...createdOf(context), ...order.map((i) => `o${i}`)], dialect), isAmong(tied))]
      : replaceTable(output, selectResolved(context, match, tied), dialect);
  return [dialect.createTable(tied, `SELECT r FROM ${output} GROUP BY r HAVING count(*) > 1`), ...resolve, dialect.dropTable(tied)];
}

/** Columns of the row order that were not asked for are read now, for the tied rows alone. */
function selectResolved(context: Context, match: string, tied: string): string {
  const { dialect, columns, order, output } = context;
  const by = [...createdOf(context), ...order.map((i) => `c${i}`)].map((c) => `e.${c}`);
  const tiedMatch = `(SELECT * FROM ${match} WHERE ${isAmong(tied)})`;
  const candidates = `SELECT ${["m.r", ...fetchedItems(context)].join(", ")} FROM ${fetch(context, columns.length, tiedMatch)}`;
  const winners = dialect.firstPerPartition(candidates, ["m.r"], descending(by, dialect));
  const items = ["r", "late", ...outputsOf(context)].join(", ");
  return `SELECT ${items} FROM (SELECT ${items} FROM ${output} WHERE NOT ${isAmong(tied)} UNION ALL SELECT ${items} FROM (${winners}) AS w) AS u ORDER BY r`;
}

function isAmong(tied: string): string {
  return `(r IN (SELECT r FROM ${tied}))`;
}

function descending(columns: readonly string[], dialect: Dialect): readonly string[] {
  return columns.map((c) => dialect.orderBy(c, "descending"));
}

/** Puts the result of a SELECT, which may read the table, in the table's place. */
export function replaceTable(table: string, select: string, dialect: Dialect): readonly string[] {
  return [dialect.createTable(`${table}_next`, select), dialect.dropTable(table), `ALTER TABLE ${table}_next RENAME TO ${table}`];
}

/** A source without event time: one row per key, the greatest in the row order, whatever t is. */
function dimensionSteps(context: Context): readonly Step[] {
  const { join, spine, dialect, output, columns } = context;
  const rows = `${output}_rows`;
  const keys = join.keys.map((_, i) => `k${i}`);
  const outputs = join.features.map((_, i) => `o${i}`);
  const order = [...(context.created ? ["cr"] : []), ...context.order.map((i) => `c${i}`)].map((c) => dialect.orderBy(c, "descending"));
  const wanted =
    keys.length === 0
      ? ""
      : ` WHERE ${keyTuple(keys)} IN (SELECT ${keyTuple(spineKeys(spine, join.keys, false))} FROM ${spine.table} AS s)`;
  const distinct = keys.length === 0 ? "1" : `(SELECT count(*) FROM (SELECT DISTINCT ${keys.join(", ")} FROM ${rows}) AS d)`;
  const on =
    keys.length === 0
      ? "1 = 1"
      : spineKeys(spine, join.keys, false)
          .map((k, i) => `${k} = e.k${i}`)
          .join(" AND ");
  return [
    { phase: "read the dimension", sql: [dialect.createTable(rows, `SELECT * FROM (${select(context, columns)}) AS h${wanted}`)] },
    {
      phase: "resolve ties",
      when: `SELECT (SELECT count(*) FROM ${rows}) > ${distinct}`,
      sql: replaceTable(rows, dialect.firstPerPartition(`SELECT * FROM ${rows}`, keys, order), dialect),
    },
    {
      phase: "fetch the features",
      sql: [
        dialect.createTable(
          output,
          `SELECT ${["s.r", late(context, "s.t"), ...outputs.map((o, i) => `e.c${i} AS ${o}`)].join(", ")} FROM ${spine.table} AS s LEFT JOIN ${rows} AS e ON ${on} ORDER BY s.r`,
        ),
        dialect.dropTable(rows),
      ],
    },
  ];
}

function keyTuple(keys: readonly string[]): string {
  return keys.length === 1 ? (keys[0] ?? "") : `(${keys.join(", ")})`;
}

function select(context: Context, columns: readonly WantedColumn[]): string {
  const { bound, join, created, dialect, spine } = context;
  const keys = join.keys.map(({ key, type }) => ({ name: key, type }));
  return selectHistory(bound, { keys, columns, created, identity: false, range: rangeOf(spine, join.ttlUs) }, dialect);
}

/** Event times that any row of the spine can see. */
function rangeOf(spine: SpineTable, ttlUs: number | null): InstantRange {
  if (spine.range === null) return wholeTable;
  return { fromUs: ttlUs === null ? null : spine.range.minUs - ttlUs, toUs: spine.range.maxUs };
}
