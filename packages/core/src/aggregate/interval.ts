/** A half-open span of event time; `fromUs` is −Infinity where it has no beginning. */
export interface Interval {
  readonly fromUs: number;
  readonly toUs: number;
}

export function containsInstant(intervals: readonly Interval[], us: number): boolean {
  return intervals.some(({ fromUs, toUs }) => fromUs <= us && us < toUs);
}

export function overlapsAny(intervals: readonly Interval[], fromUs: number, toUs: number): boolean {
  return intervals.some((interval) => interval.fromUs < toUs && fromUs < interval.toUs);
}

/** What is left of `intervals` outside `cuts`. */
export function subtractIntervals(intervals: readonly Interval[], cuts: readonly Interval[]): Interval[] {
  let rest = [...intervals];
  for (const cut of cuts) {
    rest = rest.flatMap(({ fromUs, toUs }) => [
      { fromUs, toUs: Math.min(toUs, cut.fromUs) },
      { fromUs: Math.max(fromUs, cut.toUs), toUs },
    ]);
    rest = rest.filter(({ fromUs, toUs }) => fromUs < toUs);
  }
  return rest;
}
