import { noticingRules } from "../bugs/noticed-bugs.ts";
import { type PlantedBug, plantedBugs } from "../bugs/planted-bugs.ts";
import type { Case } from "../generate/case.ts";
import type { Answer } from "../oracle/data.ts";
import { oracle } from "../oracle/oracle.ts";
import { designRules } from "../oracle/rules.ts";
import { compareAnswer } from "./compare-results.ts";

/** How often a rule decided: an outcome (a spine row's answer from one view) is another one without the rule. */
export interface Decision {
  readonly bug: string;
  readonly rule: string;
  outcomes: number;
  cases: number;
}

/** Fewer outcomes than this would leave a rule practically untried. */
export const decisionsMin = 50;

/** Counts over many cases, bug by bug. */
export class DecisionCounter {
  readonly #bugs: readonly PlantedBug[];
  readonly #decisions: readonly Decision[];

  constructor(bugs: readonly PlantedBug[] = plantedBugs) {
    this.#bugs = bugs;
    this.#decisions = bugs.map(({ name, rule }) => ({ bug: name, rule, outcomes: 0, cases: 0 }));
  }

  get decisions(): readonly Readonly<Decision>[] {
    return this.#decisions;
  }

  /** Adds a case whose right answers are known. */
  add(one: Case, expected: readonly (readonly Answer[])[]): void {
    const { rules, noticed } = noticingRules(this.#bugs);
    oracle(one.plan, one.tables, one.spine.rows, rules);
    for (const [i, bug] of this.#bugs.entries()) {
      const decision = this.#decisions[i];
      if (decision === undefined || !noticed.has(bug)) continue;
      const outcomes = countDifferences(one, expected, answersOf(one, bug.replaces));
      decision.outcomes += outcomes;
      if (outcomes > 0) decision.cases++;
    }
  }

  /** Rules that decided too little. */
  get rare(): readonly Readonly<Decision>[] {
    return this.#decisions.filter((d) => d.outcomes < decisionsMin);
  }

  /** One line per rule, for people. */
  print(): string {
    const width = Math.max(...this.#decisions.map((d) => d.rule.length));
    const bugWidth = Math.max(...this.#decisions.map((d) => d.bug.length));
    const line = (rule: string, outcomes: string, cases: string, name: string): string =>
      `${rule.padEnd(width)}  ${outcomes.padStart(8)}  ${cases.padStart(6)}  ${name.padEnd(bugWidth)}`.trimEnd();
    const lines = this.#decisions.map((d) => line(d.rule, String(d.outcomes), String(d.cases), d.bug));
    return [line("rule", "outcomes", "cases", "decided: differs with the bug"), ...lines].join("\n");
  }
}

/** The answers of an implementation with this bug; null where it fails altogether. */
function answersOf(one: Case, replaces: PlantedBug["replaces"]): readonly (readonly Answer[])[] | null {
  try {
    return oracle(one.plan, one.tables, one.spine.rows, { ...designRules, ...replaces });
  } catch {
    return null;
  }
}

/** Spine rows × views whose answers differ. An implementation that fails is counted once. */
function countDifferences(one: Case, expected: readonly (readonly Answer[])[], actual: readonly (readonly Answer[])[] | null): number {
  if (actual === null) return 1;
  let differences = 0;
  for (let row = 0; row < expected.length; row++) {
    let column = 0;
    for (const join of one.plan.views) {
      const from = column;
      column += join.features.length;
      const isEqual = join.features.every(({ feature }, i) => {
        const [answer, value] = [expected[row]?.[from + i], actual[row]?.[from + i]];
        return answer !== undefined && value !== undefined && compareAnswer(feature, answer, value.value) !== "different";
      });
      if (!isEqual) differences++;
    }
  }
  return differences;
}
