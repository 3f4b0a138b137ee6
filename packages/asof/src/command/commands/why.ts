import { AsofError, explainValue, formatDuration, formatInstant, parseInstant, type Value, type WhyAnswer } from "@asof/core";
import { entityRows } from "../asked.ts";
import type { CommandContext } from "../context.ts";
import { printTable } from "../table.ts";
import { type GlobalOptions, withSession } from "../with-session.ts";

interface WhyCommandOptions extends GlobalOptions {
  readonly entity?: readonly string[];
  readonly at?: string;
}

/** `asof why view:feature`: exit 4 when the two sides differ. */
export async function runWhy(context: CommandContext, reference: string, options: WhyCommandOptions): Promise<void> {
  const colon = reference.indexOf(":");
  if (colon < 1) {
    throw new AsofError("ASOF_USAGE", `"${reference}" is not of the form view:feature.`, {
      path: "feature",
      value: reference,
      fix: "See `asof features list`.",
    });
  }
  const view = reference.slice(0, colon);
  const feature = reference.slice(colon + 1);
  await withSession(context, options, async (session) => {
    const asked = await session.ask({ features: [reference] });
    const entity = entityRows(asked, options.entity ?? [])[0] ?? {};
    const atUs = options.at === undefined ? session.runtime.clock.nowUs() : parseInstant(options.at);
    const registry = await session.registry();
    const answer = await explainValue(
      session.runtime,
      await session.historicalContext(),
      registry,
      { view, feature, entity, atUs, signal: context.signal },
      (references, entities, at) => session.getOnline(references, entities, at),
    );
    if (context.json) context.printJson(answer);
    else show(context, answer);
    if (answer.verdict === "different" && answer.online.status !== "INCOMPLETE") context.exitCode = 4;
  });
}

function show(context: CommandContext, answer: WhyAnswer): void {
  const { paint } = context;
  const entity = Object.entries(answer.entity)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
  context.print(paint.bold(`${answer.view}:${answer.feature}  ${entity}  as of ${formatInstant(answer.atUs)}`));
  context.print(printBoundaries(answer));
  context.print("");
  context.print(
    printTable(
      ["SIDE", "VALUE", "NOTE"],
      [
        ["training", printValue(answer.offline), "computed from history"],
        [
          "serving",
          printValue(answer.online.value),
          `${answer.online.status}${answer.online.eventTimeUs === null ? "" : `, event time ${formatInstant(answer.online.eventTimeUs)}`}`,
        ],
      ],
    ),
  );
  context.print(answer.verdict === "equal" ? paint.green("The two sides agree.") : paint.red(explainDifference(answer)));
  if (answer.rows.length > 0) {
    context.print("");
    context.print(printRows(answer));
    if (answer.rowCount > answer.rows.length)
      context.print(paint.dim(`the newest ${answer.rows.length} of ${answer.rowCount} rows of this key`));
  } else context.print("\nThe source has no row of this key.");
  if (answer.state !== null) {
    context.print(`\n${paint.bold("In the online store")}`);
    context.print(printState(answer.state));
  }
}

function printBoundaries({ boundaries }: WhyAnswer): string {
  const from = boundaries.fromUs === null ? "the beginning" : formatInstant(boundaries.fromUs);
  const to = formatInstant(boundaries.toUs);
  if (boundaries.form === "as-of") return `The newest row with ${from} ≤ event time ≤ ${to}.`;
  const window =
    boundaries.windowUs === null
      ? "lifetime"
      : `window ${formatDuration(boundaries.windowUs)}, moving in hops of ${formatDuration(boundaries.hopUs ?? 0)}`;
  return `All events with ${from} ≤ event time < ${to} (${window}).`;
}

function explainDifference(answer: WhyAnswer): string {
  if (answer.online.status === "INCOMPLETE")
    return "The online store cannot cut the value exactly at this time: later events have been folded already, or the window reaches behind what was materialized.";
  if (answer.online.status === "NOT_FOUND") return "Nothing is stored online for this key. Was the view materialized? See `asof jobs`.";
  return "The two sides differ. Rows that came after the last materialization, or an online-only push, are the usual causes.";
}

function printRows(answer: WhyAnswer): string {
  const [first] = answer.rows;
  const names = Object.keys(first?.values ?? {});
  const rows = answer.rows.map((row) => [
    row.used ? "used" : "",
    row.eventTimeUs === null ? "" : formatInstant(row.eventTimeUs),
    ...names.map((name) => printValue(row.values[name] ?? null)),
    row.reason ?? "",
  ]);
  return printTable(["", "EVENT TIME", ...names, "WHY NOT"], rows);
}

function printState(state: unknown): string {
  return JSON.stringify(state, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value), 2);
}

function printValue(value: Value): string {
  return value === null ? "null" : String(value);
}
