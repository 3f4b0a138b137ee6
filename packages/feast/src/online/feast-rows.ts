import {
  compareBytes,
  compileOrderKey,
  type OnlineRow,
  type OnlineView,
  orderColumns,
  type RowSchema,
  type StoredRow,
  storedSchema,
  type Value,
} from "@asof/core";
import { compileFeastValueReader } from "../value/read-value.ts";
import { compileFeastValueWriter } from "../value/write-value.ts";
import { type CellStamp, compareTimes, type FeatureCell, isStampedAlike, stampOf } from "./feature-cell.ts";
import { compileValueText } from "./value-text.ts";

/** The row that the cells of one key form: the cells of the greatest times. Others were left behind by a writer that lacks their feature. */
interface CellRow {
  readonly stamp: CellStamp;
  readonly cells: readonly FeatureCell[];
  /** Whether one writer wrote all of them, as is usual. */
  readonly isUniform: boolean;
}

function rowOf(cells: readonly FeatureCell[]): CellRow | null {
  const [first] = cells;
  if (first === undefined) return null;
  if (cells.every((cell) => isStampedAlike(cell, first))) return { stamp: stampOf(first), cells, isUniform: true };
  const stamps = cells.map(stampOf);
  const stamp = stamps.reduce((greatest, other) => (compareTimes(other, greatest) > 0 ? other : greatest));
  return { stamp, cells: cells.filter((_, i) => compareTimes(stamps[i] ?? stamp, stamp) === 0), isUniform: false };
}

/** The times of the row that the cells of one key form; null if there are none. */
export function timesOf(cells: readonly FeatureCell[]): CellStamp | null {
  return rowOf(cells)?.stamp ?? null;
}

/** Reads the row that the cells of one key form; null if there are none. */
export type CellsReader = (cells: readonly FeatureCell[]) => StoredRow | null;

/**
 * Makes the reader of these features of a view, in their order. What asof wrote is decoded by the schema of its fingerprint
 * (ASOF_SCHEMA_UNKNOWN where the view does not know it), what Feast wrote by the current types.
 */
export function compileCellsReader(view: OnlineView, features: readonly string[]): CellsReader {
  const positions = new Map<string, number[]>();
  for (const [at, name] of features.entries()) positions.set(name, [...(positions.get(name) ?? []), at]);
  const decoders = new Map<string | null, ReadonlyMap<string, (bytes: Uint8Array) => Value>>();
  const decoderOf = (fingerprint: string | null, name: string): ((bytes: Uint8Array) => Value) | undefined => {
    let known = decoders.get(fingerprint);
    if (known === undefined) {
      known = compileDecoders(view, fingerprint === null ? view.schema : storedSchema(view, fingerprint), positions);
      decoders.set(fingerprint, known);
    }
    return known.get(name);
  };
  return (cells) => {
    const row = rowOf(cells);
    if (row === null) return null;
    const values: (Value | undefined)[] = new Array(features.length).fill(undefined);
    for (const cell of row.cells) {
      const [name, bytes] = cell;
      const decode = decoderOf(row.isUniform ? row.stamp.fingerprint : stampOf(cell).fingerprint, name);
      const at = positions.get(name);
      if (decode === undefined || at === undefined) continue;
      const value = decode(bytes);
      for (const position of at) values[position] = value;
    }
    return { eventTimeUs: row.stamp.eventTimeUs, createdTimeUs: row.stamp.createdTimeUs, values };
  };
}

function compileDecoders(view: OnlineView, schema: RowSchema, wanted: ReadonlyMap<string, unknown>) {
  const features = schema.features.filter(({ name }) => wanted.has(name));
  return new Map(features.map(({ name, type }) => [name, compileFeastValueReader(type, `${view.view}:${name}`)]));
}

/** One feature of a row to be written. */
export interface WrittenFeature {
  readonly name: string;
  readonly value: Uint8Array;
  /** Feast's column `value_text`. */
  readonly text: string | null;
  /** Feast's column `value_num`, in tables that have it. */
  readonly number: number | null;
}

/** Writes rows of a view's current schema as cells, and decides between a new row and stored cells. */
export interface CellsWriter {
  /** A value that Feast's form cannot hold exactly is ASOF_VALUE_INVALID. */
  encode(row: OnlineRow): readonly WrittenFeature[];
  /** Whether a row replaces what the cells of its key form: greater in the row order, or equal where the cells lack one of its features. */
  replaces(row: OnlineRow, cells: readonly FeatureCell[]): boolean;
  /** Features that asof wrote under another schema, which lack in the new row: they would seem to belong to it. */
  leftBehind(cells: readonly FeatureCell[]): readonly string[];
}

export function compileCellsWriter(view: OnlineView): CellsWriter {
  const features = view.schema.features.map(({ name, type }) => ({
    name,
    write: compileFeastValueWriter(type, `${view.view}:${name}`),
    describe: compileValueText(type),
  }));
  const names = new Set(features.map(({ name }) => name));
  const columns = orderColumns(view.schema.features);
  const readOrder = compileCellsReader(
    view,
    columns.map((column) => column.name),
  );
  const encodeOrder = compileOrderKey(columns.map((column) => column.type));
  const decideTie = (row: OnlineRow, stored: CellRow): boolean => {
    const read = readOrder(stored.cells);
    const order = compareBytes(row.orderKey, encodeOrder((read?.values ?? []).map((value) => value ?? null)));
    if (order !== 0) return order > 0;
    const present = new Set(stored.cells.map(([name]) => name));
    return features.some(({ name }) => !present.has(name));
  };
  return {
    encode: (row) =>
      features.map(({ name, write, describe }, i) => {
        const value = row.values[i] ?? null;
        return { name, value: write(value), ...describe(value) };
      }),
    replaces: (row, cells) => {
      const stored = rowOf(cells);
      if (stored === null) return true;
      const order = compareTimes(row, stored.stamp);
      return order === 0 ? decideTie(row, stored) : order > 0;
    },
    leftBehind: (cells) => cells.flatMap(([name, , , , , , fingerprint]) => (fingerprint !== null && !names.has(name) ? [name] : [])),
  };
}
