import type { RepositoryModel, SourceModel } from "../definition/model.ts";
import { AsofError, type Issue } from "../error/error.ts";
import type { ColumnInfo, OfflineStore } from "../store/offline.ts";
import { isNumeric, printType, sameType, type ValueType } from "../value/type.ts";

/**
 * Compares every source with what the engine finds: that it is there, that the declared columns, keys and times exist and have
 * fitting types. All faults at once.
 */
export async function checkSources(offline: OfflineStore, definitions: RepositoryModel): Promise<readonly Issue[]> {
  const issues: Issue[] = [];
  for (const source of definitions.sources) {
    // The batch side of a push source is a source of its own; the push side has nothing to look at.
    if (source.type === "push") continue;
    try {
      const { columns } = await offline.describeSource(source, null);
      issues.push(...compareColumns(source, columns), ...compareKeys(source, definitions, columns));
    } catch (error) {
      if (!(error instanceof AsofError)) throw error;
      issues.push({ code: error.code, path: `sources.${source.name}`, message: sentence(error), fix: error.fix ?? "", value: error.value });
    }
  }
  return issues;
}

/** A message without its code and fix, which an issue carries apart. */
function sentence(error: AsofError): string {
  const text = error.message.replace(/^\[[A-Z_]+\] /, "");
  return error.fix !== undefined && text.endsWith(error.fix) ? text.slice(0, -error.fix.length).trimEnd() : text;
}

function compareColumns(source: SourceModel, found: readonly ColumnInfo[]): readonly Issue[] {
  const issues: Issue[] = [];
  const byName = new Map(found.map((c) => [c.name, c.type]));
  const times = [
    { name: source.eventTime, what: "event time" },
    { name: source.createdTime, what: "created time" },
  ];
  for (const { name, what } of times) {
    if (name === null) continue;
    const type = byName.get(name);
    if (type === undefined) issues.push(missing(source, name, what, found));
    else if (type.kind !== "timestamp" && type.kind !== "date") {
      issues.push({
        code: "ASOF_SOURCE_COLUMN",
        path: `sources.${source.name}.${name}`,
        value: printType(type),
        message: `The ${what} column "${name}" of source "${source.name}" has type ${printType(type)}, not a time.`,
        fix: "Name a timestamp column, or convert it in a sql source.",
      });
    }
  }
  for (const column of source.columns) {
    const type = byName.get(column.name);
    if (type === undefined) issues.push(missing(source, column.name, "declared", found));
    else if (!fits(column.type, type)) {
      issues.push({
        code: "ASOF_SOURCE_COLUMN",
        path: `sources.${source.name}.${column.name}`,
        value: printType(type),
        message: `Column "${column.name}" of source "${source.name}" is declared ${printType(column.type)} and is ${printType(type)}.`,
        fix: "Declare the type that it has, or cast it in a sql source.",
      });
    }
  }
  return issues;
}

function compareKeys(source: SourceModel, definitions: RepositoryModel, found: readonly ColumnInfo[]): readonly Issue[] {
  const names = new Set(found.map((c) => c.name));
  const keys = new Map<string, string>();
  for (const view of definitions.views) {
    if (view.form === "request" || !readsFrom(view.source, source)) continue;
    for (const entity of view.entities) for (const key of entity.keys) keys.set(key.name, view.name);
  }
  return [...keys].filter(([key]) => !names.has(key)).map(([key, view]) => missing(source, key, `key (of view "${view}")`, found));
}

function readsFrom(source: SourceModel, table: SourceModel): boolean {
  return source.name === table.name || (source.type === "push" && source.batch?.name === table.name);
}

function missing(source: SourceModel, name: string, what: string, found: readonly ColumnInfo[]): Issue {
  return {
    code: "ASOF_COLUMN_UNKNOWN",
    path: `sources.${source.name}.${name}`,
    value: name,
    message: `Source "${source.name}" has no ${what} column "${name}". It has: ${found.map((c) => c.name).join(", ")}.`,
    fix: "Fix the name, or map it with `mapping`.",
  };
}

/** Whether every value of the found type, or all but a few that reading reports, has a place in the declared one. */
function fits(declared: ValueType, found: ValueType): boolean {
  if (sameType(declared, found)) return true;
  if (isNumeric(declared) && isNumeric(found)) return numericRank(declared) >= numericRank(found);
  if (declared.kind === "list" && found.kind === "list") return fits(declared.of, found.of);
  if (declared.kind === "timestamp") return found.kind === "date";
  return (declared.kind === "uuid" || declared.kind === "date") && found.kind === "string";
}

/** Integers fit into wider integers, decimals and floats; doubles may be declared float32, which rounds them alike on both paths. */
const numericRanks: Readonly<Partial<Record<ValueType["kind"], number>>> = { int32: 1, int64: 2, decimal: 3, float32: 4, float64: 4 };

function numericRank(type: ValueType): number {
  return numericRanks[type.kind] ?? 0;
}
