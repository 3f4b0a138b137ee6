import {
  AsofError,
  type ColumnInfo,
  equalValues,
  type FeatureModel,
  type OfflineResult,
  printType,
  printValue,
  type RetrievalReport,
  sameType,
  type Value,
} from "@asof/core";
import type { Case } from "../generate/case.ts";
import { joinCases } from "../generate/join-cases.ts";
import type { Answer } from "../oracle/data.ts";
import { oracle } from "../oracle/oracle.ts";
import { addReports, type ExpectedReport, expectedReport } from "../oracle/report.ts";
import { designRules } from "../oracle/rules.ts";
import { type Comparison, compareResults, type Mismatch } from "./compare-results.ts";
import type { OfflineEngine } from "./engine.ts";
import { placeCase } from "./place-case.ts";

/** How an engine did on a case. */
export interface Verdict extends Comparison {
  /** What is wrong besides values: spine columns changed, columns missing, a wrong report, an error. Empty when all is well. */
  readonly faults: readonly string[];
}

/** Answers of the oracle and what is to be reported, or the code of the error that the rules demand. */
export type Expectation = { readonly answers: readonly (readonly Answer[])[]; readonly report: ExpectedReport } | { readonly code: string };

export function expectCase({ plan, tables, spine }: Case): Expectation {
  try {
    return { answers: oracle(plan, tables, spine.rows), report: expectedReport(plan, tables, spine.rows) };
  } catch (error) {
    if (error instanceof AsofError) return { code: error.code };
    throw error;
  }
}

/** Runs cases of one shape as one, comparing with what is expected of each: their number costs the oracle no more than each alone. */
export async function askTogether(engine: OfflineEngine, cases: readonly Case[], run: string): Promise<Verdict> {
  const [only] = cases;
  if (only !== undefined && cases.length === 1) return askCase(engine, only, run);
  const answers: (readonly Answer[])[] = [];
  const reports: ExpectedReport[] = [];
  for (const one of cases) {
    const expectation = expectCase(one);
    if ("code" in expectation) return askCase(engine, joinCases(cases), run, expectation);
    answers.push(...expectation.answers);
    reports.push(expectation.report);
  }
  return askCase(engine, joinCases(cases), run, { answers, report: addReports(reports) });
}

/** Runs a case on an engine and compares everything: values, spine columns, order, hidden bounds, report, or the error. */
export async function askCase(engine: OfflineEngine, one: Case, run: string, expectation: Expectation = expectCase(one)): Promise<Verdict> {
  const nothing: Verdict = { values: 0, bitIdentical: 0, mismatches: [], faults: [] };
  try {
    const placed = await placeCase(engine, one, run);
    await using result = await engine.store.retrieve(placed.plan, placed.spine);
    const table = await collect(result);
    if ("code" in expectation) return { ...nothing, faults: [`expected ${expectation.code}, but there was an answer`] };
    const comparison = compareTable(one, expectation.answers, table);
    return { ...comparison, faults: [...comparison.faults, ...reportFaults(one, expectation.report, result.report)] };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ("code" in expectation && error instanceof AsofError && error.code === expectation.code) {
      return { ...nothing, values: 1, bitIdentical: 1 };
    }
    return { ...nothing, faults: [error instanceof AsofError ? `error ${error.message}` : `error ${error.stack ?? error.message}`] };
  }
}

/** Whether anything is wrong. */
export function hasFailed(verdict: Verdict): boolean {
  return verdict.faults.length > 0 || verdict.mismatches.length > 0;
}

/** The first things that are wrong, a line each. */
export function printVerdict(verdict: Verdict, linesMax = 10): string {
  const lines = [...verdict.faults, ...verdict.mismatches.map(printMismatch)];
  const more = lines.length > linesMax ? [`… and ${lines.length - linesMax} more`] : [];
  return [...lines.slice(0, linesMax), ...more].join("\n");
}

function printMismatch({ row, view, output, expected, actual }: Mismatch): string {
  const text = (value: Value | undefined): string =>
    value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString("hex")}` : printValue(value);
  return `row ${row}, ${view}, ${JSON.stringify(output)}: expected ${text(expected)}, got ${text(actual)}`;
}

/** A whole result, column by column. */
interface Table {
  readonly columns: readonly ColumnInfo[];
  readonly cells: ReadonlyMap<string, readonly Value[]>;
  readonly rowCount: number;
}

async function collect(result: OfflineResult): Promise<Table> {
  const cells = new Map(result.columns.map((c) => [c.name, [] as Value[]]));
  let rowCount = 0;
  for await (const batch of result.batches()) {
    rowCount += batch.rowCount;
    for (const column of batch.columns) for (let row = 0; row < batch.rowCount; row++) cells.get(column.name)?.push(column.get(row));
  }
  return { columns: result.columns, cells, rowCount };
}

function compareTable(one: Case, answers: readonly (readonly Answer[])[], table: Table): Verdict {
  const outputs = one.plan.views.flatMap((join) => join.features);
  const rows = Array.from({ length: table.rowCount }, (_, row) => outputs.map((o) => table.cells.get(o.output)?.[row] ?? null));
  const comparison = compareResults(one.plan, answers, rows);
  const faults = [...columnFaults(one, table), ...spineFaults(one, table)];
  for (const [i, { feature, output }] of outputs.entries()) {
    faults.push(...formFaults(feature, output, table.cells.get(output) ?? []));
    if (one.plan.bounds && hasBounds(feature))
      faults.push(
        ...boundFaults(
          output,
          answers.map((row) => row[i]),
          table,
        ),
      );
  }
  return { ...comparison, faults };
}

/** Spine columns in their order, the time last, then the outputs in the plan's order, each of its declared type. */
function columnFaults(one: Case, table: Table): string[] {
  const features = one.plan.views.flatMap((join) => join.features);
  const hidden = new Set(one.plan.bounds ? features.flatMap((f) => [`${f.output}__n`, `${f.output}__abs`]) : []);
  const expected = [...one.spine.columns.map((c) => c.name), one.plan.spine.timeColumn, ...features.map((f) => f.output)];
  const actual = table.columns.map((c) => c.name).filter((name) => !hidden.has(name));
  if (JSON.stringify(actual) !== JSON.stringify(expected)) return [`columns are ${actual.join(", ")} instead of ${expected.join(", ")}`];
  return features.flatMap(({ feature, output }) => {
    const type = table.columns.find((c) => c.name === output)?.type;
    return type !== undefined && sameType(type, feature.type)
      ? []
      : [`column "${output}" is ${type === undefined ? "absent" : printType(type)} instead of ${printType(feature.type)}`];
  });
}

/** One row out per row in, in order, untouched. */
function spineFaults(one: Case, table: Table): string[] {
  const { columns, rows } = one.spine;
  if (table.rowCount !== rows.length) return [`${table.rowCount} rows instead of ${rows.length}`];
  for (const [i, row] of rows.entries()) {
    for (const { name, type } of columns) {
      const actual = table.cells.get(name)?.[i] ?? null;
      if (!equalValues(type, row.values[name] ?? null, actual))
        return [`spine row ${i}, "${name}": ${printValue(row.values[name])} became ${printValue(actual)}`];
    }
    const time = table.cells.get(one.plan.spine.timeColumn)?.[i];
    if (time !== designRules.floor(row.asOfNs)) return [`spine row ${i}: time ${row.asOfNs} ns became ${printValue(time)} us`];
  }
  return [];
}

/** int64 is a bigint or a number as declared; nothing is undefined. */
function formFaults(feature: FeatureModel, output: string, values: readonly Value[]): string[] {
  if (feature.type.kind !== "int64") return [];
  const form = feature.type.as;
  const wrong = values.find((v) => v !== null && typeof v !== form);
  return wrong === undefined ? [] : [`"${output}" holds ${typeof wrong} ${printValue(wrong)} instead of ${form}`];
}

function hasBounds(feature: FeatureModel): boolean {
  return (
    feature.kind === "aggregate" &&
    feature.type.kind === "float64" &&
    ["sum", "avg", "variance", "stddev"].includes(feature.aggregate.function.fn)
  );
}

/** The hidden columns: how many values were folded, and their magnitude. A null key has neither. */
function boundFaults(output: string, answers: readonly (Answer | undefined)[], table: Table): string[] {
  for (const [i, answer] of answers.entries()) {
    const count = Number(table.cells.get(`${output}__n`)?.[i] ?? 0);
    const magnitude = Number(table.cells.get(`${output}__abs`)?.[i] ?? 0);
    const expected = answer ?? { count: 0, magnitude: 0 };
    const isEqual = Object.is(magnitude, expected.magnitude) || Math.abs(magnitude - expected.magnitude) <= 1e-12 * expected.magnitude;
    if (count !== expected.count || !isEqual)
      return [`row ${i}, bounds of "${output}": ${count} and ${magnitude} instead of ${expected.count} and ${expected.magnitude}`];
  }
  return [];
}

function reportFaults(one: Case, expected: ExpectedReport, report: RetrievalReport): string[] {
  const faults = report.spineRows === one.spine.rows.length ? [] : [`the report says ${report.spineRows} spine rows`];
  for (const part of ["rowsWithoutEventTime", "knownOnlyLater"] as const) {
    for (const [view, count] of Object.entries(expected[part])) {
      const reported = report[part][view] ?? 0;
      if (reported !== count) faults.push(`${part} of ${view} is ${reported} instead of ${count}`);
    }
  }
  return faults;
}
