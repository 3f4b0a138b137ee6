import type { AggregateModel, WindowedViewModel } from "../definition/model.ts";
import { assert } from "../error/error.ts";
import type { ExpressionNode } from "../expression/node.ts";
import { orderColumns } from "../value/order.ts";
import type { ValueType } from "../value/type.ts";
import { type AggregateCall, printAggregate, printBounds } from "./aggregate-sql.ts";
import { isBounded } from "./bounds.ts";
import type { Dialect, Fold, InstantRange } from "./dialect.ts";
import { type BoundHistory, foldOnce, hasCreated, hasEventIds, selectHistory, type WantedColumn } from "./history-sql.ts";
import type { JoinPlan, ViewJoin } from "./join-plan.ts";
import { replaceTable } from "./plain-view.ts";
import type { SpineTable, Step } from "./program.ts";
import { spineKeys, wholeTable } from "./spine-sql.ts";

/** A windowed view to compile. */
export interface WindowedJoin {
  readonly knowledge: JoinPlan["knowledge"];
  readonly view: WindowedViewModel;
  readonly join: ViewJoin;
  readonly bound: BoundHistory;
  readonly spine: SpineTable;
  readonly bounds: boolean;
  /**
   * The table to create: one row per spine row, in its order, with columns `o0…`, `late` (whether an event in reach was known only
   * after t) and, for bounds, `n…` and `a…`. Names of helper tables begin with it.
   */
  readonly output: string;
}

/**
 * Rule "Windowed aggregates". Keys become small integers, questions (key, t) are asked once each, and events and questions are
 * sorted together: a running count then turns each window's tail into a number of rows, so that every aggregate is a frame of rows.
 * Frames by rows cost the same for a key with a tenth of all events; frames by range do not in DuckDB. Under knowledge "created"
 * the events of a frame are not neighbours, and a join of questions to their events is folded instead.
 */
export function compileWindowedView(windowed: WindowedJoin, dialect: Dialect): readonly Step[] {
  const context = contextOf(windowed, dialect);
  const steps = [...questionSteps(context), ...eventSteps(context), ...foldSteps(context)];
  return steps.map((step) => ({ ...step, phase: `${windowed.view.name}: ${step.phase}` }));
}

/** A reach of windows: tail = floor(t / hop)·hop − window; lifetime has none. */
interface Reach {
  readonly windowUs: number;
  readonly hopUs: number;
}

interface Context extends WindowedJoin {
  readonly dialect: Dialect;
  readonly created: boolean;
  /** Whether events of a frame must also have been known by t. */
  readonly byCreated: boolean;
  readonly identity: boolean;
  /** Arguments of the aggregates as columns of the events, `c0…`, then columns that only the row order needs. */
  readonly columns: readonly WantedColumn[];
  /** How many of them are arguments. */
  readonly argumentCount: number;
  /** Places in `columns` of the row order's columns; null where nothing depends on it. */
  readonly order: readonly number[] | null;
  readonly reaches: readonly Reach[];
  readonly features: readonly FeatureCall[];
}

interface FeatureCall {
  readonly path: string;
  readonly aggregate: AggregateModel;
  readonly type: ValueType;
  /** Place in `columns`; null for count of all rows. */
  readonly argument: number | null;
  /** Place in `reaches`; null for lifetime. */
  readonly reach: number | null;
  readonly bounded: boolean;
}

const int32: ValueType = { kind: "int32" };

function contextOf(windowed: WindowedJoin, dialect: Dialect): Context {
  const { view, join, bound, bounds, knowledge } = windowed;
  const columns: WantedColumn[] = [];
  const reaches: Reach[] = [];
  const features = join.features.map(({ feature }): FeatureCall => {
    assert(feature.kind === "aggregate", `feature "${feature.name}" of a windowed view is an aggregate`);
    const { aggregate } = feature;
    return {
      path: `${view.name}:${feature.name}`,
      aggregate,
      type: feature.type,
      argument: addArgument(columns, aggregate),
      reach: addReach(reaches, aggregate),
      bounded: bounds && isBounded(feature),
    };
  });
  const argumentCount = columns.length;
  const isOrdered = features.some((f) => ["first", "last", "firstN", "lastN"].includes(f.aggregate.function.fn));
  const identity = hasEventIds(bound);
  // The earliest of several rows with one event id is kept, which takes the row order too.
  const order = orderColumns(view.source.columns).map(({ name, type }) => columns.push({ name, type }) - 1);
  if (!isOrdered && !identity) columns.length = argumentCount;
  const created = hasCreated(bound);
  const byCreated = created && knowledge === "created";
  return { ...windowed, dialect, created, byCreated, identity, columns, argumentCount, order: isOrdered ? order : null, reaches, features };
}

/** Adds the column that is present where the event counts; equal ones are shared. */
function addArgument(columns: WantedColumn[], { argument, where, function: fn }: AggregateModel): number | null {
  const counted: ExpressionNode | null = fn.fn === "count" ? null : argument;
  if (counted === null && where === null) return null;
  const value: ExpressionNode = counted ?? { node: "literal", type: int32, value: 1 };
  const expression: ExpressionNode =
    where === null
      ? value
      : {
          node: "case",
          // biome-ignore lint/suspicious/noThenProperty: a branch is data and never awaited.
          branches: [{ when: where, then: value }],
          otherwise: { node: "literal", type: value.type, value: null },
          type: value.type,
        };
  const name = JSON.stringify(expression, (_key, part: unknown) => (typeof part === "bigint" ? `${part}n` : part));
  const at = columns.findIndex((c) => c.name === name);
  return at === -1 ? columns.push({ name, type: value.type, expression }) - 1 : at;
}

function addReach(reaches: Reach[], { windowUs, hopUs }: AggregateModel): number | null {
  if (windowUs === null || hopUs === null) return null;
  const at = reaches.findIndex((r) => r.windowUs === windowUs && r.hopUs === hopUs);
  return at === -1 ? reaches.push({ windowUs, hopUs }) - 1 : at;
}

/** `_rows`: spine rows with a whole key as (r, k, t); `_keys`: the keys behind k. */
function questionSteps({ join, spine, output, dialect }: Context): readonly Step[] {
  const keys = join.keys.map((_, i) => `k${i}`);
  if (keys.length === 0) {
    return [{ phase: "number the keys", sql: [dialect.createTable(`${output}_rows`, `SELECT r, 0 AS k, t FROM ${spine.table}`)] }];
  }
  const present = keys.map((k) => `${k} IS NOT NULL`).join(" AND ");
  const named = `SELECT ${["r", "t", ...spineKeys(spine, join.keys)].join(", ")} FROM ${spine.table} AS s`;
  const distinct = `SELECT DISTINCT ${keys.join(", ")} FROM (${named}) AS d WHERE ${present}`;
  const on = keys.map((k) => `s.${k} = y.${k}`).join(" AND ");
  return [
    {
      phase: "number the keys",
      sql: [
        dialect.createTable(`${output}_keys`, `SELECT ${keys.join(", ")}, row_number() OVER () AS k FROM (${distinct}) AS u`),
        dialect.createTable(`${output}_rows`, `SELECT s.r, y.k, s.t FROM (${named}) AS s JOIN ${output}_keys AS y ON ${on}`),
      ],
    },
  ];
}

/**
 * `_events`: the events of those keys that any question can reach, each once, with the time, the arguments of the aggregates as `c0…`
 * and, if needed, the created time and the place in the row order, `ord`.
 */
function eventSteps(context: Context): readonly Step[] {
  const { output, dialect, identity } = context;
  const events = `${output}_events`;
  if (!identity)
    return [{ phase: "read the events", sql: [dialect.createTable(events, selectOrdered(context, `(${selectEvents(context)})`))] }];
  const all = `${output}_all`;
  const isRepeated = `SELECT 1 FROM ${all} WHERE eid IS NOT NULL GROUP BY k, eid HAVING count(*) > 1`;
  const order = context.columns.slice(context.argumentCount).map((_, i) => `c${context.argumentCount + i}`);
  return [
    { phase: "read the events", sql: [dialect.createTable(all, selectEvents(context))] },
    {
      phase: "fold repeated events once",
      when: `SELECT EXISTS (${isRepeated})`,
      sql: replaceTable(all, foldOnce(`SELECT * FROM ${all}`, ["k"], order, dialect), dialect),
    },
    { phase: "put the events in order", sql: [dialect.createTable(events, selectOrdered(context, all)), dialect.dropTable(all)] },
  ];
}

/** Adds the place in the row order, and leaves out the columns that only it needs. */
function selectOrdered(context: Context, events: string): string {
  const { order, created, dialect, argumentCount } = context;
  const items = ["k", "t", ...(created ? ["cr"] : []), ...Array.from({ length: argumentCount }, (_, i) => `c${i}`)];
  if (order !== null) {
    const by = ["t", ...(created ? ["cr"] : []), ...order.map((i) => `c${i}`)].map((c) => dialect.orderBy(c, "ascending"));
    items.push(`row_number() OVER (PARTITION BY k ORDER BY ${by.join(", ")}) AS ord`);
  }
  const { fromUs } = reachOf(context);
  return `SELECT ${items.join(", ")} FROM ${events} AS h${context.identity && fromUs !== null ? ` WHERE t >= ${fromUs}` : ""}`;
}

function selectEvents(context: Context): string {
  const { join, output, created, columns, identity, bound, dialect } = context;
  const keys = join.keys.map(({ key, type }) => ({ name: key, type }));
  const history = `(${selectHistory(bound, { keys, columns, created: created || identity, identity, range: rangeOf(context) }, dialect)}) AS h`;
  const on = keys.map((_, i) => `h.k${i} = y.k${i}`).join(" AND ");
  const from = keys.length === 0 ? history : `${history} JOIN ${output}_keys AS y ON ${on}`;
  const items = [keys.length === 0 ? "0 AS k" : "y.k", "h.t"];
  if (created || identity) items.push("h.cr");
  if (identity) items.push("h.eid", "h.ing");
  return `SELECT ${[...items, ...columns.map((_, i) => `h.c${i}`)].join(", ")} FROM ${from}`;
}

/** Event times to read. Of several events with one id the kept one may lie out of reach, and that decides. */
function rangeOf(context: Context): InstantRange {
  const reach = reachOf(context);
  if (!context.identity) return reach;
  // Among batch rows the earliest is kept, so that later ones cannot matter; among log rows the first to arrive.
  return { fromUs: null, toUs: context.bound.tables.log === null ? reach.toUs : null };
}

/** Event times that any question reaches. */
function reachOf({ spine, reaches, features }: Context): InstantRange {
  if (spine.range === null) return wholeTable;
  const { minUs, maxUs } = spine.range;
  const isLifetime = features.some((f) => f.reach === null);
  const tails = reaches.map(({ windowUs, hopUs }) => Math.floor(minUs / hopUs) * hopUs - windowUs);
  return { fromUs: isLifetime || tails.length === 0 ? null : Math.min(...tails), toUs: maxUs - 1 };
}

function foldSteps(context: Context): readonly Step[] {
  const { output, dialect, join, spine, features, byCreated } = context;
  const folds = `${output}_folds`;
  const items = features.flatMap((f, i) => [`o${i}`, ...(f.bounded ? [`n${i}`, `a${i}`] : [])]);
  const asked = `SELECT ${["q.r", "f.late", ...items.map((o) => `f.${o}`)].join(", ")} FROM ${output}_rows AS q JOIN ${folds} AS f ON f.k = q.k AND f.t = q.t`;
  const answers = `SELECT ${["s.r", "g.late", ...items.map((o) => `g.${o}`)].join(", ")} FROM ${spine.table} AS s LEFT JOIN (${asked}) AS g ON g.r = s.r ORDER BY s.r`;
  const helpers = [folds, `${output}_events`, `${output}_rows`, ...(join.keys.length === 0 ? [] : [`${output}_keys`])];
  const steps = byCreated ? joinedFoldSteps(context, folds) : framedFoldSteps(context, folds);
  return [...steps, { phase: "answer in spine order", sql: [dialect.createTable(output, answers), ...helpers.map(dialect.dropTable)] }];
}

/** Collects aggregate calls, each once, and gives them names. */
class CallList {
  readonly calls: string[] = [];

  add(call: string): string {
    const at = this.calls.indexOf(call);
    return `g${at === -1 ? this.calls.push(call) - 1 : at}`;
  }

  items(): readonly string[] {
    return this.calls.map((call, i) => `${call} AS g${i}`);
  }
}

function framedFoldSteps(context: Context, folds: string): readonly Step[] {
  const { output, dialect, reaches, created, order, argumentCount } = context;
  const frames = `${output}_frames`;
  const lengths = [...reaches.map((_, i) => `n${i}`), "nl"];
  const calls = new CallList();
  const values = printFeatures(context, (reach) => (call) => calls.add(`${call} OVER ${windowName(reach)}`));
  // The longest frame tells whether anything in reach was known only after t.
  const late = created ? calls.add("max(cr) OVER wm") : null;
  const columns = [
    ...(created ? ["cr"] : []),
    ...(order === null ? [] : ["ord"]),
    ...Array.from({ length: argumentCount }, (_, i) => `c${i}`),
  ];
  const nothing = columns.map((c) => `NULL AS ${c}`);
  const eventRows = `SELECT k, t, 2 AS kind, 1 AS x, ${[...columns, ...lengths.map((n) => `0 AS ${n}`)].join(", ")} FROM ${output}_events`;
  const questionRows = `SELECT k, t, 1 AS kind, NULL AS x, ${[...nothing, ...lengths].join(", ")} FROM ${frames}`;
  const longest =
    lengths.length === 1 || context.features.some((f) => f.reach === null) ? "nl" : `greatest(${lengths.slice(0, -1).join(", ")})`;
  const windows = [...reaches.map((_, i) => [windowName(i), `n${i}`]), [windowName(null), "nl"], ["wm", longest]].map(
    ([name, length]) => `${name} AS (PARTITION BY k ORDER BY t, kind ROWS BETWEEN ${length} PRECEDING AND 1 PRECEDING)`,
  );
  const framed = `SELECT ${["k", "t", "kind", ...calls.items()].join(", ")} FROM (${eventRows} UNION ALL ${questionRows}) AS u WINDOW ${windows.join(", ")}`;
  const isLate = late === null ? "FALSE" : `${late} > t`;
  return [
    { phase: "measure the windows", sql: [dialect.createTable(frames, selectFrames(context))] },
    {
      phase: "fold the windows",
      sql: [
        dialect.createTable(folds, `SELECT ${["k", "t", `${isLate} AS late`, ...values].join(", ")} FROM (${framed}) AS w WHERE kind = 1`),
        dialect.dropTable(frames),
      ],
    },
  ];
}

function windowName(reach: number | null): string {
  return reach === null ? "wl" : `w${reach}`;
}

/**
 * For each question the length of its frames: how many rows (events and questions) lie between a tail and the question. Tails are
 * put among them as markers before all rows of their time, questions before the events of theirs; a running count does the rest.
 */
function selectFrames({ output, reaches, dialect }: Context): string {
  const questions = `(SELECT DISTINCT k, t FROM ${output}_rows)`;
  const tails = reaches.map(
    ({ windowUs, hopUs }, i) =>
      `SELECT k, t - ${dialect.floorMod("t", String(hopUs))} - ${windowUs} AS t, 0 AS kind, 0 AS x, t AS asked, ${i} AS w FROM ${questions} AS q`,
  );
  const rows = [
    `SELECT k, t, 2 AS kind, 1 AS x, NULL AS asked, NULL AS w FROM ${output}_events`,
    `SELECT k, t, 1 AS kind, 1 AS x, t AS asked, -1 AS w FROM ${questions} AS q`,
    ...tails,
  ].join(" UNION ALL ");
  const counted = `SELECT k, asked, w, sum(x) OVER (PARTITION BY k ORDER BY t, kind ROWS UNBOUNDED PRECEDING) AS n FROM (${rows}) AS u`;
  const before = "max(CASE WHEN w = -1 THEN n END) - 1";
  const lengths = [
    ...reaches.map((_, i) => `CAST(${before} - max(CASE WHEN w = ${i} THEN n END) AS BIGINT) AS n${i}`),
    `CAST(${before} AS BIGINT) AS nl`,
  ];
  return `SELECT k, asked AS t, ${lengths.join(", ")} FROM (${counted}) AS c WHERE asked IS NOT NULL GROUP BY k, asked`;
}

function joinedFoldSteps(context: Context, folds: string): readonly Step[] {
  const { output, dialect, reaches, features } = context;
  const calls = new CallList();
  const tails = reaches.map(({ windowUs, hopUs }, i) => `t - ${dialect.floorMod("t", String(hopUs))} - ${windowUs} AS n${i}`);
  const values = printFeatures(
    context,
    (reach) => (call) => calls.add(reach === null ? call : `${call} FILTER (WHERE e.t >= q.n${reach})`),
  );
  const questions = `(SELECT ${["k", "t", ...tails].join(", ")} FROM (SELECT DISTINCT k, t FROM ${output}_rows) AS d) AS q`;
  const on = ["e.k = q.k", "e.t < q.t", "(e.cr IS NULL OR e.cr <= q.t)"];
  const isLifetime = features.some((f) => f.reach === null);
  if (!isLifetime) on.push(`e.t >= least(${reaches.map((_, i) => `q.n${i}`).join(", ")})`);
  const joined = `SELECT ${["q.k", "q.t", ...calls.items()].join(", ")} FROM ${questions} LEFT JOIN (SELECT *, 1 AS x FROM ${output}_events) AS e ON ${on.join(" AND ")} GROUP BY q.k, q.t`;
  return [
    {
      phase: "fold the windows",
      sql: [dialect.createTable(folds, `SELECT ${["k", "t", "FALSE AS late", ...values].join(", ")} FROM (${joined}) AS w`)],
    },
  ];
}

/** The features' values over named calls: `… AS o0`, with bounds `… AS n0, … AS a0`. */
function printFeatures(context: Context, foldOf: (reach: number | null) => Fold): readonly string[] {
  const { features, dialect, columns } = context;
  return features.flatMap((feature, i) => {
    const call: AggregateCall = {
      path: feature.path,
      aggregate: feature.aggregate,
      type: feature.type,
      argument: feature.argument === null ? "x" : `c${feature.argument}`,
      argumentType: columns[feature.argument ?? -1]?.type ?? int32,
      ordinal: "ord",
      fold: foldOf(feature.reach),
    };
    const value = `${printAggregate(call, dialect)} AS o${i}`;
    if (!feature.bounded) return [value];
    const { count, magnitude } = printBounds(call, dialect);
    return [value, `${count} AS n${i}`, `${magnitude} AS a${i}`];
  });
}
