import {
  type ColumnModel,
  floorTo,
  isOrderable,
  type Random,
  type SourceModel,
  type Value,
  type ValueType,
  type ViewJoin,
} from "@asof/core";
import type { SourceRow, SourceTable, SourceTables, SpineRow } from "../oracle/data.ts";
import { chance, choose, chooseWeighted, int, times } from "../random/seeded-random.ts";
import type { Case, TimeUnit } from "./case.ts";
import type { Shape } from "./shape.ts";
import { randomDomain, randomValue } from "./values.ts";

const unitNs: Readonly<Record<TimeUnit, bigint>> = { s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, ns: 1n };

/** What the rows of one case have in common. */
interface Setting {
  readonly random: Random;
  readonly shape: Shape;
  /** Values that keys take, by key name: few, so that rows meet. */
  readonly keyValues: ReadonlyMap<string, readonly Value[]>;
  /** Values that columns take, by source and column. */
  readonly cells: ReadonlyMap<string, readonly Value[]>;
  /** How often a row starts as a tie with an earlier one. */
  readonly ties: number;
  /** As-of times to come close to, µs. */
  readonly asOfUs: readonly number[];
}

/** Rows for a shape: times at and around every boundary of its views, ties, duplicates, replays, nulls, late rows. */
export function randomCase(random: Random, shape: Shape): Case {
  const { plan, storage, focus } = shape;
  const { views } = plan;
  const keyTypes = new Map(views.flatMap((v) => v.keys.map((k) => [k.key, k.type] as const)));
  const keyValues = new Map(
    [...keyTypes].map(([key, type]) => [key, randomDomain(random, type).slice(0, focus === "ties" ? 1 : 2)] as const),
  );
  const cells = new Map(
    views.flatMap((v) => v.view.source.columns.map((c) => [cellName(v.view.source, c), randomDomain(random, c.type)] as const)),
  );
  const asOfUs = times(int(random, 1, 3), () => randomAsOf(random, shape));
  const setting: Setting = { random, shape, keyValues, cells, ties: focus === "ties" ? 0.85 : choose(random, [0.2, 0.5, 0.8]), asOfUs };
  const names = [...new Set(views.map((v) => v.view.source.name))];
  const tables = Object.fromEntries(
    names.map((n) => [
      n,
      randomTable(
        setting,
        views.filter((v) => v.view.source.name === n),
      ),
    ]),
  );
  return { plan, storage, tables, spine: { ...shape.spine, rows: randomSpine(setting, tables) } };
}

/** An instant at or around a hop's edge near the shape's anchor. */
function randomAsOf(random: Random, shape: Shape): number {
  const stepUs = hopOf(random, choose(random, shape.plan.views)) ?? 1_000_000;
  const edge = floorTo(shape.anchorUs, stepUs) + int(random, -2, 2) * stepUs;
  return edge + choose(random, [0, 0, 1, -1, int(random, 0, stepUs - 1), int(random, 0, stepUs - 1)]);
}

function hopOf(random: Random, join: ViewJoin): number | null {
  const feature = choose(random, join.features).feature;
  return feature.kind === "aggregate" ? feature.aggregate.hopUs : null;
}

function randomTable(setting: Setting, views: readonly ViewJoin[]): SourceTable {
  const { random } = setting;
  const [first] = views;
  if (first === undefined) return { batch: [], log: [] };
  const batch: SourceRow[] = [];
  const log: SourceRow[] = [];
  const size = (): number => rowCount(random, setting.shape.focus === "ties");
  if (first.history.batch !== null) for (const i of times(size(), (n) => n)) batch.push(randomBatchRow(setting, views, batch, `b${i}`));
  if (first.history.log !== null) for (const i of times(size(), (n) => n)) log.push(randomLogRow(setting, views, batch, log, `l${i}`));
  return shareLists(first.view.source, { batch, log });
}

/**
 * What is no scalar has no order, so rows that tie in everything else must not differ in it: which one wins would be undefined. Rows of
 * one event time get the lists, maps and so on of the first.
 */
function shareLists(source: SourceModel, table: SourceTable): SourceTable {
  const lists = source.columns.filter((c) => !isOrderable(c.type)).map((c) => c.name);
  const firsts = new Map<string, SourceRow>();
  const share = (row: SourceRow): SourceRow => {
    const time = row.eventNs === null ? "none" : String(row.eventNs - mod(row.eventNs, 1000n));
    const first = firsts.get(time) ?? row;
    firsts.set(time, first);
    return { ...row, values: { ...row.values, ...Object.fromEntries(lists.map((name) => [name, first.values[name] ?? null])) } };
  };
  return { batch: table.batch.map(share), log: table.log.map(share) };
}

/** Few rows where ties matter: among many, one is greatest by every column, and no rule about columns decides. */
function rowCount(random: Random, isFew: boolean): number {
  if (isFew) return int(random, 2, 5);
  return chooseWeighted(random, [
    [1, 0],
    [1, 1],
    [3, int(random, 2, 4)],
    [6, int(random, 5, 12)],
  ]);
}

function randomBatchRow(setting: Setting, views: readonly ViewJoin[], earlier: readonly SourceRow[], id: string): SourceRow {
  const { random, shape } = setting;
  const source = choose(random, views).view.source;
  const storage = shape.storage[source.name];
  const row = randomRow(setting, views, earlier, storage?.eventUnit ?? "us");
  const createdUnit = unitNs[storage?.createdUnit ?? "us"];
  const created = source.createdTime === null || row.createdNs === null ? null : row.createdNs - mod(row.createdNs, createdUnit);
  const eventId = source.eventId === null || chance(random, 0.1) ? null : (row.eventId ?? id);
  return { ...row, eventNs: source.eventTime === null ? null : row.eventNs, createdNs: created, eventId };
}

/** Log rows are in microseconds, have a created time and an id. Some replay an earlier one, some repeat a batch row. */
function randomLogRow(
  setting: Setting,
  views: readonly ViewJoin[],
  batch: readonly SourceRow[],
  log: readonly SourceRow[],
  id: string,
): SourceRow {
  const { random } = setting;
  if (log.length > 0 && chance(random, 0.2)) {
    const original = choose(random, log);
    return { ...original, createdNs: (original.createdNs ?? 0n) + choose(random, [0n, 1000n, 3_600_000_000_000n]) };
  }
  const row = randomRow(setting, views, chance(random, 0.3) ? [...batch, ...log] : log, "us");
  const eventNs = row.eventNs ?? BigInt(choose(random, setting.asOfUs)) * 1000n;
  const createdNs = row.createdNs ?? eventNs;
  return { values: row.values, eventNs: eventNs - mod(eventNs, 1000n), createdNs: createdNs - mod(createdNs, 1000n), eventId: id };
}

/** A row that often ties with an earlier one: on event time, then created time, then column after column, down to a full duplicate. */
function randomRow(setting: Setting, views: readonly ViewJoin[], earlier: readonly SourceRow[], unit: TimeUnit): SourceRow {
  const { random, shape, keyValues } = setting;
  const previous = earlier.length > 0 && chance(random, setting.ties) ? choose(random, earlier) : null;
  if (previous !== null && chance(random, 0.2)) {
    return chance(random, 0.5) ? previous : { ...previous, createdNs: randomCreated(setting, previous.eventNs) };
  }
  const view = choose(random, views);
  const values: Record<string, Value> = {};
  for (const [key, domain] of keyValues) values[key] = previous?.values[key] ?? (chance(random, 0.05) ? null : choose(random, domain));
  const keep = choose(random, shape.focus === "ties" ? [0, 0.4] : [0.5, 0.8]);
  for (const column of view.view.source.columns) {
    values[column.name] =
      previous !== null && chance(random, keep)
        ? copyCell(random, column, previous.values[column.name] ?? null)
        : randomCell(setting, view.view.source, column);
  }
  const eventNs = previous?.eventNs ?? (chance(random, 0.05) ? null : nearNs(random, eventNear(setting, view), unit));
  const createdNs = previous !== null && chance(random, 0.5) ? previous.createdNs : randomCreated(setting, eventNs);
  return { values, eventNs, createdNs, eventId: null };
}

/** The same value; of a zero, sometimes the other one. */
function copyCell(random: Random, { type }: ColumnModel, value: Value): Value {
  const isFloat = type.kind === "float64" || type.kind === "float32";
  return isFloat && value === 0 && chance(random, 0.5) ? -value : value;
}

function randomCell({ random, cells }: Setting, source: SourceModel, column: ColumnModel): Value {
  return chance(random, 0.2) ? null : choose(random, cells.get(cellName(source, column)) ?? [null]);
}

function cellName(source: SourceModel, column: ColumnModel): string {
  return JSON.stringify([source.name, column.name]);
}

/** Missing, at the event, or around an as-of time. */
function randomCreated({ random, asOfUs }: Setting, eventNs: bigint | null): bigint | null {
  const t = BigInt(choose(random, asOfUs)) * 1000n;
  return choose(random, [null, eventNs, eventNs, t, t + 1000n, t - 1000n, t + 1n, t + 3_600_000_000_000n, (eventNs ?? t) + 1000n]);
}

/** An event time that some boundary of the view decides for some as-of time. */
function eventNear({ random, shape, asOfUs }: Setting, join: ViewJoin): number {
  const t = choose(random, asOfUs);
  const edge = choose(random, [0, 0, 1, -1]);
  const handoverUs = join.history.handoverUs;
  if (handoverUs !== null && chance(random, 0.15)) return handoverUs + edge;
  const { feature } = choose(random, join.features);
  if (feature.kind !== "aggregate") {
    const ttlUs = join.ttlUs ?? 1_000_000;
    return choose(random, [
      t,
      t + edge,
      t - ttlUs,
      t - ttlUs + edge,
      t - int(random, 0, ttlUs),
      t - int(random, 0, 2 * ttlUs),
      shape.anchorUs,
    ]);
  }
  const { windowUs, hopUs } = feature.aggregate;
  if (windowUs === null || hopUs === null) return choose(random, [t, t + edge, t - int(random, 0, 10_000_000)]);
  const head = floorTo(t, hopUs);
  const tail = head - windowUs;
  const insideUs = [t - int(random, 0, windowUs), tail + int(random, 0, hopUs), head + int(random, 0, hopUs)];
  return choose(random, [
    t,
    t + edge,
    tail,
    tail + edge,
    t - windowUs + edge,
    head + edge,
    ...insideUs,
    tail - int(random, 1, hopUs),
    ...insideUs,
  ]);
}

/** Finer digits where the unit has them, cut ones where it is coarser. */
function nearNs(random: Random, us: number, unit: TimeUnit): bigint {
  const ns = BigInt(us) * 1000n + (unit === "ns" ? choose(random, [0n, 0n, 1n, 499n, 500n, 999n]) : 0n);
  return ns - mod(ns, unitNs[unit]);
}

function randomSpine(setting: Setting, tables: SourceTables): SpineRow[] {
  const { random, shape } = setting;
  const rows: SpineRow[] = [];
  const count = chooseWeighted(random, [
    [1, 1],
    [2, int(random, 2, 4)],
    [5, int(random, 5, 10)],
  ]);
  for (let i = 0; i < count; i++) {
    const previous = rows.length > 0 && chance(random, 0.15) ? choose(random, rows) : null;
    if (previous !== null && chance(random, 0.5)) {
      rows.push(previous);
      continue;
    }
    const values: Record<string, Value> = { row_label: i };
    for (const { key, spineColumn, type } of shape.plan.views.flatMap((v) => v.keys)) {
      values[spineColumn] = previous?.values[spineColumn] ?? randomSpineKey(setting, key, type);
    }
    const asOfNs = previous?.asOfNs ?? nearNs(random, asOfNear(setting, tables), shape.spine.timeUnit);
    rows.push({ values, asOfNs });
  }
  return rows;
}

function randomSpineKey({ random, keyValues }: Setting, key: string, type: ValueType): Value {
  if (chance(random, 0.05)) return null;
  return chance(random, 0.05) ? randomValue(random, type) : choose(random, keyValues.get(key) ?? [null]);
}

/** One of the case's as-of times, or one at a distance from an event that a boundary decides, µs. */
function asOfNear({ random, shape, asOfUs }: Setting, tables: SourceTables): number {
  const join = choose(random, shape.plan.views);
  const table = tables[join.view.source.name];
  const times = [...(table?.batch ?? []), ...(table?.log ?? [])].flatMap((row) => row.eventNs ?? []);
  if (times.length === 0 || chance(random, 0.5)) return choose(random, asOfUs) + choose(random, [0, 0, 0, 1, -1]);
  const event = choose(random, times);
  const eventUs = Number((event - mod(event, 1000n)) / 1000n) + choose(random, [0, 0, 1, -1]);
  const { feature } = choose(random, join.features);
  if (feature.kind !== "aggregate") return eventUs + choose(random, [0, join.ttlUs ?? 0]);
  const { windowUs, hopUs } = feature.aggregate;
  if (windowUs === null || hopUs === null) return eventUs;
  return eventUs + choose(random, [0, windowUs, windowUs + hopUs, windowUs + int(random, 0, hopUs)]);
}

function mod(a: bigint, b: bigint): bigint {
  return ((a % b) + b) % b;
}
