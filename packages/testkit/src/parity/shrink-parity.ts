import { shrinkPlan } from "../generate/shrink.ts";
import { isIngest, type ParityCase, type ParityStep } from "./parity-case.ts";
import { promisedReads } from "./promised-reads.ts";

/** Simpler schedules next to this one whose reads are all still promised by the parity law: fewer steps, rows, kills, views, features. */
export function* shrinkParity(one: ParityCase): Generator<ParityCase> {
  for (const candidate of candidates(one)) if (isWhole(candidate)) yield candidate;
}

/** The simplest schedule that still fails; see `findMinimal`. */
export async function findMinimalParity(
  first: ParityCase,
  fails: (candidate: ParityCase) => boolean | Promise<boolean>,
  attemptsMax = 500,
): Promise<{ readonly minimal: ParityCase; readonly attempts: number }> {
  let minimal = first;
  let attempts = 0;
  for (let isSimpler = true; isSimpler && attempts < attemptsMax; ) {
    isSimpler = false;
    for (const candidate of shrinkParity(minimal)) {
      if (attempts++ >= attemptsMax) break;
      if (!(await fails(candidate))) continue;
      minimal = candidate;
      isSimpler = true;
      break;
    }
  }
  return { minimal, attempts };
}

function* candidates(one: ParityCase): Generator<ParityCase> {
  const { world, steps } = one;
  for (let size = Math.floor(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < steps.length; from += size) yield { world, steps: [...steps.slice(0, from), ...steps.slice(from + size)] };
  }
  for (const [i, step] of steps.entries()) {
    if (step.kind !== "read" || step.atUs.length === 1) continue;
    for (const us of step.atUs) yield { world, steps: steps.with(i, { ...step, atUs: [us] }) };
  }
  yield* withoutRows(one);
  for (const [i, step] of steps.entries()) {
    if (isIngest(step) && step.kill !== null) yield { world, steps: steps.with(i, { ...step, kill: null }) };
  }
  for (const smaller of shrinkPlan(world)) {
    const sources = new Set(Object.keys(smaller.tables));
    yield { world: smaller, steps: steps.filter((step) => !("source" in step) || sources.has(step.source)) };
  }
}

/** Leaves a row out of every step that mentions it, so that repeated work stays the same work. */
function* withoutRows({ world, steps }: ParityCase): Generator<ParityCase> {
  for (const [source, table] of Object.entries(world.tables)) {
    for (const [kind, rows] of [
      ["arrive", table.batch],
      ["push", table.log],
    ] as const) {
      for (const index of rows.keys()) {
        const isMentioned = steps.some((s) => s.kind === kind && s.source === source && s.rows.includes(index));
        if (isMentioned) yield { world, steps: steps.flatMap((step) => withoutRow(step, kind, source, index)) };
      }
    }
  }
}

function withoutRow(step: ParityStep, kind: "arrive" | "push", source: string, index: number): readonly ParityStep[] {
  if (step.kind !== kind || step.source !== source || !step.rows.includes(index)) return [step];
  const rows = step.rows.filter((row) => row !== index);
  return rows.length === 0 ? [] : [{ ...step, rows }];
}

/** A schedule that reads, and only what is promised. */
function isWhole(one: ParityCase): boolean {
  const reads = one.steps.filter((step) => step.kind === "read");
  try {
    const promised = promisedReads(one);
    return reads.length > 0 && reads.every((step) => promised.get(step)?.length === step.atUs.length);
  } catch {
    return false;
  }
}
