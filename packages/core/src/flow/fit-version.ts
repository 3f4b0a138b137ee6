import type { ColumnModel, SourceModel } from "../definition/model.ts";
import { AsofError, printValue } from "../error/error.ts";
import { printVersion } from "../registry/view-version.ts";
import type { LogRow } from "../store/offline.ts";
import { compileNormalizer } from "../value/normalize.ts";
import type { Normalizer } from "../value/normalize-nested.ts";
import { isNumeric, printType, type Value, type ValueType } from "../value/type.ts";
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
  // Rows tell not in which type a key was given: each is brought into that of the version, which for most is a look at it.
  const keys = keysOf(view).map((column) => ({ column, normalize: compileNormalizer(column.type, true) }));
  const names = new Set(keys.map((key) => key.column.name));
  const fits = [...keys, ...fitsOf(view.model.source.columns, source.columns).filter((fit) => !names.has(fit.column.name))];
  return (row) => {
    let values: Record<string, Value> | null = null;
    for (const { column, normalize } of fits) {
      const given = row.values[column.name] ?? null;
      try {
        const own = normalize(given, column.name);
        if (own === given) continue;
        values ??= { ...row.values };
        values[column.name] = own;
      } catch (error) {
        if (!isRefused(error)) throw error;
        return null;
      }
    }
    return values === null ? row : { ...row, values };
  };
}

/**
 * Refuses rows with a value that a kept version of a view cannot read: its training would fail from then on, and what it serves would be
 * another value. `keys`: the types in which the rows have their keys. ASOF_PUSH_INVALID naming row, column and version.
 */
export function requireFit(views: readonly ServedView[], source: SourceModel, keys: readonly ColumnModel[], rows: readonly LogRow[]): void {
  // A column that is a key as well is read as the key.
  const given = [...keys, ...source.columns];
  for (const view of views) {
    for (const { column, normalize } of fitsOf([...keysOf(view), ...view.model.source.columns], given)) {
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

function keysOf({ model }: ServedView): readonly ColumnModel[] {
  return model.entities.flatMap((entity) => entity.keys);
}

/** Of the columns that a version reads those which it reads in another type than they are given in. */
function fitsOf(columns: readonly ColumnModel[], given: readonly ColumnModel[]): readonly Fit[] {
  return columns.flatMap((column): Fit[] => {
    const type = given.find((c) => c.name === column.name)?.type;
    if (type === undefined || JSON.stringify(type) === JSON.stringify(column.type)) return [];
    const normalize = compileNormalizer(column.type, true);
    return [{ column, normalize: isRelated(type, column.type) ? normalize : refuseAll(column.type) }];
  });
}

/** Numbers may be other numbers; of other types only those of one kind hold the same values. */
function isRelated(given: ValueType, wanted: ValueType): boolean {
  return given.kind === wanted.kind || (isNumeric(given) && isNumeric(wanted));
}

function refuseAll(type: ValueType): Normalizer {
  return (value, path) => {
    if (value === null) return null;
    throw new AsofError("ASOF_VALUE_INVALID", `${path} is of another type than ${printType(type)}.`, {
      path,
      value,
      fix: "Push rows that fit every version of the view, or drop the version that wants another type.",
    });
  };
}
