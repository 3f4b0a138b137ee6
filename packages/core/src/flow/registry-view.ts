import type { FeatureModel, PlainViewModel, ServiceModel, ViewModel, WindowedViewModel } from "../definition/model.ts";
import { didYouMean } from "../definition/read.ts";
import { AsofError, assert } from "../error/error.ts";
import type { Erasure } from "../registry/erasure.ts";
import { modelsFromSnapshot, servedViewOf } from "../registry/models.ts";
import { decodeSourceState, type SourceState } from "../registry/source-state.ts";
import { type ViewState, versionOf } from "../registry/view-state.ts";
import { decodeViewState } from "../registry/view-state-codec.ts";
import { decodeViewVersion, printVersion } from "../registry/view-version.ts";
import type { OnlineView } from "../store/online.ts";
import type { Json, RegistrySnapshot, RegistryStore } from "../store/registry.ts";
import { erasuresIn } from "./erasures.ts";
import { earliestDueUs } from "./held-rows.ts";
import type { ServedRegistry, ServedView } from "./served.ts";

/** One version of a project's registry, decoded. Immutable; a newer version is another object. */
export interface RegistryView extends ServedRegistry {
  readonly states: ReadonlyMap<string, ViewState>;
  /** Definitions of versions that were given up while their rows may still be stored, by generation. */
  retiredOf(view: string): ReadonlyMap<number, PlainViewModel | WindowedViewModel>;
  /** Sources with rows held back, and when the first is due. */
  readonly heldDueUs: ReadonlyMap<string, number>;
  /** Entity keys that were erased, lifted ones too. */
  readonly erasures: readonly Erasure[];
  /** Counts commits that touch definitions. */
  readonly definitionsVersion: number;
  handoverOf(source: string): number | null;
  /** When the first row of a source was pushed; null = none yet. */
  firstIngestOf(source: string): number | null;
}

/** Decodes a snapshot: what is registered, and what is served of it. */
export function viewRegistry(project: string, snapshot: RegistrySnapshot): RegistryView {
  const models = modelsFromSnapshot(snapshot);
  const states = new Map<string, ViewState>();
  const sources = new Map<string, SourceState>();
  const heldDueUs = new Map<string, number>();
  for (const record of snapshot.records) {
    if (record.kind === "view_state") states.set(record.name, decodeViewState(record.spec, record.name));
    if (record.kind === "held_rows") {
      const dueUs = earliestDueUs(record.spec);
      if (dueUs !== null) heldDueUs.set(record.name, dueUs);
    }
    if (record.kind === "source_state") sources.set(record.name, decodeSourceState(record.spec, record.name));
  }
  const views = new Map<string, ServedView>();
  const versions = new Map<string, ReadonlyMap<number, ServedView>>();
  const definitions = new Map(snapshot.records.filter((r) => r.kind === "view_version").map((r) => [r.name, r.spec]));
  for (const [name, state] of states) {
    const registered = models.views.get(name);
    if (state.deleted || registered === undefined || registered.form === "request") continue;
    const kept = new Map<number, ServedView>();
    for (const generation of state.keptGenerations) {
      const version = versionOf(generation);
      const isRegistered = generation === state.registeredGeneration;
      const model = isRegistered ? registered : modelOfVersion(name, version, definitions, state);
      const online = onlineViewOf(project, model, state, generation);
      kept.set(version, { version, model, online, coverage: state.coverage.get(generation) ?? new Map() });
    }
    versions.set(name, kept);
    const active = kept.get(versionOf(state.activeGeneration));
    if (active !== undefined) views.set(name, active);
  }
  return {
    version: snapshot.version,
    project,
    models,
    states,
    retiredOf: (name) => retiredModels(name, definitions, states.get(name)),
    views,
    versions,
    heldDueUs,
    erasures: erasuresIn(snapshot),
    definitionsVersion: snapshot.definitionsVersion,
    handoverOf: (source) => sources.get(source)?.handoverUs ?? null,
    firstIngestOf: (source) => sources.get(source)?.firstIngestUs ?? null,
  };
}

function modelOfVersion(
  name: string,
  version: number,
  definitions: ReadonlyMap<string, Json>,
  state: ViewState,
): PlainViewModel | WindowedViewModel {
  const text = printVersion(name, version);
  const spec = definitions.get(text);
  const definition = spec === undefined ? state.served : decodeViewVersion(text, spec);
  assert(definition !== null, `${text} is kept, and its definition is not in the registry`);
  return servedViewOf(name, definition);
}

function retiredModels(
  name: string,
  definitions: ReadonlyMap<string, Json>,
  state: ViewState | undefined,
): ReadonlyMap<number, PlainViewModel | WindowedViewModel> {
  return new Map(
    (state?.retiredGenerations ?? []).flatMap((generation) => {
      const text = printVersion(name, versionOf(generation));
      const spec = definitions.get(text);
      return spec === undefined ? [] : [[generation, servedViewOf(name, decodeViewVersion(text, spec))] as const];
    }),
  );
}

/** A generation of a view as the online store addresses it. */
export function onlineViewOf(project: string, model: ViewModel, state: ViewState, generation: number): OnlineView {
  const known = state.schemas.get(generation) ?? [];
  const schema = known.at(-1);
  if (schema === undefined) {
    throw new AsofError("ASOF_NOT_APPLIED", `Generation ${generation} of view "${model.name}" has no schema in the registry.`, {
      path: model.name,
      fix: "Run `asof apply`.",
    });
  }
  return { project, view: model.name, generation, schema, schemas: new Map(known.map((s) => [s.fingerprint, s])) };
}

/** How long a process may answer from a registry version before it looks for a newer one, in µs. */
export const refreshUs = 1_000_000;

/**
 * The registry as a long-running process sees it: decoded once per version, checked for a newer one at most once a second, or
 * at once when `reload` is asked (an unknown schema fingerprint was met).
 */
export class RegistryCache {
  readonly #project: string;
  readonly #store: RegistryStore;
  readonly #nowUs: () => number;
  #view: RegistryView | null = null;
  #identity: string | null = null;
  #checkedUs = Number.NEGATIVE_INFINITY;

  constructor(project: string, store: RegistryStore, nowUs: () => number) {
    this.#project = project;
    this.#store = store;
    this.#nowUs = nowUs;
  }

  /** The cached view if it is fresh; null when `load` must be awaited. */
  get fresh(): RegistryView | null {
    return this.#view !== null && Math.abs(this.#nowUs() - this.#checkedUs) < refreshUs ? this.#view : null;
  }

  async load(reload = false): Promise<RegistryView> {
    const fresh = this.fresh;
    if (fresh !== null && !reload) return fresh;
    const { version } = await this.#store.versions();
    const identity = this.#store.identity ?? null;
    if (this.#view === null || this.#view.version !== version || this.#identity !== identity) {
      this.#view = viewRegistry(this.#project, await this.#store.snapshot(this.#project));
      this.#identity = identity;
    }
    this.#checkedUs = this.#nowUs();
    return this.#view;
  }

  /** Forgets what is cached: after this process changed the registry itself. */
  invalidate(): void {
    this.#checkedUs = Number.NEGATIVE_INFINITY;
  }
}

/** A registered stored view; ASOF_FEATURE_UNKNOWN otherwise. */
export function storedView(view: RegistryView, name: string): PlainViewModel | WindowedViewModel {
  const model = view.models.views.get(name);
  if (model !== undefined && model.form !== "request") return model;
  const names = [...view.views.keys()].sort();
  if (model !== undefined) {
    throw new AsofError(
      "ASOF_FEATURE_UNKNOWN",
      `"${name}" is a request view: it is computed when it is asked for, and nothing of it is stored.`,
      {
        path: name,
        value: name,
        fix: `Name a stored view: ${names.join(", ") || "none is registered"}.`,
      },
    );
  }
  refuseVersionText(view, name);
  throw new AsofError("ASOF_FEATURE_UNKNOWN", `No stored feature view "${name}" is registered. There are: ${names.join(", ") || "none"}.`, {
    path: name,
    value: name,
    fix: `${didYouMean(name, names)}Fix the name, or run \`asof apply\`.`,
  });
}

/** A feature of a stored view; ASOF_FEATURE_UNKNOWN with the one that was meant. */
export function featureOf(view: PlainViewModel | WindowedViewModel, name: string): FeatureModel {
  const feature = view.features.find((f) => f.name === name);
  if (feature !== undefined) return feature;
  const names = view.features.map((f) => f.name);
  throw new AsofError("ASOF_FEATURE_UNKNOWN", `Feature view "${view.name}" has no feature "${name}". It has: ${names.join(", ")}.`, {
    path: `${view.name}:${name}`,
    value: name,
    fix: `${didYouMean(name, names)}Fix the reference.`,
  });
}

/** ASOF_VERSION_UNKNOWN for a name that is not known, and is that of a registered view with something behind an `@` that is no version. */
export function refuseVersionText({ versions }: Pick<RegistryView, "versions">, name: string): void {
  const at = name.lastIndexOf("@");
  const view = name.slice(0, Math.max(0, at));
  const kept = versions.get(view);
  if (kept === undefined) return;
  const text = name.slice(at + 1);
  const numbers = [...kept.keys()].map((number) => `v${number}`);
  const meant = [`v${text}`, text.toLowerCase()].find((spelling) => numbers.includes(spelling));
  throw new AsofError("ASOF_VERSION_UNKNOWN", `"${text}" names no version of feature view "${view}". Kept are: ${numbers.join(", ")}.`, {
    path: name,
    value: text,
    fix: `Write for example ${view}@${meant ?? numbers.at(-1) ?? "v0"}; see \`asof versions ${view}\`.`,
  });
}

/** A registered service; ASOF_SERVICE_UNKNOWN otherwise. */
export function registeredService(view: RegistryView, name: string): ServiceModel {
  const service = view.models.services.get(name);
  if (service !== undefined) return service;
  const names = [...view.models.services.keys()].sort();
  throw new AsofError("ASOF_SERVICE_UNKNOWN", `No feature service "${name}" is registered. There are: ${names.join(", ") || "none"}.`, {
    path: name,
    value: name,
    fix: `${didYouMean(name, names)}Fix the name, or define the service and run \`asof apply\`.`,
  });
}
