/** Where time comes from. Passed in, so that tests and replays decide it. */
export interface Clock {
  /** Now, in UTC microseconds since the epoch. */
  nowUs(): number;
}

/** The machine's clock; millisecond resolution. The only place in core that reads it. */
export const systemClock: Clock = { nowUs: () => Date.now() * 1000 };
