import type { MomentRules } from "../oracle/moments.ts";
import { designRules, type Rules } from "../oracle/rules.ts";

/** A mistake that a retrieval without a spine could make. */
export interface MomentBug {
  readonly name: string;
  readonly rule: string;
  readonly rules: Partial<Rules>;
  readonly momentRules: Partial<MomentRules>;
}

/** The bugs that the run of moments must catch. */
export const momentBugs: readonly MomentBug[] = [
  bug("start excluded", "the interval is closed at its start", { isInside: (t, start, end) => t > start && t < end }),
  bug("end included", "the interval is open at its end", { isInside: (t, start, end) => t >= start && t <= end }),
  bug("only arrivals", "a row that leaves is a change: an age, a tail", {
    hasChanged: (before, after) => [...after].some((row) => !before.has(row)),
  }),
  bug("only departures", "a row that comes into view is a change", {
    hasChanged: (before, after) => [...before].some((row) => !after.has(row)),
  }),
  bug("every instant", "an instant at which no row comes or goes is none", { hasChanged: () => true }),
  bug("keys of the first view", "keys come from every view", { givesKeys: (view) => view === 0 }),
  bug("keys of the future", "a key is known from its first row on", { isKnown: () => true }),
  bug("smaller views ignored", "a view with fewer keys changes those that agree", { changesOthers: () => false }),
  bug("null keys", "a null key is no one's", {}, { hasKey: () => true, joins: (_type, a, b) => a === b || designRules.joins(_type, a, b) }),
  bug("event seen at its own time", "a windowed view changes after the event, not at it", {}, { isBefore: (e, t) => e <= t }),
  bug("tail exclusive", "an event leaves when the tail is past it", {}, { isInside: (e, tail) => e > tail }),
  bug("window without hop", "the tail moves in hops", {}, { tail: (t, window) => t - window }),
  bug("ttl open", "a row leaves one microsecond after its ttl", {}, { isYoung: (e, t, ttl) => e > t - ttl }),
  bug("ttl ignored", "a row leaves when it is too old", {}, { isYoung: () => true }),
  bug("knowledge ignored", "under knowledge created a row comes when it is known", {}, { isKnown: () => true }),
  bug("handover ignored", "batch before the handover, log from it on", {}, { inBatch: () => true, inLog: () => true }),
  bug("event folded twice", "of an event's copies the first counts", {}, { foldOnce: (events) => events }),
];

function bug(name: string, rule: string, momentRules: Partial<MomentRules>, rules: Partial<Rules> = {}): MomentBug {
  return { name, rule, rules, momentRules };
}
