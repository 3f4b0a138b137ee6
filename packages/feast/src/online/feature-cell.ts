/**
 * One row of a table in Feast's layout: one feature of one key. The first four are Feast's; the others are asof's, and null where Feast wrote
 * the row. Times are in whole seconds since 1970, or in microseconds where the name says so.
 */
export type FeatureCell = readonly [
  featureName: string,
  value: Uint8Array,
  eventSeconds: number,
  createdSeconds: number | null,
  eventTimeUs: number | null,
  createdTimeUs: number | null,
  /** Fingerprint of the schema under which asof wrote it. */
  fingerprint: string | null,
];

/** When and by whom a cell was written. */
export interface CellStamp {
  readonly eventTimeUs: number;
  readonly createdTimeUs: number | null;
  /** Null where Feast wrote last. */
  readonly fingerprint: string | null;
}

/**
 * What a cell says of its times. Feast leaves asof's columns as they are when it overwrites a row, so they count only while they agree
 * with Feast's own; else the cell is Feast's, and exact to the second.
 */
export function stampOf(cell: FeatureCell): CellStamp {
  const [, , eventSeconds, createdSeconds, eventTimeUs, createdTimeUs, fingerprint] = cell;
  const isOurs =
    eventTimeUs !== null &&
    secondsOf(eventTimeUs) === eventSeconds &&
    (createdTimeUs === null ? createdSeconds === null : secondsOf(createdTimeUs) === createdSeconds);
  if (isOurs) return { eventTimeUs, createdTimeUs, fingerprint };
  return {
    eventTimeUs: eventSeconds * 1_000_000,
    createdTimeUs: createdSeconds === null ? null : createdSeconds * 1_000_000,
    fingerprint: null,
  };
}

/** Feast's time of an instant: seconds, floored. */
export function secondsOf(us: number): number {
  return Math.floor(us / 1_000_000);
}

/** Whether two cells hold the same times and fingerprint, column by column. */
export function isStampedAlike(a: FeatureCell, b: FeatureCell): boolean {
  return a[2] === b[2] && a[3] === b[3] && a[4] === b[4] && a[5] === b[5] && a[6] === b[6];
}

/** Order of event time, then created time; missing is lowest. */
export function compareTimes(
  a: Pick<CellStamp, "eventTimeUs" | "createdTimeUs">,
  b: Pick<CellStamp, "eventTimeUs" | "createdTimeUs">,
): number {
  if (a.eventTimeUs !== b.eventTimeUs) return a.eventTimeUs - b.eventTimeUs;
  if (a.createdTimeUs === b.createdTimeUs) return 0;
  if (a.createdTimeUs === null) return -1;
  return b.createdTimeUs === null ? 1 : a.createdTimeUs - b.createdTimeUs;
}
