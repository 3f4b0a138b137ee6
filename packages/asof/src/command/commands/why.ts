import {
  AsofError,
  columnsOf,
  explainValue,
  type FeatureModel,
  formatDuration,
  formatInstant,
  type Json,
  type PlainViewModel,
  parseUsed,
  servedVersion,
  type Value,
  type ValueType,
  valueToJson,
  type WhyAnswer,
  type WhyRow,
  type WindowedViewModel,
} from "@asof/core";
import type { Session } from "../../store/session.ts";
import { entityRows } from "../asked.ts";
import type { CommandContext } from "../context.ts";
import { printExplanation } from "../print-explanation.ts";
import { printCell } from "../print-value.ts";
import { readTimeIfGiven } from "../read-time.ts";
import { printTable } from "../table.ts";
import { tableWidth } from "../terminal.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";
import { printEntity } from "./online.ts";

interface WhyCommandOptions extends GlobalOptions {
  readonly entity?: readonly string[];
  readonly at?: string;
  readonly rows: string;
}

/** `asof why view:feature`: exit 4 when the two sides differ. */
export async function runWhy(context: CommandContext, reference: string, options: WhyCommandOptions): Promise<void> {
  const { view, feature } = parseReference(reference);
  const rowsMax = Number(options.rows);
  if (!Number.isSafeInteger(rowsMax) || rowsMax < 0) {
    throw new AsofError("ASOF_USAGE", `--rows is "${options.rows}".`, { path: "--rows", value: options.rows, fix: "Give a whole number." });
  }
  await withSession(context, options, async (session) => {
    await refuseRequestView(session, view);
    const asked = await session.resolve(await session.ask({ features: [reference] }), "training");
    const entities = entityRows(asked, options.entity ?? []);
    const [entity = {}] = entities;
    if (entities.length !== 1)
      throw new AsofError("ASOF_USAGE", `${entities.length} entities are given, and one is explained at a time.`, {
        path: "-e",
        fix: "Give one.",
      });
    const atUs = readTimeIfGiven("--at", options.at) ?? session.runtime.clock.nowUs();
    const registry = await session.registry();
    const answer = await explainValue(
      session.runtime,
      await session.historicalContext(),
      registry,
      { view, feature, entity, atUs, signal: context.signal },
      (references, rows, at) => session.getOnline(references, rows, at),
    );
    const { model } = servedVersion(registry, view);
    if (context.json) context.printJson(jsonOf(answer, model));
    else show(context, answer, model, rowsMax);
    if (answer.verdict === "different" && answer.online.status !== "INCOMPLETE") context.exitCode = 4;
  });
}

function parseReference(reference: string): { readonly view: string; readonly feature: string } {
  const colon = reference.indexOf(":");
  if (colon >= 1) return { view: reference.slice(0, colon), feature: reference.slice(colon + 1) };
  throw new AsofError("ASOF_USAGE", `"${reference}" is not of the form view:feature.`, {
    path: "feature",
    value: reference,
    fix: "See `asof features list`.",
  });
}

/** A request view's values come from its inputs: those are what can be explained. */
async function refuseRequestView(session: Session, text: string): Promise<void> {
  const { project, view: name } = parseUsed(text);
  if (project !== null && project !== session.runtime.project) {
    throw new AsofError("ASOF_USAGE", `"${text}" belongs to project "${project}", which has its rows and its state.`, {
      path: "feature",
      value: text,
      fix: `Run \`asof why\` in a repository of "${project}".`,
    });
  }
  const view = (await session.registry()).models.views.get(name);
  if (view?.form !== "request") return;
  throw new AsofError("ASOF_USAGE", `"${name}" is a request view: its values are computed by its function, from its inputs.`, {
    path: "feature",
    value: name,
    fix: `Ask for a feature of ${view.inputs.map((input) => input.view.name).join(" or ")}.`,
  });
}

/** The answer with values as every command prints them in JSON; times keep the unit that their names say. */
function jsonOf(answer: WhyAnswer, view: PlainViewModel | WindowedViewModel): unknown {
  const json = (value: Value): Json => valueToJson(featureOf(view, answer.feature).type, value);
  const columns = (values: WhyRow["values"]): Record<string, Json> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, valueToJson(columnType(view, name), value)]));
  return {
    ...answer,
    offline: json(answer.offline),
    online: { ...answer.online, value: json(answer.online.value) },
    rows: answer.rows.map((row) => ({ ...row, values: columns(row.values) })),
  };
}

function featureOf(view: PlainViewModel | WindowedViewModel, name: string): FeatureModel {
  const feature = view.features.find((f) => f.name === name);
  if (feature === undefined) throw new Error(`assertion failed: ${view.name} has ${name}`);
  return feature;
}

function show(context: CommandContext, answer: WhyAnswer, view: PlainViewModel | WindowedViewModel, rowsMax: number): void {
  const { paint } = context;
  const feature = featureOf(view, answer.feature);
  context.print(paint.bold(`${answer.view}:${answer.feature}  ${printEntity(answer.entity)}  as of ${formatInstant(answer.atUs)}`));
  context.print(printBoundaries(answer, view.source.eventTime === null));
  const { status, eventTimeUs, value } = answer.online;
  const note =
    eventTimeUs === null ? status : `${status}, ${view.form === "plain" ? "event time" : "newest event"} ${formatInstant(eventTimeUs)}`;
  const sides = [
    ["training", printCell(feature.type, answer.offline), "computed from history"],
    ["serving", printCell(feature.type, value), note],
  ];
  const width = tableWidth(context);
  context.print(`\n${printTable(["SIDE", "VALUE", "NOTE"], sides, width)}`);
  context.print(answer.verdict === "equal" ? paint.green("The two sides agree.") : paint.red(explainDifference(answer)));
  const rows = answer.rowCount === 1 ? "1 row" : `${answer.rowCount} rows`;
  context.print(`\n${paint.bold(`History: ${rows} of this key in source ${view.source.name}, ${answer.insideCount} inside these times`)}`);
  if (answer.rows.length > 0 && rowsMax > 0) context.print(printRows(answer, view, feature, { rowsMax, width }));
  if (answer.state === null) return;
  context.print(`\n${paint.bold("State in the online store, as far as it makes the value")}`);
  context.print(printExplanation(answer.state, { feature, argument: argumentType(view, feature), rowsMax, width }));
}

function printBoundaries({ boundaries }: WhyAnswer, isStatic: boolean): string {
  const from = boundaries.fromUs === null ? "the beginning" : formatInstant(boundaries.fromUs);
  const to = formatInstant(boundaries.toUs);
  if (isStatic) return "The source has no event time: its row is visible at every time.";
  if (boundaries.form === "as-of") return `The newest row with ${boundaries.fromUs === null ? "" : `${from} ≤ `}event time ≤ ${to}.`;
  const window =
    boundaries.windowUs === null
      ? "lifetime"
      : `window ${formatDuration(boundaries.windowUs)}, moving in hops of ${formatDuration(boundaries.hopUs ?? 0)}`;
  return `All events with ${from} ≤ event time < ${to} (${window}).`;
}

function explainDifference(answer: WhyAnswer): string {
  if (answer.online.status === "INCOMPLETE") {
    return answer.boundaries.form === "as-of"
      ? "The online store keeps the newest row of a key only, and that one is later than the asked time."
      : "The online store cannot tell the value exactly at this time; the reason is below.";
  }
  if (answer.online.status === "NOT_FOUND") return "Nothing is stored online for this key. Was the view materialized? See `asof jobs`.";
  return "The two sides differ. Rows that came after the last materialization, or an online-only push, are the usual causes.";
}

/** The source columns that the feature reads, before those that only identify a row. */
function shownColumns(view: PlainViewModel | WindowedViewModel, feature: FeatureModel): readonly string[] {
  if (view.form === "plain") return [feature.name];
  const aggregate = feature.kind === "aggregate" ? feature.aggregate : null;
  const read = [aggregate?.argument, aggregate?.where].flatMap((node) => (node === null || node === undefined ? [] : [...columnsOf(node)]));
  return [...new Set([...read, ...(view.source.eventId === null ? [] : [view.source.eventId])])];
}

function columnType(view: PlainViewModel | WindowedViewModel, name: string): ValueType {
  const columns: readonly { readonly name: string; readonly type: ValueType }[] =
    view.form === "plain" ? view.features : view.source.columns;
  return columns.find((column) => column.name === name)?.type ?? { kind: "string" };
}

function argumentType(view: PlainViewModel | WindowedViewModel, feature: FeatureModel): ValueType | null {
  if (feature.kind !== "aggregate" || feature.aggregate.argument === null) return null;
  const { argument } = feature.aggregate;
  return argument.node === "column" ? columnType(view, argument.name) : feature.type;
}

/** The newest rows inside the boundaries with their neighbours on either side. */
function printRows(
  { rows, insideCount }: WhyAnswer,
  view: PlainViewModel | WindowedViewModel,
  feature: FeatureModel,
  { rowsMax: limit, width }: { readonly rowsMax: number; readonly width: number },
): string {
  const names = shownColumns(view, feature).filter((name) => name in (rows[0]?.values ?? {}));
  const hasCreated = rows.some((row) => row.createdTimeUs !== null);
  const time = (us: number | null): string => (us === null ? "" : formatInstant(us));
  const isInside = (row: WhyRow): boolean => row.used || row.reason === "an earlier row than the visible one";
  const skipped = Math.max(0, rows.filter(isInside).length - limit);
  const first = rows.findIndex(isInside);
  const shown = rows.filter((row, i) => !isInside(row) || i >= first + skipped);
  const cells = shown.map((row) => [
    row.used ? "used" : "",
    time(row.eventTimeUs),
    ...(hasCreated ? [time(row.createdTimeUs)] : []),
    ...names.map((name) => printCell(columnType(view, name), row.values[name] ?? null)),
    row.reason ?? "",
  ]);
  const left = insideCount - shown.filter(isInside).length;
  const more = left === 0 ? "" : `\n${left} older ones inside are not shown${skipped > 0 ? "; see more with --rows N" : ""}`;
  return `${printTable(["", "EVENT TIME", ...(hasCreated ? ["CREATED"] : []), ...names, "WHY NOT"], cells, width)}${more}`;
}
