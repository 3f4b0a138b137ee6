import type { LabelModel, RepositoryModel, ViewModel } from "../definition/model.ts";
import { assert, type Issue } from "../error/error.ts";
import { type DefinitionResolver, decodeEntity, decodeLabel, decodeSource, decodeView } from "../registry/decode-definition.ts";
import { referencesOf } from "../registry/references.ts";
import { columnsOfFeature } from "../registry/used-columns.ts";
import type { RegistryRecord } from "../store/registry.ts";
import { type PlanOptions, type PlanWarning, printObject } from "./plan.ts";
import { objectKinds, type Registered } from "./registered.ts";
import { changesAnything, changesData, makeWrite, objectsOf, type Write } from "./write.ts";

/** What shall be written and deleted, before it is known what that means. */
export interface Choice {
  readonly writes: readonly Write[];
  readonly deletes: readonly RegistryRecord[];
  readonly unchanged: number;
  readonly warnings: readonly PlanWarning[];
  readonly refusals: readonly Issue[];
}

/** Compares what the repository defines with what is registered, and says who may change what. */
export function chooseWrites(registered: Registered, model: RepositoryModel, repository: string, options: PlanOptions): Choice {
  const writes: Write[] = [];
  const warnings: PlanWarning[] = [];
  const refusals: Issue[] = [];
  const defined = new Set<string>();
  let unchanged = 0;
  for (const { kind, model: object } of objectsOf(model)) {
    defined.add(`${kind} ${object.name}`);
    const before = registered.record(kind, object.name);
    const isForeign = before !== null && before.repository !== repository;
    const adopted = isForeign && isNamed(options.adopt, object.name);
    const write = makeWrite(
      kind,
      object,
      before,
      isForeign && !adopted ? before.repository : repository,
      adopted ? before.repository : null,
    );
    if (isForeign && !adopted) {
      if (changesData(write)) refusals.push(refuseForeign(write, before));
      else if (changesAnything(write)) warnings.push(warnForeign(write, before));
    } else if (changesAnything(write)) writes.push(write);
    else unchanged++;
  }
  const missing = objectKinds
    .toReversed()
    .flatMap((kind) => registered.records(kind).filter((r) => r.repository === repository && !defined.has(`${kind} ${r.name}`)));
  const deletes = options.deleteMissing === false ? [] : missing;
  const dependents = chooseDependents(registered, writes, deletes, defined);
  return {
    writes: [...writes, ...dependents.writes],
    deletes,
    unchanged,
    warnings,
    refusals: [...refusals, ...dependents.refusals],
  };
}

/** Whether an option that is yes, no or a list of names covers an object. */
export function isNamed(option: boolean | readonly string[] | undefined, name: string): boolean {
  return Array.isArray(option) ? option.includes(name) : option === true;
}

/**
 * Registered views that are not defined here but stand on an entity or source that changes: their meaning changes with it, so
 * they are written too, under the repository that manages them.
 */
function chooseDependents(
  registered: Registered,
  writes: readonly Write[],
  deletes: readonly RegistryRecord[],
  defined: ReadonlySet<string>,
): { readonly writes: readonly Write[]; readonly refusals: readonly Issue[] } {
  const changed = new Map(
    writes
      .filter((w) => (w.kind === "entity" || w.kind === "source") && w.before !== null && changesData(w))
      .map((w) => [`${w.kind} ${w.name}`, w]),
  );
  const found: Write[] = [];
  const refusals: Issue[] = [];
  if (changed.size === 0) return { writes: found, refusals };
  const resolver = resolverAfter(registered, changed);
  for (const record of [...registered.records("feature_view"), ...registered.records("label")]) {
    const kind = record.kind === "label" ? "label" : "feature_view";
    if (defined.has(`${kind} ${record.name}`) || deletes.includes(record)) continue;
    const { entities, source } = referencesOf(kind, record.name, record.spec);
    if (!changed.has(`source ${source}`) && !entities.some((name) => changed.has(`entity ${name}`))) continue;
    const view = kind === "label" ? decodeLabel(record.name, record.spec, resolver) : decodeView(record.name, record.spec, resolver);
    const lost = missingColumns(view);
    if (lost.length > 0) refusals.push(refuseLostColumns(view, record, lost));
    const write = makeWrite(kind, view, record, record.repository, null);
    if (changesAnything(write)) found.push(write);
  }
  return { writes: found, refusals };
}

function resolverAfter(registered: Registered, changed: ReadonlyMap<string, Write>): DefinitionResolver {
  return {
    entity(name) {
      const model = changed.get(`entity ${name}`)?.model;
      return model?.kind === "entity" ? model : decodeEntity(name, registered.record("entity", name)?.spec ?? null);
    },
    source(name) {
      const model = changed.get(`source ${name}`)?.model;
      return model?.kind === "source" ? model : decodeSource(name, registered.record("source", name)?.spec ?? null);
    },
    view(name) {
      assert(false, `a stored view refers to view "${name}"`);
    },
  };
}

function missingColumns(view: ViewModel | LabelModel): readonly string[] {
  if (view.kind === "view" && view.form === "request") return [];
  const known = new Set(view.source.columns.map((c) => c.name));
  return [...new Set(view.features.flatMap(columnsOfFeature))].filter((name) => !known.has(name));
}

function refuseForeign(write: Write, before: RegistryRecord): Issue {
  const object = printObject(write.kind, write.name);
  return {
    code: "ASOF_NOT_OWNER",
    path: `${write.kind}.${write.name}`,
    value: before.repository,
    message: `${capital(object)} is managed by repository "${before.repository}", and it is defined otherwise here.`,
    fix: `Define it as it is registered, or change it in "${before.repository}", or take it over with \`--adopt\`.`,
  };
}

function warnForeign(write: Write, before: RegistryRecord): PlanWarning {
  const object = capital(printObject(write.kind, write.name));
  return {
    path: `${write.kind}.${write.name}`,
    message: `${object} is managed by repository "${before.repository}", which describes it otherwise; it stays as registered.`,
  };
}

function refuseLostColumns(view: ViewModel | LabelModel, record: RegistryRecord, columns: readonly string[]): Issue {
  const source = view.kind === "view" && view.form === "request" ? "" : view.source.name;
  return {
    code: "ASOF_IN_USE",
    path: `source.${source}.columns`,
    value: columns.join(", "),
    message: `Source "${source}" loses ${columns.map((c) => `column "${c}"`).join(", ")}, used by ${printObject(view.kind === "label" ? "label" : "feature_view", view.name)} of repository "${record.repository}".`,
    fix: `Keep the column, or remove the features made from it in "${record.repository}" first.`,
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
