import type { RepositoryModel } from "../definition/model.ts";
import type { Issue } from "../error/error.ts";
import { isJsonObject } from "../registry/canonical-json.ts";
import { featureNamesOf, referencesOf, type UsedView } from "../registry/references.ts";
import { generationOf } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import { printVersion } from "../registry/view-version.ts";
import type { RegistryRecord, RegistrySnapshot, RegistryStore } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { printObject } from "./plan.ts";
import { changesAnything, type Write } from "./write.ts";

/** With which other projects a view's spec shares it. */
function sharedWith(spec: Json | undefined): true | readonly string[] {
  const metadata = isJsonObject(spec) && isJsonObject(spec.metadata) ? spec.metadata : {};
  const { shared } = metadata;
  if (shared === true) return true;
  return Array.isArray(shared) ? shared.filter((name): name is string => typeof name === "string") : [];
}

/** Whether a view's spec shares it with a project. */
function isSharedWith(spec: Json | undefined, project: string): boolean {
  const shared = sharedWith(spec);
  return shared === true || shared.includes(project);
}

/**
 * What a plan has to see: the project's part of the registry; all of it where the project shares views, or uses those of others.
 */
export async function snapshotForPlan(store: RegistryStore, project: string, model: RepositoryModel): Promise<RegistrySnapshot> {
  const own = await store.snapshot(project);
  const uses = [...model.services.map((s) => s.views), ...model.views.map((v) => (v.form === "request" ? v.inputs : []))].flat();
  const isAlone = uses.every((use) => use.project === undefined) && own.records.every((r) => r.kind !== "feature_view" || !isShared(r));
  return isAlone ? own : store.snapshot(null);
}

function isShared(record: RegistryRecord): boolean {
  const shared = sharedWith(record.spec);
  return shared === true || shared.length > 0;
}

/** Faults in what services and request views to be written use of other projects: each named with its owner. */
export function refuseForeign(snapshot: RegistrySnapshot, project: string, writes: readonly Write[]): readonly Issue[] {
  const uses = writes.flatMap((write) =>
    changesAnything(write) ? referencesOf(write.kind, write.name, write.encoded.spec).foreign.map((use) => ({ write, use })) : [],
  );
  if (uses.length === 0) return [];
  const find = (owner: string, kind: string, name: string): RegistryRecord | undefined =>
    snapshot.records.find((r) => r.project === owner && r.kind === kind && r.name === name);
  return uses.flatMap(({ write, use }): readonly Issue[] => {
    const by = printObject(write.kind, write.name);
    const path = `${write.kind}.${write.name}.views.${use.project}/${use.view}`;
    const view = find(use.project, "feature_view", use.view);
    if (use.project === project) return [ownProject(by, path, use)];
    if (view === undefined) return [unknownView(by, path, use)];
    if (!isSharedWith(view.spec, project)) return [notShared(by, path, use, view, project)];
    const state = find(use.project, "view_state", use.view);
    return [...lostFeatures(by, path, use, view), ...lostVersion(by, path, use, state)];
  });
}

type ForeignUse = UsedView & { readonly project: string };

function ownProject(by: string, path: string, use: ForeignUse): Issue {
  return {
    code: "ASOF_DEFINITION_INVALID",
    path,
    value: use.project,
    message: `${by} takes view "${use.view}" from its own project, "${use.project}".`,
    fix: "Use the view itself, without from(…).",
  };
}

function unknownView(by: string, path: string, use: ForeignUse): Issue {
  return {
    code: "ASOF_FEATURE_UNKNOWN",
    path,
    value: use.view,
    message: `${by} uses "${use.project}/${use.view}", and no such view is registered in project "${use.project}".`,
    fix: `Fix the project or the view, or apply the definitions of "${use.project}" to this registry first.`,
  };
}

function notShared(by: string, path: string, use: ForeignUse, view: RegistryRecord, project: string): Issue {
  const metadata = isJsonObject(view.spec) && isJsonObject(view.spec.metadata) ? view.spec.metadata : {};
  const owner = typeof metadata.owner === "string" ? ` (owner ${metadata.owner})` : "";
  return {
    code: "ASOF_NOT_SHARED",
    path,
    value: `${use.project}/${use.view}`,
    message: `${by} uses "${use.project}/${use.view}", which its owner, repository "${view.repository}" of project "${use.project}"${owner}, does not share with project "${project}".`,
    fix: `Let the owner declare the view with shared: true or shared: ["${project}"], and apply it.`,
  };
}

/** A version's own features are told when it is looked up. */
function lostFeatures(by: string, path: string, use: ForeignUse, view: RegistryRecord): readonly Issue[] {
  if (use.version !== null) return [];
  const has = featureNamesOf(view.name, view.spec);
  return (use.features ?? [])
    .filter((feature) => !has.has(feature))
    .map((feature) => ({
      code: "ASOF_FEATURE_UNKNOWN",
      path,
      value: feature,
      message: `${by} uses "${use.project}/${use.view}:${feature}", which the view does not have. It has: ${[...has].join(", ")}.`,
      fix: "Pick another feature, or let the owner add it.",
    }));
}

function lostVersion(by: string, path: string, use: ForeignUse, state: RegistryRecord | undefined): readonly Issue[] {
  if (use.version === null) return [];
  const kept = state === undefined ? [] : decodeViewState(state.spec, use.view).keptGenerations;
  if (kept.includes(generationOf(use.version))) return [];
  return [
    {
      code: "ASOF_VERSION_UNKNOWN",
      path,
      value: use.version,
      message: `${by} uses "${use.project}/${printVersion(use.view, use.version)}", a version that is not kept.`,
      fix: "Refer to a version that is kept, or to the view without a version.",
    },
  ];
}

/** A service or request view of another project that uses a view of this one. */
export interface ForeignUser {
  readonly record: RegistryRecord;
  readonly use: UsedView;
}

/** Who uses views of a project from other projects, as far as the snapshot shows them. */
export function foreignUsers(snapshot: RegistrySnapshot, project: string): readonly ForeignUser[] {
  return snapshot.records.flatMap((record) => {
    if (record.project === project || (record.kind !== "feature_service" && record.kind !== "feature_view")) return [];
    const { foreign } = referencesOf(record.kind, record.name, record.spec);
    return foreign.flatMap((use) => (use.project === project ? [{ record, use }] : []));
  });
}

/** As messages name a user: with its project and repository. */
export function printForeignUser({ record }: ForeignUser): string {
  const kind = record.kind === "feature_service" ? "feature_service" : "feature_view";
  return `${printObject(kind, record.name)} of project "${record.project}" (repository "${record.repository}")`;
}

/** Views that are shared no more, though a project uses them. */
export function refuseUnsharing(writes: readonly Write[], users: readonly ForeignUser[]): readonly Issue[] {
  return writes.flatMap((write): readonly Issue[] => {
    if (write.kind !== "feature_view") return [];
    const lost = users.filter((user) => user.use.view === write.name && !isSharedWith(write.encoded.spec, user.record.project));
    if (lost.length === 0) return [];
    const list = [...new Set(lost.map(printForeignUser))].join(", ");
    return [
      {
        code: "ASOF_IN_USE",
        path: `feature_view.${write.name}.shared`,
        value: list,
        message: `Cannot stop sharing ${printObject("feature_view", write.name)}: it is used by ${list}.`,
        fix: "Remove it there first, or go on sharing it.",
      },
    ];
  });
}
