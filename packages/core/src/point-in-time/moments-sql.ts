import type { AggregateModel } from "../definition/model.ts";
import { assert } from "../error/error.ts";
import { orderColumns } from "../value/order.ts";
import type { Dialect, InstantRange } from "./dialect.ts";
import { type BoundHistory, bindHistory, foldOnce, hasCreated, hasEventIds, selectHistory, type WantedColumn } from "./history-sql.ts";
import type { JoinPlan, ViewJoin } from "./join-plan.ts";
import type { HistoryTables } from "./program.ts";

/**
 * Which rows a retrieval without a spine has. `between`: for each key every instant of `[startUs, endUs)` at which the source rows that
 * an as-of read sees become others. `latest`: each key known at `atUs`, at that instant.
 */
export type Moments =
  | { readonly kind: "between"; readonly startUs: number; readonly endUs: number }
  | { readonly kind: "latest"; readonly atUs: number };

/**
 * The rows of a retrieval without a spine as a SELECT of `k0…`, the plan's spine keys in storage form, and `t`, microseconds; each once,
 * in no order.
 *
 * A plain view changes when its visible row does: one comes into view at its event time (under knowledge "created", once it is known as
 * well), or the one in view gets older than the ttl. A windowed view changes at the first microsecond after an event, since the event
 * at t is not seen at t, and where the tail of one of its windows moves past the event. A source without event time changes only as far
 * as its created times are asked about.
 *
 * A key is known from the first row on that a read could see. Keys come from the views that have all of the keys; a view with fewer
 * keys, or none, changes every known key that agrees with it.
 */
export function selectMoments(plan: JoinPlan, histories: readonly HistoryTables[], moments: Moments, dialect: Dialect): string {
  // Labels are what is told later of a row: they make none.
  const views = plan.views.flatMap((join, i) =>
    join.label === undefined ? [viewOf(plan, join, histories[i] ?? { batch: null, log: null }, dialect)] : [],
  );
  const all = plan.spine.keys.map((_, i) => `k${i}`);
  const whole = views.filter((v) => v.places.length === all.length);
  assert(whole.length > 0, "a retrieval without a spine has a view with all of the keys");
  if (moments.kind === "latest") {
    const known = whole.map((v) => `SELECT ${items([...all, "v"])} FROM (${appearances(v, moments.atUs)}) AS a`).join(" UNION ALL ");
    return `SELECT DISTINCT ${items([...all, `${moments.atUs} AS t`])} FROM (${known}) AS u`;
  }
  const changes = whole.flatMap((v) => changesOf(v, moments).map((change) => `SELECT ${items([...all, "t"])} FROM (${change}) AS c`));
  const partial = views.filter((v) => v.places.length < all.length);
  if (partial.length > 0) {
    const firsts = whole.map((v) => `SELECT ${items([...all, "v"])} FROM (${appearances(v, moments.endUs - 1)}) AS a`).join(" UNION ALL ");
    const known = `SELECT ${items([...all, "min(v) AS v"])} FROM (${firsts}) AS u${all.length === 0 ? "" : ` GROUP BY ${all.join(", ")}`}`;
    for (const view of partial) {
      const on = [...view.keys.map((k) => `c.${k} = y.${k}`), "y.v <= c.t"].join(" AND ");
      for (const change of changesOf(view, moments))
        changes.push(`SELECT ${items([...all.map((k) => `y.${k}`), "c.t"])} FROM (${change}) AS c JOIN (${known}) AS y ON ${on}`);
    }
  }
  const inside = `t >= ${moments.startUs} AND t < ${moments.endUs}`;
  return `SELECT DISTINCT ${items([...all, "t"])} FROM (${changes.join(" UNION ALL ")}) AS u WHERE ${inside}`;
}

interface MomentView {
  readonly join: ViewJoin;
  readonly bound: BoundHistory;
  readonly dialect: Dialect;
  /** Places of its keys among the plan's spine keys. */
  readonly places: readonly number[];
  /** Its keys by the names of the plan's. */
  readonly keys: readonly string[];
  /** Whether a row counts only once it is known. */
  readonly byCreated: boolean;
}

function viewOf(plan: JoinPlan, join: ViewJoin, tables: HistoryTables, dialect: Dialect): MomentView {
  const bound = bindHistory(join, tables);
  const places = join.keys.map(({ spineColumn }) => plan.spine.keys.findIndex((k) => k.column === spineColumn));
  const byCreated = plan.knowledge === "created" && hasCreated(bound);
  return { join, bound, dialect, places, keys: places.map((place) => `k${place}`), byCreated };
}

function items(columns: readonly string[]): string {
  return columns.join(", ");
}

/** Keys and `v`, from which on a read sees a row of theirs: one row per row of the history that a read at `toUs` sees. */
function appearances(view: MomentView, toUs: number): string {
  const { join } = view;
  const isWindowed = join.view.form === "windowed";
  const rows = selectRows(view, { fromUs: null, toUs: isWindowed ? toUs - 1 : toUs });
  return `SELECT ${items([...view.keys, "v"])} FROM (${rows}) AS r WHERE v <= ${toUs}`;
}

/**
 * The view's history by its keys, each part there: event time `t`, and `v`, from which on a read sees the row. Of a source without event
 * time `v` is the created time where that counts, else lowest.
 */
function selectRows(view: MomentView, range: InstantRange): string {
  const { join, bound, dialect, byCreated } = view;
  const isWindowed = join.view.form === "windowed";
  const identity = isWindowed && hasEventIds(bound);
  const order: readonly WantedColumn[] = identity ? orderColumns(bound.source.columns).map(({ name, type }) => ({ name, type })) : [];
  const keys = join.keys.map(({ key, type }) => ({ name: key, type }));
  const query = { keys, columns: order, created: byCreated || identity, identity, range: identity ? { fromUs: null, toUs: null } : range };
  const own = keys.map((_, i) => `k${i}`);
  const select = `SELECT * FROM (${selectHistory(bound, query, dialect)}) AS h${own.length === 0 ? "" : ` WHERE ${own.map((k) => `${k} IS NOT NULL`).join(" AND ")}`}`;
  const once = identity
    ? foldOnce(
        select,
        own,
        order.map((_, i) => `c${i}`),
        dialect,
      )
    : select;
  const seen = bound.source.eventTime === null ? lowest : isWindowed ? "t + 1" : "t";
  const v = byCreated ? `greatest(${seen}, coalesce(cr, ${seen}))` : seen;
  return `SELECT ${items([...own.map((k, i) => `${k} AS ${view.keys[i]}`), "t", `${v} AS v`])} FROM (${once}) AS o`;
}

/** Below every instant, and far enough from the end of int64 to be added to. */
const lowest = "-9200000000000000000";

/** SELECTs of the view's keys and instants `t` at which it changes; some outside of the interval. */
function changesOf(view: MomentView, interval: { readonly startUs: number; readonly endUs: number }): readonly string[] {
  if (view.join.view.form === "windowed") return windowedChanges(view, interval);
  return plainChanges(view, interval);
}

function plainChanges(view: MomentView, { startUs, endUs }: { readonly startUs: number; readonly endUs: number }): readonly string[] {
  const { join, byCreated, bound, keys } = view;
  const { ttlUs } = join;
  const from = ttlUs === null ? (byCreated ? null : startUs) : startUs - ttlUs - 1;
  const rows = selectRows(view, { fromUs: from, toUs: endUs - 1 });
  // Without event time a row comes into view when it becomes known, and none ever leaves.
  if (bound.source.eventTime === null || (!byCreated && ttlUs === null))
    return [`SELECT ${items([...keys, "v AS t"])} FROM (${rows}) AS r`];
  const partition = keys.length === 0 ? "" : `PARTITION BY ${keys.join(", ")} `;
  // `x`: the event time in view at v. A row that becomes known after a newer one never comes into view.
  const newest = `SELECT ${items([...keys, "t", "v", `max(t) OVER (${partition}ORDER BY v RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS x`])} FROM (${rows}) AS r`;
  const young = ttlUs === null ? "" : ` AND t >= v - ${ttlUs}`;
  const arrivals = `SELECT ${items([...keys, "v AS t"])} FROM (${newest}) AS n WHERE t = x${young}`;
  if (ttlUs === null) return [arrivals];
  const steps = `SELECT ${items([...keys, "x", "min(v) AS v"])} FROM (${newest}) AS n GROUP BY ${items([...keys, "x"])}`;
  const followed = `SELECT ${items([...keys, "x", "v", `lead(v) OVER (${partition}ORDER BY x) AS next_v`])} FROM (${steps}) AS s`;
  const expired = `v <= x + ${ttlUs} AND (next_v IS NULL OR next_v > x + ${ttlUs})`;
  return [arrivals, `SELECT ${items([...keys, `x + ${ttlUs} + 1 AS t`])} FROM (${followed}) AS f WHERE ${expired}`];
}

function windowedChanges(view: MomentView, { startUs, endUs }: { readonly startUs: number; readonly endUs: number }): readonly string[] {
  const { join, byCreated, keys, dialect } = view;
  const aggregates = join.features.flatMap(({ feature }) => (feature.kind === "aggregate" ? [feature.aggregate] : []));
  const reaches = distinctReaches(aggregates);
  const isLifetime = aggregates.some((a) => a.windowUs === null);
  const longest = Math.max(1, ...reaches.map((r) => r.windowUs + r.hopUs));
  const rows = selectRows(view, { fromUs: isLifetime && byCreated ? null : startUs - longest, toUs: endUs - 2 });
  const departures = reaches.map((r) => `t - ${dialect.floorMod("t", String(r.hopUs))} + ${r.windowUs + r.hopUs}`);
  // An event that becomes known after it left a window was never in it.
  const everSeen = isLifetime || !byCreated ? "" : ` WHERE ${departures.map((d) => `v < ${d}`).join(" OR ")}`;
  return [
    `SELECT ${items([...keys, "v AS t"])} FROM (${rows}) AS r${everSeen}`,
    ...departures.map((d) => `SELECT ${items([...keys, `${d} AS t`])} FROM (${rows}) AS r WHERE v < ${d}`),
  ];
}

function distinctReaches(aggregates: readonly AggregateModel[]): readonly { readonly windowUs: number; readonly hopUs: number }[] {
  const reaches = new Map<string, { readonly windowUs: number; readonly hopUs: number }>();
  for (const { windowUs, hopUs } of aggregates) {
    if (windowUs !== null && hopUs !== null) reaches.set(`${windowUs}/${hopUs}`, { windowUs, hopUs });
  }
  return [...reaches.values()];
}
