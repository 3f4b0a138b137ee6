import { dataViewOf } from "./bytes.ts";
import { toSafeNumber } from "./sortable.ts";
import type { Value, ValueType } from "./type.ts";

/** A column that is wanted: which one it is, where its slot lies in a row, and where its value goes in the answer. */
export interface WantedColumn {
  readonly index: number;
  readonly slotAt: number;
  readonly to: number;
  readonly type: ValueType;
}

/** Reads the wanted columns of the row at `offset` into their places. */
export type ColumnReader = (bytes: Uint8Array, offset: number, values: (Value | undefined)[]) => void;

/** Reads one number at a place of the view. */
type NumberReader = (
  columns: PlacedColumns,
  view: DataView,
  offset: number,
  nulls: Uint8Array | null,
  values: (Value | undefined)[],
) => void;

/** Places of columns of one kind, one array per property: loops over them touch little memory. */
interface PlacedColumns {
  readonly to: Int32Array;
  readonly slotAt: Int32Array;
  readonly nullAt: Int32Array;
  readonly nullBit: Int32Array;
}

/**
 * Online reads mostly fetch numbers. For these kinds one loop per kind replaces a call per column, which is several times faster; the
 * loops are written out one by one because a shared loop would call its reader through a pointer again.
 */
function numberReader(type: ValueType): NumberReader | null {
  switch (type.kind) {
    case "float64":
    // Instants are stored as doubles.
    case "timestamp":
      return readFloat64s;
    case "float32":
      return readFloat32s;
    case "int32":
      return readInt32s;
    case "int64":
      return type.as === "number" ? readSafeInt64s : readInt64s;
    case "bool":
      return readBools;
    default:
      return null;
  }
}

export function isSelectedInLoops(type: ValueType): boolean {
  return numberReader(type) !== null;
}

/** Compiles the reading of columns of which each {@link isSelectedInLoops}. `bitmapBytes` is the length of a row's null bitmap. */
export function compileNumberColumns(columns: readonly WantedColumn[], bitmapBytes: number): ColumnReader {
  const groups = [...Map.groupBy(columns, (column) => numberReader(column.type))].flatMap(([read, group]) =>
    read === null ? [] : [{ read, places: placesOf(group) }],
  );
  return (bytes, offset, values) => {
    const view = dataViewOf(bytes);
    const nulls = hasNulls(bytes, offset, bitmapBytes) ? bytes : null;
    for (const { read, places } of groups) read(places, view, offset, nulls, values);
  };
}

function placesOf(columns: readonly WantedColumn[]): PlacedColumns {
  return {
    to: Int32Array.from(columns, (column) => column.to),
    slotAt: Int32Array.from(columns, (column) => column.slotAt),
    nullAt: Int32Array.from(columns, (column) => column.index >> 3),
    nullBit: Int32Array.from(columns, (column) => 1 << (column.index & 7)),
  };
}

function hasNulls(bytes: Uint8Array, offset: number, bitmapBytes: number): boolean {
  for (let i = offset; i < offset + bitmapBytes; i++) if (bytes[i] !== 0) return true;
  return false;
}

function isNullAt(columns: PlacedColumns, k: number, offset: number, nulls: Uint8Array): boolean {
  return ((nulls[offset + (columns.nullAt[k] ?? 0)] ?? 0) & (columns.nullBit[k] ?? 0)) !== 0;
}

function readFloat64s(
  columns: PlacedColumns,
  view: DataView,
  offset: number,
  nulls: Uint8Array | null,
  values: (Value | undefined)[],
): void {
  const { to, slotAt } = columns;
  for (let k = 0; k < to.length; k++) {
    values[to[k] ?? 0] = nulls !== null && isNullAt(columns, k, offset, nulls) ? null : view.getFloat64(offset + (slotAt[k] ?? 0), true);
  }
}

function readFloat32s(
  columns: PlacedColumns,
  view: DataView,
  offset: number,
  nulls: Uint8Array | null,
  values: (Value | undefined)[],
): void {
  const { to, slotAt } = columns;
  for (let k = 0; k < to.length; k++) {
    values[to[k] ?? 0] = nulls !== null && isNullAt(columns, k, offset, nulls) ? null : view.getFloat32(offset + (slotAt[k] ?? 0), true);
  }
}

function readInt32s(columns: PlacedColumns, view: DataView, offset: number, nulls: Uint8Array | null, values: (Value | undefined)[]): void {
  const { to, slotAt } = columns;
  for (let k = 0; k < to.length; k++) {
    values[to[k] ?? 0] = nulls !== null && isNullAt(columns, k, offset, nulls) ? null : view.getInt32(offset + (slotAt[k] ?? 0), true);
  }
}

function readInt64s(columns: PlacedColumns, view: DataView, offset: number, nulls: Uint8Array | null, values: (Value | undefined)[]): void {
  const { to, slotAt } = columns;
  for (let k = 0; k < to.length; k++) {
    values[to[k] ?? 0] = nulls !== null && isNullAt(columns, k, offset, nulls) ? null : view.getBigInt64(offset + (slotAt[k] ?? 0), true);
  }
}

function readSafeInt64s(
  columns: PlacedColumns,
  view: DataView,
  offset: number,
  nulls: Uint8Array | null,
  values: (Value | undefined)[],
): void {
  const { to, slotAt } = columns;
  for (let k = 0; k < to.length; k++) {
    const at = offset + (slotAt[k] ?? 0);
    const value = view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
    if (nulls !== null && isNullAt(columns, k, offset, nulls)) values[to[k] ?? 0] = null;
    else values[to[k] ?? 0] = Number.isSafeInteger(value) ? value : toSafeNumber(view.getBigInt64(at, true));
  }
}

function readBools(columns: PlacedColumns, view: DataView, offset: number, nulls: Uint8Array | null, values: (Value | undefined)[]): void {
  const { to, slotAt } = columns;
  for (let k = 0; k < to.length; k++) {
    values[to[k] ?? 0] = nulls !== null && isNullAt(columns, k, offset, nulls) ? null : view.getUint8(offset + (slotAt[k] ?? 0)) === 1;
  }
}
