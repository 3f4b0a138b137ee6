import { assert } from "../error/error.ts";
import { floorTo } from "../value/time.ts";
import { acceptedRange, recordOrigin } from "./batch-origin.ts";
import { absorbEvents, removeEvents } from "./fold-events.ts";
import { containsInstant, type Interval } from "./interval.ts";
import type { RawEvent, WindowEvent } from "./raw-event.ts";
import { fillGaps } from "./slot-gaps.ts";
import type { WindowLayout } from "./window-layout.ts";
import { emptyState, type KeyState } from "./window-state.ts";

/** New content of a range of the batch layer. */
export interface BatchReplacement {
  /** All batch rows of the key in the range (with `touchedOnly`: at least in the blocks that hold a new one), in row order. */
  readonly events: readonly WindowEvent[];
  /** Start of the range, a whole number of `blockUs`; null = from the beginning. The range ends with the block of `batchEndUs`. */
  readonly rangeFromUs: number | null;
  /** Rows up to this event time were read, inclusive. */
  readonly batchEndUs: number;
  /** Replaces only the blocks in which an event with `isNew` lies. Default false. */
  readonly touchedOnly?: boolean;
  /** When the rows were read; decides between jobs that read equally far. Default 0. */
  readonly pulledAtUs?: number;
}

type Prepare = (event: WindowEvent, generation: number) => RawEvent;

/** Replaces whole blocks of the batch layer by what the events make of them; blocks without events become empty. */
export function replaceBatchEvents(
  layout: WindowLayout,
  prepare: Prepare,
  before: KeyState | null,
  replacement: BatchReplacement,
): KeyState {
  const { blockUs } = layout;
  const { batchEndUs, pulledAtUs = 0 } = replacement;
  const state = before ?? emptyState(layout);
  const fromUs = replacement.rangeFromUs ?? Number.NEGATIVE_INFINITY;
  assert(Number.isSafeInteger(batchEndUs), "a range ends at an instant");
  assert(replacement.rangeFromUs === null || floorTo(fromUs, blockUs) === fromUs, "a replaced range starts with a block");
  const range = { fromUs, toUs: floorTo(batchEndUs, blockUs) + blockUs };
  for (const { eventTimeUs } of replacement.events) {
    assert(fromUs <= eventTimeUs && eventTimeUs <= batchEndUs, "replacing events lie in the range that was read");
  }
  const accepted = acceptedRange(state.origins, range, blockUs, batchEndUs, pulledAtUs);
  const replaced = replacement.touchedOnly === true ? touchedBlocks(replacement.events, blockUs, accepted) : accepted;
  const inside = replacement.events.filter((event) => event.eventTimeUs > state.erasedToUs && containsInstant(replaced, event.eventTimeUs));
  const events = onceByIdentity(inside).map((event) => prepare(event, state.generation));
  removeEvents(layout, state.batch, replaced);
  fillGaps(state.batch.gaps, replaced);
  absorbEvents(layout, state, state.batch, events);
  state.origins = recordOrigin(state.origins, replaced, blockUs, batchEndUs, pulledAtUs);
  return state;
}

/** Neighbouring blocks are joined, in order of time. */
function touchedBlocks(events: readonly WindowEvent[], blockUs: number, accepted: readonly Interval[]): Interval[] {
  const starts = new Set(events.filter((event) => event.isNew === true).map((event) => floorTo(event.eventTimeUs, blockUs)));
  const blocks: Interval[] = [];
  for (const fromUs of [...starts].sort((a, b) => a - b)) {
    if (!containsInstant(accepted, fromUs)) continue;
    const before = blocks.at(-1);
    if (before?.toUs === fromUs) blocks[blocks.length - 1] = { fromUs: before.fromUs, toUs: fromUs + blockUs };
    else blocks.push({ fromUs, toUs: fromUs + blockUs });
  }
  return blocks;
}

/** Of rows with one event id the first in row order counts; rows without one count each. */
function onceByIdentity(events: readonly WindowEvent[]): readonly WindowEvent[] {
  const seen = new Set<string>();
  return events.filter(({ eventId }) => {
    if (eventId === null) return true;
    const isFirst = !seen.has(eventId);
    seen.add(eventId);
    return isFirst;
  });
}
