import { floorTo } from "../value/time.ts";
import { compileIdLookup } from "./event-ids.ts";
import { absorbEvents, segmentForTile } from "./fold-events.ts";
import type { RawEvent, WindowEvent } from "./raw-event.ts";
import { foldIntoSegment } from "./segment.ts";
import { fillGaps, lacksEvent } from "./slot-gaps.ts";
import type { WindowLayout } from "./window-layout.ts";
import { emptyState, type KeyState } from "./window-state.ts";

/** What became of live events. The counts add up to the number of events given. */
export interface LiveOutcome {
  readonly state: KeyState;
  /** Now part of the state. */
  readonly folded: number;
  /** Folded before, by their event id. */
  readonly duplicates: number;
  /** Older than anything that a read at or after the newest event looks at. */
  readonly expired: number;
  /** Before the handover that this state has seen: the batch table brings them. */
  readonly beforeHandover: number;
  /** Not later than the time to which the key was erased. */
  readonly erased: number;
}

/** Says that the events given are all of the key's logged ones in an interval, both ends included; null = from the beginning. */
export interface CompleteInterval {
  readonly fromUs: number | null;
  readonly toUs: number;
}

type Prepare = (event: WindowEvent, generation: number) => RawEvent;

/** Adds live events, each once by its id, in any order. */
export function addLiveEvents(
  layout: WindowLayout,
  prepare: Prepare,
  before: KeyState | null,
  events: readonly WindowEvent[],
  complete: CompleteInterval | null,
): LiveOutcome {
  const state = before ?? emptyState(layout);
  const outcome = { duplicates: 0, expired: 0, beforeHandover: 0, erased: 0 };
  const expiredBeforeUs = Math.min(...state.droppedBeforeUs);
  const inHead = new Map<string, number>();
  for (const [at, { id }] of state.live.head.entries()) if (id !== null) inHead.set(id, at);
  const lookUp = compileIdLookup(state.ids, events.length);
  const fresh: RawEvent[] = [];
  const met = new Set<string>();
  for (const event of events) {
    if (event.eventTimeUs <= state.erasedToUs) outcome.erased++;
    else if (event.eventTimeUs < state.liveFromUs) outcome.beforeHandover++;
    else {
      const raw = prepare(event, state.generation);
      const known = raw.id === null ? null : met.has(raw.id) ? state.generation : lookUp(raw.id);
      const place = raw.id === null ? undefined : inHead.get(raw.id);
      if (known !== null || place !== undefined) {
        outcome.duplicates++;
        if (complete !== null) completeKnown(layout, state, raw, place, known);
        if (raw.id !== null) met.add(raw.id);
      } else if (event.eventTimeUs < expiredBeforeUs) outcome.expired++;
      else {
        if (raw.id !== null) met.add(raw.id);
        fresh.push(raw);
      }
    }
  }
  if (complete !== null) {
    fillGaps(state.live.gaps, [{ fromUs: complete.fromUs ?? Number.NEGATIVE_INFINITY, toUs: complete.toUs + 1 }]);
  }
  absorbEvents(layout, state, state.live, fresh);
  return { state, folded: fresh.length, ...outcome };
}

/**
 * A known event, met again while features are completed that were added after it: in the head it is replaced by its form under the
 * present layout; folded, it enters the tiles of those slots only that did not exist when it was folded.
 */
function completeKnown(layout: WindowLayout, state: KeyState, event: RawEvent, place: number | undefined, folded: number | null): void {
  const { live } = state;
  if (place !== undefined) {
    const held = live.head[place];
    if (held !== undefined && held.eventTimeUs === event.eventTimeUs) live.head[place] = event;
    return;
  }
  layout.series.forEach((series, s) => {
    const layerSeries = live.series[s];
    const gaps = live.gaps[s] ?? [];
    const lacks = gaps.map((gap) => folded !== null && lacksEvent(gap, event.eventTimeUs, folded));
    const startUs = floorTo(event.eventTimeUs, series.hopUs);
    if (layerSeries === undefined || !lacks.includes(true) || startUs < (state.droppedBeforeUs[s] ?? startUs)) return;
    const instant = live.instant?.timeUs === event.eventTimeUs ? live.instant.segments[s] : undefined;
    foldIntoSegment(series, instant ?? segmentForTile(series, layerSeries, startUs, true), event, (slot) => lacks[slot] !== true);
  });
}
