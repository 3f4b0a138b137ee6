import { checkUnique } from "./check-names.ts";
import { checkReference, checkRequestFields } from "./check-references.ts";
import type { ServiceModel } from "./model.ts";
import type { IssueList } from "./read.ts";

/** Checks a service: its uses of views, and what they read and give together. */
export function checkService(service: ServiceModel, list: IssueList): void {
  const path = `feature_services.${service.name}.views`;
  for (const reference of service.views) checkReference(reference, `${path}.${reference.name}`, list);
  const names = service.views.map((v) => v.name);
  checkUnique(names, "views of this service", path, list);
  checkRequestFields(service.views, path, list);
  checkFullNames(service, path, list);
}

/** `a` with feature `b__c` and `a__b` with feature `c` have one full name: their columns could never be told apart. */
function checkFullNames(service: ServiceModel, path: string, list: IssueList): void {
  const owners = new Map<string, { readonly view: string; readonly feature: string }>();
  for (const reference of service.views) {
    const names = reference.features ?? reference.view.features.map((f) => f.name);
    for (const feature of new Set(names)) {
      const full = `${reference.name}__${feature}`;
      const other = owners.get(full);
      owners.set(full, other ?? { view: reference.name, feature });
      if (other === undefined || other.view === reference.name) continue;
      const message = `"${other.view}:${other.feature}" and "${reference.name}:${feature}" both have the full name "${full}".`;
      list.add("ASOF_NAME_COLLISION", path, full, message, "Give one of the views an alias with .as(…).");
    }
  }
}
