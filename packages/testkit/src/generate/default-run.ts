import { AsofError } from "@asof/core";
import { oracle } from "../oracle/oracle.ts";
import { seededRandom, times } from "../random/seeded-random.ts";
import type { Case } from "./case.ts";
import { randomCase } from "./rows.ts";
import { type Focus, randomShape, type Shape } from "./shape.ts";

/** How many cases a run has and what decides them. */
export interface RunOptions {
  readonly seed: number | string;
  /** Cases altogether, rounded up to whole shapes. */
  readonly cases: number;
  /** Cases of one shape, answered by one retrieval. */
  readonly casesPerShape: number;
}

/** One shape in 64 has so many times more cases, that its rows fill more than one of an engine's vectors (2,048 rows in DuckDB). */
const crowd = 24;

/** The run that the engines' tests and the planted bugs share: change it and every count below changes. */
export const defaultRun: RunOptions = { seed: 20_261, cases: 4_000, casesPerShape: 15 };

/** Cases of one shape, and the seed that makes them again. */
export interface CaseGroup {
  readonly seed: string;
  readonly cases: readonly Case[];
}

/** The cases of a run, lazily. Views without keys are asked case by case, so such a shape gets fewer cases. */
export function* generateRun(options: RunOptions = defaultRun): Generator<CaseGroup> {
  let made = 0;
  for (let index = 0; made < options.cases; index++) {
    const focus = focuses[index % focuses.length] ?? "anything";
    const seed = `${options.seed}/${index}`;
    const shape = randomShape(seededRandom(seed), focus);
    const count = focus === "entityless" ? 3 : options.casesPerShape * (index % 64 === 10 ? crowd : 1);
    yield { seed, cases: times(count, (i) => generateCase(`${seed}/${i}`, shape)) };
    made += count;
  }
}

/** One shape in 24 without keys, four about ties, three about extremes; the others about anything. */
const special: Readonly<Record<number, Focus>> = {
  2: "ties",
  5: "extremes",
  8: "ties",
  11: "extremes",
  14: "ties",
  17: "extremes",
  20: "ties",
  23: "entityless",
};
const focuses: readonly Focus[] = times(24, (i) => special[i] ?? "anything");

/** The first case of the seed that has an answer: a sum that leaves int64 is an error, which would fail the whole retrieval. */
function generateCase(seed: string, shape: Shape): Case {
  for (let attempt = 0; ; attempt++) {
    const candidate = randomCase(seededRandom(`${seed}/${attempt}`), shape);
    if (attempt > 50 || hasAnswer(candidate)) return candidate;
  }
}

/** Whether the rules give values instead of an error. */
export function hasAnswer(candidate: Case): boolean {
  try {
    oracle(candidate.plan, candidate.tables, candidate.spine.rows);
    return true;
  } catch (error) {
    if (error instanceof AsofError) return false;
    throw error;
  }
}
