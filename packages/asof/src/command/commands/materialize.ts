import { AsofError, formatInstant, type MaterializeOutcome, type MaterializeProgress } from "@asof/core";
import { throwFailedViews } from "../../store/feature-store.ts";
import type { CommandContext } from "../context.ts";
import { Progress } from "../progress.ts";
import { readTimeIfGiven } from "../read-time.ts";
import { tableFor } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface MaterializeCommandOptions extends GlobalOptions {
  readonly views?: readonly string[];
  /** False with `--no-statistics`; true says nothing, so that the setting decides. */
  readonly statistics?: boolean;
}

/** `asof materialize` (with a start) and `asof materialize-incremental` (without). Exit 1 when a view failed. */
export async function runMaterialize(
  context: CommandContext,
  times: { readonly start: string | null; readonly end: string | null },
  options: MaterializeCommandOptions,
): Promise<void> {
  const startUs = readTimeIfGiven("START", times.start);
  const endUs = readTimeIfGiven("END", times.end);
  if (startUs !== null && endUs !== null && startUs > endUs) {
    throw new AsofError("ASOF_USAGE", `START ${formatInstant(startUs)} lies after END ${formatInstant(endUs)}.`, {
      path: "START",
      value: times.start,
      fix: "Swap them.",
    });
  }
  await withSession(context, options, async (session) => {
    const progress = new Progress(context);
    const watch = new Stopwatch();
    const views = new Map<string, ViewPace>();
    const onView = (p: MaterializeProgress): void => {
      const pace = views.get(p.view) ?? { watch: new Stopwatch(), rowsBefore: p.rows };
      views.set(p.view, pace);
      progress.update(describe(p, pace));
    };
    try {
      const statistics = options.statistics === false ? false : undefined;
      const request = { views: options.views ?? null, signal: context.signal, onView, statistics };
      const mode = startUs === null ? "incremental" : "interval";
      const outcome = await (endUs === null
        ? session.materializeToNow(request)
        : session.materialize({ ...request, mode, startUs, endUs }));
      progress.done();
      finish(context, outcome, watch);
    } finally {
      progress.done();
    }
  });
}

/** Seconds since it was made; for rates shown to people, never for decisions. */
class Stopwatch {
  readonly #startMs = performance.now();
  get seconds(): number {
    return Math.max(0.001, (performance.now() - this.#startMs) / 1000);
  }
}

/** How fast a view goes: rows that an earlier run had read do not count. */
interface ViewPace {
  readonly watch: Stopwatch;
  readonly rowsBefore: number;
}

function describe(p: MaterializeProgress, { watch, rowsBefore }: ViewPace): string {
  const partitions = p.of > 1 ? `, partition ${Math.min(p.done + 1, p.of)} of ${p.of}` : "";
  const rows = p.rows === 0 ? "reading" : `${p.rows.toLocaleString("en")} rows`;
  const perSecond = Math.round((p.rows - rowsBefore) / watch.seconds).toLocaleString("en");
  return `${p.view}: ${rows}${partitions}${p.rows === rowsBefore ? "" : `, ${perSecond} rows/s`}`;
}

function finish(context: CommandContext, outcome: MaterializeOutcome, watch: Stopwatch): void {
  if (context.json) context.printJson({ ...outcome, seconds: watch.seconds });
  else {
    if (outcome.resumed) context.print(context.paint.dim("Went on where an earlier run had ended."));
    const rows = outcome.views.map((v) => [v.view, v.status, v.rows.toLocaleString("en"), v.written.toLocaleString("en")]);
    context.print(tableFor(context, ["VIEW", "STATUS", "ROWS READ", "WRITTEN"], rows));
    context.print(context.paint.dim(`${watch.seconds.toFixed(1)} s, job ${outcome.jobId}`));
  }
  for (const { view, statisticsError } of outcome.views) {
    if (statisticsError !== null)
      context.stderr.write(`warning ${view} is materialized, but its values were not described: ${statisticsError}\n`);
  }
  throwFailedViews(outcome);
}
