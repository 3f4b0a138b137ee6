import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LabelJoin, Random, ViewJoin } from "@asof/core";
import { labelBugs } from "../bugs/label-bugs.ts";
import type { Case } from "../generate/case.ts";
import { generateRun, hasAnswer, type RunOptions } from "../generate/default-run.ts";
import { canJoin, joinCases } from "../generate/join-cases.ts";
import { type LabelledSet, labelsOracle } from "../oracle/labels.ts";
import { designRules } from "../oracle/rules.ts";
import { chance, choose, seededRandom } from "../random/seeded-random.ts";
import { compareAnswer, compareResults, printComparison } from "./compare-results.ts";
import type { OfflineEngine } from "./engine.ts";
import { placeCase } from "./place-case.ts";

/** The run that engines and planted bugs share. */
const labelsRun: RunOptions = { seed: "labels", cases: 1_000, casesPerShape: 10 };

const second = 1_000_000;
const far = 2 ** 52;

/** Cases of a run with some of their plain views asked as labels. Many are asked at once, so that one source holds the rows of all. */
function* labelCases(options: RunOptions): Generator<{ readonly seed: string; readonly one: Case }> {
  for (const { seed, cases } of generateRun(options)) {
    const [first] = cases;
    if (first === undefined || !first.plan.views.some(canBeLabel)) continue;
    const random = seededRandom(`${seed}/labels`);
    for (const one of canJoin(first) ? [joinCases(cases)] : cases) if (hasAnswer(one)) yield { seed, one: withLabels(random, one) };
  }
}

function canBeLabel({ view }: ViewJoin): boolean {
  return view.form === "plain" && view.source.eventTime !== null;
}

function withLabels(random: Random, one: Case): Case {
  const first = one.plan.views.findIndex(canBeLabel);
  const views = one.plan.views.map((join, i) =>
    canBeLabel(join) && (i === first || chance(random, 0.3)) ? { ...join, label: randomLabel(random, join, one) } : join,
  );
  return { ...one, plan: { ...one.plan, views, immature: choose(random, ["keep", "drop"] as const) } };
}

/** A delay that often ends where a row of the source lies, and a known end that often is where a label becomes final. */
function randomLabel(random: Random, join: ViewJoin, one: Case): LabelJoin {
  const times = one.spine.rows.map((row) => designRules.floor(row.asOfNs));
  const table = one.tables[join.view.source.name] ?? { batch: [], log: [] };
  const rows = [...table.batch, ...table.log].flatMap((row) =>
    [row.eventNs, row.createdNs].flatMap((ns) => (ns === null ? [] : [designRules.floor(ns)])),
  );
  const gaps = times.flatMap((t) => rows.map((e) => e - t)).filter((gap) => gap > 0);
  const delayUs =
    gaps.length > 0 && chance(random, 0.7) ? choose(random, gaps) : choose(random, [1, second, 3_600 * second, 86_400 * second]);
  const ends = times.length === 0 ? [0] : times.map((t) => t + delayUs);
  return {
    delayUs,
    knownUntilUs: chance(random, 0.4) ? choose(random, ends) + choose(random, [0, 0, -1, 1]) : null,
    nowUs: chance(random, 0.2) ? choose(random, ends) : far,
  };
}

/** Compares an engine's labels with the oracle on generated cases: values, kept rows, counts. */
export function labelsSuite(name: string, open: () => Promise<OfflineEngine>, options: RunOptions = labelsRun): void {
  describe(`labels: ${name}`, () => {
    test(`${options.cases} generated cases of seed ${options.seed}: the same labels, rows and counts as the oracle`, async (t) => {
      await using engine = await open();
      const total = { retrievals: 0, values: 0, bitIdentical: 0, mismatches: 0, immature: 0, dropped: 0 };
      for (const { seed, one } of labelCases(options)) {
        const expected = labelsOracle(one.plan, one.tables, one.spine.rows);
        const found = await askLabels(engine, one, expected, `labels_${total.retrievals++}`, seed);
        total.values += found.values;
        total.bitIdentical += found.bitIdentical;
        total.mismatches += found.mismatches.length;
        total.immature += Object.values(expected.immature).reduce((sum, n) => sum + n, 0);
        total.dropped += one.spine.rows.length - expected.rows.length;
        assert.deepEqual(found.mismatches.slice(0, 5), [], `seed ${seed}`);
      }
      const { values, bitIdentical, mismatches, retrievals, immature, dropped } = total;
      const comparison = printComparison({ values, bitIdentical, mismatches: { length: mismatches } });
      t.diagnostic(`${comparison}; ${retrievals} retrievals, ${immature} immature labels, ${dropped} rows dropped`);
    });
  });
}

async function askLabels(
  engine: OfflineEngine,
  one: Case,
  expected: LabelledSet,
  run: string,
  seed: string,
): Promise<ReturnType<typeof compareResults>> {
  const placed = await placeCase(engine, one, run);
  await using result = await engine.store.retrieve(placed.plan, placed.spine);
  const outputs = one.plan.views.flatMap((join) => join.features.map((f) => f.output));
  const times: unknown[] = [];
  const values = [];
  for await (const batch of result.batches()) {
    const columns = new Map(batch.columns.map((c) => [c.name, c]));
    for (let row = 0; row < batch.rowCount; row++) {
      times.push(columns.get(one.plan.spine.timeColumn)?.get(row));
      values.push(outputs.map((name) => columns.get(name)?.get(row) ?? null));
    }
  }
  assert.deepEqual(
    times,
    expected.rows.map((row) => designRules.floor(row.asOfNs)),
    `${seed}: other rows`,
  );
  const { labels, droppedRows, spineRows } = result.report;
  const counted = (part: "immature" | "notAfterRow"): Record<string, number> =>
    Object.fromEntries(Object.entries(labels).map(([label, report]) => [label, report[part]]));
  assert.deepEqual(counted("immature"), expected.immature, `${seed}: immature rows`);
  assert.deepEqual(counted("notAfterRow"), expected.notAfterRow, `${seed}: rows not after t`);
  assert.deepEqual([spineRows, spineRows - droppedRows], [one.spine.rows.length, expected.rows.length], `${seed}: dropped rows`);
  return compareResults(one.plan, expected.answers, values);
}

/** How many labels and rows each planted bug changes over a run. */
export function countLabelDecisions(
  options: RunOptions = labelsRun,
): readonly { readonly name: string; readonly rule: string; readonly outcomes: number }[] {
  const counts = labelBugs.map(({ name, rule }) => ({ name, rule, outcomes: 0 }));
  for (const { one } of labelCases(options)) {
    const plan = { ...one.plan, immature: "keep" as const };
    const right = labelsOracle(plan, one.tables, one.spine.rows);
    const features = plan.views.flatMap((join) => join.features.map((f) => f.feature));
    for (const [i, bug] of labelBugs.entries()) {
      const count = counts[i];
      if (count === undefined) continue;
      const wrong = labelsOracle(plan, one.tables, one.spine.rows, bug.replaces);
      right.answers.forEach((answers, row) => {
        const differs = features.some((feature, at) => {
          const [a, b] = [answers[at], wrong.answers[row]?.[at]];
          return a !== undefined && b !== undefined && compareAnswer(feature, a, b.value) === "different";
        });
        if (differs) count.outcomes++;
      });
      for (const [name, n] of Object.entries(right.notAfterRow)) if (wrong.notAfterRow[name] !== n) count.outcomes++;
    }
  }
  return counts;
}

/** Fewer outcomes than this would leave a rule practically untried. */
export const labelDecisionsMin = 20;
