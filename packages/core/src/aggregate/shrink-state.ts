import { assert } from "../error/error.ts";
import { floorTo } from "../value/time.ts";
import { dropIdsBefore } from "./event-ids.ts";
import { removeEvents } from "./fold-events.ts";
import { segmentStartUs, tilesPerSegment } from "./segment.ts";
import { fillGaps } from "./slot-gaps.ts";
import type { Series, WindowLayout } from "./window-layout.ts";
import { emptyState, type KeyState, newestOf } from "./window-state.ts";

/** Removes the live events before a moved handover, which the batch layer now brings, and refuses them from here on. */
export function dropLiveEvents(layout: WindowLayout, state: KeyState, handoverUs: number): KeyState {
  assert(floorTo(handoverUs, layout.blockUs) === handoverUs, "a handover is moved to the start of a block; see alignHandover");
  if (handoverUs <= state.liveFromUs) return state;
  const before = [{ fromUs: Number.NEGATIVE_INFINITY, toUs: handoverUs }];
  removeEvents(layout, state.live, before);
  fillGaps(state.live.gaps, before);
  forgetIds(state, handoverUs);
  state.liveFromUs = handoverUs;
  return state;
}

/** Empties the state of an erased key, whatever was in it, and refuses events up to that time from here on. */
export function eraseState(layout: WindowLayout, state: KeyState | null, toUs: number): KeyState {
  const emptied = emptyState(layout);
  emptied.erasedToUs = Math.max(toUs, state?.erasedToUs ?? toUs);
  emptied.isEmptied = true;
  return emptied;
}

/**
 * Drops tiles that no read can need whose t lies at or after the key's newest event, or within the separable span before it. Whole
 * segments only, so that it costs no rewriting; what was dropped is recorded, and older reads that want it are INCOMPLETE.
 */
export function compactState(layout: WindowLayout, state: KeyState, nowUs: number | null): KeyState {
  const newestUs = newestOf(state);
  if (newestUs === null) return state;
  // An event from a wrong clock in the future must not expire what is read now.
  const readsFromUs = Math.min(newestUs, nowUs ?? newestUs) - layout.separableUs;
  layout.series.forEach((series, s) => {
    if (series.windowUs !== null) dropSegments(state, series, s, floorTo(readsFromUs, series.hopUs) - series.windowUs);
  });
  forgetIds(state, Math.min(...state.droppedBeforeUs));
  return state;
}

/** Drops the segments that end at or before that time. */
function dropSegments(state: KeyState, series: Series, index: number, beforeUs: number): void {
  const spanUs = tilesPerSegment * series.hopUs;
  for (const layer of [state.batch, state.live]) {
    const layerSeries = layer.series[index];
    if (layerSeries === undefined) continue;
    const expired = layerSeries.segments.filter((lazy) => segmentStartUs(series, lazy.index) + spanUs <= beforeUs);
    layerSeries.segments.splice(0, expired.length);
    for (const lazy of expired) {
      const endUs = segmentStartUs(series, lazy.index) + spanUs;
      state.droppedBeforeUs[index] = Math.max(state.droppedBeforeUs[index] ?? endUs, endUs);
    }
  }
}

function forgetIds(state: KeyState, beforeUs: number): void {
  for (const chunk of dropIdsBefore(state.ids, beforeUs)) state.dirtyChunks.add(chunk);
}
