import { AsofError } from "../error/error.ts";
import type { ValueType } from "../value/type.ts";
import { isBounded } from "./bounds.ts";
import type { Dialect } from "./dialect.ts";
import { bindHistory, countUndated, hasCreated } from "./history-sql.ts";
import type { JoinPlan } from "./join-plan.ts";
import { compileLabels, matureOnly } from "./labels-sql.ts";
import { compilePlainView } from "./plain-view.ts";
import type { JoinProgram, JoinTables, OutputColumn, ReportQuery, Step } from "./program.ts";
import { compileWindowedView } from "./windowed-view.ts";

/** Compiles a join plan into the program of an engine. No I/O; throws ASOF_SOURCE_COLUMN where a source does not fit its definition. */
export function compileJoin(plan: JoinPlan, tables: JoinTables, dialect: Dialect): JoinProgram {
  const lanes: (readonly Step[])[] = [];
  const outputs: OutputColumn[] = [];
  const hidden: OutputColumn[] = [];
  const reports: ReportQuery[] = [];
  const aliases: { table: string; alias: string }[] = [{ table: tables.spine.table, alias: "s" }];
  plan.views.forEach((join, i) => {
    const bound = bindHistory(join, tables.histories[i] ?? { batch: null, log: null });
    const output = `asof_view_${i}`;
    const alias = `v${i}`;
    const end = tables.knownEnds?.[i] ?? null;
    const common = { join, bound, spine: tables.spine, output, knowledge: plan.knowledge };
    if (join.view.form === "windowed") lanes.push(compileWindowedView({ ...common, view: join.view, bounds: plan.bounds }, dialect));
    else if (join.label === undefined) lanes.push(compilePlainView({ ...common, view: join.view }, dialect));
    else lanes.push(compileLabels({ ...common, view: join.view }, join.label, end, dialect));
    aliases.push({ table: output, alias });
    join.features.forEach((f, j) => {
      const value = `${alias}.o${j}`;
      const sql = join.label === undefined ? value : matureOnly(value, f.feature.type, join.label, end, dialect);
      outputs.push({ name: f.output, type: f.feature.type, sql });
      if (plan.bounds && isBounded(f.feature)) {
        hidden.push(
          { name: `${f.output}__n`, type: float64, sql: `${alias}.n${j}` },
          { name: `${f.output}__abs`, type: float64, sql: `${alias}.a${j}` },
        );
      }
    });
    reports.push({
      join,
      rowsWithoutEventTime: countUndated(bound, dialect),
      knownOnlyLater: hasCreated(bound) && join.label === undefined ? `SELECT count(*) FROM ${output} WHERE late` : null,
      notAfterRow: join.label === undefined ? null : `SELECT count(*) FROM ${output} WHERE late`,
    });
  });
  return { lanes, outputs: [...outputs, ...hidden], from: dialect.zip(aliases), reports };
}

const float64: ValueType = { kind: "float64" };

/** Throws ASOF_NAME_COLLISION where two columns of the result, spine columns and outputs, have one name. */
export function refuseNameCollisions(plan: JoinPlan, spineColumns: readonly string[]): void {
  const seen = new Map<string, string>();
  const add = (name: string, what: string): void => {
    const other = seen.get(name);
    if (other !== undefined) {
      throw new AsofError("ASOF_NAME_COLLISION", `${other} and ${what} both come out as column "${name}".`, {
        path: name,
        value: name,
        fix: "Ask for full feature names, rename the spine's column, or pick other features.",
      });
    }
    seen.set(name, what);
  };
  for (const name of spineColumns) add(name, `The spine's column "${name}"`);
  for (const { view, features } of plan.views) {
    for (const { feature, output } of features) {
      add(output, `feature "${view.name}:${feature.name}"`);
      if (plan.bounds && isBounded(feature))
        for (const part of ["n", "abs"]) add(`${output}__${part}`, `the bound of feature "${view.name}:${feature.name}"`);
    }
  }
}
