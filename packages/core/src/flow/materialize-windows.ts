import { compileWindowedView, type WindowEvent, type WindowProgram } from "../aggregate/window-program.ts";
import type { WindowedViewModel } from "../definition/model.ts";
import { compileViewKey, keyPartsOf, type StoreKeys } from "../store/key-codec.ts";
import type { OfflineStore, PullRequest, RecordBatch, RunOptions } from "../store/offline.ts";
import type { KeyBytes, OnlineStore, OnlineView } from "../store/online.ts";
import { compareBytes } from "../value/bytes.ts";
import { floorTo } from "../value/time.ts";
import type { Value } from "../value/type.ts";
import { type ErasedUntil, isErased, type KeyCheck } from "./erasures.ts";
import type { MaterializeSlice, SliceOutcome } from "./materialize-slice.ts";
import { type StateUpdate, updateStates } from "./update-states.ts";

/** Keys whose states are read and written together. */
const keysPerWrite = 256;
/** Events held at most before the keys complete so far are written. */
const eventsPerWrite = 65_536;

/** An event as pulled: with the flag that tells new rows from the others of their tile. */
export interface PulledEvent extends WindowEvent {
  readonly isNew: boolean;
}

interface Stores {
  readonly offline: OfflineStore;
  readonly online: OnlineStore;
}

/** Rebuilds the tiles of a windowed view for one slice of its history, key by key. */
export async function materializeWindows(
  stores: Stores,
  view: WindowedViewModel,
  target: OnlineView,
  slice: MaterializeSlice,
  options: RunOptions & { readonly onRows: (rows: number) => void },
): Promise<SliceOutcome> {
  const program = compileWindowedView(view, target);
  const decode = compileEventReader(view, program, stores.online.keys, slice);
  let rows = 0;
  let written = 0;
  let maxCreatedUs: number | null = null;
  for (const { request, apply } of pullsOf(view, program, slice)) {
    for await (const groups of keyGroups(decode, stores.offline.pull(request, options), options.onRows)) {
      const updates: StateUpdate[] = groups.map(({ key, events }) => ({
        key,
        update: (state) => program.compact(apply(state, events), slice.pulledAtUs),
      }));
      for (const { events } of groups) {
        rows += events.length;
        for (const event of events) {
          if (event.createdTimeUs !== null) maxCreatedUs = Math.max(maxCreatedUs ?? event.createdTimeUs, event.createdTimeUs);
        }
      }
      written += await updateStates(stores.online, target, program, updates);
    }
  }
  return { rows, written, maxCreatedUs };
}

type Apply = (
  state: Parameters<WindowProgram["compact"]>[0] | null,
  events: readonly PulledEvent[],
) => ReturnType<WindowProgram["compact"]>;

interface Pull {
  readonly request: PullRequest;
  readonly apply: Apply;
}

/** What to read and how its events enter a key's state. */
function pullsOf(view: WindowedViewModel, program: WindowProgram, slice: MaterializeSlice): readonly Pull[] {
  const hopUs = program.blockUs;
  const base = {
    keys: view.entities.flatMap((e) => e.keys.map((k) => ({ name: k.name, type: k.type }))),
    columns: program.columns,
    order: program.orderColumns,
    mode: "all" as const,
    partition: slice.partition,
  };
  return slice.histories.flatMap(({ layer, history, fromUs, toUs }) => {
    // Whole tiles: an interval that starts inside a tile reads that tile from its start.
    const alignedFromUs = fromUs === null ? null : floorTo(fromUs, hopUs);
    const interval: PullRequest = { ...base, history, fromUs: alignedFromUs, toUs, createdFromUs: null, tileUs: null };
    const late: PullRequest | null =
      slice.createdFromUs === null || fromUs === null
        ? null
        : { ...base, history, fromUs: null, toUs, createdFromUs: slice.createdFromUs, tileUs: layer === "batch" ? hopUs : null };
    if (layer === "live") {
      // Logged rows are folded like pushed ones, each once; the interval is whole, so that features added meanwhile get their part.
      const { handoverUs } = history;
      const startsLog = fromUs !== null && handoverUs !== null && fromUs <= handoverUs;
      // Nothing logged counts before the handover, so that a window which reaches over it lacks nothing there.
      const complete = { fromUs: startsLog ? null : alignedFromUs, toUs };
      const whole: Pull = { request: interval, apply: (state, events) => program.addLive(state, events, complete).state };
      return late === null ? [whole] : [whole, { request: late, apply: (state, events) => program.addLive(state, events).state }];
    }
    const replace =
      (rangeFromUs: number | null, touched: boolean): Apply =>
      (state, events) =>
        program.replaceBatch(state, { events, rangeFromUs, batchEndUs: toUs, touchedOnly: touched, pulledAtUs: slice.pulledAtUs });
    const whole: Pull = { request: interval, apply: replace(alignedFromUs, false) };
    return late === null ? [whole] : [whole, { request: late, apply: replace(null, true) }];
  });
}

interface KeyGroup {
  readonly key: KeyBytes;
  readonly events: PulledEvent[];
}

/** One pulled row as an event and the key it belongs to; null where it has no key or no time. */
type DecodeEvent = (batch: RecordBatch, row: number) => { readonly key: KeyBytes; readonly event: PulledEvent } | null;

/** Cuts a stream sorted by key into groups of whole keys, some hundred at a time. */
async function* keyGroups(
  decode: DecodeEvent,
  batches: AsyncIterable<RecordBatch>,
  onRows: (rows: number) => void,
): AsyncGenerator<readonly KeyGroup[]> {
  let groups: KeyGroup[] = [];
  let held = 0;
  for await (const batch of batches) {
    for (let row = 0; row < batch.rowCount; row++) {
      const read = decode(batch, row);
      if (read === null) continue;
      const current = groups.at(-1);
      if (current !== undefined && compareBytes(current.key, read.key) === 0) {
        current.events.push(read.event);
      } else {
        if (groups.length >= keysPerWrite || held >= eventsPerWrite) {
          yield groups;
          groups = [];
          held = 0;
        }
        groups.push({ key: read.key, events: [read.event] });
      }
      held++;
    }
    onRows(batch.rowCount);
  }
  if (groups.length > 0) yield groups;
}

/** Rows come sorted by key, so that one hash does for all events of a key. */
function rememberLast(check: KeyCheck | null): ((key: KeyBytes, values: readonly Value[]) => ErasedUntil) | null {
  if (check === null) return null;
  let last: KeyBytes | null = null;
  let until: ErasedUntil = null;
  return (key, values) => {
    if (last !== null && compareBytes(last, key) === 0) return until;
    last = key;
    until = check(values);
    return until;
  };
}

/** Reads one pulled row: keys, event_time, created_time, event_id, is_new, then the program's columns. */
function compileEventReader(
  view: WindowedViewModel,
  program: WindowProgram,
  keys: StoreKeys,
  { erasures }: Pick<MaterializeSlice, "erasures">,
): DecodeEvent {
  const parts = keyPartsOf(view);
  const encodeKey = compileViewKey(keys, view);
  const checkKey = rememberLast(erasures?.checkOf(parts.map((k) => k.name)) ?? null);
  const first = parts.length;
  return (batch, row) => {
    const values = parts.map((_, i) => batch.columns[i]?.get(row) ?? null);
    const key = encodeKey(values);
    const eventTime = batch.columns[first]?.get(row) ?? null;
    if (key === null || eventTime === null) return null;
    if (checkKey !== null && isErased(checkKey(key, values), Number(eventTime))) return null;
    const created = batch.columns[first + 1]?.get(row) ?? null;
    const eventId = batch.columns[first + 2]?.get(row) ?? null;
    return {
      key,
      event: {
        eventTimeUs: Number(eventTime),
        createdTimeUs: created === null ? null : Number(created),
        eventId: eventId === null ? null : String(eventId),
        isNew: batch.columns[first + 3]?.get(row) === true,
        values: program.columns.map((_, i) => batch.columns[first + 4 + i]?.get(row) ?? null),
      },
    };
  };
}

/**
 * Empties the tiles of keys that have no event left in a replaced interval: rows that disappeared from the batch source. Only
 * keys that are online but not in the source are touched.
 */
export async function clearVanishedKeys(
  stores: Stores,
  view: WindowedViewModel,
  target: OnlineView,
  slice: MaterializeSlice,
  options: RunOptions,
): Promise<number> {
  const program = compileWindowedView(view, target);
  let cleared = 0;
  for (const { layer, history, fromUs, toUs } of slice.histories) {
    if (layer !== "batch") continue;
    const rangeFromUs = fromUs === null ? null : floorTo(fromUs, program.blockUs);
    const keys = keyPartsOf(view);
    const encodeKey = compileViewKey(stores.online.keys, view);
    const present = new Set<string>();
    const request: PullRequest = {
      ...{ history, keys, columns: [], order: [], mode: "latest" as const, partition: null },
      ...{ fromUs: rangeFromUs, toUs, createdFromUs: null, tileUs: null },
    };
    for await (const batch of stores.offline.pull(request, options)) {
      for (let row = 0; row < batch.rowCount; row++) {
        const key = encodeKey(keys.map((_, i) => batch.columns[i]?.get(row) ?? null));
        if (key !== null) present.add(keyText(key));
      }
    }
    const empty = { events: [], rangeFromUs, batchEndUs: toUs, pulledAtUs: slice.pulledAtUs };
    for await (const page of stores.online.listKeys(target)) {
      const gone = page.filter((key) => !present.has(keyText(key)));
      const updates = gone.map((key) => ({
        key,
        update: (state: Parameters<Apply>[0]) => (state === null ? null : program.replaceBatch(state, empty)),
      }));
      cleared += await updateStates(stores.online, target, program, updates);
    }
  }
  return cleared;
}

/** Key bytes as a compact string, for sets. */
function keyText(key: KeyBytes): string {
  return Buffer.from(key).toString("latin1");
}
