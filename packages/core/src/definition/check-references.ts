import { printType, type ValueType } from "../value/type.ts";
import { checkObjectName, checkUnique } from "./check-names.ts";
import { sameForm } from "./expr-coerce.ts";
import type { ColumnModel, RequestViewModel, ViewModel, ViewReference } from "./model.ts";
import { type IssueList, listNames, nearest } from "./read.ts";
import { withoutVersion } from "./view.ts";

/** Checks a use of a view: alias, picked features, renamed keys, age limit. */
export function checkReference(reference: ViewReference, path: string, list: IssueList): void {
  if (reference.project !== undefined && /[/:@]/.test(reference.project)) {
    const message = `"${reference.project}" cannot be the name of a project: references are written project/view@version:feature.`;
    list.add("ASOF_NAME_INVALID", path, reference.project, message, "Give the project's name alone.");
  }
  const { view, name, features, maxAgeUs, version } = reference;
  const ownName = version === undefined ? name : withoutVersion(name);
  if (ownName !== view.name) checkObjectName(ownName, "a feature view", `${path}.as`, list);
  // Which features and keys a version has is known to the registry.
  if (features !== null) {
    if (version === undefined) checkPicked(view, features, `${path}.pick`, list);
    else checkUnique(features, "picked features", `${path}.pick`, list);
  }
  if (version === undefined) checkRenamedKeys(reference, `${path}.withKeys`, list);
  if (maxAgeUs === null) return;
  if (view.form !== "plain") {
    const message = `maxAge limits the age of a row; "${view.name}" is a ${view.form} view, whose values are computed for each t.`;
    list.add("ASOF_TTL_INVALID", `${path}.maxAge`, undefined, message, "Remove maxAge.");
  } else if (view.source.eventTime === null) {
    const message = `Source "${view.source.name}" has no event time, so that its values have no age.`;
    list.add("ASOF_TTL_INVALID", `${path}.maxAge`, undefined, message, "Remove maxAge, or give the source an eventTime.");
  }
}

function checkPicked(view: ViewModel, features: readonly string[], path: string, list: IssueList): void {
  checkUnique(features, "picked features", path, list);
  const names = view.features.map((f) => f.name);
  for (const feature of features) {
    if (names.includes(feature)) continue;
    const hint = nearest(feature, names);
    const message = `Feature view "${view.name}" has no feature "${feature}". It has: ${listNames(names)}.`;
    list.add(
      "ASOF_FEATURE_UNKNOWN",
      path,
      feature,
      message,
      hint === null ? "Pick one of those, or add the feature." : `Did you mean "${hint}"?`,
    );
  }
}

function checkRenamedKeys(reference: ViewReference, path: string, list: IssueList): void {
  const keys = keysOf(reference.view).map((k) => k.name);
  for (const key of Object.keys(reference.keys)) {
    if (keys.includes(key)) continue;
    const hint = nearest(key, keys);
    const message = `Feature view "${reference.view.name}" has no key "${key}". It has: ${listNames(keys)}.`;
    list.add("ASOF_COLUMN_UNKNOWN", path, key, message, hint === null ? "Rename one of those." : `Did you mean "${hint}"?`);
  }
}

/** Checks the inputs of a request view: sound uses, told apart by name, none named like the other members of compute's argument. */
export function checkInputs(view: RequestViewModel, list: IssueList): void {
  const path = `feature_views.${view.name}.inputs`;
  const names = view.inputs.map((i) => i.name);
  checkUnique(names, "inputs", path, list);
  for (const input of view.inputs) {
    checkReference(input, `${path}.${input.name}`, list);
    if (input.name !== "t" && input.name !== "request") continue;
    const message = `An input cannot be called "${input.name}": the function gets that beside its inputs.`;
    list.add("ASOF_NAME_INVALID", `${path}.${input.name}`, input.name, message, `Give it another name: .as("${input.name}_features").`);
  }
}

/** Checks what views used together read from one row: keys of one name have one type, and request fields are not keys. */
export function checkRequestFields(references: readonly ViewReference[], path: string, list: IssueList): void {
  const keys = new Map<string, ColumnModel>();
  for (const key of references.flatMap((r) => columnsRead(r, []))) {
    const other = keys.get(key.name);
    if (other !== undefined && !sameForm(other.type, key.type)) {
      const message = `Key column "${key.name}" is read as ${describeType(other.type)} by one view and as ${describeType(key.type)} by another.`;
      list.add("ASOF_COLUMN_TYPE", path, key.name, message, "Declare the entities' keys alike, or rename one with .withKeys(…).");
    }
    keys.set(key.name, other ?? key);
  }
  const fields = new Map<string, ColumnModel>();
  for (const field of references.flatMap((r) => fieldsRead(r.view, []))) {
    const other = fields.get(field.name);
    if (keys.has(field.name) && other === undefined) {
      const message = `Request field "${field.name}" has the name of an entity key, so that a row could hold only one of them.`;
      list.add(
        "ASOF_NAME_DUPLICATE",
        path,
        field.name,
        message,
        "Rename the field, or read the key from another column with .withKeys(…).",
      );
    }
    if (other !== undefined && (!sameForm(other.type, field.type) || other.nullable !== field.nullable)) {
      const message = `Request field "${field.name}" is ${describeField(other)} for one view and ${describeField(field)} for another.`;
      list.add("ASOF_COLUMN_TYPE", path, field.name, message, "Declare the field alike in both request views, or rename one.");
    }
    fields.set(field.name, other ?? field);
  }
}

function describeType(type: ValueType): string {
  return type.kind === "int64" && type.as === "number" ? 'int64({ as: "number" })' : printType(type);
}

function describeField(field: ColumnModel): string {
  return field.nullable ? `nullable(${describeType(field.type)})` : describeType(field.type);
}

/** Keys of a view, of a request view those of its inputs under the columns that they read. */
function keysOf(view: ViewModel, above: readonly ViewModel[] = []): readonly ColumnModel[] {
  if (view.form !== "request") return view.entities.flatMap((e) => e.keys);
  return above.includes(view) ? [] : view.inputs.flatMap((input) => columnsRead(input, [...above, view]));
}

/** The columns from which a use reads its keys. */
function columnsRead(reference: ViewReference, above: readonly ViewModel[]): readonly ColumnModel[] {
  return keysOf(reference.view, above).map((key) => ({ ...key, name: reference.keys[key.name] ?? key.name }));
}

function fieldsRead(view: ViewModel, above: readonly ViewModel[]): readonly ColumnModel[] {
  if (view.form !== "request" || above.includes(view)) return [];
  return [...view.request, ...view.inputs.flatMap((input) => fieldsRead(input.view, [...above, view]))];
}
