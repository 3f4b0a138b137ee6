import { AsofError } from "../error/error.ts";
import { diffSpecs } from "../plan/diff.ts";
import { printFieldChange, printFieldPath } from "../plan/field-text.ts";
import { type PinnedVersions, pinnedVersions, printUsers } from "../plan/pinned-versions.ts";
import type { FieldDifference } from "../plan/plan.ts";
import { serviceUses } from "../plan/service-uses.ts";
import { type ForeignUser, foreignUsers } from "../plan/shared-views.ts";
import { isJsonObject } from "../registry/canonical-json.ts";
import { encodeDefinition } from "../registry/encode-definition.ts";
import { servedViewOf } from "../registry/models.ts";
import { updateViewState } from "../registry/update-state.ts";
import { activateGeneration, generationOf, isCovered, retireGeneration, type ViewState, versionOf } from "../registry/view-state.ts";
import { decodeViewVersion, parseVersion, printVersion } from "../registry/view-version.ts";
import type { RegistrySnapshot } from "../store/registry.ts";
import type { Json } from "../value/json.ts";
import { formatInstant } from "../value/time.ts";
import { type RegistryView, storedView, viewRegistry } from "./registry-view.ts";
import { keptVersion } from "./resolve-versions.ts";
import type { Runtime } from "./runtime.ts";
import type { FeatureCoverage, ServedView } from "./served.ts";

/** A version of a view, as `asof versions` lists it. */
export interface VersionInfo {
  readonly view: string;
  readonly version: number;
  /** `active`: what a reference without a version means. `kept`: readable by its number. `dropped`: only its definition is left. */
  readonly status: "active" | "kept" | "dropped";
  /** Whether it is the registered definition: the one in the definition files, as far as they are applied. */
  readonly isRegistered: boolean;
  /** Whether it takes the active one's place as soon as it is materialized (`apply --recreate`). */
  readonly replacesActive: boolean;
  /** UTC µs; null where it was not recorded. */
  readonly createdAtUs: number | null;
  /** What all features cover; null while one of them covers nothing. */
  readonly coverage: FeatureCoverage | null;
  readonly features: readonly string[];
  /** How its definition differs from that of the version before it in the list; empty for the first. */
  readonly changes: readonly FieldDifference[];
  /** Services and request views that refer to it by its number. */
  readonly pinnedBy: readonly string[];
}

interface Known {
  readonly registry: RegistryView;
  /** The project's own part of the registry. */
  readonly snapshot: RegistrySnapshot;
  readonly pinned: PinnedVersions;
  /** Who uses the project's views from other projects. */
  readonly others: readonly ForeignUser[];
}

async function read({ registry, project }: Runtime): Promise<Known> {
  const whole = await registry.snapshot(null);
  const snapshot = { ...whole, records: whole.records.filter((r) => r.project === project) };
  return {
    registry: viewRegistry(project, snapshot),
    snapshot,
    pinned: pinnedVersions(whole.records, project),
    others: foreignUsers(whole, project),
  };
}

/** The versions of a view, of all views where none is named, oldest first. ASOF_FEATURE_UNKNOWN for a view that is not registered. */
export async function listVersions(runtime: Runtime, view: string | null): Promise<readonly VersionInfo[]> {
  const known = await read(runtime);
  if (view !== null) storedView(known.registry, view);
  return (view === null ? [...known.registry.versions.keys()].sort() : [view]).flatMap((name) => versionsOf(known, name));
}

function versionsOf(known: Known, view: string): readonly VersionInfo[] {
  const { registry } = known;
  const state = registry.states.get(view);
  const pinned = known.pinned.get(view);
  let before: Json | null = null;
  return [...definitionsOf(known, view)].map(([version, spec]): VersionInfo => {
    const changes = before === null ? [] : diffSpecs(before, spec).filter((d) => d.part === "data");
    before = spec;
    const served = registry.versions.get(view)?.get(version);
    const users = pinned?.get(version) ?? [];
    const isRegistered = state?.registeredGeneration === generationOf(version);
    return {
      view,
      version,
      status: served === undefined ? "dropped" : registry.views.get(view) === served ? "active" : "kept",
      isRegistered,
      replacesActive: isRegistered && state?.replaceWhenReady === true,
      createdAtUs: state?.createdAtUs.get(generationOf(version)) ?? null,
      coverage: served === undefined ? null : commonCoverage(served),
      features: featureNames(spec),
      changes,
      pinnedBy: users.map((user) => (user.project === registry.project ? user.name : `${user.project}/${user.name}`)),
    };
  });
}

/** Specs of a view's versions by number, ascending: of those that are kept, and of former ones whose definition was written down. */
function definitionsOf({ registry, snapshot }: Known, view: string): ReadonlyMap<number, Json> {
  const specs = new Map<number, Json>();
  for (const { kind, name, spec } of snapshot.records) {
    if (kind !== "view_version") continue;
    const parsed = parseVersion(name);
    if (parsed.view === view && parsed.version !== null) specs.set(parsed.version, decodeViewVersion(name, spec).view);
  }
  for (const [version, { model }] of registry.versions.get(view) ?? []) specs.set(version, encodeDefinition(model).spec);
  return new Map([...specs].sort(([a], [b]) => a - b));
}

function featureNames(spec: Json): readonly string[] {
  const data = isJsonObject(spec) && isJsonObject(spec.data) ? spec.data : {};
  return Object.keys(isJsonObject(data.features) ? data.features : {});
}

/** The span that every feature of a version covers; null when one covers nothing. */
function commonCoverage({ model, coverage }: Pick<ServedView, "model" | "coverage">): FeatureCoverage | null {
  let common: FeatureCoverage | null = null;
  for (const { name } of model.features) {
    const own = coverage.get(name);
    if (own === undefined) return null;
    common = common === null ? own : { fromUs: laterStart(common.fromUs, own.fromUs), toUs: Math.min(common.toUs, own.toUs) };
  }
  return common;
}

function laterStart(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}

export interface ActivateOptions {
  /** Activates a version that has data although it is behind the active one, or lacks features that services read. Default false. */
  readonly force?: boolean | undefined;
}

export interface ActivateOutcome {
  readonly view: string;
  readonly version: number;
  /** The version that was active before; the same number when nothing changed. */
  readonly formerVersion: number;
  /** Services that read the view without naming a version, and so answer otherwise from now on. */
  readonly services: readonly string[];
  /** What `force` put aside. */
  readonly concerns: readonly string[];
}

/**
 * Makes a version the one that references without a version mean; null = that of the registered definition. The former one is kept.
 * A version without data is never activated while the active one has some: what is served is not emptied. One that does not
 * cover what the active one covers, or lacks features that services read, needs `force`. ASOF_VERSION_NOT_READY, ASOF_VERSION_UNKNOWN.
 */
export async function activateVersion(
  runtime: Runtime,
  view: string,
  version: number | null,
  options: ActivateOptions = {},
): Promise<ActivateOutcome> {
  const known = await read(runtime);
  const { registry } = known;
  storedView(registry, view);
  const wanted = keptVersion(registry, view, version ?? versionOf(registry.states.get(view)?.registeredGeneration ?? 0));
  const services = servicesWithoutVersion(known, view);
  const concerns = lostFeatures(known, view, wanted);
  let behind: readonly string[] = [];
  let formerVersion = wanted.version;
  // What is covered is judged on the state that the change is made from: a job may go on meanwhile.
  await updateViewState(
    runtime.registry,
    runtime.project,
    view,
    (state) => {
      formerVersion = versionOf(state.activeGeneration);
      behind = lagOf(state, wanted, printVersion(view, formerVersion));
      if (options.force !== true) refuseConcerns(view, wanted.version, [...behind, ...concerns]);
      return activateGeneration(state, generationOf(wanted.version));
    },
    runtime.clock,
  );
  return { view, version: wanted.version, formerVersion, services, concerns: [...behind, ...concerns] };
}

/** What the active version covers and this one does not. Throws when it covers nothing at all. */
function lagOf(state: ViewState, wanted: ServedView, active: string): readonly string[] {
  const generation = generationOf(wanted.version);
  if (generation === state.activeGeneration || !isCovered(state, state.activeGeneration)) return [];
  const name = printVersion(wanted.model.name, wanted.version);
  if (!isCovered(state, generation)) {
    throw new AsofError("ASOF_VERSION_NOT_READY", `${name} has no data: nothing would be served any more.`, {
      path: name,
      value: wanted.version,
      fix: `Run \`asof materialize-incremental -v ${name}\` first.`,
    });
  }
  const covered = state.coverage.get(generation) ?? new Map<string, FeatureCoverage>();
  const missing = wanted.model.features.filter((f) => !covered.has(f.name)).map((f) => f.name);
  if (missing.length > 0) return [`${name} has no data of ${missing.join(", ")}`];
  const own = commonCoverage({ model: wanted.model, coverage: covered });
  const others = [...(state.coverage.get(state.activeGeneration)?.values() ?? [])];
  const toUs = Math.max(...others.map((c) => c.toUs));
  const startsLater = own !== null && own.fromUs !== null && others.some((c) => c.fromUs === null || c.fromUs < (own.fromUs ?? 0));
  return [
    ...(own !== null && own.toUs < toUs ? [`${name} reaches to ${formatInstant(own.toUs)}, and ${active} to ${formatInstant(toUs)}`] : []),
    ...(startsLater ? [`${name} begins at ${formatInstant(own?.fromUs ?? 0)}, and ${active} before that`] : []),
  ];
}

function refuseConcerns(view: string, version: number, concerns: readonly string[]): void {
  if (concerns.length === 0) return;
  const name = printVersion(view, version);
  throw new AsofError("ASOF_VERSION_NOT_READY", `${name} was not activated: ${concerns.join("; ")}.`, {
    path: name,
    value: version,
    fix: `Run \`asof materialize-incremental -v ${name}\` first, or activate it as it is with --force.`,
  });
}

function usesOf({ snapshot }: Known) {
  const specs = (kind: string) => new Map(snapshot.records.filter((r) => r.kind === kind).map((r) => [r.name, r.spec]));
  return serviceUses({ views: specs("feature_view"), services: specs("feature_service") });
}

function servicesWithoutVersion(known: Known, view: string): readonly string[] {
  const own = [...usesOf(known)].filter(([, views]) => views.has(view)).map(([service]) => service);
  return [...own, ...usersElsewhere(known, view).map(({ record }) => `${record.project}/${record.name}`)];
}

function usersElsewhere({ others }: Known, view: string): readonly ForeignUser[] {
  return others.filter(({ use }) => use.view === view && use.version === null);
}

/** Features that services read without naming a version, and this version lacks. */
function lostFeatures(known: Known, view: string, wanted: ServedView): readonly string[] {
  const has = new Set(wanted.model.features.map((f) => f.name));
  const all = storedView(known.registry, view).features.map((f) => f.name);
  const own = [...usesOf(known)].flatMap(([service, views]) =>
    views.has(view) ? [{ user: service, reads: views.get(view) ?? null }] : [],
  );
  const elsewhere = usersElsewhere(known, view).map(({ record, use }) => ({
    user: `${record.project}/${record.name}`,
    reads: use.features,
  }));
  return [...own, ...elsewhere].flatMap(({ user, reads }) => {
    const lost = [...(reads ?? all)].filter((feature) => !has.has(feature));
    return lost.length === 0 ? [] : [`service "${user}" reads ${lost.join(", ")}, which ${printVersion(view, wanted.version)} lacks`];
  });
}

export interface DroppedVersion {
  readonly view: string;
  readonly version: number;
}

/**
 * Gives up a version: it cannot be read any more, pushes do not reach it, and a later materialization removes its rows. Its definition
 * stays in the registry. ASOF_IN_USE for the active version, that of the registered definition, and one that is referred to by number.
 */
export async function dropVersion(runtime: Runtime, view: string, version: number): Promise<DroppedVersion> {
  const known = await read(runtime);
  storedView(known.registry, view);
  keptVersion(known.registry, view, version);
  const users = known.pinned.get(view)?.get(version) ?? [];
  const name = printVersion(view, version);
  const refuse = (why: string, fix: string): never => {
    throw new AsofError("ASOF_IN_USE", `${name} cannot be dropped: ${why}.`, { path: name, value: version, fix });
  };
  if (users.length > 0) refuse(`it is used by ${printUsers(users)}`, "Let them refer to another version first.");
  const generation = generationOf(version);
  await updateViewState(
    runtime.registry,
    runtime.project,
    view,
    (state) => {
      if (state.activeGeneration === generation) refuse("it is active", `Activate another one first: \`asof activate ${view}\`.`);
      if (state.registeredGeneration === generation)
        refuse("it is the registered definition", "Go back to another definition and apply it.");
      return retireGeneration(state, generation, runtime.clock.nowUs());
    },
    runtime.clock,
  );
  return { view, version };
}

/** What differs between two definitions of a view, as data and as people read it. */
export interface VersionDifference extends FieldDifference {
  /** `features.spend_30d.window: 30d → 60d`. */
  readonly text: string;
}

/** Compares the definitions of two versions of one view; dropped ones too. Where their sources differ, those as well (`source.…`). */
export async function diffVersions(runtime: Runtime, view: string, from: number, to: number): Promise<readonly VersionDifference[]> {
  const known = await read(runtime);
  storedView(known.registry, view);
  const [a, b] = [definitionOf(known, view, from), definitionOf(known, view, to)];
  const own = diffSpecs(a.view, b.view);
  const source = own.some((d) => d.path.startsWith("source."))
    ? diffSpecs(a.source, b.source).map((d) => ({ ...d, path: `source.${d.path}` }))
    : [];
  const told = source.length === 0 ? own : own.filter((d) => d.path !== "source.fingerprint");
  return [...told, ...source].map((d) => ({ ...d, text: `${printFieldPath(d.path)}: ${printFieldChange(d)}` }));
}

function definitionOf(known: Known, view: string, version: number): { readonly view: Json; readonly source: Json } {
  const kept = known.registry.versions.get(view)?.get(version);
  if (kept !== undefined) return specsOf(kept.model);
  const name = printVersion(view, version);
  const record = known.snapshot.records.find((r) => r.kind === "view_version" && r.name === name);
  if (record === undefined) return specsOf(keptVersion(known.registry, view, version).model);
  return specsOf(servedViewOf(view, decodeViewVersion(name, record.spec)));
}

function specsOf(model: ServedView["model"]): { readonly view: Json; readonly source: Json } {
  return { view: encodeDefinition(model).spec, source: encodeDefinition(model.source).spec };
}
