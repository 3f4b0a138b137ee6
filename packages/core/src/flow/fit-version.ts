import type { ColumnModel, SourceModel } from "../definition/model.ts";
import { AsofError, printValue } from "../error/error.ts";
import { printVersion } from "../registry/view-version.ts";
import type { LogRow } from "../store/offline.ts";
import { compileNormalizer } from "../value/normalize.ts";
import type { Normalizer } from "../value/normalize-nested.ts";
import { isNumeric, printType, type ValueType } from "../value/type.ts";
import type { ServedView } from "./served.ts";

interface Fit {
  readonly column: ColumnModel;
  readonly normalize: Normalizer;
}

/**
 * A version of a view may read columns in types that its source had before. Its rows are those of the source with the values in these
 * types, as the offline engine reads them from the log; null for a row with a value that has no place there.
 */
export function compileFit(view: ServedView, source: SourceModel): (row: LogRow) => LogRow | null {
  const fits = fitsOf(view, source);
  if (fits.length === 0) return (row) => row;
  return (row) => {
    const values = { ...row.values };
    for (const { column, normalize } of fits) {
      try {
        values[column.name] = normalize(row.values[column.name] ?? null, column.name);
      } catch (error) {
        if (!isRefused(error)) throw error;
        return null;
      }
    }
    return { ...row, values };
  };
}

/**
 * Refuses rows with a value that a kept version of a view cannot read: its training would fail from then on, and what it serves would be
 * another value. ASOF_PUSH_INVALID naming row, column and version.
 */
export function requireFit(views: readonly ServedView[], source: SourceModel, rows: readonly LogRow[]): void {
  for (const view of views) {
    for (const { column, normalize } of fitsOf(view, source)) {
      const { name, type } = column;
      for (const [index, { values }] of rows.entries()) {
        try {
          normalize(values[name] ?? null, name);
        } catch (error) {
          if (!isRefused(error)) throw error;
          const version = printVersion(view.model.name, view.version);
          const value = values[name];
          const what = `Row ${index} has ${printValue(value)} in "${name}", which ${version} reads as ${printType(type)}.`;
          throw new AsofError("ASOF_PUSH_INVALID", what, {
            path: `rows[${index}].${name}`,
            value,
            fix: `Push such rows when the version is given up: fill and activate a newer one, then \`asof versions drop ${version}\`.`,
            cause: error,
          });
        }
      }
    }
  }
}

function isRefused(error: unknown): error is AsofError {
  return error instanceof AsofError && error.code === "ASOF_VALUE_INVALID";
}

/** The columns that the version reads in another type than the source has now. */
function fitsOf({ model }: ServedView, source: SourceModel): readonly Fit[] {
  return model.source.columns.flatMap((column): Fit[] => {
    const given = source.columns.find((c) => c.name === column.name)?.type;
    if (given === undefined || JSON.stringify(given) === JSON.stringify(column.type)) return [];
    const normalize = compileNormalizer(column.type, true);
    return [{ column, normalize: isRelated(given, column.type) ? normalize : refuseAll(column.type) }];
  });
}

/** Numbers may be other numbers; of other types only those of one kind hold the same values. */
function isRelated(given: ValueType, wanted: ValueType): boolean {
  return given.kind === wanted.kind || (isNumeric(given) && isNumeric(wanted));
}

function refuseAll(type: ValueType): Normalizer {
  return (value, path) => {
    if (value === null) return null;
    throw new AsofError("ASOF_VALUE_INVALID", `${path} is of another type than ${printType(type)}.`, { path });
  };
}
