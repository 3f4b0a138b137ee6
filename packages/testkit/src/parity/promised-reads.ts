import type { SourceModel } from "@asof/core";
import type { SourceRow } from "../oracle/data.ts";
import { designRules } from "../oracle/rules.ts";
import { type IngestStep, isIngest, isSameWork, type ParityCase, type ParityStep } from "./parity-case.ts";

/** How far back windowed views promise exact reads in generated worlds: their default, 120 s. */
const separableUs = 120_000_000;

/** What a schedule has done to one source so far. */
interface SourceProgress {
  readonly source: SourceModel;
  readonly batch: readonly SourceRow[];
  readonly log: readonly SourceRow[];
  readonly arrived: Set<number>;
  readonly covered: Set<number>;
  readonly pushed: Set<number>;
  handoverUs: number | null;
}

/**
 * The reads of a schedule, each with those of its instants that the parity law speaks about: all that was in the history by then has been ingested, every step that died was done again,
 * and the instant is not before the newest ingested event (or within the separable head). Throws where a schedule is no schedule: the
 * clock runs backwards, rows are pushed before a first materialization or come from the future.
 */
export function promisedReads(one: ParityCase): ReadonlyMap<ParityStep, readonly number[]> {
  const sources = progressOf(one);
  const promised = new Map<ParityStep, readonly number[]>();
  let pending: IngestStep[] = [];
  let ends: number[] = [];
  let clockUs = -Infinity;
  for (const step of one.steps) {
    if (step.kind === "arrive") for (const row of step.rows) sources.get(step.source)?.arrived.add(row);
    if (step.kind === "read") {
      promised.set(step, pending.length > 0 ? [] : step.atUs.filter((us) => isPromised(us, step.views, [...sources.values()])));
    }
    if (!isIngest(step)) continue;
    if (step.clockUs < clockUs) throw new Error("the clock runs backwards");
    clockUs = step.clockUs;
    if (step.kind === "erase" || step.kind === "lift") {
      // What was not taken in of a static dimension meanwhile comes with the next materialization.
      for (const s of sources.values()) if (step.kind === "lift" && s.source.eventTime === null) s.covered.clear();
      pending = step.kill === null ? pending.filter((killed) => !isSameWork(killed, step)) : [...pending, step];
      continue;
    }
    requirePossible(step, sources);
    if (step.kind !== "push") for (const s of sources.values()) moveFreeHandover(s, step.endUs + 1);
    if (step.kind === "push") for (const row of step.rows) sources.get(step.source)?.pushed.add(row);
    if (step.kill !== null) {
      pending.push(step);
      continue;
    }
    pending = pending.filter((killed) => !isSameWork(killed, step));
    if (step.kind === "push") continue;
    const fromUs = step.kind === "materialize" ? step.startUs : ends.length === 0 ? null : Math.max(...ends);
    for (const s of sources.values()) cover(s, fromUs, step.endUs);
    ends = [...ends, step.endUs];
  }
  return promised;
}

/** A materialization moves the handover of a source with two sides just behind its end, until the first row is pushed. */
function moveFreeHandover(progress: SourceProgress, us: number): void {
  const { source, pushed, handoverUs } = progress;
  if (source.type === "push" && source.batch !== null && (handoverUs === null || pushed.size === 0)) {
    progress.handoverUs = Math.max(handoverUs ?? us, us);
  }
}

/** Event time of a row in µs; null where it has none. */
export function eventUsOf(row: SourceRow): number | null {
  return row.eventNs === null ? null : designRules.floor(row.eventNs);
}

function progressOf({ world }: ParityCase): Map<string, SourceProgress> {
  const sources = new Map(world.plan.views.map((v) => [v.view.source.name, v.view.source] as const));
  return new Map(
    [...sources].map(([name, source]): [string, SourceProgress] => {
      const { batch, log } = world.tables[name] ?? { batch: [], log: [] };
      return [name, { source, batch, log, arrived: new Set(), covered: new Set(), pushed: new Set(), handoverUs: null }];
    }),
  );
}

function requirePossible(
  step: Exclude<IngestStep, { readonly kind: "erase" } | { readonly kind: "lift" }>,
  sources: ReadonlyMap<string, SourceProgress>,
): void {
  if (step.kind !== "push") {
    if (step.endUs > step.clockUs) throw new Error("materialize reaches into the future");
    return;
  }
  const progress = sources.get(step.source);
  if (progress === undefined) throw new Error(`there is no source ${step.source}`);
  if (progress.source.type !== "push") throw new Error(`source ${step.source} takes no pushes`);
  if (progress.source.batch !== null && progress.handoverUs === null) throw new Error("a push before the first materialization");
  for (const row of step.rows)
    if ((eventUsOf(progress.log[row] ?? noRow) ?? Infinity) > step.clockUs) throw new Error("a push from the future");
}

const noRow: SourceRow = { values: {}, eventNs: null, createdNs: null, eventId: null };

/** Marks batch rows that a finished materialization has read. Rows of static dimensions have no time. */
function cover(progress: SourceProgress, fromUs: number | null, toUs: number): void {
  for (const row of progress.arrived) {
    const eventUs = progress.source.eventTime === null ? (fromUs === null ? toUs : null) : eventUsOf(progress.batch[row] ?? noRow);
    if (eventUs !== null && eventUs <= toUs && (fromUs === null || eventUs >= fromUs)) progress.covered.add(row);
  }
}

/** Event times of the batch rows that count, those before the handover where there is one; −Infinity in static dimensions. */
function batchTimes(
  { source, batch, handoverUs }: SourceProgress,
  rows: Iterable<number>,
): readonly { readonly row: number; readonly eventUs: number }[] {
  return [...rows].flatMap((row) => {
    const eventUs = source.eventTime === null ? -Infinity : eventUsOf(batch[row] ?? noRow);
    const counts = eventUs !== null && (source.type !== "push" || handoverUs === null || eventUs < handoverUs);
    return counts ? [{ row, eventUs }] : [];
  });
}

function isPromised(atUs: number, views: "all" | "windowed", sources: readonly SourceProgress[]): boolean {
  const isIngested = sources.every((s) => batchTimes(s, s.arrived).every(({ row, eventUs }) => eventUs > atUs || s.covered.has(row)));
  const newestUs = newestOf(sources) - (views === "windowed" ? separableUs : 0);
  return isIngested && atUs >= newestUs;
}

/** The newest event that online stores have seen; −Infinity before the first. */
function newestOf(sources: readonly SourceProgress[]): number {
  const times = sources.flatMap((s) => [
    ...batchTimes(s, s.covered).map((r) => r.eventUs),
    ...[...s.pushed].flatMap((row) => eventUsOf(s.log[row] ?? noRow) ?? []),
  ]);
  return Math.max(-Infinity, ...times);
}
