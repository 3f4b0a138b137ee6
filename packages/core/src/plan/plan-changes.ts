import type {
  ObjectModel,
  RepositoryModel,
  RequestViewModel,
  ServiceModel,
  SourceModel,
  ViewModel,
  ViewReference,
} from "../definition/model.ts";
import { relativePathOf } from "../definition/relative-path.ts";
import type { Issue } from "../error/error.ts";
import { fingerprintOf } from "../registry/canonical-json.ts";
import { recordKindOf } from "../registry/encode-definition.ts";
import { type DerivedEdge, lineageOfLabel, lineageOfService, lineageOfVersion, lineageOfView } from "../registry/lineage.ts";
import { servedViewOf } from "../registry/models.ts";
import { referencesOf } from "../registry/references.ts";
import { putState } from "../registry/update-state.ts";
import { versionOf } from "../registry/view-state.ts";
import { decodeViewVersion, parseVersion } from "../registry/view-version.ts";
import type { RegistryChange, RegistryRecord, RegistrySnapshot } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { compareText } from "../value/order.ts";
import { checkNamed } from "./check-named.ts";
import { chooseWrites, isNamed } from "./choose-writes.ts";
import { diffSpecs } from "./diff.ts";
import { refuseUsed } from "./in-use.ts";
import { type PinnedVersions, pinnedVersions, refuseUnkept, type VersionUser } from "./pinned-versions.ts";
import type { Implications, Plan, PlanEntry, PlanKind, PlanOptions, PlanWarning } from "./plan.ts";
import { indexRegistered, objectKinds, type Registered } from "./registered.ts";
import { type ServiceUses, servicesReading, serviceUses } from "./service-uses.ts";
import { type ForeignUser, foreignUsers, refuseForeign, refuseUnsharing } from "./shared-views.ts";
import { planDeletedView, planMetadata, planView, type ViewPlan } from "./view-plan.ts";
import { changesData, type Write } from "./write.ts";

const nothing: Implications = { recompute: [], online: "nothing", versions: null, services: [], lineage: { added: [], removed: [] } };

/**
 * Computes what `apply` would do: the difference between what a repository defines and what a snapshot has registered for its
 * project. Pure. The snapshot shows the other projects too where views are shared ({@link snapshotForPlan}). Objects of other repositories are compared but never written, except views whose meaning changes because they
 * stand on an entity or source that changes here. The model must be valid (`validateRepository`).
 * ASOF_OBJECT_UNKNOWN where an option names what there is not.
 */
export function planChanges(snapshot: RegistrySnapshot, model: RepositoryModel, repository: string, options: PlanOptions = {}): Plan {
  const registered = indexRegistered(snapshot, model.project);
  checkNamed(registered, model, options);
  const choice = chooseWrites(registered, model, repository, options);
  const others = foreignUsers(snapshot, registered.project);
  const draft: Draft = {
    registered,
    uses: usesAfterwards(registered, choice.writes, choice.deletes),
    others,
    options,
    entries: [],
    changes: [],
    added: [],
    removed: [],
    pinned: pinnedVersions(
      [...usersAfterwards(registered, choice.writes, choice.deletes), ...others.map((o) => o.record)],
      registered.project,
    ),
    refusals: [
      ...choice.refusals,
      ...refuseUsed(registered, choice.writes, choice.deletes, others),
      ...refuseUnsharing(choice.writes, others),
      ...refuseForeign(snapshot, registered.project, choice.writes),
    ],
    movedViews: new Set(),
    untouchedUsers: untouchedUsers(registered, choice.writes, choice.deletes),
  };
  planProject(draft, repository);
  // Views first: what an entity or a source implies is what its views imply.
  const written = [...choice.writes].sort((a, b) => order(b) - order(a)).map((write) => planWrite(draft, write));
  draft.entries.push(...written.sort(compareEntries));
  for (const record of choice.deletes) planDelete(draft, record);
  const users = choice.writes.map((write) => userOf(registered, write));
  draft.refusals.push(...refuseUnkept(registered, draft.changes, users));
  const guards = guardPinned(snapshot, registered, choice.writes, draft.changes);
  return {
    project: model.project,
    repository,
    definitionsVersion: registered.definitionsVersion,
    entries: draft.entries,
    unchanged: choice.unchanged,
    warnings: [
      ...choice.warnings,
      ...warnStatic(model.sources),
      ...warnPending(registered, draft.entries),
      ...warnUnreachable(model.views),
    ],
    refusals: draft.refusals,
    changes: [...draft.changes, ...guards],
    lineage: netLineage(draft.added, draft.removed),
  };
}

interface Draft {
  readonly registered: Registered;
  readonly uses: ServiceUses;
  /** Who uses the project's views from other projects. */
  readonly others: readonly ForeignUser[];
  /** References to versions by number, as they will be. */
  readonly pinned: PinnedVersions;
  readonly options: PlanOptions;
  readonly entries: PlanEntry[];
  readonly changes: RegistryChange[];
  readonly added: DerivedEdge[];
  readonly removed: DerivedEdge[];
  readonly refusals: Issue[];
  /** Views that change because of the entity or source they stand on. */
  readonly movedViews: Set<string>;
  /** What the plan neither writes nor deletes, and reads all features of some view. */
  readonly untouchedUsers: readonly (ServiceModel | RequestViewModel)[];
}

function planProject(draft: Draft, repository: string): void {
  const { registered, options } = draft;
  const before = registered.record("project", registered.project);
  const metadata = options.projectDescription === undefined ? null : { description: options.projectDescription };
  const spec: Json = { data: {}, metadata: metadata ?? metadataOf(before) };
  const differences = diffSpecs(before?.spec ?? null, spec);
  if (before !== null && differences.length === 0) return;
  draft.entries.push({
    action: before === null ? "created" : "changed",
    kind: "project",
    name: registered.project,
    repository,
    adoptedFrom: null,
    part: before === null ? "data" : "metadata",
    differences,
    implies: nothing,
  });
  draft.changes.push({
    op: "put",
    ifRevision: before?.revision ?? 0,
    project: registered.project,
    kind: "project",
    name: registered.project,
    repository: "",
    dataFingerprint: fingerprintOf({}),
    metadataFingerprint: fingerprintOf(metadata ?? {}),
    spec,
  });
}

function metadataOf(record: RegistryRecord | null): Json {
  const spec = record?.spec;
  return typeof spec === "object" && spec !== null && "metadata" in spec ? spec.metadata : {};
}

function planWrite(draft: Draft, write: Write): PlanEntry {
  const { registered } = draft;
  const differences = diffSpecs(write.before?.spec ?? null, write.encoded.spec);
  draft.changes.push(putDefinition(registered.project, write));
  const base = { kind: write.kind, name: write.name, repository: write.repository, adoptedFrom: write.adoptedFrom, differences };
  if (!changesData(write)) {
    if (write.model.kind === "view") draft.changes.push(...planMetadata(registered, write.model));
    return { ...base, action: "changed", part: "metadata", implies: nothing };
  }
  const lineage = lineageChange(draft, write);
  draft.added.push(...lineage.added);
  draft.removed.push(...lineage.removed);
  if (write.model.kind === "view") {
    if (differences.some((d) => /^(source|entities)\b|\.reads\b/.test(d.path))) draft.movedViews.add(write.name);
    const plan = planView(registered, write, write.model, {
      mayRecreate: isNamed(draft.options.recreate, write.name),
      pinned: new Set(draft.pinned.get(write.name)?.keys()),
      nowUs: draft.options.nowUs ?? null,
    });
    draft.changes.push(...plan.stateChanges);
    recordVersions(draft, plan.stateChanges);
    return { ...base, action: plan.action, part: "data", implies: impliedByView(draft, write, plan, lineage) };
  }
  const services = write.kind === "feature_service" ? [write.name] : servicesOn(draft, write);
  return { ...base, action: write.before === null ? "created" : "changed", part: "data", implies: { ...nothing, services, lineage } };
}

function impliedByView(draft: Draft, write: Write, plan: ViewPlan, lineage: Implications["lineage"]): Implications {
  const services = write.before === null ? [] : usersReading(draft, write.name, plan.touched);
  return { recompute: plan.recompute, online: plan.online, versions: plan.versions, services, lineage };
}

/** Services that read a view which changes because of this entity or source. */
function servicesOn(draft: Draft, write: Write): readonly string[] {
  const views = [...draft.movedViews].filter((view) => {
    const record = draft.registered.record("feature_view", view);
    if (record === null) return false;
    const { entities, source } = referencesOf("feature_view", view, record.spec);
    return write.kind === "entity" ? entities.includes(write.name) : source === write.name;
  });
  return [...new Set(views.flatMap((view) => usersReading(draft, view, null)))].sort(compareText);
}

/** Services that read one of the features of a view, `null` = any; those of other projects, and request views there, with their project. */
function usersReading({ uses, others }: Draft, view: string, features: readonly string[] | null): readonly string[] {
  const elsewhere = others.filter(({ use }) => {
    if (use.view !== view || use.version !== null) return false;
    return features === null || (use.features === null ? features.length > 0 : features.some((f) => use.features?.includes(f)));
  });
  return [...servicesReading(uses, view, features), ...new Set(elsewhere.map(({ record }) => `${record.project}/${record.name}`))];
}

function planDelete(draft: Draft, record: RegistryRecord): void {
  const { registered } = draft;
  const { project, kind, name } = record;
  const isView = kind === "feature_view";
  const removed = [...edgesOfRecord(registered, record), ...(isView ? lineageOfVersions(registered, name) : [])];
  draft.changes.push({ op: "delete", ifRevision: record.revision, project, kind, name });
  const states = isView ? planDeletedView(registered, name, draft.options.nowUs ?? null) : [];
  draft.changes.push(...states);
  draft.removed.push(...removed);
  draft.entries.push({
    action: "deleted",
    kind: planKindOf(record),
    name,
    repository: record.repository,
    adoptedFrom: null,
    part: "data",
    differences: [],
    implies: { ...nothing, online: states.length > 0 ? "remove" : "nothing", lineage: { added: [], removed } },
  });
}

/** The lineage of versions whose definitions a plan writes down: they can be asked for by number from now on. */
function recordVersions(draft: Draft, changes: readonly RegistryChange[]): void {
  for (const change of changes) {
    if (change.op !== "put" || change.kind !== "view_version") continue;
    const { view, version } = parseVersion(change.name);
    const before = draft.registered.viewVersions(view).get(version ?? -1);
    if (before !== undefined) draft.removed.push(...edgesOfVersion(before.name, before.spec));
    draft.added.push(...edgesOfVersion(change.name, change.spec));
  }
}

function lineageOfVersions(registered: Registered, view: string): readonly DerivedEdge[] {
  return [...registered.viewVersions(view).values()].flatMap(({ name, spec }) => edgesOfVersion(name, spec));
}

function edgesOfVersion(name: string, spec: Json): readonly DerivedEdge[] {
  const { view, version } = parseVersion(name);
  return lineageOfVersion(servedViewOf(view, decodeViewVersion(name, spec)), version ?? 0);
}

function putDefinition(project: string, write: Write): RegistryChange {
  const { kind, name, spec, dataFingerprint, metadataFingerprint } = write.encoded;
  const ifRevision = write.before?.revision ?? 0;
  return { op: "put", ifRevision, project, kind, name, repository: write.repository, dataFingerprint, metadataFingerprint, spec };
}

function lineageChange(draft: Draft, write: Write): Implications["lineage"] {
  const { model } = write;
  const own = lineageOf(model);
  const ownBefore = write.before === null ? [] : edgesOfRecord(draft.registered, write.before);
  if (model.kind !== "view" || write.before === null) return netLineage(own, ownBefore);
  // Who reads all features of the view reads those that come and go.
  const users = draft.untouchedUsers.filter((user) => referencesIn(user).some((r) => r.view.name === model.name));
  const after = users.flatMap((user) => edgesOf(retarget(user, model)));
  return netLineage([...own, ...after], [...ownBefore, ...users.flatMap(edgesOf)]);
}

function untouchedUsers(
  registered: Registered,
  writes: readonly Write[],
  deletes: readonly RegistryRecord[],
): readonly (ServiceModel | RequestViewModel)[] {
  if (!writes.some((w) => w.kind === "feature_view" && w.before !== null && changesData(w))) return [];
  const touched = new Set([...writes, ...deletes].map((o) => `${o.kind} ${o.name}`));
  const { services, views } = registered.models();
  const users = [...services.values(), ...[...views.values()].filter((v): v is RequestViewModel => v.form === "request")];
  return users.filter((user) => !touched.has(`${recordKindOf(user)} ${user.name}`) && referencesIn(user).some((r) => r.features === null));
}

function referencesIn(user: ServiceModel | RequestViewModel): readonly ViewReference[] {
  return user.kind === "service" ? user.views : user.inputs;
}

/** A user as it will be when one of the views it refers to is replaced. */
function retarget(user: ServiceModel | RequestViewModel, view: ViewModel): ServiceModel | RequestViewModel {
  const references = referencesIn(user).map((r) => (r.view.name === view.name ? { ...r, view } : r));
  return user.kind === "service" ? { ...user, views: references } : { ...user, inputs: references };
}

function edgesOf(user: ServiceModel | RequestViewModel): readonly DerivedEdge[] {
  return user.kind === "service" ? lineageOfService(user) : lineageOfView(user);
}

function edgesOfRecord(registered: Registered, record: RegistryRecord): readonly DerivedEdge[] {
  const { views, services, labels } = registered.models();
  const objects = { feature_view: views, feature_service: services, label: labels };
  const { kind, name } = record;
  const model = kind === "feature_view" || kind === "feature_service" || kind === "label" ? objects[kind].get(name) : undefined;
  return model === undefined ? [] : lineageOf(model);
}

function lineageOf(model: ObjectModel): readonly DerivedEdge[] {
  if (model.kind === "view") return lineageOfView(model);
  if (model.kind === "label") return lineageOfLabel(model);
  return model.kind === "service" ? lineageOfService(model) : [];
}

/** Edges that only one side has. */
function netLineage(after: readonly DerivedEdge[], before: readonly DerivedEdge[]): Implications["lineage"] {
  const idOf = (edge: DerivedEdge) => JSON.stringify([edge.from, edge.to]);
  const [old, kept] = [new Set(before.map(idOf)), new Set(after.map(idOf))];
  return { added: after.filter((e) => !old.has(idOf(e))), removed: before.filter((e) => !kept.has(idOf(e))) };
}

function usesAfterwards(registered: Registered, writes: readonly Write[], deletes: readonly RegistryRecord[]): ServiceUses {
  const specs = (kind: "feature_view" | "feature_service") => {
    const all = new Map<string, Json>(registered.records(kind).map((r) => [r.name, r.spec]));
    for (const record of deletes) if (record.kind === kind) all.delete(record.name);
    for (const write of writes) if (write.kind === kind) all.set(write.name, write.encoded.spec);
    return all;
  };
  return serviceUses({ views: specs("feature_view"), services: specs("feature_service") });
}

/** A static source holds no times, so nothing can tell whether its values were known at t. */
function warnStatic(sources: readonly SourceModel[]): readonly PlanWarning[] {
  return sources
    .filter((source) => source.eventTime === null)
    .map((source) => ({
      path: `source.${source.name}`,
      message: `Source "${source.name}" has no event time: its values are visible at every t, so it cannot be checked for leakage. Declare eventTime if its rows change over time.`,
    }));
}

/** Views whose registered definition is not what references without a version mean. */
function warnPending(registered: Registered, entries: readonly PlanEntry[]): readonly PlanWarning[] {
  const changed = new Set(entries.filter((e) => e.kind === "feature_view" && e.part === "data").map((e) => e.name));
  return registered.records("feature_view").flatMap(({ name }) => {
    const state = registered.viewState(name)?.state;
    if (state === undefined || state.activeGeneration === state.registeredGeneration || changed.has(name)) return [];
    const [active, pending] = [`v${versionOf(state.activeGeneration)}`, `v${versionOf(state.registeredGeneration)}`];
    const until = state.replaceWhenReady ? `\`asof materialize\` has filled ${pending}` : `\`asof activate ${name}@${pending}\``;
    return [
      {
        path: `feature_view.${name}`,
        message: `Feature view "${name}" is served as version ${active}; the registered definition is ${pending}, which is not until ${until}.`,
      },
    ];
  });
}

/** A path inside a repository means nothing to the projects with which its views are shared. */
function warnUnreachable(views: readonly ViewModel[]): readonly PlanWarning[] {
  return views.flatMap((view): readonly PlanWarning[] => {
    const relative = view.form === "request" || view.shared === undefined ? null : relativePathOf(view.source);
    if (relative === null) return [];
    return [
      {
        path: `feature_view.${view.name}.shared`,
        message: `Feature view "${view.name}" is shared and reads "${relative}", a path inside this repository: other projects can read the view online, and not train on it. Give the path from / on, or as a URL.`,
      },
    ];
  });
}

function userOf({ project }: Registered, { kind, name, encoded }: Write): VersionUser {
  return { project, kind, name, spec: encoded.spec };
}

/** Who may refer to versions when the plan has been carried out. */
function usersAfterwards(registered: Registered, writes: readonly Write[], deletes: readonly RegistryRecord[]): readonly VersionUser[] {
  const gone = new Set([...deletes, ...writes].map((o) => `${o.kind} ${o.name}`));
  const kept = (["feature_view", "feature_service"] as const).flatMap((kind) => registered.records(kind));
  return [...kept.filter((r) => !gone.has(`${r.kind} ${r.name}`)), ...writes.map((write) => userOf(registered, write))];
}

/** Fails the commit if a version that something new refers to was dropped between plan and apply. */
function guardPinned(
  snapshot: RegistrySnapshot,
  { project }: Registered,
  writes: readonly Write[],
  changes: readonly RegistryChange[],
): readonly RegistryChange[] {
  const used = new Set<string>();
  for (const { kind, name, encoded } of writes) {
    const { views, foreign } = referencesOf(kind, name, encoded.spec);
    for (const { view, version } of views) if (version !== null) used.add(`${project}/${view}`);
    for (const { view, version, project: owner } of foreign) if (version !== null) used.add(`${owner}/${view}`);
  }
  for (const change of changes) if (change.kind === "view_state") used.delete(`${change.project}/${change.name}`);
  const states = snapshot.records.filter((r) => r.kind === "view_state" && used.has(`${r.project}/${r.name}`));
  return states.map((state) => putState(state, state.spec, state.revision));
}

function planKindOf(record: RegistryRecord): PlanKind {
  return objectKinds.find((kind) => kind === record.kind) ?? "project";
}

function order(object: { readonly kind: PlanKind }): number {
  return object.kind === "project" ? -1 : objectKinds.indexOf(object.kind);
}

function compareEntries(a: PlanEntry, b: PlanEntry): number {
  return order(a) - order(b) || compareText(a.name, b.name);
}
