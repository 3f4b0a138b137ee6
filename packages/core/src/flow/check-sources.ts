import { tablesOf } from "../definition/check-source.ts";
import type { PushSourceModel, RepositoryModel, SourceModel } from "../definition/model.ts";
import { AsofError, type Issue, sentenceOf } from "../error/error.ts";
import type { ColumnInfo, OfflineStore, RunOptions, SourceDescription } from "../store/offline.ts";
import { isOrderable, printType, type ValueType } from "../value/type.ts";
import { fits, misfitOf } from "./source-fit.ts";

/**
 * Compares every source with what the engine finds: that it is there, that the declared columns, keys and times exist and have
 * fitting types. All faults at once.
 */
export async function checkSources(
  offline: OfflineStore,
  definitions: RepositoryModel,
  options: RunOptions = {},
): Promise<readonly Issue[]> {
  const issues: Issue[] = [];
  for (const source of definitions.sources) {
    // The batch side of a push source is a source of its own.
    if (source.type === "push") {
      issues.push(...(await checkPushed(offline, definitions, source)));
      continue;
    }
    try {
      const found = await offline.describeSource(source, null, options);
      issues.push(...compareColumns(source, found), ...compareKeys(source, definitions, found));
    } catch (error) {
      if (!(error instanceof AsofError) || error.code === "ASOF_INTERRUPTED") throw error;
      issues.push({
        code: error.code,
        path: `sources.${source.name}`,
        message: sentenceOf(error),
        fix: error.fix ?? "",
        value: error.value,
      });
    }
  }
  return issues;
}

/** Rows that were pushed are asof's own: nobody can convert them, and a version that cannot read them could never be filled. */
async function checkPushed(offline: OfflineStore, definitions: RepositoryModel, source: PushSourceModel): Promise<readonly Issue[]> {
  const keys = keysOver(definitions, source).map(({ name, type }) => ({ name, type }));
  try {
    await offline.checkLog({ project: definitions.project, source }, { keys, columns: source.columns });
    return [];
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== "ASOF_SOURCE_COLUMN") throw error;
    return [
      {
        code: error.code,
        path: `sources.${source.name}`,
        value: error.value,
        message: sentenceOf(error),
        fix: "Rows pushed before have that type. Declare it as it was, or push to a source of another name.",
      },
    ];
  }
}

function compareColumns(source: SourceModel, description: SourceDescription): readonly Issue[] {
  const issues: Issue[] = [];
  const found = description.columns;
  const byName = new Map(found.map((c) => [c.name, c]));
  const times = [
    { name: source.eventTime, what: "event time" },
    { name: source.createdTime, what: "created time" },
  ];
  for (const { name, what } of times) {
    if (name === null) continue;
    const column = byName.get(name);
    const type = column?.type;
    if (column === undefined || type === undefined) issues.push(missing(source, name, what, found));
    else if (!hasNothingToTell(column, description) && type.kind !== "timestamp" && type.kind !== "date") {
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
    const actual = byName.get(column.name);
    if (actual === undefined) issues.push(missing(source, column.name, "declared", found));
    else if (!(hasNothingToTell(actual, description) && mayBeText(column.type)) && !fits(column.type, actual, "column")) {
      issues.push(misfit(source, `Column "${column.name}"`, column, actual.type));
    }
  }
  return issues;
}

function compareKeys(source: SourceModel, definitions: RepositoryModel, description: SourceDescription): readonly Issue[] {
  const found = new Map(description.columns.map((c) => [c.name, c]));
  return keysOver(definitions, source).flatMap(({ name, view, type }) => {
    const actual = found.get(name);
    if (actual === undefined) return [missing(source, name, `key (of view "${view}")`, description.columns)];
    if (hasNothingToTell(actual, description) || fits(type, actual, "key")) return [];
    return [misfit(source, `Key "${name}" (of view "${view}")`, { name, type }, actual.type)];
  });
}

interface KeyOver {
  readonly name: string;
  readonly type: ValueType;
  /** One that reads the key. */
  readonly view: string;
}

/** The keys under which views and labels read a source. */
function keysOver(definitions: RepositoryModel, source: SourceModel): readonly KeyOver[] {
  const keys = new Map<string, KeyOver>();
  for (const view of tablesOf(definitions)) {
    if (!readsFrom(view.source, source)) continue;
    for (const entity of view.entities) for (const { name, type } of entity.keys) keys.set(name, { name, type, view: view.name });
  }
  return [...keys.values()];
}

/** Texts of files stand for json and scalars, whatever they say. */
function mayBeText(type: ValueType): boolean {
  return isOrderable(type) || type.kind === "json";
}

/** The types of a text without rows are no guess at anything. */
function hasNothingToTell(column: SourceDescription["columns"][number], description: SourceDescription): boolean {
  return column.text !== undefined && (description.rowCount === 0 || (column.text === "unknown" && column.type.kind === "string"));
}

function misfit(
  source: SourceModel,
  what: string,
  declared: { readonly name: string; readonly type: ValueType },
  actual: ValueType,
): Issue {
  return {
    code: "ASOF_SOURCE_COLUMN",
    path: `sources.${source.name}.${declared.name}`,
    value: printType(actual),
    message: `${what} of source "${source.name}" is declared ${printType(declared.type)} and is ${printType(actual)}${whereOf(declared, actual)}.`,
    fix: "Declare the type that it has, or cast it in a sql source.",
  };
}

/** The part of a nested type that differs. */
function whereOf({ name, type }: { readonly name: string; readonly type: ValueType }, actual: ValueType): string {
  const part = misfitOf(type, actual);
  if (part === null || part.at === "") return "";
  const found = part.found === null ? "is not there" : `is ${printType(part.found)}`;
  return `: ${name}${part.at} ${found} and should be ${printType(part.declared)}`;
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
