import { AsofError, formatInstant, type Json, type KeptStatistics } from "@asof/core";
import { stringify } from "yaml";
import type { Session } from "../../store/session.ts";
import type { CommandContext } from "../context.ts";
import { describeObjects } from "../describe-objects.ts";
import { describedKinds } from "../kinds.ts";
import { printBasis, printCard, printFigure, printOverview, printValue, type Series } from "../print-statistics.ts";
import { Progress } from "../progress.ts";
import { readCount } from "../read-count.ts";
import { readTimeIfGiven } from "../read-time.ts";
import { tableFor } from "../table.ts";
import { terminalOf } from "../terminal.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface ComputeOptions extends GlobalOptions {
  readonly start?: string;
  readonly end?: string;
  readonly sample?: boolean;
}

/** `asof statistics compute [VIEW...]`: all stored views where none is named. */
export async function runCompute(context: CommandContext, views: readonly string[], options: ComputeOptions): Promise<void> {
  const startUs = readTimeIfGiven("--start", options.start);
  const endUs = readTimeIfGiven("--end", options.end);
  if (startUs !== null && endUs !== null && startUs >= endUs) {
    throw new AsofError("ASOF_USAGE", `--start ${formatInstant(startUs)} does not lie before --end ${formatInstant(endUs)}.`, {
      path: "--start",
      value: options.start,
      fix: "Swap them.",
    });
  }
  await withSession(context, options, async (session) => {
    const names = views.length > 0 ? views : await storedViews(session);
    const progress = new Progress(context);
    const all: KeptStatistics[] = [];
    const count = options.sample === true ? ("sample" as const) : ("all" as const);
    try {
      for (const view of names) {
        progress.update(`${view}: describing its values`);
        all.push(...(await session.computeStatistics({ view, startUs, endUs, count, signal: context.signal })));
      }
    } finally {
      progress.done();
    }
    if (context.json) context.printJson(all);
    else for (const [view, series] of byView(all)) context.print(viewText(context, view, view, series));
  });
}

async function storedViews(session: Session): Promise<readonly string[]> {
  const names = [...(await session.registry()).views.keys()].sort();
  if (names.length > 0) return names;
  throw new AsofError("ASOF_NOT_APPLIED", `Project "${session.runtime.project}" has no feature view with values at rest.`, {
    fix: "Define one and run `asof apply`.",
  });
}

function byView(all: readonly KeptStatistics[]): ReadonlyMap<string, readonly KeptStatistics[]> {
  return Map.groupBy(all, (s) => s.view);
}

/** Head, basis and overview of one view. */
function viewText(context: CommandContext, title: string, view: string, all: readonly KeptStatistics[]): string {
  const { paint } = context;
  const [newest] = all;
  if (newest === undefined)
    return `${paint.bold(title)}\nNothing is known of its values yet: \`asof statistics compute ${view}\` describes them.`;
  const features = new Map<string, Series>(Map.groupBy(all, (s) => s.feature));
  return `${paint.bold(title)}\n${printBasis(newest)}\n\n${printOverview(features, terminalOf(context), paint)}\n`;
}

/** Splits `view:feature`; the first colon counts. */
function splitName(name: string): { readonly view: string; readonly feature: string | null } {
  const colon = name.indexOf(":");
  return colon === -1 ? { view: name, feature: null } : { view: name.slice(0, colon), feature: name.slice(colon + 1) };
}

/** Runs of each feature that a series is drawn from: as many as are kept. */
const runsMax = 60;

/** `asof statistics list VIEW[:FEATURE]`: the time series, newest first. */
export async function runListStatistics(
  context: CommandContext,
  name: string,
  options: GlobalOptions & { readonly limit: string },
): Promise<void> {
  const limit = readCount("--limit", options.limit);
  await withSession(context, options, async (session) => {
    const { view, feature } = splitName(name);
    const all = await session.listStatistics({ view, limit, ...(feature === null ? {} : { feature }) });
    if (context.json) context.printJson(all);
    else if (all.length === 0) context.print(`No statistics of ${name} yet. \`asof statistics compute ${view}\` makes some.`);
    else
      context.print(
        tableFor(context, ["FEATURE", "COMPUTED", "BY", "END", "ROWS", "NULLS", "DISTINCT", "MIN", "MAX", "MEAN"], all.map(listCells)),
      );
  });
}

function listCells({ feature, computedAtUs, origin, endUs, rows, figures }: KeptStatistics): readonly string[] {
  const { nulls, distinct, min, max, mean } = figures;
  const isNothing = (value: Json | undefined): value is null | undefined => value === undefined || value === null;
  const figure = (value: Json | undefined): string => (isNothing(value) ? "" : printFigure(value));
  const extreme = (value: Json | undefined): string => (isNothing(value) ? "" : printValue(figures, value));
  const cells = [figure(rows), figure(nulls), figure(distinct), extreme(min), extreme(max), figure(mean)];
  const by = origin === "materialize" ? "materialize" : "on demand";
  return [feature, formatInstant(computedAtUs), by, endUs === null ? "" : formatInstant(endUs), ...cells];
}

/** `asof describe NAME`: a view or one of its features, with what is known of the values. */
export async function runDescribeValues(context: CommandContext, name: string, options: GlobalOptions): Promise<void> {
  await withSession(context, options, async (session) => {
    const { view, feature } = splitName(name);
    const isComputed = (await session.registry()).models.views.get(view)?.form === "request";
    const all = isComputed ? [] : await session.listStatistics({ view, limit: runsMax, ...(feature === null ? {} : { feature }) });
    const definition = await definitionOf(session, view, feature);
    if (context.json) {
      context.printJson({ ...definition, statistics: all });
      return;
    }
    context.print(`${stringify(definition, { lineWidth: 0 }).trimEnd()}\n`);
    if (isComputed) context.print("Computed at request time, so that it has no values at rest.");
    else if (feature === null) context.print(viewText(context, "Values", view, inOrder(definition, all)));
    else context.print(printCard("Values", all, terminalOf(context), context.paint));
  });
}

/** What `feature-views describe` and `features describe` say, without figures. */
async function definitionOf(session: Session, view: string, feature: string | null): Promise<Readonly<Record<string, unknown>>> {
  const kind = describedKinds.find((k) => k.name === (feature === null ? "feature_view" : "feature"));
  if (kind === undefined) throw new Error("assertion failed: views and features are described");
  const plain = view.replace(/@v[0-9]+$|@latest$/, "");
  const wanted = feature === null ? plain : `${plain}:${feature}`;
  const found = (await describeObjects(session, kind)).find((object) => object.name === wanted);
  return found === undefined ? { name: wanted } : { name: found.name, ...found.meta, ...found.whole };
}

/** Features in the order of their definition. */
function inOrder(definition: Readonly<Record<string, unknown>>, all: readonly KeptStatistics[]): readonly KeptStatistics[] {
  const names = Object.keys(definition.features ?? {});
  return all.toSorted((a, b) => b.computedAtUs - a.computedAtUs || names.indexOf(a.feature) - names.indexOf(b.feature));
}
