import assert from "node:assert/strict";
import { describe, test } from "node:test";

/** A case of a contract suite that an implementation does not meet, declared where the suite is run. */
export interface Gap {
  /** Title of the case. */
  readonly title: string;
  /** Why it is not met, for the reader of the run. */
  readonly why: string;
  /** What the case fails with. */
  readonly fails: RegExp;
}

/** One case: given a fresh implementation, throws when it breaks the contract. */
export type ContractCase<S> = (subject: S) => Promise<void>;

/**
 * Runs every case on an implementation of its own. A case with a declared gap must fail as declared: once it passes, the run is red until
 * the gap is deleted. A gap that names no case fails too.
 */
export function describeContract<S extends AsyncDisposable>(
  name: string,
  cases: Readonly<Record<string, ContractCase<S>>>,
  open: () => Promise<S>,
  gaps: readonly Gap[] = [],
): void {
  describe(name, () => {
    for (const [title, run] of Object.entries(cases)) {
      test(title, async () => {
        await using subject = await open();
        await runCase(title, run, subject, gaps);
      });
    }
    test("every declared gap names a case", () => assertGapsNamed(cases, gaps));
  });
}

/** One case under its declared gap, if it has one. */
export async function runCase<S>(title: string, run: ContractCase<S>, subject: S, gaps: readonly Gap[]): Promise<void> {
  const gap = gaps.find((candidate) => candidate.title === title);
  if (gap === undefined) await run(subject);
  else await assert.rejects(run(subject), gap.fails, `the gap "${title}" no longer fails as declared (${gap.why})`);
}

export function assertGapsNamed(cases: Readonly<Record<string, unknown>>, gaps: readonly Gap[]): void {
  const strays = gaps.filter((gap) => cases[gap.title] === undefined).map((gap) => gap.title);
  assert.deepEqual(strays, [], "gaps are declared for cases that do not exist");
}
