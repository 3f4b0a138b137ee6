import { printType, sameType } from "../value/type.ts";
import { acceptsArgument } from "./aggregate-type.ts";
import { checkColumn, checkExpression } from "./check-columns.ts";
import { checkColumnName, checkUnique } from "./check-names.ts";
import { checkInputs, checkRequestFields } from "./check-references.ts";
import type { AggregateModel, FeatureModel, PlainViewModel, ViewModel, WindowedViewModel } from "./model.ts";
import type { IssueList } from "./read.ts";
import { checkWindow, defaultHopUs } from "./window.ts";

/** Checks one view against its source, entities or inputs. `path` is where it stands among the definitions. */
export function checkView(view: ViewModel, list: IssueList, path = `feature_views.${view.name}`): void {
  const names = view.features.map((f) => f.name);
  checkUnique(names, "features", `${path}.features`, list);
  for (const name of names) checkColumnName(name, "a feature", `${path}.features.${name}`, list);
  if (view.form === "request") {
    checkInputs(view, list);
    checkRequestFields([{ view, name: view.name, features: null, keys: {}, maxAgeUs: null }], `${path}.request`, list);
    for (const field of view.request) checkColumnName(field.name, "a request field", `${path}.request.${field.name}`, list);
    return;
  }
  // Without a source (an issue already) nothing can be said about columns.
  if (view.source.name === "") return;
  checkKeys(view, list, `${path}.entities`);
  for (const feature of view.features) checkFeature(feature, view, `${path}.features.${feature.name}`, list);
  if (view.source.eventTime !== null) return;
  if (view.form === "windowed") {
    const message = `A windowed view needs the event time of its rows, but source "${view.source.name}" declares none.`;
    list.add("ASOF_DEFINITION_INVALID", `${path}.source`, view.source.name, message, "Give the source an eventTime.");
  } else if (view.ttlUs !== null) {
    const message = `Source "${view.source.name}" has no event time, so that its values have no age that a ttl could limit.`;
    list.add("ASOF_TTL_INVALID", `${path}.ttl`, undefined, message, "Give the source an eventTime, or remove ttl.");
  }
}

function checkKeys(view: PlainViewModel | WindowedViewModel, list: IssueList, path: string): void {
  const { source } = view;
  const keys = view.entities.flatMap((e) => e.keys);
  const names = keys.map((k) => k.name);
  checkUnique(names, "key columns", path, list);
  for (const key of keys) {
    const column = source.columns.find((c) => c.name === key.name);
    if (column !== undefined && !sameType(column.type, key.type)) {
      const message = `Key "${key.name}" is ${printType(key.type)}, but source "${source.name}" declares it as ${printType(column.type)}.`;
      list.add("ASOF_COLUMN_TYPE", path, key.name, message, "Declare both alike, or leave the key out of the source's columns.");
    }
    if (key.name !== source.eventTime && key.name !== source.createdTime) continue;
    const message = `Key "${key.name}" has the name of a time of source "${source.name}".`;
    list.add("ASOF_NAME_DUPLICATE", path, key.name, message, "Rename the key, and map it to its column with the source's mapping.");
  }
}

function checkFeature(feature: FeatureModel, view: PlainViewModel | WindowedViewModel, path: string, list: IssueList): void {
  switch (feature.kind) {
    case "column":
      checkColumn(feature.name, feature.type, view.source, path, list);
      return;
    case "derived":
      checkExpression(feature.expression, view.source, path, list);
      return;
    case "aggregate":
      checkAggregate(feature.aggregate, view, path, list);
      return;
    case "computed":
      list.add(
        "ASOF_DEFINITION_INVALID",
        path,
        undefined,
        "Only request views compute features by a function.",
        "Define it in a requestView.",
      );
  }
}

function checkAggregate(aggregate: AggregateModel, view: PlainViewModel | WindowedViewModel, path: string, list: IssueList): void {
  const { argument, windowUs, hopUs, where } = aggregate;
  if (argument !== null) checkExpression(argument, view.source, path, list);
  if (where !== null) checkExpression(where, view.source, `${path}.where`, list);
  if (!acceptsArgument(aggregate.function, argument?.type ?? null)) {
    const given = argument === null ? "nothing" : printType(argument.type);
    list.add("ASOF_COLUMN_TYPE", path, given, `${aggregate.function.fn} cannot take ${given}.`, "Use another column or function.");
  }
  if (windowUs === null) return;
  const byRule = hopUs === defaultHopUs(windowUs) && windowUs >= 120_000_000;
  const fault = checkWindow(windowUs, byRule ? null : hopUs);
  if (fault !== null) list.addFaults(path, [fault]);
}
