import { type Clock, type InstantLiteral, parseDuration, parseInstant } from "@asof/core";

/** A clock that stands still until it is told to move. */
export interface TestClock extends Clock {
  /** Moves it forward by a duration such as `"90s"`, `"10m"`, `"12h"` or `"30d"`. */
  advance(duration: string): void;
  /** Sets it to an instant, earlier or later. */
  set(t: InstantLiteral): void;
}

/** A clock that shows `now`. */
export function testClock(now: InstantLiteral): TestClock {
  let nowUs = parseInstant(now);
  return {
    nowUs: () => nowUs,
    advance: (duration) => {
      nowUs += parseDuration(duration);
    },
    set: (t) => {
      nowUs = parseInstant(t);
    },
  };
}
