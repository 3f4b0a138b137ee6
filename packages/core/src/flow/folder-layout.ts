import type { WriteOptions } from "../definition/retrieval-types.ts";
import { AsofError } from "../error/error.ts";
import type { ColumnInfo, FolderLayout, PartitionColumn } from "../store/offline.ts";
import { printType, type ValueType } from "../value/type.ts";

/**
 * The layout that options ask for. ASOF_REQUEST_INVALID for limits that are no whole numbers from 1 on, and for partitions by what is no
 * column, by values that no folder can be named after exactly, or by all columns.
 */
export function folderLayout(options: WriteOptions, columns: readonly ColumnInfo[]): FolderLayout {
  const partitionBy = (options.partitionBy ?? []).map((name) => partitionColumn(name, columns));
  const names = partitionBy.map((p) => p.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse("partitionBy", twice, `The result cannot be partitioned by "${twice}" twice.`, "Name each column once.");
  if (partitionBy.filter((p) => p.unit === null).length === columns.length)
    refuse("partitionBy", names.join(", "), "Partitioned by all of its columns, files would have none.", "Leave a column out.");
  return {
    rowsPerFile: limit("rowsPerFile", options.rowsPerFile),
    bytesPerFile: limit("bytesPerFile", options.bytesPerFile),
    partitionBy,
    overwrite: options.overwrite === true,
  };
}

function limit(name: string, value: number | undefined): number | null {
  if (value === undefined) return null;
  if (!Number.isSafeInteger(value) || value < 1)
    refuse(name, value, `${name} is ${value}, not a whole number from 1 on.`, `Write ${name}: 1000000.`);
  return value;
}

const units = ["year", "month", "day"] as const;

function partitionColumn(name: string, columns: readonly ColumnInfo[]): PartitionColumn {
  const column = columns.find((c) => c.name === name);
  if (column !== undefined) {
    if (namesFolders(column.type)) return { name, unit: null };
    return refuse(
      "partitionBy",
      name,
      `Column "${name}" is ${printType(column.type)}, and no folder can be named exactly after its values.`,
      "Partition by text, whole numbers, decimals, dates, times, uuids or true and false.",
    );
  }
  const unit = units.find((u) => u === name);
  if (unit !== undefined) return { name, unit };
  return refuse(
    "partitionBy",
    name,
    `The result has no column "${name}" to partition it by. It has: ${columns.map((c) => c.name).join(", ")}.`,
    "Name one of them, or year, month or day of the as-of time.",
  );
}

function namesFolders({ kind }: ValueType): boolean {
  return ["bool", "int32", "int64", "string", "date", "timestamp", "uuid", "decimal"].includes(kind);
}

function refuse(path: string, value: unknown, what: string, fix: string): never {
  throw new AsofError("ASOF_REQUEST_INVALID", what, { path, value, fix });
}
