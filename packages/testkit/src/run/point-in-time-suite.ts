import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Case } from "../generate/case.ts";
import { type CaseGroup, defaultRun, generateRun, type RunOptions } from "../generate/default-run.ts";
import { failingCases } from "../generate/failing-cases.ts";
import { canJoin, joinCases } from "../generate/join-cases.ts";
import { findMinimal } from "../generate/shrink.ts";
import type { Answer } from "../oracle/data.ts";
import { askCase, expectCase, hasFailed, printVerdict, type Verdict } from "./ask-case.ts";
import { printComparison } from "./compare-results.ts";
import { fileCase, readCorpus } from "./corpus.ts";
import { DecisionCounter, decisionsMin } from "./count-decisions.ts";
import type { OfflineEngine } from "./engine.ts";

/** Groups that are isolated and shrunk; further failing ones are only counted. */
const isolatedMax = 3;

/**
 * Compares an engine with the oracle on generated cases, many per retrieval, on those that must fail, and on the corpus; counts
 * how often each rule decided an outcome. A failure prints its seed, is shrunk and filed in `packages/testkit/corpus`.
 */
export function pointInTimeSuite(name: string, open: () => Promise<OfflineEngine>, options: Partial<RunOptions> = {}): void {
  const run: RunOptions = { ...defaultRun, ...options };
  describe(`point in time: ${name}`, () => {
    test(`${run.cases} generated cases of seed ${run.seed} equal the oracle, and each rule decides at least ${decisionsMin} outcomes`, async (t) => {
      await using engine = await open();
      const { summary, failures, counter } = await runGroups(engine, generateRun(run));
      t.diagnostic(summary);
      for (const line of counter.print().split("\n")) t.diagnostic(line);
      assert.equal(failures.length, 0, `\n${failures.join("\n\n")}`);
      // Other seeds and sizes may miss a rule; the default run may not.
      const rare = run.seed === defaultRun.seed && run.cases >= defaultRun.cases ? counter.rare : [];
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
  for (const [i, group] of [...groups].entries()) {
    const expected = group.cases.map((one) => answersOf(one));
    for (const [k, one] of group.cases.entries()) counter.add(one, expected[k] ?? []);
    const together = group.cases.every(canJoin) ? [joinCases(group.cases)] : group.cases;
    for (const [k, one] of together.entries()) {
      const answers = together.length === 1 ? expected.flat() : (expected[k] ?? []);
      const verdict = await askCase(engine, one, `run_${i}_${k}`, { answers });
      total.retrievals++;
      total.spineRows += one.spine.rows.length;
      total.values += verdict.values;
      total.bitIdentical += verdict.bitIdentical;
      total.mismatches += verdict.mismatches.length;
      if (!hasFailed(verdict)) continue;
      failures.push(
        failures.length < isolatedMax ? await isolate(engine, group, one, verdict) : `seed ${group.seed}:\n${printVerdict(verdict, 3)}`,
      );
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

/** Finds the case of a failing retrieval that fails alone (or takes all of them), shrinks it, files it and tells about it. */
async function isolate(engine: OfflineEngine, group: CaseGroup, asked: Case, verdict: Verdict): Promise<string> {
  let attempt = 0;
  const ask = (one: Case): Promise<Verdict> => askCase(engine, one, `shrink_${group.seed.replaceAll("/", "_")}_${attempt++}`);
  let first = asked;
  for (const one of group.cases) {
    if (!failsAlike(verdict, await ask(one))) continue;
    first = one;
    break;
  }
  const { minimal, attempts } = await findMinimal(
    first,
    async (one) => "answers" in expectCase(one) && failsAlike(verdict, await ask(one)),
    300,
  );
  const path = await fileCase(minimal, { title: "found by the generated run", seed: group.seed });
  return `seed ${group.seed}, shrunk in ${attempts} attempts and filed as ${path}:\n${printVerdict(await ask(minimal))}\nat first:\n${printVerdict(verdict, 5)}`;
}

/** Wrong values stay wrong values and errors stay errors, so that shrinking does not wander off to another fault. */
function failsAlike(first: Verdict, next: Verdict): boolean {
  if (!hasFailed(next)) return false;
  const isError = (verdict: Verdict): boolean => verdict.values === 0;
  return isError(first) === isError(next);
}
