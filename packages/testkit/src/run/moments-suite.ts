import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AsofError, type JoinPlan, type Moments, type Random, type Value } from "@asof/core";
import { momentBugs } from "../bugs/moment-bugs.ts";
import { type Case, toJsonText } from "../generate/case.ts";
import { generateRun, type RunOptions } from "../generate/default-run.ts";
import { canJoin, joinCases } from "../generate/join-cases.ts";
import type { Answer, SpineRow } from "../oracle/data.ts";
import { designMomentRules, momentsOracle } from "../oracle/moments.ts";
import { oracle } from "../oracle/oracle.ts";
import { designRules, naiveCompare } from "../oracle/rules.ts";
import { chance, choose, seededRandom } from "../random/seeded-random.ts";
import { compareResults, printComparison } from "./compare-results.ts";
import type { OfflineEngine } from "./engine.ts";
import { placeCase } from "./place-case.ts";

/** The run that engines and planted bugs share. */
const momentsRun: RunOptions = { seed: "moments 4", cases: 2_000, casesPerShape: 12 };

/** Cases that are asked for their moments together, and what is asked. */
export interface MomentGroup {
  readonly seed: string;
  readonly moments: Moments;
  readonly cases: readonly Case[];
}

/** Groups of a run, each between two instants and as of one. Shapes in which no view has all keys are left out: they are refused. */
function* momentGroups(options: RunOptions = momentsRun): Generator<MomentGroup> {
  for (const { seed, cases } of generateRun(options)) {
    const [first] = cases;
    if (first === undefined || !hasWholeView(first.plan)) continue;
    const random = seededRandom(`${seed}/moments`);
    const together = canJoin(first) ? [cases] : cases.map((one) => [one]);
    for (const group of together) for (const moments of randomMoments(random, group)) yield { seed, moments, cases: group };
  }
}

function hasWholeView({ spine, views }: JoinPlan): boolean {
  return views.some((v) => spine.keys.every((k) => v.keys.some((own) => own.spineColumn === k.column)));
}

/** Intervals that begin or end where something changes, or a microsecond beside it, and wide ones; then an instant. */
function randomMoments(random: Random, cases: readonly Case[]): readonly Moments[] {
  const all: Moments = { kind: "between", startUs: -(2 ** 52), endUs: 2 ** 52 };
  const changes = cases.slice(0, 3).flatMap((one) => momentsOracle(one.plan, one.tables, all).map((row) => designRules.floor(row.asOfNs)));
  const edge = (): number => (changes.length === 0 ? 0 : choose(random, changes)) + choose(random, [0, 0, 0, 1, -1]);
  const [startUs = 0, endUs = 0] = [edge(), edge()].sort((a, b) => a - b);
  return [
    { kind: "between", startUs, endUs: endUs + 1 },
    { kind: "between", startUs, endUs: chance(random, 0.5) ? endUs : startUs + 400 * 86_400_000_000 },
    { kind: "latest", atUs: edge() },
  ];
}

/** Compares an engine's retrievals without a spine with the oracle on generated cases: rows, order and values. */
export function momentsSuite(name: string, open: () => Promise<OfflineEngine>, options: RunOptions = momentsRun): void {
  describe(`moments: ${name}`, () => {
    test(`${options.cases} generated cases of seed ${options.seed}: the same instants and values as the oracle`, async (t) => {
      await using engine = await open();
      const total = { retrievals: 0, rows: 0, values: 0, bitIdentical: 0, mismatches: 0, left: 0 };
      let run = 0;
      for (const group of momentGroups(options)) {
        const asked = group.cases.flatMap((one) => expectMoments(one, group.moments) ?? []);
        total.left += group.cases.length - asked.length;
        if (asked.length === 0) continue;
        const found = await retrieveMoments(engine, group, asked, `moments_${run++}`);
        total.retrievals++;
        total.rows += found.rows;
        total.values += found.values;
        total.bitIdentical += found.bitIdentical;
        total.mismatches += found.mismatches.length;
        assert.deepEqual(found.mismatches.slice(0, 5), [], `seed ${group.seed}, ${JSON.stringify(group.moments)}`);
      }
      const { retrievals, rows, values, bitIdentical, mismatches, left } = total;
      assert.ok(rows > 0);
      const comparison = printComparison({ values, bitIdentical, mismatches: { length: mismatches } });
      t.diagnostic(`${comparison}; ${rows} rows made, ${retrievals} retrievals, ${left} cases without an answer left out`);
    });
  });
}

interface ExpectedMoments {
  readonly one: Case;
  readonly rows: readonly SpineRow[];
  readonly answers: readonly (readonly Answer[])[];
}

/** Null where the rules give an error at one of the instants: it would fail the whole retrieval. */
function expectMoments(one: Case, moments: Moments): ExpectedMoments | null {
  const rows = momentsOracle(one.plan, one.tables, moments);
  try {
    return { one, rows, answers: oracle(one.plan, one.tables, rows) };
  } catch (error) {
    if (error instanceof AsofError) return null;
    throw error;
  }
}

async function retrieveMoments(
  engine: OfflineEngine,
  { seed, moments }: MomentGroup,
  asked: readonly ExpectedMoments[],
  run: string,
): Promise<ReturnType<typeof compareResults> & { readonly rows: number }> {
  const [first] = asked;
  assert.ok(first !== undefined);
  const isJoined = canJoin(first.one);
  const whole = isJoined ? joinCases(asked.map((a) => a.one)) : first.one;
  const { plan } = whole;
  const { timeColumn, keys } = plan.spine;
  const expected = new Map<string, readonly Answer[]>();
  const keyText = (values: Readonly<Record<string, Value>>, t: Value): string =>
    `${keys.map((k) => String(values[k.column] instanceof Uint8Array ? `x${Buffer.from(values[k.column] as Uint8Array).toString("hex")}` : values[k.column])).join("|")} @ ${String(t)}`;
  for (const [i, { rows, answers }] of asked.entries()) {
    for (const [j, row] of rows.entries()) {
      const values = isJoined ? { ...row.values, case_no: i } : row.values;
      expected.set(keyText(values, designRules.floor(row.asOfNs)), answers[j] ?? []);
    }
  }
  const placed = await placeCase(engine, whole, run);
  await using result = await engine.store.retrieve(placed.plan, { kind: "moments", moments });
  const names = result.columns.slice(0, keys.length + 1).map((c) => c.name);
  assert.deepEqual(names, [...keys.map((k) => k.column), timeColumn]);
  const outputs = plan.views.flatMap((join) => join.features.map((f) => f.output));
  const texts: string[] = [];
  const values: Value[][] = [];
  let before: readonly Value[] | null = null;
  for await (const batch of result.batches()) {
    const columns = new Map(batch.columns.map((c) => [c.name, c]));
    for (let row = 0; row < batch.rowCount; row++) {
      const cells = names.map((name) => columns.get(name)?.get(row) ?? null);
      if (before !== null) assert.ok(compareCells(plan, before, cells) < 0, `${seed}: rows are not sorted, or come twice`);
      before = cells;
      texts.push(keyText(Object.fromEntries(names.map((name, i) => [name, cells[i] ?? null])), cells.at(-1) ?? null));
      values.push(outputs.map((name) => columns.get(name)?.get(row) ?? null));
    }
  }
  const missing = [...expected.keys()].filter((text) => !texts.includes(text));
  const extra = texts.filter((text) => !expected.has(text));
  assert.deepEqual(
    { missing: missing.slice(0, 5), extra: extra.slice(0, 5) },
    { missing: [], extra: [] },
    `${seed}, ${JSON.stringify(moments)}`,
  );
  assert.equal(result.report.spineRows, texts.length);
  const answers = texts.map((text) => expected.get(text) ?? []);
  return { ...compareResults(plan, answers, values), rows: texts.length };
}

function compareCells(plan: JoinPlan, a: readonly Value[], b: readonly Value[]): number {
  const types = [...plan.spine.keys.map((k) => k.type), { kind: "timestamp" } as const];
  return types.map((type, i) => naiveCompare(type, a[i] ?? null, b[i] ?? null)).find((order) => order !== 0) ?? 0;
}

/** How many rows each planted bug adds or loses over a run. Those that lose or add fewer than the minimum are practically untried. */
export function countMomentDecisions(
  options: RunOptions = momentsRun,
): readonly { readonly name: string; readonly rule: string; readonly rows: number }[] {
  const counts = momentBugs.map(({ name, rule }) => ({ name, rule, rows: 0 }));
  for (const { moments, cases } of momentGroups(options)) {
    for (const { plan, tables } of cases) {
      const right = new Set(momentsOracle(plan, tables, moments).map(textOf));
      for (const [i, bug] of momentBugs.entries()) {
        const count = counts[i];
        if (count === undefined) continue;
        const wrong = new Set(
          momentsOracle(plan, tables, moments, { ...designRules, ...bug.rules }, { ...designMomentRules, ...bug.momentRules }).map(textOf),
        );
        count.rows += [...right].filter((row) => !wrong.has(row)).length + [...wrong].filter((row) => !right.has(row)).length;
      }
    }
  }
  return counts;
}

/** Fewer rows than this would leave a rule practically untried; copies of an event mostly lie at one instant. */
export const momentDecisionsMin = 20;

function textOf({ values, asOfNs }: SpineRow): string {
  // A zero's sign makes no other row.
  return toJsonText([Object.values(values), asOfNs]).replace(/\{\s*"\$float": "-0"\s*\}/g, "0");
}
