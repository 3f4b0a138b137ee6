import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Case } from "../generate/case.ts";
import { type CaseGroup, defaultRun, generateRun, type RunOptions } from "../generate/default-run.ts";
import { failingCases } from "../generate/failing-cases.ts";
import { canJoin } from "../generate/join-cases.ts";
import type { Answer } from "../oracle/data.ts";
import { askCase, askTogether, expectCase, hasFailed, printVerdict } from "./ask-case.ts";
import { printComparison } from "./compare-results.ts";
import { readCorpus } from "./corpus.ts";
import { DecisionCounter, decisionsMin } from "./count-decisions.ts";
import type { OfflineEngine } from "./engine.ts";
import { isolateFailure } from "./isolate-failure.ts";

/** Groups that are isolated and shrunk; further failing ones are only counted. */
const isolatedMax = 3;

/**
 * Compares an engine with the oracle on generated cases, many per retrieval, on those that must fail, and on the corpus; counts
 * how often each rule decided an outcome. A failure prints its seed, is shrunk and filed in `packages/testkit/corpus`.
 */
export function pointInTimeSuite(name: string, open: () => Promise<OfflineEngine>, options: Partial<RunOptions> = {}): void {
  const run: RunOptions = { ...defaultRun, ...options };
  // Other seeds and sizes may miss a rule; the default run may not.
  const isDefault = run.seed === defaultRun.seed && run.cases >= defaultRun.cases;
  const decided = isDefault ? `, and each rule decides at least ${decisionsMin} outcomes` : "";
  describe(`point in time: ${name}`, () => {
    test(`${run.cases} generated cases of seed ${run.seed} equal the oracle${decided}`, async (t) => {
      await using engine = await open();
      const { summary, failures, counter } = await runGroups(engine, generateRun(run));
      t.diagnostic(summary);
      for (const line of counter.print().split("\n")) t.diagnostic(line);
      assert.equal(failures.length, 0, `\n${failures.join("\n\n")}`);
      const rare = isDefault ? counter.rare : [];
      assert.deepEqual(
        rare.map((d) => `${d.rule}: ${d.outcomes}`),
        [],
        "rules that decided too few outcomes",
      );
    });

    test("cases without an answer fail with the rule's error", async () => {
      await using engine = await open();
      for (const [i, one] of failingCases().entries()) {
        const verdict = await askCase(engine, one, `failing_${i}`);
        assert.ok(!hasFailed(verdict), `case ${i}:\n${printVerdict(verdict)}`);
      }
    });

    test("every case of the corpus equals the oracle", async (t) => {
      await using engine = await open();
      const corpus = await readCorpus();
      assert.ok(corpus.length > 0, "the corpus is empty");
      for (const [i, { file, entry }] of corpus.entries()) {
        const verdict = await askCase(engine, entry.case, `corpus_${i}`);
        assert.ok(!hasFailed(verdict), `${file} (${entry.title}):\n${printVerdict(verdict)}`);
      }
      t.diagnostic(`${corpus.length} cases of the corpus`);
    });
  });
}

interface RunResult {
  readonly summary: string;
  readonly failures: readonly string[];
  readonly counter: DecisionCounter;
}

async function runGroups(engine: OfflineEngine, groups: Iterable<CaseGroup>): Promise<RunResult> {
  const counter = new DecisionCounter();
  const failures: string[] = [];
  const total = { cases: 0, retrievals: 0, spineRows: 0, values: 0, bitIdentical: 0, mismatches: 0 };
  for (const group of groups) {
    for (const one of group.cases) counter.add(one, answersOf(one));
    const together = group.cases.every(canJoin) ? [group.cases] : group.cases.map((one) => [one]);
    for (const cases of together) {
      const verdict = await askTogether(engine, cases, `run_${total.retrievals}`);
      total.retrievals++;
      total.spineRows += cases.reduce((sum, one) => sum + one.spine.rows.length, 0);
      total.values += verdict.values;
      total.bitIdentical += verdict.bitIdentical;
      total.mismatches += verdict.mismatches.length;
      if (!hasFailed(verdict)) continue;
      const isTold = failures.length >= isolatedMax;
      failures.push(isTold ? `seed ${group.seed}:\n${printVerdict(verdict, 3)}` : await isolateFailure(engine, group.seed, cases, verdict));
    }
    total.cases += group.cases.length;
  }
  const { cases, retrievals, spineRows, values, bitIdentical, mismatches } = total;
  const comparison = printComparison({ values, bitIdentical, mismatches: { length: mismatches } });
  return { summary: `${comparison}; ${cases} cases, ${spineRows} spine rows, ${retrievals} retrievals`, failures, counter };
}

function answersOf(one: Case): readonly (readonly Answer[])[] {
  const expectation = expectCase(one);
  assert.ok("answers" in expectation, "a generated case has no answer");
  return expectation.answers;
}
