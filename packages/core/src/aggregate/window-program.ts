import type { WindowedViewModel } from "../definition/model.ts";
import { AsofError, assert } from "../error/error.ts";
import type { ColumnInfo } from "../store/offline.ts";
import type { RowSchema, StoredState } from "../store/online.ts";
import { sha256Hex } from "../value/hash.ts";
import { compareText } from "../value/order.ts";
import { floorTo } from "../value/time.ts";
import { addLiveEvents, type CompleteInterval, type LiveOutcome } from "./add-live.ts";
import { canonicalText } from "./canonical-text.ts";
import { explainWindow, type WindowExplanation } from "./explain-window.ts";
import { compilePrepare, type WindowEvent } from "./raw-event.ts";
import { type Coverage, readWindow, type WindowRead } from "./read-window.ts";
import { type BatchReplacement, replaceBatchEvents } from "./replace-batch.ts";
import { compactState, dropLiveEvents, eraseState } from "./shrink-state.ts";
import { compileStateCodec, type StateChange } from "./state-codec.ts";
import { planLayout, type WindowFeature, type WindowLayout } from "./window-layout.ts";
import type { KeyState } from "./window-state.ts";

export type { CompleteInterval, LiveOutcome } from "./add-live.ts";
export type { ExplainedEvent, ExplainedTile, WindowExplanation } from "./explain-window.ts";
export type { WindowEvent } from "./raw-event.ts";
export type { Coverage, WindowRead } from "./read-window.ts";
export type { BatchReplacement } from "./replace-batch.ts";
export type { StateChange } from "./state-codec.ts";
export type { KeyState } from "./window-state.ts";

/**
 * A windowed view compiled: how events of one key become state, state becomes values, and both become bytes. No I/O.
 *
 * Functions that take a state use it up: they change it in place and return it. To compute again, decode again.
 */
export interface WindowProgram {
  /** What an event's `values` are: source columns (and keys that expressions use) by name. */
  readonly columns: readonly ColumnInfo[];
  /** Names among `columns` that break ties in the row order; empty where no feature depends on it. */
  readonly orderColumns: readonly string[];
  /** Common multiple of the hops. Ranges that are replaced and moved handovers are whole numbers of it. */
  readonly blockUs: number;
  /** What stored states are marked with. */
  readonly schema: RowSchema;
  /** ASOF_SCHEMA_UNKNOWN where the state has a schema that this program was not told of; null for an absent state. */
  decodeState(stored: StoredState | null): KeyState | null;
  /** The parts that differ from the stored ones. Nothing where the state has no events and nothing is stored. */
  encodeState(previous: StoredState | null, state: KeyState): StateChange;
  /**
   * Values of the features named (default: all, in the view's order) at t: the fold of the events with `tail ≤ event time < t`. An
   * absent state is the empty window. Exact, or marked incomplete; never incomplete where t is at or after the key's newest event, or
   * within the separable span before it while the head holds that span, unless the tail precedes the coverage. Throws
   * ASOF_SUM_OVERFLOW, ASOF_DISTINCT_BOUND, ASOF_VALUE_INVALID where a value cannot be given, ASOF_FEATURE_UNKNOWN for a wrong name.
   */
  read(state: KeyState | null, tUs: number, coverage: Coverage, features?: readonly string[]): WindowRead;
  /**
   * Rebuilds whole blocks of the batch layer. The caller has read all batch rows of the key from `rangeFromUs` to `batchEndUs`. Blocks
   * that were built from a farther (or as far and later) reading stay as they are, so that concurrent jobs commute.
   */
  replaceBatch(state: KeyState | null, replacement: BatchReplacement): KeyState;
  /**
   * Adds pushed, streamed or logged events in any order, each id once. An id stands for one event with one event time. `complete` says
   * that the events are all of the key's logged ones of an interval: features that were added after some of them had been folded then
   * get those too. The log must have been read after every writer knew the added features; a later replay of the call changes nothing.
   */
  addLive(state: KeyState | null, events: readonly WindowEvent[], complete?: CompleteInterval): LiveOutcome;
  /** Removes live events before a moved handover, a whole number of `blockUs` (see {@link alignHandover}), and refuses them from now on. */
  dropLiveBefore(state: KeyState, handoverUs: number): KeyState;
  /**
   * Drops tiles that no read at or after the key's newest event (nor within the separable span before it) can need. Reads before
   * `nowUs` are not spared: give it where events may lie in the future, so that those do not expire what is read now.
   */
  compact(state: KeyState, nowUs?: number): KeyState;
  /** Empties the state of an erased key. Events up to `toUs`, of either layer, are refused from then on, whoever brings them. */
  erase(state: KeyState | null, toUs: number): KeyState;
  /** What makes a value, for people. */
  explain(state: KeyState | null, tUs: number, feature: string, coverage?: Coverage): WindowExplanation;
}

/** Schemas of a view's stored states; an `OnlineView` is one. Default: the view's own only. */
export interface StoredSchemas {
  readonly schema: RowSchema;
  readonly schemas: ReadonlyMap<string, unknown>;
}

/** Compiles a windowed view. ASOF_WINDOW_INVALID where its hops do not fit together. */
export function compileWindowedView(view: WindowedViewModel, stored?: StoredSchemas): WindowProgram {
  const { layout, prepare } = planOnce(view);
  const schema = stored?.schema ?? windowSchema(view);
  const codec = compileStateCodec(layout, schema.fingerprint, stored?.schemas ?? new Map());
  const byName = new Map(layout.features.map((feature) => [feature.name, feature]));
  const featureOf = (name: string): WindowFeature => byName.get(name) ?? refuseFeature(view, name);
  return {
    columns: layout.columns,
    orderColumns: layout.orderColumns.map((column) => column.name),
    blockUs: layout.blockUs,
    schema,
    decodeState: (state) => codec.decode(state),
    encodeState: (previous, state) => codec.guard(() => codec.encode(previous, state)),
    read: (state, tUs, coverage, names) =>
      codec.guard(() => readWindow(names === undefined ? layout.features : names.map(featureOf), layout, state, tUs, coverage)),
    replaceBatch: (state, replacement) => codec.guard(() => replaceBatchEvents(layout, prepare, state, replacement)),
    addLive: (state, events, complete) => codec.guard(() => addLiveEvents(layout, prepare, state, events, complete ?? null)),
    dropLiveBefore: (state, handoverUs) => codec.guard(() => dropLiveEvents(layout, state, handoverUs)),
    compact: (state, nowUs) => compactState(layout, state, nowUs ?? null),
    erase: (state, toUs) => eraseState(layout, state, toUs),
    explain: (state, tUs, name, coverage) =>
      codec.guard(() => explainWindow(layout, state, featureOf(name), tUs, coverage ?? { fromUs: null })),
  };
}

interface Plan {
  readonly layout: WindowLayout;
  readonly prepare: ReturnType<typeof compilePrepare>;
}

/** Models are frozen, and pushes compile the same view again and again. */
const plans = new WeakMap<WindowedViewModel, Plan>();

function planOnce(view: WindowedViewModel): Plan {
  const known = plans.get(view);
  if (known !== undefined) return known;
  const layout = planLayout(view);
  const plan = { layout, prepare: compilePrepare(layout) };
  plans.set(view, plan);
  return plan;
}

/** Features by name with a fingerprint of what their states mean: names, types, aggregates, tie-breaking columns. */
export function windowSchema(view: WindowedViewModel): RowSchema {
  const features = view.features.map(({ name, type }) => ({ name, type })).sort((a, b) => compareText(a.name, b.name));
  const aggregates = new Map(view.features.map((f) => [f.name, f.kind === "aggregate" ? f.aggregate : null]));
  const meaning = [features.map(({ name, type }) => [name, type, aggregates.get(name)]), planOnce(view).layout.orderColumns];
  return { fingerprint: sha256Hex(canonicalText(meaning)).slice(0, 16), features };
}

/** The first instant at or after `us` to which the handover of a source can move while these views hold live state of it. */
export function alignHandover(programs: readonly Pick<WindowProgram, "blockUs">[], us: number): number {
  const stepUs = programs.reduce((common, { blockUs }) => (common / greatestDivisor(common, blockUs)) * blockUs, 1);
  assert(Number.isSafeInteger(stepUs), "the blocks of a source's views have a common multiple");
  return us === floorTo(us, stepUs) ? us : floorTo(us, stepUs) + stepUs;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function refuseFeature(view: WindowedViewModel, name: string): never {
  throw new AsofError(
    "ASOF_FEATURE_UNKNOWN",
    `Feature view "${view.name}" has no feature "${name}". It has: ${view.features.map((f) => f.name).join(", ")}.`,
    {
      path: `${view.name}:${name}`,
      value: name,
      fix: "Fix the reference, or add the feature and run `asof apply`.",
    },
  );
}
