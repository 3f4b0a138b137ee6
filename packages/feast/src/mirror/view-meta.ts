import type { StoredCoverage, ViewState } from "@asof/core";
import { interval, viewMeta, viewStateAvailable } from "../definition/fields.ts";
import { readMicroseconds, writeMicroseconds } from "../definition/times.ts";
import { Message } from "../wire/message.ts";

/** The spans of event time that Feast has brought online, in the order in which it did; both ends included. */
export function readIntervals(meta: Message): readonly { readonly fromUs: number; readonly toUs: number }[] {
  return meta.messages(viewMeta.intervals).flatMap((message) => {
    const [fromUs, toUs] = [readMicroseconds(message.message(interval.start)), readMicroseconds(message.message(interval.end))];
    return fromUs === null || toUs === null ? [] : [{ fromUs, toUs }];
  });
}

/**
 * Brings Feast's metadata of a view up to asof's state: an interval for what was brought online since, the state that lets Feast serve it,
 * and the version that is served.
 */
export function recordState(meta: Message, features: readonly string[], state: ViewState, before: ViewState | null): void {
  const version = Math.max(0, state.activeGeneration - 1);
  const isSwitched = before !== null && before.activeGeneration !== state.activeGeneration;
  if (isSwitched || version > meta.number(viewMeta.versionNumber)) meta.setNumber(viewMeta.versionNumber, version);
  // The intervals were those of the other version's rows.
  if (isSwitched) meta.remove(viewMeta.intervals);
  const covered = coveredByAll(features, state);
  if (covered === null) return;
  const fromUs = Math.max(0, covered.fromUs ?? 0);
  const known = readIntervals(meta);
  if (known.some((i) => i.fromUs <= fromUs && i.toUs >= covered.toUs)) return;
  // What is known up to somewhere inside is continued, as Feast's incremental runs do.
  const reached = known.filter((i) => i.fromUs <= fromUs && i.toUs >= fromUs).reduce((most, i) => Math.max(most, i.toUs), fromUs);
  const latestKnown = meta.messages(viewMeta.intervals).at(-1);
  const goesOn = known.length >= intervalsMax && readMicroseconds(latestKnown?.message(interval.end) ?? null) === reached;
  const added = goesOn && latestKnown !== undefined ? latestKnown : new Message();
  if (!goesOn) added.setMessage(interval.start, writeMicroseconds(reached));
  added.setMessage(interval.end, writeMicroseconds(covered.toUs));
  const kept = meta.all(viewMeta.intervals);
  meta.setAll(viewMeta.intervals, [...(goesOn ? kept.slice(0, -1) : kept), added.encode()]);
  meta.setNumber(viewMeta.state, viewStateAvailable);
}

/** From so many on the last interval is extended instead of another added: pushes would let the list grow for ever. */
const intervalsMax = 50;

/** The span that every feature of a view's served generation covers; null where one covers none. */
function coveredByAll(features: readonly string[], state: ViewState): StoredCoverage | null {
  const coverage = state.coverage.get(state.activeGeneration);
  let common: StoredCoverage | null = null;
  for (const name of features) {
    const own = coverage?.get(name);
    if (own === undefined) return null;
    if (common === null) common = own;
    else common = { fromUs: latest(common.fromUs, own.fromUs), toUs: Math.min(common.toUs, own.toUs) };
  }
  return common;
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}
