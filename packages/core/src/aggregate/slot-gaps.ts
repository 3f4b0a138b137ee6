import { containsInstant, type Interval, subtractIntervals } from "./interval.ts";
import type { RawEvent } from "./raw-event.ts";

/** Where the tiles of a slot lack events, because the slot was added after they had been folded. */
export interface SlotGap {
  readonly intervals: readonly Interval[];
  /** Generation in which the slot was added: events evaluated before it are missing inside the intervals. */
  readonly since: number;
}

export const noGap: SlotGap = { intervals: [], since: 0 };

/** Whether the slot lacks an event that was evaluated in this generation. */
export function lacksEvent(gap: SlotGap, eventTimeUs: number, generation: number): boolean {
  return gap.intervals.length > 0 && generation < gap.since && containsInstant(gap.intervals, eventTimeUs);
}

/**
 * The slots of a series that must not fold an event: inside a gap, events from before the slot was added come with whoever fills the
 * gap. Null = all may.
 */
export function slotsWithout(gaps: readonly SlotGap[], event: RawEvent): ((slot: number) => boolean) | null {
  if (gaps.every((gap) => gap.intervals.length === 0)) return null;
  return (slot) => lacksEvent(gaps[slot] ?? noGap, event.eventTimeUs, event.generation);
}

/** Records, in place, that the slots of a layer hold all events of the intervals. */
export function fillGaps(gaps: readonly SlotGap[][], filled: readonly Interval[]): void {
  for (const slots of gaps) {
    slots.forEach((gap, slot) => {
      if (gap.intervals.length === 0) return;
      const intervals = subtractIntervals(gap.intervals, filled);
      slots[slot] = intervals.length === 0 ? noGap : { ...gap, intervals };
    });
  }
}
