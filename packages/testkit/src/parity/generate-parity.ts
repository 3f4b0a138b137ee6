import { fieldOf, floorTo, isValueList, isValueMap, type Random, type Value, type ValueType } from "@asof/core";
import type { Case } from "../generate/case.ts";
import { randomCase } from "../generate/rows.ts";
import { randomShape } from "../generate/shape.ts";
import { chance, choose, int, seededRandom, shuffle, times } from "../random/seeded-random.ts";
import type { Kill } from "./faulty-online-store.ts";
import type { IngestStep, ParityCase, ParityStep } from "./parity-case.ts";
import { eventUsOf, promisedReads } from "./promised-reads.ts";

const second = 1_000_000;
const hour = 3600 * second;

/** Work to be done; when, and whether it is killed first, comes with its place in the schedule. */
type Work =
  | Omit<Extract<IngestStep, { kind: "materialize" }>, "clockUs" | "kill">
  | Omit<Extract<IngestStep, { kind: "materialize-incremental" }>, "clockUs" | "kill">
  | Push;
type Push = Omit<Extract<IngestStep, { kind: "push" }>, "clockUs" | "kill">;

/** A world and a schedule over it; every read in it is one that the parity law promises. The seed decides all of it. */
export function randomParityCase(seed: number | string): ParityCase {
  for (let attempt = 0; ; attempt++) {
    const random = seededRandom(`parity/${seed}/${attempt}`);
    const world = randomCase(random, randomShape(random));
    if (!isWorth(random, world)) continue;
    const one: ParityCase = { world, steps: randomSchedule(random, world) };
    const steps = keepPromised(one);
    if (steps.some((step) => step.kind === "read") || attempt > 100) return { world, steps };
  }
}

/**
 * A world and schedule of {@link randomParityCase} in which keys are erased and some of them lifted, in between everything else, some of it
 * by a process that dies on the way.
 */
export function randomErasureCase(seed: number | string): ParityCase {
  for (let attempt = 0; ; attempt++) {
    const random = seededRandom(`erasure/${seed}/${attempt}`);
    const { world, steps } = randomParityCase(`erasure/${seed}/${attempt}`);
    const keyed = world.plan.views.filter(({ view, keys }) => keys.length > 0 && view.entities.length > 0);
    if (keyed.length === 0 || world.spine.rows.length === 0) continue;
    const erasures = times(int(random, 1, 3), () => {
      const { view } = choose(random, keyed);
      return { view: view.name, entity: int(random, 0, view.entities.length - 1), row: int(random, 0, world.spine.rows.length - 1) };
    });
    const one = { world, steps: insertErasures(random, steps, erasures) };
    const kept = keepPromised(one);
    if (kept.some((step, i) => step.kind === "read" && kept.slice(0, i).some((earlier) => earlier.kind === "erase"))) {
      return { world, steps: kept };
    }
  }
}

type Erasure = Pick<Extract<ParityStep, { kind: "erase" } | { kind: "lift" }>, "view" | "entity" | "row">;

/** Puts erasures somewhere behind the first ingest, and for some of them a lift, or an erasure again, somewhere behind. */
function insertErasures(random: Random, steps: readonly ParityStep[], erasures: readonly Erasure[]): readonly ParityStep[] {
  let schedule = [...steps];
  const insert = (kind: "erase" | "lift", erasure: Erasure, from: number): number => {
    const at = int(random, Math.min(from, schedule.length), schedule.length);
    // Clocks of other steps are at least a second apart.
    const earlier = schedule.slice(0, at).findLast((step) => "clockUs" in step);
    const first = schedule.find((step) => "clockUs" in step);
    const clockUs =
      earlier !== undefined && "clockUs" in earlier ? earlier.clockUs : first !== undefined && "clockUs" in first ? first.clockUs : 0;
    const done: Extract<ParityStep, { kind: "erase" } | { kind: "lift" }> = { kind, ...erasure, clockUs, kill: null };
    const added = chance(random, 0.4) ? [{ ...done, kill: randomKill(random) }, done] : [done];
    schedule = [...schedule.slice(0, at), ...added, ...schedule.slice(at)];
    return at + added.length;
  };
  for (const erasure of erasures) {
    const behind = insert("erase", erasure, 1);
    if (!chance(random, 0.4)) continue;
    const lifted = insert("lift", erasure, behind);
    if (chance(random, 0.3)) insert("erase", erasure, lifted);
  }
  return schedule;
}

/** Pushes to a plain view say most about order: many worlds without are passed over. */
function isWorth(random: Random, world: Case): boolean {
  if (!canAsk(world)) return false;
  const hasPushes = world.plan.views.some(({ view }) => view.form === "plain" && (world.tables[view.source.name]?.log.length ?? 0) > 1);
  return hasPushes || chance(random, 0.3);
}

/** Timestamps that are pushed or asked for are instants, which reach from 1684 to 2255; files may hold others. */
function canAsk(world: Case): boolean {
  if (!hasOnlyInstants(world.plan.views.map(({ view }) => view.features))) return false;
  return world.plan.views.every(({ view, keys }) => {
    const columns = [...view.source.columns, ...keys.map((k) => ({ name: k.key, type: k.type }))];
    const pushed = world.tables[view.source.name]?.log ?? [];
    return (
      pushed.every((row) => columns.every(({ name, type }) => holdsInstants(type, row.values[name] ?? null))) &&
      keys.every((k) => world.spine.rows.every((row) => holdsInstants(k.type, row.values[k.spineColumn] ?? null)))
    );
  });
}

/** Whether every timestamp in a value is an instant. */
function holdsInstants(type: ValueType, value: Value): boolean {
  switch (type.kind) {
    case "timestamp":
      return typeof value !== "number" || Number.isSafeInteger(value);
    case "list":
    case "set":
      return !isValueList(value) || value.every((element) => holdsInstants(type.of, element));
    case "map":
      return !isValueMap(value) || [...value].every(([key, mapped]) => holdsInstants(type.key, key) && holdsInstants(type.value, mapped));
    case "struct":
      return type.fields.every((field) => holdsInstants(field.type, fieldOf(value, field.name)));
    default:
      return true;
  }
}

/** Whether every literal timestamp of some expressions is an instant: the registry keeps no other. */
function hasOnlyInstants(data: unknown): boolean {
  if (typeof data !== "object" || data === null) return true;
  if ("node" in data && data.node === "literal" && "value" in data && "type" in data) {
    const isTime = typeof data.type === "object" && data.type !== null && "kind" in data.type && data.type.kind === "timestamp";
    return !isTime || data.value === null || Number.isSafeInteger(data.value);
  }
  return Object.values(data).every(hasOnlyInstants);
}

function keepPromised(one: ParityCase): readonly ParityStep[] {
  const promised = promisedReads(one);
  return one.steps.flatMap((step): ParityStep[] => {
    if (step.kind !== "read") return [step];
    const atUs = promised.get(step) ?? [];
    return atUs.length === 0 ? [] : [{ ...step, atUs }];
  });
}

/** Two rounds of arrivals, ingestion and reads, so that batch rows arrive late and pushes come again. */
function randomSchedule(random: Random, world: Case): readonly ParityStep[] {
  const steps: ParityStep[] = [];
  // Events may be older than 1970, clocks are not.
  const place = placer(random, steps, Math.max(0, ...timesOf(world), ...handoversOf(world)) + hour);
  const parts = Object.entries(world.tables).map(([source, table]) => ({
    source,
    batch: split(random, table.batch.length),
    log: split(random, table.log.length),
  }));
  const pushed: Push[] = [];
  for (const round of [0, 1] as const) {
    for (const { source, batch } of parts) if (batch[round].length > 0) steps.push({ kind: "arrive", source, rows: batch[round] });
    const endUs = randomEnd(random, world, round);
    const [first, ...more] = materializations(random, world, endUs);
    const pushes = parts.flatMap(({ source, log }) => randomPushes(random, source, log[round], pushed.length));
    const replays = pushed.filter(() => chance(random, 0.5)).map((push) => replay(random, world, push));
    const repeated = more.length > 0 && chance(random, 0.3) ? [choose(random, more)] : [];
    const incremental: Work[] = chance(random, 0.3) ? [{ kind: "materialize-incremental", endUs }] : [];
    // The first materialization sets the handover, without which a source with a batch side takes no pushes.
    if (first !== undefined && round === 0) place(first, true);
    const rest: Work[] = [
      ...(round === 0 || first === undefined ? [] : [first]),
      ...more,
      ...repeated,
      ...incremental,
      ...pushes,
      ...replays,
    ];
    for (const work of shuffle(random, rest)) place(work, false);
    place(null, true);
    pushed.push(...pushes);
    for (const views of ["all", "windowed"] as const)
      steps.push({ kind: "read", atUs: randomInstants(random, world, endUs, views), views });
  }
  return steps;
}

/** Appends work to the schedule, some of it killed first and done again at once or a little later, and lets the process die or reopen in between. */
function placer(random: Random, steps: ParityStep[], startUs: number): (work: Work | null, atOnce: boolean) => void {
  let clockUs = startUs;
  let owed: Work[] = [];
  const add = (work: Work, kill: Kill | null): void => {
    clockUs += int(random, 1, 20) * second;
    steps.push({ ...work, clockUs, kill });
  };
  const settle = (work: Work): void => {
    if (chance(random, 0.2)) add(work, randomKill(random));
    add(work, null);
  };
  return (work, atOnce) => {
    if (chance(random, 0.06)) steps.push({ kind: "die" });
    if (chance(random, 0.08)) steps.push({ kind: "reopen" });
    const isKilled = work !== null && chance(random, 0.5);
    if (work !== null) add(work, isKilled ? randomKill(random) : null);
    const due = atOnce ? owed : owed.filter(() => chance(random, 0.6));
    owed = owed.filter((w) => !due.includes(w));
    for (const w of due) settle(w);
    if (isKilled && work !== null) {
      if (atOnce || chance(random, 0.5)) settle(work);
      else owed.push(work);
    }
  };
}

function randomKill(random: Random): Kill {
  return { write: choose(random, [0, 0, 0, 1, 1, 2]), at: choose(random, ["before", "middle", "middle", "after", "after"] as const) };
}

/** One interval from the beginning, or two that overlap at their border, in either order. The farther end comes first in the latter. */
function materializations(random: Random, world: Case, endUs: number): Work[] {
  const earlier = timesOf(world).filter((us) => us < endUs);
  if (earlier.length === 0 || chance(random, 0.6)) return [{ kind: "materialize", startUs: null, endUs }];
  const midUs = choose(random, earlier);
  const halves: Work[] = [
    { kind: "materialize", startUs: null, endUs: midUs },
    { kind: "materialize", startUs: midUs, endUs },
  ];
  return chance(random, 0.3) ? halves.toReversed() : halves;
}

function randomPushes(random: Random, source: string, rows: readonly number[], from: number): Push[] {
  const pushes: Push[] = [];
  for (let at = 0; at < rows.length; ) {
    const size = int(random, 1, 4);
    pushes.push({ kind: "push", source, rows: rows.slice(at, at + size), idempotencyKey: `${source}-${from}-${pushes.length}` });
    at += size;
  }
  return pushes;
}

/** The same push again; where rows carry an id of their own, perhaps as another push in another order. */
function replay(random: Random, world: Case, push: Push): Push {
  const source = world.plan.views.find((v) => v.view.source.name === push.source)?.view.source;
  if (source === undefined || source.eventId === null || chance(random, 0.5)) return push;
  return { ...push, rows: shuffle(random, push.rows), idempotencyKey: `${push.idempotencyKey}-again` };
}

/** Where the first round ends is where pushed rows begin to count: mostly where the world's rows lie around a handover. The second ends late. */
function randomEnd(random: Random, world: Case, round: 0 | 1): number {
  const last = Math.max(...timesOf(world)) + int(random, 0, 10) * second;
  if (round === 1) return last;
  const [handover] = handoversOf(world);
  if (handover !== undefined && chance(random, 0.7)) return handover - 1;
  return chance(random, 0.7) ? choose(random, timesOf(world)) : last;
}

/** At and after the newest event, at the edges of hops and windows; or a little before it. Not all will be promised. */
function randomInstants(random: Random, world: Case, endUs: number, views: "all" | "windowed"): number[] {
  const known = timesOf(world).filter((us) => us <= endUs);
  const newest = [Math.max(endUs - hour, ...known), Math.max(...timesOf(world))];
  const spans = world.plan.views.flatMap((v) =>
    v.features.flatMap(({ feature }) =>
      feature.kind === "aggregate" ? [feature.aggregate.hopUs ?? second, feature.aggregate.windowUs ?? second] : [v.ttlUs ?? second],
    ),
  );
  const instants = times(views === "all" ? 6 : 3, () => {
    const base = choose(random, newest);
    if (views === "windowed") return base - choose(random, [1, second, 60 * second, 119 * second]);
    const span = choose(random, spans);
    const edge = floorTo(base, span) + span;
    return choose(random, [base, base, base + 1, edge, edge - 1, edge + 1, base + span, base + span + 1, base + int(random, 0, 2 * span)]);
  });
  return [...new Set(instants)];
}

function handoversOf(world: Case): number[] {
  return world.plan.views.flatMap((v) => v.history.handoverUs ?? []);
}

/** All instants of a world in µs: event times and created times. */
function timesOf(world: Case): number[] {
  const rows = Object.values(world.tables).flatMap((t) => [...t.batch, ...t.log]);
  const found = rows.flatMap((row) => [eventUsOf(row) ?? [], row.createdNs === null ? [] : Number(row.createdNs / 1000n)].flat());
  return found.length === 0 ? [0] : found;
}

/** The indexes below `count`, in random order, in two parts, the first the larger. */
function split(random: Random, count: number): readonly [readonly number[], readonly number[]] {
  const all = shuffle(
    random,
    times(count, (i) => i),
  );
  const at = Math.ceil(count * choose(random, [0.6, 0.8, 1]));
  return [all.slice(0, at), all.slice(at)];
}
