import {
  compileJoin,
  type Dialect,
  type HistoryTables,
  type JoinPlan,
  type JoinProgram,
  type JoinTables,
  type ReportQuery,
  type RetrievalReport,
  type RunOptions,
  refuseNameCollisions,
  type SpineInput,
  type Step,
  selectMoments,
} from "@asof/core";
import { bindPlan, type Places } from "./bind-plan.ts";
import { duckDbDialect, quoteName } from "./dialect.ts";
import { engineSettings } from "./engine.ts";
import type { ErrorContext } from "./errors.ts";
import { dropImmature, findLabelEnds } from "./labels.ts";
import { loadMoments } from "./moments-spine.ts";
import { DuckDbResult } from "./result.ts";
import type { Session, StatementOptions, StatementRunner } from "./session.ts";
import { type LoadedSpine, loadSpine } from "./spine.ts";

/** Tables of a program lie in the session's schema, where several connections can read them, and not among temporary ones. */
const sessionDialect: Dialect = { ...duckDbDialect, createTable: (name, select) => `CREATE TABLE ${name} AS ${select}` };

interface Prepared {
  readonly spine: LoadedSpine;
  readonly histories: readonly HistoryTables[];
  /** The query that made the spine from the history, if one did. */
  readonly moments: string | null;
}

/** Loads and checks the spine and looks at the sources: everything that can be wrong with the input is found here. */
async function prepare(session: Session, places: Places, plan: JoinPlan, spine: SpineInput, options: StatementOptions): Promise<Prepared> {
  if (spine.kind === "moments") {
    refuseNameCollisions(plan, [...plan.spine.keys.map((k) => k.column), plan.spine.timeColumn]);
    const histories = await bindPlan(session, places, plan, options);
    const select = selectMoments(plan, histories, spine.moments, duckDbDialect);
    return { spine: await loadMoments(session, select, plan.spine, options), histories, moments: select };
  }
  const loaded = await loadSpine(session, places.repositoryPath, spine, plan.spine, options);
  refuseNameCollisions(
    plan,
    loaded.columns.map((c) => c.name),
  );
  return { spine: loaded, histories: await bindPlan(session, places, plan, options), moments: null };
}

/** Computes a join into the tables of a session, which the result then owns; as many views at a time as `lanesAtOnce`. */
export async function retrieve(
  session: Session,
  places: Places,
  plan: JoinPlan,
  spine: SpineInput,
  lanesAtOnce: number,
  options: RunOptions,
): Promise<DuckDbResult> {
  const progress = new Progress(options);
  const { statement } = progress.begin("reading the spine");
  const given = await prepare(session, places, plan, spine, statement);
  const ends = await findLabelEnds(session, plan, given.histories, given.spine, statement);
  const { spine: kept, dropped } = await dropImmature(session, plan, ends, given.spine, statement);
  const tables = { ...given, spine: kept, knownEnds: ends.knownEnds };
  const program = await runJoin(session, plan, tables, lanesAtOnce, options, progress);
  const { notAfterRow, ...counts } = await countReports(session, program.reports, progress.begin("counting").statement);
  const labels = Object.entries(ends.labels).map(([name, label]) => [name, { ...label, notAfterRow: notAfterRow[name] ?? 0 }]);
  const report = { spineRows: given.spine.rowCount, ...counts, labels: Object.fromEntries(labels), droppedRows: dropped };
  options.onProgress?.(1, "done");
  return new DuckDbResult(session, kept, program.outputs, program.from, report);
}

/** Computes a join over loaded tables into tables of the session, which lie there until it is closed. */
export async function runJoin(
  session: Session,
  plan: JoinPlan,
  tables: JoinTables,
  lanesAtOnce: number,
  options: RunOptions,
  progress = new Progress(options),
): Promise<JoinProgram> {
  const program = compileJoin(plan, tables, sessionDialect);
  await runLanes(session, plan, program, lanesAtOnce, options, progress);
  return program;
}

/**
 * Runs the lanes of a program. Short serial phases of one lane, such as sorting a small table, leave cores idle that another lane uses.
 * The first failure interrupts the other lanes.
 */
async function runLanes(
  session: Session,
  plan: JoinPlan,
  { lanes }: JoinProgram,
  lanesAtOnce: number,
  options: RunOptions,
  progress: Progress,
): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const failures: unknown[] = [];
  progress.expect(lanes.reduce((sum, lane) => sum + lane.length, 1));
  const waiting = lanes.values();
  const work = async (runner: StatementRunner): Promise<void> => {
    for (const lane of waiting) {
      for (const step of lane) {
        const { statement, end } = progress.begin(step.phase);
        await runStep(runner, plan, step, { ...statement, signal });
        end();
      }
    }
  };
  const workOrStop = async (runner: StatementRunner): Promise<void> => {
    try {
      await work(runner);
    } catch (error) {
      failures.push(error);
      stop.abort();
    }
  };
  const others = Array.from({ length: Math.min(lanesAtOnce, lanes.length) - 1 }, () => session.beside(workOrStop));
  await Promise.all([workOrStop(session), ...others]);
  if (failures.length > 0) throw failures[0];
}

async function runStep(runner: StatementRunner, plan: JoinPlan, step: Step, statement: StatementOptions): Promise<void> {
  const context = contextOf(plan, step.phase);
  const chosen = step.when === undefined || (await isTrue(runner, step.when, context, statement)) ? step.sql : (step.otherwise ?? []);
  for (const sql of chosen) await runner.run(sql, context, statement);
}

/** The statements of a retrieval, for people. The spine is loaded, since its range is part of them. */
export async function printJoin(session: Session, places: Places, plan: JoinPlan, spine: SpineInput): Promise<string> {
  const prepared = await prepare(session, places, plan, spine, {});
  const { knownEnds } = await findLabelEnds(session, { ...plan, immature: "keep" }, prepared.histories, prepared.spine, {});
  const program = compileJoin(plan, { ...prepared, knownEnds }, duckDbDialect);
  const statements = program.lanes
    .flat()
    .flatMap((step) => [
      `-- ${step.phase}${step.when === undefined ? "" : `, only if (${step.when})`}`,
      ...step.sql.map((sql) => `${sql};`),
      ...(step.otherwise === undefined ? [] : ["-- otherwise", ...step.otherwise.map((sql) => `${sql};`)]),
    ]);
  return [
    `${engineSettings};`,
    `-- the spine: ${prepared.spine.rowCount} rows in table ${prepared.spine.table}(r, t, keys, columns)`,
    ...(prepared.moments === null ? [] : [`-- made by ${prepared.moments}`]),
    ...statements,
    "-- the result, in spine order",
    `${selectResult(prepared.spine, program)};`,
    "",
  ].join("\n");
}

function selectResult(spine: LoadedSpine, program: JoinProgram): string {
  const items = [
    ...spine.columns.map((c) => `s.${c.sql} AS ${quoteName(c.name)}`),
    ...program.outputs.map((o) => `${duckDbDialect.present(o.sql, o.type)} AS ${quoteName(o.name)}`),
  ];
  return `SELECT ${items.join(", ")} FROM ${program.from}`;
}

/** Errors of a step are about the source of its view, whose name begins the phase. */
function contextOf(plan: JoinPlan, phase: string): ErrorContext {
  const join = plan.views.find(({ view }) => phase.startsWith(`${view.name}: `));
  return join === undefined
    ? { doing: "query", what: phase }
    : { doing: "source", what: `Feature view "${join.view.name}", source "${join.view.source.name}"` };
}

async function isTrue(runner: StatementRunner, query: string, context: ErrorContext, statement: StatementOptions): Promise<boolean> {
  const [row = {}] = await runner.rows(query, context, statement);
  return Object.values(row)[0] === true;
}

async function countReports(
  session: Session,
  queries: readonly ReportQuery[],
  statement: StatementOptions,
): Promise<Pick<RetrievalReport, "rowsWithoutEventTime" | "knownOnlyLater"> & { readonly notAfterRow: Readonly<Record<string, number>> }> {
  const notAfterRow: Record<string, number> = {};
  const rowsWithoutEventTime: Record<string, number> = {};
  const knownOnlyLater: Record<string, number> = {};
  const count = async (query: string): Promise<number> => {
    const [row = {}] = await session.rows(query, { doing: "query", what: "The report" }, statement);
    return Number(Object.values(row)[0] ?? 0);
  };
  for (const query of queries) {
    const { name } = query.join.view;
    if (query.rowsWithoutEventTime !== null && !(name in rowsWithoutEventTime))
      rowsWithoutEventTime[name] = await count(query.rowsWithoutEventTime);
    if (query.notAfterRow !== null) notAfterRow[name] = await count(query.notAfterRow);
    // A view joined under several keys has several values per row: they add up.
    if (query.knownOnlyLater !== null) knownOnlyLater[name] = (knownOnlyLater[name] ?? 0) + (await count(query.knownOnlyLater));
  }
  return { rowsWithoutEventTime, knownOnlyLater, notAfterRow };
}

/** Progress over the steps of a program, each of which counts alike; several may run at once. */
class Progress {
  readonly #options: RunOptions;
  readonly #running = new Set<{ fraction: number }>();
  #expected = 1;
  #finished = 0;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  expect(steps: number): void {
    this.#expected = steps;
  }

  begin(phase: string): { readonly statement: StatementOptions; end(): void } {
    const { onProgress, signal } = this.#options;
    const step = { fraction: 0 };
    const end = (): void => {
      this.#running.delete(step);
      this.#finished += 1;
    };
    if (onProgress === undefined) return { statement: { signal }, end };
    this.#running.add(step);
    const report = (): void => onProgress(this.#fraction(), phase);
    report();
    const onFraction = (fraction: number | null): void => {
      step.fraction = fraction ?? 0;
      report();
    };
    return { statement: { signal, onFraction }, end };
  }

  #fraction(): number {
    let done = this.#finished;
    for (const step of this.#running) done += step.fraction;
    return Math.min(1, done / this.#expected);
  }
}
