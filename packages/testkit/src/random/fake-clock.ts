import type { Clock } from "@asof/core";

/** A clock that stands still until told otherwise. */
export interface FakeClock extends Clock {
  /** Moves forward (or back, where negative), in µs. */
  advance(us: number): void;
  set(us: number): void;
}

/** Starts at `startUs`, UTC µs since the epoch. */
export function fakeClock(startUs: number): FakeClock {
  let nowUs = startUs;
  return {
    nowUs: () => nowUs,
    advance: (us) => {
      nowUs += us;
    },
    set: (us) => {
      nowUs = us;
    },
  };
}
