import {
  type ExpressionNode,
  equalValues,
  type FeatureModel,
  type JoinPlan,
  type SourceModel,
  type Value,
  type ViewJoin,
} from "@asof/core";
import type { SourceRow, SourceTable, SpineRow } from "../oracle/data.ts";
import type { Case } from "./case.ts";
import { simplestValue } from "./values.ts";

/** Simpler cases next to this one, the boldest first: fewer views, rows, features, columns, simpler values and storage. */
export function* shrink(one: Case): Generator<Case> {
  yield* without(one.plan.views, (views) => withViews(one, views), 1);
  yield* without(one.spine.rows, (rows) => ({ ...one, spine: { ...one.spine, rows } }), 1);
  for (const [name, table] of Object.entries(one.tables)) {
    yield* without(table.batch, (batch) => withTable(one, name, { ...table, batch }), 0);
    yield* without(table.log, (log) => withTable(one, name, { ...table, log }), 0);
  }
  yield* fewerFeatures(one);
  yield* fewerColumns(one);
  yield* plainerPlan(one);
  yield* plainerRows(one);
}

/** Cases with fewer views, features and columns over the same rows. */
export function* shrinkPlan(one: Case): Generator<Case> {
  yield* without(one.plan.views, (views) => withViews(one, views), 1);
  yield* fewerFeatures(one);
  yield* fewerColumns(one);
}

/**
 * The simplest case that still fails, reached by trying simpler neighbours until none fails or `attemptsMax` were tried.
 * `fails` gets cases that may be wrong in other ways than the first; it decides what counts.
 */
export async function findMinimal(
  first: Case,
  fails: (candidate: Case) => boolean | Promise<boolean>,
  attemptsMax = 1_000,
): Promise<{ readonly minimal: Case; readonly attempts: number }> {
  let minimal = first;
  let attempts = 0;
  for (let isSimpler = true; isSimpler && attempts < attemptsMax; ) {
    isSimpler = false;
    for (const candidate of shrink(minimal)) {
      if (attempts++ >= attemptsMax) break;
      if (!(await fails(candidate))) continue;
      minimal = candidate;
      isSimpler = true;
      break;
    }
  }
  return { minimal, attempts };
}

/** The list without a half, a quarter, … a single element; never shorter than `min`. */
function* without<T>(list: readonly T[], make: (shorter: readonly T[]) => Case, min: number): Generator<Case> {
  for (let size = Math.floor(list.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < list.length; from += size) {
      const shorter = [...list.slice(0, from), ...list.slice(from + size)];
      if (shorter.length >= min) yield make(shorter);
    }
  }
  if (list.length === 1 && min === 0) yield make([]);
}

function withViews(one: Case, views: readonly ViewJoin[]): Case {
  const names = new Set(views.map((v) => v.view.source.name));
  const keep = <T>(byName: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(byName).filter(([name]) => names.has(name)));
  const used = new Set(views.flatMap((v) => v.keys.map((k) => k.spineColumn)));
  const keys = one.plan.spine.keys.filter((k) => used.has(k.column));
  return {
    ...one,
    plan: { ...one.plan, views, spine: { ...one.plan.spine, keys } },
    tables: keep(one.tables),
    storage: keep(one.storage),
  };
}

function withTable(one: Case, name: string, table: SourceTable): Case {
  return { ...one, tables: { ...one.tables, [name]: table } };
}

function replaceView(one: Case, index: number, join: ViewJoin): Case {
  return withViews(one, one.plan.views.with(index, join));
}

/** Features asked for, then features that a view has and nobody asks for (they still decide ties of plain views). */
function* fewerFeatures(one: Case): Generator<Case> {
  for (const [i, join] of one.plan.views.entries()) {
    yield* without(join.features, (features) => replaceView(one, i, { ...join, features }), 1);
    const asked = new Set(join.features.map((f) => f.feature.name));
    const extra = join.view.features.filter((f) => !asked.has(f.name));
    const keepOnly = (features: readonly FeatureModel[]): Case => {
      const kept = new Set([...asked, ...features.map((f) => f.name)]);
      return replaceView(one, i, { ...join, view: { ...join.view, features: join.view.features.filter((f) => kept.has(f.name)) } });
    };
    yield* without(extra, keepOnly, 0);
  }
}

/** Source columns that no feature reads. */
function* fewerColumns(one: Case): Generator<Case> {
  for (const name of Object.keys(one.tables)) {
    const views = one.plan.views.filter((v) => v.view.source.name === name);
    const used = new Set(views.flatMap((v) => v.view.features.flatMap(columnsOfFeature)));
    const columns = views[0]?.view.source.columns ?? [];
    for (const column of columns.filter((c) => !used.has(c.name))) {
      const narrower = mapSource(one, name, (source) => ({ ...source, columns: source.columns.filter((c) => c.name !== column.name) }));
      const drop = (row: SourceRow): SourceRow => ({ ...row, values: omit(row.values, column.name) });
      const table = one.tables[name];
      if (table !== undefined) yield withTable(narrower, name, { batch: table.batch.map(drop), log: table.log.map(drop) });
    }
  }
}

function omit(values: Readonly<Record<string, Value>>, name: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).filter(([other]) => other !== name));
}

function columnsOfFeature(feature: FeatureModel): readonly string[] {
  if (feature.kind === "column") return [feature.name];
  if (feature.kind === "derived") return columnsOf(feature.expression);
  if (feature.kind !== "aggregate") return [];
  const { argument, where } = feature.aggregate;
  return [...(argument === null ? [] : columnsOf(argument)), ...(where === null ? [] : columnsOf(where))];
}

function columnsOf(node: ExpressionNode): readonly string[] {
  if (node.node === "column") return [node.name];
  if (node.node === "literal") return [];
  if (node.node === "call") return node.args.flatMap(columnsOf);
  return [...node.branches.flatMap((b) => [...columnsOf(b.when), ...columnsOf(b.then)]), ...columnsOf(node.otherwise)];
}

/** Changes a source wherever the plan mentions it, its batch side included. */
function mapSource(one: Case, name: string, change: <S extends SourceModel>(source: S) => S): Case {
  const views = one.plan.views.map((join): ViewJoin => {
    if (join.view.source.name !== name) return join;
    const { batch, log } = join.history;
    const source = change(join.view.source);
    const changed = source.type === "push" && source.batch !== null ? { ...source, batch: change(source.batch) } : source;
    return {
      ...join,
      view: { ...join.view, source: changed },
      history: { ...join.history, batch: batch === null ? null : change(batch), log: log === null ? null : { ...log, source: changed } },
    };
  });
  return { ...one, plan: { ...one.plan, views } };
}

/** A plan with fewer refinements, stored in the plainest way. */
function* plainerPlan(one: Case): Generator<Case> {
  const { plan, spine } = one;
  const withPlan = (change: Partial<JoinPlan>): Case => ({ ...one, plan: { ...plan, ...change } });
  if (plan.bounds) yield withPlan({ bounds: false });
  if (plan.knowledge === "created") yield withPlan({ knowledge: "event" });
  const keys = new Set(plan.spine.keys.map((k) => k.column));
  const columns = spine.columns.filter((c) => keys.has(c.name));
  if (columns.length < spine.columns.length) {
    const dropped = spine.columns.filter((c) => !keys.has(c.name));
    const rows = spine.rows.map((row) => ({ ...row, values: dropped.reduce((values, c) => omit(values, c.name), row.values) }));
    yield { ...one, spine: { ...spine, columns, rows } };
  }
  if (spine.kind === "parquet") yield { ...one, spine: { ...spine, kind: "rows", timeUnit: "us" } };
  for (const [name, storage] of Object.entries(one.storage)) {
    if (storage.files > 1) yield { ...one, storage: { ...one.storage, [name]: { ...storage, files: 1 } } };
    const isWhole = one.tables[name]?.batch.every((row) => (row.eventNs ?? 0n) % 1000n === 0n) === true;
    if (storage.eventUnit !== "us" && isWhole) yield { ...one, storage: { ...one.storage, [name]: { ...storage, eventUnit: "us" } } };
    if (storage.zoned) yield { ...one, storage: { ...one.storage, [name]: { ...storage, zoned: false } } };
    const source = plan.views.find((v) => v.view.source.name === name)?.view.source;
    const mapped = source?.type === "push" ? source.batch?.mapping : source?.mapping;
    if (Object.keys(mapped ?? {}).length > 0) yield mapSource(one, name, (s) => ({ ...s, mapping: {} }));
  }
  for (const [i, join] of plan.views.entries()) {
    if (join.ttlUs !== null) yield replaceView(one, i, { ...join, ttlUs: null });
    for (const { feature } of join.features) yield* plainerAggregate(one, i, feature);
  }
}

function* plainerAggregate(one: Case, index: number, feature: FeatureModel): Generator<Case> {
  const join = one.plan.views[index];
  if (join === undefined || feature.kind !== "aggregate") return;
  const { aggregate } = feature;
  const replace = (next: FeatureModel): Case =>
    replaceView(one, index, {
      ...join,
      view: { ...join.view, features: join.view.features.map((f) => (f.name === feature.name ? next : f)) },
      features: join.features.map((f) => (f.feature.name === feature.name ? { ...f, feature: next } : f)),
    });
  if (aggregate.where !== null) yield replace({ ...feature, aggregate: { ...aggregate, where: null } });
  if (aggregate.windowUs !== null) yield replace({ ...feature, aggregate: { ...aggregate, windowUs: null, hopUs: null } });
}

/** Rows with nulls and plain values instead of special ones. */
function* plainerRows(one: Case): Generator<Case> {
  for (const [name, table] of Object.entries(one.tables)) {
    const types = new Map(
      one.plan.views.filter((v) => v.view.source.name === name).flatMap((v) => v.view.source.columns.map((c) => [c.name, c.type] as const)),
    );
    for (const side of ["batch", "log"] as const) {
      for (const [i, row] of table[side].entries()) {
        for (const next of plainerRow(row, side)) yield withTable(one, name, { ...table, [side]: table[side].with(i, next) });
        for (const [column, type] of types) {
          const value = row.values[column] ?? null;
          for (const plain of [null, simplestValue(type)]) {
            if (value === null || equalValues(type, value, plain)) continue;
            const next = { ...row, values: { ...row.values, [column]: plain } };
            yield withTable(one, name, { ...table, [side]: table[side].with(i, next) });
          }
        }
      }
    }
  }
  for (const [i, row] of one.spine.rows.entries()) {
    const whole = row.asOfNs - (((row.asOfNs % 1000n) + 1000n) % 1000n);
    const next: SpineRow = { ...row, asOfNs: whole };
    if (whole !== row.asOfNs) yield { ...one, spine: { ...one.spine, rows: one.spine.rows.with(i, next) } };
  }
}

function* plainerRow(row: SourceRow, side: "batch" | "log"): Generator<SourceRow> {
  if (row.createdNs !== null && side === "batch") yield { ...row, createdNs: null };
  if (row.eventNs !== null && row.eventNs % 1000n !== 0n)
    yield { ...row, eventNs: row.eventNs - (((row.eventNs % 1000n) + 1000n) % 1000n) };
}
