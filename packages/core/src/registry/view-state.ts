import { AsofError, assert } from "../error/error.ts";
import type { RowSchema } from "../store/online.ts";
import type { Json } from "../value/json.ts";
import { sameType, type ValueType } from "../value/type.ts";

/** The span of event time that a feature's online state covers, both ends included. */
export interface Coverage {
  /** Null = from the beginning of history. */
  readonly fromUs: number | null;
  readonly toUs: number;
}

/** How far incremental materialization has read; null = not yet. */
export interface IncrementalCursor {
  /** Rows with a created time up to here have been read. */
  readonly createdUs: number | null;
  /** Rows with an event time up to here have been read. */
  readonly eventUs: number | null;
}

/** A definition with everything it refers to, as specs of the registry: readable when the registry has moved on. */
export interface ServedDefinition {
  readonly view: Json;
  readonly entities: readonly { readonly name: string; readonly spec: Json }[];
  readonly source: { readonly name: string; readonly spec: Json };
}

/**
 * What is known of a stored view's online side. Each change of what its values mean opens another *generation*, the rows and states of
 * one version of the view: version N is generation N + 1. Generations are numbered from 1 and never used again, also not after the
 * view was deleted and defined anew: what a slow writer of an old definition still stores is never read.
 *
 * 1. `keptGenerations` are those that can be read and are written by pushes; `activeGeneration` and `registeredGeneration` are
 *    among them. Unless the view is deleted, when both are 0 and none is kept.
 * 2. `activeGeneration` is what a reference without a version means.
 * 3. `registeredGeneration` is that of the registered definition. Every other kept one has its definition in a `view_version` record.
 * 4. `replaceWhenReady` only while another generation than the registered one is active.
 * 5. `schemas`, `coverage`, `cursor` and `createdAtUs` have members for kept generations only.
 * 6. `retiredGenerations` may still have data in the online store; they are truncated and then forgotten.
 */
export interface ViewState {
  readonly activeGeneration: number;
  readonly registeredGeneration: number;
  /** Ascending. */
  readonly keptGenerations: readonly number[];
  /** The registered generation becomes the active one as soon as it covers what that one does, which is then retired (`--recreate`). */
  readonly replaceWhenReady: boolean;
  /** The greatest generation ever given. */
  readonly lastGeneration: number;
  readonly retiredGenerations: readonly number[];
  /** When a generation was last retired, UTC µs: it is read for a moment after. */
  readonly retiredAtUs: number | null;
  /** Per generation every schema that stored rows may have, newest last. */
  readonly schemas: ReadonlyMap<number, readonly RowSchema[]>;
  /** Per generation and feature. A feature without coverage has never been materialized or pushed. */
  readonly coverage: ReadonlyMap<number, ReadonlyMap<string, Coverage>>;
  readonly cursor: ReadonlyMap<number, IncrementalCursor>;
  /** When each generation was opened, UTC µs; absent where that was not recorded. */
  readonly createdAtUs: ReadonlyMap<number, number>;
  /** When a job last finished an interval of a generation. */
  readonly lastMaterializedAtUs: number | null;
  /** The active generation's definition in a state of an older format, which had no `view_version` records; null in all others. */
  readonly served: ServedDefinition | null;
  /** The view is not registered any more; only the numbers live on. */
  readonly deleted: boolean;
}

/** The version that a generation is: counted from 0, as Feast counts. */
export function versionOf(generation: number): number {
  return generation - 1;
}

/** The generation that a version is. */
export function generationOf(version: number): number {
  return version + 1;
}

/** The state of a view that is registered for the first time. `nowUs`: when; null = not known. */
export function newViewState(schema: RowSchema, nowUs: number | null = null): ViewState {
  return openGeneration(deletedState(0, [], null), schema, nowUs);
}

/** Whether the online store may hold rows or states of the view that reads see. */
export function hasOnlineData(state: ViewState): boolean {
  return state.keptGenerations.some((g) => isCovered(state, g)) || state.lastMaterializedAtUs !== null || state.keptGenerations.length > 1;
}

/** Whether a generation has data: something was materialized or pushed into it. */
export function isCovered(state: ViewState, generation: number): boolean {
  return (state.coverage.get(generation)?.size ?? 0) > 0;
}

/**
 * Adds a schema to the registered generation, as its newest. Features that older schemas share with it take its types:
 * they store the same, and rows are read in the JavaScript form that is declared now.
 */
export function addSchema(state: ViewState, schema: RowSchema): ViewState {
  const generation = state.registeredGeneration;
  const types = new Map(schema.features.map((f) => [f.name, f.type]));
  const others = (state.schemas.get(generation) ?? [])
    .filter((older) => older.fingerprint !== schema.fingerprint)
    .map((older) => ({
      ...older,
      features: older.features.map((f) => ({ name: f.name, type: newerForm(f.type, types.get(f.name)) })),
    }));
  return { ...state, schemas: new Map(state.schemas).set(generation, [...others, schema]) };
}

function newerForm(stored: ValueType, declared: ValueType | undefined): ValueType {
  return declared !== undefined && sameType(stored, declared) ? declared : stored;
}

/** Features of the registered generation that rows may hold although the view no longer has them. */
export function formerFeatures(state: ViewState): ReadonlySet<string> {
  const schemas = state.schemas.get(state.registeredGeneration) ?? [];
  const current = new Set(schemas.at(-1)?.features.map((f) => f.name));
  return new Set(schemas.flatMap((s) => s.features.map((f) => f.name)).filter((name) => !current.has(name)));
}

/** Starts over at once: nothing is served that could be lost. The generations so far are retired. */
export function openGeneration(state: ViewState, schema: RowSchema, nowUs: number | null = null): ViewState {
  const generation = state.lastGeneration + 1;
  return {
    ...deletedState(generation, retire(state, state.keptGenerations), nowUs ?? state.retiredAtUs),
    activeGeneration: generation,
    registeredGeneration: generation,
    keptGenerations: [generation],
    schemas: new Map([[generation, [schema]]]),
    createdAtUs: new Map(nowUs === null ? [] : [[generation, nowUs]]),
    deleted: false,
  };
}

/** How a generation comes beside those that are kept. */
export interface NewGeneration {
  /** See {@link ViewState.replaceWhenReady}. */
  readonly replaceWhenReady: boolean;
  /** Generations that must be kept because something refers to them by their version. */
  readonly pinned: ReadonlySet<number>;
  readonly nowUs: number | null;
}

/**
 * Opens a generation for a registered definition of another meaning, beside the active one. The registered generation so far is kept if
 * it is active, has data or is pinned; else it is given up.
 */
export function addGeneration(state: ViewState, schema: RowSchema, options: NewGeneration): ViewState {
  const left = leaveRegistered(state, options);
  const generation = state.lastGeneration + 1;
  return {
    ...left,
    registeredGeneration: generation,
    keptGenerations: [...left.keptGenerations, generation],
    replaceWhenReady: options.replaceWhenReady,
    lastGeneration: generation,
    schemas: new Map(left.schemas).set(generation, [schema]),
    createdAtUs: options.nowUs === null ? left.createdAtUs : new Map(left.createdAtUs).set(generation, options.nowUs),
  };
}

/** Makes a kept generation the registered one: the registered definition is again what it was filled with. */
export function returnToGeneration(state: ViewState, generation: number, options: NewGeneration): ViewState {
  if (!state.keptGenerations.includes(generation)) return refuseGeneration(state, generation);
  if (generation === state.registeredGeneration) return state;
  return {
    ...leaveRegistered(state, options),
    registeredGeneration: generation,
    replaceWhenReady: options.replaceWhenReady && generation !== state.activeGeneration,
    served: null,
  };
}

function leaveRegistered(state: ViewState, { pinned, nowUs }: NewGeneration): ViewState {
  const { registeredGeneration: left, activeGeneration } = state;
  const isKept = left === activeGeneration || isCovered(state, left) || pinned.has(left);
  return isKept ? state : dropGeneration(state, left, nowUs);
}

/** Makes a kept generation the one that a reference without a version means. The former one is kept. */
export function activateGeneration(state: ViewState, generation: number): ViewState {
  if (state.activeGeneration === generation) return { ...state, replaceWhenReady: false };
  if (!state.keptGenerations.includes(generation)) return refuseGeneration(state, generation);
  const activated = { ...state, activeGeneration: generation, replaceWhenReady: false };
  // The definition of the former one has no record of its own in the older format, which promised to replace it.
  return state.served === null ? activated : { ...dropGeneration(activated, state.activeGeneration, null), served: null };
}

/** The registered generation takes the active one's place, which is retired unless it is pinned. Repeated, it changes nothing. */
export function replaceActive(state: ViewState, { pinned, nowUs }: Omit<NewGeneration, "replaceWhenReady">): ViewState {
  const { activeGeneration, registeredGeneration } = state;
  if (activeGeneration === registeredGeneration) return { ...state, replaceWhenReady: false };
  const switched = activateGeneration(state, registeredGeneration);
  const isDone = pinned.has(activeGeneration) || !switched.keptGenerations.includes(activeGeneration);
  return isDone ? switched : dropGeneration(switched, activeGeneration, nowUs);
}

/** Gives up a kept generation that is neither active nor registered: nobody can ask for it any more. */
export function retireGeneration(state: ViewState, generation: number, nowUs: number): ViewState {
  if (!state.keptGenerations.includes(generation)) return refuseGeneration(state, generation);
  assert(generation !== state.activeGeneration && generation !== state.registeredGeneration, "a generation in use is not retired");
  return dropGeneration(state, generation, nowUs);
}

/** The generations' data are gone from the online store. */
export function forgetGenerations(state: ViewState, generations: readonly number[]): ViewState {
  return { ...state, retiredGenerations: state.retiredGenerations.filter((g) => !generations.includes(g)) };
}

/** The view is not registered any more. Its numbers are kept. */
export function deleteViewState(state: ViewState, nowUs: number | null = null): ViewState {
  return deletedState(state.lastGeneration, retire(state, state.keptGenerations), nowUs ?? state.retiredAtUs);
}

/** Forgets what the registered generation covers of features that the view no longer has. */
export function dropFeatures(state: ViewState, features: readonly string[]): ViewState {
  const generation = state.registeredGeneration;
  const covered = state.coverage.get(generation);
  if (covered === undefined || features.length === 0) return state;
  const kept = new Map([...covered].filter(([name]) => !features.includes(name)));
  return { ...state, coverage: new Map(state.coverage).set(generation, kept) };
}

/**
 * Records that features of a generation were brought to the online store for an interval, both ends included. Intervals that
 * overlap or touch become one; of two with a gap between them the later is kept, because a read needs one unbroken span up to
 * its t. ASOF_NOT_APPLIED when the generation is not kept any more: the definition changed under the job.
 */
export function recordCoverage(state: ViewState, generation: number, features: readonly string[], interval: Coverage): ViewState {
  if (!state.keptGenerations.includes(generation)) return refuseGeneration(state, generation);
  const covered = new Map(state.coverage.get(generation));
  for (const feature of features) covered.set(feature, joinCoverage(covered.get(feature), interval));
  return { ...state, coverage: new Map(state.coverage).set(generation, covered) };
}

/** Records how far an incremental job has read and when it ended. Cursors never move back. */
export function recordCursor(state: ViewState, generation: number, cursor: IncrementalCursor, nowUs: number): ViewState {
  if (!state.keptGenerations.includes(generation)) return refuseGeneration(state, generation);
  const before = state.cursor.get(generation) ?? { createdUs: null, eventUs: null };
  const after = { createdUs: later(before.createdUs, cursor.createdUs), eventUs: later(before.eventUs, cursor.eventUs) };
  return recordMaterialized({ ...state, cursor: new Map(state.cursor).set(generation, after) }, nowUs);
}

/** Records the end of a job's interval. */
export function recordMaterialized(state: ViewState, nowUs: number): ViewState {
  return { ...state, lastMaterializedAtUs: later(state.lastMaterializedAtUs, nowUs) };
}

function joinCoverage(known: Coverage | undefined, added: Coverage): Coverage {
  if (known === undefined) return added;
  const [first, second] = startsBefore(known, added) ? [known, added] : [added, known];
  const touches = second.fromUs === null || second.fromUs <= first.toUs + 1;
  return touches ? { fromUs: first.fromUs, toUs: Math.max(first.toUs, second.toUs) } : second;
}

function startsBefore(a: Coverage, b: Coverage): boolean {
  return a.fromUs === null || (b.fromUs !== null && a.fromUs <= b.fromUs);
}

function later(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}

function deletedState(lastGeneration: number, retiredGenerations: readonly number[], retiredAtUs: number | null): ViewState {
  return {
    activeGeneration: 0,
    registeredGeneration: 0,
    keptGenerations: [],
    replaceWhenReady: false,
    lastGeneration,
    retiredGenerations,
    retiredAtUs,
    schemas: new Map(),
    coverage: new Map(),
    cursor: new Map(),
    createdAtUs: new Map(),
    lastMaterializedAtUs: null,
    served: null,
    deleted: true,
  };
}

function retire(state: ViewState, generations: readonly number[]): readonly number[] {
  return [...state.retiredGenerations, ...generations.filter((g) => !state.retiredGenerations.includes(g))];
}

function dropGeneration(state: ViewState, generation: number, nowUs: number | null): ViewState {
  const without = <T>(map: ReadonlyMap<number, T>) => new Map([...map].filter(([g]) => g !== generation));
  return {
    ...state,
    keptGenerations: state.keptGenerations.filter((g) => g !== generation),
    retiredGenerations: retire(state, [generation]),
    retiredAtUs: later(state.retiredAtUs, nowUs),
    schemas: without(state.schemas),
    coverage: without(state.coverage),
    cursor: without(state.cursor),
    createdAtUs: without(state.createdAtUs),
  };
}

function refuseGeneration(state: ViewState, generation: number): never {
  const kept = state.keptGenerations.map((g) => `v${versionOf(g)}`).join(", ");
  throw new AsofError(
    "ASOF_NOT_APPLIED",
    `Version v${versionOf(generation)} of the view is not kept any more; there are: ${kept || "none"}.`,
    {
      fix: "Run the command again; it will use the definitions that are registered now.",
    },
  );
}
