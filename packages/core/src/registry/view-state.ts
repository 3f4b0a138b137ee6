import { AsofError } from "../error/error.ts";
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
 * What is known of a stored view's online side. Generations are numbered from 1 and never used again, also not after the view
 * was deleted and defined anew: what a slow writer of an old definition still stores is never read.
 *
 * 1. `activeGeneration` is what reads see; 0 only while `deleted`.
 * 2. `buildingGeneration`, when not null, is greater than the active one and is being filled under the registered definition,
 *    while the active one is served under `served`, the definition it was filled with.
 * 3. `served` is null exactly when no generation is being built: the registered definition is then the served one.
 * 4. `schemas`, `coverage` and `cursor` have members for the active and the building generation only.
 * 5. `retiredGenerations` may still have data in the online store; they are truncated and then forgotten.
 */
export interface ViewState {
  readonly activeGeneration: number;
  readonly buildingGeneration: number | null;
  /** The greatest generation ever given. */
  readonly lastGeneration: number;
  readonly retiredGenerations: readonly number[];
  /** Per generation every schema that stored rows may have, newest last. */
  readonly schemas: ReadonlyMap<number, readonly RowSchema[]>;
  /** Per generation and feature. A feature without coverage has never been materialized or pushed. */
  readonly coverage: ReadonlyMap<number, ReadonlyMap<string, Coverage>>;
  readonly cursor: ReadonlyMap<number, IncrementalCursor>;
  /** When a job last finished an interval of the active or building generation. */
  readonly lastMaterializedAtUs: number | null;
  readonly served: ServedDefinition | null;
  /** The view is not registered any more; only the numbers live on. */
  readonly deleted: boolean;
}

/** The state of a view that is registered for the first time. */
export function newViewState(schema: RowSchema): ViewState {
  return openGeneration(deletedState(0, []), schema);
}

/** Whether the online store may hold rows or states of the view that reads see. */
export function hasOnlineData(state: ViewState): boolean {
  const covered = [...state.coverage.values()].some((features) => features.size > 0);
  return covered || state.lastMaterializedAtUs !== null || state.buildingGeneration !== null;
}

/** The generation that new rows of the registered definition go to: the one being built, else the active one. */
export function writeGeneration(state: ViewState): number {
  return state.buildingGeneration ?? state.activeGeneration;
}

/**
 * Adds a schema to the generation that is written, as its newest. Features that older schemas share with it take its types:
 * they store the same, and rows are read in the JavaScript form that is declared now.
 */
export function addSchema(state: ViewState, schema: RowSchema): ViewState {
  const generation = writeGeneration(state);
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

/** Features of the written generation that rows may hold although the view no longer has them. */
export function formerFeatures(state: ViewState): ReadonlySet<string> {
  const schemas = state.schemas.get(writeGeneration(state)) ?? [];
  const current = new Set(schemas.at(-1)?.features.map((f) => f.name));
  return new Set(schemas.flatMap((s) => s.features.map((f) => f.name)).filter((name) => !current.has(name)));
}

/** Starts over at once: nothing is served that could be lost. The generation so far is retired. */
export function openGeneration(state: ViewState, schema: RowSchema): ViewState {
  const generation = state.lastGeneration + 1;
  return {
    activeGeneration: generation,
    buildingGeneration: null,
    lastGeneration: generation,
    retiredGenerations: retire(state, [state.activeGeneration, state.buildingGeneration]),
    schemas: new Map([[generation, [schema]]]),
    coverage: new Map(),
    cursor: new Map(),
    lastMaterializedAtUs: null,
    served: null,
    deleted: false,
  };
}

/** Starts a new generation beside the served one. A generation that was being built already is given up. */
export function startBuilding(state: ViewState, schema: RowSchema, served: ServedDefinition): ViewState {
  const kept = dropGeneration(state, state.buildingGeneration);
  const generation = state.lastGeneration + 1;
  return {
    ...kept,
    buildingGeneration: generation,
    lastGeneration: generation,
    schemas: new Map(kept.schemas).set(generation, [schema]),
    served: state.served ?? served,
  };
}

/** Gives up the generation being built: the served definition is the registered one again. */
export function cancelBuilding(state: ViewState): ViewState {
  return { ...dropGeneration(state, state.buildingGeneration), buildingGeneration: null, served: null };
}

/** Makes the generation that was built the served one; the old one is retired. */
export function switchGeneration(state: ViewState, generation: number): ViewState {
  if (state.activeGeneration === generation) return state;
  if (state.buildingGeneration !== generation) return refuseGeneration(state, generation);
  return { ...dropGeneration(state, state.activeGeneration), activeGeneration: generation, buildingGeneration: null, served: null };
}

/** The generations' data are gone from the online store. */
export function forgetGenerations(state: ViewState, generations: readonly number[]): ViewState {
  return { ...state, retiredGenerations: state.retiredGenerations.filter((g) => !generations.includes(g)) };
}

/** The view is not registered any more. Its numbers are kept. */
export function deleteViewState(state: ViewState): ViewState {
  return deletedState(state.lastGeneration, retire(state, [state.activeGeneration, state.buildingGeneration]));
}

/** Forgets what the written generation covers of features that the view no longer has. */
export function dropFeatures(state: ViewState, features: readonly string[]): ViewState {
  const generation = writeGeneration(state);
  const covered = state.coverage.get(generation);
  if (covered === undefined || features.length === 0) return state;
  const kept = new Map([...covered].filter(([name]) => !features.includes(name)));
  return { ...state, coverage: new Map(state.coverage).set(generation, kept) };
}

/**
 * Records that features of a generation were brought to the online store for an interval, both ends included. Intervals that
 * overlap or touch become one; of two with a gap between them the later is kept, because a read needs one unbroken span up to
 * its t. ASOF_NOT_APPLIED when the generation is neither served nor being built: the definition changed under the job.
 */
export function recordCoverage(state: ViewState, generation: number, features: readonly string[], interval: Coverage): ViewState {
  if (generation !== state.activeGeneration && generation !== state.buildingGeneration) return refuseGeneration(state, generation);
  const covered = new Map(state.coverage.get(generation));
  for (const feature of features) covered.set(feature, joinCoverage(covered.get(feature), interval));
  return { ...state, coverage: new Map(state.coverage).set(generation, covered) };
}

/** Records how far an incremental job has read and when it ended. Cursors never move back. */
export function recordCursor(state: ViewState, generation: number, cursor: IncrementalCursor, nowUs: number): ViewState {
  if (generation !== state.activeGeneration && generation !== state.buildingGeneration) return refuseGeneration(state, generation);
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

function deletedState(lastGeneration: number, retiredGenerations: readonly number[]): ViewState {
  return {
    activeGeneration: 0,
    buildingGeneration: null,
    lastGeneration,
    retiredGenerations,
    schemas: new Map(),
    coverage: new Map(),
    cursor: new Map(),
    lastMaterializedAtUs: null,
    served: null,
    deleted: true,
  };
}

function retire(state: ViewState, generations: readonly (number | null)[]): readonly number[] {
  const added = generations.filter((g): g is number => g !== null && g > 0 && !state.retiredGenerations.includes(g));
  return [...state.retiredGenerations, ...added];
}

function dropGeneration(state: ViewState, generation: number | null): ViewState {
  if (generation === null) return state;
  const without = <T>(map: ReadonlyMap<number, T>) => new Map([...map].filter(([g]) => g !== generation));
  return {
    ...state,
    retiredGenerations: retire(state, [generation]),
    schemas: without(state.schemas),
    coverage: without(state.coverage),
    cursor: without(state.cursor),
  };
}

function refuseGeneration(state: ViewState, generation: number): never {
  throw new AsofError(
    "ASOF_NOT_APPLIED",
    `Generation ${generation} of the view is not in use any more (served: ${state.activeGeneration}, being built: ${state.buildingGeneration ?? "none"}): its definition changed while the work was going on.`,
    { fix: "Run the command again; it will use the definition that is registered now." },
  );
}
