import type { Issue } from "../error/error.ts";
import { featureNamesOf, type References, referencesOf } from "../registry/references.ts";
import { formerFeatures, generationOf } from "../registry/view-state.ts";
import type { RegistryRecord } from "../store/registry.ts";
import { type PlanKind, printObject } from "./plan.ts";
import { objectKinds, type Registered } from "./registered.ts";
import { type ForeignUser, printForeignUser } from "./shared-views.ts";
import { compareViews } from "./view-change.ts";
import type { Write } from "./write.ts";

/** What would be gone although it is used, and who uses it. */
interface Use {
  readonly kind: PlanKind;
  readonly name: string;
  readonly feature: string | null;
  readonly users: Set<string>;
}

/**
 * What cannot be deleted because a registered view or service, of whatever repository, uses it: whole objects, and features
 * removed from views. Who reads all features of a view uses each of them; a service that reads fewer after this very plan uses
 * only those.
 */
export function refuseUsed(
  registered: Registered,
  writes: readonly Write[],
  deletes: readonly RegistryRecord[],
  others: readonly ForeignUser[],
): readonly Issue[] {
  const gone = new Set(deletes.map((r) => `${r.kind} ${r.name}`));
  const removed = removedFeatures(writes);
  if (gone.size === 0 && removed.size === 0) return [];
  const written = new Map(writes.map((w) => [`${w.kind} ${w.name}`, w]));
  const uses = new Map<string, Use>();
  for (const user of objectKinds.flatMap((kind) => registered.records(kind))) {
    const id = `${user.kind} ${user.name}`;
    if (gone.has(id)) continue;
    const before = referencesOf(user.kind, user.name, user.spec);
    const after = referencesOf(user.kind, user.name, written.get(id)?.encoded.spec ?? user.spec);
    const add = (kind: PlanKind, name: string, feature: string | null) => addUse(uses, kind, name, feature, user);
    for (const name of after.entities) if (gone.has(`entity ${name}`)) add("entity", name, null);
    if (after.source !== null && gone.has(`source ${after.source}`)) add("source", after.source, null);
    for (const { view } of after.views) {
      if (gone.has(`feature_view ${view}`)) add("feature_view", view, null);
      for (const feature of removed.get(view) ?? []) {
        const touches = (version: number | null): boolean =>
          version === null || changesVersion(registered, written.get(`feature_view ${view}`), version);
        if (reads(before, view, feature, touches) && reads(after, view, feature, touches)) add("feature_view", view, feature);
      }
    }
  }
  for (const other of others) {
    const { view, features, version } = other.use;
    const add = (feature: string | null): void => addUser(uses, "feature_view", view, feature, printForeignUser(other));
    if (gone.has(`feature_view ${view}`)) add(null);
    const touches = version === null || changesVersion(registered, written.get(`feature_view ${view}`), version);
    for (const feature of removed.get(view) ?? []) if (touches && (features === null || features.includes(feature))) add(feature);
  }
  return [...uses.values()].map(refuseUse);
}

function reads(references: References, view: string, feature: string, touches: (version: number | null) => boolean): boolean {
  return references.views.some((r) => r.view === view && touches(r.version) && (r.features === null || r.features.includes(feature)));
}

/** Whether a version loses features by a write: the registered one, if the change is in place. Others go on having what they had. */
function changesVersion(registered: Registered, write: Write | undefined, version: number): boolean {
  const state = registered.viewState(write?.name ?? "")?.state;
  const before = registered.models().views.get(write?.name ?? "");
  if (write === undefined || write.model.kind !== "view" || state === undefined || before === undefined) return false;
  if (state.registeredGeneration !== generationOf(version)) return false;
  return compareViews(before, write.model, formerFeatures(state)).rebuild.length === 0;
}

function addUse(uses: Map<string, Use>, kind: PlanKind, name: string, feature: string | null, user: RegistryRecord): void {
  const userKind = user.kind === "feature_service" || user.kind === "label" ? user.kind : "feature_view";
  addUser(uses, kind, name, feature, `${printObject(userKind, user.name)} of repository "${user.repository}"`);
}

function addUser(uses: Map<string, Use>, kind: PlanKind, name: string, feature: string | null, user: string): void {
  const id = `${kind} ${name} ${feature ?? ""}`;
  const use = uses.get(id) ?? { kind, name, feature, users: new Set<string>() };
  use.users.add(user);
  uses.set(id, use);
}

/** View → features that it has now and will not have. */
function removedFeatures(writes: readonly Write[]): ReadonlyMap<string, readonly string[]> {
  const removed = new Map<string, readonly string[]>();
  for (const { kind, name, before, encoded } of writes) {
    if (kind !== "feature_view" || before === null) continue;
    const kept = featureNamesOf(name, encoded.spec);
    const lost = [...featureNamesOf(name, before.spec)].filter((feature) => !kept.has(feature));
    if (lost.length > 0) removed.set(name, lost);
  }
  return removed;
}

function refuseUse({ kind, name, feature, users }: Use): Issue {
  const what = feature === null ? printObject(kind, name) : `feature "${name}:${feature}"`;
  const list = [...users].join(", ");
  return {
    code: "ASOF_IN_USE",
    path: feature === null ? `${kind}.${name}` : `${kind}.${name}.features.${feature}`,
    value: list,
    message: `Cannot delete ${what}: it is used by ${list}.`,
    fix: feature === null ? "Remove it there first, or keep it." : "Let them .pick() the features that stay, or keep it.",
  };
}
