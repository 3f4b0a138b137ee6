import { formatDuration } from "../value/duration.ts";
import type { Fault } from "./payload.ts";

const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const minWindowUs = 2 * minute;

/**
 * The hop of a window that chooses none: 10 s below 1 h, 5 min below 12 h, 1 h below 12 d, else 1 d. Each divides the next, so
 * that tiles nest. Windows below 2 min have none by the rule; they get the smallest.
 */
export function defaultHopUs(windowUs: number): number {
  if (windowUs < hour) return 10 * second;
  if (windowUs < 12 * hour) return 5 * minute;
  return windowUs < 12 * day ? hour : day;
}

/** Start of the window that is read at t: it moves in hops, so that the state is bounded. `tail ≤ event time < t`. */
export function tailUs(tUs: number, windowUs: number, hopUs: number): number {
  return Math.floor(tUs / hopUs) * hopUs - windowUs;
}

/**
 * Checks the hop rule: a window is a multiple of its hop and at least 12 hops long, with a hop of the view's own (`hopUs` not
 * null) at least one. Returns what is wrong, or null.
 */
export function checkWindow(windowUs: number, hopUs: number | null): Fault | null {
  const window = formatDuration(windowUs);
  const hop = hopUs ?? defaultHopUs(windowUs);
  if (hopUs === null && windowUs < minWindowUs) {
    return wrong(
      window,
      `A window of ${window} is shorter than 2m: it would be fewer than 12 hops of 10s.`,
      `Use at least "2m", or give the view a hop, for example hop: "1s".`,
    );
  }
  if (windowUs < hop) {
    return wrong(
      window,
      `A window of ${window} is shorter than the view's hop of ${formatDuration(hop)}.`,
      "Use a longer window or a shorter hop.",
    );
  }
  if (windowUs % hop === 0) return null;
  const below = windowUs - (windowUs % hop);
  const source = hopUs === null ? "its hop" : "the view's hop";
  const choices = `Use "${formatDuration(below)}" or "${formatDuration(below + hop)}"${hopUs === null ? ", or give the view a hop that divides it" : ""}.`;
  return wrong(window, `A window of ${window} is no multiple of ${source}, ${formatDuration(hop)}: windows move in whole hops.`, choices);
}

function wrong(value: string, message: string, fix: string): Fault {
  return { code: "ASOF_WINDOW_INVALID", at: "window", value, message, fix };
}
