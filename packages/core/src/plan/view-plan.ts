import type { PlainViewModel, ViewModel, WindowedViewModel } from "../definition/model.ts";
import type { Issue } from "../error/error.ts";
import { equalJson } from "../registry/canonical-json.ts";
import { encodeDefinition } from "../registry/encode-definition.ts";
import { servedViewOf } from "../registry/models.ts";
import { referencesOf } from "../registry/references.ts";
import { rowSchemaOf } from "../registry/row-schema.ts";
import { encodeSourceState } from "../registry/source-state.ts";
import { putState, sourceStateKey, viewStateKey } from "../registry/update-state.ts";
import {
  addSchema,
  cancelBuilding,
  deleteViewState,
  dropFeatures,
  formerFeatures,
  hasOnlineData,
  newViewState,
  openGeneration,
  type ServedDefinition,
  startBuilding,
  type ViewState,
} from "../registry/view-state.ts";
import { encodeViewState } from "../registry/view-state-codec.ts";
import type { RegistryChange, RegistryRecord } from "../store/registry.ts";
import { printFieldChange, printFieldPath } from "./field-text.ts";
import type { FieldDifference, Implications, PlanAction } from "./plan.ts";
import type { Registered } from "./registered.ts";
import { compareViews, type ViewChange } from "./view-change.ts";
import type { Write } from "./write.ts";

/** What writing one view means for its online side. */
export interface ViewPlan {
  readonly action: PlanAction;
  readonly online: Implications["online"];
  readonly generations: Implications["generations"];
  readonly recompute: readonly string[];
  /** Features that services may see change; null = all of them. */
  readonly touched: readonly string[] | null;
  readonly stateChanges: readonly RegistryChange[];
  readonly refusal: Issue | null;
}

type StoredView = PlainViewModel | WindowedViewModel;

/** Plans a view that is new or whose data change. `mayRecreate` says whether `--recreate` was given for it. */
export function planView(
  registered: Registered,
  write: Write,
  view: ViewModel,
  differences: readonly FieldDifference[],
  mayRecreate: boolean,
): ViewPlan {
  const before = write.before === null ? null : (registered.models().views.get(write.name) ?? null);
  if (view.form === "request") return planRequestView(registered, write, before);
  const known = registered.viewState(write.name);
  if (before === null || before.form === "request" || known === null || known.state.deleted) return planNewView(registered, write, view);
  const change = compareViews(before, view, formerFeatures(known.state));
  if (change.rebuild.length === 0) return planInPlace(registered, write, view, known.state, change);
  const isIngested = registered.sourceState(before.source.name).state.firstIngestUs !== null;
  if (!hasOnlineData(known.state) && !isIngested) return planRestart(registered, write, view, known.state);
  if (isServedMeaning(write, known.state)) return planKeep(registered, write, view, known.state);
  if (mayRecreate) return planRebuild(registered, write, view, known.state);
  return {
    ...planInPlace(registered, write, view, known.state, change),
    recompute: view.features.map((f) => f.name),
    online: "nothing",
    touched: null,
    stateChanges: [],
    refusal: refuseWithoutRecreate(write, change, differences),
  };
}

/** The change of a view's state when the view is deleted. */
export function planDeletedView(registered: Registered, name: string): readonly RegistryChange[] {
  const known = registered.viewState(name);
  return known === null || known.state.deleted ? [] : [putViewState(registered, name, deleteViewState(known.state))];
}

/** A change of metadata may still change the JavaScript form in which stored values are read. */
export function planMetadata(registered: Registered, view: ViewModel): readonly RegistryChange[] {
  const known = registered.viewState(view.name);
  if (view.form === "request" || known === null || known.state.deleted) return [];
  return changedState(registered, view.name, addSchema(known.state, rowSchemaOf(view)));
}

function planRequestView(registered: Registered, write: Write, before: ViewModel | null): ViewPlan {
  const wasStored = before !== null && before.form !== "request";
  return {
    ...plain(write),
    online: wasStored ? "remove" : "nothing",
    stateChanges: wasStored ? planDeletedView(registered, write.name) : [],
  };
}

function planNewView(registered: Registered, write: Write, view: StoredView): ViewPlan {
  const state = registered.viewState(write.name)?.state ?? null;
  const next = state === null ? newViewState(rowSchemaOf(view)) : openGeneration(state, rowSchemaOf(view));
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
function planRestart(registered: Registered, write: Write, view: StoredView, state: ViewState): ViewPlan {
  const next = openGeneration(state, rowSchemaOf(view));
  return {
    ...plain(write),
    online: "restart",
    recompute: view.features.map((f) => f.name),
    stateChanges: [putViewState(registered, write.name, next), ...guardIngest(registered, view)],
  };
}

function planRebuild(registered: Registered, write: Write, view: StoredView, state: ViewState): ViewPlan {
  const next = startBuilding(state, rowSchemaOf(view), servedDefinition(registered, write));
  return {
    ...plain(write),
    action: "recreated",
    online: "rebuild",
    generations: { served: next.activeGeneration, building: next.lastGeneration },
    recompute: view.features.map((f) => f.name),
    stateChanges: [putViewState(registered, write.name, next)],
  };
}

/** The definition is the served one again, so the rebuild under way is given up. */
function planKeep(registered: Registered, write: Write, view: StoredView, state: ViewState): ViewPlan {
  const next = addSchema(cancelBuilding(state), rowSchemaOf(view));
  return { ...plain(write), online: "keep", stateChanges: [putViewState(registered, write.name, next)] };
}

function plain(write: Write): ViewPlan {
  return {
    action: write.before === null ? "created" : "changed",
    online: "nothing",
    generations: null,
    recompute: [],
    touched: null,
    stateChanges: [],
    refusal: null,
  };
}

function isServedMeaning(write: Write, state: ViewState): boolean {
  if (state.served === null) return false;
  return encodeDefinition(servedViewOf(write.name, state.served)).dataFingerprint === write.encoded.dataFingerprint;
}

/** The registered definition with all it refers to, as it stands before the change. */
function servedDefinition(registered: Registered, write: Write): ServedDefinition {
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

function refuseWithoutRecreate(write: Write, change: ViewChange, differences: readonly FieldDifference[]): Issue {
  const fields = change.rebuild.map((path) => {
    const told = differences.filter((d) => d.part === "data" && (d.path === path || d.path.startsWith(`${path}.`)));
    return told.length === 0 ? path : told.map((d) => `${printFieldPath(d.path)} (${printFieldChange(d)})`).join(", ");
  });
  return {
    code: "ASOF_RECREATE_REQUIRED",
    path: `feature_view.${write.name}`,
    value: change.rebuild.join(", "),
    message: `Feature view "${write.name}" has been materialized, and this changes what its stored values mean: ${fields.join("; ")}.`,
    fix: `Run again with \`--recreate\`: a new generation is built by the next materialize while the old one is served. Or define a new view under another name.`,
  };
}
