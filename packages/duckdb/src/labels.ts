import { AsofError, type HistoryTables, type JoinPlan, type LabelReport, selectKnownEnd } from "@asof/core";
import { duckDbDialect } from "./dialect.ts";
import type { ErrorContext } from "./errors.ts";
import type { Session, StatementOptions } from "./session.ts";
import type { LoadedSpine } from "./spine.ts";

/** What is known of the labels of a plan before anything is joined. */
export interface LabelEnds {
  /** Per view the end up to which its labels are known; null for features, and for labels of which nothing is known. */
  readonly knownEnds: readonly (number | null)[];
  readonly labels: Readonly<Record<string, Omit<LabelReport, "notAfterRow">>>;
}

/** How many rows an error names. */
const namedRows = 3;

const context: ErrorContext = { doing: "query", what: "The labels" };

/** Finds the end of each label's source and counts the rows that are not mature then. ASOF_LABELS_IMMATURE where the plan demands it. */
export async function findLabelEnds(
  session: Session,
  plan: JoinPlan,
  histories: readonly HistoryTables[],
  spine: LoadedSpine,
  options: StatementOptions,
): Promise<LabelEnds> {
  const labels: Record<string, Omit<LabelReport, "notAfterRow">> = {};
  const knownEnds: (number | null)[] = [];
  for (const [i, join] of plan.views.entries()) {
    if (join.label === undefined) {
      knownEnds.push(null);
      continue;
    }
    const { delayUs, knownUntilUs, nowUs } = join.label;
    const query = selectKnownEnd(join, histories[i] ?? { batch: null, log: null }, duckDbDialect);
    const found = knownUntilUs ?? (await numberOf(session, query, options));
    const end = found === null ? null : Math.min(found, nowUs);
    knownEnds.push(end);
    const condition = isImmature(delayUs, end);
    const immature = (await numberOf(session, `SELECT count(*) AS n FROM ${spine.table} WHERE ${condition}`, options)) ?? 0;
    labels[join.view.name] = { knownUntilUs: end, immature };
    if (immature === 0 || plan.immature !== "error") continue;
    const rows = await session.rows(`SELECT r FROM ${spine.table} WHERE ${condition} ORDER BY r LIMIT ${namedRows}`, context, options);
    throw new AsofError(
      "ASOF_LABELS_IMMATURE",
      `Label "${join.view.name}" is not final yet for ${immature} of ${spine.rowCount} rows, the first: ${rows.map((row) => `row ${String(row.r)}`).join(", ")}.`,
      {
        path: `labels.${join.view.name}`,
        value: immature,
        fix: "Leave these rows out, let them be dropped, or wait until the labels are known.",
      },
    );
  }
  return { knownEnds, labels };
}

/** Takes the rows out of the spine of which any label is immature, and gives their number. The others stay where they are. */
export async function dropImmature(
  session: Session,
  plan: JoinPlan,
  { knownEnds }: LabelEnds,
  spine: LoadedSpine,
  options: StatementOptions,
): Promise<{ readonly spine: LoadedSpine; readonly dropped: number }> {
  const conditions = plan.views.flatMap(({ label }, i) => (label === undefined ? [] : [isImmature(label.delayUs, knownEnds[i] ?? null)]));
  if (conditions.length === 0 || plan.immature !== "drop") return { spine, dropped: 0 };
  await session.run(`DELETE FROM ${spine.table} WHERE ${conditions.join(" OR ")}`, context, options);
  const [row = {}] = await session.rows(`SELECT count(*) AS n, min(t) AS lo, max(t) AS hi FROM ${spine.table}`, context, options);
  const rowCount = Number(row.n);
  const range = rowCount === 0 ? null : { minUs: Number(row.lo), maxUs: Number(row.hi) };
  return { spine: { ...spine, rowCount, range }, dropped: spine.rowCount - rowCount };
}

function isImmature(delayUs: number, endUs: number | null): string {
  return endUs === null ? "TRUE" : `t > ${endUs - delayUs}`;
}

async function numberOf(session: Session, query: string, options: StatementOptions): Promise<number | null> {
  const [row = {}] = await session.rows(query, context, options);
  const value = Object.values(row)[0] ?? null;
  return value === null ? null : Number(value);
}
