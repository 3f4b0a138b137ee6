import type { PlainViewModel, ViewModel, WindowedViewModel } from "../definition/model.ts";
import { equalJson } from "../registry/canonical-json.ts";
import { encodeDefinition } from "../registry/encode-definition.ts";
import { servedViewOf } from "../registry/models.ts";
import { referencesOf } from "../registry/references.ts";
import { rowSchemaOf } from "../registry/row-schema.ts";
import { encodeSourceState } from "../registry/source-state.ts";
import { putState, sourceStateKey, viewStateKey } from "../registry/update-state.ts";
import {
  addGeneration,
  addSchema,
  deleteViewState,
  dropFeatures,
  formerFeatures,
  generationOf,
  hasOnlineData,
  type NewGeneration,
  newViewState,
  openGeneration,
  returnToGeneration,
  type ServedDefinition,
  type ViewState,
  versionOf,
} from "../registry/view-state.ts";
import { encodeViewState } from "../registry/view-state-codec.ts";
import { decodeViewVersion, putViewVersion } from "../registry/view-version.ts";
import type { RegistryChange, RegistryRecord } from "../store/registry.ts";
import type { Implications, PlanAction } from "./plan.ts";
import type { Registered } from "./registered.ts";
import { compareViews, type ViewChange } from "./view-change.ts";
import type { Write } from "./write.ts";

/** What writing one view means for its online side. */
export interface ViewPlan {
  readonly action: PlanAction;
  readonly online: Implications["online"];
  readonly versions: Implications["versions"];
  readonly recompute: readonly string[];
  /** Features that services may see change; null = all of them. */
  readonly touched: readonly string[] | null;
  readonly stateChanges: readonly RegistryChange[];
}

/** What planning a view depends on beside the registry and the view itself. */
export interface ViewPlanOptions {
  /** Whether `--recreate` was given for it. */
  readonly mayRecreate: boolean;
  /** Versions of the view that services or request views refer to by number, when the plan is carried out. */
  readonly pinned: ReadonlySet<number>;
  /** When the plan is made, UTC µs; null = not known. */
  readonly nowUs: number | null;
}

type StoredView = PlainViewModel | WindowedViewModel;

/** Plans a view that is new or whose data change. */
export function planView(registered: Registered, write: Write, view: ViewModel, options: ViewPlanOptions): ViewPlan {
  const before = write.before === null ? null : (registered.models().views.get(write.name) ?? null);
  if (view.form === "request") return planRequestView(registered, write, before, options);
  const known = registered.viewState(write.name);
  if (before === null || before.form === "request" || known === null || known.state.deleted)
    return planNewView(registered, write, view, options);
  const change = compareViews(before, view, formerFeatures(known.state));
  if (change.rebuild.length === 0) return planInPlace(registered, write, view, known.state, change);
  const isIngested = registered.sourceState(before.source.name).state.firstIngestUs !== null;
  const isPinned = options.pinned.has(versionOf(known.state.registeredGeneration));
  if (!hasOnlineData(known.state) && !isIngested && !isPinned) return planRestart(registered, write, view, known.state, options);
  const former = generationWithMeaning(registered, write, known.state);
  if (former !== null) return planReturn(registered, write, view, known.state, former, options);
  return planVersion(registered, write, view, known.state, options);
}

/** The changes of a view's state and records when the view is deleted. */
export function planDeletedView(registered: Registered, name: string, nowUs: number | null): readonly RegistryChange[] {
  const known = registered.viewState(name);
  if (known === null || known.state.deleted) return [];
  const { project } = registered;
  const versions = [...registered.viewVersions(name).values()].map(
    (record): RegistryChange => ({ op: "delete", ifRevision: null, project, kind: record.kind, name: record.name }),
  );
  return [putViewState(registered, name, deleteViewState(known.state, nowUs)), ...versions];
}

/** A change of metadata may still change the JavaScript form in which stored values are read. */
export function planMetadata(registered: Registered, view: ViewModel): readonly RegistryChange[] {
  const known = registered.viewState(view.name);
  if (view.form === "request" || known === null || known.state.deleted) return [];
  return changedState(registered, view.name, addSchema(known.state, rowSchemaOf(view)));
}

function planRequestView(registered: Registered, write: Write, before: ViewModel | null, { nowUs }: ViewPlanOptions): ViewPlan {
  const wasStored = before !== null && before.form !== "request";
  return {
    ...plain(write),
    online: wasStored ? "remove" : "nothing",
    stateChanges: wasStored ? planDeletedView(registered, write.name, nowUs) : [],
  };
}

function planNewView(registered: Registered, write: Write, view: StoredView, { nowUs }: ViewPlanOptions): ViewPlan {
  const state = registered.viewState(write.name)?.state ?? null;
  const next = state === null ? newViewState(rowSchemaOf(view), nowUs) : openGeneration(state, rowSchemaOf(view), nowUs);
  return {
    ...plain(write),
    online: "add_features",
    recompute: view.features.map((f) => f.name),
    stateChanges: [putViewState(registered, write.name, next)],
  };
}

function planInPlace(registered: Registered, write: Write, view: StoredView, state: ViewState, change: ViewChange): ViewPlan {
  const next = dropFeatures(addSchema(state, rowSchemaOf(view)), change.removed);
  return {
    ...plain(write),
    online: change.added.length > 0 ? "add_features" : "nothing",
    recompute: change.added,
    touched: change.altersAnswers ? null : [...change.added, ...change.removed],
    stateChanges: changedState(registered, write.name, next),
  };
}

/**
 * Nothing is served that could be lost, so the view starts over in a generation of its own: a job of the old definition that
 * is still running writes where nobody reads.
 */
function planRestart(registered: Registered, write: Write, view: StoredView, state: ViewState, { nowUs }: ViewPlanOptions): ViewPlan {
  const next = openGeneration(state, rowSchemaOf(view), nowUs);
  return {
    ...plain(write),
    online: "restart",
    recompute: view.features.map((f) => f.name),
    stateChanges: [putViewState(registered, write.name, next), ...guardIngest(registered, view)],
  };
}

/** A version of its own beside the active one; with `--recreate` it takes that one's place when it is ready. */
function planVersion(registered: Registered, write: Write, view: StoredView, state: ViewState, options: ViewPlanOptions): ViewPlan {
  const next = addGeneration(state, rowSchemaOf(view), newGeneration(options));
  return {
    ...plain(write),
    ...(options.mayRecreate ? { action: "recreated", online: "rebuild" } : { online: "new_version" }),
    versions: { active: versionOf(next.activeGeneration), next: versionOf(next.registeredGeneration) },
    recompute: view.features.map((f) => f.name),
    stateChanges: [putViewState(registered, write.name, next), ...keepDefinition(registered, write, state, next)],
  };
}

/** The definition is again what a kept generation was filled with: nothing has to be computed for it. */
function planReturn(
  registered: Registered,
  write: Write,
  view: StoredView,
  state: ViewState,
  generation: number,
  options: ViewPlanOptions,
): ViewPlan {
  const next = addSchema(returnToGeneration(state, generation, newGeneration(options)), rowSchemaOf(view));
  return {
    ...plain(write),
    online: "keep",
    versions: { active: versionOf(next.activeGeneration), next: versionOf(generation) },
    stateChanges: [putViewState(registered, write.name, next), ...keepDefinition(registered, write, state, next)],
  };
}

function newGeneration({ mayRecreate, pinned, nowUs }: ViewPlanOptions): NewGeneration {
  return { replaceWhenReady: mayRecreate, pinned: new Set([...pinned].map(generationOf)), nowUs };
}

/** The definition that was the registered one goes on as a record, if its generation is kept. */
function keepDefinition(registered: Registered, write: Write, state: ViewState, next: ViewState): readonly RegistryChange[] {
  const left = state.registeredGeneration;
  if (!next.keptGenerations.includes(left)) return [];
  return [putViewVersion(registered.project, write.name, versionOf(left), registeredDefinition(registered, write))];
}

function plain(write: Write): ViewPlan {
  return {
    action: write.before === null ? "created" : "changed",
    online: "nothing",
    versions: null,
    recompute: [],
    touched: null,
    stateChanges: [],
  };
}

/** The newest kept generation, beside the registered one, that was filled under this very definition. */
function generationWithMeaning(registered: Registered, write: Write, state: ViewState): number | null {
  const records = registered.viewVersions(write.name);
  const found = state.keptGenerations.findLast((generation) => {
    if (generation === state.registeredGeneration) return false;
    const record = records.get(versionOf(generation));
    const definition = record === undefined ? (generation === state.activeGeneration ? state.served : null) : readVersion(record);
    return definition !== null && encodeDefinition(servedViewOf(write.name, definition)).dataFingerprint === write.encoded.dataFingerprint;
  });
  return found ?? null;
}

function readVersion(record: RegistryRecord): ServedDefinition {
  return decodeViewVersion(record.name, record.spec);
}

/** The registered definition with all it refers to, as it stands before the change. */
function registeredDefinition(registered: Registered, write: Write): ServedDefinition {
  const spec = write.before?.spec ?? null;
  const references = referencesOf("feature_view", write.name, spec);
  const source = references.source ?? "";
  const specOf = (record: RegistryRecord | null) => record?.spec ?? null;
  return {
    view: spec,
    entities: references.entities.map((name) => ({ name, spec: specOf(registered.record("entity", name)) })),
    source: { name: source, spec: specOf(registered.record("source", source)) },
  };
}

/** Fails the commit if the first push came between plan and apply: then there is something to lose. */
function guardIngest(registered: Registered, view: StoredView): readonly RegistryChange[] {
  if (view.source.type !== "push") return [];
  const { state, revision } = registered.sourceState(view.source.name);
  return [putState(sourceStateKey(registered.project, view.source.name), encodeSourceState(state), revision)];
}

function changedState(registered: Registered, view: string, next: ViewState): readonly RegistryChange[] {
  const known = registered.viewState(view);
  const isSame = known !== null && equalJson(encodeViewState(known.state), encodeViewState(next));
  return isSame ? [] : [putViewState(registered, view, next)];
}

function putViewState(registered: Registered, view: string, next: ViewState): RegistryChange {
  return putState(viewStateKey(registered.project, view), encodeViewState(next), registered.viewState(view)?.revision ?? 0);
}
