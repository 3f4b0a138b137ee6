import { printType } from "../value/type.ts";
import { checkColumnName, checkUnique } from "./check-names.ts";
import { checkSecrets } from "./check-secrets.ts";
import type { LabelModel, PlainViewModel, RepositoryModel, SourceModel, WindowedViewModel } from "./model.ts";
import { type IssueList, listNames, nearest } from "./read.ts";

/** Checks one source by itself. */
export function checkSource(source: SourceModel, list: IssueList): void {
  const path = `sources.${source.name}`;
  const names = source.columns.map((c) => c.name);
  checkUnique(names, "columns", `${path}.columns`, list);
  for (const name of names) checkColumnName(name, "a column", `${path}.columns.${name}`, list);
  for (const role of ["eventTime", "createdTime"] as const) {
    const column = source.columns.find((c) => c.name === source[role]);
    if (column === undefined || (column.type.kind === "timestamp" && column.type.precision === undefined)) continue;
    const message = `Column "${column.name}" is the source's ${role}, but is declared as ${printType(column.type)}.`;
    list.add("ASOF_COLUMN_TYPE", `${path}.${role}`, column.name, message, "Declare it as timestamp(), or leave it out of the columns.");
  }
  checkSecrets(source, list);
  if (source.type === "push" && source.eventTime === null) {
    const message = "A push source has no event time, so that its rows would be visible before they happened.";
    list.add("ASOF_DEFINITION_INVALID", `${path}.eventTime`, undefined, message, 'Write eventTime: "event_timestamp".');
  }
}

/** Checks that mappings rename something that exists: a column, a time, the event id, or a key of a view that uses the source. */
export function checkMappings(model: RepositoryModel, list: IssueList): void {
  for (const source of model.sources) {
    const known = new Set(
      [...source.columns.map((c) => c.name), source.eventTime, source.createdTime, source.eventId].filter((n) => n !== null),
    );
    for (const view of tablesOf(model)) {
      if (!usesSource(view.source, source)) continue;
      for (const key of view.entities.flatMap((e) => e.keys)) known.add(key.name);
    }
    for (const name of Object.keys(source.mapping)) {
      if (known.has(name)) continue;
      const hint = nearest(name, known);
      const fix = hint === null ? `Map one of: ${listNames([...known])}.` : `Did you mean "${hint}"?`;
      const message = `The mapping renames "${name}", which is neither a column, a time, the event id nor a key of a view that uses the source.`;
      list.add("ASOF_COLUMN_UNKNOWN", `sources.${source.name}.mapping.${name}`, name, message, fix);
    }
  }
}

/** What reads rows by keys: stored views and labels. */
export function tablesOf(model: RepositoryModel): readonly (PlainViewModel | WindowedViewModel | LabelModel)[] {
  return [...model.views.filter((v) => v.form !== "request"), ...(model.labels ?? [])];
}

function usesSource(used: SourceModel, source: SourceModel): boolean {
  return used.name === source.name || (used.type === "push" && used.batch?.name === source.name);
}
