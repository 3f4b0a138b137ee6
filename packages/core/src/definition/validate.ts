import type { Issue } from "../error/error.ts";
import { checkCycles } from "./check-cycles.ts";
import { checkEntity } from "./check-entity.ts";
import { checkLabel } from "./check-label.ts";
import { checkFreeName, checkObjectName, checkUnique, checkViewName } from "./check-names.ts";
import { checkReference, checkRequestFields } from "./check-references.ts";
import { checkService } from "./check-service.ts";
import { checkMappings, checkSource } from "./check-source.ts";
import { checkView } from "./check-view.ts";
import { issuesOf, referenceOf } from "./definition.ts";
import type { RepositoryModel } from "./model.ts";
import { IssueList } from "./read.ts";
import type { AnyView } from "./view.ts";

/**
 * Everything that types cannot catch, all of it at once: faults found while the objects were built, then those that show only
 * together. An empty list means that the definitions can be planned and applied.
 */
export function validateRepository(model: RepositoryModel): readonly Issue[] {
  const list = new IssueList();
  for (const entity of model.entities) {
    checkFreeName(entity.name, "an entity", `entities.${entity.name}`, list);
    checkEntity(entity, list);
  }
  for (const source of model.sources) {
    checkFreeName(source.name, "a source", `sources.${source.name}`, list);
    checkSource(source, list);
  }
  for (const view of model.views) {
    checkViewName(view.name, `feature_views.${view.name}`, list);
    checkView(view, list);
  }
  for (const service of model.services) {
    checkFreeName(service.name, "a feature service", `feature_services.${service.name}`, list);
    checkService(service, list);
  }
  const labels = model.labels ?? [];
  for (const label of labels) {
    checkObjectName(label.name, "a label", `labels.${label.name}`, list);
    checkLabel(label, list);
  }
  checkDuplicates(model.entities, "entities", list);
  checkDuplicates(model.sources, "sources", list);
  checkDuplicates(model.views, "feature views", list);
  checkDuplicates(model.services, "feature services", list);
  checkDuplicates(labels, "labels", list);
  checkMappings(model, list);
  checkCycles(model.views, list);
  return [...(model.issues ?? []), ...list.issues];
}

/** The same for views that are asked for without a service: aliases, picks, renamed keys, and what they read together. */
export function validateUses(views: readonly AnyView[]): readonly Issue[] {
  const list = new IssueList();
  const references = views.map(referenceOf);
  for (const reference of references) checkReference(reference, `features.${reference.name}`, list);
  checkUnique(
    references.map((r) => r.name),
    "views asked for",
    "features",
    list,
  );
  checkRequestFields(references, "features", list);
  return [...new Set([...views.flatMap(issuesOf), ...list.issues])];
}

/**
 * Two objects of one kind and name, or with names that differ in case only: file systems and SQL engines that ignore case
 * would mix them up.
 */
function checkDuplicates(objects: readonly { readonly name: string }[], what: string, list: IssueList): void {
  const groups = Map.groupBy(new Set(objects), (object) => object.name.toLowerCase());
  for (const group of groups.values()) {
    const [first, second] = group;
    if (first === undefined || second === undefined) continue;
    const path = `${what.replace(" ", "_")}.${first.name}`;
    const names = [...new Set(group.map((object) => `"${object.name}"`))];
    const message =
      names.length === 1
        ? `${group.length === 2 ? "Two" : group.length} different ${what} are called ${names[0]}.`
        : `The ${what} ${names.join(" and ")} differ in case only, and some stores ignore case.`;
    list.add("ASOF_NAME_DUPLICATE", path, second.name, message, "Define the object once and import it where it is used, or rename one.");
  }
}
