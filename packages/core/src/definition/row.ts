import type { ValueType } from "../value/type.ts";
import { expressionOf, makeExpression } from "./expr.ts";
import { poisoned } from "./expr-coerce.ts";
import type { ColumnModel } from "./model.ts";
import { listNames, nearest } from "./read.ts";

/**
 * A source's row as expressions see it: one expression per column. A name that is not there (possible from JavaScript only)
 * gives an expression that carries the fault, so that it is reported with all others.
 */
export function rowOfColumns(columns: readonly ColumnModel[], sourceName: string): object {
  const row: Record<string, object> = Object.create(null);
  for (const column of columns) {
    row[column.name] = makeExpression(
      expressionOf(Object.freeze({ node: "column", name: column.name, type: expressionType(column.type) })),
    );
  }
  return new Proxy(Object.freeze(row), {
    get(target, name) {
      if (typeof name === "symbol" || name in target) return Reflect.get(target, name);
      // Asked by JSON.stringify, await and assertion libraries, never meant as columns.
      if (name === "toJSON" || name === "then" || name === "constructor") return undefined;
      return makeExpression(poisoned([unknownColumn(name, columns, sourceName)]));
    },
  });
}

export function unknownColumn(name: string, columns: readonly ColumnModel[], sourceName: string) {
  const names = columns.map((c) => c.name);
  const hint = nearest(name, names);
  return {
    code: "ASOF_COLUMN_UNKNOWN",
    value: name,
    message: `Source "${sourceName}" has no column "${name}". It has: ${listNames(names)}.`,
    fix: hint === null ? "Declare the column in the source, or use one of those." : `Did you mean "${hint}"?`,
  } as const;
}

/** In expressions a column of whole seconds is a timestamp like any other: its values are cut when they are read. */
function expressionType(type: ValueType): ValueType {
  return type.kind === "timestamp" ? { kind: "timestamp" } : type;
}
