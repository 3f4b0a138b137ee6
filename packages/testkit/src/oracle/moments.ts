import type { JoinPlan, Moments, Value, ViewJoin } from "@asof/core";
import { rowsOfKey } from "./as-of.ts";
import type { Event, SourceTables, SpineRow } from "./data.ts";
import { historyOf } from "./history.ts";
import { designRules, naiveCompare, type Rules } from "./rules.ts";

/** What retrievals without a spine add to the rules, one line each. */
export interface MomentRules {
  /** The interval is half-open. */
  isInside(t: number, startUs: number, endUs: number): boolean;
  /** Source rows seen before and at an instant, `view/feature/row`: any difference is a change, rows that leave included. */
  hasChanged(before: ReadonlySet<string>, after: ReadonlySet<string>): boolean;
  /** Keys come from every view that has all of them. */
  givesKeys(view: number): boolean;
  /** A key counts from the first row on that a read could see; null = there is none so far. */
  isKnown(rowsSeen: number): boolean;
  /** A view with fewer keys changes every key that agrees with it. */
  changesOthers(): boolean;
}

export const designMomentRules: MomentRules = {
  isInside: (t, startUs, endUs) => t >= startUs && t < endUs,
  hasChanged: (before, after) => before.size !== after.size || [...after].some((row) => !before.has(row)),
  givesKeys: () => true,
  isKnown: (rowsSeen) => rowsSeen > 0,
  changesOthers: () => true,
};

/** The rows that `between` and `latestAsOf` must have, sorted by key and time. Looks at each instant and the microsecond before it. */
export function momentsOracle(
  plan: JoinPlan,
  tables: SourceTables,
  moments: Moments,
  rules: Rules = designRules,
  momentRules: MomentRules = designMomentRules,
): readonly SpineRow[] {
  const views = plan.views.map((join) => ({
    join,
    events: historyOf(join, tables[join.view.source.name] ?? { batch: [], log: [] }, rules),
  }));
  const isWhole = (join: ViewJoin): boolean => plan.spine.keys.every((k) => join.keys.some((own) => own.spineColumn === k.column));
  const whole = views.filter(({ join }) => isWhole(join)).filter((_, i) => momentRules.givesKeys(i));
  const keyOf = (join: ViewJoin, e: Event): Record<string, Value> =>
    Object.fromEntries(join.keys.map((k) => [k.spineColumn, e.source[k.key] ?? null]));
  const keys = distinctKeys(
    plan,
    whole.flatMap(({ join, events }) => events.map((e) => keyOf(join, e))),
  ).filter((key) => rules.hasKey(Object.values(key)));
  const isKnown = (row: SpineRow, t: number): boolean =>
    momentRules.isKnown(
      whole.flatMap(({ join, events }) => rowsOfKey(plan, join, events, row, t, rules).filter((e) => isPast(join, e, t, rules))).length,
    );
  const seen = (row: SpineRow, t: number): Set<string> =>
    new Set(
      views
        .filter(({ join }) => isWhole(join) || momentRules.changesOthers())
        .flatMap(({ join, events }, i) => seenRows(join, rowsOfKey(plan, join, events, row, t, rules), t, rules).map((e) => `${i}/${e}`)),
    );
  const instants =
    moments.kind === "latest" ? [moments.atUs] : candidates(views).filter((t) => momentRules.isInside(t, moments.startUs, moments.endUs));
  return keys.flatMap((values) =>
    instants.flatMap((t): SpineRow[] => {
      const row = { values, asOfNs: BigInt(t) * 1000n };
      if (!isKnown(row, t)) return [];
      return moments.kind === "latest" || momentRules.hasChanged(seen(row, t - 1), seen(row, t)) ? [row] : [];
    }),
  );
}

/** Whether a read at t could have seen the row, were it the newest. */
function isPast(join: ViewJoin, e: Event, t: number, rules: Rules): boolean {
  return join.view.form === "plain" ? rules.happened(e.eventUs, t) : rules.isBefore(e.eventUs, t, null);
}

/** The rows of a key that a read at t stands on: the visible one, or those inside of each window. */
function seenRows(join: ViewJoin, events: readonly Event[], t: number, rules: Rules): string[] {
  const all = events.map((e) => ({ e, id: `${e.eventUs}/${e.createdUs}/${e.eventId}` }));
  if (join.view.form === "plain") {
    const visible = all.filter(({ e }) => rules.happened(e.eventUs, t) && (join.ttlUs === null || rules.isYoung(e.eventUs, t, join.ttlUs)));
    return visible.slice(-1).map(({ id }) => id);
  }
  return join.features.flatMap(({ feature: f }) => {
    if (f.kind !== "aggregate") return [];
    const { windowUs, hopUs } = f.aggregate;
    const tail = windowUs === null || hopUs === null ? -Infinity : rules.tail(t, windowUs, hopUs);
    return all.filter(({ e }) => rules.isInside(e.eventUs, tail) && rules.isBefore(e.eventUs, t, hopUs)).map(({ id }) => `${f.name}/${id}`);
  });
}

/** Instants at which anything could change, and many at which nothing does: times of rows, ages, hop edges after a window, and neighbours. */
function candidates(views: readonly { readonly join: ViewJoin; readonly events: readonly Event[] }[]): readonly number[] {
  const found = views.flatMap(({ join, events }) => {
    const windows = join.features.flatMap(({ feature: f }) => (f.kind === "aggregate" ? [f.aggregate] : []));
    return events.flatMap((e) => [
      e.eventUs,
      ...(e.createdUs === null ? [] : [e.createdUs]),
      ...(join.ttlUs === null ? [] : [e.eventUs + join.ttlUs]),
      ...windows.flatMap(({ windowUs, hopUs }) =>
        windowUs === null || hopUs === null ? [] : [0, 1, 2].map((n) => (Math.floor((e.eventUs + windowUs) / hopUs) + n) * hopUs),
      ),
    ]);
  });
  const near = found.filter(Number.isFinite).flatMap((t) => [t - 1, t, t + 1, t + 2]);
  return [...new Set(near)].sort((a, b) => a - b);
}

function distinctKeys(plan: JoinPlan, keys: readonly Readonly<Record<string, Value>>[]): readonly Readonly<Record<string, Value>>[] {
  const compare = (a: Readonly<Record<string, Value>>, b: Readonly<Record<string, Value>>): number =>
    plan.spine.keys.map((k) => naiveCompare(k.type, a[k.column] ?? null, b[k.column] ?? null)).find((order) => order !== 0) ?? 0;
  const sorted = keys.toSorted(compare);
  return sorted.filter((key, i) => i === 0 || compare(sorted[i - 1] ?? {}, key) !== 0);
}
