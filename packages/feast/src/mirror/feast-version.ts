import {
  AsofError,
  activateGeneration,
  addSchema,
  type RowSchema,
  type StoredCoverage,
  type ViewModel,
  type ViewState,
  versionOf,
} from "@asof/core";
import { viewFields, viewMeta } from "../definition/fields.ts";
import { Message } from "../wire/message.ts";
import { readIntervals } from "./view-meta.ts";

/** How a project uses Feast beside its registry: what the bytes of the registry alone do not say. */
export interface FeastUse {
  /** Whether Feast keeps versions of online tables apart (`enable_online_feature_view_versioning`). */
  readonly onlineVersioning: boolean;
  /** Whether asof reads the online store that Feast materializes into: what Feast did there then counts as done. */
  readonly sharedOnlineStore: boolean;
}

/** The versions of a view in Feast's history. */
export interface FeastHistory {
  /** The greatest version that Feast has kept; null = none. */
  latestVersion(view: string): number | null;
  /** Feast's object of a version as it was when that was made; null = not kept. */
  versionBytes(view: string, version: number): Uint8Array | null;
}

type Span = ReturnType<typeof readIntervals>[number];

/** The generation whose table Feast reads and writes. */
export function feastGeneration({ onlineVersioning }: FeastUse, meta: Message | null): number {
  return onlineVersioning ? (meta?.number(viewMeta.versionNumber) ?? 0) + 1 : 1;
}

/**
 * The generation that Feast went over to, where asof reads Feast's tables and Feast keeps those of versions apart; null where it is the active
 * one. Feast's `apply` serves a new version at once.
 */
export function movedGeneration(use: FeastUse, view: ViewModel, state: ViewState, meta: Message | null): number | null {
  if (!use.onlineVersioning || !use.sharedOnlineStore || meta === null || view.form !== "plain") return null;
  const generation = feastGeneration(use, meta);
  return generation === state.activeGeneration ? null : generation;
}

/** Makes the generation that Feast went over to the active and the registered one. Those so far stay beside it. */
export function followGeneration(state: ViewState, generation: number, schema: RowSchema): ViewState {
  const kept = new Set([...state.keptGenerations, generation]);
  const known = {
    ...state,
    keptGenerations: [...kept].sort((a, b) => a - b),
    retiredGenerations: state.retiredGenerations.filter((retired) => retired !== generation),
    lastGeneration: Math.max(state.lastGeneration, generation),
  };
  return addSchema({ ...activateGeneration(known, generation), registeredGeneration: generation }, schema);
}

/** Numbers that Feast gave to versions of its own are not given again: they may have tables. */
export function passLatest(state: ViewState, view: string, history: FeastHistory): ViewState {
  const latest = history.latestVersion(view);
  return latest === null || latest + 1 <= state.lastGeneration ? state : { ...state, lastGeneration: latest + 1 };
}

/**
 * What Feast materialized of the active version. Where versions have tables of their own, Feast's object of a new one still lists what was
 * materialized of the one before it, whose rows the new one's table has not. Where nothing tells the two apart nothing counts: to
 * materialize once more is harmless, to take a table for filled is not.
 */
export function ownIntervals(use: FeastUse, history: FeastHistory, view: string, state: ViewState, meta: Message): readonly Span[] {
  const intervals = readIntervals(meta);
  if (!use.onlineVersioning) return intervals;
  const version = versionOf(state.activeGeneration);
  const latest = history.latestVersion(view) ?? version;
  const isPending = state.registeredGeneration !== state.activeGeneration && versionOf(state.registeredGeneration) === latest;
  // Feast went back to it: the list may be that of a later version.
  if (latest > version && !isPending) return [];
  const inherited = intervalsWhenMade(history, view, version);
  if (inherited === null) return [];
  const isForeign = (span: Span, index: number): boolean =>
    inherited.length > 0 ? sameSpan(inherited[index], span) : isOfAnother(state, span);
  const first = intervals.findIndex((span, index) => !isForeign(span, index));
  return first < 0 ? [] : intervals.slice(first);
}

/** What Feast's object of a version listed when that was made; null where that cannot be read. */
function intervalsWhenMade(history: FeastHistory, view: string, version: number): readonly Span[] | null {
  const bytes = history.versionBytes(view, version);
  if (bytes === null) return [];
  try {
    return readIntervals(new Message(bytes).message(viewFields.meta) ?? new Message());
  } catch (error) {
    if (error instanceof AsofError && error.code === "ASOF_REGISTRY_UNREADABLE") return null;
    throw error;
  }
}

function sameSpan(a: Span | undefined, b: Span): boolean {
  return a?.fromUs === b.fromUs && a.toUs === b.toUs;
}

function isOfAnother(state: ViewState, span: Span): boolean {
  const covers = ({ fromUs, toUs }: StoredCoverage) => (fromUs === null || fromUs <= span.fromUs) && toUs >= span.toUs;
  return [...state.coverage].some(([generation, features]) => generation !== state.activeGeneration && [...features.values()].some(covers));
}
