import { isOrderSensitive } from "../definition/aggregate-type.ts";
import type { FeatureModel, WindowedViewModel } from "../definition/model.ts";
import { tailUs } from "../definition/window.ts";
import { AsofError, assert } from "../error/error.ts";
import type { ExpressionNode } from "../expression/node.ts";
import type { ColumnInfo } from "../store/offline.ts";
import { sha256Hex } from "../value/hash.ts";
import { compareText, orderColumns } from "../value/order.ts";
import { type Aggregate, aggregateOf, stateName } from "./algebra.ts";
import { canonicalText } from "./canonical-text.ts";
import { type ValueForm, valueForm } from "./compact-bytes.ts";

const dayUs = 86_400_000_000;

/** Blocks are the unit in which materialization replaces; a longer one would make it read too much. */
const blockMaxUs = 366 * dayUs;

/**
 * One partial state per tile. Features whose state would be the same share a slot: `sum` of a column over 7 d and over 3 d, or its
 * variance and stddev.
 */
export interface Slot {
  readonly algebra: Aggregate<unknown>;
  /** Index of the argument's value in a raw event; −1 for count of rows. */
  readonly argument: number;
  /** Index of the condition that events must meet; −1 for none. */
  readonly filter: number;
  /** Identifies what the stored state means: 12 hexadecimal digits. */
  readonly fingerprint: string;
}

/**
 * The tiles of one hop size. Lifetime features have day tiles of their own, which never expire and are not merged into one as they
 * age: late batch rows and a moved handover rebuild single days, whatever their age.
 */
export interface Series {
  /** Part of the names under which the tiles are stored. */
  readonly name: string;
  readonly hopUs: number;
  /** The longest window read from these tiles; null = lifetime. */
  readonly windowUs: number | null;
  readonly slots: readonly Slot[];
}

export interface WindowFeature {
  readonly name: string;
  readonly series: number;
  readonly slot: number;
  readonly windowUs: number | null;
  readonly hopUs: number;
  readonly algebra: Aggregate<unknown>;
}

/** An expression whose value is kept in raw events. */
export interface KeptExpression {
  readonly node: ExpressionNode;
  readonly form: ValueForm;
  readonly fingerprint: string;
}

/** What a windowed view keeps per key, derived from its definition. */
export interface WindowLayout {
  readonly view: string;
  /** What an event must bring: declared source columns and, where expressions use them, keys. */
  readonly columns: readonly ColumnInfo[];
  /** Columns of the row order among them; empty where no feature depends on it. */
  readonly orderColumns: readonly ColumnInfo[];
  readonly series: readonly Series[];
  readonly arguments: readonly KeptExpression[];
  readonly filters: readonly KeptExpression[];
  readonly features: readonly WindowFeature[];
  readonly separableUs: number;
  /** The smallest span that is a whole number of every hop: materialization replaces blocks of it. */
  readonly blockUs: number;
}

/** Derives what to keep from a view's definition. ASOF_WINDOW_INVALID where its hops have no common multiple of at most 366 d. */
export function planLayout(view: WindowedViewModel): WindowLayout {
  const isSensitive = view.features.some((f) => f.kind === "aggregate" && isOrderSensitive(f.aggregate.function));
  const order = isSensitive ? orderColumns(view.source.columns.map(({ name, type }) => ({ name, type }))) : [];
  const kept = view.features.map((feature) => keepFeature(view, feature, order));
  const args = onceByFingerprint(kept.flatMap(({ argument }) => argument ?? []));
  const filters = onceByFingerprint(kept.flatMap(({ filter }) => filter ?? []));
  const names = [...new Set(kept.map(({ series }) => series))].sort(compareText);
  const series = names.map((name) => planSeries(name, kept, args, filters));
  return {
    ...{ view: view.name, columns: columnsNeeded(view, order), orderColumns: order, series, arguments: args, filters },
    features: kept.map((feature) => {
      const { name, windowUs, hopUs, algebra } = feature;
      const at = names.indexOf(feature.series);
      const slot = series[at]?.slots.findIndex((candidate) => candidate.fingerprint === feature.fingerprint) ?? -1;
      return { name, series: at, slot, windowUs, hopUs, algebra };
    }),
    separableUs: view.separableUs,
    blockUs: commonHopUs(view),
  };
}

/** What one feature keeps, before it is shared with the others. */
interface KeptFeature {
  readonly name: string;
  readonly windowUs: number | null;
  readonly hopUs: number;
  /** Name of its series. */
  readonly series: string;
  readonly argument: KeptExpression | null;
  readonly filter: KeptExpression | null;
  readonly algebra: Aggregate<unknown>;
  /** Of its slot. */
  readonly fingerprint: string;
}

/** Columns that break ties are part of what the state of an order-sensitive function means. */
function keepFeature(view: WindowedViewModel, feature: FeatureModel, order: readonly ColumnInfo[]): KeptFeature {
  assert(feature.kind === "aggregate", `feature "${view.name}:${feature.name}" of a windowed view is an aggregate`);
  const { function: fn, windowUs, where } = feature.aggregate;
  const argument = fn.fn === "count" ? null : feature.aggregate.argument;
  assert(fn.fn === "count" || argument !== null, `aggregate "${view.name}:${feature.name}" has an argument`);
  const hopUs = windowUs === null ? dayUs : feature.aggregate.hopUs;
  assert(hopUs !== null && (windowUs ?? 0) % hopUs === 0, `window "${view.name}:${feature.name}" is a whole number of hops`);
  const series = windowUs === null ? "L" : String(hopUs);
  return {
    ...{ name: feature.name, windowUs, hopUs, series },
    argument: argument === null ? null : keepExpression(argument),
    filter: where === null ? null : keepExpression(where),
    algebra: aggregateOf(fn, argument?.type ?? null),
    fingerprint: fingerprintOf([stateName(fn), argument, where, series, isOrderSensitive(fn) ? order : []]),
  };
}

function keepExpression(node: ExpressionNode): KeptExpression {
  return { node, form: valueForm(node.type), fingerprint: fingerprintOf(node) };
}

/** The order of features in the definition does not matter to what is stored. */
function onceByFingerprint<T extends { readonly fingerprint: string }>(all: readonly T[]): T[] {
  return [...new Map(all.map((one) => [one.fingerprint, one])).values()].sort((a, b) => compareText(a.fingerprint, b.fingerprint));
}

function planSeries(
  name: string,
  kept: readonly KeptFeature[],
  args: readonly KeptExpression[],
  filters: readonly KeptExpression[],
): Series {
  const members = kept.filter((feature) => feature.series === name);
  const windows = members.flatMap(({ windowUs }) => windowUs ?? []);
  const indexIn = (list: readonly KeptExpression[], expression: KeptExpression | null): number =>
    list.findIndex((candidate) => candidate.fingerprint === expression?.fingerprint);
  return {
    name,
    hopUs: members[0]?.hopUs ?? dayUs,
    windowUs: windows.length === 0 ? null : Math.max(...windows),
    slots: onceByFingerprint(members).map(({ algebra, argument, filter, fingerprint }) => {
      return { algebra, argument: indexIn(args, argument), filter: indexIn(filters, filter), fingerprint };
    }),
  };
}

/** Start of the span that a feature folds at t; −Infinity for lifetime. */
export function tailOf(feature: WindowFeature, tUs: number): number {
  return feature.windowUs === null ? Number.NEGATIVE_INFINITY : tailUs(tUs, feature.windowUs, feature.hopUs);
}

/** The smallest common multiple of a view's hops; lifetime features count as a day. */
function commonHopUs(view: WindowedViewModel): number {
  let common = 1;
  for (const feature of view.features) {
    const hopUs = (feature.kind === "aggregate" ? feature.aggregate.hopUs : null) ?? dayUs;
    common *= hopUs / greatestDivisor(common, hopUs);
    if (common > blockMaxUs) {
      throw new AsofError("ASOF_WINDOW_INVALID", `The hops of view "${view.name}" have no common multiple within 366 days.`, {
        path: view.name,
        fix: "Choose a hop that divides a day.",
      });
    }
  }
  return common;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function fingerprintOf(data: unknown): string {
  return sha256Hex(canonicalText(data)).slice(0, 12);
}

/** Source columns by name: those of the order and those that expressions name, with the types that they name. */
function columnsNeeded(view: WindowedViewModel, order: readonly ColumnInfo[]): ColumnInfo[] {
  const columns = new Map(order.map((column) => [column.name, column]));
  const visit = (node: ExpressionNode): void => {
    if (node.node === "column") columns.set(node.name, { name: node.name, type: node.type });
    if (node.node === "call") node.args.forEach(visit);
    if (node.node === "case") {
      for (const branch of node.branches) [branch.when, branch.then].forEach(visit);
      visit(node.otherwise);
    }
  };
  for (const feature of view.features) {
    if (feature.kind !== "aggregate") continue;
    const { argument, where, function: fn } = feature.aggregate;
    if (argument !== null && fn.fn !== "count") visit(argument);
    if (where !== null) visit(where);
  }
  return [...columns.values()].sort((a, b) => compareText(a.name, b.name));
}
